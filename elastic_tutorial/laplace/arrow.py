"""The arrow: a store's log posterior, its derivatives, and their elimination in linear time.

Given the hyperparameters the log posterior of a store is concave, and its Hessian is an arrow.
A product's intercept ``delta`` and distance ``z`` touch no other product's; a category's time
effects ``gamma`` touch its own products only; what they leave is a few coefficients a category.

Arrays have the axes block, row, period: the products of a category fill blocks of equal size, so
that the sum over a category's products is one matrix product for each block. A category's
elasticity and the coefficients of covariates multiply ``features`` (feature, period); the axis of
length period + feature is called shared.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp

from elastic_tutorial.laplace.log_gamma import rising_factorial, stirling_error

jax.config.update("jax_enable_x64", True)

_TINY = 1e-200  # curvature below which a product has none
_NEVER = 600.0  # minus the log intercept of products without sales, where it has no prior


class Cells(NamedTuple):
    """A panel in blocks."""

    units: jax.Array  # (block, row, period), 0 where not observed
    observed: jax.Array  # (block, row, period)
    features: jax.Array  # (block, row, feature, period): centred log price, covariates
    category: jax.Array  # (block,)
    constant: jax.Array  # (block, row, period): what no mean changes of the log likelihood


class Hyper(NamedTuple):
    """Hyperparameters, on their natural scales."""

    elasticity_scale: jax.Array
    shape: jax.Array  # k of the Gamma intercepts; 0 for flat ones
    pivot: jax.Array  # log price at which demand curves cross, from the mean log price
    dispersion: jax.Array | None  # None for Poisson sales


class Time(NamedTuple):
    """Prior of a category's time effects."""

    basis: jax.Array  # (period, effect)
    precision: jax.Array  # (effect, effect)


class State(NamedTuple):
    """Parameters, or a gradient with respect to them, or a step of them."""

    delta: jax.Array  # (block, row), log of the product's intercept
    z: jax.Array  # (block, row), distance to the category's elasticity, in elasticity scales
    gamma: jax.Array  # (category, effect)
    coef: jax.Array  # (category, feature): elasticity of the category, coefficients of covariates


class Sales(NamedTuple):
    """Likelihood of the cells at a state, and its derivatives in the log mean."""

    log_lik: jax.Array  # scalar
    score: jax.Array  # (block, row, period)
    curvature: jax.Array  # (block, row, period), minus the second derivative
    distance: jax.Array  # (block, row, period): log price from the pivot


class Arrow(NamedTuple):
    """Minus the Hessian, eliminated from the products inwards."""

    by_delta: jax.Array  # (block, row): its own curvature
    by_z: jax.Array  # (block, row): its own, without delta
    delta_z: jax.Array  # (block, row)
    delta_shared: jax.Array  # (block, row, shared)
    z_shared: jax.Array  # (block, row, shared), without delta
    gamma_factor: jax.Array  # (category, effect, effect), lower Cholesky
    gamma_coef: jax.Array  # (category, effect, feature), solved by the factor
    coef: jax.Array  # (category, feature, feature): what is left


def log_demand(state, cells, hyper, time):
    """Log mean of each cell without the intercept, and log price from the pivot."""
    gamma = (state.gamma @ time.basis.T)[cells.category]
    distance = jnp.where(cells.observed, cells.features[:, :, 0] - hyper.pivot, 0)
    shared = jnp.einsum("bf,brft->brt", state.coef[cells.category], cells.features)
    own = hyper.elasticity_scale * state.z[..., None] * distance
    return gamma[:, None] + shared + own, distance


def sales(state, cells, hyper, time):
    """Log likelihood of units against a perfect fit, score and curvature of each cell.

    With overdispersion the log likelihood needs ``normalised`` cells.
    """
    demand, distance = log_demand(state, cells, hyper, time)
    log_mean = demand + state.delta[..., None]
    mean = jnp.where(cells.observed, jnp.exp(log_mean), 0)
    units, phi = cells.units, hyper.dispersion
    fit = jnp.where(cells.observed, units * log_mean, 0) + cells.constant
    if phi is None:
        return Sales(jnp.sum(fit - mean), units - mean, mean, distance)
    spread = 1 + phi * mean
    log_lik = jnp.sum(fit - (units + 1 / phi) * jnp.log1p(phi * mean))
    return Sales(log_lik, (units - mean) / spread, mean * (1 + phi * units) / spread**2, distance)


