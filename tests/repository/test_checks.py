"""The stages of ``make test``, the choice of ``make quick`` and the bench of ``make portable``."""

import json
import re
import shlex
import subprocess
import sys

import checks
import ledger
import nbformat
import notebooks
import portable
import pytest
import quick
from checks import Stage

PASS, FAIL = [sys.executable, "-c", "pass"], [sys.executable, "-c", "raise SystemExit(3)"]
STAGES = [
    Stage("first", "a stage", (PASS, FAIL, PASS)),
    Stage("second", "another", (PASS,)),
    Stage("third", "one that needs the first", (PASS,), needs="first"),
    Stage("fourth", "one that needs the second", (PASS,), needs="second"),
]
TESTS = """\
import time
import pytest

def test_passes():
    pass

def test_fails():
    assert not True

@pytest.mark.skip(reason="of course")
def test_is_skipped():
    pass

@pytest.fixture
def broken():
    raise RuntimeError

def test_cannot_start(broken):
    pass
"""


def pytest_run(folder, *arguments):
    """Exit status, ledger and output of pytest with the plugin, in a folder of its own."""
    record = folder / "ledger.json"
    command = [sys.executable, "-m", "pytest", "-p", "ledger", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--ledger={record}", f"--rootdir={folder}", *arguments],
        cwd=folder,
        env={k: v for k, v in checks.environment().items() if k != ledger.BEGUN},
        capture_output=True,
        text=True,
        check=False,
    )
    tests = json.loads(record.read_text()) if record.exists() else {}
    return done.returncode, tests, done.stdout


# --- Stages


def test_all_stages_run_and_the_last_lines_say_what_failed_and_how_to_repeat_it(capfd):
    outcomes = checks.run_stages(STAGES)
    assert [(o.passed, len(o.failures)) for o in outcomes.values()] == [
        (2, 1),
        (1, 0),
        (0, 1),
        (1, 0),
    ]
    printed = capfd.readouterr().out
    assert "== another" in printed and "== one that needs the first" not in printed
    *_, repeat, unfit, last = checks.report(outcomes)
    assert repeat.split()[0] == "first" and repeat.endswith("-c 'raise SystemExit(3)'")
    assert unfit == "third       not run, for first failed"
    assert last == "4 passed, 2 failed, 0 skipped"


def test_the_exit_status_tells(monkeypatch, capfd):
    monkeypatch.setattr(checks, "STAGES", STAGES)
    assert checks.main([]) == 1
    assert checks.main(["--only", "second", "fourth"]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "2 passed, 0 failed, 0 skipped"


def test_a_stage_of_tests_names_each_failure(tmp_path, monkeypatch):
    (tmp_path / "test_some.py").write_text(TESTS)
    monkeypatch.setattr(ledger, "LEDGERS", tmp_path / "ledgers")
    passed, skipped, failures = checks.run_tests("some", ["-p", "no:cacheprovider", str(tmp_path)])
    assert (passed, skipped) == (1, 1)
    assert [each.rpartition("::")[2] for each in failures] == ["test_fails", "test_cannot_start"]


def test_what_repeats_a_failure_is_a_command_for_a_shell():
    test = "tests/book/test_links.py::test_it[a b-'c']"
    command = shlex.split(checks.repeat(test))
    assert command[0].endswith("python") and command[1:] == ["-m", "pytest", test]
    command = checks.repeat("book/some.ipynb::Cell 3")
    assert command.endswith("-m pytest --nbval --nbval-current-env book/some.ipynb")


def test_a_run_that_collects_nothing_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "LEDGERS", tmp_path / "ledgers")
    _, _, failures = checks.run_tests("none", ["-p", "no:cacheprovider", str(tmp_path)])
    assert failures and str(tmp_path) in failures[0]


def test_every_test_file_is_in_one_stage():
    apart = [*checks.PAGES, *checks.COURSE]
    assert len(set(apart)) == len(apart)
    assert all((checks.ROOT / name).exists() for name in apart)
    unit = next(stage for stage in checks.STAGES if stage.name == "unit")
    assert {f"--ignore={name}" for name in apart} <= set(unit.tests)


