"""Tables of a posterior against NumPy, a closed form and chains that are broken on purpose."""

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import elastic_tutorial as et

DIMS = {
    "elasticity": ["product"],
    "category_elasticity": ["category"],
    "time_effect": ["category", "period"],
}
COORDS = {
    "product": ["jam", "rice", "tea"],
    "category": ["drink", "food"],
    "period": [11, 12, 13, 14],
}
OF_CATEGORY = np.array([1, 1, 0])  # jam, rice and tea


def tree_of(*, diverging=None, coords=COORDS, **draws):
    """Posterior of these draws, shape (chain, draw, ...), under their labels."""
    groups = {"posterior": draws}
    if diverging is not None:
        groups["sample_stats"] = {"diverging": diverging}
    used = {dim for name in draws for dim in DIMS.get(name, ())}
    return az.from_dict(
        groups, dims=DIMS, coords={dim: labels for dim, labels in coords.items() if dim in used}
    )


def good_draws(seed=1, n_draws=1_000):
    """Independent draws of one parameter of each shape."""
    rng = np.random.default_rng(seed)
    run = (4, n_draws)
    return {
        "global_elasticity": rng.normal(-2, 0.1, run),
        "elasticity": rng.normal(-2, 0.3, (*run, 3)),
        "time_effect": rng.normal(0, 0.2, (*run, 2, 4)),
    }


def autoregressive(rng, shape, memory):
    """Chains whose draws remember the ones before them, along axis 1."""
    noise = rng.normal(size=shape)
    for t in range(1, shape[1]):
        noise[:, t] = memory * noise[:, t - 1] + np.sqrt(1 - memory**2) * noise[:, t]
    return noise


# Convergence


def test_good_draws_pass_and_give_the_worst_of_each_variable():
    draws = good_draws()
    worst = et.check_convergence(tree_of(**draws, diverging=np.zeros((4, 1_000), bool)))
    assert worst["variable"].values.tolist() == list(draws)
    assert worst.data_vars.keys() == {"rhat", "ess_bulk", "ess_tail"}
    for name, values in draws.items():
        entries = values.reshape(4, 1_000, -1)
        each = [entries[..., i] for i in range(entries.shape[-1])]
        row = worst.sel(variable=name)
        assert_allclose(row["rhat"], max(az.rhat(one) for one in each))
        assert_allclose(row["ess_bulk"], min(az.ess(one, method="bulk") for one in each))


def test_tail_ess_is_that_of_the_5_and_95_percent_quantiles():
    # Vehtari et al. (2021), section 4.3, whatever interval ArviZ is set to show.
    draws = good_draws()["global_elasticity"]
    expected = min(az.ess((draws <= np.quantile(draws, p)).astype(float)) for p in (0.05, 0.95))
    for shown in (0.5, 0.89):
        with az.rc_context({"stats.ci_prob": shown}):
            worst = et.check_convergence(tree_of(global_elasticity=draws))
        assert_allclose(worst["ess_tail"], [expected], rtol=1e-6)


def test_r_hat_is_the_rank_normalised_split_one():
    # Vehtari et al. (2021), eq. 3, 4 and 14, by hand; the larger of bulk and folded draws.
    draws = np.random.default_rng(1).standard_cauchy((4, 600))
    draws[0] += 0.15

    def by_hand(draws):
        halves = draws.reshape(8, 300)
        score = stats.norm.ppf((stats.rankdata(halves).reshape(8, 300) - 3 / 8) / (2_400 + 1 / 4))
        within = score.var(axis=1, ddof=1).mean()
        between = 300 * score.mean(axis=1).var(ddof=1)
        return np.sqrt((299 / 300 * within + between / 300) / within)

    expected = max(by_hand(draws), by_hand(np.abs(draws - np.median(draws))))
    worst = et.check_convergence(tree_of(global_elasticity=draws), max_rhat=2, min_ess=10)
    assert_allclose(worst["rhat"], [expected], rtol=1e-6)


def test_r_hat_names_the_worst_parameter_and_the_remedy():
    draws = good_draws()
    draws["elasticity"][0, :, 2] += 0.2
    draws["time_effect"][0, :, 1, 3] += 1.0
    draws["time_effect"][0, :, 0, 0] += 0.3
    message = (
        r"^R-hat of time_effect\[food, 14\] is 1\.\d{3}, above 1\.01: the chains disagree; "
        r"increase n_warmup, or change what is centered\.$"
    )
    with pytest.raises(et.ConvergenceError, match=message):
        et.check_convergence(tree_of(**draws))