def perfect_fit(units):
    """Minus the log likelihood of Poisson sales at their own mean, but for the factorial."""
    return units - units * np.log(np.maximum(units, 1))


def normalised(cells, hyper):
    """Cells with what the dispersion adds to the constant of the log likelihood."""
    if hyper.dispersion is None:
        return cells
    rising = rising_factorial(cells.units, hyper.dispersion) - cells.units
    return cells._replace(constant=cells.constant + rising)


def gradient(state, at, cells, hyper, time):
    """Gradient of ``log_below``; ``at`` holds the sales at this state."""
    delta = at.score.sum(axis=-1) + hyper.shape * (1 - jnp.exp(state.delta))
    z = hyper.elasticity_scale * jnp.sum(at.score * at.distance, axis=-1) - state.z
    shared = _by_category(_shared(at.score, cells).sum(axis=1), state, cells)
    gamma, coef = _split(shared, cells)
    return State(delta, z, gamma @ time.basis - state.gamma @ time.precision, coef)


def factor(state, at, cells, hyper, time):
    """Eliminate the products, then the time effects, from minus the Hessian of ``log_below``."""
    v = at.curvature
    by_delta = v.sum(axis=-1) + hyper.shape * jnp.exp(state.delta)
    by_delta = jnp.where(by_delta > _TINY, by_delta, 1.0)
    slope = hyper.elasticity_scale * at.distance
    delta_z = jnp.sum(v * slope, axis=-1)
    without_delta = v * (slope - (delta_z / by_delta)[..., None])
    by_z = 1 + jnp.sum(without_delta * slope, axis=-1)
    delta_shared, z_shared = _shared(v, cells), _shared(without_delta, cells)
    rows = (delta_shared / jnp.sqrt(by_delta)[..., None], z_shared / jnp.sqrt(by_z)[..., None])
    rows = jnp.concatenate(rows, axis=1)
    block = _products_known(v, cells) - jnp.einsum("bkm,bkn->bmn", rows, rows)
    block = _by_category(block, state, cells)

    n_periods = v.shape[-1]
    gamma = jnp.einsum("tm,ctu->cmu", time.basis, block[:, :n_periods])
    by_gamma = gamma[:, :, :n_periods] @ time.basis + time.precision[None]
    gamma_factor = jnp.linalg.cholesky(by_gamma)
    gamma_coef = solve_triangular(gamma_factor, gamma[:, :, n_periods:], lower=True)
    coef = block[:, n_periods:, n_periods:]
    coef = coef - jnp.einsum("cmf,cmg->cfg", gamma_coef, gamma_coef)
    products = (by_delta, by_z, delta_z, delta_shared, z_shared)
    return Arrow(*products, gamma_factor, gamma_coef, coef)


def without_products(arrow, slope, cells, time):
    """Take the products out of a slope: of what is returned ``z`` lacks delta, the rest both."""
    z = slope.z - arrow.delta_z * slope.delta / arrow.by_delta
    parts = arrow.delta_shared * (slope.delta / arrow.by_delta)[..., None]
    parts = parts + arrow.z_shared * (z / arrow.by_z)[..., None]
    gamma, coef = _split(_by_category(parts.sum(axis=1), slope, cells), cells)
    return State(slope.delta, z, slope.gamma - gamma @ time.basis, slope.coef - coef)


def eliminate(arrow, slope, cells, time):
    """Take products, then time effects, out of a slope.

    Of the slope that is returned ``z`` lacks delta, ``gamma`` lacks the products and is solved by
    its factor, and ``coef`` lacks all three.
    """
    slope = without_products(arrow, slope, cells, time)
    gamma = solve_triangular(arrow.gamma_factor, slope.gamma[..., None], lower=True)[..., 0]
    coef = slope.coef - jnp.einsum("cmf,cm->cf", arrow.gamma_coef, gamma)
    return slope._replace(gamma=gamma, coef=coef)


