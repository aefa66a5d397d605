"""Make the student edition: the book and its notebooks without the solutions.

Nothing is hidden: the solutions are taken out of the texts, and pages, search index and notebooks
are made of what is left. A notebook gets an empty cell after each exercise.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import jupytext
import nbformat
import notebooks
import yaml

ROOT = notebooks.ROOT
BOOK = ROOT / "book"
SOLUTION = re.compile(
    r"^```\{solution-start\}.*?^```\{solution-end\}\n```\n+", re.DOTALL | re.MULTILINE
)
EXERCISE = re.compile(
    r"^```\{exercise-start\} (?P<title>[^\n]+)\n.*?^```\{exercise-end\}\n```\n",
    re.DOTALL | re.MULTILINE,
)
INSTRUCTORS = re.compile(r"^% for instructors\n.*?^% for all\n", re.DOTALL | re.MULTILINE)
STUDENTS = re.compile(r"^% for students: ?", re.MULTILINE)
ELSEWHERE = re.compile(
    r"^\[[^\]]*\]\(https://(?:mybinder\.org|colab\.research\.google\.com)/\S*\)\n", re.MULTILINE
)
ANSWER = "\n```{{code-cell}} ipython3\n# Your answer: {}\n```\n"
NOT_FOR_STUDENTS = ("book/course/", "book/downloads", "book/changes")  # of the table of contents
KEPT_OF_COURSE = {"quizzes.yml"}  # for the build; nothing of it is in plain view on the pages
# Buttons that lead to the whole book, solutions and all, are left out; a reader can download.
CONFIG = {
    "title": "Elastic Tutorial for students",
    "launch_buttons": {},
    "html": {
        "use_repository_button": False,
        "use_edit_page_button": False,
        "use_issues_button": False,
    },
}
README = """# Elastic Tutorial, for students

- `book/index.html` is the book: open it in a browser, it needs no network.
- `notebooks/` has its chapters, to run and to change; below each exercise there is a cell for your
  answer.
- `assignments/` has four pieces of work to hand in, each in a folder with its data and a README.

To run notebooks and assignments you need Python 3.12 or newer and git. In this folder:

    python3 -m venv .venv
    .venv/bin/pip install -r requirements.txt
    .venv/bin/jupyter lab

On Windows it is `py -3 -m venv .venv`, and `.venv\\Scripts` in the place of `.venv/bin`. The
download is large, some hundred megabytes. JupyterLab shows the three folders on the left. It
numbers exercises and equations without the chapter: Exercise 1.3 of the book is Exercise 3.
"""


class StudentError(Exception):
    """A student edition that cannot be made; the message says what to do."""


# --- Texts and notebooks


def without_solutions(text, path=""):
    """Text of a chapter without its solutions."""
    stripped = SOLUTION.sub("", text)
    if "{solution-" in stripped:
        line = stripped[: stripped.index("{solution-")].count("\n") + 1
        raise StudentError(f"{path}: a solution is not closed or not opened, after line {line}")
    return stripped


def with_answers(text):
    """Text of a chapter with an empty cell after each exercise."""
    return EXERCISE.sub(lambda found: found[0] + ANSWER.format(found["title"]), text)


def notebook(path, *, answers):
    """Notebook of a chapter without its solutions, with the outputs of the cells that remain."""
    text = without_solutions(path.read_text(encoding="utf-8"), path)
    made = notebooks.as_notebook(
        jupytext.reads(with_answers(text) if answers else text, fmt="md:myst")
    )
    outputs = stored_outputs(path)
    for cell in notebooks.code_cells(made):
        cell.outputs = outputs[cell.source].pop(0) if outputs[cell.source] else []
    return nbformat.writes(notebooks.canonical(made)) + "\n"


def stored_outputs(path):
    """Collect the outputs of cells outside solutions, by their source and in order."""
    stored = nbformat.read(path.with_suffix(".ipynb"), as_version=nbformat.NO_CONVERT)
    outputs, in_solution = defaultdict(list), False
    for cell in stored.cells:
        marks = re.findall(r"\{solution-(start|end)\}", cell.source)
        if cell.cell_type == "code" and not in_solution:
            outputs[cell.source].append(cell.outputs)
        in_solution = marks[-1] == "start" if marks else in_solution
    return outputs


def for_students(text):
    """Text of another page, without what leads to the whole book."""
    return ELSEWHERE.sub("", STUDENTS.sub("", INSTRUCTORS.sub("", text)))


# --- The edition


def stage(target):
    """Lay out the sources of the student edition, from which its pages are built."""
    shutil.rmtree(target, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "_web")
    shutil.copytree(BOOK, target / "book", ignore=ignored)
    shutil.copy(ROOT / "CHANGELOG.md", target)
    for path in (target / "book" / "course").iterdir():
        if path.name not in KEPT_OF_COURSE:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in notebooks.chapters(BOOK):
        (target / "book" / path.name).unlink()
        made = notebook(path, answers=False)
        (target / "book" / path.name).with_suffix(".ipynb").write_text(made, encoding="utf-8")
    for path in (target / "book").glob("*.md"):
        text = for_students(path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    write_yaml(target / "_config.yml", merged(read_yaml("_config.yml"), CONFIG))
    write_yaml(target / "_toc.yml", toc_of_students(read_yaml("_toc.yml")))


def read_yaml(name):
    """Read one of the book's settings."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def write_yaml(path, content):
    """Write settings."""
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def merged(settings, others):
    """Put other settings in the place of those that have their names, one level down."""
    return settings | {
        name: settings[name] | value if isinstance(value, dict) and value else value
        for name, value in others.items()
    }


def toc_of_students(toc):
    """Table of contents without the pages for instructors and those that lead to solutions."""
    parts = [
        part
        | {"chapters": [c for c in part["chapters"] if not c["file"].startswith(NOT_FOR_STUDENTS)]}
        for part in toc["parts"]
    ]
    return toc | {"parts": parts}


def build_pages(source, target):
    """Build the pages, warnings as errors."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", source, "-W", "-n", "-q"]
    # Its own extensions are read, not those of the whole book.
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StudentError(f"the student edition does not build:\n{done.stdout}\n{done.stderr}")
    shutil.copytree(source / "_build" / "html", target, dirs_exist_ok=True)


def write_notebooks(target):
    """Write the notebooks to work in, and the tables that they read."""
    target.mkdir(parents=True, exist_ok=True)
    for path in notebooks.chapters(BOOK):
        made = notebook(path, answers=True)
        (target / path.with_suffix(".ipynb").name).write_text(made, encoding="utf-8")
    (target / "results").mkdir(exist_ok=True)
    for path in (BOOK / "results").glob("*.csv"):
        shutil.copy(path, target / "results")


def requirements():
    """List what a student installs: the reader's part of the lock, the grader, the package."""
    repository = read_yaml("_config.yml")["repository"]["url"]
    lock = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
    whole = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    grader = re.search(r"^otter-grader==\S+\n", whole, re.MULTILINE)[0]
    return f"{lock}{grader}elastic-tutorial @ git+{repository}\n"


def build(target, work):
    """Make the edition in a folder; ``work`` is for the sources that its pages are built from."""
    target, work = Path(target), Path(work)
    shutil.rmtree(target, ignore_errors=True)
    stage(work)
    build_pages(work, target / "book")
    write_notebooks(target / "notebooks")
    (target / "README.md").write_text(README, encoding="utf-8")
    (target / "requirements.txt").write_text(requirements(), encoding="utf-8")
