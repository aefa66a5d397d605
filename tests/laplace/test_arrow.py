"""The arrow, the integrals over it and their slopes: against dense matrices, SciPy, quadrature."""

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError
from numpy.testing import assert_allclose
from scipy import integrate, optimize, special, stats

import elastic_tutorial as et
from elastic_tutorial.laplace import arrow as arrows
from elastic_tutorial.laplace import blocks as packing
from elastic_tutorial.laplace import (
    categories,
    conditional,
    density,
    design,
    log_gamma,
    marginal,
    product_integral,
)
from elastic_tutorial.laplace import hyper as hyperparameters
from elastic_tutorial.laplace import mode as modes
from elastic_tutorial.models.priors import LEVELS, PRIORS

LAWS = [("gamma", "poisson"), ("gamma", "negative_binomial"), ("fixed", "poisson")]
LAWS.append(("fixed", "negative_binomial"))
OBSERVED = np.ones((6, 5), bool)
OBSERVED[[0, 1, 1, 4], [4, 0, 2, 1]] = False
CATEGORY = np.array([0, 1, 0, 0, 1, 0])
S_C = 0.4  # scale of categories, where one is given


def panel_of(units, price, category, observed=OBSERVED, **covariates):
    hidden = lambda values: np.where(observed, values, np.nan)  # noqa: E731
    n_products, n_periods = np.shape(units)
    return et.Panel(
        units=hidden(units),
        price=hidden(price),
        observed=np.array(observed),
        category=np.asarray(category),
        products=np.array([f"p{i}" for i in range(n_products)]),
        periods=np.arange(n_periods),
        categories=np.array([f"c{c}" for c in range(max(category) + 1)]),
        covariates={name: hidden(values) for name, values in covariates.items()},
    )


def small_panel():
    rng = np.random.default_rng(1)
    price = np.exp(rng.normal(3, 0.3, (6, 5)))
    level = np.exp(rng.normal(2, 1, (6, 1)))
    units = rng.poisson(level * (price / 20) ** -1.5)
    units[3] = 0
    units[3, 2] = 1
    return panel_of(units, price, CATEGORY, promotion=rng.integers(2, size=(6, 5)))


PANEL = small_panel()


def model_of(panel, intercept="gamma", likelihood="poisson", priors=None, **given):
    """Blocks and model, as ``fit_laplace`` lays them out."""
    scales = [given.pop(k, None) for k in ("category_scale", "elasticity_scale")]
    options = design.options_of(
        LEVELS,
        *scales,
        gamma=intercept == "gamma",
        overdispersed=likelihood == "negative_binomial",
        time_effects=True,
        priors=priors,
    )
    return design.lay_out(panel, options)


def hyper_of(model, dispersion=0.15):
    """Hyperparameters away from where they start."""
    fixed = model.fixed
    shape, pivot = 2.2 * (fixed.shape > 0), 0.3 * (fixed.shape > 0)
    dispersion = None if fixed.dispersion is None else jnp.asarray(dispersion)
    return density.Hyper(*(jnp.asarray(v) for v in (0.35, shape, pivot)), dispersion)


def some_mode(model, seed=1):
    """Draw a place that is no maximum of anything."""
    rng = np.random.default_rng(seed)
    cells, prior = model.cells, model.prior
    n_categories, n_features = PANEL.n_categories, cells.features.shape[2]
    draw = lambda *shape: jnp.asarray(0.4 * rng.normal(size=shape))  # noqa: E731
    zeta, common = draw(n_categories), draw(n_features)
    coef = (
        categories.coefficients(zeta, common, jnp.asarray(S_C), prior.scale)
        .at[:, 0]
        .add(prior.centre)
    )
    rows, n_effects = cells.units.shape[:2], prior.time.basis.shape[1]
    state = density.State(draw(*rows) + 1.5, draw(*rows), draw(n_categories, n_effects), coef)
    still = jax.tree.map(jnp.zeros_like, state)
    return modes.Mode(state, still, zeta, common, jnp.asarray(jnp.inf))


