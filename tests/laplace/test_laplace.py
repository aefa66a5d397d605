"""``fit_laplace``: what must not matter does not, bad panels, and agreement with NUTS."""

import warnings
from dataclasses import replace
from functools import cache, partial
from itertools import combinations

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpyro import handlers
from scipy import stats

import elastic_tutorial as et
from elastic_tutorial.laplace import explore

RARE = 1e-4  # p-value below which a fit is refused, about four standard errors
LAWS = [("gamma", "poisson"), ("gamma", "negative_binomial"), ("fixed", "poisson")]
LAWS.append(("fixed", "negative_binomial"))
LEVELS = ("global", "category", "product")
SUBSETS = [levels for n in (1, 2, 3) for levels in combinations(LEVELS, n)]
PRIOR_SD = np.sqrt(3) / 2  # of a product's elasticity: three sources of 0.5
N_DRAWS = 2_000


def small_panel(n_products=6, n_periods=5):
    rng = np.random.default_rng(1)
    price = np.exp(rng.normal(3, 0.3, (n_products, n_periods))).round(2)
    level = np.exp(rng.normal(3, 1, (n_products, 1)))
    return et.Panel(
        units=rng.poisson(level * (price / 20) ** -1.5).astype(float),
        price=price,
        observed=np.ones(price.shape, bool),
        category=np.arange(n_products) * 3 // (2 * n_products),  # two thirds and one third
        products=np.array([f"p{i}" for i in range(n_products)]),
        periods=np.arange(n_periods),
        categories=np.array(["a", "b"]),
    )


PANEL = small_panel()


def with_units(panel, **rows):
    """Replace the units of some products."""
    units = panel.units.copy()
    for name, values in rows.items():
        units[list(panel.products).index(name)] = values
    return replace(panel, units=units)


def without(panel, hidden):
    """Hide some cells."""
    units, price = (np.where(hidden, np.nan, each) for each in (panel.units, panel.price))
    return replace(panel, units=units, price=price, observed=~hidden)


ONE_UNIT = np.zeros(PANEL.units.shape)
ONE_UNIT[2, 2] = 1
HOLES = np.zeros(PANEL.units.shape, bool)
HOLES[0, 1:] = HOLES[1, 0] = HOLES[4, 2] = True
STILL = PANEL.price.copy()
STILL[0] = STILL[0, 0]
BAD = {
    "as it is": PANEL,
    "constant price": replace(PANEL, price=np.full(PANEL.price.shape, 20.0)),
    "one constant price": replace(PANEL, price=STILL),
    "1e7 units": with_units(PANEL, p0=np.round(1e7 * (PANEL.price[0] / 20) ** -1.5)),
    "one unit": replace(PANEL, units=ONE_UNIT),
    "a product without sales": with_units(PANEL, p3=0.0),
    "a category without sales": with_units(PANEL, p4=0.0, p5=0.0),
    "holes": without(PANEL, HOLES),
}
FEW = {
    "one product": PANEL.select(products=["p0"]),
    "one category": PANEL.select(categories=["a"]),
    "one period": without(PANEL, np.arange(5) * np.ones((6, 1)) > 0).select(),
}
FEW["one cell"] = FEW["one period"].select(products=["p0"])


def fit(panel, intercept="gamma", likelihood="poisson", *, seed=1, **options):
    """Fit, with warnings of the approximation put aside."""
    options = {"key": jax.random.key(seed), "n_draws": N_DRAWS} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", et.ApproximationWarning)
        return et.fit_laplace(panel, intercept=intercept, likelihood=likelihood, **options)


@cache
def fit_of(name, intercept, likelihood):
    return fit((BAD | FEW)[name], intercept, likelihood)


def refused(panel, intercept, likelihood):
    unsold = (panel.total_units == 0).any()
    return unsold and intercept == "fixed" and likelihood == "negative_binomial"


def difference(found, expected):
    """Largest difference of analytic means in posterior sds, and of sds relative."""
    found, expected = (tree["analytic"].to_dataset() for tree in (found, expected))
    found = found.sel(product=expected["product"])
    away = np.abs(found["mean"] - expected["mean"]) / expected["sd"]
    return float(away.max()), float(np.abs(found["sd"] / expected["sd"] - 1).max())


