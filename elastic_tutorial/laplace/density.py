"""The log posterior of a store given its hyperparameters, its gradient, and its curvature by cell.

Writes out eq-pooling-model with the intercepts of eq-whole-gamma. The log mean of product i in
period t, at its log price x (less the panel's mean, or the product's where intercepts are flat), is

    eta = delta_i + gamma_ct + beta_c x + sigma z_i (x - pivot) + covariates,

so that beta_i = beta_c + sigma z_i, and the category's demand is measured at its own elasticity
(appendix "design decisions"). Its level is part of gamma. The prior of delta is that of
log Gamma(k, rate k), flat at k = 0; that of z is standard normal; gamma has the precision ``Time``.
What stands above gamma and beta_c is in ``categories``.

Axes are block, row, period: a product is a row, the products of a category fill blocks of equal
size (``blocks``). A category's elasticity and the coefficients of covariates multiply ``features``
(feature, period), log price first; the axis of length period + feature is called shared.

Exact. Left out of the log density: log y! (the same for every parameter), and the constants of
priors, which ``arrow.log_intercepts`` and ``categories`` add where hyperparameters change them.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from elastic_tutorial.laplace.log_gamma import rising_factorial
from elastic_tutorial.models.arrays import Array, Bool, Float, Int

# Curvature of an intercept below which it has none, so that nothing is divided by it. Any product
# with a prior or a sale has far more; 1 / 1e-200 is still a number.
NO_CURVATURE = 1e-200
# Minus the log intercept of a product without sales, where its prior is flat and the maximum lies
# at minus infinity: exp(-600) = 1e-261 gives curvatures below NO_CURVATURE, and does not underflow.
_NEVER = 600.0
_LONGEST_STEP = 1.0  # of a log intercept in one Newton step: a factor e, within which exp is tame


class Cells(NamedTuple):
    """A panel in blocks."""

    units: Float[Array, "block row period"]  # 0 where not observed
    observed: Bool[Array, "block row period"]
    features: Float[Array, "block row feature period"]  # centred log price, covariates
    category: Int[Array, " block"]
    constant: Float[Array, "block row period"]  # what no mean changes of the log likelihood


class Hyper(NamedTuple):
    """Hyperparameters, on their natural scales."""

    elasticity_scale: Float[Array, ""]  # sigma
    shape: Float[Array, ""]  # k of the Gamma intercepts; 0 for flat ones
    pivot: Float[Array, ""]  # log price at which demand curves cross, from the mean log price
    dispersion: Float[Array, ""] | None  # phi; None for Poisson sales


class Time(NamedTuple):
    """Prior of a category's time effects."""

    basis: Float[Array, "period effect"]
    precision: Float[Array, "effect effect"]


class State(NamedTuple):
    """Parameters, or a gradient with respect to them, or a step of them."""

    delta: Float[Array, "block row"]  # log of the product's intercept
    z: Float[Array, "block row"]  # distance to the category's elasticity, in elasticity scales
    gamma: Float[Array, "category effect"]
    coef: Float[Array, "category feature"]  # elasticity of the category, then of covariates


class Sales(NamedTuple):
    """Likelihood of the cells at a state, and its derivatives in the log mean."""

    log_lik: Float[Array, ""]
    score: Float[Array, "block row period"]
    curvature: Float[Array, "block row period"]  # minus the second derivative
    distance: Float[Array, "block row period"]  # log price from the pivot


def log_demand(
    state: State, cells: Cells, hyper: Hyper, time: Time
) -> tuple[Float[Array, "block row period"], Float[Array, "block row period"]]:
    """Log mean of each cell without the intercept, and log price from the pivot."""
    gamma = (state.gamma @ time.basis.T)[cells.category]
    distance = jnp.where(cells.observed, cells.features[:, :, 0] - hyper.pivot, 0)
    shared = jnp.einsum("bf,brft->brt", state.coef[cells.category], cells.features)
    by_product = hyper.elasticity_scale * state.z[..., None] * distance
    return gamma[:, None] + shared + by_product, distance


def sales_at(state: State, cells: Cells, hyper: Hyper, time: Time) -> Sales:
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
    spread = 1 + phi * mean  # variance over mean
    log_lik = jnp.sum(fit - (units + 1 / phi) * jnp.log1p(phi * mean))
    return Sales(log_lik, (units - mean) / spread, mean * (1 + phi * units) / spread**2, distance)