def of_products(values, blocks):
    """From the layout of the blocks to one row for each product."""
    values = np.asarray(values)
    return values.reshape(-1, *values.shape[2:])[blocks.position]


def dense_parts(mode, blocks):
    """The parameters of the dense log posterior."""
    state = mode.state
    rows = (of_products(each, blocks) for each in (state.delta, state.z))
    return (*rows, np.asarray(state.gamma), np.asarray(mode.zeta), np.asarray(mode.common))


def dense_log_posterior(panel, hyper, *, gamma):
    """Log posterior written out product by product, without constants of the priors."""
    seen, log_price = panel.observed, panel.log_price
    centre = np.nanmean(log_price) if gamma else np.nanmean(log_price, axis=1, keepdims=True)
    x = np.where(seen, log_price - centre, 0)
    covariates = [np.where(seen, each, 0) for each in panel.covariates.values()]
    y, phi, k = np.where(seen, panel.units, 0), hyper.dispersion, hyper.shape
    row = panel.category

    def log_posterior(delta, z, time, zeta, common):
        above = PRIORS["global_mean"] + PRIORS["global_sd"] * common[0] + S_C * zeta
        eta = delta[:, None] + time[row] + above[row][:, None] * x
        eta += hyper.elasticity_scale * z[:, None] * (x - hyper.pivot)
        for effect, each in zip(common[1:], covariates, strict=True):
            eta += PRIORS["covariate_sd"] * effect * each
        if phi is None:
            cells = y * eta - jnp.exp(eta)
        else:
            cells = y * eta - (y + 1 / phi) * jnp.log(1 + phi * jnp.exp(eta))
        total = jnp.where(seen, cells, 0).sum() + k * (delta - jnp.exp(delta)).sum()
        total -= (z @ z + zeta @ zeta + common @ common) / 2
        level = time.mean(axis=1)
        contrast = (time - level[:, None]) / PRIORS["time_sd"]
        return (
            total
            - (level @ level / (PRIORS["level_sd"] ** 2 if gamma else 1)) / 2
            - (contrast**2).sum() / 2
        )

    return log_posterior


def flat(parts):
    return np.concatenate([np.ravel(each) for each in parts])


def dense_slopes(function, parts):
    """Gradient and Hessian in one long vector."""
    vector, unravel = jax.flatten_util.ravel_pytree(parts)
    of_vector = lambda v: function(*unravel(v))  # noqa: E731
    return jax.grad(of_vector)(vector), jax.hessian(of_vector)(vector)


# What every test of the package rests on (``conftest``)


def test_arrays_of_different_rank_are_not_broadcast():
    with pytest.raises(ValueError, match="jax_numpy_rank_promotion"):
        jnp.ones((2, 3)) * jnp.ones(3)


def test_shapes_are_those_of_the_signature():
    with pytest.raises(TypeCheckError, match="coefficients"):
        categories.coefficients(jnp.ones(2), jnp.ones(3), jnp.asarray(S_C), jnp.ones(4))


# Likelihoods


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_log_likelihood_is_that_of_scipy_less_a_perfect_fit(intercept, likelihood):
    blocks, model = model_of(PANEL, intercept, likelihood)
    hyper, state = hyper_of(model), some_mode(model).state
    cells = density.normalised(model.cells, hyper)
    at = density.sales_at(state, cells, hyper, model.prior.time)
    demand, _ = density.log_demand(state, model.cells, hyper, model.prior.time)
    mean = of_products(jnp.exp(demand + state.delta[..., None]), blocks)[OBSERVED]
    units = PANEL.units[OBSERVED]
    if hyper.dispersion is None:
        expected = stats.poisson.logpmf(units, mean)
    else:
        size = 1 / hyper.dispersion
        expected = stats.nbinom.logpmf(units, size, size / (size + mean))
    best = np.where(units > 0, stats.poisson.logpmf(units, units), 0)
    assert_allclose(at.log_lik, (expected - best).sum(), rtol=1e-11)


