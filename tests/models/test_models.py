"""The models have the densities, the sites and the implied priors that they promise."""

from itertools import combinations, product

import jax
import numpy as np
import numpyro
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpyro import handlers
from numpyro.infer import Predictive
from numpyro.infer.util import log_density
from scipy import special, stats

import elastic_tutorial as et

NAN = np.nan
RARE = 1e-4  # p-value below which a fit is refused, about four standard errors
LOGITS = np.array([[0.3, -1.2, 0.0, 0.8], [2.0, 1.0, -0.5, 0.1], [0.0, 0.0, 0.0, 0.0]])
UNITS = np.array([[3.0, 0.0, 2.0, 7.0], [40.0, 11.0, 5.0, 9.0], [0.0, 0.0, 0.0, 0.0]])
ALL = np.ones((3, 4), bool)
SOME = np.array([[1, 1, 0, 1], [0, 1, 1, 1], [1, 0, 0, 1]], bool)


def panel_of(units, price, *, category=None, **covariates):
    """Panel of arrays over (product, period); a cell whose units are NaN was not observed."""
    units = np.asarray(units, float)
    price = np.broadcast_to(price, units.shape)
    item, week = np.nonzero(~np.isnan(units))
    table = pd.DataFrame({"item": [f"p{i}" for i in item], "week": week})
    table = table.assign(sold=units[item, week], euro=price[item, week])
    names = dict(product="item", period="week", units="sold", price="euro")
    if category is not None:
        table["shelf"] = np.asarray(category)[item]
        names["category"] = "shelf"
    for name, values in covariates.items():
        table[name] = np.asarray(values, float)[item, week]
    return et.Panel.from_frame(table, **names, covariates=list(covariates))


PRICE = np.array([[1.0, 1.2, 0.9, 1.1], [5.0, 5.0, 6.0, 4.0], [2.0, 2.0, 2.0, 2.0]])
PROMOTION = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]])
PANEL = panel_of(
    [[9, NAN, 14, 3], [20, 31, 12, 40], [5, 6, NAN, NAN]],
    PRICE,
    category=["b", "a", "b"],
    promotion=PROMOTION,
)


def sales(total=None, logits=LOGITS, observed=ALL):
    total = UNITS.sum(axis=1) if total is None else np.asarray(total, float)
    return et.MultinomialSales(total, logits, observed)


def splits(total, cells):
    """All ways to split a total over the cells."""
    every = np.array(list(product(range(total + 1), repeat=cells)), float)
    return every[every.sum(axis=1) == total]


def trace(model, panel, units=None, seed=1, **options):
    seeded = handlers.seed(model, jax.random.key(seed))
    return handlers.trace(seeded).get_trace(panel, units, **options)


def sites(model, panel, **options):
    """Shapes of the sites that sample or compute something, by name."""
    found = trace(model, panel, **options)
    return {k: np.shape(v["value"]) for k, v in found.items() if v["type"] != "plate"}


# Sales given their total


def test_log_probability_is_that_of_the_multinomial():
    expected = stats.multinomial.logpmf(UNITS, UNITS.sum(1), special.softmax(LOGITS, axis=1))
    assert_allclose(sales().log_prob(UNITS), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("intercept", [-3.0, 0.0, 2.5])
@pytest.mark.parametrize("observed", [ALL, SOME])
def test_log_probability_is_that_of_poisson_sales_given_their_sum(intercept, observed):
    units = np.where(observed, UNITS, 0)
    mean = np.where(observed, np.exp(intercept + LOGITS), 0)
    joint = np.where(observed, stats.poisson.logpmf(units, mean), 0).sum(axis=1)
    expected = joint - stats.poisson.logpmf(units.sum(axis=1), mean.sum(axis=1))
    actual = sales(units.sum(axis=1), observed=observed).log_prob(units)
    assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)


def test_probabilities_of_all_splits_sum_to_one():
    every = splits(6, 3)
    logits = np.broadcast_to(LOGITS[0, :3], every.shape)
    law = sales(np.full(len(every), 6), logits, np.ones(every.shape, bool))
    assert_allclose(np.exp(law.log_prob(every)).sum(), 1, rtol=1e-12)


@given(st.lists(st.floats(-50, 50), min_size=3, max_size=3))
def test_an_intercept_changes_nothing(intercepts):
    shifted = sales(logits=LOGITS + np.array(intercepts)[:, None])
    assert_allclose(shifted.log_prob(UNITS), sales().log_prob(UNITS), rtol=1e-9, atol=1e-9)


def test_without_sales_nothing_is_learned():
    law = sales(np.zeros(3))
    assert_array_equal(law.log_prob(np.zeros((3, 4))), np.zeros(3))
    assert_array_equal(law.sample(jax.random.key(1)), np.zeros((3, 4)))


