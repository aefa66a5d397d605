"""Make the course: editions for students and for instructors, assignments and slides.

``_build/course`` gets ``student`` (book, notebooks and assignments without solutions),
``instructor`` (the whole book with its guide, notebooks with solutions, assignments with solutions
and autograders) and ``slides``.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import assignments
import notebooks
import student
from slides import decks

ROOT = notebooks.ROOT
TARGET = ROOT / "_build" / "course"
PAGES = ROOT / "_build" / "html"
FAULTS = (student.StudentError, assignments.AssignmentError, decks.SlideFault)
README = """# Elastic Tutorial, for instructors

Begin with the guide: open `book/book/course/teaching.html` in a browser. It has plans for a
lecture, a day, four weeks and a semester, and says what to do with the rest of this folder:

- `book/`: the whole book. `book/book/course/map.html` says what practises what.
- `notebooks/`: the chapters with the solutions of their exercises.
- `assignments/`: for each of the four, its solution and its autograder.
- `../slides/index.html`: slides for each part, with notes for the speaker.
- `../student/`: what students get. No solution is in it.

To run any of it you need Python 3.12 or newer and git. In the folder that holds these:

    python3 -m venv .venv
    .venv/bin/pip install -r student/requirements.txt
    .venv/bin/jupyter lab

The commands of the guide that begin with `tools/` or `make` are for a clone of the repository.
"""


def build_instructor(target):
    """Lay out the instructor's book and notebooks; the assignments have their own step."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PAGES, target / "book", dirs_exist_ok=True)
    (target / "notebooks").mkdir(exist_ok=True)
    for path in notebooks.chapters(ROOT / "book"):
        shutil.copy(path.with_suffix(".ipynb"), target / "notebooks")
    shutil.copytree(ROOT / "book" / "results", target / "notebooks" / "results", dirs_exist_ok=True)
    (target / "README.md").write_text(README, encoding="utf-8")


def build(target=TARGET):
    """Make all of the course anew."""
    if not (PAGES / "index.html").exists():
        raise student.StudentError("no book in _build/html; run: make book")
    shutil.rmtree(target, ignore_errors=True)
    steps = {
        "student edition": lambda: build_student(target / "student"),
        "instructor edition": lambda: build_instructor(target / "instructor"),
        "assignments": lambda: assignments.build(target),
        "slides": lambda: decks.build(target / "slides"),
    }
    for name, step in steps.items():
        print(f"course: {name}", flush=True)
        step()


def build_student(target):
    """Make the student edition, its sources in a folder for the time being."""
    with tempfile.TemporaryDirectory() as work:
        student.build(target, Path(work) / "source")


def main(arguments=None):
    """Make the course; return the exit status."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(arguments)
    try:
        build()
    except FAULTS as error:
        print(f"course: {error}", file=sys.stderr)
        return 1
    print(f"course: in {TARGET.relative_to(ROOT)}; begin with instructor/README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
