"""The peak of the hyperparameters' posterior, its width, and how Gaussian it is there.

A climb by BFGS (Nocedal and Wright 2006, Numerical Optimization, 6.1) with a backtracking line
search, over at most four numbers. It is written out, as an evaluation is dear and gives the mode to
start the next one from, and a step that leads where there is no mode must be taken back.

In a large store they are first learned on some of the products, then on more, then on all
(appendix "design decisions"). The peak is that of all products; its width comes from the first
part, scaled by the number of products.
"""

from typing import NamedTuple

import numpy as np

from elastic_tutorial.laplace.hyper import (
    LOGS,
    START,
    Evaluation,
    Model,
    carried_start,
    evaluate,
    start_of,
)
from elastic_tutorial.laplace.mode import Mode
from elastic_tutorial.models.arrays import Array, Float

# Widths of the peak to begin with, of log sigma, log k, the pivot, log phi: those of a store with a
# hundred products or so. A wrong one costs steps, not the answer.
_WIDTH = {"elasticity_scale": 0.1, "shape": 0.2, "pivot": 0.5, "dispersion": 0.2}
_LEARNED_FIRST = ("shape", "dispersion")  # before the noise is known, sigma is taken for it
# Newton decrement of the log posterior below which no step is taken: the peak is then within
# sqrt(1e-3), 3% of its width.
_WORTHWHILE = 1e-3
_MOST_STEPS = 100  # of a climb; ten are usual
_LONGEST = 8.0  # widths in one step, along any axis
_ARMIJO = 1e-4  # share of the promised gain that a step must bring (Nocedal and Wright, 3.1)
_BACKTRACK = 4.0  # what a step that does not is divided by
_SHORTEST = 1e-4  # widths; a step that does not climb at that length ends the climb
_ALONG = 1e-12  # cosine of step and fall of the slope below which the curvature is not updated
_DIFFERENCE = 0.25  # widths between the slopes whose differences are the curvature at the peak
# Curvature below which an axis counts as flat: a width of 10 logs, or of the pivot's prior.
_FLAT = 1e-2
# Standard deviations from the peak at which it is looked at: 2 is where a Gaussian's 95% end.
_REACH = 2.0
_CREDIBLE_FALL = (0.5, 8.0)  # of the log density there, 2 for a Gaussian; used for stores in stages


class Peak(NamedTuple):
    """Maximum of the log posterior of the hyperparameters."""

    point: Float[np.ndarray, " hyperparameter"]
    covariance: Float[np.ndarray, "hyperparameter hyperparameter"]  # minus the inverse curvature
    value: float
    mode: Mode
    category_scale: Float[Array, ""]


class Look(NamedTuple):
    """How the log density falls around its peak."""

    axes: Float[np.ndarray, "hyperparameter hyperparameter"]  # one a row, a standard deviation long
    falls: Float[np.ndarray, "hyperparameter 2"]  # at two standard deviations, down and up

    @property
    def reach(self):
        """Standard deviation of the Gaussian that falls as far, to either side of each axis."""
        return np.sqrt(_REACH**2 / 2 / self.falls)


def find_peak(
    stages: list[Model], n_products: list[int], log_level: Float[Array, " category"]
) -> tuple[Peak, Look]:
    """Peak on the last of the models, by way of those before it, which hold fewer products.

    The look around it is that of the first.
    """
    peak = _first_peak(stages[0], log_level)
    look = look_around(stages[0], peak)
    for model, n in zip(stages[1:], n_products[1:], strict=True):
        peak = _carried(model, peak, n_products[0] / n)
    if not peak.mode.arrived:
        raise RuntimeError("the mode of the posterior was not found; simplify the model.")
    share = n_products[0] / n_products[-1]
    if len(stages) == 1:
        return peak, look
    return peak._replace(covariance=share * peak.covariance), _narrowed(look, share)


def _first_peak(model, log_level):
    """Peak of the hyperparameters, from the start."""
    point = np.array([np.log(START[k]) if k in LOGS else START[k] for k in model.names])
    width = np.array([_WIDTH[k] for k in model.names])
    start = start_of(model, model.hyper_at(point), log_level)
    here = evaluate(model, point, start, model.prior.category_scale)
    scale = here.category_scale
    first = np.array([k in _LEARNED_FIRST for k in model.names], bool)
    point, here, _ = climb(model, point, here, scale, np.diag(first * width**2))
    point, here, _ = climb(model, point, here, scale, np.diag(width**2))
    covariance = covariance_at(model, point, here.mode, scale, _DIFFERENCE * width)
    point, here, _ = climb(model, point, here, scale, covariance)
    return Peak(point, covariance, float(here.value), here.mode, here.category_scale)


