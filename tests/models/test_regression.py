"""The regressions, against dense dummies, brute-force maximisation and published figures."""

import ast
import subprocess
import sys

import numpy as np
import pytest
from conftest import cases_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize, special, stats

import elastic_tutorial as et

NAMES = ["estimate", "std_error"]


def panel_of(units, price, *, category=None, observed=None, **covariates):
    units = np.asarray(units, float)
    shape = units.shape
    observed = np.ones(shape, bool) if observed is None else observed
    category = np.zeros(shape[0], int) if category is None else np.asarray(category)

    def hide(array):
        return np.where(observed, np.broadcast_to(np.asarray(array, float), shape), np.nan)

    return et.Panel(
        units=hide(units),
        price=hide(price),
        observed=observed,
        category=category,
        products=np.array([f"P{i:03d}" for i in range(shape[0])]),
        periods=np.arange(shape[1]),
        categories=np.array([f"C{c}" for c in range(category.max() + 1)]),
        covariates={name: hide(array) for name, array in covariates.items()},
    )


def store(seed=1, *, shape=(8, 12), mean=40.0, n_categories=2, missing=0.0, promotion=False):
    """A small panel with zeros, and its holes where asked for."""
    rng = np.random.default_rng(seed)
    price = rng.uniform(1, 4, shape)
    extra = {"promo": rng.integers(2, size=shape).astype(float)} if promotion else {}
    rate = mean * rng.lognormal(0, 0.5, (shape[0], 1)) * price**-1.5
    rate = rate * np.exp(0.4 * extra.get("promo", 0)) * rng.lognormal(0, 0.2, shape)
    observed = rng.random(shape) >= missing
    observed[:, :2] = True
    category = np.arange(shape[0]) % n_categories
    return panel_of(rng.poisson(rate), price, category=category, observed=observed, **extra)


def without_singletons(product, slot, use):
    """Cells that are not alone in their product or slot, again and again."""
    while True:
        alone = np.zeros(len(use), bool)
        for effect in (product, slot):
            alone |= use & (np.bincount(effect, use, effect.max() + 1)[effect] == 1)
        if not alone.any():
            return use
        use = use & ~alone


def dense(panel, method, *, time_effects):
    """Units, regressors and their dummies of every cell that counts, and the product of each."""
    product, period = np.nonzero(panel.observed)
    slot = panel.category[product] * panel.n_periods + period
    units = panel.units[panel.observed]
    use = np.ones(len(units), bool) if method == "poisson" else units > 0
    use = without_singletons(product, slot if time_effects else product, use)
    columns = [panel.log_price, *panel.covariates.values()]
    x = np.stack([column[panel.observed] for column in columns], axis=1)[use]
    dummies = [product[use][:, None] == np.unique(product[use])]
    if time_effects:
        dummies.append(slot[use][:, None] == np.unique(slot[use]))
    design = np.concatenate([x, *dummies], axis=1).astype(float)
    n_slots = dummies[-1].shape[1] if time_effects else 0
    return units[use], design, product[use], n_slots


def newton(units, design):
    """Poisson regression by Newton's method; the dummies need not be independent."""
    coefficient = np.linalg.lstsq(design, np.log(units + 0.5), rcond=None)[0]
    for _ in range(100):
        mean = np.exp(design @ coefficient)
        information = design.T @ (mean[:, None] * design)
        step = np.linalg.lstsq(information, design.T @ (units - mean), rcond=1e-12)[0]
        coefficient = coefficient + step
        if np.abs(design @ step).max() < 1e-12:
            return coefficient, np.exp(design @ coefficient)
    raise AssertionError("no convergence")


def sandwich(design, weight, residual, cluster, n_slopes, n_slots):
    """Clustered standard errors of the slopes, with the correction that pyfixest documents.

    Effects that are nested in the clusters count as one coefficient and cancel the one that the
    second effect loses to the first: (N - 1) / (N - slopes - slots) * G / (G - 1).
    """
    bread = np.linalg.pinv(design.T @ (weight[:, None] * design), rcond=1e-12)
    scores = np.array([residual[cluster == g] @ design[cluster == g] for g in np.unique(cluster)])
    covariance = bread @ scores.T @ scores @ bread
    n, n_clusters = len(residual), len(scores)
    factor = (n - 1) / (n - n_slopes - max(n_slots, 1)) * n_clusters / (n_clusters - 1)
    return np.sqrt(factor * np.diag(covariance)[:n_slopes])


