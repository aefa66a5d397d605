"""Questions to ask of a fit: of the sales it was made from, and those it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from elastic_tutorial.checking.before_fit import COLUMNS
from elastic_tutorial.checking.predict import log_demand
from elastic_tutorial.models.labels import SKEWED

if TYPE_CHECKING:
    import xarray as xr

    from elastic_tutorial.panels.panel import Panel

# The check of zeros takes some products and draws: 500 of 50 periods are 25,000 cells, whose share
# of zeros has a standard error below 0.4%, and with 50 draws 10 MB.
_SOME_PRODUCTS = 500
_SOME_DRAWS = 50
_SLACK_OF_ZEROS = 0.01  # share of cells: a smaller difference changes no decision
_SLACK_OF_COVERAGE = 0.03  # 87% in the place of 90% changes no decision either
_ERRORS_OF_ZEROS, _ERRORS_OF_COVERAGE = 3, 2  # standard errors beyond that: of chance
_SURE = 0.95  # probability from which a product surely sells more at a higher price
_FEW_RISING = 0.01  # share of products: of many that are near 0 some look sure by chance


def check_fit(
    posterior: xr.DataTree, panel: Panel, *, test: xr.Dataset | None = None
) -> pd.DataFrame:
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
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    return table.rename_axis("check")


def _shape(posterior):
    odd = int((np.abs(posterior["analytic"]["skewness"]) > SKEWED).sum())
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
    draws = posterior.isel(draw=slice(_SOME_DRAWS))
    mean = np.exp(log_demand(draws, panel, panel, cells))
    none = np.exp(-mean)
    if "dispersion" in draws["posterior"]:
        dispersion = draws["posterior"]["dispersion"].values[0, :, None]
        none = np.exp(-np.log1p(dispersion * mean) / dispersion)
    expected, seen = float(none.mean()), float((panel.units[cells] == 0).mean())
    error = float(np.sqrt((none * (1 - none)).mean() / none.shape[1]))
    found = f"{seen:.1%} of the cells in the data, {expected:.1%} in the model"
    if abs(seen - expected) <= _SLACK_OF_ZEROS + _ERRORS_OF_ZEROS * error:
        return found, "ok", "The model makes as many as there are."
    advice = "Stock-outs and products off the shelf make more zeros than demand does: leave such"
    return found, "look", f"{advice} periods out. Else try the other likelihood."


def _rising(posterior):
    share = (posterior["posterior"]["elasticity"] > 0).mean(("chain", "draw"))
    rising = int((share > _SURE).sum())
    found = f"{rising:,} of {share.size:,} products surely sell more at a higher price"
    if rising <= _FEW_RISING * share.size:
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
    allowed = max(_ERRORS_OF_COVERAGE * error, _SLACK_OF_COVERAGE)
    if covered < prob - allowed:
        advice = "Intervals are too narrow: sales vary in ways the model does not know. Widen"
        return found, "look", f"{advice} decisions, try negative_binomial, add covariates."
    if covered > prob + allowed:
        return found, "look", "Intervals are wider than they need be: decisions are cautious."
    return found, "ok", "Intervals hold what they promise."
