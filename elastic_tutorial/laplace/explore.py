"""The integral over the hyperparameters: a Gaussian where it is one, weighted points where not."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from arviz_stats.base import array_stats
from scipy import stats

from elastic_tutorial.laplace import conditional, marginal
from elastic_tutorial.laplace.blocks import fetch
from elastic_tutorial.laplace.hyper import TILTS, evaluate, responses

_TAILS = stats.t(4)
_DROP = (1.4, 2.8)  # of the log density at two standard deviations; 2 for a Gaussian
_LARGE, _LARGE_DROP = 50_000, (0.7, 6.0)  # cells


class Posterior(NamedTuple):
    """Draws in the layout of the blocks, and analytic moments; a leading axis for draws."""

    draws: conditional.Draw
    points: np.ndarray  # (draw, hyperparameter)
    own: np.ndarray  # (draw or 1, block, row): curvature of each intercept
    mean: np.ndarray  # (block, row)
    sd: np.ndarray
    skewness: np.ndarray
    pareto_k: float  # of the weights of the points; NaN where there was no need of them


def drops(model, peak):
    """Fall of the log density at two standard deviations along each axis, both ways.

    Returns the axes, one a row, and the falls, shape (hyperparameter, 2).
    """
    values, vectors = np.linalg.eigh(peak.covariance)
    axes = np.sqrt(values)[:, None] * vectors.T

    def value(point):
        at = point, peak.mode, peak.category_scale
        return float(evaluate(model, *at).value)

    falls = [
        [peak.value - value(peak.point + sign * 2 * axis) for sign in (-1, 1)] for axis in axes
    ]
    return axes, np.array(falls).reshape(-1, 2)


def is_gaussian(falls, n_cells):
    """Whether the log density falls along every axis as a Gaussian's does, near enough.

    Large stores are let off with two halves of different Gaussians.
    """
    low, high = _DROP if n_cells < _LARGE else _LARGE_DROP
    return bool(((falls > low) & (falls < high)).all())


def gaussian(key, model, peak, axes, falls, current, n_draws):
    """Posterior when that of the hyperparameters is Gaussian, each half of an axis by itself.

    The mode moves linearly with them.
    """
    noise = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())
    reach = np.sqrt(2 / falls)
    score = np.abs(noise.standard_normal((n_draws, len(axes))))
    upward = noise.random(score.shape) < reach[:, 1] / reach.sum(axis=1)
    away = (score * np.where(upward, reach[:, 1], -reach[:, 0])) @ axes
    slopes = responses(model, jnp.asarray(peak.point), peak.mode, peak.category_scale)
    given, moments = _condition(model, jnp.asarray(peak.point), peak.mode)
    keys = jax.random.split(key, n_draws)
    draws = _draw_all(keys, model, peak.point, away, given, slopes, current)
    spread = _variance_of_points(
        model, jnp.asarray(peak.point), given, slopes, away.T @ away / n_draws
    )
    found = draws, moments.mean, moments.variance + spread, given.arrow.by_delta
    draws, mean, variance, own = fetch(found)
    skewness = fetch(given.products.skewness)
    points = peak.point + away
    return Posterior(draws, points, own[None], mean, np.sqrt(variance), skewness, np.nan)


@jax.jit
def _condition(model, point, mode):
    hyper = model.hyper(point)
    given = conditional.condition(mode.state, mode.tilt, model.cells, hyper, model.prior)
    return given, conditional.moments(given, model.cells, hyper, model.prior)


@jax.jit
def _draw_all(keys, model, point, away, given, slopes, current):
    def one(arguments):
        key, move = arguments
        response = jax.tree.map(lambda slope: jnp.tensordot(move, slope, 1), slopes)
        hyper = model.hyper(point + move)
        return conditional.draw(key, given, response, current, model.cells, hyper, model.prior)

    return jax.lax.map(one, (keys, away), batch_size=50)


@jax.jit
def _variance_of_points(model, point, given, slopes, covariance):
    """Variance of each elasticity that comes from not knowing the hyperparameters."""

    def elasticity(point, state):
        own = model.hyper(point).elasticity_scale * state.z
        return state.coef[model.cells.category, :1] + own

    def along(direction, slope):
        return jax.jvp(elasticity, (point, given.state), (direction, slope))[1]

    moves = jax.vmap(along)(jnp.eye(len(point)), slopes)
    return jnp.einsum("ibr,ij,jbr->br", moves, covariance, moves)


class _Proposal(NamedTuple):
    """Student's t along each axis, with a reach of its own to either side."""

    centre: np.ndarray
    axes: np.ndarray  # one a row
    reach: np.ndarray  # (axis, 2)

    def points(self, uniform):
        """Carry uniform numbers, shape (point, axis), to points."""
        score = _TAILS.ppf(np.clip(uniform, 1e-6, 1 - 1e-6))
        return self.centre + (score * self._reach(score)) @ self.axes

    def log_density(self, points):
        """Log density of points."""
        along = (points - self.centre) @ np.linalg.inv(self.axes)
        reach = self._reach(along)
        volume = np.linalg.slogdet(self.axes)[1]
        return (_TAILS.logpdf(along / reach) - np.log(reach)).sum(axis=1) - volume

    def _reach(self, score):
        return np.where(score < 0, self.reach[:, 0], self.reach[:, 1])


