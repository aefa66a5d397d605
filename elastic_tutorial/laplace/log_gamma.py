"""Log Gamma functions in the forms that stay accurate: Stirling's error, rising factorials.

The log probability of sales is a difference of numbers near n log n, so that log Gamma itself would
leave few digits at large n. What is needed instead is the *error* of Stirling's formula,

    log Gamma(a) = (a - 1/2) log a - a + log(2 pi) / 2 + stirling_error(a),

in thm-whole-integral for n + k and for k, and for negative binomial sales the rising factorial
Gamma(n + 1/phi) / Gamma(1/phi), written so that it tends to Poisson's term as phi goes to 0.

Follows Loader (2000), "Fast and accurate computation of binomial probabilities", and Abramowitz and
Stegun (1964), 6.1.41 and 6.3.18. Both functions work elementwise. Left out: a <= 0.
"""

import functools

import jax
import jax.numpy as jnp

from elastic_tutorial.models.arrays import Array, Float

Numbers = Float[Array, "..."] | float

# Where the asymptotic series starts to be used: its first term left out, 1 / (1188 a^9), is 1e-12
# there. Below, the recurrence Gamma(a + 1) = a Gamma(a) leads up to it in as many steps.
_SERIES_FROM = 10


@jax.custom_jvp
def rising_factorial(units: Numbers, phi: Numbers) -> Float[Array, "..."]:
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


def stirling_error(a: Numbers) -> Float[Array, "..."]:
    """Error of Stirling's formula for log Gamma(a)."""
    one = 1 / jnp.where(a < _SERIES_FROM, a + _SERIES_FROM, a)
    square = one**2
    series = one * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
    return series + jax.lax.cond(jnp.any(a < _SERIES_FROM), _error_below, jnp.zeros_like, a)


def stirling_slope(a: Numbers) -> Float[Array, "..."]:
    """Differentiate ``stirling_error``."""
    square = 1 / jnp.where(a < _SERIES_FROM, a + _SERIES_FROM, a) ** 2
    series = -square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    return series + jax.lax.cond(jnp.any(a < _SERIES_FROM), _slope_below, jnp.zeros_like, a)


def _error_below(a):
    """Where the series is not used: the error at a less that at a + 10, else 0."""
    small, up = jnp.minimum(a, float(_SERIES_FROM)), _SERIES_FROM
    rising = functools.reduce(jnp.multiply, [small + j for j in range(up)])
    back = (small + (up - 0.5)) * jnp.log(small + up) - up - (small - 0.5) * jnp.log(small)
    return jnp.where(a < _SERIES_FROM, back - jnp.log(rising), 0)


def _slope_below(a):
    """Differentiate ``_error_below``."""
    small, up = jnp.minimum(a, float(_SERIES_FROM)), _SERIES_FROM
    rising = sum(1 / (small + j) for j in range(up))
    back = jnp.log1p(up / small) - 0.5 / (small + up) + 0.5 / small
    return jnp.where(a < _SERIES_FROM, back - rising, 0)
