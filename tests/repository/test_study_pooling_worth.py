"""The stored study of what poolings earn: what it claims, and rows of it computed again."""

import numpy as np
import pandas as pd
import pytest
from studies import pooling_worth as study

KEYS = ["seed", "method", "units sold"]


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(study.PATH, comment="#")


def test_every_method_was_tried_on_ten_stores(table):
    expected = [(s, m, c) for s in range(10) for m in study.METHODS for c in study.CLASSES]
    assert [tuple(row) for row in table[KEYS].to_numpy()] == expected
    sizes = table.groupby(["seed", "method"])["products"].agg(["first", "sum"])
    assert (sizes["first"] == study.STORE["n_products"]).all()
    assert (sizes["sum"] == 2 * study.STORE["n_products"]).all()


@pytest.mark.parametrize("measure", ["share of profit", "share of gain", "mean share of profit"])
def test_partial_pooling_earns_most_in_every_store(table, measure):
    shares = table[table["units sold"] == "all"].pivot(index="seed", columns="method")[measure]
    others = shares.drop(columns="partial pooling")
    assert (others.lt(shares["partial pooling"], axis=0)).all(axis=None)


def test_no_method_earns_more_than_there_is(table):
    # Shares are rounded to four digits.
    measures = ["share of profit", "share of gain", "mean share of profit"]
    assert (table[measures] <= 1).all(axis=None)
    today = table[table["method"] == "today's prices"]
    assert (today["share of gain"] == 0).all()


def found_again(table, seed, method):
    stored = table[(table["seed"] == seed) & (table["method"] == method)].reset_index(drop=True)
    again = pd.DataFrame(study.rows(seed, method))
    pd.testing.assert_frame_equal(again[[*KEYS, "products"]], stored[[*KEYS, "products"]])
    measures = stored.columns.drop([*KEYS, "products"])
    return (again[measures] - stored[measures]).abs()


@pytest.mark.parametrize("method", ["today's prices", "separate regressions"])
def test_rows_that_need_no_fit_are_found_again(table, method):
    assert (found_again(table, 3, method) <= 0.00006).all(axis=None)  # half a unit of rounding


@pytest.mark.slow
def test_a_row_of_partial_pooling_is_found_again(table):
    # Draws may differ between machines; a share moves with the square of what a price moves.
    assert (found_again(table, 3, "partial pooling") <= 0.002).all(axis=None)


def test_the_markup_is_the_best_price_within_the_bounds():
    rng = np.random.default_rng(1)
    elasticity, current = rng.uniform(-4, -0.2, 50), rng.uniform(1, 100, 50)
    cost = current * rng.uniform(*study.COST_SHARE, 50)
    grid = current[:, None] * np.linspace(*study.BOUNDS, 100_001)
    profit = grid ** elasticity[:, None] * (grid - cost[:, None])
    best = np.take_along_axis(grid, profit.argmax(axis=1)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(study.markup(elasticity, cost, current), best, rtol=1e-5)