def test_a_scalar_is_named_without_labels():
    draws = good_draws()
    draws["global_elasticity"][3] += 0.2
    with pytest.raises(et.ConvergenceError, match=r"^R-hat of global_elasticity is 1\."):
        et.check_convergence(tree_of(**draws))


def test_a_chain_of_another_spread_is_refused():
    draws = good_draws()
    draws["elasticity"][1, :, 0] = -2 + 4 * (draws["elasticity"][1, :, 0] + 2)
    with pytest.raises(et.ConvergenceError, match=r"^R-hat of elasticity\[jam\] is 1\."):
        et.check_convergence(tree_of(**draws))


def test_few_independent_draws_are_refused():
    draws = good_draws()
    memory = autoregressive(np.random.default_rng(2), (4, 1_000, 3), 0.9)
    draws["elasticity"][..., 1] = memory[..., 1]
    message = (
        r"^bulk ESS of elasticity\[rice\] is \d+, below 400: too few independent draws; increase "
        r"n_draws, or change what is centered\.$"
    )
    with pytest.raises(et.ConvergenceError, match=message):
        et.check_convergence(tree_of(**draws), max_rhat=1.1)
    worst = et.check_convergence(tree_of(**draws), max_rhat=1.1, min_ess=50)
    # The share of independent draws among those of an autoregression is (1 - r) / (1 + r).
    assert_allclose(worst["ess_bulk"].sel(variable="elasticity"), 4_000 * 0.1 / 1.9, rtol=0.5)


def test_few_independent_draws_of_the_tails_are_refused():
    # Signs are independent and sizes are not, so that the tails alone are visited slowly.
    rng = np.random.default_rng(3)
    draws = good_draws()
    size = np.exp(autoregressive(rng, (4, 1_000), 0.995))
    draws["time_effect"][..., 0, 2] = rng.choice([-1, 1], (4, 1_000)) * size
    message = r"^tail ESS of time_effect\[drink, 13\] is \d+, below 400: too few independent draws"
    with pytest.raises(et.ConvergenceError, match=message):
        et.check_convergence(tree_of(**draws), max_rhat=3)


def test_divergences_are_counted():
    diverging = np.zeros((4, 1_000), bool)
    diverging[2, 5:8] = True
    tree = tree_of(**good_draws(), diverging=diverging)
    message = (
        r"^3 divergent transitions, more than 0: the sampler missed a narrow part of the "
        r"posterior; increase target_accept, or change what is centered\.$"
    )
    with pytest.raises(et.ConvergenceError, match=message):
        et.check_convergence(tree)
    with pytest.raises(et.ConvergenceError, match="more than 2"):
        et.check_convergence(tree, max_divergences=2)
    et.check_convergence(tree, max_divergences=3)


def test_the_limits_are_arguments():
    tree = tree_of(**good_draws())
    worst = et.check_convergence(tree)
    with pytest.raises(et.ConvergenceError, match=r"^R-hat .* above 0\.5"):
        et.check_convergence(tree, max_rhat=0.5)
    with pytest.raises(et.ConvergenceError, match=r"^bulk ESS .* below 5000"):
        et.check_convergence(tree, min_ess=5_000)
    limits = {"max_rhat": float(worst["rhat"].max())}
    limits["min_ess"] = min(float(worst[kind].min()) for kind in ("ess_bulk", "ess_tail"))
    et.check_convergence(tree, **limits)


def test_one_chain_cannot_be_checked():
    tree = tree_of(global_elasticity=np.random.default_rng(1).normal(size=(1, 1_000)))
    message = r"^convergence needs two chains or more; sample again with n_chains=4\.$"
    with pytest.raises(ValueError, match=message):
        et.check_convergence(tree)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_draws_that_are_not_numbers_do_not_pass(bad):
    draws = good_draws()
    draws["elasticity"][2, 5, 1] = bad
    with pytest.raises(et.ConvergenceError, match=r"elasticity\[rice\]"):
        et.check_convergence(tree_of(**draws))


@pytest.mark.parametrize("chains", [slice(None), slice(1)], ids=["all", "one"])
def test_chains_that_do_not_move_do_not_pass(chains):
    draws = good_draws()
    draws["elasticity"][chains, :, 1] = -2.0
    with pytest.raises(et.ConvergenceError, match=r"elasticity\[rice\]"):
        et.check_convergence(tree_of(**draws))