def assert_sensible(tree, panel, intercept):
    """Finite everywhere, but for base demand that is not known, and within the priors."""
    unknown = (panel.total_units == 0) & (intercept == "fixed")
    for name, draws in tree["posterior"].data_vars.items():
        finite = np.isfinite(draws.values)
        if name == "base_demand":
            assert_array_equal(finite, np.broadcast_to(~unknown, finite.shape))
        else:
            assert finite.all(), name
    for name in ("base_demand", "shape", "dispersion", "elasticity_scale", "category_scale"):
        if name in tree["posterior"]:
            assert not (tree["posterior"][name] < 0).any(), name
    analytic = tree["analytic"].to_dataset()
    assert np.isfinite(analytic.to_array().astype(float)).all()
    assert (np.abs(analytic["mean"] + 1.5) < 3 * PRIOR_SD).all()
    # Sales can widen what a prior leaves of one product, but not by much.
    assert ((analytic["sd"] > 0) & (analytic["sd"] < 1.2 * PRIOR_SD)).all()
    assert_array_equal(tree["posterior"]["product"], panel.products)


# Draws


@pytest.mark.parametrize("intercept, likelihood", LAWS)
@pytest.mark.parametrize("name", ["as it is", "holes"])
def test_draws_have_the_analytic_moments(name, intercept, likelihood):
    tree = fit_of(name, intercept, likelihood)
    draws = tree["posterior"]["elasticity"].values[0]
    sd = tree["analytic"]["sd"].values
    # A draw's place on the curve of a hyperparameter is not linear, which the sd ignores.
    assert (np.abs(draws.mean(axis=0) - tree["analytic"]["mean"].values) < 0.15 * sd).all()
    spread = np.sqrt((stats.kurtosis(draws, fisher=False) - 1) / 4 / N_DRAWS)
    assert (np.abs(draws.std(axis=0) / sd - 1) < 4 * spread + 0.03).all()


@pytest.mark.parametrize("intercept, likelihood", LAWS[:3])
def test_draws_have_the_names_and_dims_of_the_model(intercept, likelihood):
    model = partial(et.partial_pooling, intercept=intercept, likelihood=likelihood)
    seeded = handlers.seed(model, jax.random.key(1))
    sites = handlers.trace(seeded).get_trace(PANEL)
    expected = {k: np.shape(v["value"]) for k, v in sites.items() if v["type"] != "plate"}
    for name in ("units", "base"):
        expected.pop(name, None)
    draws = fit_of("as it is", intercept, likelihood)["posterior"]
    found = {name: each.shape[2:] for name, each in draws.data_vars.items()}
    assert found == expected | {"base_demand": (6,)}
    assert draws["time_effect"].dims == ("chain", "draw", "category", "period")
    assert_allclose(draws["time_effect"].sum("period"), 0, atol=1e-9)


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_mean_and_sd_do_not_depend_on_the_key(intercept, likelihood):
    one, other = (
        fit_of("as it is", intercept, likelihood),
        fit(PANEL, intercept, likelihood, seed=2),
    )
    assert_array_equal(one["analytic"].to_dataset()["mean"], other["analytic"]["mean"])
    assert_array_equal(one["analytic"].to_dataset()["sd"], other["analytic"]["sd"])
    assert (one["posterior"]["elasticity"] != other["posterior"]["elasticity"]).all()


def test_a_gaussian_of_hyperparameters_has_moments_without_a_key(monkeypatch):
    monkeypatch.setattr(explore, "is_gaussian", lambda *_: True)
    one, other = (fit(PANEL, seed=seed, n_draws=20)["analytic"] for seed in (1, 2))
    for name in ("mean", "sd"):
        assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("gaussian", [False, True])
