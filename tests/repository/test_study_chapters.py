"""The stored measurements of the chapters on Binder, and the page that shows them."""

import re

import pandas as pd
import pytest
from studies import chapters as study

import elastic_tutorial as et

ROOT = study.notebooks.ROOT
PAGE = (ROOT / "book/troubleshooting.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(study.TABLE, comment="#", index_col="chapter")


def test_every_chapter_was_measured(table):
    assert list(table.index) == study.CHAPTERS


def test_every_chapter_has_room(table):
    assert set(table.index) <= set(study.CHAPTERS)
    assert table["peak_gib"].between(0.1, 2).all()
    assert (table["cpu_seconds"] > 1).all()


def test_the_pages_show_the_table_as_it_is():
    assert study.SHOWN.read_text(encoding="utf-8") == study.shown()
    assert "{include} results/chapters.md" in PAGE


def test_the_shown_table_rounds_what_is_stored(tmp_path):
    path = tmp_path / "chapters.csv"
    path.write_text("# how, where\nchapter,cpu_seconds,peak_gib\na,5.51,0.2546\n")
    lines = study.shown(path).splitlines()
    assert "| {doc}`/book/a` | 0.3 | 6 |" in lines
    assert lines[-1] == "Measured: how, where."


# --- Messages that the page quotes are those that readers see


@pytest.mark.parametrize(
    ("message", "file"),
    [
        ("could not be installed; check the network", "tools/setup.sh"),
        ("no book in _build/html; run: make book", "Makefile"),
        ("has other code than its .ipynb; run it: make notebooks", "tools/notebooks.py"),
    ],
)
def test_quoted_messages_are_in_the_tools(message, file):
    assert message in PAGE
    assert message in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "columns",
    [
        {"sku": ["a", "a", "b"], "week": [1, 1, 2], "sold": [3, 4, 5], "price": [2.0, 2.0, 2.0]},
        {"sku": ["a", "a", "b"], "week": [1, 2, 2], "sold": [3, -4, 5], "price": [2.0, 2.0, 2.0]},
        {"sku": ["a", "a", "b"], "week": [1, 2, 2], "sold": [3, 4, 5], "price": ["2", "2", "2"]},
    ],
)
def test_quoted_errors_are_raised(columns):
    names = {"product": "sku", "period": "week", "units": "sold", "price": "price"}
    with pytest.raises(et.PanelError) as found:
        et.Panel.from_frame(pd.DataFrame(columns), **names)
    assert f"PanelError: {found.value}\n" in PAGE


def test_quoted_commands_are_commands():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"`make ([a-z]+)", PAGE))
    assert {"book", "serve", "setup", "notebooks"} <= asked <= targets
