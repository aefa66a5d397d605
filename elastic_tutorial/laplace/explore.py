"""The integral over the hyperparameters: a Gaussian where it is one, weighted points where not.

The last row of "What is exact, and what is not", and the look of appendix "design decisions" before
it is believed. Where the log density falls as a Gaussian's does, hyperparameters are drawn from one
whose halves along each axis have widths of their own (a split normal, as in Rue, Martino and Chopin
2009, section 6.5), and the mode of all else moves with them linearly: one fit serves all draws.
Where it does not, the store is fitted anew at many points, weighted by ``importance``.

Left out of the Gaussian: that the variances of all else change with the hyperparameters.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import qmc

from elastic_tutorial.laplace.blocks import fetch
from elastic_tutorial.laplace.categories import Prior
from elastic_tutorial.laplace.conditional import (
    Conditional,
    Draw,
    Moments,
    condition,
    draw,
    moments,
)
from elastic_tutorial.laplace.density import Cells, Hyper, State
from elastic_tutorial.laplace.hyper import Model, responses
from elastic_tutorial.laplace.importance import (
    OUT_OF_REACH,
    around_mass,
    around_peak,
    n_points,
    resample,
    smoothed_weights,
)
from elastic_tutorial.laplace.marginal import log_marginal
from elastic_tutorial.laplace.mode import FINE, Mode, find_tilted_mode, tilted
from elastic_tutorial.laplace.peak import Look, Peak
from elastic_tutorial.models.arrays import Array, Float, Key, generator_of

# Falls of the log density at two standard deviations that pass for a Gaussian's 2: reaches from 1.2
# to 0.85 standard deviations. Stores of many cells may be further off, as fitting them anew at a
# thousand points would take hours: two halves of different Gaussians then have to do.
_GAUSSIAN_FALLS, _GAUSSIAN_FALLS_LARGE = (1.4, 2.8), (0.7, 6.0)
_LARGE = 50_000  # cells
_DRAWS_AT_ONCE = 50  # of the Gaussian's; memory grows with it, and the time saved by more is small


class Posterior(NamedTuple):
    """Draws in the layout of the blocks, and analytic moments; a leading axis for draws."""

    draws: Draw
    points: Float[np.ndarray, "draw hyperparameter"]
    intercept_curvature: Float[np.ndarray, "draw_or_1 block row"]
    mean: Float[np.ndarray, "block row"]
    sd: Float[np.ndarray, "block row"]
    skewness: Float[np.ndarray, "block row"]
    pareto_k: float  # of the weights of the points; NaN where there was no need of them


class Visit(NamedTuple):
    """What is found at a point of the hyperparameters; a leading axis for points."""

    log_density: Float[Array, ""]
    draws: Draw
    intercept_curvature: Float[Array, "block row"]
    moments: Moments
    skewness: Float[Array, "block row"]


def is_gaussian(look: Look, n_cells: int) -> bool:
    """Whether the log density falls along every axis as a Gaussian's does, near enough."""
    low, high = _GAUSSIAN_FALLS if n_cells < _LARGE else _GAUSSIAN_FALLS_LARGE
    return bool(((look.falls > low) & (look.falls < high)).all())


def gaussian(
    key_draws: Key[Array, ""],
    key_points: Key[Array, ""],
    model: Model,
    peak: Peak,
    look: Look,
    current_price: Float[Array, "block row"],
    n_draws: int,
) -> Posterior:
    """Posterior when that of the hyperparameters is Gaussian, each half of an axis by itself.

    The mode moves linearly with them.
    """
    away = _split_normal(generator_of(key_points), look, n_draws)
    point = jnp.asarray(peak.point)
    slopes = responses(model, point, peak.mode, peak.category_scale)
    given, product = _condition(model, point, peak.mode)
    keys = jax.random.split(key_draws, n_draws)
    draws = _draw_all(keys, model, peak.point, away, given, slopes, current_price)
    spread = _variance_of_points(model, point, given, slopes, _second_moments(look))
    curvature = given.arrow.by_delta
    arrays = draws, product.mean, product.variance + spread, given.products.skewness, curvature
    draws, mean, variance, skewness, curvature = fetch(arrays)
    points = peak.point + away
    return Posterior(draws, points, curvature[None], mean, np.sqrt(variance), skewness, np.nan)


def _split_normal(noise, look, n_draws):
    """Draw steps from the peak: normal along each axis, of another width to either side."""
    score = np.abs(noise.standard_normal((n_draws, len(look.axes))))
    up = look.reach[:, 1] / look.reach.sum(axis=1)
    upward = noise.random(score.shape) < up
    return (score * np.where(upward, look.reach[:, 1], -look.reach[:, 0])) @ look.axes


def _second_moments(look):
    """Second moments of ``_split_normal``, of which moments must not depend on a key.

    A score of reach a below and b above has mean sqrt(2 / pi) (b - a) and square a^2 - a b + b^2.
    """
    below, above = look.reach.T
    mean = np.sqrt(2 / np.pi) * (above - below)
    score = np.outer(mean, mean)
    np.fill_diagonal(score, below**2 - below * above + above**2)
    return look.axes.T @ score @ look.axes


