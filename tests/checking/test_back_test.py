"""``back_test``: what is hidden, and whether intervals from a known truth keep their promise."""

from dataclasses import replace

import arviz as az
import jax
import numpy as np
import pytest
from scipy import stats

import elastic_tutorial as et
from elastic_tutorial.checking import back_test

N_DRAWS = 400
SHAPE = (60, 30)


def true_store(dispersion=None, seed=1):
    """A panel, and a posterior that knows the truth: every draw is the same."""
    rng = np.random.default_rng(seed)
    category = np.arange(SHAPE[0]) % 3
    price = np.exp(rng.normal(1, 0.2, SHAPE))
    elasticity, base = rng.normal(-2, 0.5, SHAPE[0]), rng.lognormal(1.5, 1, SHAPE[0])
    time = rng.normal(0, 0.3, (3, SHAPE[1]))
    promotion = rng.random(SHAPE) < 0.2
    # Demand at the last price that the fit sees, three periods before the end or at the end.
    mean = base[:, None] * price ** elasticity[:, None] * np.exp(time[category] + 0.4 * promotion)
    noise = 1 if dispersion is None else rng.gamma(1 / dispersion, dispersion, SHAPE)
    panel = et.Panel(
        units=rng.poisson(mean * noise).astype(float),
        price=price,
        observed=np.ones(SHAPE, bool),
        category=category,
        products=np.array([f"p{i:02d}" for i in range(SHAPE[0])]),
        periods=np.arange(SHAPE[1]),
        categories=np.array(["a", "b", "c"]),
        covariates={"promotion": promotion.astype(float)},
    )

    def posterior(train):
        last = SHAPE[1] - 1 - train.observed[:, ::-1].argmax(axis=1)
        current = price[np.arange(SHAPE[0]), last]
        values = {
            "elasticity": elasticity,
            "base_demand": base * current**elasticity,
            "time_effect": time,
            "effect_of_promotion": np.array(0.4),
        }
        if dispersion is not None:
            values["dispersion"] = np.array(dispersion)
        draws = {k: np.broadcast_to(v, (1, N_DRAWS, *v.shape)) for k, v in values.items()}
        dims = {"elasticity": ["product"], "base_demand": ["product"]}
        return az.from_dict({"posterior": draws}, dims=dims)

    return panel, posterior


@pytest.fixture
def known(monkeypatch):
    """Let the back-test "fit" the truth, and keep what it was given."""
    given = {}

    def install(dispersion=None):
        panel, posterior = true_store(dispersion)

        def fit(train, **options):
            given.update(train=train, options=options)
            return posterior(train)

        monkeypatch.setattr(back_test, "fit_laplace", fit)
        return panel

    return install, given


@pytest.mark.parametrize("dispersion", [None, 0.3])
@pytest.mark.parametrize("prob", [0.5, 0.9])
def test_the_truth_covers_as_often_as_it_says(dispersion, prob, known):
    panel = known[0](dispersion)
    test = et.back_test(panel, key=jax.random.key(1), prob=prob, n_periods=10)
    n = test.sizes["cell"]
    assert n == 300
    error = np.sqrt(prob * (1 - prob) / n)
    assert abs(test.attrs["coverage"] - prob) < 4 * error
    assert stats.kstest(test["rank"], "uniform").pvalue > 1e-4
    inside = (test["lower"] <= test["units"]) & (test["units"] <= test["upper"])
    assert inside.mean() >= test.attrs["coverage"]  # counts: ties lie inside
    half = (test.attrs["coverage_upper"] - test.attrs["coverage_lower"]) / 2
    assert 1.9 * error < half < 4 * error
    assert test.attrs["error"] < test.attrs["usual_error"]


def test_the_last_periods_of_half_of_each_category_are_hidden(known):
    panel = known[0]()
    test = et.back_test(panel, key=jax.random.key(2), n_periods=4)
    train = known[1]["train"]
    hidden = panel.observed & ~train.observed
    rows = np.flatnonzero(hidden.any(axis=1))
    assert np.bincount(panel.category[rows]).tolist() == [10, 10, 10]
    assert hidden[rows, -4:].all() and hidden.sum() == 4 * len(rows)
    for array in (train.units, train.price, train.covariates["promotion"]):
        np.testing.assert_array_equal(np.isnan(array), hidden)
    assert set(test["product"].values) == set(panel.products[rows])
    assert set(test["period"].values) == set(panel.periods[-4:])
    other = et.back_test(panel, key=jax.random.key(3), n_periods=4)
    assert set(other["product"].values) != set(test["product"].values)