def test_compiled_programs_are_kept_where_nobody_else_can_write(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = checks.environment()["JAX_COMPILATION_CACHE_DIR"]
    assert folder.startswith(str(tmp_path))
    assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(checks, "processor", lambda: "another")
    assert checks.environment()["JAX_COMPILATION_CACHE_DIR"] != folder
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/mine")
    assert checks.environment()["JAX_COMPILATION_CACHE_DIR"] == "/mine"


# --- What nbval finds


@pytest.mark.parametrize(
    "change, fails",
    [(None, False), (("0.25", "0.26"), True), (("1 / 4", "1 / 0"), True)],
    ids=["as stored", "a digit", "a broken cell"],
)
def test_a_digit_or_a_cell_that_is_changed_is_found(change, fails, tmp_path):
    cells = ["import math", "print(1 / 4)", "math.pi"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebooks.execute(notebook, tmp_path)
    text = nbformat.writes(notebooks.canonical(notebook))
    assert "0.25" in text
    (tmp_path / "some.ipynb").write_text(text.replace(*change) if change else text)
    code, tests, _ = pytest_run(tmp_path, "--nbval", "--nbval-current-env", "some.ipynb")
    assert code == fails
    assert [end for end, _ in tests.values()].count("failed") == fails


# --- The ledger


def test_the_ledger_holds_how_each_test_ended(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS)
    code, tests, _ = pytest_run(tmp_path)
    ends = {name.partition("::")[2]: end for name, (end, _) in tests.items()}
    assert code == 1
    assert ends == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_is_skipped": "skipped",
        "test_cannot_start": "failed",
    }
    assert all(seconds >= 0 for _, seconds in tests.values())


def test_a_short_time_leaves_out_what_is_long_and_says_so(tmp_path):
    text = "import time\ndef test_long(): time.sleep({})\ndef test_other(): pass\n"
    (tmp_path / "test_long.py").write_text(text.format(0.6))
    (tmp_path / "test_short.py").write_text(text.format(0))
    # Both are unknown to the ledgers, and so are expected to take half a second a test.
    code, tests, _ = pytest_run(tmp_path, f"--within={1.2 * ledger.UNKNOWN}")
    assert code == 0
    assert [end for end, _ in tests.values()].count("not run") >= 1
    code, tests, _ = pytest_run(tmp_path, "--within=100")
    assert [end for end, _ in tests.values()] == ["passed"] * 4


def test_known_times_are_those_of_this_machine_or_else_of_the_table(tmp_path):
    table = tmp_path / "times.csv"
    table.write_text("file,seconds\na.py,8\nb.py,3\n")
    (tmp_path / "unit.json").write_text('{"b.py::x": ["passed", 5.0], "b.py::y": ["not run", 0]}')
    by_test, by_file = ledger.known_seconds(tmp_path, table)
    assert by_test == {"b.py::x": 5.0}
    assert by_file == {"a.py": 8.0, "b.py": 5.0}


# --- What a change touches


@pytest.mark.parametrize(
    "file, users",
    [
        ("elastic_tutorial/data/NOTICE.md", "tests/panels/test_datasets.py"),
        ("book/_static/calculator.css", "tests/book/test_calculator.py"),
        ("Makefile", "tests/repository/test_repository.py"),
        ("tools/student.py", "tests/course/test_student_edition.py tools/course.py"),
        ("tests/browsing.py", "tests/book/test_book.py"),
    ],
)
def test_a_change_leads_to_the_tests_that_use_it(file, users):
    assert set(users.split()) <= quick.dependents([file])


def test_a_change_of_a_chapter_leads_to_its_notebook():
    for path in notebooks.chapters(notebooks.ROOT / "book"):
        name = str(path.relative_to(notebooks.ROOT))
        assert name.replace(".md", ".ipynb") in quick.dependents([name])


def test_a_module_leads_to_its_tests_through_names_of_the_package():
    names = {"plot_arc", "arc_elasticity", "fit_nuts", "read_sales", "write_report"}
    for name in names:
        users = quick.dependents([quick.public()[name]])
        tests = {each for each in users if each.startswith("tests/")}
        assert any(re.search(rf"\bet\.{name}\b", quick.sources()[each]) for each in tests), name


def test_pages_and_course_are_told_apart():
    tests, chapters, apart = quick.testable(quick.dependents(["_config.yml", "_toc.yml"]))
    assert set(apart) <= {*checks.PAGES, *checks.COURSE} and "tests/book/test_book.py" in apart
    assert not set(tests) & set(apart)
    assert all(name.endswith(".ipynb") for name in chapters)


# --- The bench for processors


def test_a_setting_that_changes_no_bit_is_reported_and_not_run(monkeypatch, capsys):
    monkeypatch.setattr(portable, "bits", lambda setting: {"xla": str(setting.get("XLA_FLAGS"))})
    ran = []
    monkeypatch.setattr(checks, "run_stages", lambda stages: ran.append(stages) or {})
    assert portable.main(["xla-avx2", "openblas-nehalem"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "xla-avx2: changes xla" in lines
    assert "openblas-nehalem: same as the default here" in lines
    assert [[stage.name for stage in stages] for stages in ran] == [["unit", "notebooks"]]


def test_settings_of_one_processor_are_run_together():
    assert sorted(name for names in portable.RUNS.values() for name in names) == sorted(
        portable.SETTINGS
    )
    variables = portable.together(portable.RUNS["an old processor"])
    assert variables["OPENBLAS_CORETYPE"] == "Nehalem"
    assert variables["XLA_FLAGS"].split() == [
        "--xla_cpu_max_isa=SSE4_2",
        "--xla_cpu_multi_thread_eigen=false",
    ]


def test_a_setting_that_does_not_run_here_is_said_so(monkeypatch, capsys):
    def bits(setting):
        if setting:
            raise RuntimeError("Illegal instruction")
        return {}

    monkeypatch.setattr(portable, "bits", bits)
    assert portable.main(["one-thread"]) == 0
    assert (
        "one-thread: does not run on this machine (Illegal instruction)" in capsys.readouterr().out
    )


@pytest.mark.slow
def test_older_instructions_change_bits_and_the_same_settings_do_not():
    default = portable.bits({})
    assert portable.bits({}) == default
    assert portable.bits(portable.SETTINGS["xla-sse4.2"]) != default
