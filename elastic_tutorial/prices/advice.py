"""Products for which no price is advised, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from elastic_tutorial.panels.panel import Panel

_SURE = 0.95  # probability that sales rise with the price, from which nobody believes the estimate
_FEW_RISING = 0.1  # of the products: of more the cause is the store's, such as prices set by demand
# Of the allowed change: a larger move is not advised where the interval of the elasticity holds -1.
# There even the direction of revenue is unknown; up to half of the change a wrong direction costs
# about half of what it could, and the move still teaches something.
LARGE_MOVE = 0.5


def why_none(posterior: xr.DataTree, panel: Panel, unit_cost: pd.Series | None) -> np.ndarray:
    """Of each product the reason that forbids to price it, or an empty string."""
    draws = posterior["posterior"].dataset
    rising = (draws["elasticity"] > 0).mean(("chain", "draw")).sel(product=panel.products).values
    why = np.full(panel.n_products, "", dtype=object)
    share = (rising > _SURE).mean()
    if share > _FEW_RISING:
        why[:] = (
            f"no price: sales of {share:.0%} of the products rise with their prices, so that "
            "elasticities here are no effects of the price"
        )
    alone = np.bincount(panel.category)[panel.category] == 1
    if "time_effect" in draws:
        why[alone] = (
            "no price: it is alone in its category, whose effects of the periods take up its sales"
        )
    for i in np.flatnonzero(rising > _SURE):
        why[i] = (
            f"no price: its sales rise with its price (probability {rising[i]:.0%}), as where "
            "prices follow demand"
        )
    still = np.nanmin(panel.price, axis=1) == np.nanmax(panel.price, axis=1)
    why[still] = "no price: its price never moved"
    why[panel.total_units == 0] = "no price: it sold nothing"
    if unit_cost is not None:
        why[unit_cost.reindex(panel.products).isna()] = "no price: its cost is unknown"
    return why


def spread_over_lines(why: np.ndarray, line: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Take the reason against one product of a line, numbered from 0, for all of them."""
    why = why.copy()
    against = {}
    for i in np.flatnonzero(why != ""):
        against.setdefault(line[i], products[i])
    for i in np.flatnonzero(why == ""):
        if line[i] in against:
            why[i] = f"no price: its line has one with {quoted(against[line[i]])}, which has none"
    return why
