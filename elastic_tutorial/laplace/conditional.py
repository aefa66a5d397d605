"""From the mode to the posterior given the hyperparameters: moments and draws of everything.

What ``marginal`` integrated out comes back in the opposite order: tau from its grid, coefficients
given it, time effects, distances ``z``, intercepts. The mean of what products share differs from
its mode to first order by the arrow's solution for the slope of the log of the Gaussian integral
(the third row of "What is exact, and what is not"; Rue, Martino and Chopin 2009, section 3.2.3, do
the same for one parameter at a time). The mean and the variance of a product are those of its own
integral, around what it shares; a draw has its skewness too, by Cornish and Fisher (1938).

Left out: skewness of what products share, and the change of a product's variance along it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from elastic_tutorial.laplace import arrow as arrows
from elastic_tutorial.laplace import categories, density
from elastic_tutorial.laplace.arrow import Arrow
from elastic_tutorial.laplace.categories import Prior, Top, mean_of_top
from elastic_tutorial.laplace.density import Cells, Hyper, State, Time
from elastic_tutorial.laplace.marginal import reduce_to_top
from elastic_tutorial.laplace.mode import slope_of
from elastic_tutorial.laplace.product_integral import Distances, distances
from elastic_tutorial.models.arrays import Array, Float, Key


class Conditional(NamedTuple):
    """The posterior given the hyperparameters, in the pieces that moments and draws need."""

    state: State  # mode
    arrow: Arrow
    slope: State  # what corrects the mode to the mean, eliminated
    top: Top
    scales: Float[Array, " grid"]  # of categories
    weights: Float[Array, " grid"]
    products: Distances


class Moments(NamedTuple):
    """Mean and variance of every product's elasticity."""

    mean: Float[Array, "block row"]
    variance: Float[Array, "block row"]
    shift: Float[Array, "block row"]  # of the mean of z from its mode, in standard deviations


class Draw(NamedTuple):
    """One draw from the posterior given the hyperparameters."""

    elasticity: Float[Array, "block row"]
    log_base: Float[Array, "block row"]  # of demand now, at the mode of the intercept
    gamma: Float[Array, "category effect"]
    coef: Float[Array, "category feature"]
    centre: Float[Array, ""]  # the store's elasticity
    category_scale: Float[Array, ""]


def condition(state: State, tilt: State, cells: Cells, hyper: Hyper, prior: Prior) -> Conditional:
    """Condition on hyperparameters, at the mode given them."""
    leaning = slope_of(_log_effects, state, cells, hyper, prior.time)
    correction = jax.tree.map(jnp.add, tilt, leaning)
    sales = density.sales_at(state, cells, hyper, prior.time)
    top, arrow, slope = reduce_to_top(state, sales, correction, cells, hyper, prior)
    grid = categories.scale_grid(top, prior)
    products = distances(sales, arrow, hyper)
    slope = slope._replace(delta=jnp.zeros_like(state.delta), z=products.shift * arrow.by_z)
    weights = jax.nn.softmax(grid.log_weights)
    return Conditional(state, arrow, slope, top, grid.scales, weights, products)


def _log_effects(_, arrow):
    return arrows.log_effects(arrow)


def moments(given: Conditional, cells: Cells, hyper: Hyper, prior: Prior) -> Moments:
    """Mean and variance of the elasticities beta_i = beta_c + sigma z_i."""
    mean, covariance = coefficient_moments(given, prior)
    step = mean - given.state.coef
    moved = arrows.substitute(given.arrow, given.slope, step, cells, prior.time)
    sigma, products = hyper.elasticity_scale, given.products
    elasticity = mean[cells.category, :1] + sigma * (given.state.z + moved.z)
    root = _root_of_shared(given.arrow, covariance, prior.time)[cells.category]
    # A product's elasticity moves with its category's, and with what its own sales make of it.
    beta_c = jnp.zeros(root.shape[1]).at[len(prior.time.basis)].set(1.0)
    pull = beta_c[None, None] - (sigma / given.arrow.by_z)[..., None] * given.arrow.z_shared
    shared = jnp.sum(jnp.einsum("brm,bmk->brk", pull, root) ** 2, axis=-1)
    variance = shared + (sigma * products.sd) ** 2
    return Moments(elasticity, variance, products.shift / products.sd)


