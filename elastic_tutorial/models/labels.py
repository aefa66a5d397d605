"""Dims and labels of draws, the same for every fit."""

from collections.abc import Mapping
from typing import cast

import arviz as az
import numpy as np
import xarray as xr

from elastic_tutorial.panels.panel import Panel

# Skewness (no unit) beyond which an elasticity is far from normal. At 1, that of a Gamma with shape
# 4, a normal's 90% interval is off by 0.33 sd at one end and by 0.23 sd at the other; coverage is
# 93%, but 7% are missed on one side and 1% on the other.
SKEWED = 1.0
DIMS = {
    "elasticity": ["product"],
    "log_base_demand": ["product"],
    "base": ["product"],
    "base_demand": ["product"],
    "category_elasticity": ["category"],
    "category_level": ["category"],
    "time_effect": ["category", "period"],
    "units": ["product", "period"],
}


def dims_of(named: Mapping | None) -> dict:
    """Dims of every site whose dims are known, with those that the caller names."""
    known = {"product", "category", "period"}
    for name, dims in (named or {}).items():
        if isinstance(dims, str) or not set(dims) <= known:
            raise ValueError(
                f"dims of {name} must be some of product, category, period; got {dims!r}."
            )
    return DIMS | {name: list(dims) for name, dims in (named or {}).items()}


def labelled(groups: Mapping, panel: Panel, dims: Mapping = DIMS) -> xr.DataTree:
    """Put draws under the names of the model and the labels of the panel.

    Axes of an array are chain, draw, and the dims of its name.
    """
    kept = {
        group: {k: np.asarray(v) for k, v in draws.items() if not k.endswith("_decentered")}
        for group, draws in groups.items()
    }
    coords = {
        "product": panel.products,
        "category": panel.categories,
        "period": panel.periods,
    }
    used = {dim for draws in kept.values() for name in draws for dim in dims.get(name, ())}
    coords = {dim: labels for dim, labels in coords.items() if dim in used}
    return az.from_dict(kept, dims=dims, coords=coords)


def draws_of(posterior: xr.DataTree, group: str = "posterior") -> xr.Dataset:
    """Return a group of a fit, which holds arrays only and so is used as a Dataset."""
    return cast("xr.Dataset", posterior[group])


def product_table(columns: Mapping, panel: Panel) -> xr.Dataset:
    """Put numbers that are no draws, one for each product, under the labels of the panel."""
    table = {name: ("product", values) for name, values in columns.items()}
    return xr.Dataset(table, coords={"product": panel.products})
