"""A pytest plugin: what each test took, and an order of the tests that makes use of it.

With ``--ledger FILE`` it writes, as JSON, how every test ended and how many seconds it took. Files
whose tests took longest are started first, so that no processor waits for the last of them; with
``--within SECONDS`` the shortest come first, and what would end too late is left out and listed as
not run. Times come from the ledgers of earlier runs on this machine, and for what those lack from
``tests/times.csv``, which ``make test record=1`` writes.
"""

import csv
import json
import os
import time
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEDGERS = ROOT / ".checks"
TIMES = ROOT / "tests" / "times.csv"
NOT_RUN = "not run: no time left"
UNKNOWN = 0.5  # seconds, of a test that no ledger knows: most take less
BEGUN = "ELASTIC_CHECKS_BEGUN"  # when the clock of --within was started, for every process


def pytest_addoption(parser):
    """Add the two options."""
    group = parser.getgroup("ledger")
    group.addoption("--ledger", type=Path, help="file to write outcomes and seconds to")
    group.addoption("--within", type=float, help="seconds for all tests, the shortest first")


def pytest_configure(config):
    """Start the clock, and keep the ledger where results come together."""
    os.environ.setdefault(BEGUN, str(time.time()))
    if config.getoption("ledger") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ledger(config.getoption("ledger")))


class Ledger:
    """Outcome and seconds of each test, set-up and tear-down included."""

    def __init__(self, path):
        self.path, self.outcome, self.seconds = path, {}, defaultdict(float)

    def pytest_runtest_logreport(self, report):
        """Note a phase of a test; a failure in any of them is a failure."""
        test = report.nodeid
        self.seconds[test] += report.duration
        if report.failed or self.outcome.get(test) == "failed":
            self.outcome[test] = "failed"
        elif report.skipped:
            late = NOT_RUN in str(report.longrepr)
            self.outcome[test] = "not run" if late else "skipped"
        else:
            self.outcome.setdefault(test, "passed")

    def pytest_sessionfinish(self):
        """Write the ledger."""
        tests = {test: [end, round(self.seconds[test], 2)] for test, end in self.outcome.items()}
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(tests, indent=0), encoding="utf-8")


def known_seconds(folder=LEDGERS, table=TIMES):
    """Seconds by test, and by file, of the tests that were run before."""
    by_file = {}
    if table.exists():
        with table.open(encoding="utf-8", newline="") as rows:
            by_file = {row["file"]: float(row["seconds"]) for row in csv.DictReader(rows)}
    by_test, mine = {}, defaultdict(float)
    for path in sorted(folder.glob("*.json"), key=os.path.getmtime):
        for test, (outcome, seconds) in json.loads(path.read_text(encoding="utf-8")).items():
            if outcome in ("passed", "failed"):
                by_test[test] = seconds
    for test, seconds in by_test.items():
        mine[test.partition("::")[0]] += seconds
    return by_test, by_file | mine


def seconds_of(items, by_test, by_file):
    """Seconds that each test is expected to take; a file's, shared out, where that is all."""
    of_file = defaultdict(list)
    for item in items:
        of_file[item.nodeid.partition("::")[0]].append(item.nodeid)
    expected = {}
    for name, tests in of_file.items():
        share = by_file[name] / len(tests) if name in by_file else UNKNOWN
        expected |= {test: by_test.get(test, share) for test in tests}
    return expected


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Put the files in order: the longest first, or the shortest where time is short."""
    expected = seconds_of(items, *known_seconds())
    of_file = defaultdict(float)
    for item in items:
        item.expected_seconds = expected[item.nodeid]
        of_file[item.nodeid.partition("::")[0]] += item.expected_seconds
    sign = 1 if config.getoption("within") else -1
    items.sort(key=lambda item: sign * of_file[item.nodeid.partition("::")[0]])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Leave a test out that would end too late."""
    within = item.config.getoption("within")
    if within and time.time() - float(os.environ[BEGUN]) + item.expected_seconds > within:
        pytest.skip(NOT_RUN)
