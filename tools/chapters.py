"""What the chapters hold, by label: figures, equations, theorems, cells and exercises.

It is read from the stored notebooks, so that whoever shows a figure or a number elsewhere shows
the one of the book. Numbers are those of the pages: chapters count through the parts, and within a
chapter each kind counts by itself.
"""

import difflib
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

import exercises
import toc

EQUATION = re.compile(r"```\{math\}\n:label: (\S+)\n\s*\n(.*?)\n```", re.DOTALL)
THEOREM = re.compile(
    r"```\{prf:theorem\} ([^\n]*)\n:label: (\S+)\n\s*\n(.*?)\n\s*```\s*$", re.DOTALL | re.MULTILINE
)
TITLE = re.compile(r"^\((ch-[\w-]+)\)=\n# ([^\n]+)", re.MULTILINE)
QUESTION = re.compile(r"\A\*(.+?)\*\n\n", re.DOTALL)
OBJECTIVES = re.compile(r"^After this chapter you will be able to\n\n((?:- .*\n?|  .*\n?)+)", re.M)
NEAR = 3  # how many labels a message names that resemble an unknown one


class LookupFault(ValueError):
    """A label or a line that the chapters do not have, or have more than once."""


@dataclass(frozen=True)
class Cell:
    """A code cell: its source, its metadata and what it stored."""

    source: str
    metadata: dict
    outputs: tuple

    @property
    def figure(self):
        """Caption and name of the figure that the cell draws; empty for others."""
        return self.metadata.get("mystnb", {}).get("figure", {})

    def data(self, kind):
        """Return what was stored of a MIME type, or None."""
        stored = (each.get("data", {}) for each in self.outputs)
        return next((joined(data[kind]) for data in stored if kind in data), None)

    def printed(self):
        """Text that the cell printed, or else the text of its value; empty where neither is."""
        streams = [each for each in self.outputs if each["output_type"] == "stream"]
        text = "".join(joined(each["text"]) for each in streams if each["name"] == "stdout")
        return (text or self.data("text/plain") or "").rstrip("\n")


@dataclass(frozen=True)
class Item:
    """Something with a label: its kind, its number on the pages, and what belongs to the kind."""

    kind: str
    label: str
    number: str
    title: str = ""
    text: str = ""
    cell: Cell | None = None


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book."""

    name: str
    number: int
    label: str
    title: str
    question: str
    objectives: tuple
    items: dict
    cells: tuple

    def cell(self, start):
        """Cell of which a line starts so, the only one of the chapter."""
        found = [each for each in self.cells if any_line(each.source, start)]
        if len(found) == 1:
            return found[0]
        if found:
            raise LookupFault(f"{len(found)} cells of {self.name} have a line {start!r}; give more")
        lines = [line.lstrip() for each in self.cells for line in each.source.splitlines()]
        others = near(start, [line[: len(start) + 4] for line in lines])
        raise LookupFault(f"no cell of {self.name} has a line {start!r}{others}")


def joined(text):
    """Text that a notebook stores as one string or as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def any_line(source, start):
    """Whether a line of a source starts so, wherever it is indented to."""
    return any(line.lstrip().startswith(start) for line in source.splitlines())


def near(name, names):
    """Words for a message: which names resemble one that is unknown."""
    found = difflib.get_close_matches(name, list(dict.fromkeys(names)), n=NEAR, cutoff=0.4)
    return f"; near: {', '.join(found)}" if found else ""


# --- Reading


def figures(cells, number):
    """Figures that cells draw, in order."""
    drawn = [each for each in cells if each.figure]
    for count, cell in enumerate(drawn, 1):
        name, caption = cell.figure["name"], cell.figure["caption"]
        yield Item("figure", name, f"{number}.{count}", text=caption, cell=cell)


def written(text, number, path):
    """Equations, theorems and exercises of a text, in order."""
    for count, (label, tex) in enumerate(EQUATION.findall(text), 1):
        yield Item("equation", label, f"{number}.{count}", text=tex.strip())
    for count, (title, label, body) in enumerate(THEOREM.findall(text), 1):
        yield Item("theorem", label, f"{number}.{count}", title=title.strip(), text=body.strip())
    for count, each in enumerate(exercises.exercises_of(text, path), 1):
        yield Item("exercise", each.label, f"{number}.{count}", title=each.title)


def first(pattern, texts, name, what):
    """Match of a pattern in the first text that has one."""
    for text in texts:
        if match := pattern.search(text):
            return match
    raise LookupFault(f"{name} has no {what}")


def read(path, number):
    """Chapter from its stored notebook."""
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = [joined(each["source"]) for each in stored if each["cell_type"] == "markdown"]
    cells = tuple(
        Cell(joined(each["source"]), each["metadata"], tuple(each["outputs"]))
        for each in stored
        if each["cell_type"] == "code"
    )
    label, title = first(TITLE, texts, path.stem, "title with a label").groups()
    question = first(QUESTION, texts, path.stem, "opening question").group(1)
    listed = first(OBJECTIVES, texts, path.stem, "list of what a reader will be able to do").group(
        1
    )
    items = [*figures(cells, number), *written("\n\n".join(texts), number, path)]
    return Chapter(
        path.stem,
        number,
        label,
        title,
        " ".join(question.split()),
        tuple(
            " ".join(each.split()).rstrip(",.") for each in re.split(r"^- ", listed, flags=re.M)[1:]
        ),
        {each.label: each for each in items},
        cells,
    )


@functools.cache
def chapters(root=toc.ROOT):
    """All chapters of the book by name, in the order of the contents."""
    paths = [Path(root) / f"{name}.ipynb" for name in toc.chapters(root)]
    return {path.stem: read(path, number) for number, path in enumerate(paths, 1)}


def labels(root=toc.ROOT):
    """All labelled items of the book, and the chapter of each."""
    return {
        label: (item, chapter)
        for chapter in chapters(root).values()
        for label, item in chapter.items.items()
    }


def find(kind, label, within, root=toc.ROOT):
    """Labelled item of a kind, from some of the chapters.

    Parameters
    ----------
    kind : {"figure", "equation", "theorem", "exercise"}
        What it must be.
    label : str
        Its label, such as ``fig-chord``.
    within : collection of str
        Names of the chapters that may have it.

    Raises
    ------
    LookupFault
        If there is none; the message names labels that resemble it.
    """
    item, chapter = labels(root).get(label, (None, None))
    if item is None or item.kind != kind:
        names = [name for name, (each, _) in labels(root).items() if each.kind == kind]
        raise LookupFault(f"the book has no {kind} {label!r}{near(label, names)}")
    if chapter.name not in within:
        raise LookupFault(f"{kind} {label!r} is of {chapter.name}, a chapter of another part")
    return item
