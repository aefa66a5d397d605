"""From the mode to the posterior: moments and draws of everything that was integrated out."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from elastic_tutorial.laplace import arrow as arrows
from elastic_tutorial.laplace import marginal, product_integral
from elastic_tutorial.laplace.arrow import State


class Conditional(NamedTuple):
    """The posterior given the hyperparameters, in the pieces that moments and draws need."""

    state: State  # mode
    arrow: arrows.Arrow
    slope: State  # what corrects the mode to the mean, eliminated
    top: marginal.Top
    scales: jax.Array  # (grid,), of categories
    weights: jax.Array  # (grid,)
    products: product_integral.Distances


class Moments(NamedTuple):
    """Mean and variance of every product's elasticity, shape (block, row)."""

    mean: jax.Array
    variance: jax.Array
    shift: jax.Array  # how far the mean of z is from its mode, in standard deviations


def condition(state, tilt, cells, hyper, prior):
    """Condition on hyperparameters.

    The mean of what products share differs from its mode, to first order, by the arrow's solution
    for the slope of the log of the Gaussian integral.
    """
    effects = lambda at, arrow: marginal.log_effects(arrow)  # noqa: E731
    slope = marginal.slope_of(effects, state, cells, hyper, prior.time)
    at = arrows.sales(state, cells, hyper, prior.time)
    correction = jax.tree.map(jnp.add, tilt, slope)
    top, arrow, slope = marginal.top_of(state, at, correction, cells, hyper, prior)
    scales, log_weights = marginal.scale_grid(top, prior)
    products = product_integral.distances(at, arrow, hyper)
    slope = slope._replace(delta=jnp.zeros_like(state.delta), z=products.shift * arrow.by_z)
    weights = jax.nn.softmax(log_weights)
    return Conditional(state, arrow, slope, top, scales, weights, products)


def moments(given, cells, hyper, prior):
    """Mean and variance of the elasticities."""
    mean, covariance = _coefficient_moments(given, prior)
    step = mean - given.state.coef
    moved = arrows.substitute(given.arrow, given.slope, step, cells, prior.time)
    s = hyper.elasticity_scale
    elasticity = mean[cells.category, :1] + s * (given.state.z + moved.z)
    spread = _shared_spread(given.arrow, covariance, prior.time)[cells.category]
    unit = jnp.zeros(spread.shape[1]).at[prior.time.basis.shape[0]].set(1.0)
    own = unit - (s / given.arrow.by_z)[..., None] * given.arrow.z_shared
    shared = jnp.sum(jnp.einsum("brm,bmk->brk", own, spread) ** 2, axis=-1)
    variance = shared + (s * given.products.sd) ** 2
    return Moments(elasticity, variance, given.products.shift / given.products.sd)


def _coefficient_moments(given, prior):
    """Mean and covariance of each category's coefficients, over the grid of category scales."""
    top = given.top
    nothing = jnp.zeros(len(top.linear)), jnp.zeros(len(top.scale))

    def at(scale):
        zeta, common, (by_zeta, rows, factor) = marginal.solve_top(top, scale, *nothing)
        mean = marginal.coefficients(zeta, common, scale, top.scale)
        direct = jnp.broadcast_to(jnp.diag(top.scale), (len(zeta), *factor.shape))
        direct = direct.at[:, 0].add(-scale * rows / by_zeta[:, None])
        half = jax.vmap(lambda d: jax.scipy.linalg.solve_triangular(factor, d.T, lower=True))
        half = half(direct)
        covariance = jnp.einsum("ckf,ckg->cfg", half, half)
        return mean, covariance.at[:, 0, 0].add(scale**2 / by_zeta)

    means, covariances = jax.vmap(at)(given.scales)
    mean = jnp.einsum("g,gcf->cf", given.weights, means)
    away = means - mean[None]
    covariance = jnp.einsum("g,gcfh->cfh", given.weights, covariances)
    covariance = covariance + jnp.einsum("g,gcf,gch->cfh", given.weights, away, away)
    return mean.at[:, 0].add(prior.centre), covariance


