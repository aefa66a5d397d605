"""The stored table of price tests: its size, one replication again, and the chapter's code."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from studies import experiments as study

BOOK = Path(__file__).resolve().parents[2] / "book"


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(study.PATH, comment="#")


def test_every_replication_of_every_world_stands_in_the_table_once(table):
    found = table.groupby(["study", "world", "replication"], sort=False).size()
    assert set(found.index) == set(study.replications())
    rows = {"category": len(study.DESIGNS)}
    assert all(n == rows.get(kind, len(study.ANALYSES)) for (kind, *_), n in found.items())
    assert found.groupby(["study", "world"]).size().min() >= 10


@pytest.mark.parametrize(
    "function", [study.as_panel, study.sell, study.coins, study.category_test, study.old_and_new]
)
def test_the_chapter_shows_the_code_that_the_study_ran(function):
    chapter = (BOOK / "price_experiments.md").read_text(encoding="utf-8")
    assert inspect.getsource(function) in chapter
    assert inspect.getsource(study.analyse) in chapter


def test_half_of_the_products_are_dear_in_every_block():
    log_price = study.coins(np.random.default_rng(1), 20, 6, block=3, step=0.2)
    assert log_price.shape == (20, 18)
    assert set(np.abs(log_price).ravel()) == {0.2}
    np.testing.assert_allclose(log_price.mean(axis=0), 0, atol=1e-12)
    within = log_price.reshape(20, 6, 3)
    assert (within == within[:, :, :1]).all()


def test_old_prices_follow_their_shocks_and_tested_ones_do_not():
    """The slope of log sales is off by the bias of the chapter, in the old weeks only."""
    size = {"n_products": 2000, "n_tested": 2000, "old": 20, "new": 20}
    units, log_price, elasticity = study.old_and_new(np.random.default_rng(1), 0.1, **size)
    keep = units.mean(axis=1) > 150  # where counting hardly bends the log
    expected = 0.1 * 0.04 / (0.08**2 + 0.1**2 * 0.04), 0
    for weeks, bias in zip((slice(20), slice(20, None)), expected, strict=True):
        x = log_price[keep, weeks] - log_price[keep, weeks].mean(axis=1, keepdims=True)
        left = np.log(units[keep, weeks]) - elasticity[keep, None] * log_price[keep, weeks]
        std_error = 0.22 / np.sqrt((x**2).sum())  # shocks of 0.2, and counting
        assert abs((x * left).sum() / (x**2).sum() - bias) < 4 * std_error


@pytest.mark.slow
@pytest.mark.parametrize("number", [("category", 0.3, 7), ("uneven old data", 0.1, 3)])
def test_a_replication_is_found_again(table, number):
    stored = table.set_index(["study", "world", "replication"]).loc[number].reset_index(drop=True)
    again = pd.DataFrame(study.rows(*number))
    assert again["analysis"].to_list() == stored["analysis"].to_list()
    # Moments are analytic. The centre is a mean of 1,000 draws; 5 standard errors.
    for name in ("tested_rmse", "tested_sd", "untested_rmse", "untested_sd"):
        np.testing.assert_allclose(again[name], stored[name], atol=0.01)
    assert ((again["centre"] - stored["centre"]).abs() < 5 * stored["centre_sd"] / 30).all()