def perfect_fit(units: Float[np.ndarray, "*cell"]) -> Float[np.ndarray, "*cell"]:
    """Minus the log likelihood of Poisson sales at their own mean, but for the factorial."""
    return units - units * np.log(np.maximum(units, 1))


def normalised(cells: Cells, hyper: Hyper) -> Cells:
    """Cells with what the dispersion adds to the constant of the log likelihood."""
    if hyper.dispersion is None:
        return cells
    rising = rising_factorial(cells.units, hyper.dispersion) - cells.units
    return cells._replace(constant=cells.constant + rising)


def log_below(state: State, sales: Sales, cells: Cells, hyper: Hyper, time: Time):
    """Log density of sales, intercepts, distances and time effects, given the coefficients.

    Constants that depend on hyperparameters alone are left out.
    """
    there = cells.observed.any(axis=-1)
    intercept = hyper.shape * jnp.sum(jnp.where(there, state.delta - jnp.exp(state.delta), 0))
    effects = jnp.einsum("cm,mn,cn->", state.gamma, time.precision, state.gamma)
    return sales.log_lik + intercept - (jnp.sum(state.z**2) + effects) / 2


def gradient(state: State, sales: Sales, cells: Cells, hyper: Hyper, time: Time) -> State:
    """Gradient of ``log_below``."""
    delta = sales.score.sum(axis=-1) + hyper.shape * (1 - jnp.exp(state.delta))
    z = hyper.elasticity_scale * jnp.sum(sales.score * sales.distance, axis=-1) - state.z
    shared = by_category(to_shared(sales.score, cells).sum(axis=1), state, cells)
    gamma, coef = split_shared(shared, cells)
    return State(delta, z, gamma @ time.basis - state.gamma @ time.precision, coef)


def settle(state: State, cells: Cells, hyper: Hyper, time: Time) -> State:
    """Bring each product's intercept to its own maximum, the rest given.

    Exact for Poisson sales; overdispersed ones take one Newton step to it.
    """
    if hyper.dispersion is None:
        return settle_as_poisson(state, cells, hyper, time)
    sales = sales_at(state, cells, hyper, time)
    slope = sales.score.sum(axis=-1) + hyper.shape * (1 - jnp.exp(state.delta))
    curvature = sales.curvature.sum(axis=-1) + hyper.shape * jnp.exp(state.delta)
    step = slope / jnp.where(curvature > NO_CURVATURE, curvature, 1.0)
    return state._replace(delta=state.delta + jnp.clip(step, -_LONGEST_STEP, _LONGEST_STEP))


def settle_as_poisson(state: State, cells: Cells, hyper: Hyper, time: Time) -> State:
    """Put each product's intercept at its own maximum if sales were Poisson, the rest given.

    That is the mode of the Gamma of thm-whole-integral: exp(delta) = (n + k) / (S + k).
    """
    demand, _ = log_demand(state, cells, hyper, time)
    expected = logsumexp(demand, axis=-1, where=cells.observed)
    expected = jnp.logaddexp(expected, jnp.log(hyper.shape))
    total = cells.units.sum(axis=-1) + hyper.shape
    known = total > 0
    delta = jnp.log(jnp.where(known, total, 1.0)) - jnp.where(known, expected, _NEVER)
    return state._replace(delta=jnp.where(jnp.isfinite(delta), delta, 0.0))


def to_shared(
    values: Float[Array, "block row period"], cells: Cells
) -> Float[Array, "block row shared"]:
    """Carry values of cells to the shared axis."""
    features = jnp.einsum("brt,brft->brf", values, cells.features)
    return jnp.concatenate([values, features], axis=-1)


def by_category(
    values: Float[Array, " block *rest"], state: State, cells: Cells
) -> Float[Array, " category *rest"]:
    """Sum what blocks have over the blocks of a category."""
    return jax.ops.segment_sum(values, cells.category, len(state.coef))


def split_shared(
    shared: Float[Array, "category shared"], cells: Cells
) -> tuple[Float[Array, "category period"], Float[Array, "category feature"]]:
    """Split the shared axis into periods and features."""
    n_periods = cells.units.shape[-1]
    return shared[:, :n_periods], shared[:, n_periods:]
