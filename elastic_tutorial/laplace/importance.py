"""Importance sampling of a few hyperparameters: proposals, weights, and draws by them.

Points come from Student's t around the peak first, then from one around the mass that the first
found; their weights are smoothed in their tail (Vehtari et al. 2024, "Pareto smoothed importance
sampling", JMLR 25), and the Pareto k of that tail says whether to trust them. NumPy throughout:
there are at most a thousand points in four dimensions.
"""

from typing import NamedTuple

import numpy as np
from arviz_stats.base import array_stats
from scipy import stats

from elastic_tutorial.laplace.peak import Look, Peak
from elastic_tutorial.models.arrays import Float, Int

_USABLE_FALLS = (0.25, 8.0)  # reaches from 2.8 to 0.5 standard deviations of a first proposal
# Degrees of freedom of a proposal: tails heavy enough that no weight explodes, with a variance.
_TAILS = stats.t(4)
_LEAST_UNIFORM = 1e-6  # keeps points within 41 standard deviations, where a climb may still arrive
# Cells times points that are visited, some seconds' worth, and the base-2 logs of the fewest and of
# the most points: Sobol's are balanced at powers of two.
_CELLS_TO_VISIT, _FEWEST_POINTS, _MOST_POINTS = 4e6, 6, 10
_FLATTEST = 1e-4  # least variance of the second proposal along an axis, over the largest
# Log density below the highest at which a point is out of reach: exp(-50) weighs nothing.
OUT_OF_REACH = 50.0
_LEAST_LOG_WEIGHT = -700.0  # beside the largest: exp(-700) is still a number


class Proposal(NamedTuple):
    """Student's t along each axis, with a reach of its own to either side."""

    centre: Float[np.ndarray, " hyperparameter"]
    axes: Float[np.ndarray, "hyperparameter hyperparameter"]  # one a row
    reach: Float[np.ndarray, "hyperparameter 2"]

    def points(self, uniform: Float[np.ndarray, "point axis"]):
        """Carry uniform numbers to points."""
        score = _TAILS.ppf(np.clip(uniform, _LEAST_UNIFORM, 1 - _LEAST_UNIFORM))
        return self.centre + (score * self._reach_of(score)) @ self.axes

    def log_density(self, points):
        """Log density of points."""
        along = (points - self.centre) @ np.linalg.inv(self.axes)
        reach = self._reach_of(along)
        volume = np.linalg.slogdet(self.axes)[1]
        return (_TAILS.logpdf(along / reach) - np.log(reach)).sum(axis=1) - volume

    def _reach_of(self, score):
        return np.where(score < 0, self.reach[:, 0], self.reach[:, 1])


def n_points(n_cells: int) -> int:
    """Points to visit: a power of two, fewer in a larger store."""
    return 2 ** int(np.clip(np.log2(_CELLS_TO_VISIT / n_cells), _FEWEST_POINTS, _MOST_POINTS))


def around_peak(peak: Peak, look: Look) -> Proposal:
    """Proposal that falls to either side of the peak as the log density does, within limits."""
    falls = np.clip(look.falls, *_USABLE_FALLS)
    return Proposal(peak.point, look.axes, Look(look.axes, falls).reach)


def around_mass(
    places: Float[np.ndarray, "point hyperparameter"], weight: Float[np.ndarray, " point"]
) -> Proposal:
    """Proposal with the mean and the covariance of weighted points."""
    centre = weight @ places
    away = places - centre
    values, vectors = np.linalg.eigh((weight[:, None] * away).T @ away)
    axes = np.sqrt(np.maximum(values, _FLATTEST * values.max()))[:, None] * vectors.T
    return Proposal(centre, axes, np.ones((len(centre), 2)))


def smoothed_weights(
    log_ratio: Float[np.ndarray, " point"],
) -> tuple[Float[np.ndarray, " point"], float]:
    """Weights that sum to 1, smoothed in their tail, and the Pareto k of that tail."""
    log_ratio = np.where(np.isfinite(log_ratio), log_ratio, np.nan)
    log_ratio = np.maximum(log_ratio - np.nanmax(log_ratio), _LEAST_LOG_WEIGHT)
    log_ratio = np.nan_to_num(log_ratio, nan=_LEAST_LOG_WEIGHT)
    log_weight, pareto_k = array_stats.psislw(-log_ratio)
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum(), float(pareto_k)


def resample(
    noise: np.random.Generator, weight: Float[np.ndarray, " point"], n_each: int, n_draws: int
) -> Int[np.ndarray, " draw"]:
    """Choose draws by the weights of their points, evenly (systematic resampling).

    Each point has ``n_each`` draws, which are numbered through.
    """
    cumulative = np.cumsum(np.repeat(weight, n_each))
    comb = (np.arange(n_draws) + noise.random()) / n_draws * cumulative[-1]
    return noise.permutation(np.searchsorted(cumulative, comb))