@pytest.mark.parametrize("hidden", [0.0, -1e4, 1e4])
def test_cells_that_are_not_observed_have_no_weight(hidden):
    units = np.where(SOME, UNITS, 0)
    logits = np.where(SOME, LOGITS, hidden)

    def log_prob(logits, units):
        return et.MultinomialSales(units.sum(axis=1), logits, SOME).log_prob(units).sum()

    expected = [
        stats.multinomial.logpmf(row[seen], row[seen].sum(), special.softmax(logit[seen]))
        for row, logit, seen in zip(units, LOGITS, SOME, strict=True)
    ]
    assert_allclose(log_prob(logits, units), np.sum(expected), rtol=1e-12)
    share = special.softmax(np.where(SOME, LOGITS, -np.inf), axis=1)
    score = units - units.sum(axis=1, keepdims=True) * share
    assert_allclose(jax.grad(log_prob)(logits, units), score, atol=1e-10)


@pytest.mark.parametrize("logit", [-800.0, 800.0])
def test_extreme_demand_does_not_overflow(logit):
    logits = np.array([[logit, 0.0]])
    law = sales([5], logits, np.ones((1, 2), bool))
    likely = np.array([[0.0, 5.0]]) if logit < 0 else np.array([[5.0, 0.0]])
    assert_allclose(law.log_prob(likely), [0], atol=1e-12)
    assert_allclose(law.log_prob(5 - likely), [-5 * 800], rtol=1e-12)
    assert_array_equal(law.sample(jax.random.key(1)), likely)


def test_samples_keep_totals_and_leave_hidden_cells_empty():
    total = np.array([12.0, 5_000.0, 1.0])
    draws = np.asarray(sales(total, observed=SOME).sample(jax.random.key(1), (200,)))
    assert draws.shape == (200, 3, 4)
    assert_array_equal(draws.sum(axis=-1), np.broadcast_to(total, (200, 3)))
    assert (draws >= 0).all() and (draws == np.round(draws)).all()
    assert not draws[:, ~SOME].any()


def test_samples_follow_the_probabilities():
    law = sales([4], LOGITS[:1], SOME[:1])
    draws = np.asarray(law.sample(jax.random.key(2), (4_000,)))[:, 0, SOME[0]]
    every = splits(4, 3)
    prob = stats.multinomial.pmf(every, 4, special.softmax(LOGITS[0, SOME[0]]))
    counts = (draws[:, None] == every).all(axis=-1).sum(axis=0)
    assert counts.sum() == 4_000
    common = prob * 4_000 > 5  # the others are counted as one
    observed, expected = (np.append(x[common], x[~common].sum()) for x in (counts, 4_000 * prob))
    assert stats.chisquare(observed, expected).pvalue > RARE


@pytest.mark.parametrize("total", [300, 10**7])
def test_samples_have_the_means_and_variances_of_any_total(total):
    n_draws = 4_000
    draws = sales([total], LOGITS[:1], ALL[:1]).sample(jax.random.key(3), (n_draws,))
    draws = np.asarray(draws)[:, 0]
    assert_array_equal(draws.sum(axis=1), np.full(n_draws, total))
    share = special.softmax(LOGITS[0])
    variance = total * share * (1 - share)
    assert (np.abs(draws.mean(axis=0) - total * share) < 4 * np.sqrt(variance / n_draws)).all()
    # The variance of nearly normal draws has a relative standard error of sqrt(2 / n).
    assert_allclose(draws.var(axis=0), variance, rtol=4 * np.sqrt(2 / n_draws))


def test_large_totals_keep_their_digits():
    total = 10**7
    share = special.softmax(LOGITS[0])
    units = np.round(total * share)
    units[0] += total - units.sum()
    rows = units + np.array([[0, 0, 0, 0], [1, -1, 0, 0], [0, 0, 500, -500]])
    expected = stats.multinomial.logpmf(rows, total, share)
    logits = np.broadcast_to(LOGITS[0], (3, 4))
    actual = sales([total] * 3, logits).log_prob(rows)
    assert actual.dtype == "float64"
    # Terms of 1e8 cancel, each rounded to 1e-16 of itself.
    assert_allclose(actual, expected, atol=1e-6)


def test_the_law_can_be_compiled_and_vectorised():
    expected = sales().log_prob(UNITS)
    assert sales().batch_shape == (3,) and sales().event_shape == (4,)
    compiled = jax.jit(lambda law, units: law.log_prob(units))(sales(), UNITS)
    assert_allclose(compiled, expected, rtol=1e-12, atol=1e-12)
    by_row = jax.vmap(lambda *row: et.MultinomialSales(*row[:3]).log_prob(row[3]))
    actual = by_row(UNITS.sum(axis=1), LOGITS, ALL, UNITS)
    assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)
    keys = jax.random.split(jax.random.key(1), 5)
    draws = jax.vmap(jax.jit(sales().sample))(keys)
    assert_array_equal(np.sum(draws, axis=-1), np.broadcast_to(UNITS.sum(axis=1), (5, 3)))
    assert_array_equal(draws[0], sales().sample(keys[0]))