def coefficient_moments(
    given: Conditional, prior: Prior
) -> tuple[Float[Array, "category feature"], Float[Array, "category feature feature"]]:
    """Mean and covariance of each category's coefficients, over the grid of category scales."""

    def given_scale(scale):
        return _coefficients_given_scale(given.top, scale)

    means, covariances = jax.vmap(given_scale)(given.scales)
    mean = jnp.einsum("g,gcf->cf", given.weights, means)
    away = means - mean[None]
    covariance = jnp.einsum("g,gcfh->cfh", given.weights, covariances)
    covariance = covariance + jnp.einsum("g,gcf,gch->cfh", given.weights, away, away)
    return mean.at[:, 0].add(prior.centre), covariance


def _coefficients_given_scale(top, scale):
    """Mean, less the prior centre, and covariance of each category's coefficients, given tau."""
    zeta, common, factor = mean_of_top(top, scale)
    mean = categories.coefficients(zeta, common, scale, top.scale)
    by_common = jnp.broadcast_to(jnp.diag(top.scale), (len(zeta), *factor.common.shape))
    by_common = by_common.at[:, 0].add(-scale * factor.zeta_common / factor.by_zeta[:, None])
    solved = jax.vmap(lambda pull: solve_triangular(factor.common, pull.T, lower=True))(by_common)
    covariance = jnp.einsum("ckf,ckg->cfg", solved, solved)
    return mean, covariance.at[:, 0, 0].add(scale**2 / factor.by_zeta)


def _root_of_shared(arrow: Arrow, covariance: Float[Array, "category feature feature"], time: Time):
    """Root of the covariance of each category's periods and coefficients: its square times it."""
    root = _root(covariance)
    unit = jnp.broadcast_to(jnp.eye(arrow.gamma_factor.shape[1])[None], arrow.gamma_factor.shape)
    pull = jnp.concatenate([unit, -arrow.gamma_coef @ root], axis=2)
    gamma = solve_triangular(arrow.gamma_factor, pull, lower=True, trans=1)
    gamma = jnp.einsum("tm,cmk->ctk", time.basis, gamma)
    coef = jnp.pad(root, ((0, 0), (0, 0), (arrow.gamma_factor.shape[1], 0)))
    return jnp.concatenate([gamma, coef], axis=1)


def _root(covariance):
    """Return a square root that exists for singular covariances as well."""
    values, vectors = jnp.linalg.eigh(covariance)
    return vectors * jnp.sqrt(jnp.maximum(values, 0))[:, None]


def draw(
    key: Key[Array, ""],
    given: Conditional,
    response: State,
    current_price: Float[Array, "block row"],
    cells: Cells,
    hyper: Hyper,
    prior: Prior,
) -> Draw:
    """Draw once; ``response`` moves the mode along with drawn hyperparameters."""
    key_top, key_z, key_gamma = jax.random.split(key, 3)
    step, centre, scale = _draw_coefficients(key_top, given, prior)
    products = given.products
    z = jax.random.normal(key_z, given.state.z.shape)
    z = z + products.skewness * (z**2 - 1) / 6
    z = given.slope.z + z * products.sd * given.arrow.by_z
    gamma = given.slope.gamma + jax.random.normal(key_gamma, given.state.gamma.shape)
    slope = given.slope._replace(z=z, gamma=gamma)
    moved = arrows.substitute(given.arrow, slope, step, cells, prior.time)
    state = jax.tree.map(lambda *parts: sum(parts), given.state, moved, response)
    by_product = hyper.elasticity_scale * state.z
    coef = state.coef[cells.category]
    level = (state.gamma @ prior.time.basis.T).mean(axis=1)[cells.category]
    log_base = state.delta + level[:, None] + coef[:, :1] * current_price
    log_base = log_base + by_product * (current_price - hyper.pivot)
    return Draw(coef[:, :1] + by_product, log_base, state.gamma, state.coef, centre, scale)


def _draw_coefficients(key, given, prior):
    """Draw a category scale from the grid, then the coefficients; return their step."""
    (key_cell, key_within, key_coef), top = jax.random.split(key, 3), given.top
    cell = jax.random.categorical(key_cell, jnp.log(given.weights))
    width = given.scales[-1] - given.scales[-2] if prior.learned else 0.0
    scale = given.scales[cell] + width * (jax.random.uniform(key_within) - 0.5)
    zeta, common, factor = mean_of_top(top, scale)
    noise = jax.random.normal(key_coef, (len(zeta) + len(common),))
    away = solve_triangular(factor.common, noise[len(zeta) :], lower=True, trans=1)
    zeta = zeta - factor.zeta_common @ away / factor.by_zeta
    zeta = zeta + noise[: len(zeta)] / jnp.sqrt(factor.by_zeta)
    common = common + away
    coef = categories.coefficients(zeta, common, scale, top.scale).at[:, 0].add(prior.centre)
    return coef - given.state.coef, prior.centre + top.scale[0] * common[0], scale
