"""The log posterior of the hyperparameters sigma, k, the pivot c and phi, and its slope.

The last row of "What is exact, and what is not": a climb over four numbers. The value is the
marginal of eq-whole-laplace times their prior, at the mode given them; its slope counts that the
mode moves along, by one more solve of the arrow (the adjoint method; Griewank and Walther 2008,
Evaluating Derivatives, chapter 15), so that the mode's own motion never has to be computed.

A point holds logs of the positive hyperparameters, in the order of ``Model.names``. Left out of the
slope: that the tilt moves too, and that the grid of tau does. The first moves the peak by
hundredths of its width in a store of six products (``test_arrow``), less in larger ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, no_type_check

import jax
import jax.numpy as jnp
import numpy as np

from elastic_tutorial.laplace import density
from elastic_tutorial.laplace.arrow import arrow_at
from elastic_tutorial.laplace.categories import Prior
from elastic_tutorial.laplace.density import Cells, Hyper, State
from elastic_tutorial.laplace.marginal import log_marginal
from elastic_tutorial.laplace.mode import TILTS, Mode, find_tilted_mode, solve
from elastic_tutorial.models.arrays import Array, Float

LOGS = ("elasticity_scale", "shape", "dispersion")  # positive, so learned as logs
# Where the climb starts, on natural scales; it matters for speed only. The scale and the shape are
# those of a usual category, the pivot is the panel's mean log price, and a dispersion of 0.01 is
# 10% of noise in a cell with many sales.
START = {"elasticity_scale": 0.3, "shape": 3.0, "pivot": 0.0, "dispersion": 0.01}


@no_type_check  # JAX puts whatever it maps over in the fields
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Model:
    """A store, and what is assumed of it."""

    cells: Cells
    fixed: Hyper  # values of the hyperparameters that are not learned
    prior: Prior
    rules: Mapping  # scales of the hyperparameters' priors
    names: tuple = field(metadata={"static": True})  # of the hyperparameters that are learned

    def hyper_at(self, point):
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

    value: Float[Array, ""]
    slope: Float[Array, " hyperparameter"]
    mode: Mode
    category_scale: Float[Array, ""]  # its posterior mean


@jax.jit
def start_of(model: Model, hyper: Hyper, log_level: Float[Array, " category"]) -> Mode:
    """Return a place to climb from: the prior's elasticity, and the category's level of demand."""
    cells, prior = model.cells, model.prior
    rows, n_features = jnp.zeros(cells.units.shape[:2]), cells.features.shape[2]
    gamma = log_level[:, None] * jnp.linalg.pinv(prior.time.basis).sum(axis=1)[None]
    coef = jnp.zeros((len(log_level), n_features)).at[:, 0].set(prior.centre)
    state = density.settle_as_poisson(State(rows, rows, gamma, coef), cells, hyper, prior.time)
    tilt = jax.tree.map(jnp.zeros_like, state)
    never = jnp.full((), jnp.inf, float)
    return Mode(state, tilt, jnp.zeros(len(log_level)), jnp.zeros(n_features), never)


@jax.jit
def carried_start(model: Model, hyper: Hyper, mode: Mode) -> Mode:
    """Return a place to climb from on other products, of whom nothing is known yet."""
    rows = jnp.zeros(model.cells.units.shape[:2])
    state = mode.state._replace(delta=rows, z=rows)
    state = density.settle_as_poisson(state, model.cells, hyper, model.prior.time)
    return mode._replace(state=state, tilt=mode.tilt._replace(delta=rows, z=rows))


def evaluate(
    model: Model,
    point: Float[Array | np.ndarray, " hyperparameter"],
    start: Mode,
    category_scale: Float[Array, ""],
    n_tilts: int = TILTS,
) -> Evaluation:
    """Climb to the mode at a point; return the log posterior there, with its slope.

    Minus infinity where the climb does not arrive.
    """
    return _evaluate(model, jnp.asarray(point), start, category_scale, n_tilts)


@jax.jit
def _evaluate(model, point, start, category_scale, n_tilts):
    problem = model.cells, model.hyper_at(point), model.prior
    mode = find_tilted_mode(start, category_scale, *problem, n_tilts=n_tilts)
    value, slope, mean = _value_and_slope(model, point, mode, category_scale)
    value = jnp.where(mode.arrived & jnp.isfinite(value), value, -jnp.inf)
    return Evaluation(value, slope, mode, mean)


def _value_and_slope(model, point, mode, category_scale):
    """Log posterior at a mode, its slope, and the posterior mean of the category scale."""

    def value(state, point):
        log_lik, mean = log_marginal(
            state, mode.tilt, model.cells, model.hyper_at(point), model.prior
        )
        return log_lik + model.log_prior(point), mean

    measure = jax.value_and_grad(value, argnums=(0, 1), has_aux=True)
    (total, mean), (by_state, by_point) = measure(mode.state, point)
    adjoint = respond(model, mode.state, by_state, category_scale, model.hyper_at(point))

    def push(point):
        slope = _gradient_at(model, mode.state, point)
        return sum(jnp.vdot(a, b) for a, b in zip(adjoint, slope, strict=True))

    return total, by_point + jax.grad(push)(point), mean


def respond(
    model: Model, state: State, slope: State, category_scale: Float[Array, ""], hyper: Hyper
) -> State:
    """How the mode moves when its slope is pushed: the arrow, solved for the push."""
    _, arrow = arrow_at(state, model.cells, hyper, model.prior.time)
    still = jnp.zeros(len(slope.coef)), jnp.zeros(len(model.prior.scale))
    return solve(arrow, slope, *still, category_scale, model.cells, model.prior).state


@jax.jit
def responses(
    model: Model,
    point: Float[Array, " hyperparameter"],
    mode: Mode,
    category_scale: Float[Array, ""],
) -> State:
    """Slope of the mode along each hyperparameter: a State with a leading axis."""
    hyper = model.hyper_at(point)

    def along(direction):
        push = jax.jvp(lambda point: _gradient_at(model, mode.state, point), (point,), (direction,))
        return respond(model, mode.state, push[1], category_scale, hyper)

    return jax.lax.map(along, jnp.eye(len(point)))


def _gradient_at(model, state, point):
    """Gradient in the parameters at one state, as the hyperparameters move."""
    hyper, time = model.hyper_at(point), model.prior.time
    sales = density.sales_at(state, model.cells, hyper, time)
    return density.gradient(state, sales, model.cells, hyper, time)
