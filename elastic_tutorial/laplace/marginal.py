"""The sales' probability given the hyperparameters: Laplace's formula at the mode.

Writes out eq-whole-laplace for time effects and coefficients, around the integrals over the
products (thm-whole-integral, and ``product_integral``), and sums over the grid of tau. The log
density is taken as a parabola in what products share, at the mode that ``mode`` found; its tilt
counts as part of the slope, so that the parabola is that of the integral over the products.

Exact: the products' intercepts under Poisson sales, and the coefficients given that parabola.
Laplace's: time effects and coefficients; the error falls as the sales of a category grow.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from elastic_tutorial.laplace import arrow as arrows
from elastic_tutorial.laplace import density
from elastic_tutorial.laplace.arrow import Arrow, log_effects
from elastic_tutorial.laplace.categories import Prior, Top, scale_grid
from elastic_tutorial.laplace.density import Cells, Hyper, Sales, State
from elastic_tutorial.laplace.product_integral import log_products
from elastic_tutorial.models.arrays import Array, Float


class Reduced(NamedTuple):
    """Likelihood of the coefficients around a state, and the way back to all else."""

    top: Top
    arrow: Arrow
    slope: State  # eliminated


class Marginal(NamedTuple):
    """The integral over all but the hyperparameters."""

    log_lik: Float[Array, ""]
    category_scale: Float[Array, ""]  # posterior mean


def reduce_to_top(
    state: State, sales: Sales, correction: State, cells: Cells, hyper: Hyper, prior: Prior
) -> Reduced:
    """Take everything but the coefficients out; ``correction`` is added to the slope."""
    slope = density.gradient(state, sales, cells, hyper, prior.time)
    arrow = arrows.factor(state, sales, cells, hyper, prior.time)
    slope = jax.tree.map(jnp.add, slope, correction)
    reduced = arrows.eliminate(arrow, slope, cells, prior.time)
    # The parabola around the state, as one in the coefficients less their prior centre.
    here = state.coef.at[:, 0].add(-prior.centre)
    pull = jnp.einsum("cfg,cg->cf", arrow.coef, here)
    below = density.log_below(state, sales, cells, hyper, prior.time)
    constant = below - jnp.vdot(here, reduced.coef) - jnp.vdot(here, pull) / 2
    return Reduced(Top(constant, reduced.coef + pull, arrow.coef, prior.scale), arrow, reduced)


def log_marginal(state: State, tilt: State, cells: Cells, hyper: Hyper, prior: Prior) -> Marginal:
    """Log of the sales' probability given the hyperparameters, at the mode."""
    cells = density.normalised(cells, hyper)
    sales = density.sales_at(state, cells, hyper, prior.time)
    top, arrow, _ = reduce_to_top(state, sales, tilt, cells, hyper, prior)
    grid = scale_grid(top, prior)
    mean = jnp.vdot(grid.scales, jax.nn.softmax(grid.log_weights))
    volume = log_products(sales, arrow, cells, hyper) + log_effects(arrow)
    return Marginal(logsumexp(grid.log_weights) + volume, mean)
