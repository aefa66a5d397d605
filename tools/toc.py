"""The contents of the book: its parts, documents and chapters, in the order of ``_toc.yml``.

That file alone has the order; the names of files say nothing of it.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Part:
    """A part of the book: its caption (none for the landing page), its documents, their kind."""

    caption: str | None
    documents: tuple[str, ...]
    numbered: bool = False  # whether they are chapters, which have numbers on the pages


@functools.cache
def parts(root=ROOT):
    """Parts of the book, the landing page first."""
    content = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    listed = [
        Part(
            part["caption"],
            tuple(chapter["file"] for chapter in part["chapters"]),
            "numbered" in part,
        )
        for part in content["parts"]
    ]
    return [Part(None, (content["root"],)), *listed]


def documents(root=ROOT):
    """Names of all documents in reading order, such as ``book/arc_elasticity``."""
    return [name for part in parts(root) for name in part.documents]


def chapters(root=ROOT):
    """Names of the numbered chapters in reading order."""
    return [name for part in parts(root) if part.numbered for name in part.documents]
