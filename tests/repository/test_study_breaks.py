"""The stored failures that a chapter makes: what they claim, and one row computed again."""

import numpy as np
import pandas as pd
import pytest
from studies import breaks as study


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(study.TABLE, comment="#")


@pytest.fixture(scope="module")
def cases():
    return study.cases_of()


def test_every_case_of_the_chapter_is_stored_for_ten_seeds_or_more(table, cases):
    assert list(table["case"].unique()) == list(cases)
    for _, rows in table.groupby(["case", "analysis"]):
        assert rows["seed"].to_list() == list(study.SEEDS)
    assert len(study.SEEDS) >= 10


def test_only_definitions_of_the_chapter_are_run(tmp_path):
    chapter = tmp_path / "tiny.md"
    head = study.CHAPTER.read_text(encoding="utf-8").split("(ch-breaks)=")[0]
    cell = "CASES, other = {}, {}\n\n\ndef case(name):\n    CASES[name] = name\n\n\ncase(1 / 0)"
    body = cell.replace("CASES, other = {}, {}", "CASES = {}\nother = 1 / 0")
    chapter.write_text(f"{head}```{{code-cell}} ipython3\n{body}\n```\n", encoding="utf-8")
    assert study.cases_of(chapter) == {}


def test_levels_set_on_demand_bias_the_gamma_intercept_and_not_the_fixed_one(table):
    error = table[table["case"] == "levels_on_demand"].groupby("analysis")["mean error"]
    t_value = error.mean() / error.sem()
    assert (error.min()["Gamma"] > 0) and t_value["Gamma"] > 8
    assert abs(t_value["fixed"]) < 3  # of a t distribution with 19 degrees of freedom: 0.7%
    assert abs(t_value["Mundlak"]) < 3


def test_changes_set_on_demand_bias_every_intercept(table):
    own = table[table["case"] == "changes_on_demand"].set_index("analysis")["mean error"]
    assert (own[["Gamma", "Mundlak", "fixed"]] > 0.3).all()


@pytest.mark.slow
def test_rows_are_found_again(table, cases):
    again = study.rows_of(cases, "levels_on_demand", 3)
    stored = table[(table["case"] == "levels_on_demand") & (table["seed"] == 3)]
    assert again["analysis"].to_list() == stored["analysis"].to_list()
    numbers = ["mean error", "rms error", "mean sd"]
    # The same deterministic computation; another processor may round otherwise.
    np.testing.assert_allclose(again[numbers], stored[numbers], atol=0.005)
    # One product in 240 may stand on the edge of its interval.
    np.testing.assert_allclose(again["coverage"], stored["coverage"], atol=1.5 / 240)