def reference(panel, method, time_effects):
    """Estimates and clustered standard errors with every dummy written out."""
    units, design, product, n_slots = dense(panel, method, time_effects=time_effects)
    n_slopes = 1 + len(panel.covariates)
    if method == "poisson":
        coefficient, mean = newton(units, design)
        weight, residual = mean, units - mean
    else:
        coefficient = np.linalg.lstsq(design, np.log(units), rcond=None)[0]
        weight, residual = np.ones(len(units)), np.log(units) - design @ coefficient
    error = sandwich(design, weight, residual, product, n_slopes, n_slots)
    return coefficient[:n_slopes], error, len(units)


# One slope for the store, one per category


@pytest.mark.parametrize("time_effects", [True, False])
@pytest.mark.parametrize("method", ["poisson", "log_log"])
@pytest.mark.parametrize("missing, promotion", [(0, False), (0.2, False), (0.2, True)])
def test_pooled_elasticity_matches_a_regression_on_dummies(
    method, time_effects, missing, promotion
):
    panel = store(missing=missing, promotion=promotion)
    expected, error, n_cells = reference(panel, method, time_effects)
    table = et.pooled_elasticity(panel, method=method, time_effects=time_effects)
    assert table.index.tolist() == ["log_price", *panel.covariates]
    assert table.columns.tolist() == [*NAMES, "n_cells"]
    # pyfixest stops when the deviance moves by less than 1e-8 of itself
    assert_allclose(table["estimate"], expected, rtol=1e-4)
    assert_allclose(table["std_error"], error, rtol=1e-3)
    assert (table["n_cells"] == n_cells).all()


@pytest.mark.parametrize("method", ["poisson", "log_log"])
def test_a_category_is_a_store_of_its_own(method):
    panel = store(n_categories=2, missing=0.1, promotion=True)
    table = et.category_elasticities(panel, method=method)
    assert table.columns.tolist() == [*NAMES, "n_cells", "reason"]
    assert table.index.tolist() == ["C0", "C1"]
    for name in table.index:
        own = panel.select(categories=[name])
        expected, error, n_cells = reference(own, method, True)
        assert_allclose(table.loc[name, "estimate"], expected[0], rtol=1e-4)
        assert_allclose(table.loc[name, "std_error"], error[0], rtol=1e-3)
        assert table.loc[name, "n_cells"] == n_cells
        alone = et.pooled_elasticity(own, method=method).loc["log_price", NAMES]
        assert_allclose(table.loc[name, NAMES].astype(float), alone, rtol=1e-8)
    assert (table["reason"] == "").all()


def test_without_time_effects_the_pooled_slope_weights_products_as_the_likelihood_does():
    """It maximises the sum of the products' conditional likelihoods at one slope."""
    panel = store(mean=10)
    estimate = et.pooled_elasticity(panel, time_effects=False).loc["log_price", "estimate"]

    def loss(slope):
        share = special.log_softmax(slope * panel.log_price, axis=1)
        return -(panel.units * share).sum()

    best = optimize.minimize_scalar(loss, bounds=(-5, 2), method="bounded", options={"xatol": 1e-9})
    assert_allclose(estimate, best.x, atol=1e-5)


def test_zeros_are_dropped_from_the_log_log_regression_alone():
    panel = store(mean=8)
    zeros = int((panel.units == 0).sum())
    assert zeros > 0
    n_cells = {
        method: et.pooled_elasticity(panel, method=method, time_effects=False)["n_cells"].item()
        for method in ("poisson", "log_log")
    }
    assert n_cells == {"poisson": 96, "log_log": 96 - zeros}


def test_products_without_sales_do_not_count():
    panel = store(seed=2)
    silent = panel_of(
        np.vstack([panel.units, np.zeros((2, 12))]),
        np.vstack([panel.price, panel.price[:2]]),
        category=[*panel.category, 0, 1],
    )
    for method in ("poisson", "log_log"):
        first, second = (et.pooled_elasticity(p, method=method) for p in (panel, silent))
        assert_allclose(first, second, rtol=1e-8)


@pytest.mark.parametrize("method", ["poisson", "log_log"])
def test_prices_in_cents_change_no_elasticity(method):
    panel = store(promotion=True)
    cents = panel_of(panel.units, 100 * panel.price, category=panel.category, **panel.covariates)
    assert_allclose(
        et.pooled_elasticity(panel, method=method),
        et.pooled_elasticity(cents, method=method),
        rtol=1e-5,
    )
    assert_allclose(
        et.product_elasticities(panel)[NAMES], et.product_elasticities(cents)[NAMES], rtol=1e-6
    )