def test_every_key_is_used_once(gaussian, monkeypatch):
    """For JAX, or as the seed of one NumPy generator."""
    used, split, default_rng = [], jax.random.split, np.random.default_rng

    def record_key(key, *shape):
        if not isinstance(key, jax.core.Tracer):
            used.append(tuple(np.ravel(jax.random.key_data(key))))
        return split(key, *shape)

    def record_seed(seed):
        used.append(tuple(np.ravel(seed)))
        return default_rng(seed)

    monkeypatch.setattr(jax.random, "split", record_key)
    monkeypatch.setattr(np.random, "default_rng", record_seed)
    monkeypatch.setattr(explore, "is_gaussian", lambda *_: gaussian)
    fit(PANEL, n_draws=20)
    assert len(used) >= 4
    assert len(set(used)) == len(used)


def test_base_demand_has_its_gamma_posterior_where_all_else_is_known():
    exact = {"global_sd": 1e-9, "level_sd": 1e-9, "shape_log_mean": np.log(3), "shape_log_sd": 1e-3}
    panel = with_units(PANEL, p0=[0, 1, 0, 2, 0], p1=0.0)
    options = {"levels": ("global",), "time_effects": False, "priors": exact}
    draws = fit(panel, **options)["posterior"]["base_demand"].values[0]
    demand = np.exp(-1.5 * (panel.log_price - panel.log_price.mean()))
    rate = (3 + demand.sum(axis=1)) / demand[:, -1]
    for each, total, slow in zip(draws.T, panel.total_units, rate, strict=True):
        law = stats.gamma(3 + total, scale=1 / slow)
        assert stats.kstest(each, law.cdf).pvalue > RARE


# What must not matter


@pytest.mark.parametrize("factor", [100.0, 0.0137])
@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_no_elasticity_depends_on_the_currency(intercept, likelihood, factor):
    other = replace(PANEL, price=factor * PANEL.price)
    trees = fit(other, intercept, likelihood), fit_of("as it is", intercept, likelihood)
    assert max(difference(*trees)) < 0.01
    base = [tree["posterior"]["base_demand"].mean(("chain", "draw")) for tree in trees]
    assert_allclose(*base, rtol=0.01)


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_the_order_of_the_products_does_not_matter(intercept, likelihood):
    order = np.random.default_rng(1).permutation(6)
    rows = ("units", "price", "observed", "category", "products")
    mixed = replace(PANEL, **{name: getattr(PANEL, name)[order] for name in rows})
    trees = fit(mixed, intercept, likelihood), fit_of("as it is", intercept, likelihood)
    # Sums in another order differ by their rounding, and the climbs stop at 1e-9.
    assert max(difference(*trees)) < 1e-3
    other, one = (tree["analytic"].to_dataset() for tree in trees)
    other = other.sel(product=one["product"])
    for name in (
        "mean",
        "sd",
    ):  # chapters print three decimals at the most: a twentieth of the last
        assert_allclose(other[name], one[name], rtol=0, atol=5e-5)


def test_the_order_of_the_rows_does_not_matter():
    frame = PANEL.to_frame()
    mixed = frame.sample(frac=1, random_state=np.random.default_rng(1))
    names = {name: name for name in ("product", "period", "units", "price", "category")}
    trees = [fit(et.Panel.from_frame(table, **names)) for table in (frame, mixed)]
    assert_array_equal(*(tree["posterior"]["elasticity"].values for tree in trees))


@pytest.mark.slow
@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_two_devices_find_the_same(intercept, likelihood):
    spread = fit(PANEL, intercept, likelihood, devices=jax.devices()[:2])
    one = fit_of("as it is", intercept, likelihood)
    for name in ("mean", "sd"):
        assert_allclose(spread["analytic"][name], one["analytic"][name], rtol=0, atol=1e-8)


# Bad panels


@pytest.mark.parametrize("intercept, likelihood", LAWS)
@pytest.mark.parametrize("name", BAD)
def test_a_bad_panel_has_a_sensible_posterior_or_a_clear_error(name, intercept, likelihood):
    panel = BAD[name]
    if refused(panel, intercept, likelihood):
        with pytest.raises(ValueError, match=r"sold nothing, 'p\d' among them, .*'gamma', or drop"):
            fit(panel, intercept, likelihood)
    else:
        assert_sensible(fit_of(name, intercept, likelihood), panel, intercept)


