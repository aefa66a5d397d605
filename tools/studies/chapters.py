"""Recompute book/results/chapters.csv: the time and memory that each chapter takes on Binder.

Every notebook is opened in JupyterLab, as Binder shows it, and all its cells are run; see
tools/binder_lab.py. The table is written a second time for the pages that show it, in Markdown.
"""

import argparse
import tempfile
from pathlib import Path

import binder_lab
import notebooks
import pandas as pd
from chromium import chromium

from studies import RESULTS, write

TABLE = RESULTS / "chapters.csv"
SHOWN = RESULTS / "chapters.md"
WHAT = "all cells of a chapter in JupyterLab, in the environment of binder/, one after the other"
MEASURES = ("cpu_seconds", "peak_gib")  # not seconds, which belong to what else the machine does
CHAPTERS = [path.stem for path in notebooks.chapters(notebooks.ROOT / "book")]


def shown(path=TABLE):
    """Return the table in Markdown, under what its first line says of the machine."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    lines = ["| chapter | memory, GiB | seconds of computing |", "|---|---|---|"]
    for row in pd.read_csv(path, comment="#").to_dict("records"):
        numbers = f"{row['peak_gib']:.1f} | {row['cpu_seconds']:.0f}"
        lines.append(f"| {{doc}}`/book/{row['chapter']}` | {numbers} |")
    return "\n".join([*lines, "", f"Measured: {first.removeprefix('# ')}.", ""])


def study(names):
    """Measure some chapters, and write their rows among those of the others that are there."""
    rows = {}
    if TABLE.exists():
        stored = pd.read_csv(TABLE, comment="#").to_dict("records")
        rows = {row["chapter"]: row for row in stored}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        place = Path(folder)
        checkout = binder_lab.check_out(place / "checkout")
        programs = binder_lab.install(place / "environment", checkout)
        with binder_lab.server(programs, checkout, place / "home") as lab:
            for name in names or CHAPTERS:
                found = lab.run(browser, f"{name}.ipynb")
                rows[name] = {"chapter": name, **{key: found[key] for key in MEASURES}}
                table = pd.DataFrame([rows[each] for each in CHAPTERS if each in rows])
                write(TABLE, table, WHAT)
                SHOWN.write_text(shown(), encoding="utf-8")
                print(f"{TABLE.name}: {rows[name]}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter", nargs="*", help="such as arc_elasticity; default: all")
    study(parser.parse_args().chapter)
