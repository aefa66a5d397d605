"""The model that ``fit_laplace`` fits, laid out for the arrow: from options to arrays.

Which levels there are and what a missing one leaves behind is said where the models are
(``models.priors``). Here are the time effects, the priors, the hyperparameters that are learned
(the pivot of eq-whole-pivot among them, where there is a product level to cross), and, of a large
store, the parts that come first.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from elastic_tutorial import validation as check
from elastic_tutorial.laplace.blocks import Blocks, pack, spread
from elastic_tutorial.laplace.categories import Prior
from elastic_tutorial.laplace.density import Hyper, Time
from elastic_tutorial.laplace.hyper import START, Model
from elastic_tutorial.models.arrays import Array, Float, Int
from elastic_tutorial.models.priors import Scales, check_levels, completed, scales_of
from elastic_tutorial.panels.panel import Panel

# Cells above which hyperparameters are first learned on some of the products, and on how many. On
# fewer cells the detour costs as much as it saves; fewer products would not know the dispersion.
_MANY_CELLS, _SOME_PRODUCTS = 600_000, (1_000, 5_000)
# Units added to those of a category, so that one without sales has a level to start from: the
# median of a Poisson posterior that has seen none (Jeffreys' prior).
_SOME_UNITS = 0.5


class Options(NamedTuple):
    """What ``fit_laplace`` was asked for."""

    levels: frozenset
    gamma: bool  # whether intercepts are Gamma, else flat
    overdispersed: bool
    time_effects: bool
    scales: Scales
    priors: dict


def options_of(
    levels, category_scale, elasticity_scale, *, gamma, overdispersed, time_effects, priors
) -> Options:
    """Options, with every prior filled in and what is unknown refused."""
    priors = completed(priors)
    check_levels(levels)
    for level, scale in (("category", category_scale), ("product", elasticity_scale)):
        if scale is not None:
            check.non_negative_number(f"{level} scale", scale)
    scales = scales_of(levels, category_scale, elasticity_scale, priors)
    return Options(frozenset(levels), gamma, overdispersed, time_effects, scales, priors)


def lay_out(
    panel: Panel,
    options: Options,
    *,
    products: Int[np.ndarray, " seated"] | None = None,
    devices=None,
) -> tuple[Blocks, Model]:
    """Blocks of the panel, and the model of them."""
    multiple = 1 if devices is None else len(devices)
    blocks = pack(panel, gamma=options.gamma, products=products, multiple=multiple)
    if devices is not None:
        blocks = spread(blocks, devices)
    names = _learned(options)
    rules = {name: jnp.asarray(rule) for name, rule in _rules(options.priors).items()}
    rules = {name: rules[name] for name in names}
    return blocks, Model(blocks.cells, _fixed(options), _prior(panel, options), rules, names)


def _learned(options):
    """Names of the hyperparameters that are learned."""
    there = {
        "elasticity_scale": options.scales.product.learned,
        "shape": options.gamma,
        "pivot": options.gamma and options.scales.product.value > 0,
        "dispersion": options.overdispersed,
    }
    return tuple(name for name in there if there[name])


def _rules(priors):
    """Collect what ``Model.log_prior`` needs of each hyperparameter's prior."""
    return {
        "elasticity_scale": np.float64(priors["scale_sd"]),
        "shape": np.array([priors["shape_log_mean"], priors["shape_log_sd"]], float),
        "pivot": np.float64(priors["pivot_sd"]),
        "dispersion": np.float64(priors["dispersion_sd"]),
    }


def _fixed(options):
    """Values of all hyperparameters; those that are learned are replaced."""
    shape = START["shape"] if options.gamma else 0.0
    values = options.scales.product.value, shape, START["pivot"], START["dispersion"]
    fixed = Hyper(*(jnp.asarray(np.float64(value)) for value in values))
    return fixed if options.overdispersed else fixed._replace(dispersion=None)


def _prior(panel, options):
    """Priors of what products share."""
    priors, scales = options.priors, options.scales
    covariates = np.full(len(panel.covariates), priors["covariate_sd"])
    return Prior(
        _time(panel, options),
        jnp.asarray(np.float64(priors["global_mean"])),
        jnp.asarray(np.r_[scales.store, covariates]),
        jnp.asarray(np.float64(scales.category.value)),
        scales.category.learned,
    )


def _time(panel, options):
    """Time effects with a zero sum; with Gamma intercepts, plus the level of the category."""
    n, priors = panel.n_periods, options.priors
    level = priors["level_sd"] ** -2 if options.gamma else 1.0  # if fixed, sales ignore it
    if not options.time_effects or n == 1:
        return Time(jnp.ones((n, 1)), jnp.full((1, 1), level))
    mean = np.full((n, n), 1 / n)
    precision = (np.eye(n) - mean) / priors["time_sd"] ** 2 + mean * level / n
    return Time(jnp.eye(n), jnp.asarray(precision))


def levels_of_demand(panel: Panel, options: Options) -> Float[Array, " category"]:
    """Log units a cell of each category, roughly; 0 where intercepts are flat."""
    if not options.gamma:
        return jnp.zeros(panel.n_categories)
    units = np.bincount(panel.category, panel.total_units, panel.n_categories)
    cells = np.bincount(panel.category, panel.observed.sum(axis=1), panel.n_categories)
    return jnp.log(jnp.asarray((units + _SOME_UNITS) / cells))


def first_parts(panel: Panel, n_cells: int) -> dict[int, Int[np.ndarray, " part"]]:
    """Products to learn hyperparameters from before all others, in a large store, by number."""
    sizes = [n for n in _SOME_PRODUCTS if 2 * n < panel.n_products]
    return {n: _some(panel, n) for n in sizes} if n_cells > _MANY_CELLS else {}


def _some(panel, n):
    """Evenly spaced products of every category."""
    order = np.argsort(panel.category, kind="stable")
    return np.sort(order[:: panel.n_products // n])