def test_one_period_takes_all_sales():
    law = sales([7], np.array([[1.3]]), np.ones((1, 1), bool))
    assert_allclose(law.log_prob(np.array([[7.0]])), [0], atol=1e-12)


@pytest.mark.parametrize(
    "row", [[1, 2, 0, 1], [0, 0, 0, 3], [2, 0, 1, 1], [-1, 3, 2, 0], [0, 4, 1, 0]]
)
def test_impossible_sales_have_probability_zero(row):
    # Totals of 4, and nothing was observed in the third cell.
    law = sales([4], LOGITS[:1], np.array([[1, 1, 0, 1]], bool))
    expected = stats.multinomial.logpmf([1, 2, 1], 4, special.softmax(LOGITS[0, [0, 1, 3]]))
    possible = row == [1, 2, 0, 1]
    assert_allclose(law.log_prob(np.array([row])), [expected if possible else -np.inf])


def test_cells_without_a_row_may_be_nan():
    units = np.where(SOME, UNITS, NAN)
    total = np.nansum(units, axis=1)
    slope = jax.grad(lambda x: sales(total, x, SOME).log_prob(units).sum())(LOGITS)
    assert_allclose(slope[~SOME], 0)
    assert np.isfinite(slope).all()


# Sales whose base demand is drawn from a Gamma


def mean_sales(shape, log_demand=LOGITS, observed=SOME):
    return et.GammaPoissonSales(shape, log_demand, observed)


def log_integral(shape, units, log_demand):
    """Log probability of a product's sales, over a fine grid of the log of its base demand."""
    log_base = np.linspace(-80, 8, 100_001)
    base = np.exp(log_base)
    joint = stats.gamma.logpdf(base, shape, scale=1 / shape) + log_base
    for count, cell in zip(units, log_demand, strict=True):
        joint += stats.poisson.logpmf(count, base * np.exp(cell))
    return special.logsumexp(joint) + np.log(log_base[1] - log_base[0])


@pytest.mark.parametrize("shape", [0.4, 1.0, 7.5])
@pytest.mark.parametrize("observed", [ALL, SOME])
def test_the_gamma_is_integrated_out_exactly(shape, observed):
    units = np.where(observed, UNITS, 0)
    expected = [
        log_integral(shape, row[seen], log_demand[seen])
        for row, log_demand, seen in zip(units, LOGITS, observed, strict=True)
    ]
    actual = mean_sales(shape, LOGITS, observed).log_prob(units)
    assert_allclose(actual, expected, rtol=1e-8)


def test_one_cell_of_a_gamma_poisson_is_negative_binomial():
    counts = np.arange(40.0)[:, None]
    law = mean_sales(2.5, np.full((40, 1), 1.3), np.ones((40, 1), bool))
    expected = stats.nbinom.logpmf(counts[:, 0], 2.5, 2.5 / (2.5 + np.exp(1.3)))
    assert_allclose(law.log_prob(counts), expected, rtol=1e-10)


@pytest.mark.parametrize("level", [-300.0, 300.0, 2_000.0])
def test_extreme_levels_of_a_gamma_poisson_have_finite_slopes(level):
    def log_prob(level, shape):
        return mean_sales(shape, LOGITS + level, ALL).log_prob(UNITS).sum()

    value, slopes = jax.value_and_grad(log_prob, argnums=(0, 1))(level, 2.0)
    assert np.isfinite(value) and np.isfinite(slopes).all()


def test_impossible_sales_of_a_gamma_poisson_have_probability_zero():
    law = mean_sales(1.0)
    assert_array_equal(np.isfinite(law.log_prob(UNITS)), [False, False, True])
    assert_array_equal(np.isfinite(law.log_prob(np.where(SOME, UNITS, NAN))), [True, True, True])
    assert_array_equal(law.log_prob(-np.ones((3, 4))), [-np.inf] * 3)


def test_draws_of_a_gamma_poisson_have_its_moments():
    shape, n_draws = 3.0, 20_000
    draws = np.asarray(mean_sales(shape).sample(jax.random.key(1), (n_draws,)))
    assert draws.shape == (n_draws, 3, 4) and not draws[:, ~SOME].any()
    mean = np.exp(LOGITS)
    spread = np.sqrt((mean + mean**2 / shape) / n_draws)
    assert (np.abs(draws.mean(axis=0) - mean) < 4 * spread)[SOME].all()
    # Cells of a product share its base demand: their covariance is the product of means / shape.
    first, second = draws[:, 0, 0], draws[:, 0, 3]
    noise = (first - first.mean()) * (second - second.mean())
    assert abs(noise.mean() - mean[0, 0] * mean[0, 3] / shape) < 4 * noise.std() / n_draws**0.5