@pytest.mark.parametrize("case", cases_of("elasticity_regression", ids="reg04_cheese_ols"))
def test_published_figures_of_the_cheese_data(case):
    expected, within = case["expected"], {"rtol": 0, "atol": case["tolerance"]["abs"]}
    cheese = et.load_cheese()
    columns = dict(product="retailer", period="week", units="units", price="price")
    options = dict(method="log_log", time_effects=False)
    panel = et.Panel.from_frame(cheese, **columns, covariates=["display"])
    table = et.pooled_elasticity(panel, **options)
    found = table.loc[["log_price", "display"], "estimate"]
    assert_allclose(found, [expected["retailer_FE"], expected["retailer_FE_DISP"]], **within)
    alone = et.pooled_elasticity(et.Panel.from_frame(cheese, **columns), **options)
    assert_allclose(alone["estimate"], expected["retailer_FE_without_DISP"], **within)
    ones = np.ones(len(cheese))
    design = np.stack([np.log(cheese["price"]), cheese["display"], ones], axis=1)
    slope = np.linalg.lstsq(design, np.log(cheese["units"]), rcond=None)[0][0]
    assert_allclose(slope, expected["pooled"], **within)  # without retailer effects


def test_intervals_of_the_store_hold_its_elasticity():
    """Over many stores; the count of hits is binomial, and 40 clusters cost a little."""
    hits, n_stores = 0, 40
    for seed in range(n_stores):
        rng = np.random.default_rng(seed)
        size = dict(n_products=40, n_categories=2, n_periods=20, price_change_prob=0.5)
        flat = dict(category_scale=0, elasticity_scale=0, global_elasticity=-1.5)
        sim = et.simulate_store(rng, **size, **flat, initial_price=(5, 20))
        row = et.pooled_elasticity(sim.panel).loc["log_price"]
        hits += abs(row["estimate"] + 1.5) < stats.t.ppf(0.975, 39) * row["std_error"]
    assert hits >= stats.binom.ppf(1e-4, n_stores, 0.93)


# One slope for each product


def conditional_loss(slope, units, log_price, offset=0.0):
    return -(units * special.log_softmax(slope * log_price + offset)).sum()


def cells_of(panel, i):
    seen = panel.observed[i]
    return panel.units[i, seen], panel.log_price[i, seen], seen


@pytest.mark.parametrize("missing", [0, 0.4])
@pytest.mark.parametrize("with_offset", [False, True])
@pytest.mark.parametrize("mean", [2.0, 40.0, 1e4])
def test_each_product_maximises_its_conditional_likelihood(missing, with_offset, mean):
    panel = store(shape=(20, 15), mean=mean, missing=missing)
    offset = np.random.default_rng(5).normal(0, 1, panel.units.shape) if with_offset else None
    table = et.product_elasticities(panel, offset=offset)
    assert table.index.tolist() == panel.products.tolist()
    assert_array_equal(table["n_units"], panel.total_units)
    assert (table["reason"] == "").sum() >= 15
    for i, row in enumerate(table.itertuples()):
        if row.reason:
            continue
        units, log_price, seen = cells_of(panel, i)
        known = offset[i, seen] if with_offset else 0.0

        def loss(slope, data=(units, log_price, known)):
            return conditional_loss(slope, *data)

        best = optimize.minimize_scalar(loss, bracket=(-3, 0), tol=1e-10)
        # a minimum is flat: its place is known to the root of machine precision
        precision = 10 * np.sqrt(1e-16 * max(abs(best.fun), 1)) * row.std_error + 1e-9
        assert abs(row.estimate - best.x) < max(precision, 1e-5 * row.std_error)
        h = 0.05 * row.std_error
        five = [loss(row.estimate + k * h) for k in (-2, -1, 0, 1, 2)]
        curvature = np.dot([-1, 16, -30, 16, -1], five) / (12 * h**2)
        assert_allclose(row.std_error, 1 / np.sqrt(curvature), rtol=1e-3)