# Elasticities


@pytest.mark.parametrize("prob", [0.5, 0.9, 0.95])
def test_summary_holds_the_moments_and_quantiles_of_all_chains(prob):
    draws = np.random.default_rng(1).gamma(2, size=(3, 200, 3)) * [-1, -2, -3]
    summary = et.elasticity_summary(tree_of(elasticity=draws), prob=prob)
    every = draws.reshape(600, 3)
    assert summary.data_vars.keys() == {"mean", "sd", "lower", "upper"}
    assert_allclose(summary["mean"], every.mean(axis=0))
    assert_allclose(summary["sd"], every.std(axis=0))
    assert_allclose(summary["lower"], np.quantile(every, (1 - prob) / 2, axis=0))
    assert_allclose(summary["upper"], np.quantile(every, (1 + prob) / 2, axis=0))
    assert summary.attrs == {"prob": prob}
    assert summary["product"].values.tolist() == ["jam", "rice", "tea"]
    assert {values.dims for values in summary.data_vars.values()} == {("product",)}
    assert set(summary.coords) == {"product"}


def test_summary_of_normal_draws_is_the_normal_interval():
    draws = np.random.default_rng(2).normal([-3, -2, -1], 0.4, (4, 5_000, 3))
    summary = et.elasticity_summary(tree_of(elasticity=draws), prob=0.9)
    lower, upper = stats.norm([-3, -2, -1], 0.4).interval(0.9)
    # Standard error of a quantile: sqrt(p (1 - p) / n) over the density there.
    error = np.sqrt(0.05 * 0.95 / 20_000) / stats.norm.pdf(stats.norm.ppf(0.05)) * 0.4
    assert_allclose(summary["lower"], lower, atol=4 * error)
    assert_allclose(summary["upper"], upper, atol=4 * error)


@pytest.mark.parametrize("bad", [0, 1, 90, -0.1, "0.9", None])
def test_summary_needs_a_probability(bad):
    tree = tree_of(elasticity=np.zeros((2, 5, 3)))
    with pytest.raises((TypeError, ValueError), match=r"^prob must "):
        et.elasticity_summary(tree, prob=bad)


def test_probability_has_no_default():
    with pytest.raises(TypeError, match="prob"):
        et.elasticity_summary(tree_of(elasticity=np.zeros((2, 5, 3))))


# Shrinkage

TABLE = pd.DataFrame(
    {
        "item": ["jam", "jam", "rice", "rice", "tea", "tea"],
        "week": [1, 2] * 3,
        "sold": [90, 40, 7, 5, 30, 44],
        "euro": [1.0, 1.5, 2.0, 2.1, 6.0, 5.0],
        "shelf": ["food"] * 4 + ["drink"] * 2,
    }
)
PANEL = et.Panel.from_frame(
    TABLE, product="item", period="week", units="sold", price="euro", category="shelf"
)


def separate_of(estimate, std_error, products=COORDS["product"]):
    return pd.DataFrame({"estimate": estimate, "std_error": std_error}, index=products)


@given(
    st.lists(st.floats(0.05, 3), min_size=3, max_size=3),
    st.floats(0.05, 2),
    st.floats(0.05, 2),
)
def test_weights_are_those_of_normal_estimates_with_a_normal_prior(std_error, scale, store_sd):
    # Draws with exactly the posterior mean and no other property: weights rest on means alone.
    own, error = np.array([-3.0, -1.0, -2.5]), np.array(std_error)
    estimate_cov = np.diag(error**2) + scale**2 * np.eye(3) + store_sd**2 * same_category()
    gain = store_sd**2 * same_category() @ np.linalg.inv(estimate_cov)
    category = -2 + (gain @ (own + 2))  # of each product's category, given all estimates
    weight = scale**2 / (scale**2 + error**2)
    pooled = category + weight * (own - category)
    of_category = np.array([category[2], category[0]])
    wiggle = np.array([-0.1, 0.1])[None, :, None]
    tree = tree_of(elasticity=pooled + wiggle, category_elasticity=of_category + wiggle)
    table = et.shrinkage(tree, separate_of(own, error), panel=PANEL)
    assert_allclose(table["weight"], weight, rtol=1e-8)
    assert_allclose(table["category"], category)
    assert_allclose(table["pooled"], pooled)
    assert_allclose(table["information"], error**-2)
    assert_array_equal(table["separate"], own)
    assert_array_equal(table["std_error"], error)
    assert table["product"].values.tolist() == ["jam", "rice", "tea"]


