"""The arrow: minus the Hessian of a store's log posterior, eliminated in linear time.

Writes out sec-whole-arrow. A product's intercept ``delta`` and distance ``z`` touch no other
product's; a category's time effects ``gamma`` touch its own products only. So the order is products
first: ``delta``, then ``z``, each a division by a number; what they leave in their category is one
matrix product W'W with a row of W for each product; then ``gamma``, a Cholesky factor for each
category. What is left is a small matrix of coefficients for each category, which ``categories``
ties together through the store. The factors solve linear equations (``eliminate`` inwards,
``substitute`` outwards) and give the determinant of eq-whole-laplace.

Follows the block elimination of any mixed model; see Bates et al. (2015), Journal of Statistical
Software 67(1), section 3, where the order of elimination is found by a general algorithm. Here it
is fixed. Left out: pivoting, which a concave log density does not need. Exact but for rounding.

Axes as in ``density``: block, row, then period, feature or shared; category, then effect.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from elastic_tutorial.laplace.density import (
    NO_CURVATURE,
    Cells,
    Hyper,
    Sales,
    State,
    Time,
    by_category,
    sales_at,
    split_shared,
    to_shared,
)
from elastic_tutorial.laplace.log_gamma import stirling_error
from elastic_tutorial.models.arrays import Array, Bool, Float


class Products(NamedTuple):
    """The rows of the products, ``delta`` eliminated from those of ``z``."""

    by_delta: Float[Array, "block row"]  # its own curvature
    by_z: Float[Array, "block row"]  # its own, without delta
    delta_z: Float[Array, "block row"]
    delta_shared: Float[Array, "block row shared"]
    z_shared: Float[Array, "block row shared"]  # without delta


class Arrow(NamedTuple):
    """Minus the Hessian, eliminated from the products inwards."""

    by_delta: Float[Array, "block row"]
    by_z: Float[Array, "block row"]
    delta_z: Float[Array, "block row"]
    delta_shared: Float[Array, "block row shared"]
    z_shared: Float[Array, "block row shared"]
    gamma_factor: Float[Array, "category effect effect"]  # lower Cholesky
    gamma_coef: Float[Array, "category effect feature"]  # solved by the factor
    coef: Float[Array, "category feature feature"]  # what is left


def factor(state: State, sales: Sales, cells: Cells, hyper: Hyper, time: Time) -> Arrow:
    """Eliminate the products, then the time effects, from minus the Hessian of ``log_below``."""
    products = _rows_of_products(state, sales, cells, hyper)
    left = _left_by_products(products, sales.curvature, state, cells)
    return Arrow(*products, *_eliminate_effects(left, time))


def arrow_at(state: State, cells: Cells, hyper: Hyper, time: Time) -> tuple[Sales, Arrow]:
    """Likelihood and arrow at a state."""
    sales = sales_at(state, cells, hyper, time)
    return sales, factor(state, sales, cells, hyper, time)


def _rows_of_products(state, sales, cells, hyper):
    """Second derivatives of delta, then those of z without delta."""
    v = sales.curvature
    by_delta = v.sum(axis=-1) + hyper.shape * jnp.exp(state.delta)  # n + k at the mode
    by_delta = jnp.where(by_delta > NO_CURVATURE, by_delta, 1.0)
    slope = hyper.elasticity_scale * sales.distance  # of the log mean in z
    delta_z = jnp.sum(v * slope, axis=-1)
    without_delta = v * (slope - (delta_z / by_delta)[..., None])
    by_z = 1 + jnp.sum(without_delta * slope, axis=-1)  # eq-whole-one, times sigma^2
    shared = to_shared(v, cells), to_shared(without_delta, cells)
    return Products(by_delta, by_z, delta_z, *shared)


def _left_by_products(products, v, state, cells):
    """Second derivatives in the shared axis that are left to each category: less W'W."""
    delta_rows = products.delta_shared / jnp.sqrt(products.by_delta)[..., None]
    z_rows = products.z_shared / jnp.sqrt(products.by_z)[..., None]
    rows = jnp.concatenate([delta_rows, z_rows], axis=1)
    block = _products_known(v, cells) - jnp.einsum("bkm,bkn->bmn", rows, rows)
    return by_category(block, state, cells)


