"""Write each chapter's notebook from its text, executed; or check that the two are in step.

``book/name.md`` is what people edit; ``book/name.ipynb`` holds the same cells with their outputs.
The notebook is canonical: the same text and the same results give the same bytes.
"""

import argparse
import hashlib
import os
import re
import sys
from collections import Counter
from itertools import zip_longest
from pathlib import Path

import jupytext
import nbformat
import toc
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = toc.ROOT
CELL_TIMEOUT = 600  # seconds; a chapter takes under two minutes on an idle machine
# The kernel's settings: figures are vector graphics.
os.environ["IPYTHONDIR"] = str(ROOT / "tools" / "ipython")

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}

# The cell that installs the package in Colab, without its comment and what depends on it.
INSTALLS = ["import importlib.util", 'if importlib.util.find_spec("elastic_tutorial") is None:']

# What no stored output may hold, and what to do about it.
UNSTABLE = {
    re.compile(r" at 0x[0-9a-f]{6,}"): "prints an object's address; print something of its own",
    re.compile(rf"{re.escape(str(ROOT))}|{re.escape(str(Path.home()))}/"): (
        "prints a path of this machine; print a relative one"
    ),
}


class ChapterError(Exception):
    """A chapter that cannot be run, or whose notebook is not the one its text makes."""


def chapters(folder):
    """Texts of all chapters in a folder, in the order of the ``_toc.yml`` beside it."""
    found = {path for path in folder.glob("*.md") if is_chapter(path)}
    listed = [folder.parent / f"{name}.md" for name in toc.documents(folder.parent)]
    if missing := sorted(path.name for path in found - set(listed)):
        raise ChapterError(f"not in _toc.yml: {', '.join(missing)}; name it there, in its place")
    return [path for path in listed if path in found]


def is_chapter(path):
    """Tell whether a text has code cells to run: it then starts with a jupytext header."""
    return path.read_text(encoding="utf-8").startswith("---\njupytext:")


def read_text(path):
    """Read the notebook that a text describes, without outputs."""
    return as_notebook(jupytext.read(path))


def as_notebook(notebook):
    """Give a notebook that was read from a text its ids and its metadata (in place).

    A cell's id comes from its source, so that it stays when a cell is added elsewhere.
    """
    seen = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = f"{digest}-{seen[digest]}"
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def execute(notebook, folder):
    """Run all cells in a fresh kernel, in the folder of the chapter."""
    resources = {"metadata": {"path": str(folder)}}
    quiet = ["--log-level=ERROR"]  # the kernel warns of its local connection otherwise
    NotebookClient(
        notebook, timeout=CELL_TIMEOUT, resources=resources, extra_arguments=quiet
    ).execute()


def canonical(notebook):
    """Drop all that differs between two equal runs (in place), and return the notebook."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.metadata.pop("execution", None)
        cell.execution_count = count
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
    return notebook


def merge_streams(outputs):
    """Join neighbouring outputs to one stream; where they split is a matter of timing."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last["text"] += output.text
        else:
            merged.append(output)
    return merged


def refuse_unstable(notebook, path):
    """Raise a ChapterError for output that must not be stored."""
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ChapterError(f"{path} cell {number} writes to stderr:\n{output.text}")
            texts = [output.get("text", ""), *output.get("data", {}).values()]
            for pattern, advice in UNSTABLE.items():
                if any(pattern.search(str(text)) for text in texts):
                    raise ChapterError(f"{path} cell {number} {advice}.")


def keep_outputs(notebook, path):
    """Take the outputs from the stored notebook, which has to have the same code cells.

    The cell that installs the package may differ: it does nothing where outputs are made.
    """
    stored = nbformat.read(path.with_suffix(".ipynb"), as_version=nbformat.NO_CONVERT)
    new, old = code_cells(notebook), code_cells(stored)
    if [code_that_runs(cell) for cell in new] != [code_that_runs(cell) for cell in old]:
        raise ChapterError(f"{path} has other code than its .ipynb; run it: make notebooks")
    for cell, before in zip(new, old, strict=True):
        cell.outputs = before.outputs