def same_category():
    return (OF_CATEGORY[:, None] == OF_CATEGORY).astype(float)


def test_weights_of_fitted_draws_follow_the_normal_formula():
    # Gibbs sampling by hand of normal estimates around one category of known scale.
    rng = np.random.default_rng(1)
    own, error, scale = np.array([-3.0, -1.2, -2.2]), np.array([0.1, 0.3, 1.0]), 0.3
    one = et.Panel.from_frame(TABLE, product="item", period="week", units="sold", price="euro")
    n_draws = 20_000
    precision = 1 / 0.5**2 + (1 / (scale**2 + error**2)).sum()
    centre = (-1.5 / 0.5**2 + (own / (scale**2 + error**2)).sum()) / precision
    category = rng.normal(centre, precision**-0.5, (2, n_draws))
    weight = scale**2 / (scale**2 + error**2)
    mean = category[..., None] + weight * (own - category[..., None])
    draws = rng.normal(mean, np.sqrt(weight) * error)
    coords = COORDS | {"category": ["all"]}
    tree = tree_of(elasticity=draws, category_elasticity=category[..., None], coords=coords)
    table = et.shrinkage(tree, separate_of(own, error), panel=one)
    noise = np.sqrt(weight) * error / np.sqrt(2 * n_draws) / np.abs(own - centre)
    assert (np.abs(table["weight"] - weight) < 4 * noise).all()


def test_a_product_without_an_estimate_has_no_weight():
    draws = np.full((2, 5, 3), np.array([-2.0, -1.9, -1.8]))
    tree = tree_of(elasticity=draws, category_elasticity=np.full((2, 5, 2), -1.5))
    table = et.shrinkage(tree, separate_of([-3, np.nan, -2], [0.5, np.nan, 0.2]), panel=PANEL)
    assert_array_equal(np.isnan(table["weight"]), [False, True, False])
    assert_array_equal(np.isnan(table["separate"]), [False, True, False])
    assert_allclose(table["information"], [4, 0, 25])
    assert_allclose(table["pooled"], [-2, -1.9, -1.8])


def test_shrinkage_takes_the_table_of_the_products_own_regressions():
    draws = np.full((2, 5, 3), -2.0)
    tree = tree_of(elasticity=draws, category_elasticity=draws[..., :2] + 0.5)
    separate = et.product_elasticities(PANEL)
    table = et.shrinkage(tree, separate, panel=PANEL)
    assert_array_equal(table["separate"], separate["estimate"])
    assert_allclose(table["weight"], -0.5 / (separate["estimate"] + 1.5))


@pytest.mark.parametrize(
    "products, labels",
    [
        (["jam", "tea", "rice"], COORDS["product"]),
        (["jam", "rice", "oil"], COORDS["product"]),
        (COORDS["product"], ["rice", "jam", "tea"]),
    ],
)
def test_shrinkage_needs_the_same_products(products, labels):
    draws = np.full((2, 5, 3), -2.0)
    coords = COORDS | {"product": labels}
    tree = tree_of(elasticity=draws, category_elasticity=draws[..., :2], coords=coords)
    message = r"^posterior, separate and panel must hold the same products in one order\.$"
    with pytest.raises(ValueError, match=message):
        et.shrinkage(tree, separate_of([-1] * 3, [1] * 3, products), panel=PANEL)


def test_shrinkage_needs_the_panel_of_the_fit():
    draws = np.full((2, 5, 3), -2.0)
    tree = tree_of(elasticity=draws, category_elasticity=draws[..., :2])
    with pytest.raises(ValueError, match="same products"):
        et.shrinkage(
            tree, separate_of([-1] * 3, [1] * 3), panel=PANEL.select(products=["jam", "tea"])
        )


def test_shrinkage_needs_categories():
    tree = tree_of(elasticity=np.full((2, 5, 3), -2.0))
    with pytest.raises(ValueError, match=r"^shrinkage needs a model with categories; the post"):
        et.shrinkage(tree, separate_of([-1] * 3, [1] * 3), panel=PANEL)


# Posteriors with moments of their own


def analytic_tree(mean, sd, products=COORDS["product"], **draws):
    tree = tree_of(**draws) if draws else xr.DataTree()
    table = {"mean": ("product", mean), "sd": ("product", sd)}
    tree["analytic"] = xr.Dataset(table, {"product": products})
    return tree


