"""From the arrow to the hyperparameters: the mode given them, and the integral over the rest."""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jax.scipy.special import logsumexp

from elastic_tutorial.laplace import arrow as arrows
from elastic_tutorial.laplace import product_integral
from elastic_tutorial.laplace.arrow import State, Time

_ENOUGH = 1e-9
_ARRIVED = 1e-6
_MAX_STEPS = 60
_GRID = 65


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Prior:
    """Priors that stay as they are while hyperparameters change."""

    time: Time
    centre: jax.Array  # of the store's elasticity
    scale: jax.Array  # (feature,): of the store's elasticity around it, of covariates around 0
    category_scale: jax.Array  # half-normal if it is learned, else the value itself
    learned: bool = field(metadata={"static": True})  # whether the category scale is


class Mode(NamedTuple):
    """The maximum of the log posterior, given the hyperparameters and a category scale."""

    state: State
    tilt: State  # slope of the log integral over products in what they share; 0 for the rest
    zeta: jax.Array  # (category,), distance to the store's elasticity, in category scales
    common: jax.Array  # (feature,), in units of ``Prior.scale``
    decrement: jax.Array
    n_steps: jax.Array


class Top(NamedTuple):
    """A Gaussian likelihood of the coefficients, and the hierarchy above them.

    The log likelihood is constant + linear . c - c . precision . c / 2, summed over categories,
    with c the coefficients of a category less their prior centre.
    """

    constant: jax.Array
    linear: jax.Array  # (category, feature)
    precision: jax.Array  # (category, feature, feature)
    scale: jax.Array  # (feature,)


def solve_top(top, category_scale, zeta, common):
    """Solve for each category's distance and what is common to the store.

    Returns the two parts of the solution, and the factors for determinant and draws.
    """
    by_zeta = 1 + category_scale**2 * top.precision[:, 0, 0]
    rows = category_scale * top.precision[:, 0] * top.scale
    left = jnp.einsum("cf,cg,c->fg", rows, rows, 1 / by_zeta)
    left = top.scale[:, None] * top.precision.sum(axis=0) * top.scale - left
    factor = jnp.linalg.cholesky(jnp.eye(len(left)) + left)
    zeta = zeta + category_scale * top.linear[:, 0]
    common = common + top.scale * top.linear.sum(axis=0) - (zeta / by_zeta) @ rows
    common = cho_solve((factor, True), common)
    return (zeta - rows @ common) / by_zeta, common, (by_zeta, rows, factor)


def coefficients(zeta, common, category_scale, scale):
    """Coefficients of each category less their prior centre, shape (category, feature)."""
    step = jnp.broadcast_to(scale * common, (len(zeta), len(scale)))
    return step.at[:, 0].add(category_scale * zeta)


def log_evidence(top, category_scale):
    """Log of the integral over the coefficients, given the scale of the categories."""
    nothing = jnp.zeros(len(top.linear)), jnp.zeros(len(top.scale))
    zeta, common, (by_zeta, _, factor) = solve_top(top, category_scale, *nothing)
    step = coefficients(zeta, common, category_scale, top.scale)
    volume = jnp.sum(jnp.log(by_zeta)) / 2 + jnp.sum(jnp.log(jnp.diag(factor)))
    return top.constant + jnp.sum(step * top.linear) / 2 - volume


def scale_grid(top, prior):
    """Category scales and the log of evidence times prior times width at each."""
    if not prior.learned:
        scales = prior.category_scale[None]
        return scales, jax.vmap(lambda s: log_evidence(top, s))(scales)

    def weigh(scales):
        half_normal = -((scales / prior.category_scale) ** 2) / 2 - jnp.log(prior.category_scale)
        half_normal = half_normal + jnp.log(2 / jnp.pi) / 2
        width = jnp.log(scales[1] - scales[0])
        return jax.vmap(lambda s: log_evidence(top, s))(scales) + half_normal + width

    coarse = prior.category_scale * jnp.linspace(0, 1, _GRID) ** 2 * 8
    rough = jax.vmap(lambda s: log_evidence(top, s))(coarse)
    rough = rough - (coarse / prior.category_scale) ** 2 / 2
    inside = rough > rough.max() - 18
    low = coarse[jnp.maximum(jnp.argmax(inside) - 1, 0)]
    high = coarse[jnp.minimum(_GRID - jnp.argmax(inside[::-1]), _GRID - 1)]
    width = (high - low) / _GRID
    scales = jax.lax.stop_gradient(low + width * (jnp.arange(_GRID) + 0.5))
    return scales, weigh(scales)


