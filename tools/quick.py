"""Style, and in 100 seconds the tests of what changed and of what depends on it, shortest first.

What changed is what differs from the last commit, or from ``--since``. A Python file depends on
the files that it imports, by any road; on ``et.name`` through the table of public names; and a
test on every other file that it names, or that lies in a folder that it names. Tests of the
rendered pages and of the course need the built book, so they are only listed.
"""

import argparse
import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import checks
import jupytext
import ledger
import notebooks

ROOT = checks.ROOT
FIRST = ("style", "pairs")
SECONDS = 100  # for the tests, style and set-up apart
MARGIN = 15  # seconds that pytest takes besides: collecting, and the end of what runs last
PACKAGE = "elastic_tutorial"


def changed(since):
    """Files that differ from a commit, those not yet added included."""
    lists = ["git", "diff", "--name-only", since], ["git", "ls-files", "-o", "--exclude-standard"]
    found = {name for command in lists for name in git(command)}
    return sorted(found)


def git(command):
    """Lines that git prints."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@cache
def sources():
    """Python text by file: modules, tools, tests, and the cells of chapters as one."""
    found = {}
    for folder in (PACKAGE, "tools", "tests", "book/_ext"):
        for path in (ROOT / folder).rglob("*.py"):
            found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
    for path in notebooks.chapters(ROOT / "book"):
        cells = notebooks.code_cells(jupytext.read(path))
        lines = "\n".join(cell.source for cell in cells).splitlines()
        code = "\n".join(re.sub(r"^(\s*)%.*", r"\1pass", line) for line in lines)
        found[str(path.with_suffix(".ipynb").relative_to(ROOT))] = code
    return found


@cache
def modules():
    """File of each name that can be imported."""
    found = {}
    for name in sources():
        path = Path(name)
        if path.suffix == ".py":
            parts = path.with_suffix("").parts
            roots = {"tools": 1, "tests": len(parts) - 1, "book": 2}
            dotted = ".".join(parts[roots.get(parts[0], 0) :])
            found[dotted.removesuffix(".__init__")] = name
    return found


@cache
def public():
    """File of each public name of the package, from its table."""
    tree = ast.parse(sources()[f"{PACKAGE}/__init__.py"])
    table = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "_PUBLIC"
    )
    return {name: modules()[f"{PACKAGE}.{m}"] for m, names in table.items() for name in names}


@cache
def needs(code):
    """Files that a Python text imports, public names of the package included."""
    found, nicknames = set(), {PACKAGE}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.add(modules().get(alias.name))
                nicknames |= {alias.asname} if alias.name == PACKAGE and alias.asname else set()
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(modules().get(node.module))
            for alias in node.names:
                found.add(modules().get(f"{node.module}.{alias.name}"))
                found.add(public().get(alias.name) if node.module == PACKAGE else None)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(public().get(node.attr) if node.value.id in nicknames else None)
        elif isinstance(node, ast.Constant) and node.value == PACKAGE:  # python -m elastic_tutorial
            found.add(f"{PACKAGE}/__main__.py")
    return found - {None}


def names(code, file):
    """Whether a Python text names a file that is no Python, or a folder that it lies in."""
    path = Path(file)
    known = {path.name, path.stem, file, *map(str, path.parents), *path.parts[:-1]} - {".", PACKAGE}
    return any(each.strip("/") in known for each in strings(code))


@cache
def strings(code):
    """Every string of a Python text."""
    constants = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def dependents(files):
    """Files that must be tried again: those that changed and, by any road, what needs them."""
    users = defaultdict(set)
    for name, code in sources().items():
        for file in needs(code):
            users[file].add(name)
    found = {file for file in files if file in sources()}
    for file in set(files) - found:
        if (pair := str(Path(file).with_suffix(".ipynb"))) in sources():
            found.add(pair)
        found |= {name for name, code in sources().items() if names(code, file)}
    waiting = list(found)
    while waiting:
        new = users[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def testable(files):
    """Arguments for pytest, and the files that need the built book."""
    apart = {*checks.PAGES, *checks.COURSE}
    tests = {name for name in files if Path(name).name.startswith("test_")}
    doctests = {name for name in files if name.startswith(f"{PACKAGE}/")}
    chapters = {name for name in files if name.endswith(".ipynb")}
    return sorted(tests - apart | doctests), sorted(chapters), sorted(tests & apart)


def main(arguments=None):
    """Run style and the tests; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--since", default="HEAD", help="commit to compare with (default: HEAD)")
    options = parser.parse_args(arguments)
    files = changed(options.since)
    if not files:
        print(f"nothing differs from {options.since}; name a commit, as make quick since=HEAD~1")
        return 0
    outcomes = checks.run_stages(
        [each for each in checks.STAGES if each.name in ("style", "pairs")]
    )
    tests, chapters, apart = testable(dependents(files))
    if tests or chapters:
        within = ["--within", str(SECONDS - MARGIN)]
        both = [*within, *checks.BY_FILE, "--nbval", "--nbval-current-env", *tests, *chapters]
        outcomes["quick"] = checks.run(
            checks.Stage("quick", "what changed, and its users", tests=both)
        )
    print(*checks.report(outcomes), sep="\n")
    print(*left_out(apart), sep="\n")
    return int(any(done.failures for done in outcomes.values()))


def left_out(apart):
    """Say what was not run, by file."""
    path, late = ledger.LEDGERS / "quick.json", defaultdict(int)
    tests = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for test, (outcome, _) in tests.items():
        late[test.partition("::")[0]] += outcome == "not run"
    listed = [f"  {file} ({count} tests)" for file, count in sorted(late.items()) if count]
    listed += [f"  {file} (needs the built book)" for file in apart]
    yield "not run; make test runs them:" if listed else "nothing was left out"
    yield from listed


if __name__ == "__main__":
    sys.exit(main())