def skewed_tree(skewness):
    """Draws of a Gamma of this skewness in one product of three, and its moments."""
    rng = np.random.default_rng(1)
    shape = 4 / skewness**2
    draws = rng.normal(-2, 0.2, (4, 2_000, 3))
    draws[..., 1] = -3 + rng.gamma(shape, 1 / np.sqrt(shape), (4, 2_000))
    mean = np.array([-2, -3 + np.sqrt(shape), -2])
    tree = analytic_tree(mean, np.array([0.2, 1.0, 0.2]), elasticity=draws)
    of_products = xr.DataArray([0.0, skewness, -0.9], {"product": COORDS["product"]})
    tree["analytic"]["skewness"] = of_products
    return tree, draws


@pytest.mark.parametrize("prob", [0.5, 0.9])
def test_where_an_elasticity_is_far_from_normal_the_interval_is_that_of_the_draws(prob):
    tree, draws = skewed_tree(1.5)
    summary, normal = et.elasticity_summary(tree, prob=prob), stats.norm.interval(prob, -2, 0.2)
    tails = [(1 - prob) / 2, (1 + prob) / 2]
    ends = np.stack([summary["lower"], summary["upper"]])
    assert_allclose(ends[:, 1], np.quantile(draws[..., 1], tails))
    assert_allclose(ends[:, 0], normal)
    assert_allclose(ends[:, 2], normal)
    assert_array_equal(summary["mean"], tree["analytic"]["mean"])


def test_close_to_normal_it_is_that_of_the_normal():
    tree, _ = skewed_tree(0.9)
    summary = et.elasticity_summary(tree, prob=0.9)
    assert_allclose(summary["lower"][1], stats.norm.ppf(0.05, summary["mean"][1], 1.0))


def test_analytic_moments_come_before_draws():
    mean, sd = np.array([-2.0, -1.0, -3.0]), np.array([0.1, 0.2, 0.3])
    summary = et.elasticity_summary(analytic_tree(mean, sd, **good_draws()), prob=0.9)
    assert set(summary.data_vars) == {"mean", "sd", "lower", "upper"}
    assert summary.attrs == {"prob": 0.9}
    assert summary["product"].values.tolist() == COORDS["product"]
    assert_array_equal(summary["mean"], mean)
    assert_array_equal(summary["sd"], sd)
    assert_allclose(summary["lower"], stats.norm.ppf(0.05, mean, sd))
    assert_allclose(summary["upper"], stats.norm.ppf(0.95, mean, sd))


# One posterior against another


def test_a_posterior_is_at_no_distance_from_itself():
    tree = tree_of(**good_draws())
    table = et.compare_posteriors(tree, tree)
    assert table["product"].values.tolist() == COORDS["product"]
    assert_allclose(table["sd_ratio"], 1)
    for name in ("z", "distance", "lower_difference", "upper_difference"):
        assert_array_equal(table[name], np.zeros(3))


def test_the_comparison_is_in_units_of_the_reference():
    draws = good_draws()["elasticity"]
    centre, sd = draws.mean((0, 1)), draws.std((0, 1))
    reference = tree_of(elasticity=draws)
    moved = tree_of(elasticity=centre + 1.5 * (draws - centre) + 0.4 * sd)
    table = et.compare_posteriors(moved, reference)
    assert_allclose(table["distance"], np.full(3, 0.4))
    assert_allclose(table["sd_ratio"], np.full(3, 1.5))
    ends = (np.quantile(draws, [0.025, 0.975], axis=(0, 1)) - centre) / sd
    assert_allclose(table["lower_difference"], 0.4 + 0.5 * ends[0])
    assert_allclose(table["upper_difference"], 0.4 + 0.5 * ends[1])
    # Draws that are independent have a standard error of sd / sqrt(n), give or take.
    assert_allclose(table["z"], np.full(3, 0.4 * np.sqrt(4_000)), rtol=0.15)


def test_z_counts_draws_that_depend_as_fewer():
    rng = np.random.default_rng(4)
    draws = -2 + 0.3 * autoregressive(rng, (4, 2_000, 3), 0.8)
    reference, sd = tree_of(elasticity=draws), draws.std((0, 1))
    table = et.compare_posteriors(analytic_tree(draws.mean((0, 1)) + sd, sd), reference)
    # The share of independent draws among those of an autoregression is (1 - r) / (1 + r).
    assert_allclose(table["z"], np.full(3, np.sqrt(8_000 * 0.2 / 1.8)), rtol=0.2)