def _products_known(v, cells):
    """Second derivatives in the shared axis if each product's own parameters were known."""
    weighted = v[:, :, None] * cells.features
    feature = jnp.einsum("brft,brgt->bfg", weighted, cells.features)
    cross = weighted.sum(axis=1)
    period = v.sum(axis=1)[:, :, None] * jnp.eye(v.shape[-1])[None]
    upper = jnp.concatenate([period, cross.transpose(0, 2, 1)], axis=2)
    return jnp.concatenate([upper, jnp.concatenate([cross, feature], axis=2)], axis=1)


def _eliminate_effects(left, time):
    """Factor of the time effects, their rows solved by it, and what is left to coefficients."""
    n_periods = len(time.basis)
    gamma = jnp.einsum("tm,ctu->cmu", time.basis, left[:, :n_periods])
    by_gamma = gamma[:, :, :n_periods] @ time.basis + time.precision[None]
    gamma_factor = jnp.linalg.cholesky(by_gamma)
    gamma_coef = solve_triangular(gamma_factor, gamma[:, :, n_periods:], lower=True)
    coef = left[:, n_periods:, n_periods:]
    return gamma_factor, gamma_coef, coef - jnp.einsum("cmf,cmg->cfg", gamma_coef, gamma_coef)


def without_products(arrow: Arrow, slope: State, cells: Cells, time: Time) -> State:
    """Take the products out of a slope: of what is returned ``z`` lacks delta, the rest both."""
    z = slope.z - arrow.delta_z * slope.delta / arrow.by_delta
    parts = arrow.delta_shared * (slope.delta / arrow.by_delta)[..., None]
    parts = parts + arrow.z_shared * (z / arrow.by_z)[..., None]
    gamma, coef = split_shared(by_category(parts.sum(axis=1), slope, cells), cells)
    return State(slope.delta, z, slope.gamma - gamma @ time.basis, slope.coef - coef)


def eliminate(arrow: Arrow, slope: State, cells: Cells, time: Time) -> State:
    """Take products, then time effects, out of a slope.

    Of the slope that is returned ``z`` lacks delta, ``gamma`` lacks the products and is solved by
    its factor, and ``coef`` lacks all three.
    """
    slope = without_products(arrow, slope, cells, time)
    gamma = solve_triangular(arrow.gamma_factor, slope.gamma[..., None], lower=True)[..., 0]
    coef = slope.coef - jnp.einsum("cmf,cm->cf", arrow.gamma_coef, gamma)
    return slope._replace(gamma=gamma, coef=coef)


def substitute(
    arrow: Arrow, slope: State, coef: Float[Array, "category feature"], cells: Cells, time: Time
) -> State:
    """Complete a step, given an eliminated slope and the step of the coefficients."""
    gamma = (slope.gamma - jnp.einsum("cmf,cf->cm", arrow.gamma_coef, coef))[..., None]
    gamma = solve_triangular(arrow.gamma_factor, gamma, lower=True, trans=1)[..., 0]
    shared = jnp.concatenate([gamma @ time.basis.T, coef], axis=1)[cells.category]
    z = (slope.z - jnp.einsum("brm,bm->br", arrow.z_shared, shared)) / arrow.by_z
    delta = slope.delta - jnp.einsum("brm,bm->br", arrow.delta_shared, shared) - arrow.delta_z * z
    return State(delta / arrow.by_delta, z, gamma, coef)


def log_intercepts(
    arrow: Arrow, shape: Float[Array, ""], known: Bool[Array, "block row"]
) -> Float[Array, ""]:
    """Log of the integrals over the intercepts, with the constants of their priors.

    In the form that is exact when an intercept is a log-Gamma variable, as under Poisson sales
    (thm-whole-integral, with by_delta = n + k). ``known`` marks the products that have one.
    """
    curvature = jnp.where(known, arrow.by_delta, 1.0)
    integral = stirling_error(curvature) - jnp.log(curvature / (2 * jnp.pi)) / 2
    return jnp.sum(jnp.where(known, integral + log_constant(shape), 0))


def log_constant(shape: Float[Array, ""]) -> Float[Array, ""]:
    """Log of the constant of a Gamma(shape, shape) density of exp(delta)."""
    k = jnp.where(shape > 0, shape, 1.0)
    return jnp.where(shape > 0, k + jnp.log(k / (2 * jnp.pi)) / 2 - stirling_error(k), 0)


def log_effects(arrow: Arrow) -> Float[Array, ""]:
    """Log of the Gaussian integral over the time effects, relative to its maximum.

    Minus half the log determinant of eq-whole-laplace.
    """
    return -jnp.sum(jnp.log(jnp.diagonal(arrow.gamma_factor, axis1=1, axis2=2)))