# Sales of each cell


@pytest.mark.parametrize("dispersion", [None, 1e-6, 0.1, 3.0])
def test_count_sales_have_the_probabilities_of_scipy(dispersion):
    counts, log_mean = np.arange(30.0), np.linspace(-3, 4, 30)
    if dispersion is None:
        expected = stats.poisson.logpmf(counts, np.exp(log_mean))
    else:
        shape = 1 / dispersion
        expected = stats.nbinom.logpmf(counts, shape, shape / (shape + np.exp(log_mean)))
    actual = et.CountSales(log_mean, dispersion).log_prob(counts)
    # Log gammas of shape 1e6 are 1e7, rounded to 1e-16 of themselves.
    assert_allclose(actual, expected, rtol=1e-8, atol=1e-7)


@pytest.mark.parametrize("dispersion", [None, 0.5])
def test_count_sales_have_the_moments_of_their_law(dispersion):
    log_mean, n_draws = np.log([0.3, 5.0, 80.0]), 20_000
    draws = np.asarray(et.CountSales(log_mean, dispersion).sample(jax.random.key(1), (n_draws,)))
    mean = np.exp(log_mean)
    variance = mean + (dispersion or 0) * mean**2
    assert (np.abs(draws.mean(axis=0) - mean) < 4 * np.sqrt(variance / n_draws)).all()
    spread = np.sqrt((stats.kurtosis(draws, fisher=False) - 1) / n_draws)
    assert (np.abs(draws.var(axis=0) / variance - 1) < 4 * spread).all()


@pytest.mark.parametrize("dispersion", [None, 0.5])
def test_counts_too_large_for_whole_numbers_are_marked(dispersion):
    law = et.CountSales(np.array([2.0, 45.0, 900.0]), dispersion)
    draws = law.sample(jax.random.key(1), (5,))
    assert_array_equal(draws[:, 1:], np.full((5, 2), -1))
    assert (draws[:, 0] >= 0).all()
    large = mean_sales(2.0, np.full((1, 2), 90.0), np.ones((1, 2), bool))
    assert_array_equal(large.sample(jax.random.key(1)), [[-1, -1]])


# Sites of the models

LEVELS = ("global", "category", "product")
SUBSETS = [levels for n in (1, 2, 3) for levels in combinations(LEVELS, n)]
SCALES = [{}, {"category_scale": 0.4}, {"elasticity_scale": 0.3}]
SCALES.append(SCALES[1] | SCALES[2])


@pytest.mark.parametrize("fixed", SCALES, ids="learned category product both".split())
@pytest.mark.parametrize("levels", SUBSETS, ids="-".join)
def test_a_model_has_the_sites_of_its_levels(levels, fixed):
    expected = {"elasticity": (3,), "units": (3, 4), "effect_of_promotion": ()}
    if "global" in levels:
        expected["global_elasticity"] = ()
    if "category" in levels:
        expected["category_elasticity"] = (2,)
    # A scale is learned where the level has one above it to spread around.
    if {"global", "category"} <= set(levels) and "category_scale" not in fixed:
        expected["category_scale"] = ()
    if "product" in levels and len(levels) > 1 and "elasticity_scale" not in fixed:
        expected["elasticity_scale"] = ()
    options = {"levels": levels} | fixed
    found = sites(et.partial_pooling, PANEL, **options, time_effects=False)
    assert found == expected
    found = sites(et.partial_pooling, PANEL, **options, intercept="kept")
    assert found == expected | {"time_effect": (2, 4), "log_base_demand": (3,)}


@pytest.mark.parametrize("levels", SUBSETS, ids="-".join)
def test_products_share_the_elasticity_of_the_lowest_level(levels):
    found = trace(et.partial_pooling, PANEL, levels=levels)
    elasticity = np.asarray(found["elasticity"]["value"])
    if "product" in levels:
        assert found["elasticity"]["type"] == "sample"
        assert len(set(elasticity)) == 3
    elif "category" in levels:
        assert_array_equal(elasticity, found["category_elasticity"]["value"][np.array([1, 0, 1])])
    else:
        assert_array_equal(elasticity, np.full(3, found["global_elasticity"]["value"]))


@pytest.mark.parametrize(
    "model, levels", [(et.complete_pooling, ("global",)), (et.no_pooling, ("product",))]
)
def test_the_two_extremes_are_partial_pooling_without_levels(model, levels):
    options = {"time_effects": True, "intercept": "kept", "priors": {"global_mean": -2.0}}
    alike = trace(et.partial_pooling, PANEL, PANEL.units, levels=levels, **options)
    found = trace(model, PANEL, PANEL.units, **options)
    assert found.keys() == alike.keys()
    for name in found:
        assert_array_equal(found[name]["value"], alike[name]["value"])