@pytest.mark.slow
@pytest.mark.parametrize("intercept, likelihood", LAWS)
@pytest.mark.parametrize("name", FEW)
def test_a_panel_with_one_of_something_has_a_sensible_posterior(name, intercept, likelihood):
    assert_sensible(fit_of(name, intercept, likelihood), FEW[name], intercept)


@pytest.mark.parametrize("likelihood", ["poisson", "negative_binomial"])
def test_without_price_changes_fixed_intercepts_leave_the_prior(likelihood):
    analytic = fit_of("constant price", "fixed", likelihood)["analytic"]
    assert not analytic["informed"].any()
    assert_allclose(analytic["mean"], -1.5, atol=1e-3)
    # Of a few points for the scale.
    assert_allclose(analytic["sd"], PRIOR_SD, rtol=0.03)


@pytest.mark.parametrize("name", ["a product without sales", "one constant price"])
def test_a_product_that_teaches_nothing_keeps_its_prior(name):
    tree, quiet = fit_of(name, "fixed", "poisson"), {"p3", "p0"}
    analytic, draws = tree["analytic"], tree["posterior"]
    silent = analytic["product"].values[~analytic["informed"].values]
    assert len(silent) == 1 and set(silent) < quiet
    own = draws["elasticity"].sel(product=silent[0]).values.ravel()
    away = own - draws["category_elasticity"].sel(category="a").values.ravel()
    assert abs(away.mean()) < 4 * away.std() / N_DRAWS**0.5
    scale = draws["elasticity_scale"].values.ravel()
    error = 4 * np.sqrt((stats.kurtosis(away, fisher=False) - 1) / 4 / N_DRAWS)
    assert_allclose(away.std(), np.sqrt((scale**2).mean()), rtol=error + 0.05)
    assert fit_of(name, "gamma", "poisson")["analytic"]["informed"].all()


def test_a_product_with_many_sales_is_known_by_its_own():
    """Without time effects, by the slope of log units."""
    panel = BAD["1e7 units"]
    mean = 1e7 * np.exp(-2.1 * (panel.log_price[0] - panel.log_price[0].mean()))
    panel = with_units(panel, p0=np.round(mean))
    for intercept in ("gamma", "fixed"):
        analytic = fit(panel, intercept, time_effects=False)["analytic"].sel(product="p0")
        x = panel.log_price[0]
        share = mean / mean.sum()
        sd = 1 / np.sqrt(mean.sum() * (share @ x**2 - (share @ x) ** 2))
        assert abs(analytic["mean"] + 2.1) < 2 * sd
        assert_allclose(analytic["sd"], sd, rtol=0.02)


# Errors


