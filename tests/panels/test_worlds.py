import jax
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import elastic_tutorial as et

NAMES = ["corner shop", "supermarket", "discounter"]
SEEDS = [1, 2, 3]
SCEPTIC = {"global_mean": -1.0, "global_sd": 0.25}  # another prior of the store's elasticity


def separate_error(store):
    """Mean absolute error of the regressions of each product alone, where they say anything."""
    table = et.product_elasticities(store.panel)
    estimates = table["estimate"].reindex(store.panel.products).to_numpy()
    return np.nanmean(np.abs(estimates - store.truth["elasticity"].to_numpy()))


def fitted(store, **settings):
    """Mean and standard deviation of each product, pooled."""
    posterior = et.fit_laplace(store.panel, key=jax.random.key(0), **settings)
    return et.elasticity_summary(posterior, prob=0.9), posterior["posterior"]


def never_moved(panel):
    return (panel.price == panel.price[:, :1]).all(axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_world_follows_from_its_name_and_the_generator(name):
    one, again = (et.simulate_world(name, np.random.default_rng(1)) for _ in range(2))
    assert_array_equal(one.panel.units, again.panel.units)
    other = et.simulate_world(name, np.random.default_rng(2))
    assert not np.array_equal(one.panel.units, other.panel.units)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"one of 'corner shop', .*'discounter'; got 'kiosk'"):
        et.simulate_world("kiosk", np.random.default_rng(1))


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_not_a_generator(name):
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator; got 1"):
        et.simulate_world(name, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_alone_a_product_says_much_in_the_supermarket_and_little_in_the_corner_shop(seed):
    shop, market = (et.simulate_world(name, np.random.default_rng(seed)) for name in NAMES[:2])
    assert np.median(shop.panel.units) < 15 < 100 < np.median(market.panel.units)
    # Elasticities of a category differ by 0.3: an error above that is worse than the mean of all.
    assert separate_error(shop) > 0.6
    assert separate_error(market) < 0.15


@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_discounter_most_prices_never_move(seed):
    panel = et.simulate_world("discounter", np.random.default_rng(seed)).panel
    share, sd = 0.7, np.sqrt(0.7 * 0.3 / panel.n_products)
    assert abs(never_moved(panel).mean() - share) < 4 * sd
    table = et.product_elasticities(panel).reindex(panel.products)
    assert table["estimate"].isna()[never_moved(panel)].all()


@pytest.mark.slow
def test_the_prior_is_felt_in_the_corner_shop_and_not_in_the_supermarket():
    moved = {}
    for name in NAMES[:2]:
        store = et.simulate_world(name, np.random.default_rng(1))
        summary, _ = fitted(store)
        error = np.abs(summary["mean"] - store.truth["elasticity"]).mean()
        assert error < separate_error(store) / 2
        moved[name] = float(
            np.abs(summary["mean"] - fitted(store, priors=SCEPTIC)[0]["mean"]).mean()
        )
    assert moved["corner shop"] > 10 * moved["supermarket"]


@pytest.mark.slow
def test_in_the_discounter_a_still_price_leaves_what_the_category_knows():
    store = et.simulate_world("discounter", np.random.default_rng(1))
    summary, draws = fitted(store)
    still = never_moved(store.panel)
    scale = float(draws["elasticity_scale"].mean())
    sds = summary["sd"].to_numpy()
    assert 0.8 < sds[still].mean() / scale < 1.4
    assert sds[~still].mean() < sds[still].mean()