def test_a_model_returns_its_sales():
    for options in ({}, {"intercept": "kept"}):
        seeded = handlers.seed(et.partial_pooling, jax.random.key(1))
        units = seeded(PANEL, **options)
        assert_array_equal(units, trace(et.partial_pooling, PANEL, **options)["units"]["value"])


def test_simulated_sales_keep_each_total_where_intercepts_are_fixed():
    units = np.asarray(trace(et.partial_pooling, PANEL)["units"]["value"])
    assert_array_equal(units.sum(axis=1), PANEL.total_units)
    assert not units[~PANEL.observed].any()


def test_time_effects_are_contrasts_between_periods():
    draws = Predictive(et.partial_pooling, num_samples=2_000)(jax.random.key(1), PANEL)
    effect = np.asarray(draws["time_effect"])
    assert_allclose(effect.sum(axis=-1), 0, atol=1e-12)
    # Normal(0, 2) less its mean over 4 periods; squares have a relative error of sqrt(2 / n), and
    # more where they depend, so only the two categories are counted as independent.
    assert_allclose(effect.var(axis=0), 4 * 3 / 4, rtol=4 * np.sqrt(2 / 2_000))


def test_one_period_has_no_time_effect():
    panel = panel_of([[4], [5]], [[1.0], [2.0]])
    assert "time_effect" not in sites(et.partial_pooling, panel)


# Densities


def parameters():
    """Values for every site of a model, fixed scales aside."""
    rng = np.random.default_rng(1)
    effect = rng.normal(size=(2, 4))
    return {
        "effect_of_promotion": 0.4,
        "time_effect": effect - effect.mean(axis=1, keepdims=True),
        "elasticity": rng.normal(-2, 0.5, 3),
        "category_elasticity": rng.normal(-2, 0.5, 2),
        "global_elasticity": -1.8,
        "category_scale": 0.7,
        "elasticity_scale": 0.2,
        "log_base_demand": rng.normal(2, 1, 3),
    }


def log_demand(values):
    """Log demand of each cell of PANEL, and which cells it has."""
    seen = PANEL.observed
    log_price = np.where(seen, np.log(PRICE), NAN)
    log_price = log_price - np.nanmean(log_price, axis=1, keepdims=True)
    logits = values["elasticity"][:, None] * log_price + 0.4 * PROMOTION
    return logits + values["time_effect"][[1, 0, 1]], seen


def log_prior(values, *, kept):
    normal = stats.norm.logpdf
    half = stats.halfnorm(scale=0.5).logpdf
    effect = values["time_effect"]
    total = normal(values["global_elasticity"], -1.5, 0.5)
    total += half(values["category_scale"]) + half(values["elasticity_scale"])
    centre = values["category_elasticity"]
    total += normal(centre, values["global_elasticity"], values["category_scale"]).sum()
    total += normal(values["elasticity"], centre[[1, 0, 1]], values["elasticity_scale"]).sum()
    total += normal(0.4, 0, 1)
    # Contrasts fill the 3 dimensions orthogonal to a constant, in each of 2 categories.
    total += (-((effect / 2.0) ** 2) / 2).sum() - 6 * np.log(2.0 * np.sqrt(2 * np.pi))
    return total + (normal(values["log_base_demand"], 0, 10).sum() if kept else 0)


def test_joint_density_with_fixed_intercepts():
    values = parameters()
    logits, seen = log_demand(values)
    expected = log_prior(values, kept=False) + sum(
        stats.multinomial.logpmf(units[cell], units[cell].sum(), special.softmax(logit[cell]))
        for units, logit, cell in zip(PANEL.units, logits, seen, strict=True)
    )
    actual, _ = log_density(et.partial_pooling, (PANEL, PANEL.units), {}, values)
    assert_allclose(actual, expected, rtol=1e-12)


def test_joint_density_with_kept_intercepts():
    values = parameters()
    logits, seen = log_demand(values)
    mean = np.exp(values["log_base_demand"][:, None] + logits)
    expected = log_prior(values, kept=True)
    expected += stats.poisson.logpmf(PANEL.units[seen], mean[seen]).sum()
    options = {"intercept": "kept"}
    actual, _ = log_density(et.partial_pooling, (PANEL, PANEL.units), options, values)
    assert_allclose(actual, expected, rtol=1e-12)


