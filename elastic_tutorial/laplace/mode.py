"""The mode of everything, given the hyperparameters and tau: Newton steps on the arrow.

The peak of Laplace's formula eq-whole-laplace. The log posterior is concave (eq-whole-one for a
product; a sum of concave terms for the rest), so Newton's method finds it from anywhere with a
little care: each step is halved until it climbs (Boyd and Vandenberghe 2004, Convex Optimization,
9.5). Solving for a step is the arrow's elimination from the products inwards, the hierarchy above,
and substitution outwards: ``solve`` does it, for steps and for slopes in the hyperparameters alike.

Many products with few sales lean the same way (fig-whole-laplace). So the mode that is sought is
that of the integral over the products, not of the integrand: its log has a slope in what products
share, the ``tilt``, which is added to the log density as a linear term and renewed a few times.
Exact would be to renew it until it stands still; what is left is of the second order.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from elastic_tutorial.laplace import arrow as arrows
from elastic_tutorial.laplace import density
from elastic_tutorial.laplace.arrow import Arrow
from elastic_tutorial.laplace.categories import Prior, Top, coefficients, solve_top
from elastic_tutorial.laplace.density import Cells, Hyper, Sales, State, Time
from elastic_tutorial.laplace.product_integral import log_products
from elastic_tutorial.models.arrays import Array, Float, Int

TILTS = 2  # rounds of renewing the tilt; the slope's test shows what is left after so many
# Newton decrements, twice what a step can still gain of the log posterior, which is known to a
# constant: where a climb stops while its tilt will still change, where it stops for good, and what
# counts as a mode that was reached (a climb may end at rounding error before it is FINE).
ROUGH, FINE, ARRIVED = 1e-2, 1e-9, 1e-6
# Steps after which a climb is given up; four or five are usual.
_MOST_STEPS = 60
_SHORTEST = 1e-4  # share of a Newton step that is still tried: 14 halvings
_ROUNDING = 1e-13  # of the log posterior, relative: a fall by that much counts as a climb


class Mode(NamedTuple):
    """The maximum of the log posterior, given the hyperparameters and a category scale."""

    state: State
    tilt: State  # slope of the log integral over products in what they share; 0 for the rest
    zeta: Float[Array, " category"]  # distance to the store's elasticity, in category scales
    common: Float[Array, " feature"]  # in units of ``Prior.scale``
    decrement: Float[Array, ""]

    @property
    def arrived(self):
        """Whether the climb reached the mode."""
        return self.decrement < ARRIVED


class Step(NamedTuple):
    """A step of everything that a mode has."""

    state: State
    zeta: Float[Array, " category"]
    common: Float[Array, " feature"]


class Climb(NamedTuple):
    """Where a climb stands."""

    mode: Mode
    sales: Sales
    value: Float[Array, ""]  # log density, tilted
    n_steps: Int[Array, ""]
    stuck: Array  # whether no part of the last step climbed


class Attempt(NamedTuple):
    """A part of a Newton step."""

    size: Float[Array, ""]
    there: Climb


def solve(
    arrow: Arrow,
    slope: State,
    zeta_slope: Float[Array, " category"],
    common_slope: Float[Array, " feature"],
    category_scale: Float[Array, ""],
    cells: Cells,
    prior: Prior,
) -> Step:
    """Solve minus the Hessian for a slope: inwards, the hierarchy above, and outwards again."""
    reduced = arrows.eliminate(arrow, slope, cells, prior.time)
    top = Top(0.0, reduced.coef, arrow.coef, prior.scale)
    zeta, common, _ = solve_top(top, category_scale, zeta_slope, common_slope)
    coef = coefficients(zeta, common, category_scale, prior.scale)
    return Step(arrows.substitute(arrow, reduced, coef, cells, prior.time), zeta, common)


def newton_step(
    mode: Mode,
    sales: Sales,
    category_scale: Float[Array, ""],
    cells: Cells,
    hyper: Hyper,
    prior: Prior,
) -> tuple[Step, Float[Array, ""]]:
    """Newton step of everything at once, and its decrement: twice what it gains."""
    slope = density.gradient(mode.state, sales, cells, hyper, prior.time)
    slope = jax.tree.map(jnp.add, slope, mode.tilt)
    arrow = arrows.factor(mode.state, sales, cells, hyper, prior.time)
    step = solve(arrow, slope, -mode.zeta, -mode.common, category_scale, cells, prior)
    gain = sum(jnp.vdot(a, b) for a, b in zip(slope, step.state, strict=True))
    gain = gain - jnp.vdot(mode.zeta, step.zeta) - jnp.vdot(mode.common, step.common)
    return step, gain


def find_mode(
    start: Mode,
    category_scale: Float[Array, ""],
    cells: Cells,
    hyper: Hyper,
    prior: Prior,
    enough: Float[Array, ""] | float = FINE,
) -> Mode:
    """Climb to the mode by Newton steps, until one can gain no more than half of ``enough``."""
    cells = density.normalised(cells, hyper)
    never = jnp.full((), jnp.inf, float)
    foot = _stand(start._replace(decrement=never), jnp.zeros((), int), cells, hyper, prior)
    climb = partial(_climb, category_scale=category_scale, cells=cells, hyper=hyper, prior=prior)
    return jax.lax.while_loop(partial(_goes_on, enough=enough), climb, foot).mode


def _goes_on(climb, *, enough):
    """Whether another step is worth while."""
    return ~(climb.mode.decrement <= enough) & (climb.n_steps < _MOST_STEPS) & ~climb.stuck


def _stand(mode, n_steps, cells, hyper, prior):
    """Look at a point, after its intercepts have followed: eq-pooling-model in logs, tilted."""
    state = density.settle(mode.state, cells, hyper, prior.time)
    sales = density.sales_at(state, cells, hyper, prior.time)
    above = jnp.sum(mode.zeta**2) + jnp.sum(mode.common**2)
    tilt = jnp.vdot(mode.tilt.gamma, state.gamma) + jnp.vdot(mode.tilt.coef, state.coef)
    value = density.log_below(state, sales, cells, hyper, prior.time) + tilt - above / 2
    return Climb(mode._replace(state=state), sales, value, n_steps, jnp.zeros((), bool))


def _climb(here, *, category_scale, cells, hyper, prior):
    """Take one Newton step, halved until it climbs."""
    step, gain = newton_step(here.mode, here.sales, category_scale, cells, hyper, prior)
    least = here.value - _ROUNDING * jnp.abs(here.value) - FINE

    def attempt(size):
        moved = jax.tree.map(lambda a, b: a + size * b, _movable(here.mode), step)
        mode = here.mode._replace(**moved._asdict(), decrement=gain)
        return Attempt(size, _stand(mode, here.n_steps + 1, cells, hyper, prior))

    def falls(tried):
        return ~(tried.there.value >= least) & (tried.size > _SHORTEST)

    last = jax.lax.while_loop(falls, lambda tried: attempt(tried.size / 2), attempt(jnp.ones(())))
    return last.there._replace(stuck=last.size <= _SHORTEST)


def _movable(mode):
    """Pick what a step moves of a mode."""
    return Step(mode.state, mode.zeta, mode.common)


def slope_of(log_integral: Callable, state: State, cells: Cells, hyper: Hyper, time: Time) -> State:
    """Slope of ``log_integral(sales, arrow)`` in what products share, the products following."""

    def at_state(state):
        return log_integral(*arrows.arrow_at(state, cells, hyper, time))

    _, arrow = arrows.arrow_at(state, cells, hyper, time)
    slope = arrows.without_products(arrow, jax.grad(at_state)(state), cells, time)
    nothing = jnp.zeros_like(state.z)
    return State(nothing, nothing, slope.gamma, slope.coef)


def tilted(mode: Mode, cells: Cells, hyper: Hyper, prior: Prior) -> Mode:
    """Renew the tilt: the mode then sought is that of the integral over the products."""
    products = partial(log_products, cells=cells, hyper=hyper)
    return mode._replace(tilt=slope_of(products, mode.state, cells, hyper, prior.time))


def find_tilted_mode(
    start: Mode,
    category_scale: Float[Array, ""],
    cells: Cells,
    hyper: Hyper,
    prior: Prior,
    *,
    rough: float = ROUGH,
    n_tilts: Int[Array, ""] | int = TILTS,
) -> Mode:
    """Climb and renew the tilt in turn, and climb a last time with the tilt that came of it."""

    def climb(i, mode):
        enough = jnp.where(i < n_tilts, rough, FINE)
        mode = find_mode(mode, category_scale, cells, hyper, prior, enough)
        return jax.lax.cond(i < n_tilts, tilt, lambda mode: mode, mode)

    def tilt(mode):
        return tilted(mode, cells, hyper, prior)

    return jax.lax.fori_loop(0, n_tilts + 1, climb, start)