def seed_of(key):
    return np.asarray(jax.random.key_data(key)).ravel().tolist()


def test_what_is_hidden_and_what_is_drawn_have_random_numbers_of_their_own(known, monkeypatch):
    panel, seeds, make = known[0](), [], np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed: seeds.append(seed) or make(seed))
    key = jax.random.key(2)
    et.back_test(panel, key=key, n_periods=4)
    used = [np.ravel(seed).tolist() for seed in seeds] + [seed_of(known[1]["options"]["key"])]
    assert len(used) == 2 and used[0] != used[1]
    assert seed_of(key) not in used  # a key that was split is spent


def test_a_tenth_is_hidden_by_default_and_without_time_effects_of_all(known):
    panel = known[0]()
    et.back_test(panel, key=jax.random.key(2), time_effects=False, likelihood="poisson")
    assert (panel.observed & ~known[1]["train"].observed).sum(axis=1).tolist() == [3] * 60
    assert known[1]["options"]["time_effects"] is False
    assert known[1]["options"]["likelihood"] == "poisson"


def test_a_product_keeps_enough_to_learn_from(known):
    panel = known[0]()
    units, observed = panel.units.copy(), panel.observed.copy()
    units[:20, :-3] = 0  # sold in the hidden periods only
    observed[20:40, :-4] = False  # five periods in all, then two without the last three
    observed[20:40, -2] = False
    blank = np.where(observed, 0, np.nan)
    seen = {"units": units + blank, "price": panel.price + blank, "observed": observed}
    covariates = {k: v + blank for k, v in panel.covariates.items()}
    panel = replace(panel, **seen, covariates=covariates)
    test = et.back_test(panel, key=jax.random.key(2), n_periods=3, time_effects=False)
    assert set(test["product"].values) == set(panel.products[40:])


def test_a_period_that_no_other_product_shows_is_not_hidden(known):
    panel = known[0]()
    observed = panel.observed.copy()
    observed[:, -1] = False
    observed[::3, -1] = panel.category[::3] == 0  # category a alone has the last period
    observed[3:, -1] = False  # and of it one product
    blank = np.where(observed, 0, np.nan)
    panel = replace(
        panel,
        units=panel.units + blank,
        price=panel.price + blank,
        observed=observed,
        covariates={k: v + blank for k, v in panel.covariates.items()},
    )
    for seed in range(4):  # it is among the chosen in some
        test = et.back_test(panel, key=jax.random.key(seed), n_periods=2)
        assert panel.periods[-1] not in test["period"].values


def test_what_cannot_be_hidden_is_refused(known):
    panel = known[0]()
    lone = panel.select(products=["p00", "p01", "p02"])  # one of each category
    with pytest.raises(et.PanelError, match="nothing can be hidden for a back-test"):
        et.back_test(lone, key=jax.random.key(1))
    with pytest.raises(et.PanelError, match="nothing can be hidden"):
        et.back_test(panel, key=jax.random.key(1), n_periods=29)
    with pytest.raises(ValueError, match="n_periods must be 1 or more; got 0"):
        et.back_test(panel, key=jax.random.key(1), n_periods=0)
    with pytest.raises(ValueError, match="prob must lie strictly between 0 and 1"):
        et.back_test(panel, key=jax.random.key(1), prob=1.0)
    with pytest.raises(TypeError, match="panel must be a Panel"):
        et.back_test(None, key=jax.random.key(1))


@pytest.mark.slow
@pytest.mark.parametrize("intercept", ["fixed", "gamma"])
@pytest.mark.parametrize("likelihood", ["poisson", "negative_binomial"])
def test_a_fit_of_the_right_model_passes(likelihood, intercept):
    size = {"n_products": 300, "n_categories": 5, "n_periods": 40, "price_change_prob": 0.3}
    noise = {"period_noise": 0.05 if likelihood == "poisson" else 0.4, "initial_price": (2, 20)}
    store = et.simulate_store(np.random.default_rng(5), **size, **noise)
    panel = store.panel.select(min_units=1)
    options = {"likelihood": likelihood, "intercept": intercept}
    test = et.back_test(panel, key=jax.random.key(5), **options)
    # Uniform noise is not the gamma of the model: 0.03 for that, and the Monte Carlo error.
    low, high = (test.attrs[f"coverage_{end}"] for end in ("lower", "upper"))
    assert low - 0.03 < 0.9 < high + 0.03