@pytest.mark.parametrize("intercept", ["fixed", "kept"])
def test_the_density_has_a_gradient_where_cells_are_missing(intercept):
    values = parameters()

    def density(values):
        options = {"intercept": intercept}
        return log_density(et.partial_pooling, (PANEL, PANEL.units), options, values)[0]

    gradient = jax.grad(density)(values)
    assert all(np.isfinite(slope).all() for slope in gradient.values())
    # Product p2 was seen at one price only, so that its sales say nothing about its elasticity.
    deviation = values["elasticity"][2] - values["category_elasticity"][1]
    assert_allclose(gradient["elasticity"][2], -deviation / 0.2**2, rtol=1e-9)


def test_the_currency_and_a_cell_without_a_row_do_not_matter():
    values = parameters()
    rescaled = panel_of(
        PANEL.units,
        PRICE * np.array([[100.0], [0.01], [7.0]]),
        category=["b", "a", "b"],
        promotion=PROMOTION + 5 * np.isnan(PANEL.units),
    )
    for intercept in ("fixed", "kept"):
        densities = [
            log_density(et.partial_pooling, (p, p.units), {"intercept": intercept}, values)[0]
            for p in (PANEL, rescaled)
        ]
        assert_allclose(*densities, rtol=1e-12)


def test_a_kept_intercept_with_a_flat_prior_says_the_same_about_elasticity():
    units = np.array([[6.0, 3.0, NAN, 11.0]])
    panel = panel_of(units, [[1.0, 1.5, 1.0, 0.8]])
    elasticity = np.linspace(-6, 3, 181)
    base = np.linspace(-2, 5, 281)

    def fixed(b):
        values = {"elasticity": b[None]}
        options = {"time_effects": False}
        return log_density(et.no_pooling, (panel, panel.units), options, values)[0]

    def kept(b, a):
        values = {"elasticity": b[None], "log_base_demand": a[None]}
        options = {"time_effects": False, "intercept": "kept", "priors": {"base_sd": 1e4}}
        return log_density(et.no_pooling, (panel, panel.units), options, values)[0]

    short = special.softmax(jax.vmap(fixed)(elasticity))
    grid = jax.vmap(jax.vmap(kept, in_axes=(None, 0)), in_axes=(0, None))(elasticity, base)
    long = special.softmax(grid).sum(axis=1)
    # The prior of sd 1e4 varies by a relative 1e-7 over the grid.
    assert_allclose(long, short, rtol=1e-5, atol=1e-12)


# Gamma intercepts and negative binomial sales

GAMMA = {"intercept": "gamma"}
SPREAD = {"likelihood": "negative_binomial"}


@pytest.mark.parametrize("levels", SUBSETS, ids="-".join)
def test_gamma_intercepts_have_their_sites(levels):
    own = {"category_level": (2,), "shape": (), "pivot": ()}
    if "product" not in levels:
        del own["pivot"]
    plain = sites(et.partial_pooling, PANEL, levels=levels)
    assert sites(et.partial_pooling, PANEL, levels=levels, **GAMMA) == plain | own
    found = sites(et.partial_pooling, PANEL, levels=levels, **GAMMA, **SPREAD)
    assert found == plain | own | {"base": (3,), "dispersion": ()}


def gamma_demand(values):
    """Log demand of each cell of PANEL but for the draws of the products."""
    seen, row = PANEL.observed, np.array([1, 0, 1])
    log_price = np.where(seen, np.log(PRICE), NAN)
    x = log_price - np.nanmean(log_price)
    above, own = values["category_elasticity"][row], values["elasticity"]
    log_demand = values["category_level"][row][:, None] + values["time_effect"][row]
    log_demand = log_demand + above[:, None] * x + 0.4 * PROMOTION
    return log_demand + (own - above)[:, None] * (x - values["pivot"]), seen


def gamma_parameters():
    values = parameters() | {"category_level": np.array([1.5, 2.5]), "pivot": 0.3, "shape": 2.2}
    del values["log_base_demand"]
    return values


def log_gamma_prior(values):
    total = log_prior(values, kept=False) + stats.norm.logpdf(values["pivot"], 0, 10)
    total += stats.norm.logpdf(values["category_level"], 0, 30).sum()
    return total + stats.lognorm.logpdf(values["shape"], 1.0, scale=3.0)


def test_joint_density_with_gamma_intercepts():
    values = gamma_parameters()
    log_demand, seen = gamma_demand(values)
    expected = log_gamma_prior(values)
    for row, cells, units in zip(log_demand, seen, PANEL.units, strict=True):
        expected += log_integral(2.2, units[cells], row[cells])
    actual, _ = log_density(et.partial_pooling, (PANEL, PANEL.units), GAMMA, values)
    assert_allclose(actual, expected, rtol=1e-9)