def substitute(arrow, slope, coef, cells, time):
    """Complete a step, given an eliminated slope and the step of the coefficients."""
    gamma = (slope.gamma - jnp.einsum("cmf,cf->cm", arrow.gamma_coef, coef))[..., None]
    gamma = solve_triangular(arrow.gamma_factor, gamma, lower=True, trans=1)[..., 0]
    shared = jnp.concatenate([gamma @ time.basis.T, coef], axis=1)[cells.category]
    z = (slope.z - jnp.einsum("brm,bm->br", arrow.z_shared, shared)) / arrow.by_z
    delta = slope.delta - jnp.einsum("brm,bm->br", arrow.delta_shared, shared) - arrow.delta_z * z
    return State(delta / arrow.by_delta, z, gamma, coef)


def settle(state, cells, hyper, time):
    """Put each product's intercept at its own maximum, the rest given.

    Overdispersed sales take one Newton step to it.
    """
    if hyper.dispersion is None:
        demand, _ = log_demand(state, cells, hyper, time)
        expected = logsumexp(demand, axis=-1, where=cells.observed)
        expected = jnp.logaddexp(expected, jnp.log(hyper.shape))
        total = cells.units.sum(axis=-1) + hyper.shape
        known = total > 0
        delta = jnp.log(jnp.where(known, total, 1.0)) - jnp.where(known, expected, _NEVER)
        return state._replace(delta=jnp.where(jnp.isfinite(delta), delta, 0.0))

    def newton(delta):
        at = sales(state._replace(delta=delta), cells, hyper, time)
        slope = at.score.sum(axis=-1) + hyper.shape * (1 - jnp.exp(delta))
        own = at.curvature.sum(axis=-1) + hyper.shape * jnp.exp(delta)
        return delta + jnp.clip(slope / jnp.where(own > _TINY, own, 1.0), -1, 1)

    return state._replace(delta=newton(state.delta))


def log_below(state, at, cells, hyper, time):
    """Log density of sales, intercepts, distances and time effects, given the coefficients.

    Constants that depend on hyperparameters alone are left out.
    """
    there = cells.observed.any(axis=-1)
    intercept = hyper.shape * jnp.sum(jnp.where(there, state.delta - jnp.exp(state.delta), 0))
    effects = jnp.einsum("cm,mn,cn->", state.gamma, time.precision, state.gamma)
    return at.log_lik + intercept - (jnp.sum(state.z**2) + effects) / 2


def log_intercepts(arrow, shape, known):
    """Log of the integrals over the intercepts, with the constants of their priors.

    In the form that is exact when an intercept is a log-Gamma variable, as under Poisson sales.
    ``known`` marks the products that have an intercept.
    """
    own = jnp.where(known, arrow.by_delta, 1.0)
    each = stirling_error(own) - jnp.log(own / (2 * jnp.pi)) / 2 + _log_constant(shape)
    return jnp.sum(jnp.where(known, each, 0))


def _log_constant(shape):
    """Log of the constant of a Gamma(shape, shape) density of exp(delta)."""
    k = jnp.where(shape > 0, shape, 1.0)
    return jnp.where(shape > 0, k + jnp.log(k / (2 * jnp.pi)) / 2 - stirling_error(k), 0)


def _shared(values, cells):
    """Carry values of cells to the shared axis: (block, row, period + feature)."""
    features = jnp.einsum("brt,brft->brf", values, cells.features)
    return jnp.concatenate([values, features], axis=-1)


def _products_known(v, cells):
    """Second derivatives in the shared axis if each product's intercept were known."""
    period = v.sum(axis=1)
    weighted = v[:, :, None] * cells.features
    feature = jnp.einsum("brft,brgt->bfg", weighted, cells.features)
    cross = weighted.sum(axis=1)
    diagonal = period[:, :, None] * jnp.eye(v.shape[-1])
    upper = jnp.concatenate([diagonal, cross.transpose(0, 2, 1)], axis=2)
    return jnp.concatenate([upper, jnp.concatenate([cross, feature], axis=2)], axis=1)


def _by_category(values, state, cells):
    return jax.ops.segment_sum(values, cells.category, len(state.coef))


def _split(shared, cells):
    n_periods = cells.units.shape[-1]
    return shared[:, :n_periods], shared[:, n_periods:]