def test_each_product_is_a_poisson_regression_with_its_own_intercept():
    panel = store(missing=0.3, mean=15)
    offset = np.random.default_rng(6).normal(0, 0.5, panel.units.shape)
    plain, shifted = et.product_elasticities(panel), et.product_elasticities(panel, offset=offset)
    for i in range(panel.n_products):
        units, log_price, seen = cells_of(panel, i)
        design = np.stack([log_price, np.ones(len(units))], axis=1)
        coefficient, mean = newton(units, design)
        error = np.sqrt(np.linalg.inv(design.T @ (mean[:, None] * design))[0, 0])
        assert_allclose(plain[NAMES].iloc[i], [coefficient[0], error], rtol=1e-7)
        # An offset enters as a regressor whose coefficient is 1: at the answer the scores vanish.
        rate = np.exp(shifted["estimate"].iloc[i] * log_price + offset[i, seen])
        mean = units.sum() * rate / rate.sum()
        assert_allclose((units - mean) @ log_price, 0, atol=1e-6)


def test_an_offset_constant_within_a_product_changes_nothing():
    panel = store()
    offset = np.repeat(np.arange(8.0)[:, None], 12, axis=1)
    assert_allclose(
        et.product_elasticities(panel, offset=offset)[NAMES],
        et.product_elasticities(panel)[NAMES],
        rtol=1e-7,
    )


@settings(max_examples=50)
@given(
    st.tuples(st.integers(1, 10**7), st.integers(1, 10**7)),
    st.tuples(st.integers(1, 1000), st.integers(1, 1000)).filter(lambda p: p[0] != p[1]),
)
def test_two_periods_have_a_closed_form(units, price):
    row = et.product_elasticities(panel_of([units], [price])).iloc[0]
    change = np.log(price[1] / price[0])
    assert_allclose(row["estimate"], np.log(units[1] / units[0]) / change, rtol=1e-6, atol=1e-6)
    expected = np.sqrt(1 / units[0] + 1 / units[1]) / abs(change)
    assert_allclose(row["std_error"], expected, rtol=1e-6)


def test_one_million_times_the_sales_give_the_same_slope_and_a_thousandth_of_the_error():
    panel = store()
    many = panel_of(1e6 * panel.units, panel.price)
    few = et.product_elasticities(panel)
    assert_allclose(et.product_elasticities(many)["estimate"], few["estimate"], rtol=1e-7)
    assert_allclose(et.product_elasticities(many)["std_error"], few["std_error"] / 1e3, rtol=1e-6)


REASONS = [
    ([0, 0, 0], [1, 2, 3], "nothing sold"),
    ([0, 0, 0], [2, 2, 2], "nothing sold"),
    ([4, 0, 2], [2, 2, 2], "price never moved"),
    ([5, 0, 0], [1, 2, 3], "sold at its lowest price only"),
    ([5, 3, 0], [1, 1, 3], "sold at its lowest price only"),
    ([0, 0, 1], [1, 2, 3], "sold at its highest price only"),
    ([0, 7, 1], [1, 3, 3], "sold at its highest price only"),
    ([0, 1, 0], [1, 2, 3], ""),
    ([1, 0, 1], [1, 2, 3], ""),
]


def test_what_cannot_be_estimated_says_why():
    units, price, reasons = zip(*REASONS, strict=True)
    table = et.product_elasticities(panel_of(units, price))
    assert table["reason"].tolist() == list(reasons)
    for name in NAMES:
        assert_array_equal(np.isnan(table[name]), table["reason"] != "")


def test_a_price_at_which_nothing_was_seen_does_not_count():
    observed = np.array([[True, True, False], [True, True, True]])
    panel = panel_of([[5, 2, 9], [5, 2, 9]], [[2, 2, 3], [2, 2, 3]], observed=observed)
    assert et.product_elasticities(panel)["reason"].tolist() == ["price never moved", ""]


@pytest.mark.parametrize("price", [[0.1, 0.1, 0.1], [1 / 3] * 7, [19.99] * 52, [1e-3] * 11])
def test_a_constant_price_is_constant_after_rounding_too(price):
    panel = panel_of([np.arange(1, len(price) + 1)] * 2, [price] * 2)
    assert (et.product_elasticities(panel)["reason"] == "price never moved").all()


@pytest.mark.parametrize(
    "units, price",
    [
        ([10**7, 1], [1, 1.01]),
        ([1, 10**7], [1, 1000]),
        ([1, 0, 0, 1, 10**7], [1, 2, 3, 4, 5]),
        ([10**12, 10**12 + 1], [1, 1.0001]),
        ([1] + [0] * 50 + [1], np.linspace(1, 1.01, 52)),
        ([0, 1, 0], [1, 1 + 1e-9, 1 + 2e-9]),
    ],
)
def test_extreme_sales_reach_the_maximum_too(units, price):
    row = et.product_elasticities(panel_of([units], [price])).iloc[0]
    log_price = np.log(price)
    share = special.softmax(row["estimate"] * log_price)
    gap = np.dot(share, log_price) - np.dot(units, log_price) / np.sum(units)
    assert abs(gap) < 1e-6 * np.ptp(log_price)
    assert row["std_error"] > 0


