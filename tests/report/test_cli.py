"""``python -m elastic_tutorial``: one line where it fails, a whole report where it does not."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import elastic_tutorial as et
from elastic_tutorial.__main__ import EXAMPLE, _option, _options, _parser, _Progress, main
from elastic_tutorial.report import reading
from elastic_tutorial.report.reading import rules

PACKAGE = Path(et.__file__).parent
COMMAND = [sys.executable, "-m", "elastic_tutorial"]
FILES = ["elasticities.csv", "masked.csv", "prices.csv", "report.html"]


def sales_of(store, rng):
    """Make a table as a till exports it, with costs and a date for each week."""
    frame = store.panel.to_frame()
    week = pd.date_range("2024-01-01", periods=store.panel.n_periods, freq="7D")
    share = pd.Series(rng.uniform(0.4, 0.7, store.panel.n_products), store.panel.products)
    last = frame.groupby("product")["price"].transform("last")
    return pd.DataFrame(
        {
            "week": week.strftime("%Y-%m-%d").to_numpy()[frame["period"]],
            "sku": frame["product"],
            "dept": frame["category"],
            "sold": frame["units"].astype(int),
            "price": frame["price"],
            "cost": (last * frame["product"].map(share)).round(2),
            "promo": frame["promotion"].astype(int),
            "line": frame["product"].str[-2:],
        }
    )


@pytest.fixture(scope="module")
def table():
    size = {"n_products": 24, "n_categories": 2, "n_periods": 16, "price_change_prob": 0.4}
    rng = np.random.default_rng(1)
    store = et.simulate_store(rng, **size, initial_price=(2, 8), promotion_prob=0.1)
    return sales_of(store, rng)


@pytest.fixture(scope="module")
def path(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    table.to_csv(path, index=False)
    return path


def arguments(path, out, *more):
    roles = {"product": "sku", "period": "week", "units": "sold", "price": "price"}
    roles |= {"category": "dept", "cost": "cost"}
    named = [word for role, column in roles.items() for word in (f"--{role}", column)]
    return [str(path), *named, "--covariates", "promo", "--out", str(out), *more]


def complaint(words, capsys, code=2):
    """Run what must fail; return its one line."""
    try:
        returned = main(words)
    except SystemExit as error:  # what argparse does
        returned = error.code
    said = capsys.readouterr()
    assert returned == code
    assert said.out == "" and said.err.count("\n") == 1, said
    return said.err


def test_help_shows_a_full_example_without_loading_what_a_fit_needs():
    code = (
        "import sys; from elastic_tutorial.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print([m for m in ('jax', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert EXAMPLE in done.stdout + "\n"
    assert done.stdout.rstrip().endswith("[]")
    assert "--likelihood" in done.stdout and "--intercept" in done.stdout


def test_the_example_of_the_help_is_a_valid_command():
    words = EXAMPLE.partition("python -m elastic_tutorial ")[2].partition("\n\n")[0]
    options = _parser().parse_args(words.replace("\\", " ").split())
    heads = EXAMPLE.splitlines()[2].strip().split(",")
    named = [options.product, options.period, options.units, options.price, options.category]
    assert sorted([*named, options.cost, *options.covariates]) == sorted(heads)


def test_a_missing_or_unknown_option_is_one_line(capsys):
    assert "--product" in complaint(["sales.csv"], capsys)
    assert "invalid choice: 'x'" in complaint(
        arguments("sales.csv", "out", "--likelihood", "x"), capsys
    )


def test_the_library_names_its_arguments_and_the_command_its_options():
    steps = ("__main__", "reading", "command")
    paths = [path for path in PACKAGE.rglob("*.py") if path.stem not in steps]
    source = "".join(path.read_text("utf-8") for path in paths)
    options = {each for each in _parser()._option_string_actions if each.startswith("--")}
    assert not [option for option in options if re.search(rf"{option}\b", source)]
    named = set(re.findall(r'\bargument ?= ?"(\w+)"', source))
    marks = {"encoding", "decimal", "thousands", "date_format"}
    assert named == marks | {"by", "round_units", "keep_going", "force"}
    assert {_option(argument) for argument in named} <= options


def test_errors_go_to_stderr_in_one_line_with_exit_code_2(tmp_path):
    words = arguments(tmp_path / "nowhere.csv", tmp_path / "out")
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: there is no file")


def test_a_mistyped_column_is_named_before_anything_heavy_is_loaded(path, tmp_path):
    heavy = ("jax", "numpyro", "arviz", "xarray", "scipy", "matplotlib", "pyfixest")
    code = (
        "import sys; from elastic_tutorial.__main__ import main\n"
        f"print(main(sys.argv[1:]), [m for m in {heavy} if m in sys.modules])"
    )
    words = arguments(path, tmp_path / "out", "--units", "solde")
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "no column 'solde'" in done.stderr and "did you mean 'sold'?" in done.stderr
    assert done.stdout == "2 []\n"


def test_reading_says_at_the_terminal_what_was_done_to_the_file(table, tmp_path):
    unpriced = table.copy()
    unpriced.loc[40:43, ["sold", "price"]] = 0
    path, count = tmp_path / "sales.csv", 4
    unpriced.to_csv(path, index=False)
    _, panel, remarks = reading.read(_parser().parse_args(arguments(path, "out")))
    assert panel.observed.sum() == len(table) - count
    assert remarks[0].startswith(f"{count} rows in which nothing was sold have no price")
    assert remarks[0].endswith("takes the price before. Here that is the option --fill-zeros.")
    _, panel, remarks = reading.read(_parser().parse_args(arguments(path, "out", "--fill-zeros")))
    assert panel.observed.sum() > len(table) - count and "got a price" in remarks[0]
    later = reading.read(_parser().parse_args(arguments(path, "out", "--by", "month")))[1]
    assert later.periods.tolist() == ["2024-01", "2024-02", "2024-03", "2024-04"]


def test_all_kinds_of_faults_are_named_in_one_run(table, tmp_path, capsys):
    wrong = table.astype(str)
    wrong.loc[3:5, "sold"] = "many"
    wrong.loc[7, "week"] = "soon"
    wrong.loc[9, "sold"] = "2.5"
    wrong.loc[11, "cost"] = "-1"
    wrong.to_csv(tmp_path / "wrong.csv", index=False)
    assert main(arguments(tmp_path / "wrong.csv", tmp_path / "out")) == 2
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("error: ") and len(line) < 400 for line in lines)
    kinds = ["row 5, column 'sold': 'many'", "row 9, column 'week': 'soon'", "'cost'", "2.5 units"]
    assert len(lines) == len(kinds) + 1
    for line, kind in zip(lines, kinds, strict=False):
        assert kind in line
    assert lines[0].endswith("3 rows have this fault.")
    assert lines[3].endswith("Here that is the option --round-units.")
    assert "6 of 384 rows are wrong" in lines[4] and lines[4].endswith("--keep-going.")


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["--prob", "1.5"], "--prob must lie strictly between 0 and 1"),
        (["--bounds", "1.2", "0.9"], "--bounds must be two numbers above 0"),
        (["--max-change", "0"], "--max-change must lie strictly between 0 and 1, as 0.10"),
        (["--endings", "99"], "--endings must be parts of one unit of currency"),
        (["--min-margin", "1"], "--min-margin must be 0 or more and below 1"),
        (["--min-gain", "-1"], "--min-gain must be a number, 0 or more"),
        (["--most-changes", "-1"], "--most-changes must be a whole number, 0 or more"),
        (["--line", "nothing"], "no column 'nothing'"),
        (["--json", "nowhere/x.json"], "must lie in a folder that exists"),
        (["--seed", "-1"], "--seed must be a whole number"),
        (["--units", "nothing"], "no column 'nothing'"),
    ],
)
def test_bad_options_are_refused(more, what, path, tmp_path, capsys):
    assert what in complaint(arguments(path, tmp_path / "out", *more), capsys)


def test_an_existing_folder_is_refused_before_anything_is_read(tmp_path, capsys):
    line = complaint(arguments("nowhere.csv", tmp_path), capsys)
    assert "exists; name another, or replace an earlier report with force=True." in line
    assert line.endswith(" Here that is the option --force.\n")
    (tmp_path / "mine.txt").write_text("x")
    line = complaint(arguments("nowhere.csv", tmp_path, "--force"), capsys)
    assert "holds other files than a report's, 'mine.txt'" in line
    assert (tmp_path / "mine.txt").exists()


def test_what_nobody_foresaw_is_one_line_too_unless_a_traceback_is_asked_for(
    path, tmp_path, capsys, monkeypatch
):
    def fail(panel, options):
        raise KeyError("oops")

    monkeypatch.setattr("elastic_tutorial.report.command.fit", fail)
    words = arguments(path, tmp_path / "out")
    assert "unforeseen KeyError: 'oops'" in complaint(words, capsys)
    with pytest.raises(KeyError):
        main([*words, "--traceback"])

    def interrupt(panel, options):
        raise KeyboardInterrupt

    monkeypatch.setattr("elastic_tutorial.report.command.fit", interrupt)
    assert "interrupted; nothing was written" in complaint(words, capsys, code=130)

    def fill(panel, options):
        raise MemoryError

    monkeypatch.setattr("elastic_tutorial.report.command.fit", fill)
    assert "not enough memory" in complaint(words, capsys)
    assert not (tmp_path / "out").exists()


def test_a_bar_is_drawn_at_a_terminal_only():
    class Screen(list):
        write = list.append

        def flush(self):
            pass

    screen = Screen()
    bar = _Progress(screen, 3)
    for name in ("reading", "fitting", "done"):
        bar.step(name)
    assert [line.count("#") for line in screen] == [0, 4, 8]
    assert [line[0] for line in screen] == ["\r"] * 3 and screen[-1].endswith("\n")
    _Progress(None, 3).step("reading")


def test_a_table_becomes_a_report(path, table, tmp_path, capsys):
    """The one fit of this file that is not slow."""
    out = tmp_path / "report"
    (tmp_path / "report.partial").mkdir()
    lines = ["--line", "line", "--most-changes", "9", "--endings", ".99", ".49", "--bounds"]
    digest = tmp_path / "digest.json"
    words = [*lines, "0.8", "1.25", "--seed", "3", "--json", str(digest)]
    code = main(arguments(path, out, *words))
    said = capsys.readouterr()
    assert said.err == ""
    assert "sales.csv: 384 rows in use, 24 products in 2 categories, 16 periods" in said.out
    assert said.out.rstrip().endswith(f"Written: {out / 'report.html'}")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["digest.json", "report"]
    looks = json.loads(digest.read_text("utf-8"))["looks"]
    assert code == bool(looks) and said.out.count("\nLook: ") == len(looks)
    assert sorted(each.name for each in out.iterdir()) == FILES
    found = pd.read_csv(out / "elasticities.csv", index_col="product")
    assert sorted(found.index) == sorted(table["sku"].unique())
    assert (found["lower"] < found["elasticity"]).all() and (found["sd"] > 0).all()
    prices = pd.read_csv(out / "prices.csv", index_col="product")
    moved = prices[prices["change_percent"].fillna(0) != 0]
    assert 0 < len(moved) <= 9 and moved["change_percent"].between(-20, 25).all()
    assert set((100 * moved["price"]).round().astype(int) % 100) <= {99, 49}
    line = table.groupby("sku")["line"].first()[moved.index]
    assert (moved["price"].groupby(line).nunique() == 1).all()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Back-test" in page and "negative_binomial" in page
    assert str(tmp_path) not in page  # a report can be passed on


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        ["--likelihood", "poisson", "--intercept", "gamma"],
        ["--no-time-effects", "--no-back-test"],
        ["--force"],
    ],
)
def test_other_options_give_a_report_as_well(more, path, tmp_path, capsys):
    assert main(arguments(path, tmp_path / "out", *more)) in (0, 1)
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == FILES


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_interrupted_at_any_moment_the_folder_is_whole_or_absent(name, path, tmp_path):
    words = [*COMMAND, *arguments(path, tmp_path / "report")]
    start = time.monotonic()
    assert subprocess.run(words, check=False, capture_output=True).returncode in (0, 1)
    whole = time.monotonic() - start
    expected = {each.name: each.stat().st_size for each in (tmp_path / "report").iterdir()}
    for moment in np.linspace(0.05, 1.0, 10):
        for each in tmp_path.iterdir():
            for file in each.iterdir():
                file.unlink()
            each.rmdir()
        running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            running.communicate(timeout=moment * whole)
        except subprocess.TimeoutExpired:
            os.kill(running.pid, getattr(signal, name))
            _, said = running.communicate()
            assert said.count(b"\n") <= 1, said
        if (tmp_path / "report").exists():
            found = {each.name: each.stat().st_size for each in (tmp_path / "report").iterdir()}
            assert found == expected


@pytest.mark.slow
def test_the_cheese_table_and_two_million_rows_take_90_seconds_and_4_gigabytes_at_most(tmp_path):
    cheese = tmp_path / "cheese.csv"
    et.load_cheese().to_csv(cheese, index=False)
    big = tmp_path / "big.csv"
    size = {"n_products": 20_000, "n_categories": 10, "n_periods": 100, "price_change_prob": 0.1}
    rng = np.random.default_rng(42)
    sales_of(et.simulate_store(rng, **size, promotion_prob=0.05), rng).to_csv(big, index=False)
    roles = "--product retailer --period week --units units --price price --covariates display"
    for words in (
        [str(cheese), *roles.split(), "--out", str(tmp_path / "cheese")],
        arguments(big, tmp_path / "big"),
    ):
        code = (
            "import resource, subprocess, sys, time; start = time.monotonic()\n"
            "done = subprocess.run(sys.argv[1:], check=False, stdout=subprocess.DEVNULL)\n"
            "assert done.returncode in (0, 1)\n"
            "kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
            "print(time.monotonic() - start, kilobytes / 2**20)"
        )
        run = [sys.executable, "-c", code, *COMMAND, *words]
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        seconds, gigabytes = map(float, done.stdout.split())
        assert seconds <= 90 and gigabytes <= 4, (words[0], seconds, gigabytes)


def test_the_version_says_what_a_report_of_a_problem_needs(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    line = capsys.readouterr().out
    assert ended.value.code == 0
    assert line.count("\n") == 1
    for name in ("elastic-tutorial", "jax", "numpyro", "arviz"):
        assert f"{name} {metadata.version(name)}" in line
    assert f"Python {platform.python_version()}" in line


def test_a_ladder_is_a_file_with_a_price_on_each_line(path, table, tmp_path, capsys):
    ladder = tmp_path / "ladder.txt"
    words = arguments(path, tmp_path / "out", "--ladder", str(ladder))
    for text, message in [("1.99\nfree\n", "line 2: a ladder has a price"), ("\n", "no price")]:
        ladder.write_text(text)
        assert message in complaint(words, capsys)
    ladder.write_text("1.99\n\n2.49\n")
    assert rules(_parser().parse_args(words))["ladder"] == [1.99, 2.49]
    groups = rules(_parser().parse_args([*words, "--line", "dept"]))["groups"]
    assert groups.to_dict() == table.groupby("sku")["dept"].first().to_dict()


def test_the_help_documents_the_exit_status():
    assert "Exit status: 0, the report is written and all checks are fine; 1," in EXAMPLE


SETTINGS = """
file = "sales.csv"
product = "sku"
period = "week"
units = "sold"
price = "price"
covariates = ["promo", "rain"]
out = "report"
max-change = 0.05
bounds = [1, 1.2]
no_back_test = true
"""


def test_options_may_stand_in_a_file_and_the_command_line_goes_before_it(tmp_path):
    file = tmp_path / "sales.toml"
    file.write_text(SETTINGS)
    options = _options(["--settings", str(file)])
    assert (options.file, options.product, options.price) == ("sales.csv", "sku", "price")
    assert options.covariates == ["promo", "rain"] and options.bounds == [1.0, 1.2]
    assert options.no_back_test and options.max_change == 0.05
    words = ["other.csv", f"--settings={file}", "--max-change", "0.2", "--covariates", "wind"]
    options = _options([*words, "--revenue", "turnover"])
    assert (options.file, options.max_change, options.covariates) == ("other.csv", 0.2, ["wind"])
    assert (options.price, options.revenue) == (None, "turnover")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('prise = "price"', "has the key 'prise', which names no option; did you mean 'price'?"),
        ("seed = 1.5", "the key 'seed' must be a whole number; got 1.5"),
        ("prob = true", "the key 'prob' must be a number; got True"),
        ("price = 3", "the key 'price' must be text in quotes; got 3"),
        ("force = 1", "the key 'force' must be true or false; got 1"),
        ("bounds = [1.0]", "the key 'bounds' must hold 2 values; got 1"),
        ("bounds = 1.0", "the key 'bounds' must be a list, as [1, 2]; got 1.0"),
        ('by = "year"', "the key 'by' must be one of day, week, month; got 'year'"),
        ("price", "is no TOML file"),
    ],
)
def test_settings_that_will_not_do_are_refused_in_a_line(text, message, tmp_path, capsys):
    file = tmp_path / "sales.toml"
    file.write_text(text)
    assert message in complaint(["--settings", str(file)], capsys)
    assert "No such file" in complaint(["--settings", str(tmp_path / "none.toml")], capsys)


def test_the_package_installs_the_command_under_its_name():
    text = (PACKAGE.parent / "pyproject.toml").read_text("utf-8")
    assert tomllib.loads(text)["project"]["scripts"] == {
        "elastic-tutorial": f"{main.__module__}:{main.__name__}"
    }
