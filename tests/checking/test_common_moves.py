"""Whether a fit with time effects tells substitutes from strangers, on shelves of known truth."""

from functools import cache

import jax
import numpy as np
import pytest
import xarray as xr

import elastic_tutorial as et
from elastic_tutorial.checking.common_moves import common_moves

N_PERIODS, CUSTOMERS, SENSITIVITY = 104, 20_000, 2.0


def shelf(seed, n_products=4, *, substitutes, shocks=0.05):
    """Sales of products whose customers choose by a logit, or think of each product alone."""
    rng = np.random.default_rng(seed)
    usual = rng.uniform(2.5, 3.5, (n_products, 1))
    moves = rng.normal(0, 0.08, (n_products, N_PERIODS)) + rng.normal(0, 0.03, N_PERIODS)
    price = (usual * np.exp(moves)).round(2)
    market = CUSTOMERS * np.exp(rng.normal(0, shocks, N_PERIODS))
    if substitutes:
        appeal = np.exp(SENSITIVITY * (usual - price))
        share = appeal / (2 + appeal.sum(axis=0))
        own = -SENSITIVITY * usual[:, 0] * (1 - 1 / (2 + n_products))
    else:
        share = 0.1 * (price / usual) ** -2.0
        own = np.full(n_products, -2.0)
    panel = et.Panel(
        units=rng.poisson(market * share).astype(float),
        price=price,
        observed=np.ones(price.shape, bool),
        category=np.zeros(n_products, int),
        products=np.arange(n_products),
        periods=np.arange(N_PERIODS),
        categories=np.array(["shelf"]),
    )
    return panel, own


@cache
def moves_of(seed, *, substitutes):
    panel, own = shelf(seed, substitutes=substitutes)
    options = {"likelihood": "negative_binomial", "intercept": "fixed", "n_draws": 100}
    posterior = et.fit_laplace(panel, key=jax.random.key(seed), **options)
    return common_moves(posterior, panel), own, et.check_fit(posterior, panel)


@pytest.mark.parametrize("seed", range(3))
def test_on_a_shelf_of_substitutes_three_questions_have_three_answers(seed):
    found, own, table = moves_of(seed, substitutes=True)
    assert found.differs
    assert found.against < found.alone < found.together < 0
    mine = 1 / len(own)
    assert abs(found.alone - own.mean()) < 0.15 + found.half * mine  # the logit bends by 0.1
    row = table.loc["common price moves"]
    assert row["verdict"] == "look" and "take sales from each other" in row["advice"]


def test_strangers_are_taken_for_strangers():
    """Of eight shelves one may look otherwise by chance; two would in one of 370 such tests."""
    found = [moves_of(seed, substitutes=False) for seed in range(8)]
    assert sum(moves.differs for moves, *_ in found) <= 1
    for moves, _, table in found:
        assert abs(moves.together + 2) < 1.5 * moves.half + 0.05
        verdict = table.loc["common price moves", "verdict"]
        assert verdict == ("look" if moves.differs else "ok")


def test_a_fit_without_time_effects_cannot_tell():
    panel, _ = shelf(1, n_products=2, substitutes=False)
    assert common_moves(xr.DataTree.from_dict({"posterior": xr.Dataset()}), panel) is None
