"""The categories' coefficients and the store above them: all of it Gaussian, given tau.

Writes out the upper levels of eq-pooling-model. What the arrow leaves is a Gaussian likelihood of
the coefficients of each category (``Top``); its prior is

    elasticity of category c = centre + scale_0 common_0 + tau zeta_c,
    effect of covariate j    = scale_j common_j,              common, zeta standard normal,

so that ``zeta`` is eliminated first, a number for each category, then ``common``, a small matrix:
the arrow once more, one level up. The integral over tau is a sum over a grid, the fourth row of the
table "What is exact, and what is not"; all else here is exact.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, no_type_check

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve

from elastic_tutorial.laplace.density import Time
from elastic_tutorial.models.arrays import Array, Float

# Values of tau. Their sum has an error of h^2 / 24 at a prior that does not vanish at 0: 1e-3 of
# tau's mean at 65 (``test_arrow``). The time they take does not show.
_GRID = 65
_FARTHEST = 8.0  # half-normal scales: the prior has 1e-15 of its mass beyond
_LOWEST = 18.0  # below the highest log density: exp(-18) = 1.5e-8 of the peak is left out


@no_type_check  # JAX puts whatever it maps over in the fields
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Prior:
    """Priors that stay as they are while hyperparameters change."""

    time: Time
    centre: Float[Array, ""]  # of the store's elasticity
    scale: Float[Array, " feature"]  # of the store's elasticity, then of covariates
    category_scale: Float[Array, ""]  # half-normal if it is learned, else the value itself
    learned: bool = field(metadata={"static": True})  # whether the category scale is


class Top(NamedTuple):
    """A Gaussian likelihood of the coefficients, and the hierarchy above them.

    The log likelihood is constant + linear . c - c . precision . c / 2, summed over categories,
    with c the coefficients of a category less their prior centre.
    """

    constant: Float[Array, ""] | float
    linear: Float[Array, "category feature"]
    precision: Float[Array, "category feature feature"]
    scale: Float[Array, " feature"]


class TopFactor(NamedTuple):
    """Minus the Hessian in zeta and common, eliminated from the categories inwards."""

    by_zeta: Float[Array, " category"]
    zeta_common: Float[Array, "category feature"]
    common: Float[Array, "feature feature"]  # lower Cholesky


class TopGrid(NamedTuple):
    """Values of the category scale, and the log of evidence times prior times width at each."""

    scales: Float[Array, " grid"]
    log_weights: Float[Array, " grid"]


def factor_top(top: Top, category_scale: Float[Array, ""]) -> TopFactor:
    """Eliminate the categories' distances from what is common to the store."""
    by_zeta = 1 + category_scale**2 * top.precision[:, 0, 0]
    rows = category_scale * top.precision[:, 0] * top.scale[None]
    left = jnp.einsum("cf,cg,c->fg", rows, rows, 1 / by_zeta)
    left = top.scale[:, None] * top.precision.sum(axis=0) * top.scale[None] - left
    return TopFactor(by_zeta, rows, jnp.linalg.cholesky(jnp.eye(len(left)) + left))


def solve_top(
    top: Top,
    category_scale: Float[Array, ""],
    zeta_slope: Float[Array, " category"],
    common_slope: Float[Array, " feature"],
) -> tuple[Float[Array, " category"], Float[Array, " feature"], TopFactor]:
    """Solve for each category's distance and what is common to the store.

    The slopes are those of the prior, to which the likelihood's are added; with 0 the solution is
    the posterior mean.
    """
    factor = factor_top(top, category_scale)
    zeta = zeta_slope + category_scale * top.linear[:, 0]
    common = common_slope + top.scale * top.linear.sum(axis=0)
    common = common - (zeta / factor.by_zeta) @ factor.zeta_common
    common = cho_solve((factor.common, True), common)
    return (zeta - factor.zeta_common @ common) / factor.by_zeta, common, factor


def mean_of_top(
    top: Top, category_scale: Float[Array, ""]
) -> tuple[Float[Array, " category"], Float[Array, " feature"], TopFactor]:
    """Posterior mean of each category's distance and of what is common, and their factor."""
    return solve_top(top, category_scale, jnp.zeros(len(top.linear)), jnp.zeros(len(top.scale)))


def coefficients(
    zeta: Float[Array, " category"],
    common: Float[Array, " feature"],
    category_scale: Float[Array, ""],
    scale: Float[Array, " feature"],
) -> Float[Array, "category feature"]:
    """Coefficients of each category less their prior centre."""
    step = jnp.broadcast_to(scale * common, (len(zeta), len(scale)))
    return step.at[:, 0].add(category_scale * zeta)


def log_evidence(top: Top, category_scale: Float[Array, ""]) -> Float[Array, ""]:
    """Log of the integral over the coefficients, given the scale of the categories."""
    zeta, common, factor = mean_of_top(top, category_scale)
    mean = coefficients(zeta, common, category_scale, top.scale)
    volume = jnp.sum(jnp.log(factor.by_zeta)) / 2 + jnp.sum(jnp.log(jnp.diag(factor.common)))
    return top.constant + jnp.sum(mean * top.linear) / 2 - volume


def scale_grid(top: Top, prior: Prior) -> TopGrid:
    """Category scales that stand for all, and the log weight of each."""
    evidence = jax.vmap(partial(log_evidence, top))
    if not prior.learned:
        scales = prior.category_scale[None]
        return TopGrid(scales, evidence(scales))
    low, width = _where_it_has_mass(evidence, prior.category_scale)
    scales = jax.lax.stop_gradient(low + width * (jnp.arange(_GRID) + 0.5))
    half_normal = -((scales / prior.category_scale) ** 2) / 2 - jnp.log(prior.category_scale)
    half_normal = half_normal + jnp.log(2 / jnp.pi) / 2
    width = jnp.log(scales[1] - scales[0])
    return TopGrid(scales, evidence(scales) + half_normal + width)


def _where_it_has_mass(evidence, prior_scale):
    """Lower end and width of the cells of a grid that holds nearly all of tau's posterior."""
    coarse = prior_scale * jnp.linspace(0, 1, _GRID) ** 2 * _FARTHEST  # denser near 0
    rough = evidence(coarse) - (coarse / prior_scale) ** 2 / 2
    inside = rough > rough.max() - _LOWEST
    low = coarse[jnp.maximum(jnp.argmax(inside) - 1, 0)]
    high = coarse[jnp.minimum(_GRID - jnp.argmax(inside[::-1]), _GRID - 1)]
    return low, (high - low) / _GRID