@jax.jit
def _condition(model, point, mode) -> tuple[Conditional, Moments]:
    problem = model.cells, model.hyper_at(point), model.prior
    given = condition(mode.state, mode.tilt, *problem)
    return given, moments(given, *problem)


@jax.jit
def _draw_all(keys, model, point, away, given, slopes, current_price) -> Draw:
    def one(arguments):
        key, move = arguments
        response = jax.tree.map(lambda slope: jnp.tensordot(move, slope, 1), slopes)
        problem = model.cells, model.hyper_at(point + move), model.prior
        return draw(key, given, response, current_price, *problem)

    return jax.lax.map(one, (keys, away), batch_size=_DRAWS_AT_ONCE)


@jax.jit
def _variance_of_points(model, point, given, slopes, covariance):
    """Variance of each elasticity that comes from not knowing the hyperparameters."""

    def elasticity(point, state):
        by_product = model.hyper_at(point).elasticity_scale * state.z
        return state.coef[model.cells.category, :1] + by_product

    def along(direction, slope):
        return jax.jvp(elasticity, (point, given.state), (direction, slope))[1]

    moves = jax.vmap(along)(jnp.eye(len(point)), slopes)
    return jnp.einsum("ibr,ij,jbr->br", moves, covariance, moves)


def points(
    key_draws: Key[Array, ""],
    key_points: Key[Array, ""],
    model: Model,
    peak: Peak,
    look: Look,
    current_price: Float[Array, "block row"],
    n_draws: int,
) -> Posterior:
    """Posterior from weighted points, where that of the hyperparameters is no Gaussian.

    A first half of the points is drawn around the peak, the second where the first found the mass.
    They are Sobol's and not random, so that moments do not depend on the key.
    """
    half = n_points(model.cells.units.size) // 2
    sequence = qmc.Sobol(len(look.axes), seed=0)
    keys = jax.random.split(key_draws, (2, half, -(-n_draws // half)))

    def visit_half(proposal, keys):
        places = proposal.points(sequence.random(half))
        visit = _visit_all(keys, model, places, peak.mode, peak.category_scale, current_price)
        return places, fetch(visit)

    first = around_peak(peak, look)
    near_peak, found = visit_half(first, keys[0])
    weight, _ = smoothed_weights(found.log_density - first.log_density(near_peak))
    second = around_mass(near_peak, weight)
    near_mass, more = visit_half(second, keys[1])
    places = np.concatenate([near_peak, near_mass])
    visits = jax.tree.map(lambda *halves: np.concatenate(halves), found, more)
    log_proposal = np.logaddexp(first.log_density(places), second.log_density(places))
    return _weighted(generator_of(key_points), places, visits, log_proposal, n_draws)


def _weighted(noise, places, visits, log_proposal, n_draws):
    """Posterior of weighted points, each with some draws."""
    visits = _within_reach(visits)
    weight, pareto_k = smoothed_weights(visits.log_density - log_proposal)
    n_each = visits.draws.centre.shape[1]
    chosen = resample(noise, weight, n_each, n_draws)
    point = chosen // n_each
    product = visits.moments
    mean = np.tensordot(weight, product.mean, 1)
    variance = np.tensordot(weight, product.variance + (product.mean - mean) ** 2, 1)
    return Posterior(
        jax.tree.map(lambda values: values[point, chosen % n_each], visits.draws),
        places[point],
        visits.intercept_curvature[point],
        mean,
        np.sqrt(variance),
        np.tensordot(weight, visits.skewness, 1),
        pareto_k,
    )


def _within_reach(visits):
    """Take the weight from points that are too far for a climb, where moments may be NaN."""
    near = visits.log_density > np.nanmax(visits.log_density) - OUT_OF_REACH
    arrays = visits.moments, visits.skewness
    product, skewness = jax.tree.map(lambda rows: np.where(near[:, None, None], rows, 0), arrays)
    log_density = np.where(near, visits.log_density, -np.inf)
    return visits._replace(log_density=log_density, moments=product, skewness=skewness)


@jax.jit
def _visit_all(keys, model, places, mode, category_scale, current_price) -> Visit:
    """At each point: log density, some draws, moments."""

    def visit(arguments):
        keys, point = arguments
        problem = model.cells, model.hyper_at(point), model.prior
        here = find_tilted_mode(mode, category_scale, *problem, rough=FINE)
        here = tilted(here, *problem)  # once more, since moments are taken just here
        return _visit(keys, here, model.log_prior(point), current_price, *problem)

    return jax.lax.map(visit, (keys, places))


def _visit(
    keys: Key[Array, " draw"],
    mode: Mode,
    log_prior: Float[Array, ""],
    current_price: Float[Array, "block row"],
    cells: Cells,
    hyper: Hyper,
    prior: Prior,
) -> Visit:
    """Log density, some draws and moments, at the mode of a point."""
    problem = cells, hyper, prior
    log_lik, _ = log_marginal(mode.state, mode.tilt, *problem)
    log_density = jnp.where(mode.arrived, log_lik + log_prior, -jnp.inf)
    given = condition(mode.state, mode.tilt, *problem)
    still = State(*(jnp.zeros_like(each) for each in mode.state))
    draws = jax.vmap(lambda key: draw(key, given, still, current_price, *problem))(keys)
    product = moments(given, *problem)
    return Visit(log_density, draws, given.arrow.by_delta, product, given.products.skewness)
