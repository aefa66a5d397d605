"""Log Gamma functions in the forms that stay accurate: Stirling's error, rising factorials."""

import functools

import jax
import jax.numpy as jnp


@jax.custom_jvp
def rising_factorial(units, phi):
    """Sum of log(1 + j phi) for j below units, plus units: accurate for any phi above 1e-9."""
    rate = 1 / phi
    large = (units + rate - 0.5) * jnp.log1p(units * phi) + stirling_error(units + rate)
    return large - stirling_error(rate)


@rising_factorial.defjvp
def _(primals, tangents):
    units, phi = primals  # units are data; only phi moves
    rate = 1 / phi
    slope = stirling_slope(rate) - stirling_slope(units + rate) - jnp.log1p(units * phi)
    slope = rate**2 * slope + (units + rate - 0.5) * units / (1 + units * phi)
    return rising_factorial(units, phi), slope * tangents[1]


def stirling_error(a):
    """Error of Stirling's formula for log Gamma(a)."""
    one = 1 / jnp.where(a < 10, a + 10, a)
    square = one**2
    series = one * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
    return series + jax.lax.cond(jnp.any(a < 10), _from_above, jnp.zeros_like, a)


def stirling_slope(a):
    """Differentiate ``stirling_error``."""
    square = 1 / jnp.where(a < 10, a + 10, a) ** 2
    series = -square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    return series + jax.lax.cond(jnp.any(a < 10), _slope_from_above, jnp.zeros_like, a)


def _from_above(a):
    """Where a < 10, the error at a less that at a + 10, whose Gamma is (a + 9) ... a Gamma(a)."""
    small = jnp.minimum(a, 10.0)
    rising = functools.reduce(jnp.multiply, [small + j for j in range(10)])
    back = (small + 9.5) * jnp.log(small + 10) - 10 - (small - 0.5) * jnp.log(small)
    return jnp.where(a < 10, back - jnp.log(rising), 0)


def _slope_from_above(a):
    small = jnp.minimum(a, 10.0)
    rising = sum(1 / (small + j) for j in range(10))
    back = jnp.log1p(10 / small) - 0.5 / (small + 10) + 0.5 / small
    return jnp.where(a < 10, back - rising, 0)
