"""Build the graded assignments of the course from their masters, with otter-grader.

A master, ``book/course/assignments/N_name.md``, holds questions, solutions and tests. From it come
a folder for students (notebook and data) and one for the instructor (solution, tests, autograder).
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import address
import assignment_data
import nbformat
import notebooks
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
MASTERS = ROOT / "book" / "course" / "assignments"
TARGET = ROOT / "_build" / "course"
PACKAGE = ROOT / "elastic_tutorial"
DATE = (1980, 1, 1, 0, 0, 0)  # of every file in a zip: the earliest that it can hold


class AssignmentError(Exception):
    """An assignment that cannot be built; the message says which, and why."""


# --- The masters


def names():
    """Names of all assignments, in order."""
    return sorted(path.stem for path in MASTERS.glob("[0-9]_*.md"))


def questions(name):
    """Questions of a master: their settings, and as ``objectives`` the ids that they assess."""
    found = {}
    for cell in notebooks.read_text(MASTERS / f"{name}.md").cells:
        if cell.cell_type == "raw" and cell.source.startswith("# BEGIN QUESTION"):
            settings = yaml.safe_load(cell.source)
            listed = re.search(r"^# objectives: (.*)$", cell.source, flags=re.MULTILINE)
            settings["objectives"] = listed[1].split() if listed else []
            found[settings.pop("name")] = settings
    return found


def objectives():
    """Ids of the objectives that each question of each assignment assesses."""
    return {
        name: {question: settings["objectives"] for question, settings in questions(name).items()}
        for name in names()
    }


# --- Building


def build(target=TARGET, chosen=None, *, seed=assignment_data.SEED):
    """Build assignments, all by default, below ``target``.

    Parameters
    ----------
    target : Path
        Gets ``student/assignments/NAME`` and ``instructor/assignments/NAME``, anew.
    chosen : iterable of str, optional
        Names of assignments.
    seed : int
        Of the data.
    """
    for name in names() if chosen is None else chosen:
        if name not in names():
            raise AssignmentError(f"there is no {name!r}; there are {', '.join(names())}")
        with tempfile.TemporaryDirectory() as folder:
            made = assign(name, prepare(name, Path(folder), seed))
            deliver_student(name, made / "student", fresh(target, "student", name))
            deliver_instructor(name, made / "autograder", fresh(target, "instructor", name))


def fresh(target, edition, name):
    """Make an empty folder for an edition of an assignment."""
    folder = Path(target) / edition / "assignments" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def prepare(name, folder, seed):
    """Put all that otter needs into one folder; return the master notebook in it."""
    notebook = folder / f"{name}.ipynb"
    nbformat.write(notebooks.read_text(MASTERS / f"{name}.md"), notebook)
    given, kept = assignment_data.tables(name, seed)
    for file, table in (given | kept).items():
        table.to_csv(folder / file, index=False, lineterminator="\n")
    for path in [MASTERS / "common.yml", *MASTERS.glob("*.py")]:
        shutil.copy(path, folder)
    (folder / "requirements.txt").write_text("\n".join(requirements()) + "\n", encoding="utf-8")
    return notebook


def assign(name, master):
    """Let otter split a master into the two editions; return their folder."""
    from otter.assign import main as otter_assign

    out = master.parent / "made"
    try:
        otter_assign(str(master), str(out), no_pdfs=True, no_run_tests=True)
    except Exception as error:  # otter raises what it likes, also for a slip in a master
        raise AssignmentError(f"{name} cannot be built: {error}") from error
    return out


def deliver_student(name, made, folder):
    """Copy what students get, and tell them what to do with it."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    number_cells(folder / f"{name}.ipynb")
    text = (MASTERS / "for_students.md").read_text(encoding="utf-8")
    (otter,) = (pin for pin in requirements() if pin.startswith("otter-grader=="))
    text = text.replace("NAME", name).replace("otter-grader", otter)
    text = address.rewrite(text, address.addresses(ROOT))
    (folder / "README.md").write_text(text, encoding="utf-8")