@pytest.mark.parametrize("a", [1e-3, 0.7, 3.0, 9.99, 10.0, 25.0, 1e4])
def test_stirling_error_is_what_the_formula_lacks(a):
    formula = (a - 0.5) * np.log(a) - a + np.log(2 * np.pi) / 2
    # The difference of two numbers of the size of a log a.
    assert_allclose(
        log_gamma.stirling_error(a), special.gammaln(a) - formula, atol=1e-11, rtol=1e-9
    )


@pytest.mark.parametrize("phi", [8e-4, 0.09, 0.2, 3.0, 50.0])
@pytest.mark.parametrize("units", [0, 1, 7, 1_000, 100_000])
def test_rising_factorial_has_the_slope_of_that_sum(units, phi):
    j = np.arange(units)
    actual = jax.grad(log_gamma.rising_factorial, argnums=1)(float(units), phi)
    assert_allclose(actual, (j / (1 + j * phi)).sum(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("phi", [1e-9, 1e-6, 1e-3, 0.1, 2.0, 50.0])
@pytest.mark.parametrize("units", [0, 1, 2, 7, 300, 20_000])
def test_rising_factorial_is_a_sum_of_logs(units, phi):
    expected = np.log1p(np.arange(units) * phi).sum() + units
    # Terms of 1 / phi cancel, each rounded to 1e-16 of itself.
    actual = log_gamma.rising_factorial(float(units), phi)
    assert_allclose(actual, expected, rtol=1e-10, atol=1e-6)


def settled(model, hyper, state):
    """A state with its intercepts at their maxima, and what is known there."""
    time = model.prior.time
    plain = hyper._replace(dispersion=None)
    state = density.settle(state, model.cells, plain, time)
    for _ in range(3 if hyper.dispersion is not None else 0):
        state = density.settle(state, model.cells, hyper, time)
    at = density.sales_at(state, density.normalised(model.cells, hyper), hyper, time)
    return state, at, arrows.factor(state, at, model.cells, hyper, time)


@jax.jit
def climbed(model, hyper, level):
    """The mode, from where the package starts."""
    start = hyperparameters.start_of(model, hyper, jnp.full(2, level) * (hyper.shape > 0))
    return modes.find_mode(start, jnp.asarray(S_C), model.cells, hyper, model.prior)


@jax.jit
def moments_at(model, hyper, state):
    still = jax.tree.map(jnp.zeros_like, state)
    given = conditional.condition(state, still, model.cells, hyper, model.prior)
    return conditional.moments(given, model.cells, hyper, model.prior)


def known(model, hyper):
    cells = model.cells
    return cells.observed.any(axis=-1) & (cells.units.sum(axis=-1) + hyper.shape > 0)


@pytest.mark.parametrize("intercept", ["gamma", "fixed"])
def test_intercepts_are_integrated_out_exactly_under_poisson_sales(intercept):
    blocks, model = model_of(PANEL, intercept)
    hyper = hyper_of(model)
    state, at, arrow = settled(model, hyper, some_mode(model).state)
    demand, _ = density.log_demand(state, model.cells, hyper, model.prior.time)
    demand = of_products(demand, blocks)
    k, expected = float(hyper.shape), 0.0
    for row, units, seen in zip(demand, PANEL.units, OBSERVED, strict=True):
        y, eta, total = units[seen], row[seen], units[seen].sum()
        each = y @ eta - special.gammaln(y + 1).sum() + special.gammaln(total + k)
        each -= (total + k) * special.logsumexp(np.append(eta, np.log(k) if k else -np.inf))
        each += k * np.log(k) - special.gammaln(k) if k else 0.0
        expected += each - stats.poisson.logpmf(y, y)[y > 0].sum()
    prior = jnp.sum(jnp.where(known(model, hyper), state.delta - jnp.exp(state.delta), 0))
    actual = at.log_lik + k * prior
    actual += arrows.log_intercepts(arrow, hyper.shape, known(model, hyper))
    assert_allclose(actual, expected, rtol=1e-11)


@pytest.mark.parametrize("intercept", ["gamma", "fixed"])
def test_overdispersed_sales_become_poisson_sales(intercept):
    """To 1e-6 in the log of the sales' probability given the hyperparameters."""
    values = []
    for likelihood in ("poisson", "negative_binomial"):
        _, model = model_of(PANEL, intercept, likelihood)
        hyper = hyper_of(model, dispersion=1e-9)
        mode = climbed(model, hyper, 2.0)
        assert mode.decrement < 1e-8
        place = mode.state, mode.tilt, model.cells, hyper, model.prior
        values.append(marginal.log_marginal(*place)[0])
    assert_allclose(*values, atol=1e-6)


# The arrow


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_a_newton_step_is_that_of_the_dense_hessian(intercept, likelihood):
    blocks, model = model_of(PANEL, intercept, likelihood)
    hyper, mode = hyper_of(model), some_mode(model)
    at = density.sales_at(mode.state, model.cells, hyper, model.prior.time)
    step, gain = modes.newton_step(mode, at, jnp.asarray(S_C), model.cells, hyper, model.prior)
    function = dense_log_posterior(PANEL, hyper, gamma=intercept == "gamma")
    slope, hessian = dense_slopes(function, dense_parts(mode, blocks))
    expected = np.linalg.solve(-hessian, slope)
    assert_allclose(flat(dense_parts(step, blocks)), expected, rtol=1e-8, atol=1e-9)
    assert_allclose(gain, slope @ expected, rtol=1e-8)


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_the_gradient_is_that_of_the_dense_log_posterior(intercept, likelihood):
    blocks, model = model_of(PANEL, intercept, likelihood)
    hyper, mode = hyper_of(model), some_mode(model)
    at = density.sales_at(mode.state, model.cells, hyper, model.prior.time)
    found = density.gradient(mode.state, at, model.cells, hyper, model.prior.time)
    function = dense_log_posterior(PANEL, hyper, gamma=intercept == "gamma")
    delta, z, time, zeta, _ = jax.grad(function, argnums=range(5))(*dense_parts(mode, blocks))
    assert_allclose(of_products(found.delta, blocks), delta, rtol=1e-9, atol=1e-9)
    assert_allclose(of_products(found.z, blocks), z, rtol=1e-9, atol=1e-9)
    assert_allclose(found.gamma, time, rtol=1e-9, atol=1e-9)
    assert_allclose(S_C * found.coef[:, 0] - mode.zeta, zeta, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_the_climb_ends_where_the_dense_gradient_is_zero(intercept, likelihood):
    blocks, model = model_of(PANEL, intercept, likelihood)
    hyper = hyper_of(model)
    mode = climbed(model, hyper, 2.0)
    function = dense_log_posterior(PANEL, hyper, gamma=intercept == "gamma")
    slope, hessian = dense_slopes(function, dense_parts(mode, blocks))
    away = np.linalg.solve(-hessian, slope)
    assert slope @ away < 1e-8  # twice what is left to gain
    assert np.abs(away).max() < 1e-4


# The integral over a product


def one_product(price, units, shape, likelihood="poisson"):
    """A product at the maximum of its intercept and elasticity, what it shares being given."""
    observed = np.ones((1, len(units)), bool)
    panel = panel_of(np.atleast_2d(units), np.atleast_2d(price), [0], observed)
    _, model = model_of(panel, "gamma" if shape else "fixed", likelihood)
    hyper = hyper_of(model)._replace(shape=jnp.asarray(float(shape)))
    rng = np.random.default_rng(3)
    gamma = jnp.asarray(rng.normal(0, 0.3, (1, len(units))))
    level = np.log((np.sum(units) + 1) / len(units)) if shape else 0.0
    zero, coef = jnp.zeros((1, 1)), jnp.full((1, 1), -1.2)

    def log_joint(delta, z):
        """Log density of sales, intercept and distance, over arrays of the two."""
        state = density.State(zero + delta, zero + z, gamma + level, coef)
        cells = density.normalised(model.cells, hyper)
        at = density.sales_at(state, cells, hyper, model.prior.time)
        return at.log_lik + hyper.shape * (delta - jnp.exp(delta)) - z**2 / 2

    down = jax.jit(jax.value_and_grad(lambda v: -log_joint(v[0], v[1])))
    best = optimize.minimize(down, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    state = density.State(zero + best[0], zero + best[1], gamma + level, coef)
    return model, hyper, state, jax.jit(jnp.vectorize(log_joint)), best


def integrated(log_joint, best, n=400):
    """Log of the integral over both, and moments of the distance, on a fine grid."""

    def log_at(z):
        delta = best[0] + np.linspace(-12, 7, 4 * n)
        return special.logsumexp(np.asarray(log_joint(delta, z))) + np.log(delta[1] - delta[0])

    z = best[1] + np.linspace(-6, 6, n)
    log_density = np.array([log_at(each) for each in z])
    total = special.logsumexp(log_density) + np.log(z[1] - z[0])
    mass = special.softmax(log_density)
    mean = mass @ z
    sd = np.sqrt(mass @ (z - mean) ** 2)
    return total, mean, sd, mass @ (z - mean) ** 3 / sd**3


def found_integral(model, hyper, state):
    """The same numbers from the package."""
    cells = density.normalised(model.cells, hyper)
    at = density.sales_at(state, cells, hyper, model.prior.time)
    arrow = arrows.factor(state, at, model.cells, hyper, model.prior.time)
    product = product_integral.distances(at, arrow, hyper)
    value = at.log_lik + hyper.shape * (state.delta - jnp.exp(state.delta)) - state.z**2 / 2
    value += product.log_ratio + np.log(2 * np.pi) / 2
    value += arrows.log_intercepts(arrow, hyper.shape, known(model, hyper))
    value -= arrows.log_constant(hyper.shape)
    each = value, state.z + product.shift, product.sd, product.skewness
    return [float(part[0, 0]) for part in each]


TWO_PRICES = np.exp(np.array([3.0, 3.4, 3.4, 3.0, 3.4]))
MANY_PRICES = np.exp(np.array([2.6, 3.4, 3.0, 3.1, 2.9]))
COUNTS = [(0, 0, 0, 1, 0), (2, 0, 1, 3, 0), (12, 9, 20, 11, 4), (900, 500, 800, 1100, 450)]


@pytest.mark.parametrize("shape", [0, 2.5])
@pytest.mark.parametrize("units", COUNTS, ids=str)
def test_distances_of_a_product_with_two_prices_are_exact(units, shape):
    *case, log_joint, best = one_product(TWO_PRICES, units, shape)
    # Where 15 nodes of Gauss and Hermite have some 1e-5 left.
    assert_allclose(found_integral(*case), integrated(log_joint, best), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("shape", [0, 2.5])
@pytest.mark.parametrize("units", [*COUNTS, (0, 0, 0, 0, 0)], ids=str)
def test_distances_of_a_product_with_many_prices_are_near(units, shape):
    """The fourth moment of its log prices is left out."""
    if not (shape or any(units)):
        pytest.skip("a flat intercept has no proper posterior without sales")
    *case, log_joint, best = one_product(MANY_PRICES, units, shape)
    (total, mean, sd, skewness), expected = found_integral(*case), integrated(log_joint, best)
    assert_allclose(total, expected[0], atol=2e-3)
    assert abs(mean - expected[1]) < 0.005 * expected[2]
    assert_allclose(sd, expected[2], rtol=0.005)
    assert_allclose(skewness, expected[3], atol=0.03)


@pytest.mark.parametrize("units", [*COUNTS, (0, 0, 0, 0, 0)], ids=str)
def test_distances_under_overdispersed_sales_are_near(units):
    """The third derivative of overdispersed cells is left out too."""
    *case, log_joint, best = one_product(MANY_PRICES, units, 2.5, "negative_binomial")
    (total, mean, sd, skewness), expected = found_integral(*case), integrated(log_joint, best)
    assert_allclose(total, expected[0], atol=0.01)
    assert abs(mean - expected[1]) < 0.03 * expected[2]
    assert_allclose(sd, expected[2], rtol=0.01)
    assert_allclose(skewness, expected[3], atol=0.06)


# The hierarchy above the products


def some_top(n_features=2):
    rng = np.random.default_rng(5)
    root = rng.normal(size=(3, n_features, 4))
    precision = root @ root.transpose(0, 2, 1)
    linear = rng.normal(size=(3, n_features))
    scale = np.array([0.5, 1.0])[:n_features]
    return categories.Top(1.3, *(jnp.asarray(each) for each in (linear, precision, scale)))


def dense_evidence(top, category_scale):
    """Log integral of the Gaussian likelihood against the dense prior of all coefficients."""
    n_categories, n_features = top.linear.shape
    same = np.kron(np.ones((n_categories, n_categories)), np.diag(top.scale**2))
    own = np.kron(np.eye(n_categories), np.diag(np.eye(n_features)[0])) * category_scale**2
    prior, precision = same + own, np.zeros_like(same)
    for c in range(n_categories):
        here = slice(c * n_features, (c + 1) * n_features)
        precision[here, here] = top.precision[c]
    inner = np.eye(len(prior)) + prior @ precision
    linear = np.ravel(top.linear)
    fit = linear @ np.linalg.solve(inner, prior @ linear) / 2
    covariance = np.linalg.solve(inner, prior)
    mean = (covariance @ linear).reshape(n_categories, n_features)
    return top.constant + fit - np.linalg.slogdet(inner)[1] / 2, mean, covariance


@pytest.mark.parametrize("category_scale", [0.0, 0.05, 0.7, 6.0])
@pytest.mark.parametrize("n_features", [1, 2])
def test_evidence_is_a_dense_gaussian_integral(category_scale, n_features):
    top = some_top(n_features)
    expected, *_ = dense_evidence(top, category_scale)
    evidence = categories.log_evidence(top, jnp.asarray(category_scale))
    assert_allclose(evidence, expected, rtol=1e-11)


def prior_of(learned, scale=0.5):
    time = density.Time(jnp.eye(1), jnp.eye(1))
    scales = jnp.asarray([0.5, 1.0])
    return categories.Prior(time, jnp.asarray(-1.5), scales, jnp.asarray(scale), learned)


def test_the_grid_of_category_scales_integrates_over_their_prior():
    top = some_top()

    def joint(scale):
        return np.exp(dense_evidence(top, scale)[0]) * stats.halfnorm.pdf(scale, scale=0.5)

    expected = integrate.quad(joint, 0, 4, epsabs=1e-12)[0]
    scales, weight = categories.scale_grid(top, prior_of(True))
    # The grid leaves out what is below exp(-18) of the peak.
    assert_allclose(special.logsumexp(weight), np.log(expected), atol=1e-4)
    mean = integrate.quad(lambda s: s * joint(s), 0, 4, epsabs=1e-12)[0] / expected
    # A prior that does not vanish at 0 leaves the middles of 65 cells some h^2 / 24.
    assert_allclose(special.softmax(weight) @ scales, mean, rtol=1e-3)


def test_a_category_scale_that_is_given_has_no_grid():
    scales, weight = categories.scale_grid(some_top(), prior_of(False, 0.7))
    assert_allclose(scales, [0.7])
    assert_allclose(weight, [dense_evidence(some_top(), 0.7)[0]], rtol=1e-11)


@pytest.mark.parametrize("scale", [0.0, 0.7])
def test_coefficients_have_the_moments_of_the_dense_gaussian(scale):
    top, prior = some_top(), prior_of(False, scale)
    given = conditional.Conditional(*[None] * 3, top, jnp.asarray([scale]), jnp.ones(1), None)
    mean, covariance = conditional.coefficient_moments(given, prior)
    _, expected, dense = dense_evidence(top, scale)
    assert_allclose(mean - np.array([[-1.5, 0]]), expected, rtol=1e-9, atol=1e-12)
    blocks = [dense[c : c + 2, c : c + 2] for c in (0, 2, 4)]
    assert_allclose(covariance, blocks, rtol=1e-9, atol=1e-12)


# Everything at once


@pytest.mark.parametrize("intercept, likelihood", LAWS)
def test_variances_are_those_of_the_dense_hessian_where_sales_are_large(intercept, likelihood):
    """Given the hyperparameters; only the integral over each product goes beyond the Hessian."""
    many = panel_of(PANEL.units * 3_000 + 50, PANEL.price, CATEGORY)
    given = {"category_scale": S_C, "elasticity_scale": 0.35}
    blocks, model = model_of(many, intercept, likelihood, **given)
    hyper = hyper_of(model, dispersion=1e-4)
    mode = climbed(model, hyper, 9.0)
    moments = moments_at(model, hyper, mode.state)
    function = dense_log_posterior(many, hyper, gamma=intercept == "gamma")
    parts = dense_parts(mode, blocks)
    _, hessian = dense_slopes(function, parts)

    def elasticity(delta, z, time, zeta, common):
        above = PRIORS["global_mean"] + PRIORS["global_sd"] * common[0] + S_C * zeta
        return above[CATEGORY] + hyper.elasticity_scale * z

    pull = jax.jacobian(elasticity, argnums=range(5))(*parts)
    pull = np.concatenate([np.asarray(each).reshape(6, -1) for each in pull], axis=1)
    expected = np.sqrt(np.diag(pull @ np.linalg.solve(-hessian, pull.T)))
    assert_allclose(np.sqrt(of_products(moments.variance, blocks)), expected, rtol=0.01)
    error = of_products(moments.mean, blocks) - elasticity(*parts)
    assert (np.abs(error) < 0.1 * expected).all()


@pytest.mark.parametrize("tilts, tolerance", [(0, 1e-4), (2, 0.03)])
@pytest.mark.parametrize("intercept, likelihood", [LAWS[1], LAWS[2]])
def test_the_slope_of_the_hyperparameters_is_that_of_differences(
    intercept, likelihood, tilts, tolerance
):
    _, model = model_of(PANEL, intercept, likelihood)
    point = {"elasticity_scale": -1.0, "shape": 0.8, "pivot": 0.3, "dispersion": -2.5}
    point = jnp.asarray([point[name] for name in model.names])
    level = jnp.full(2, 2.0) * (intercept == "gamma")
    start = hyperparameters.start_of(model, model.hyper_at(point), level)

    def evaluate(point, start):
        return hyperparameters.evaluate(model, point, start, jnp.asarray(S_C), n_tilts=tilts)

    found = evaluate(point, start)

    def value(point):
        return float(evaluate(point, found.mode).value)

    assert_allclose(found.value, value(point), atol=1e-7)
    step = 1e-3
    for slope, direction in zip(found.slope, jnp.eye(len(point)), strict=True):
        fall = (value(point + step * direction) - value(point - step * direction)) / (2 * step)
        # The climb leaves 1e-9 of the log density, and differences have an error of step^2. That
        # the tilt moves is left out of the slope, which costs the peak, about 1 wide in a store of
        # six products, a few hundredths of its width.
        assert_allclose(slope, fall, rtol=tolerance, atol=tolerance)


def test_rows_and_blocks_of_padding_change_nothing(monkeypatch):
    values, means = [], []
    pack = packing.pack
    for size, multiple in ((2, 1), (8, 4)):
        monkeypatch.setattr(packing, "_ROWS", (size,))
        monkeypatch.setattr(packing, "_MOST_PADDING", 9.0)
        wider = lambda *a, m=multiple, **k: pack(*a, **k | {"multiple": m})  # noqa: E731
        monkeypatch.setattr(design, "pack", wider)
        blocks, model = model_of(PANEL, "gamma", "negative_binomial")
        hyper = hyper_of(model)
        mode = climbed(model, hyper, 2.0)
        place = mode.state, mode.tilt, model.cells, hyper, model.prior
        values.append(marginal.log_marginal(*place)[0])
        means.append(of_products(moments_at(model, hyper, mode.state).mean, blocks))
    assert model.cells.units.shape == (4, 8, 5)
    assert_allclose(*values, rtol=1e-10)
    assert_allclose(*means, rtol=1e-7)
