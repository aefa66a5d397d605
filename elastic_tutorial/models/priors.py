"""Priors of the models, and the scale that each level of the hierarchy has around the one above."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

LEVELS = ("global", "category", "product")
PRIORS = {
    "global_mean": -1.5,  # of the store's elasticity
    "global_sd": 0.5,
    "scale_sd": 0.5,  # half-normal, of both scales
    "time_sd": 2.0,  # of a category's log demand in a period
    "covariate_sd": 1.0,
    "base_sd": 10.0,  # of a product's log units a period, when its intercept is kept
    "level_sd": 30.0,  # of a category's log units a period, when intercepts are gamma
    "shape_log_mean": np.log(3.0),  # log-normal, of the gamma
    "shape_log_sd": 1.0,
    "pivot_sd": 10.0,  # of a log price
    "dispersion_sd": 0.1,  # half-normal, of the variance beyond Poisson's over the squared mean
}


class Scale(NamedTuple):
    """Standard deviation of a level around the one above; 0 where the level is taken away."""

    value: float  # of a scale that is learned, that of its half-normal prior
    learned: bool


class Scales(NamedTuple):
    """The scale of each level."""

    store: float  # of the store around the prior mean
    category: Scale
    product: Scale


def completed(priors: Mapping | None) -> dict:
    """Fill in the priors that were not replaced."""
    unknown = set(priors or {}) - set(PRIORS)
    if unknown:
        raise ValueError(f"priors must be among {', '.join(PRIORS)}; got {sorted(unknown)}.")
    return PRIORS | dict(priors or {})


def check_levels(levels: Collection[str]) -> None:
    """Refuse levels that are unknown, and a hierarchy without any."""
    if not set(levels) <= set(LEVELS) or not levels:
        raise ValueError(f"levels must be some of {', '.join(LEVELS)}; got {levels!r}.")


def scales_of(levels: Collection[str], category_scale, elasticity_scale, priors: Mapping) -> Scales:
    """Scale of each level that there is.

    Without the store, the first level below it has the prior variance of all that is missing above
    it, so that a single product has the prior of eq-pooling-model whatever is taken away.
    """
    fixed = {"category": category_scale, "product": elasticity_scale}
    variance = {k: priors["scale_sd"] ** 2 if v is None else v**2 for k, v in fixed.items()}
    store, gone = priors["global_sd"], Scale(0.0, learned=False)

    def own(level):
        if level not in levels:
            return gone
        return (
            Scale(priors["scale_sd"], True) if fixed[level] is None else Scale(fixed[level], False)
        )

    if "global" in levels:
        return Scales(store, own("category"), own("product"))
    if "category" in levels:
        all_above = Scale(np.sqrt(store**2 + variance["category"]), learned=False)
        return Scales(0.0, all_above, own("product"))
    every = store**2 + (variance["category"] + variance["product"])
    return Scales(0.0, gone, Scale(np.sqrt(every), learned=False))
