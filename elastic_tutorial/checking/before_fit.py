"""Questions to ask of a store's sales before a fit, and of the fit after it; answers in words."""

import numpy as np
import pandas as pd

from elastic_tutorial import validation as check
from elastic_tutorial.checking.predict import log_demand
from elastic_tutorial.panels.panel import Panel, PanelError

_JUMP = 3.0  # a price that grows or falls by more from one period to the next is worth a look
_COLUMNS = ["found", "verdict", "advice"]
_FEW = 0.1  # share that is worth a word
_SOME_PRODUCTS = 500  # enough for the check of zeros


def check_store(panel, *, time_effects=True):
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
        "weeks without sales": _zeros_left_out(panel),
    }
    if time_effects:
        rows["prices that move together"] = _together(panel)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=_COLUMNS)
    return table.rename_axis("check")


def check_fit(posterior, panel, *, test=None):
    """Ask whether a fit describes the sales it was made from, and those it has not seen.

    Parameters
    ----------
    posterior : xarray.DataTree
        As from ``fit_laplace``.
    panel : Panel
        The one that was fitted.
    test : xarray.Dataset, optional
        As from ``back_test``.

    Returns
    -------
    pandas.DataFrame, one row a check
        As from ``check_store``.

    Examples
    --------
    >>> import jax
    >>> from elastic_tutorial import fit_laplace, simulate_store
    >>> size = {"n_products": 40, "n_categories": 2, "n_periods": 10}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> options = {"intercept": "fixed", "n_draws": 100}
    >>> posterior = fit_laplace(store.panel, key=jax.random.key(1), **options)
    >>> check_fit(posterior, store.panel).index.to_list()
    ['shape of the posterior', 'cells without sales', 'rising demand']
    """
    rows = {
        "shape of the posterior": _shape(posterior),
        "cells without sales": _zeros(posterior, panel),
        "rising demand": _rising(posterior),
    }
    if test is not None:
        rows["back-test"] = _covered(test)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=_COLUMNS)
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
    return found, "look" if still > panel.n_products / 2 else "ok", advice


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


def _zeros_left_out(panel):
    """Compare the zeros there are with those that Poisson sales would have."""
    mean = panel.total_units / panel.observed.sum(axis=1)
    expected = float((np.exp(-mean) * panel.observed.sum(axis=1)).sum())
    zeros = int((panel.units == 0).sum())
    found = f"{zeros:,} rows with 0 units, where the averages let one expect {expected:,.0f}"
    if expected < 10:
        return found, "ok", "Too few to tell whether such rows were left out."
    if zeros:
        return found, "ok", "Rows without sales are in the table, as they should be."
    advice = "Rows without sales seem to be left out, which biases elasticities towards 0: add them"
    return found, "look", f"{advice} with 0 units and the price of the period."


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


def _shape(posterior):
    odd = int((np.abs(posterior["analytic"]["skewness"]) > 1).sum())
    if not odd:
        return "the mode was found, and elasticities are close to normal", "ok", "Nothing to do."
    found = f"the mode was found; {odd:,} elasticities are far from normal"
    return found, "look", "Their intervals are taken from draws; check some with fit_nuts."


def _zeros(posterior, panel):
    """Share of cells without sales, in the data and in the model."""
    sold = np.flatnonzero(panel.total_units > 0)
    rows = sold[:: -(-len(sold) // _SOME_PRODUCTS)]
    cells = np.nonzero(panel.observed[rows])
    cells = rows[cells[0]], cells[1]
    draws = posterior.isel(draw=slice(50))
    mean = np.exp(log_demand(draws, panel, panel, cells))
    none = np.exp(-mean)
    if "dispersion" in draws["posterior"]:
        dispersion = draws["posterior"]["dispersion"].values[0, :, None]
        none = np.exp(-np.log1p(dispersion * mean) / dispersion)
    expected, seen = float(none.mean()), float((panel.units[cells] == 0).mean())
    error = float(np.sqrt((none * (1 - none)).mean() / none.shape[1]))
    found = f"{seen:.1%} of the cells in the data, {expected:.1%} in the model"
    if abs(seen - expected) <= 0.01 + 3 * error:
        return found, "ok", "The model makes as many as there are."
    advice = "Stock-outs and products off the shelf make more zeros than demand does: leave such"
    return found, "look", f"{advice} periods out. Else try the other likelihood."


def _rising(posterior):
    share = (posterior["posterior"]["elasticity"] > 0).mean(("chain", "draw"))
    rising = int((share > 0.95).sum())
    found = f"{rising:,} of {share.size:,} products surely sell more at a higher price"
    if rising <= 0.01 * share.size:
        return found, "ok", "As it should be."
    advice = "Prices were perhaps raised when demand was high: such elasticities are not effects"
    return found, "look", f"{advice} of the price."


def _covered(test):
    prob, covered, error = (test.attrs[k] for k in ("prob", "coverage", "std_error"))
    found = (
        f"{covered:.1%} of {test.sizes['cell']:,} hidden cells fall into their {prob:.0%} "
        f"intervals; the predictions miss by {test.attrs['error']:.0%} of the units, each "
        f"product's usual sales by {test.attrs['usual_error']:.0%}"
    )
    allowed = max(2 * error, 0.03)
    if covered < prob - allowed:
        advice = "Intervals are too narrow: sales vary in ways the model does not know. Widen"
        return found, "look", f"{advice} decisions, try negative_binomial, add covariates."
    if covered > prob + allowed:
        return found, "look", "Intervals are wider than they need be: decisions are cautious."
    return found, "ok", "Intervals hold what they promise."