# Inputs without an answer


def outcome(call, panel, **options):
    """The table, or the message of the error that a reader can catch."""
    try:
        return call(panel, **options)
    except ValueError as error:
        return str(error)


RNG = np.random.default_rng(0)
PRICE = RNG.uniform(1, 3, (6, 10))
UNITS = RNG.poisson(50 * PRICE**-2)
FIRST = np.where((np.arange(60) == 3).reshape(6, 10), 1, 0)
HOPELESS = {
    "nothing sold": lambda: panel_of(0 * UNITS, PRICE),
    "one period": lambda: panel_of(UNITS[:, :1], PRICE[:, :1]),
    "one cell": lambda: panel_of(UNITS[:1, :1], PRICE[:1, :1]),
    "constant prices": lambda: panel_of(UNITS, PRICE[:, :1]),
    "one unit in all": lambda: panel_of(FIRST, PRICE),
    "one product": lambda: panel_of(UNITS[:1], PRICE[:1]),
    "one price for all": lambda: panel_of(UNITS, PRICE[:1]),
}


def test_a_regression_leaves_the_logging_as_it_was():
    code = """
import logging, sys
sys.path[:0] = ["tests", "tests/models"]
import elastic_tutorial as et
import test_regression as here
root = logging.getLogger()
et.pooled_elasticity(here.panel_of(here.UNITS, here.PRICE))
assert "pyfixest" in sys.modules
print(root.handlers, root.level == logging.WARNING)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


TRY_ALL = """
import sys, warnings
sys.path[:0] = ["tests", "tests/models"]
warnings.simplefilter("error")
import elastic_tutorial as et
import test_regression as here
for line in sys.stdin:
    name, method = line.strip().split(",")
    panel = here.HOPELESS[name]()
    try:
        message = here.outcome(et.pooled_elasticity, panel, method=method)
        table = et.category_elasticities(panel, method=method)
        assert table["estimate"].isna().all() and (table["n_cells"] == 0).all()
        print([message, table["reason"].iloc[0]], flush=True)
    except Exception as error:
        print([repr(error)], flush=True)
