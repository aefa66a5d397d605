"""What covariates and effects leave to learn from, on tables of known truth."""

from dataclasses import replace

import numpy as np
import pytest

import elastic_tutorial as et
from elastic_tutorial.checking.moves import (
    absorbed_covariates,
    overlap,
    own_moves,
    separated_products,
)

SHAPE = (12, 40)


def panel_of(seed=1, hidden=0.0, **covariates):
    """Independent price moves, and covariates as given, shape (product, period) or wider."""
    rng = np.random.default_rng(seed)
    observed = rng.random(SHAPE) >= hidden
    blank = np.where(observed, 0, np.nan)
    price = np.exp(rng.normal(1, 0.2, SHAPE)) + blank
    units = rng.poisson(20, SHAPE) + blank
    values = {k: np.broadcast_to(v, SHAPE) + blank for k, v in covariates.items()}
    return et.Panel(
        units=units,
        price=price,
        observed=observed,
        category=np.arange(SHAPE[0]) % 2,
        products=np.arange(SHAPE[0]),
        periods=np.arange(SHAPE[1]),
        categories=np.array(["a", "b"]),
        covariates=values,
    )


@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_own_moves_are_the_residuals_of_a_regression_on_dummies(hidden):
    panel = panel_of(hidden=hidden)
    product, period = np.nonzero(panel.observed)
    slot = panel.category[product] * SHAPE[1] + period
    dummies = np.hstack([np.eye(SHAPE[0])[product], np.eye(2 * SHAPE[1])[slot]])
    values = panel.log_price[panel.observed]
    left = values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    moves = own_moves(panel.log_price, panel, time_effects=True)
    np.testing.assert_allclose(moves[panel.observed], left, atol=1e-9)
    assert np.isnan(moves[~panel.observed]).all()


@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_covariates_that_effects_absorb_are_named(hidden):
    rng = np.random.default_rng(2)
    covariates = {
        "const": np.ones(1),
        "size": rng.normal(size=(SHAPE[0], 1)),
        "temp": 20 + rng.normal(size=SHAPE[1]),
        "both": rng.normal(size=(SHAPE[0], 1)) + rng.normal(size=SHAPE[1]),
        "promo": rng.random(SHAPE) < 0.2,
        "rival": 3 + rng.normal(size=SHAPE),
    }
    panel = panel_of(hidden=hidden, **covariates)
    assert absorbed_covariates(panel) == ["const", "size", "temp", "both"]
    assert absorbed_covariates(panel, time_effects=False) == ["const", "size"]
    row = et.check_store(panel).loc["covariates"]
    assert row["verdict"] == "look" and "'const', 'size', 'temp', 'both'" in row["found"]


def test_a_promotion_that_is_the_price_is_named():
    rng = np.random.default_rng(3)
    promo = rng.random(SHAPE) < 0.25
    panel = panel_of(promo=promo, rival=rng.normal(size=SHAPE))
    noise = np.exp(rng.normal(0, 0.01, SHAPE))
    deal = replace(panel, price=4 * np.where(promo, 0.75, 1) * noise)
    found = overlap(deal, ["promo", "rival"])
    assert found.left < 0.02 and found.culprit == "promo" and found.little.all()
    row = et.check_store(deal).loc["covariates"]
    assert row["verdict"] == "look" and "'promo' moves as the price does" in row["advice"]
    free = overlap(panel, ["promo", "rival"])
    assert free.left > 0.95 and not free.little.any()
    assert et.check_store(panel).loc["covariates", "verdict"] == "ok"


def test_a_product_that_sold_at_one_price_and_never_beyond_is_found():
    panel = panel_of()
    units, price = panel.units.copy(), panel.price.copy()
    price[0] = np.where(np.arange(SHAPE[1]) % 2, 4.0, 5.0)
    units[0] = np.where(price[0] == 4.0, 30, 0)  # never at the higher price
    price[1] = price[0]
    units[1] = np.where(price[1] == 5.0, 30, 0)  # never at the lower one
    price[2] = np.where(np.arange(SHAPE[1]) == 7, 9.0, 4.0)
    units[2] = np.where(np.arange(SHAPE[1]) == 7, 0, 2)  # at 9 nobody was to be expected
    units[3, 5:] = 0  # the end of a season, at all prices
    price[4] = np.repeat([4.0, 4.04, 5.5, 5.0], 10)
    units[4] = np.where(price[4] < 5, 30, 0)  # one price but for four cents
    units[5] = np.where(price[5] < np.median(price[5]), 30, 0)  # many prices tell how steep it is
    found = separated_products(replace(panel, units=units, price=price))
    assert np.flatnonzero(found).tolist() == [0, 1, 4]
    row = et.check_store(replace(panel, units=units, price=price)).loc["sales at one price only"]
    assert row["verdict"] == "look" and row["found"].startswith("0, 1, 4 sold")
