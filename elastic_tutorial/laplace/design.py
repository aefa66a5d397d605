"""The model that ``fit_laplace`` fits, laid out for the arrow."""

import jax.numpy as jnp
import numpy as np

from elastic_tutorial import validation as check
from elastic_tutorial.laplace import hyper, marginal
from elastic_tutorial.laplace.arrow import Hyper, Time
from elastic_tutorial.laplace.blocks import pack, spread
from elastic_tutorial.models.poolings import LEVELS

START = {"elasticity_scale": 0.3, "shape": 3.0, "pivot": 0.0, "dispersion": 0.01}


def scales_of(levels, category_scale, elasticity_scale, priors):
    """Scale of each level: (value, whether it is learned); 0 where the level is taken away.

    A level that is missing above adds its prior variance to the next one, as in the models.
    """
    if not set(levels) <= set(LEVELS) or not levels:
        raise ValueError(f"levels must be some of {', '.join(LEVELS)}; got {levels!r}.")
    given = {"category": category_scale, "product": elasticity_scale}
    above = 0.0 if "global" in levels else priors["global_sd"] ** 2
    scales = {"global": priors["global_sd"] if "global" in levels else 0.0}
    for level in ("category", "product"):
        fixed = given[level]
        if fixed is not None:
            check.non_negative_number(f"{level} scale", fixed)
        square = priors["scale_sd"] ** 2 if fixed is None else fixed**2
        if level not in levels:
            scales[level] = 0.0, False
            above = above + square if above else 0.0
        elif above:
            scales[level], above = (float(np.sqrt(above + square)), False), 0.0
        else:
            value = priors["scale_sd"] if fixed is None else fixed
            scales[level] = float(value), fixed is None
    return scales


def lay_out(panel, options, *, products=None, devices=None):
    """Blocks of the panel, and the model of them."""
    gamma, priors, scales = options["gamma"], options["priors"], options["scales"]
    multiple = 1 if devices is None else len(devices)
    blocks = pack(panel, gamma=gamma, products=products, multiple=multiple)
    if devices is not None:
        blocks = spread(blocks, devices)
    category, own = scales["category"], scales["product"]
    names = ["elasticity_scale"] * own[1]
    names += ["shape"] * gamma + ["pivot"] * (gamma and own[0] > 0)
    names += ["dispersion"] * options["overdispersed"]
    covariates = np.full(len(panel.covariates), priors["covariate_sd"])
    prior = marginal.Prior(
        _time(panel, options),
        jnp.asarray(np.float64(priors["global_mean"])),
        jnp.asarray(np.r_[scales["global"], covariates]),
        jnp.asarray(np.float64(category[0])),
        category[1],
    )
    fixed = Hyper(own[0], START["shape"] * gamma, 0.0, START["dispersion"])
    fixed = Hyper(*(jnp.asarray(np.float64(value)) for value in fixed))
    if not options["overdispersed"]:
        fixed = fixed._replace(dispersion=None)
    rules = {
        "elasticity_scale": priors["scale_sd"],
        "shape": (priors["shape_log_mean"], priors["shape_log_sd"]),
        "pivot": priors["pivot_sd"],
        "dispersion": priors["dispersion_sd"],
    }
    rules = {name: jnp.asarray(np.asarray(rules[name], float)) for name in names}
    return blocks, hyper.Model(blocks.cells, fixed, prior, rules, tuple(names))


def _time(panel, options):
    """Time effects with a zero sum; with Gamma intercepts, plus the level of the category."""
    n, priors = panel.n_periods, options["priors"]
    level = priors["level_sd"] ** -2 if options["gamma"] else 1.0  # if fixed, sales ignore it
    if not options["time_effects"] or n == 1:
        return Time(jnp.ones((n, 1)), jnp.full((1, 1), level))
    mean = np.full((n, n), 1 / n)
    precision = (np.eye(n) - mean) / priors["time_sd"] ** 2 + mean * level / n
    return Time(jnp.eye(n), jnp.asarray(precision))


def levels_of_demand(panel, options):
    """Log units a cell of each category, roughly; 0 where intercepts are flat."""
    if not options["gamma"]:
        return jnp.zeros(panel.n_categories)
    units = np.bincount(panel.category, panel.total_units, panel.n_categories)
    cells = np.bincount(panel.category, panel.observed.sum(axis=1), panel.n_categories)
    return jnp.log(jnp.asarray((units + 0.5) / cells))
