"""Distribution of an arc elasticity, as one of SciPy's."""

import numpy as np
from scipy import special, stats

# Normal scores at which moments take quantiles: 1e-19 lies beyond 9, and sums over an even grid of
# a smooth function that vanishes at both ends are exact to rounding.
_SCORES = np.linspace(-9, 9, 1001)


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
        tail = stats.norm.cdf(-np.abs(_SCORES))
        value = np.where(_SCORES < 0, self._ppf(tail, *parameters), self._isf(tail, *parameters))
        middle = value[..., [len(_SCORES) // 2]]
        weight = stats.norm.pdf(_SCORES) * (_SCORES[1] - _SCORES[0])
        shift = ((value - middle) * weight).sum(axis=-1)
        variance = ((value - middle - shift[..., None]) ** 2 * weight).sum(axis=-1)
        return middle[..., 0] + shift, variance, None, None

    def _pdf(self, x, after, before, factor, t):
        share, _ = self._shares(x * t, factor)
        change = 2 * factor * np.abs(t) / ((1 + x * t) + factor * (1 - x * t)) ** 2
        return stats.beta.pdf(np.minimum(share, 1), after, before) * change

    def _rvs(self, after, before, factor, t, *, size, random_state):
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