def test_joint_density_with_gamma_intercepts_and_negative_binomial_sales():
    base = np.array([0.4, 1.1, 2.0])
    values = gamma_parameters() | {"base": base, "dispersion": 0.15}
    log_demand, seen = gamma_demand(values)
    mean = (base[:, None] * np.exp(log_demand))[seen]
    expected = log_gamma_prior(values) + stats.halfnorm.logpdf(0.15, scale=0.1)
    expected += stats.gamma.logpdf(base, 2.2, scale=1 / 2.2).sum()
    size = 1 / 0.15
    expected += stats.nbinom.logpmf(PANEL.units[seen], size, size / (size + mean)).sum()
    options = GAMMA | SPREAD
    actual, _ = log_density(et.partial_pooling, (PANEL, PANEL.units), options, values)
    assert_allclose(actual, expected, rtol=1e-10)


def test_joint_density_with_kept_intercepts_and_negative_binomial_sales():
    values = parameters() | {"dispersion": 0.15}
    logits, seen = log_demand(values)
    mean = np.exp(values["log_base_demand"][:, None] + logits)[seen]
    size = 1 / 0.15
    expected = log_prior(values, kept=True) + stats.halfnorm.logpdf(0.15, scale=0.1)
    expected += stats.nbinom.logpmf(PANEL.units[seen], size, size / (size + mean)).sum()
    options = {"intercept": "kept"} | SPREAD
    actual, _ = log_density(et.partial_pooling, (PANEL, PANEL.units), options, values)
    assert_allclose(actual, expected, rtol=1e-10)


@pytest.mark.parametrize("model", [et.complete_pooling, et.no_pooling])
def test_the_two_extremes_take_gamma_intercepts(model):
    found = trace(model, PANEL, **GAMMA, priors={"level_sd": 1.0, "time_sd": 0.5})
    assert found["category_level"]["fn"].batch_shape == (2,)
    assert ("pivot" in found) is (model is et.no_pooling)
    assert (np.asarray(found["units"]["value"]) >= 0).all()


def test_priors_of_the_intercept_can_be_replaced():
    priors = {"level_sd": 2.0, "pivot_sd": 0.5, "dispersion_sd": 0.7}
    priors |= {"shape_log_mean": 0.0, "shape_log_sd": 0.2}
    found = trace(et.partial_pooling, PANEL, **GAMMA, **SPREAD, priors=priors)
    assert_normal(found["category_level"]["fn"], 0, 2.0)
    assert_normal(found["pivot"]["fn"], 0, 0.5)
    at = np.array([0.1, 0.5, 2.0])
    half = stats.halfnorm(scale=0.7)
    assert_allclose(found["dispersion"]["fn"].log_prob(at), half.logpdf(at))
    assert_allclose(found["shape"]["fn"].log_prob(at), stats.lognorm.logpdf(at, 0.2))


# Priors


def prior_moments(model, **options):
    """Mean and sd of one product's elasticity under the prior, with standard errors."""
    n_draws = 20_000
    panel = panel_of([[4, 5]], [[1.0, 1.1]])
    predict = Predictive(model, num_samples=n_draws, return_sites=["elasticity"])
    draws = np.asarray(predict(jax.random.key(1), panel, **options)["elasticity"])[:, 0]
    spread = np.sqrt((stats.kurtosis(draws, fisher=False) - 1) / 4 / n_draws)
    return draws.mean(), draws.std(), draws.std() / np.sqrt(n_draws), draws.std() * spread


@pytest.mark.parametrize("fixed", [{}, {"category_scale": 0.4, "elasticity_scale": 0.3}])
@pytest.mark.parametrize("levels", [LEVELS, LEVELS[1:], ("product",)], ids="-".join)
def test_a_product_has_the_same_prior_whichever_upper_levels_there_are(levels, fixed):
    squares = [fixed.get(name, 0.5) ** 2 for name in ("category_scale", "elasticity_scale")]
    mean, sd, mean_error, sd_error = prior_moments(et.partial_pooling, levels=levels, **fixed)
    assert abs(mean - -1.5) < 4 * mean_error
    assert abs(sd - np.sqrt(0.5**2 + sum(squares))) < 4 * sd_error


def test_fixed_scales_of_the_store_give_a_product_a_prior_sd_of_0_71():
    fixed = {"category_scale": 0.4, "elasticity_scale": 0.3}
    law = trace(et.no_pooling, PANEL, **fixed)["elasticity"]["fn"]
    assert_allclose(law.mean, np.full(3, -1.5))
    assert_allclose(np.sqrt(law.variance), np.full(3, np.sqrt(0.5)))


def test_categories_without_a_store_have_its_prior_variance_too():
    levels = ("category", "product")
    for fixed, variance in (({}, 0.5), ({"category_scale": 0.4}, 0.25 + 0.16)):
        found = trace(et.partial_pooling, PANEL, levels=levels, **fixed)
        law = found["category_elasticity"]["fn"]
        assert_allclose(law.mean, np.full(2, -1.5))
        assert_allclose(law.variance, np.full(2, variance))