def deliver_instructor(name, made, folder):
    """Copy the solution, the tests in the open, and the autograder."""
    number_cells(made / f"{name}.ipynb")
    shutil.copy(made / f"{name}.ipynb", folder)
    (found,) = made.glob("*-autograder_*.zip")
    with zipfile.ZipFile(found) as archive:
        content = {each: archive.read(each) for each in archive.namelist()}
    for path, data in content.items():
        if path.startswith("tests/"):
            (folder / "tests").mkdir(exist_ok=True)
            (folder / path).write_bytes(data)
        elif path.startswith("files/"):  # what the solution reads, and what only grading does
            (folder / Path(path).name).write_bytes(data)
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content[f"files/{path.relative_to(ROOT).as_posix()}"] = path.read_bytes()
    write_zip(folder / "autograder.zip", content)


def number_cells(path):
    """Name the cells of a notebook by their place: otter gives those that it adds random names."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
    nbformat.write(notebook, path)


def write_zip(path, content):
    """Write a zip whose bytes follow from its content."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in sorted(content.items()):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            archive.writestr(entry, data)


def requirements():
    """Pins of the lock that grading needs; the package itself travels with the autograder."""
    pins = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([\w.-]+)==", line):
            pins[plain(match[1])] = line
    needed = closure("elastic-tutorial") | closure("otter-grader[grading]") | closure("ipykernel")
    return [pin for name, pin in sorted(pins.items()) if name in needed]


def closure(requirement, seen=None):
    """Names of all distributions that a requirement leads to."""
    seen = set() if seen is None else seen
    wanted = Requirement(requirement)
    key = plain(wanted.name), frozenset(wanted.extras)
    if key not in seen:
        seen.add(key)
        for each in distribution(wanted.name).requires or []:
            marker = Requirement(each).marker
            extras = {"", *wanted.extras}
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                closure(each, seen)
    return {name for name, _ in seen}


def plain(name):
    """Name of a distribution as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# --- Grading


def grade(submission, archive):
    """Grade a notebook as ``otter run`` does; return points and highest points of each question."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["run", "--no-logo", "-a", str(archive), "-o", folder, str(submission)]
        otter = [sys.executable, "-m", "otter", *command]
        done = subprocess.run(otter, capture_output=True, text=True, check=False)
        results = Path(folder) / "results.json"
        if done.returncode or not results.exists():
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            raise AssignmentError(f"{submission} cannot be graded: {last}")
        tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    return {each["name"]: (each["score"], each["max_score"]) for each in tests if "score" in each}


def check(target=TARGET, chosen=None):
    """Raise an AssignmentError where a reference solution does not earn all points."""
    for name in names() if chosen is None else chosen:
        folder = Path(target) / "instructor" / "assignments" / name
        points = grade(folder / f"{name}.ipynb", folder / "autograder.zip")
        lost = [each for each, (score, highest) in points.items() if score < highest]
        if lost or not points:
            raise AssignmentError(
                f"the solution of {name} loses points in {', '.join(lost) or 'all questions'}; "
                "take another seed, or mend the question"
            )


def main(arguments=None):
    """Build the assignments named, all by default; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", help="assignment (default: all)")
    parser.add_argument("--target", type=Path, default=TARGET, help="folder to build in")
    parser.add_argument("--seed", type=int, default=assignment_data.SEED, help="of the data")
    parser.add_argument("--check", action="store_true", help="also grade the solutions (a minute)")
    options = parser.parse_args(arguments)
    try:
        build(options.target, options.name or None, seed=options.seed)
        if options.check:
            check(options.target, options.name or None)
    except AssignmentError as error:
        print(f"assignments: {error}", file=sys.stderr)
        return 1
    print(f"the assignments are in {options.target}/student and {options.target}/instructor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
