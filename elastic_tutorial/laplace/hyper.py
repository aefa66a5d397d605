"""The posterior of the hyperparameters: its slope, its maximum, and points that stand for it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from elastic_tutorial.laplace import arrow as arrows
from elastic_tutorial.laplace import marginal
from elastic_tutorial.laplace.arrow import Cells, Hyper, State

TILTS = 2  # rounds of renewing it
_ROUGH, _FINE = 1e-2, 1e-9  # Newton decrements of a mode while its tilt changes, and after
_ARRIVED = 1e-6  # Newton decrement of a mode that was reached
_GAIN = 1e-3  # of the log posterior, for which another step is not worth while
LOGS = ("elasticity_scale", "shape", "dispersion")  # positive, so learned as logs


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Model:
    """A store, and what is assumed of it."""

    cells: Cells
    fixed: Hyper  # values of the hyperparameters that are not learned
    prior: marginal.Prior
    rules: dict  # scales of the hyperparameters' priors
    names: tuple = field(metadata={"static": True})  # of the hyperparameters that are learned

    def hyper(self, point):
        """Put a point, which holds logs of positive parameters, among the fixed ones."""
        pairs = zip(self.names, point, strict=True)
        return self.fixed._replace(**{k: jnp.exp(v) if k in LOGS else v for k, v in pairs})

    def log_prior(self, point):
        """Log prior density of a point, up to a constant."""
        total = jnp.zeros(())
        for name, value in zip(self.names, point, strict=True):
            rule = self.rules[name]
            if name == "shape":  # log-normal
                total -= ((value - rule[0]) / rule[1]) ** 2 / 2
            elif name == "pivot":  # normal
                total -= (value / rule) ** 2 / 2
            else:  # half-normal
                total += value - (jnp.exp(value) / rule) ** 2 / 2
        return total


class Evaluation(NamedTuple):
    """Log posterior of the hyperparameters at a point, and its slope."""

    value: jax.Array
    slope: jax.Array
    mode: marginal.Mode
    category_scale: jax.Array  # its posterior mean


def start_of(model, log_level):
    """Return a state to climb from: the prior's elasticity, and the category's level of demand."""
    units, n_features = model.cells.units, model.cells.features.shape[2]
    basis = model.prior.time.basis
    gamma = log_level[:, None] * jnp.linalg.pinv(basis).sum(axis=1)
    nothing = jnp.zeros(units.shape[:2])
    coef = jnp.zeros((len(log_level), n_features)).at[:, 0].set(model.prior.centre)
    state = State(nothing, nothing, gamma, coef)
    zero = jnp.zeros(len(log_level)), jnp.zeros(n_features)
    still = jax.tree.map(jnp.zeros_like, state)
    return marginal.Mode(state, still, *zero, jnp.full((), jnp.inf, float), jnp.zeros((), int))


def evaluate(model, point, start, category_scale):
    """Climb to the mode at a point; return the log posterior there, with its slope.

    Minus infinity where the climb does not arrive.
    """
    point, mode = jnp.asarray(point), start
    for _ in range(TILTS):
        mode = _tilt(model, point, _find(model, point, mode, category_scale, _ROUGH))
    mode = _find(model, point, mode, category_scale, _FINE)
    value, slope, mean = _slope(model, point, mode, category_scale)
    if not (mode.decrement < _ARRIVED and jnp.isfinite(value)):
        value = jnp.full((), -jnp.inf)
    return Evaluation(value, slope, mode, mean)


@jax.jit
def _find(model, point, start, category_scale, enough):
    hyper = model.hyper(point)
    return marginal.find_mode(start, category_scale, model.cells, hyper, model.prior, enough)


@jax.jit
def _tilt(model, point, mode):
    return marginal.tilted(mode, model.cells, model.hyper(point), model.prior)


@jax.jit
def _slope(model, point, mode, category_scale):
    """Log posterior at a mode, its slope, and the posterior mean of the category scale.

    The slope counts that the mode moves with the point. One solve of the arrow does it (the
    adjoint method): the mode's own motion never has to be computed. That the tilt moves too is
    left out, which moves the peak by hundredths of its width in a store of six products.
    """
    state = mode.state

    def value(state, point):
        hyper = model.hyper(point)
        log_lik, mean = marginal.log_marginal(state, mode.tilt, model.cells, hyper, model.prior)
        return log_lik + model.log_prior(point), mean

    measure = jax.value_and_grad(value, argnums=(0, 1), has_aux=True)
    (total, mean), (by_state, by_point) = measure(state, point)
    adjoint = _respond(model, state, by_state, category_scale, model.hyper(point))

    def pull(point):
        hyper = model.hyper(point)
        at = arrows.sales(state, model.cells, hyper, model.prior.time)
        slope = arrows.gradient(state, at, model.cells, hyper, model.prior.time)
        return sum(jnp.vdot(a, b) for a, b in zip(adjoint, slope, strict=True))

    return total, by_point + jax.grad(pull)(point), mean


def _respond(model, state, slope, category_scale, hyper):
    """How the mode moves when its slope is pushed."""
    time = model.prior.time
    at = arrows.sales(state, model.cells, hyper, time)
    arrow = arrows.factor(state, at, model.cells, hyper, time)
    reduced = arrows.eliminate(arrow, slope, model.cells, time)
    top = marginal.Top(0.0, reduced.coef, arrow.coef, model.prior.scale)
    zero = jnp.zeros(len(reduced.coef)), jnp.zeros(len(model.prior.scale))
    zeta, common, _ = marginal.solve_top(top, category_scale, *zero)
    step = marginal.coefficients(zeta, common, category_scale, model.prior.scale)
    return arrows.substitute(arrow, reduced, step, model.cells, time)


@jax.jit
def responses(model, point, mode, category_scale):
    """Slope of the mode along each hyperparameter: a State with a leading axis."""
    hyper, time = model.hyper(point), model.prior.time

    def along(direction):
        def slope(point):
            hyper = model.hyper(point)
            at = arrows.sales(mode.state, model.cells, hyper, time)
            return arrows.gradient(mode.state, at, model.cells, hyper, time)

        push = jax.jvp(slope, (point,), (direction,))[1]
        return _respond(model, mode.state, push, category_scale, hyper)

    return jax.lax.map(along, jnp.eye(len(point)))


class Peak(NamedTuple):
    """Maximum of the log posterior of the hyperparameters."""

    point: np.ndarray
    covariance: np.ndarray  # minus the inverse of the second derivatives
    value: float
    mode: marginal.Mode
    category_scale: jax.Array


def climb(model, point, at, category_scale, inverse):
    """Climb to the peak by BFGS; ``inverse`` is roughly its covariance, zero where to stay.

    ``at`` is the evaluation of the point to start from; returns the last point, its evaluation
    and a better ``inverse``.
    """
    unit = np.sqrt(np.diag(inverse))
    unit[unit == 0] = np.inf  # directions that are held
    for _ in range(100):
        slope = np.asarray(at.slope)
        step = inverse @ slope
        if slope @ step < _GAIN:
            break
        step = step * min(1.0, 8 / np.abs(step / unit).max())
        there = evaluate(model, point + step, at.mode, category_scale)
        while not there.value >= at.value + 1e-4 * slope @ step:
            step = step / 4
            if np.abs(step / unit).max() < 1e-4:
                return point, at, inverse
            there = evaluate(model, point + step, at.mode, category_scale)
        inverse = _update(inverse, step, slope - np.asarray(there.slope))
        point, at = point + step, there
    return point, at, inverse


def _update(inverse, step, fall):
    """BFGS: an inverse curvature that explains how the slope fell along a step."""
    along = step @ fall
    if along <= 1e-12 * np.linalg.norm(step) * np.linalg.norm(fall):
        return inverse
    turn = np.eye(len(step)) - np.outer(step, fall) / along
    return turn @ inverse @ turn.T + np.outer(step, step) / along


def curvature(model, point, start, category_scale, unit):
    """Covariance of the peak, from differences of slopes."""

    def slope(step):
        at = evaluate(model, point + step, start, category_scale)
        return np.asarray(at.slope)

    steps = np.diag(unit)
    second = [(slope(step) - slope(-step)) / (2 * step.sum()) for step in steps]
    second = np.array(second).reshape(len(point), len(point))
    values, vectors = np.linalg.eigh(-(second + second.T) / 2)
    return vectors @ np.diag(1 / np.maximum(values, 1e-2)) @ vectors.T