def points(key, model, peak, axes, falls, current, n_draws):
    """Posterior from weighted points, where that of the hyperparameters is no Gaussian.

    A first half of the points is drawn around the peak, the second where the first found the mass.
    """
    half = 2 ** int(np.clip(np.log2(4e6 / model.cells.units.size), 6, 10)) // 2
    noise = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())
    keys = jax.random.split(key, (2, half, -(-n_draws // half)))
    proposals = [_Proposal(peak.point, axes, np.sqrt(2 / np.clip(falls, 0.25, 8.0)))]
    places, found = [], []
    sequence = stats.qmc.Sobol(len(axes), seed=0)  # so that moments do not depend on the key
    for keys_of_half in keys:
        places.append(proposals[-1].points(sequence.random(half)))
        arguments = model, places[-1], peak.mode, peak.category_scale, current
        found.append(fetch(_visit(keys_of_half, *arguments)))
        if len(proposals) < 2:
            weight, _ = _weights(found[0][0] - proposals[0].log_density(places[0]))
            proposals.append(_around(places[0], weight))
    found = jax.tree.map(lambda *halves: np.concatenate(halves), *found)
    places = np.concatenate(places)
    log_proposal = np.logaddexp(*(each.log_density(places) for each in proposals))
    return _weighted(noise, places, found, log_proposal, n_draws)


def _around(places, weight):
    """Proposal with the mean and the covariance of weighted points."""
    centre = weight @ places
    away = places - centre
    values, vectors = np.linalg.eigh((weight[:, None] * away).T @ away)
    axes = np.sqrt(np.maximum(values, 1e-4 * values.max()))[:, None] * vectors.T
    return _Proposal(centre, axes, np.ones((len(centre), 2)))


def _weights(log_ratio):
    """Weights that sum to 1, smoothed in their tail, and the Pareto k of that tail."""
    log_ratio = np.where(np.isfinite(log_ratio), log_ratio, np.nan)
    log_ratio = np.maximum(log_ratio - np.nanmax(log_ratio), -700.0)
    log_weight, pareto_k = array_stats.psislw(-np.nan_to_num(log_ratio, nan=-700.0))
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum(), float(pareto_k)


def _weighted(noise, places, found, log_proposal, n_draws):
    """Posterior of weighted points, each with some draws."""
    log_density, draws, own, moments, skewness = found
    # Points too far for a climb, or nearly so, have no weight; what is computed there may be NaN.
    near = log_density > np.nanmax(log_density) - 50
    log_density = np.where(near, log_density, -np.inf)
    keep = lambda values: np.where(near[:, None, None], values, 0)  # noqa: E731
    moments, skewness = jax.tree.map(keep, (moments, skewness))
    weight, pareto_k = _weights(log_density - log_proposal)
    n_each = draws.centre.shape[1]
    chosen = _resample(noise, weight, n_each, n_draws)
    pick = lambda values: values[chosen // n_each, chosen % n_each]  # noqa: E731
    mean = np.tensordot(weight, moments.mean, 1)
    second = np.tensordot(weight, moments.variance + (moments.mean - mean) ** 2, 1)
    return Posterior(
        jax.tree.map(pick, draws),
        places[chosen // n_each],
        own[chosen // n_each],
        mean,
        np.sqrt(second),
        np.tensordot(weight, skewness, 1),
        pareto_k,
    )


@jax.jit
def _visit(keys, model, proposals, mode, category_scale, current):
    """At each point: log density, some draws, moments."""
    still = jax.tree.map(jnp.zeros_like, mode.state)

    def at(arguments):
        keys, point = arguments
        hyper = model.hyper(point)

        def climb(_, here):
            here = marginal.find_mode(here, category_scale, model.cells, hyper, model.prior)
            return marginal.tilted(here, model.cells, hyper, model.prior)

        here = jax.lax.fori_loop(0, TILTS + 1, climb, mode)
        place = here.state, here.tilt, model.cells, hyper, model.prior
        value, _ = marginal.log_marginal(*place)
        value = jnp.where(here.decrement < 1e-6, value + model.log_prior(point), -jnp.inf)
        given = conditional.condition(*place)
        moments = conditional.moments(given, model.cells, hyper, model.prior)

        def one(key):
            arguments = still, current, model.cells, hyper, model.prior
            return conditional.draw(key, given, *arguments)

        draws = jax.vmap(one)(keys)
        return value, draws, given.arrow.by_delta, moments, given.products.skewness

    return jax.lax.map(at, (keys, proposals))


def _resample(noise, weight, n_each, n_draws):
    """Choose draws by the weights of their points, evenly (systematic resampling)."""
    cumulative = np.cumsum(np.repeat(weight, n_each))
    comb = (np.arange(n_draws) + noise.random()) / n_draws * cumulative[-1]
    return noise.permutation(np.searchsorted(cumulative, comb))