def test_priors_are_those_of_the_book():
    found = trace(et.partial_pooling, PANEL, intercept="kept")
    assert_normal(found["global_elasticity"]["fn"], -1.5, 0.5)
    assert_normal(found["effect_of_promotion"]["fn"], 0, 1)
    assert_normal(found["log_base_demand"]["fn"], 0, 10)
    for name in ("category_scale", "elasticity_scale"):
        assert_half_normal(found[name]["fn"], 0.5)
    centre, value = found["category_elasticity"]["fn"], found["category_scale"]["value"]
    assert_normal(centre, found["global_elasticity"]["value"], value)
    own, value = found["elasticity"]["fn"], found["elasticity_scale"]["value"]
    assert_normal(own, found["category_elasticity"]["value"][np.array([1, 0, 1])], value)


def test_priors_can_be_replaced_one_by_one():
    priors = dict(
        global_mean=-2.5, global_sd=0.2, scale_sd=0.9, time_sd=0.1, covariate_sd=3, base_sd=4
    )
    found = trace(et.partial_pooling, PANEL, intercept="kept", priors=priors)
    assert_normal(found["global_elasticity"]["fn"], -2.5, 0.2)
    assert_normal(found["effect_of_promotion"]["fn"], 0, 3)
    assert_normal(found["log_base_demand"]["fn"], 0, 4)
    for name in ("category_scale", "elasticity_scale"):
        assert_half_normal(found[name]["fn"], 0.9)
    assert_allclose(found["time_effect"]["fn"].variance, np.full((2, 4), 0.1**2 * 3 / 4))
    # None of it stays for the next model.
    law = trace(et.partial_pooling, PANEL, priors={"global_sd": 0.3})["global_elasticity"]["fn"]
    assert_normal(law, -1.5, 0.3)
    assert_normal(trace(et.partial_pooling, PANEL)["global_elasticity"]["fn"], -1.5, 0.5)


def test_replaced_priors_reach_products_without_upper_levels():
    priors = {"global_mean": -3.0, "global_sd": 1.0, "scale_sd": 2.0}
    law = trace(et.no_pooling, PANEL, priors=priors)["elasticity"]["fn"]
    assert_normal(law, np.full(3, -3.0), np.sqrt(1 + 4 + 4))


def assert_normal(law, mean, sd):
    assert_allclose(law.mean, np.broadcast_to(mean, law.mean.shape))
    assert_allclose(np.sqrt(law.variance), np.broadcast_to(sd, law.mean.shape))
    # Its density too, so that no other law of these moments will do.
    at = np.broadcast_to(mean, law.mean.shape) + 1.5 * np.asarray(sd)
    assert_allclose(law.log_prob(at), stats.norm.logpdf(at, mean, sd))


def assert_half_normal(law, scale):
    at = np.array([0.1, 0.5, 2.0])
    assert_allclose(law.log_prob(at), stats.halfnorm.logpdf(at, scale=scale))


# Errors


@pytest.mark.parametrize("levels", [(), ("store",), ("global", "shelf"), "product"])
def test_levels_must_be_known(levels):
    with pytest.raises(ValueError, match=r"^levels must be some of global, category, product; got"):
        trace(et.partial_pooling, PANEL, levels=levels)


def test_intercept_and_likelihood_must_be_known():
    with pytest.raises(ValueError, match=r"^intercept must be one of fixed, kept, gamma; got 'go'"):
        trace(et.partial_pooling, PANEL, intercept="go")
    with pytest.raises(ValueError, match=r"^likelihood must be one of poisson, negative_binomial;"):
        trace(et.partial_pooling, PANEL, likelihood="normal")


def test_fixed_intercepts_need_poisson_sales():
    with pytest.raises(ValueError, match=r"^fixed intercepts leave .* intercept='gamma' or"):
        trace(et.partial_pooling, PANEL, likelihood="negative_binomial")


@pytest.mark.parametrize("model", [et.partial_pooling, et.complete_pooling, et.no_pooling])
def test_priors_must_be_known(model):
    with pytest.raises(ValueError, match=r"^priors must be among global_mean, .*got \['mean'\]"):
        trace(model, PANEL, priors={"mean": -2.0, "time_sd": 1.0})


def test_the_models_use_64_bit_floats():
    with numpyro.handlers.seed(rng_seed=1):
        assert et.partial_pooling(PANEL).dtype == "float64"
    found = trace(et.partial_pooling, PANEL, intercept="kept")
    values = [s["value"] for k, s in found.items() if s["type"] == "sample" and k != "units"]
    assert {str(np.asarray(value).dtype) for value in values} == {"float64"}
