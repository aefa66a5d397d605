"""Log Poisson probability that stays accurate for large counts, as SciPy's does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Where the two forms of each term meet; both are exact to rounding there.
_NEAR = 0.5  # relative distance of count and mean: closer, the difference of logs loses digits
_LARGE = 16.0  # counts from which Stirling's series of six terms is exact: the next is 1e-18


def log_poisson(count: ArrayLike, mean: ArrayLike) -> np.ndarray:
    """Log Poisson probability, accurate to rounding for counts from 0 to 10^9 and beyond.

    ``scipy.stats.poisson.logpmf`` subtracts numbers of the size of ``count * log(count)``, which
    leaves an error near 1e-6 at 10^9. The saddle-point form subtracts nothing large. It is also
    defined for fractional ``count``.

    Parameters
    ----------
    count, mean : array_like
        Broadcast against each other; both >= 0.

    References
    ----------
    Loader (2000), Fast and Accurate Computation of Binomial Probabilities.
    """
    count, mean = np.broadcast_arrays(np.asarray(count, float), np.asarray(mean, float))
    out = np.where(count == 0, -mean, np.where(mean == 0, -np.inf, np.nan))
    inside = (count > 0) & (mean > 0)
    k, m = count[inside], mean[inside]
    out[inside] = -_deviance(k, m) - _stirling_error(k) - 0.5 * np.log(2 * np.pi * k)
    return out[()]


def _deviance(k, m):
    """k log(k/m) - (k - m), without cancellation where k is near m."""
    gap = (k - m) / m
    near = np.abs(gap) < _NEAR
    safe = np.where(near, gap, 0.0)
    close = m * ((1 + safe) * special.log1p(safe) - safe)
    return np.where(near, close, k * np.log(k / m) - (k - m))


def _stirling_error(k):
    """log k! - log(sqrt(2 pi k) (k/e)^k), by its series where that is exact to rounding."""
    large = np.maximum(k, _LARGE)
    square = large**-2
    tail = 1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * 691 / 360360))
    series = (1 / 12 - square * (1 / 360 - square * tail)) / large
    exact = special.gammaln(k + 1) - (k + 0.5) * np.log(k) + k - 0.5 * np.log(2 * np.pi)
    return np.where(k >= _LARGE, series, exact)