def find_mode(start, category_scale, cells, hyper, prior, enough=_ENOUGH):
    """Climb to the mode by Newton steps, each halved until it climbs.

    ``enough`` is the Newton decrement, twice what a step can still gain, at which to stop.
    """
    time, cells = prior.time, arrows.normalised(cells, hyper)

    def evaluate(mode):
        state = arrows.settle(mode.state, cells, hyper, time)
        at = arrows.sales(state, cells, hyper, time)
        above = jnp.sum(mode.zeta**2) + jnp.sum(mode.common**2)
        tilt = jnp.vdot(mode.tilt.gamma, state.gamma) + jnp.vdot(mode.tilt.coef, state.coef)
        value = arrows.log_below(state, at, cells, hyper, time) + tilt - above / 2
        return mode._replace(state=state), at, value

    def climb(carry):
        mode, at, value = carry
        step, gain = _newton(mode, at, category_scale, cells, hyper, prior)

        def attempt(size):
            moved = jax.tree.map(lambda a, b: a + size * b, mode, step)
            return (size, *evaluate(moved))

        # A step at the rounding error of the log posterior counts as a climb.
        least = value - 1e-13 * jnp.abs(value) - _ENOUGH
        falls = lambda tried: ~(tried[3] >= least) & (tried[0] > 1e-4)  # noqa: E731
        tried = jax.lax.while_loop(falls, lambda t: attempt(t[0] / 2), attempt(1.0))
        count = jnp.where(falls(tried) | (tried[0] <= 1e-4), _MAX_STEPS, mode.n_steps + 1)
        return tried[1]._replace(decrement=gain, n_steps=count), *tried[2:]

    def unfinished(carry):
        return ~(carry[0].decrement <= enough) & (carry[0].n_steps < _MAX_STEPS)

    if hyper.dispersion is not None:
        poisson = lambda state: arrows.settle(state, cells, hyper._replace(dispersion=None), time)  # noqa: E731
        state = jax.lax.cond(start.decrement < jnp.inf, lambda s: s, poisson, start.state)
        start = start._replace(state=state)
    start = start._replace(decrement=jnp.full((), jnp.inf, float), n_steps=jnp.zeros((), int))
    return jax.lax.while_loop(unfinished, climb, evaluate(start))[0]


def _newton(mode, at, category_scale, cells, hyper, prior):
    """Newton step of everything at once, and its decrement: twice what it gains."""
    slope = arrows.gradient(mode.state, at, cells, hyper, prior.time)
    slope = jax.tree.map(jnp.add, slope, mode.tilt)
    arrow = arrows.factor(mode.state, at, cells, hyper, prior.time)
    reduced = arrows.eliminate(arrow, slope, cells, prior.time)
    top = Top(0.0, reduced.coef, arrow.coef, prior.scale)
    zeta, common, _ = solve_top(top, category_scale, -mode.zeta, -mode.common)
    coef = coefficients(zeta, common, category_scale, prior.scale)
    step = arrows.substitute(arrow, reduced, coef, cells, prior.time)
    gain = sum(jnp.vdot(a, b) for a, b in zip(slope, step, strict=True))
    gain = gain - jnp.vdot(mode.zeta, zeta) - jnp.vdot(mode.common, common)
    still = jax.tree.map(jnp.zeros_like, step)
    return Mode(step, still, zeta, common, jnp.zeros(()), 0), gain


def tilted(mode, cells, hyper, prior):
    """Renew the tilt: the mode then sought is that of the integral over the products."""
    products = lambda at, arrow: log_products(at, arrow, cells, hyper)  # noqa: E731
    return mode._replace(tilt=slope_of(products, mode.state, cells, hyper, prior.time))


def top_of(state, at, correction, cells, hyper, prior):
    """Likelihood of the coefficients around a state; ``correction`` is added to its slope.

    Returns it with the arrow and the eliminated slope, for the way back.
    """
    slope = arrows.gradient(state, at, cells, hyper, prior.time)
    arrow = arrows.factor(state, at, cells, hyper, prior.time)
    slope = jax.tree.map(jnp.add, slope, correction)
    reduced = arrows.eliminate(arrow, slope, cells, prior.time)
    here = state.coef.at[:, 0].add(-prior.centre)
    pull = jnp.einsum("cfg,cg->cf", arrow.coef, here)
    below = arrows.log_below(state, at, cells, hyper, prior.time)
    constant = below - jnp.vdot(here, reduced.coef) - jnp.vdot(here, pull) / 2
    return Top(constant, reduced.coef + pull, arrow.coef, prior.scale), arrow, reduced


def log_products(at, arrow, cells, hyper):
    """Log of the integrals over the products, relative to the integrand's maximum."""
    known = cells.observed.any(axis=-1) & (cells.units.sum(axis=-1) + hyper.shape > 0)
    products = product_integral.distances(at, arrow, hyper).log_ratio.sum()
    return products + arrows.log_intercepts(arrow, hyper.shape, known)


def log_effects(arrow):
    """Log of the Gaussian integral over the time effects, relative to its maximum."""
    return -jnp.sum(jnp.log(jnp.diagonal(arrow.gamma_factor, axis1=1, axis2=2)))


def slope_of(volume, state, cells, hyper, time):
    """Slope of ``volume(at, arrow)`` in what products share, the products following."""

    def at_state(state):
        at = arrows.sales(state, cells, hyper, time)
        return volume(at, arrows.factor(state, at, cells, hyper, time))

    at = arrows.sales(state, cells, hyper, time)
    arrow = arrows.factor(state, at, cells, hyper, time)
    slope = arrows.without_products(arrow, jax.grad(at_state)(state), cells, time)
    nothing = jnp.zeros_like(state.z)
    return State(nothing, nothing, slope.gamma, slope.coef)


def log_marginal(state, tilt, cells, hyper, prior):
    """Log of the sales' probability given the hyperparameters, at the mode.

    Returns it with the posterior mean of the category scale.
    """
    cells = arrows.normalised(cells, hyper)
    at = arrows.sales(state, cells, hyper, prior.time)
    top, arrow, _ = top_of(state, at, tilt, cells, hyper, prior)
    scales, weight = scale_grid(top, prior)
    mean = jnp.vdot(scales, jax.nn.softmax(weight))
    volume = log_products(at, arrow, cells, hyper) + log_effects(arrow)
    return logsumexp(weight) + volume, mean