def test_analytic_posteriors_are_aligned_by_label():
    draws = good_draws(n_draws=2_000)["elasticity"]
    mean, sd = draws.mean((0, 1)), draws.std((0, 1))
    turned = analytic_tree(mean[::-1], sd[::-1], COORDS["product"][::-1])
    table = et.compare_posteriors(turned, tree_of(elasticity=draws))
    assert_allclose(table["distance"], 0, atol=1e-12)
    assert_allclose(table["sd_ratio"], 1)
    # Ends of 8,000 normal draws have a standard error of sqrt(0.025 * 0.975 / n) / density.
    error = np.sqrt(0.025 * 0.975 / 8_000) / stats.norm.pdf(1.96)
    assert (abs(table["lower_difference"]) < 4 * error).all()
    assert (abs(table["upper_difference"]) < 4 * error).all()


def test_a_reference_is_judged_by_its_draws():
    draws = good_draws()["elasticity"]
    reference = analytic_tree(np.zeros(3), np.ones(3), elasticity=draws)
    table = et.compare_posteriors(tree_of(elasticity=draws), reference)
    assert_array_equal(table["distance"], np.zeros(3))


def test_posteriors_of_other_products_are_not_compared():
    tree = tree_of(**good_draws())
    other = analytic_tree(np.zeros(3), np.ones(3), ["jam", "oil", "rice"])
    message = r"^posterior and reference must hold .* 2 are in one alone, 'oil' among them\.$"
    with pytest.raises(ValueError, match=message):
        et.compare_posteriors(other, tree)


# Coverage


def intervals(lower, upper, products):
    ends = {"lower": ("product", lower), "upper": ("product", upper)}
    return xr.Dataset(ends, {"product": products})


def test_coverage_counts_the_intervals_that_hold_the_truth():
    summary = intervals([-3, -2, -2, -1], [-2, -1, -1.0, 0], list("abcd"))
    truth = xr.DataArray([-2.5, -3.0, -1.0, 0.1], {"product": list("abcd")})  # an end counts as in
    share, error = et.interval_coverage(summary, truth)
    assert share == 0.5
    assert_allclose(error, np.sqrt(0.5 * 0.5 / 4))
    assert isinstance(share, float) and isinstance(error, float)


def test_coverage_is_aligned_by_label():
    summary = intervals([-3.0, -2.0], [-2.5, -1.5], ["b", "a"])
    truth = xr.DataArray([-1.75, -2.75, 9.0], {"product": ["a", "b", "c"]})
    assert et.interval_coverage(summary, truth) == (1.0, 0.0)
    assert et.interval_coverage(summary, truth[::-1]) == (1.0, 0.0)


def test_coverage_of_exact_intervals_is_their_probability():
    rng = np.random.default_rng(1)
    products = [f"p{i}" for i in range(2_000)]
    truth = xr.DataArray(rng.normal(-2, 1, 2_000), {"product": products})
    estimate = truth.values + rng.normal(0, 0.3, 2_000)
    half = stats.norm.ppf(0.9) * 0.3
    share, error = et.interval_coverage(
        intervals(estimate - half, estimate + half, products), truth
    )
    assert_allclose(error, np.sqrt(share * (1 - share) / 2_000))
    assert abs(share - 0.8) < 4 * error


def test_coverage_takes_a_summary_and_the_truth_of_a_store():
    size = dict(n_products=12, n_categories=2, n_periods=4, price_change_prob=0.5)
    truth = et.simulate_store(np.random.default_rng(1), **size).truth["elasticity"]
    draws = truth.values + np.linspace(-1, 1, 41)[None, :, None] * np.ones((2, 1, 1))
    tree = tree_of(elasticity=draws, coords={"product": truth["product"].values})
    assert et.interval_coverage(et.elasticity_summary(tree, prob=0.5), truth) == (1.0, 0.0)
    assert et.interval_coverage(et.elasticity_summary(tree, prob=0.5), truth - 0.6) == (0.0, 0.0)


@pytest.mark.parametrize("kind", [str, object])
def test_coverage_needs_every_truth(kind):
    summary = intervals([-3.0, -2, -1], [-2.5, -1, 0], np.array(["b", "a", "c"], dtype=kind))
    truth = xr.DataArray([-1.75, 1.0], {"product": ["a", "d"]})
    with pytest.raises(ValueError, match=r"^truth lacks 2 products, 'b' among them\.$"):
        et.interval_coverage(summary, truth)
