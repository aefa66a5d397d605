"""The two pieces of probability that ``price_change`` needs and SciPy does not have."""

import numpy as np
from scipy import special, stats


def log_poisson(count, mean):
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
    near = np.abs(gap) < 0.5
    safe = np.where(near, gap, 0.0)
    close = m * ((1 + safe) * special.log1p(safe) - safe)
    return np.where(near, close, k * np.log(k / m) - (k - m))


def _stirling_error(k):
    """log k! - log(sqrt(2 pi k) (k/e)^k), by its series where that is exact to rounding."""
    large = np.maximum(k, 16.0)
    square = large**-2
    tail = 1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * 691 / 360360))
    series = (1 / 12 - square * (1 / 360 - square * tail)) / large
    exact = special.gammaln(k + 1) - (k + 0.5) * np.log(k) + k - 0.5 * np.log(2 * np.pi)
    return np.where(k >= 16, series, exact)


class _ArcElasticityDistribution(stats.rv_continuous):
    """Law of the arc elasticity when the rate ratio is ``factor * BetaPrime(after, before)``.

    With B ~ Beta(after, before) and t = (P2 - P1) / (P2 + P1), the arc elasticity is
    (factor * B - (1 - B)) / (factor * B + (1 - B)) / t, increasing in B when t > 0.
    """

    def _argcheck(self, after, before, factor, t):
        return (after > 0) & (before > 0) & (factor > 0) & (np.abs(t) > 0) & (np.abs(t) < 1)

    def _get_support(self, after, before, factor, t):
        return -1 / np.abs(t), 1 / np.abs(t)

    def _cdf(self, x, after, before, factor, t):
        return np.where(t > 0, *self._tails(x * t, after, before, factor))

    def _sf(self, x, after, before, factor, t):
        return np.where(t > 0, *self._tails(x * t, after, before, factor)[::-1])

    def _ppf(self, q, after, before, factor, t):
        low, high = self._low(q, after, before, factor), self._high(q, after, before, factor)
        return np.where(t > 0, low, high) / t

    def _isf(self, q, after, before, factor, t):
        low, high = self._low(q, after, before, factor), self._high(q, after, before, factor)
        return np.where(t > 0, high, low) / t

    def _stats(self, *parameters):
        """Mean and variance, by quadrature over quantiles at normally spaced probabilities."""
        parameters = [np.asarray(each, float)[..., None] for each in parameters]
        score = np.linspace(-9, 9, 1001)
        tail = stats.norm.cdf(-np.abs(score))
        value = np.where(score < 0, self._ppf(tail, *parameters), self._isf(tail, *parameters))
        middle = value[..., [500]]
        weight = stats.norm.pdf(score) * (score[1] - score[0])
        shift = ((value - middle) * weight).sum(axis=-1)
        variance = ((value - middle - shift[..., None]) ** 2 * weight).sum(axis=-1)
        return middle[..., 0] + shift, variance, None, None

    def _pdf(self, x, after, before, factor, t):
        share, _ = self._shares(x * t, factor)
        change = 2 * factor * np.abs(t) / ((1 + x * t) + factor * (1 - x * t)) ** 2
        return stats.beta.pdf(np.minimum(share, 1), after, before) * change

    def _rvs(self, after, before, factor, t, size=None, random_state=None):
        share = random_state.beta(after, before, size=size)
        return (factor * share - (1 - share)) / (factor * share + (1 - share)) / t

    @staticmethod
    def _shares(relative, factor):
        """B and 1 - B of a relative rate change u = (alpha - 1) / (alpha + 1)."""
        total = (1 + relative) + factor * (1 - relative)
        return (1 + relative) / total, factor * (1 - relative) / total

    def _tails(self, relative, after, before, factor):
        """P(B <= b) and P(B > b), each from the tail that keeps its digits."""
        share, rest = self._shares(relative, factor)
        low = np.where(
            share < 0.5,
            special.betainc(after, before, share),
            special.betaincc(before, after, rest),
        )
        high = np.where(
            share < 0.5,
            special.betaincc(after, before, share),
            special.betainc(before, after, rest),
        )
        return low, high

    @staticmethod
    def _low(q, after, before, factor):
        """Relative rate change u at lower-tail probability q of B."""
        share = special.betaincinv(after, before, q)
        rest = special.betainccinv(before, after, q)
        return (factor * share - rest) / (factor * share + rest)

    def _high(self, q, after, before, factor):
        """Relative rate change u at upper-tail probability q: the low one of before over after."""
        return -self._low(q, before, after, 1 / factor)


arc_elasticity_distribution = _ArcElasticityDistribution(
    name="arc_elasticity", shapes="after, before, factor, t"
)
