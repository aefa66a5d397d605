"""The integral over one product's intercept and elasticity, for all products at once.

Writes out the integral of exp f_i, with f_i of eq-whole-one, in z (beta_i = beta_c + sigma z).
Around the mode the log likelihood of a cell is taken as (score + v) h - v (exp(h) - 1), with h the
step of its log mean and v its curvature: exact for Poisson sales, and right to second order for
overdispersed ones, where the third order matters only at counts so small that they are nearly
Poisson. The intercept then has a log-Gamma integral (thm-whole-integral). What is left is
one-dimensional: by Gauss-Hermite quadrature at the peak, with the curvature there (adaptive; Naylor
and Smith 1982, Applied Statistics 31(3)), at 15 points, as in the chapter.

It sums exp(sigma z x) over a product's cells. Two points with the mean, variance and skewness of
the log prices (Gauss's quadrature of two nodes) stand for them: exact for a product with two
prices; for more, the fourth moment of log prices is left out.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from elastic_tutorial.laplace.arrow import Arrow, log_intercepts
from elastic_tutorial.laplace.density import NO_CURVATURE, Cells, Hyper, Sales
from elastic_tutorial.models.arrays import Array, Float

# 15 points integrate polynomials of degree 29 exactly. They leave some 1e-5 of the log integral of
# a product with one sale (``test_arrow``), which leans as much as any.
_NODES, _WEIGHTS = (row[None, None] for row in np.polynomial.hermite_e.hermegauss(15))
_LOG_WEIGHTS = np.log(_WEIGHTS / np.sqrt(2 * np.pi))
# Variance of log prices below which they are one price: differences of 1e-10, finer than any coin.
_ONE_PRICE = 1e-20


class Distances(NamedTuple):
    """Distribution of each product's ``z`` given what it shares."""

    log_ratio: Float[Array, "block row"]  # log of its integral over that of the normal prior of z
    shift: Float[Array, "block row"]  # mean less mode
    sd: Float[Array, "block row"]
    skewness: Float[Array, "block row"]


def distances(sales: Sales, arrow: Arrow, hyper: Hyper) -> Distances:
    """Integrate each product over its intercept and its elasticity."""
    step = jnp.divide(_NODES, jnp.sqrt(arrow.by_z)[..., None])
    log_ratio = _log_density(step, sales, arrow, hyper) + _NODES**2 / 2 + _LOG_WEIGHTS
    highest = log_ratio.max(axis=-1, keepdims=True)
    mass = jnp.exp(log_ratio - highest)
    integral = mass.sum(axis=-1)
    mass = mass / integral[..., None]
    shift = jnp.sum(mass * step, axis=-1)
    away = step - shift[..., None]
    sd = jnp.sqrt(jnp.sum(mass * away**2, axis=-1))
    skewness = jnp.sum(mass * away**3, axis=-1) / sd**3
    log_integral = jnp.log(integral) + highest[..., 0] - jnp.log(arrow.by_z) / 2
    return Distances(log_integral, shift, sd, skewness)


def _log_density(
    step: Float[Array, "block row node"], sales: Sales, arrow: Arrow, hyper: Hyper
) -> Float[Array, "block row node"]:
    """Log density of z at steps from its mode, the intercept integrated out, less that there."""
    weight, low, high = _two_points(sales.curvature, sales.distance)
    total = arrow.by_delta[..., None]  # n + k
    share = jnp.minimum(sales.curvature.sum(axis=-1) / arrow.by_delta, 1.0)[..., None]  # n / (n+k)
    move = hyper.elasticity_scale * step
    mean = weight * low + (1 - weight) * high
    growth = weight[..., None] * jnp.expm1(move * low[..., None])
    growth = growth + (1 - weight)[..., None] * jnp.expm1(move * high[..., None])
    return total * (share * move * mean[..., None] - jnp.log1p(share * growth)) - step**2 / 2


def _two_points(weights, values):
    """Two points and the weight of the lower, with the first three moments of weighted values."""
    total = weights.sum(axis=-1)
    safe = jnp.where(total > NO_CURVATURE, total, 1.0)
    mean = jnp.sum(weights * values, axis=-1) / safe
    away = values - mean[..., None]
    variance = jnp.sum(weights * away**2, axis=-1) / safe
    spreads = variance > _ONE_PRICE
    sd = jnp.sqrt(jnp.where(spreads, variance, 1.0))
    skewness = jnp.where(spreads, jnp.sum(weights * away**3, axis=-1) / safe / sd**3, 0.0)
    root = jnp.sqrt(skewness**2 + 4)
    low, high = (skewness - root) / 2, (skewness + root) / 2
    sd = jnp.where(spreads, sd, 0.0)
    return high / root, mean + sd * low, mean + sd * high


def log_products(sales: Sales, arrow: Arrow, cells: Cells, hyper: Hyper) -> Float[Array, ""]:
    """Log of the integrals over all products, relative to the integrand's maximum."""
    known = cells.observed.any(axis=-1) & (cells.units.sum(axis=-1) + hyper.shape > 0)
    products = distances(sales, arrow, hyper).log_ratio.sum()
    return products + log_intercepts(arrow, hyper.shape, known)
