"""Questions to ask of a store's sales before a fit; answers in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from elastic_tutorial import validation as check
from elastic_tutorial.checking.moves import (
    absorbed_covariates,
    overlap,
    separated_products,
)
from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.panel import Panel
from elastic_tutorial.validation import listed, quoted

COLUMNS = ["found", "verdict", "advice"]
# A factor of a price from one period to the next: deals go to a half, a misplaced decimal point is
# ten, a pack of four or six in the place of one is more than this.
_JUMP = 3.0
_FEW = 0.1  # share of cells, or of price moves, that is worth a word: an order of magnitude
_MANY_STILL = 0.5  # share of products: more, and most elasticities are their category's


def check_store(panel: Panel, *, time_effects: bool = True) -> pd.DataFrame:
    """Ask what usually goes wrong in a table of sales.

    Parameters
    ----------
    panel : Panel
    time_effects : bool
        Whether the model will have category-by-period effects, which absorb price moves that the
        whole category makes together.

    Returns
    -------
    pandas.DataFrame, one row a check
        ``found`` and ``advice`` in words, ``verdict`` "ok" or "look".

    Raises
    ------
    PanelError
        If nothing can be learned: one period, no sales, or no price that ever moved.

    Examples
    --------
    >>> from elastic_tutorial import simulate_store
    >>> size = {"n_products": 50, "n_categories": 2, "n_periods": 20}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> check_store(store.panel).loc["price jumps", "verdict"]
    'ok'
    """
    check.instance("panel", panel, Panel)
    moved = np.nanmax(panel.price, axis=1) > np.nanmin(panel.price, axis=1)
    if panel.n_periods < 2:
        raise PanelError("all rows are of one period; an elasticity needs a price that changed.")
    if not panel.total_units.sum():
        raise PanelError("nothing was sold in any row; there is nothing to learn from.")
    if not moved.any():
        raise PanelError("no price ever moved; an elasticity needs a price that changed.")
    rows = {
        "empty cells": _empty(panel),
        "prices that never moved": _still(panel, moved),
        "price jumps": _jumps(panel),
        "sales at one price only": _separated(panel),
    }
    if panel.covariates:
        rows["covariates"] = _covariates(panel, time_effects)
    if time_effects:
        rows["prices that move together"] = _together(panel)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    return table.rename_axis("check")


def _empty(panel):
    share = 1 - panel.observed.mean()
    found = f"{share:.1%} of all products and periods have no row"
    if share <= _FEW:
        return found, "ok", "They are left out as unknown, not taken for zeros."
    advice = "They are left out as unknown. Where a product was on sale and sold nothing, add a row"
    return found, "look", f"{advice} with 0 units and its price."


def _still(panel, moved):
    still = int((~moved).sum())
    if not still:
        return "every product had two prices or more", "ok", "Each has a say in its elasticity."
    found = f"{still:,} of {panel.n_products:,} products never changed their price"
    advice = "They take the elasticity of their category, with its spread."
    return found, "look" if still > _MANY_STILL * panel.n_products else "ok", advice


def _jumps(panel):
    before = pd.DataFrame(panel.price).ffill(axis=1).shift(axis=1).to_numpy()
    size = np.abs(np.log(panel.price / before))
    far = np.nan_to_num(size) > np.log(_JUMP)
    if not far.any():
        return f"no price jumped by more than a factor of {_JUMP:g}", "ok", "Nothing to do."
    i, t = np.argwhere(far)[0]
    found = (
        f"{far.sum():,} prices jumped by more than a factor of {_JUMP:g}, first product "
        f"{panel.products[i]} in period {panel.periods[t]}, from {before[i, t]:g} to "
        f"{panel.price[i, t]:g}"
    )
    return found, "look", "A typing error, a change of pack, or revenue in the price column?"


def _separated(panel):
    names = panel.products[separated_products(panel)]
    if not len(names):
        return "no product sold at one of its prices only", "ok", "Nothing to do."
    found = f"{listed(names)} sold at one price and never beyond, where one expects sales"
    advice = "Taken alone their elasticity is infinite, and the spread of all others widens for it:"
    return found, "look", f"{advice} leave them out, or look what happened there."


def _covariates(panel, time_effects):
    """Whether covariates can be told from product and time effects, and from the price."""
    gone = absorbed_covariates(panel, time_effects=time_effects)
    if gone:
        effects = "product and time effects absorb" if time_effects else "product effects absorb"
        found = f"{listed(gone)} never changes, or only in ways that {effects}"
        return found, "look", "Leave it out: no sale can tell what it does."
    shared = overlap(panel, list(panel.covariates), time_effects=time_effects)
    found = f"covariates leave {shared.left:.0%} of the price moves"
    if not shared.confounds:
        return found, "ok", "Price and covariates can be told apart."
    found += f", and less than a tenth to {shared.little.sum():,} of {panel.n_products:,} products"
    advice = f"{quoted(shared.culprit)} moves as the price does, and what one of them did may be"
    return found, "look", f"{advice} put down to the other: compare with a fit without it."


def _together(panel):
    """Share of the price moves that is left when each category's common moves are taken out."""
    own = panel.log_price - np.nanmean(panel.log_price, axis=1, keepdims=True)
    slot = panel.category[:, None] * panel.n_periods + np.arange(panel.n_periods)
    slot, moves = slot[panel.observed], own[panel.observed]
    count, total = np.bincount(slot), np.bincount(slot, moves)
    left = moves - (total / np.maximum(count, 1))[slot]
    share = left @ left / (moves @ moves)
    lone = int((np.bincount(panel.category) == 1).sum())
    found = f"{share:.0%} of the price moves are a product's own, not its category's"
    if lone:
        found += f"; {lone:,} categories hold one product"
    if share >= _FEW and not lone:
        return found, "ok", "Time effects and elasticities can be told apart."
    advice = "Where all prices of a category move together, its time effects absorb what they do;"
    return found, "look", f"{advice} use larger categories, or leave time effects out."