def _shared_spread(arrow, covariance, time):
    """Return a root of the covariance of time effects and coefficients of each category."""
    root = _root(covariance)
    pull = jnp.concatenate(
        [
            jnp.broadcast_to(jnp.eye(arrow.gamma_factor.shape[1]), arrow.gamma_factor.shape),
            -arrow.gamma_coef @ root,
        ],
        axis=2,
    )
    gamma = jax.scipy.linalg.solve_triangular(arrow.gamma_factor, pull, lower=True, trans=1)
    gamma = jnp.einsum("tm,cmk->ctk", time.basis, gamma)
    n_effects = arrow.gamma_factor.shape[1]
    coef = jnp.pad(root, ((0, 0), (0, 0), (n_effects, 0)))
    return jnp.concatenate([gamma, coef], axis=1)


def _root(covariance):
    """Return a square root that exists for singular covariances as well."""
    values, vectors = jnp.linalg.eigh(covariance)
    return vectors * jnp.sqrt(jnp.maximum(values, 0))[:, None]


class Draw(NamedTuple):
    """One draw from the posterior given the hyperparameters."""

    elasticity: jax.Array  # (block, row)
    log_base: jax.Array  # (block, row): of demand at ``current``, at the mode of the intercept
    gamma: jax.Array  # (category, effect)
    coef: jax.Array  # (category, feature)
    centre: jax.Array  # the store's elasticity
    category_scale: jax.Array


def draw(key, given, response, current, cells, hyper, prior):
    """Draw once; ``response`` moves the mode along with drawn hyperparameters."""
    keys = jax.random.split(key, 3)
    step, centre, scale = _draw_coefficients(keys[0], given, prior)
    noise = jax.random.normal(keys[1], given.state.z.shape)
    products = given.products
    noise = noise + products.skewness * (noise**2 - 1) / 6
    z = given.slope.z + noise * products.sd * given.arrow.by_z
    gamma = given.slope.gamma + jax.random.normal(keys[2], given.state.gamma.shape)
    slope = given.slope._replace(z=z, gamma=gamma)
    moved = arrows.substitute(given.arrow, slope, step, cells, prior.time)
    state = jax.tree.map(lambda *parts: sum(parts), given.state, moved, response)
    own = hyper.elasticity_scale * state.z
    coef = state.coef[cells.category]
    level = (state.gamma @ prior.time.basis.T).mean(axis=1)[cells.category]
    log_base = state.delta + level[:, None] + coef[:, :1] * current
    log_base = log_base + own * (current - hyper.pivot)
    return Draw(coef[:, :1] + own, log_base, state.gamma, state.coef, centre, scale)


def _draw_coefficients(key, given, prior):
    """Draw a category scale from the grid, then the coefficients; return their step."""
    keys, top = jax.random.split(key, 3), given.top
    index = jax.random.categorical(keys[0], jnp.log(given.weights))
    width = given.scales[-1] - given.scales[-2] if prior.learned else 0.0
    scale = given.scales[index] + width * (jax.random.uniform(keys[1]) - 0.5)
    zero = jnp.zeros(len(top.linear)), jnp.zeros(len(top.scale))
    zeta, common, (by_zeta, rows, factor) = marginal.solve_top(top, scale, *zero)
    noise = jax.random.normal(keys[2], (len(zeta) + len(common),))
    away = jax.scipy.linalg.solve_triangular(factor, noise[len(zeta) :], lower=True, trans=1)
    zeta = zeta - rows @ away / by_zeta + noise[: len(zeta)] / jnp.sqrt(by_zeta)
    common = common + away
    coef = marginal.coefficients(zeta, common, scale, top.scale).at[:, 0].add(prior.centre)
    return coef - given.state.coef, prior.centre + top.scale[0] * common[0], scale
