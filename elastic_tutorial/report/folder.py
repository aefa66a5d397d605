"""A folder that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FILES = ("elasticities.csv", "prices.csv", "masked.csv", "report.html")


class FolderExistsError(FileExistsError):
    """A folder that is there; ``argument`` is the name of the argument that replaces it."""

    argument = "force"


def claim(folder: str | Path, *, force: bool) -> Path:
    """Return the folder's path, or refuse it while nothing has been computed or removed."""
    path = Path(os.path.abspath(folder))
    if os.path.lexists(path) and not force:
        raise FolderExistsError(
            f"the folder {str(folder)!r} exists; name another, or replace an earlier report with "
            "force=True."
        )
    for each in (path, *_siblings(path)):
        _refuse_foreign(each)
    parent = next(each for each in path.parents if each.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise PermissionError(f"cannot write to {str(parent)!r}; name another folder.")
    return path


def write(path: Path, files: dict[str, str], digest: tuple[Path, str] | None = None) -> Path:
    """Write all files beside the folder, then rename; return its path.

    A ``digest``, path and text, comes last, and an earlier one goes first: where it is, the folder
    of the same run is too.
    """
    partial, old = _siblings(path)
    _remove(partial)
    partial.mkdir(parents=True)
    for name, text in files.items():
        _write(partial / name, text)
    if digest:
        ready = digest[0].with_name(f"{digest[0].name}.partial")
        _write(ready, digest[1])
        digest[0].unlink(missing_ok=True)
    if path.exists():
        _remove(old)
        path.rename(old)
    partial.rename(path)
    if digest:
        ready.rename(digest[0])
    _remove(old)
    return path


def claim_file(path: str | Path, folder: Path, *, force: bool) -> Path:
    """Return the path of a digest, or refuse it while nothing has been computed or removed."""
    path = Path(os.path.abspath(path))
    if path.is_dir() or (os.path.lexists(path) and not force):
        raise FolderExistsError(f"{str(path)!r} exists; name another, or replace it.")
    if path.parent == folder or not path.parent.is_dir():
        raise FileNotFoundError(
            f"{str(path)!r} must lie in a folder that exists, and not in the report's."
        )
    return path


def _write(path, text):
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _siblings(path):
    """Where the folder is written, and where the one that it replaces is put meanwhile."""
    return path.with_name(f"{path.name}.partial"), path.with_name(f"{path.name}.old")


def _refuse_foreign(path):
    """Refuse to replace what this package did not write."""
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        raise FileExistsError(f"{str(path)!r} is not a folder of its own; name another.")
    foreign = sorted(each.name for each in path.iterdir() if each.name not in FILES)
    if foreign:
        raise FileExistsError(
            f"{str(path)!r} holds other files than a report's, {foreign[0]!r} among them; name "
            "another folder, or move them away."
        )


def _remove(path):
    if path.exists():
        shutil.rmtree(path)
