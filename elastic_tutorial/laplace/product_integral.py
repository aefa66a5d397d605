"""The integral over one product's intercept and elasticity, for all products at once.

Around the mode the log likelihood of a cell is taken as (score + v) h - v (exp(h) - 1), with h the
step of its log mean and v its curvature: exact for Poisson sales, and right to second order
for overdispersed ones, where the third order matters only at counts so small that they are nearly
Poisson. The intercept then has a log-Gamma integral. What is left is one-dimensional in the
product's elasticity; it sums exp(elasticity * log price) over the product's cells, and two points
with the mean, variance and skewness of the log prices (Gauss's quadrature) stand for them.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


class Distances(NamedTuple):
    """Distribution of each product's ``z`` given what it shares, shape (block, row)."""

    log_ratio: jnp.ndarray  # log of its integral over the one of the Gaussian prior of z
    shift: jnp.ndarray  # mean less mode
    sd: jnp.ndarray
    skewness: jnp.ndarray


def distances(at, arrow, hyper):
    """Integrate each product over its intercept and its elasticity."""
    weight, low, high = _two_points(at.curvature, at.distance)
    total = at.curvature.sum(axis=-1)
    share = jnp.minimum(total / arrow.by_delta, 1.0)[..., None]
    step = _NODES / jnp.sqrt(arrow.by_z)[..., None]
    move = hyper.elasticity_scale * step
    mean = weight * low + (1 - weight) * high
    growth = weight[..., None] * jnp.expm1(move * low[..., None])
    growth = growth + (1 - weight)[..., None] * jnp.expm1(move * high[..., None])
    own = arrow.by_delta[..., None]
    log_density = own * (share * move * mean[..., None] - jnp.log1p(share * growth)) - step**2 / 2
    log_density = log_density + _NODES**2 / 2 + np.log(_WEIGHTS / np.sqrt(2 * np.pi))
    top = log_density.max(axis=-1, keepdims=True)
    mass = jnp.exp(log_density - top)
    integral = mass.sum(axis=-1)
    mass = mass / integral[..., None]
    shift = jnp.sum(mass * step, axis=-1)
    away = step - shift[..., None]
    sd = jnp.sqrt(jnp.sum(mass * away**2, axis=-1))
    skewness = jnp.sum(mass * away**3, axis=-1) / sd**3
    log_ratio = jnp.log(integral) + top[..., 0] - jnp.log(arrow.by_z) / 2
    return Distances(log_ratio, shift, sd, skewness)


def _two_points(weights, values):
    """Two points and the weight of the lower, with the first three moments of weighted values."""
    total = weights.sum(axis=-1)
    safe = jnp.where(total > 1e-200, total, 1.0)
    mean = jnp.sum(weights * values, axis=-1) / safe
    away = values - mean[..., None]
    variance = jnp.sum(weights * away**2, axis=-1) / safe
    spreads = variance > 1e-20
    sd = jnp.sqrt(jnp.where(spreads, variance, 1.0))
    skewness = jnp.where(spreads, jnp.sum(weights * away**3, axis=-1) / safe / sd**3, 0.0)
    root = jnp.sqrt(skewness**2 + 4)
    low, high = (skewness - root) / 2, (skewness + root) / 2
    sd = jnp.where(spreads, sd, 0.0)
    return high / root, mean + sd * low, mean + sd * high