@pytest.mark.parametrize(
    "options, message",
    [
        ({"likelihood": "normal"}, r"^likelihood must be one of .*; got 'normal'"),
        ({"intercept": "kept"}, r"^intercept must be one of .*; got 'kept'"),
        ({"levels": ("store",)}, r"^levels must be some of global, category, product; got"),
        ({"levels": ()}, r"^levels must be some of global, category, product; got"),
        ({"priors": {"mean": 1.0}}, r"^priors must be among global_mean, .*got \['mean'\]"),
        ({"n_draws": 1}, r"^n_draws must be 2 or more; got 1"),
        ({"n_draws": 2.5}, r"^n_draws must be a whole number, 0 or more; got 2.5"),
        ({"elasticity_scale": -1.0}, r"^product scale must be a finite number, 0 or more; got"),
        ({"category_scale": np.inf}, r"^category scale must be a finite number, 0 or more; got"),
    ],
    ids=str,
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        et.fit_laplace(PANEL, key=jax.random.key(1), **options)


def test_a_panel_is_needed():
    with pytest.raises(TypeError, match=r"^panel must be a Panel"):
        et.fit_laplace(PANEL.units, key=jax.random.key(1))


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_a_store_that_sold_nothing_is_refused(intercept, likelihood):
    with pytest.raises(ValueError, match=r"^no product sold a unit: there is nothing to learn"):
        fit(replace(PANEL, units=0 * PANEL.units), intercept, likelihood)


def test_fixed_intercepts_with_overdispersed_sales_need_sales_of_every_product():
    message = (
        r"^1 products sold nothing, 'p3' among them, and a flat intercept has no proper "
        r"posterior there: use intercept='gamma', or drop them with panel.select\(min_units=1\)"
    )
    with pytest.raises(ValueError, match=message):
        fit(BAD["a product without sales"], "fixed", "negative_binomial")


# Options


@pytest.mark.slow
@pytest.mark.parametrize("intercept, likelihood", [LAWS[1], LAWS[2]])
@pytest.mark.parametrize("levels", SUBSETS, ids="-".join)
def test_levels_can_be_taken_away(levels, intercept, likelihood):
    tree = fit(PANEL, intercept, likelihood, levels=levels)
    assert_sensible(tree, PANEL, intercept)
    options = {"levels": levels, "intercept": intercept, "likelihood": likelihood}
    seeded = handlers.seed(partial(et.partial_pooling, **options), jax.random.key(1))
    sites = handlers.trace(seeded).get_trace(PANEL)
    names = {name for name, site in sites.items() if site["type"] != "plate"}
    assert set(tree["posterior"].data_vars) == names - {"units", "base"} | {"base_demand"}
    elasticity = tree["posterior"]["elasticity"].values[0]
    groups = {"product": PANEL.products, "category": PANEL.category}
    lowest = [name for name in ("product", "category") if name in levels]
    groups = groups[lowest[0]] if lowest else np.zeros(6)
    expected = len(np.unique(groups))
    assert len(np.unique(elasticity[0].round(9))) == expected


@pytest.mark.slow
@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_time_effects_and_scales_can_be_left_out(intercept, likelihood):
    options = {"time_effects": False, "category_scale": 0.4, "elasticity_scale": 0.3}
    tree = fit(PANEL, intercept, likelihood, **options)
    assert_sensible(tree, PANEL, intercept)
    gone = {"time_effect", "category_scale", "elasticity_scale"}
    assert not gone & set(tree["posterior"].data_vars)


@pytest.mark.slow
@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_scales_of_zero_are_levels_that_agree(intercept, likelihood):
    tree = fit(PANEL, intercept, likelihood, category_scale=0.0, elasticity_scale=0.0)
    one = fit(PANEL, intercept, likelihood, levels=("global",))
    assert max(difference(tree, one)) < 0.05
    assert np.ptp(tree["posterior"]["elasticity"].values, axis=-1).max() < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_the_effect_of_a_covariate_is_recovered(intercept, likelihood):
    size = {"n_products": 40, "n_categories": 2, "n_periods": 16, "price_change_prob": 0.3}
    store = et.simulate_store(
        np.random.default_rng(1), **size, promotion_prob=0.2, promotion_lift=0.8
    )
    panel = store.panel.select(min_units=1)
    draws = fit(panel, intercept, likelihood)["posterior"]["effect_of_promotion"]
    assert abs(float(draws.mean()) - 0.8) < 4 * float(draws.std())
    assert float(draws.std()) < 0.2


# Against sampling


@pytest.mark.slow
@pytest.mark.parametrize("intercept, likelihood", LAWS[:3])
def test_the_posterior_is_that_of_nuts(intercept, likelihood):
    size = {"n_products": 30, "n_categories": 3, "n_periods": 20, "price_change_prob": 0.5}
    panel = et.simulate_store(np.random.default_rng(3), **size).panel
    tree = fit(panel, intercept, likelihood)
    model = partial(et.partial_pooling, intercept=intercept, likelihood=likelihood)
    reference = et.fit_nuts(model, panel, key=jax.random.key(2), progress_bar=False)
    found = et.compare_posteriors(tree, reference)
    error = np.abs(found["distance"] / found["z"])  # Monte Carlo error, in sds
    assert (np.abs(found["distance"]) < 4 * error + 0.05).all()
    assert (np.abs(found["sd_ratio"] - 1) < 0.1).all()
    for name, draws in tree["posterior"].data_vars.items():
        if name == "base_demand":
            continue
        expected = reference["posterior"][name]
        sd = expected.std(("chain", "draw"))
        away = (draws.mean(("chain", "draw")) - expected.mean(("chain", "draw"))) / sd
        # Of 2,000 draws here, and a few hundred independent ones there.
        assert (np.abs(away) < 0.35).all(), name