def code_that_runs(cell):
    """Source of a cell; of one that installs the package, and shows nothing, only what runs.

    That is all but comments and what is indented below the condition.
    """
    lines = [line for line in cell.source.splitlines() if line and line[0] not in " #"]
    if lines == INSTALLS and not cell.outputs:
        return "\n".join(lines)
    return cell.source


def code_cells(notebook):
    """Cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def write(path, *, run=True):
    """Write a chapter's notebook, run or with the outputs it has; return whether it changed."""
    notebook = read_text(path)
    try:
        (execute if run else keep_outputs)(notebook, path.parent if run else path)
    except CellExecutionError as error:
        raise ChapterError(f"{path} does not run:\n{error}") from None
    refuse_unstable(notebook, path)
    new = nbformat.writes(canonical(notebook)) + "\n"
    target = path.with_suffix(".ipynb")
    if target.exists() and target.read_text(encoding="utf-8") == new:
        return False
    target.write_text(new, encoding="utf-8")
    return True


def check(path):
    """Raise a ChapterError where the two halves of a pair are not in step."""
    target = path.with_suffix(".ipynb")
    if not target.exists():
        raise ChapterError(f"{target} is missing; run: make notebooks")
    text, stored = read_text(path), nbformat.read(target, as_version=nbformat.NO_CONVERT)
    compare_cells(text, stored, path)
    if nbformat.writes(canonical(stored)) + "\n" != target.read_text(encoding="utf-8"):
        raise ChapterError(f"{target} is not canonical; run: make notebooks")
    again = jupytext.reads(jupytext.writes(text, fmt="md:myst"), fmt="md:myst")
    compare_cells(text, again, path, ids=False)


def compare_cells(text, notebook, path, *, ids=True):
    """Raise a ChapterError that names the first cell that differs, and in what."""
    parts = ["cell_type", "source", "metadata"] + ["id"] * ids
    for number, (wanted, found) in enumerate(zip(text.cells, notebook.cells, strict=False), 1):
        for part in parts:
            if wanted[part] != found.get(part):
                one, other = first_difference(wanted[part], found.get(part))
                raise ChapterError(
                    f"{path} and its .ipynb differ in the {part} of cell {number}:\n"
                    f"  .md:    {one}\n  .ipynb: {other}\n"
                    "Edit the .md, then run: make notebooks"
                )
    if len(text.cells) != len(notebook.cells):
        raise ChapterError(
            f"{path} has {len(text.cells)} cells, its .ipynb {len(notebook.cells)}; "
            "edit the .md, then run: make notebooks"
        )


def first_difference(one, other):
    """Pick the first lines in which two values differ."""
    pairs = zip_longest(str(one).splitlines(), str(other).splitlines(), fillvalue="(nothing)")
    return next((pair for pair in pairs if pair[0] != pair[1]), (one, other))


def orphans(folder):
    """Notebooks without a text."""
    return [p for p in sorted(folder.glob("*.ipynb")) if not p.with_suffix(".md").exists()]


def main(arguments=None):
    """Write or check the chapters named, all by default; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="*", type=Path, help="text of a chapter (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing, run nothing")
    parser.add_argument(
        "--text", action="store_true", help="run nothing: the code is as before, the prose is new"
    )
    options = parser.parse_args(arguments)
    try:
        for path in options.chapter or chapters(ROOT / "book"):
            if options.check:
                check(path)
            else:
                changed = write(path, run=not options.text)
                print(f"{path.name}: {'written' if changed else 'unchanged'}", flush=True)
        if stray := orphans(ROOT / "book"):
            raise ChapterError(f"notebooks without a text: {', '.join(map(str, stray))}")
    except ChapterError as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