def _carried(model, peak, share):
    """Carry a peak from a share of the products to more of them; keep its covariance."""
    start = carried_start(model, model.hyper_at(peak.point), peak.mode)
    here = evaluate(model, peak.point, start, peak.category_scale)
    inverse = share * peak.covariance
    point, here, _ = climb(model, peak.point, here, peak.category_scale, inverse)
    return Peak(point, peak.covariance, float(here.value), here.mode, here.category_scale)


def _narrowed(look, share):
    """Look around a peak of more products: the more, the narrower and the more Gaussian."""
    falls = np.clip(look.falls, *_CREDIBLE_FALL)
    reach = 1 + (Look(look.axes, falls).reach - 1) * np.sqrt(share)
    return Look(look.axes * np.sqrt(share), _REACH**2 / 2 / reach**2)


def look_around(model: Model, peak: Peak) -> Look:
    """Fall of the log density at two standard deviations along each axis, both ways."""
    values, vectors = np.linalg.eigh(peak.covariance)
    axes = np.sqrt(values)[:, None] * vectors.T

    def fall(away):
        there = evaluate(model, peak.point + away, peak.mode, peak.category_scale)
        return peak.value - float(there.value)

    falls = [[fall(-_REACH * axis), fall(_REACH * axis)] for axis in axes]
    return Look(axes, np.array(falls).reshape(-1, 2))


def climb(
    model: Model,
    point: Float[np.ndarray, " hyperparameter"],
    here: Evaluation,
    category_scale: Float[Array, ""],
    inverse: Float[np.ndarray, "hyperparameter hyperparameter"],
) -> tuple[np.ndarray, Evaluation, np.ndarray]:
    """Climb to the peak by BFGS; ``inverse`` is roughly its covariance, zero where to stay.

    ``here`` is the evaluation of the point to start from; returns the last point, its evaluation
    and a better ``inverse``.
    """
    width = np.sqrt(np.diag(inverse))
    width[width == 0] = np.inf  # directions that are held
    for _ in range(_MOST_STEPS):
        slope = np.asarray(here.slope)
        step = inverse @ slope
        if slope @ step < _WORTHWHILE:
            break
        step = step * min(1.0, _LONGEST / np.abs(step / width).max())
        step, there = _backtrack(model, point, here, step, width, category_scale)
        if there is None:
            break
        inverse = _bfgs(inverse, step, slope - np.asarray(there.slope))
        point, here = point + step, there
    return point, here, inverse


def _backtrack(model, point, here, step, width, category_scale):
    """Shorten a step until it climbs; None for its evaluation where no length does."""
    slope = np.asarray(here.slope)
    there = evaluate(model, point + step, here.mode, category_scale)
    while not there.value >= here.value + _ARMIJO * slope @ step:
        step = step / _BACKTRACK
        if np.abs(step / width).max() < _SHORTEST:
            return step, None
        there = evaluate(model, point + step, here.mode, category_scale)
    return step, there


def _bfgs(inverse, step, fall):
    """Inverse curvature that explains how the slope fell along a step."""
    along = step @ fall
    if along <= _ALONG * np.linalg.norm(step) * np.linalg.norm(fall):
        return inverse
    turn = np.eye(len(step)) - np.outer(step, fall) / along
    return turn @ inverse @ turn.T + np.outer(step, step) / along


def covariance_at(
    model: Model,
    point: Float[np.ndarray, " hyperparameter"],
    start: Mode,
    category_scale: Float[Array, ""],
    difference: Float[np.ndarray, " hyperparameter"],
) -> Float[np.ndarray, "hyperparameter hyperparameter"]:
    """Minus the inverse curvature of the log posterior at its peak, from differences of slopes."""

    def slope(step):
        return np.asarray(evaluate(model, point + step, start, category_scale).slope)

    steps = np.diag(difference)
    second = [(slope(step) - slope(-step)) / (2 * step.sum()) for step in steps]
    second = np.array(second).reshape(len(point), len(point))
    values, vectors = np.linalg.eigh(-(second + second.T) / 2)
    return vectors @ np.diag(1 / np.maximum(values, _FLAT)) @ vectors.T