"""


@pytest.fixture(scope="module")
def refusals():
    """Outcomes by world and method, from processes of their own: the regression can end one."""
    waiting = [f"{name},{method}" for name in HOPELESS for method in ("poisson", "log_log")]
    found = {}
    while waiting:
        command = [sys.executable, "-c", TRY_ALL]
        options = dict(capture_output=True, text=True, timeout=120, check=False)
        done = subprocess.run(command, input="\n".join(waiting), **options)
        lines = [ast.literal_eval(line) for line in done.stdout.splitlines()]
        lines += [["the process ended: " + done.stderr[-300:]]] * (len(lines) < len(waiting))
        found |= dict(zip(waiting, lines, strict=False))
        waiting = waiting[len(lines) :]
    return found


@pytest.mark.parametrize("method", ["poisson", "log_log"])
@pytest.mark.parametrize("name", HOPELESS)
def test_a_store_without_an_answer_is_refused_with_the_reason(refusals, name, method):
    message, reason = refusals[f"{name},{method}"]
    assert message == reason
    assert "price moved" in reason or "collinear" in reason
    assert "\n" not in reason


@pytest.mark.parametrize("method", ["poisson", "log_log"])
def test_one_product_without_time_effects_has_a_slope_and_no_clusters(method):
    panel = panel_of(UNITS[:1], PRICE[:1])
    result = outcome(et.pooled_elasticity, panel, method=method, time_effects=False)
    if not isinstance(result, str):
        row = result.loc["log_price"]
        assert not np.isfinite(row["std_error"])  # one cluster says nothing about spread
        if method == "poisson":
            own = et.product_elasticities(panel)["estimate"].iloc[0]
            assert_allclose(row["estimate"], own, rtol=1e-4)


@pytest.mark.parametrize("time_effects", [True, False])
@pytest.mark.parametrize(
    "covariates",
    [
        {"promo": np.ones((6, 10))},
        {"promo": np.zeros((6, 10))},
        {"promo": np.log(PRICE)},
        {"promo": PRICE, "other": 2 * PRICE},
    ],
    ids=["ones", "zeros", "log price", "twice"],
)
def test_a_covariate_without_a_coefficient_of_its_own_is_refused_or_nan(covariates, time_effects):
    panel = panel_of(UNITS, PRICE, **covariates)
    result = outcome(et.pooled_elasticity, panel, time_effects=time_effects)
    if not isinstance(result, str):
        assert result.index.tolist() == ["log_price", *covariates]
        assert result["estimate"].isna().any()


def test_sales_at_the_lowest_price_alone_have_no_pooled_slope():
    lowest = PRICE == PRICE.min(axis=1, keepdims=True)
    panel = panel_of(np.where(lowest, 5, 0), PRICE)
    for time_effects in (True, False):
        result = outcome(et.pooled_elasticity, panel, time_effects=time_effects)
        assert isinstance(result, str) or result["estimate"].isna().all(), result


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_slope_that_was_not_reached_is_never_given():
    """One unit beyond the lowest prices puts the maximum near -815, many Newton steps away."""
    units = np.where(PRICE == PRICE.min(axis=1, keepdims=True), 10**6, 0)
    units[0, 0] = 1
    panel = panel_of(units, PRICE)

    def loss(slope):
        return -(units * special.log_softmax(slope * panel.log_price, axis=1)).sum()

    best = optimize.minimize_scalar(loss, bounds=(-2000, 0), method="bounded")
    result = outcome(et.pooled_elasticity, panel, time_effects=False)
    if not isinstance(result, str):
        assert_allclose(result["estimate"], best.x, rtol=1e-3)


def test_a_category_without_products_has_a_reason():
    panel = panel_of(UNITS, PRICE, category=[0, 0, 0, 2, 2, 2])
    table = et.category_elasticities(panel)
    assert table.index.tolist() == ["C0", "C1", "C2"]
    assert table["estimate"].isna().tolist() == [False, True, False]
    assert table.loc["C1", "n_cells"] == 0 and table.loc["C1", "reason"]


def test_ten_million_units_a_cell():
    rng = np.random.default_rng(3)
    panel = panel_of(rng.poisson(1e7 * PRICE**-2), PRICE)
    for method in ("poisson", "log_log"):
        row = et.pooled_elasticity(panel, method=method).loc["log_price"]
        assert abs(row["estimate"] + 2) < 6 * row["std_error"] < 0.01
    products = et.product_elasticities(panel)
    assert (abs(products["estimate"] + 2) < 5 * products["std_error"]).all()


# Refusing


@pytest.mark.parametrize("call", [et.pooled_elasticity, et.category_elasticities])
def test_the_method_is_one_of_two(call):
    with pytest.raises(ValueError, match=r"^method must be 'poisson' or 'log_log'; got 'ols'\.$"):
        call(store(), method="ols")


def test_an_unknown_method_is_refused_before_anything_else():
    silent = panel_of(np.zeros((3, 4)), 2.0)
    with pytest.raises(ValueError, match=r"^method must be "):
        et.category_elasticities(silent, method="ols")


@pytest.mark.parametrize(
    "call", [et.pooled_elasticity, et.category_elasticities, et.product_elasticities]
)
@pytest.mark.parametrize("bad", [None, np.ones((2, 3)), "panel"])
def test_a_panel_is_required(call, bad):
    with pytest.raises(TypeError, match=r"^panel must be a Panel; got "):
        call(bad)


@pytest.mark.parametrize(
    "offset",
    [np.zeros((12, 8)), 0.0, np.zeros(12), np.full((8, 12), np.nan), np.full((8, 12), -np.inf)],
)
def test_an_offset_is_finite_and_has_the_shape_of_the_panel(offset):
    message = r"^offset must be finite and have shape \(product, period\) = \(8, 12\); got shape "
    with pytest.raises(ValueError, match=message):
        et.product_elasticities(store(), offset=offset)


def test_what_an_offset_holds_where_nothing_was_observed_does_not_matter():
    panel = store(missing=0.4)
    offset = np.random.default_rng(1).normal(size=panel.units.shape)
    elsewhere = np.where(panel.observed, offset, 1e3)
    first, second = (et.product_elasticities(panel, offset=o) for o in (offset, elsewhere))
    assert_allclose(first[NAMES], second[NAMES], rtol=1e-9)
