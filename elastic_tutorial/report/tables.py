"""What a fit says about the elasticity of each product, as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.checking.summary import elasticity_summary
from elastic_tutorial.panels.panel import Panel


def elasticity_table(posterior: xr.DataTree, panel: Panel, *, prob: float) -> pd.DataFrame:
    """Tell what is known of each product's elasticity, and where it comes from.

    Parameters
    ----------
    posterior : xarray.DataTree
        As from ``fit_laplace``.
    panel : Panel
        The one that was fitted.
    prob : float
        Probability of the interval.

    Returns
    -------
    pandas.DataFrame, one row a product
        ``category``; ``elasticity``, ``sd``, ``lower`` and ``upper``, those of
        ``elasticity_summary``; ``prob_inelastic``, of an elasticity above -1; ``pooled``, the share
        of its spread around the category that the product's own sales have not removed: 0 speaks
        for itself, 1 repeats its category; ``units`` and ``revenue`` in all; ``price_changes``,
        ``lowest_price``, ``highest_price``, ``current_price``. ``attrs`` has ``prob``, the
        probability of the interval, and ``middle_lower`` and ``middle_upper``, the interval of the
        median over products.

    References
    ----------
    Gelman and Pardoe (2006), Technometrics 48(2), for the pooling factor of one parameter.

    Examples
    --------
    >>> import jax
    >>> from elastic_tutorial import fit_laplace, simulate_store
    >>> size = {"n_products": 40, "n_categories": 2, "n_periods": 10}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> options = {"intercept": "fixed", "n_draws": 100}
    >>> posterior = fit_laplace(store.panel, key=jax.random.key(1), **options)
    >>> table = elasticity_table(posterior, store.panel, prob=0.9)
    >>> bool((table["lower"] < table["upper"]).all())
    True
    """
    check.instance("panel", panel, Panel)
    summary = elasticity_summary(posterior, prob=prob)
    draws = posterior["posterior"].dataset
    columns = {
        "category": panel.categories[panel.category],
        "elasticity": summary["mean"].values,
        "sd": summary["sd"].values,
        "lower": summary["lower"].values,
        "upper": summary["upper"].values,
        "prob_inelastic": (draws["elasticity"] > -1).mean(("chain", "draw")).values,
        "pooled": _pooled(draws, panel),
        "units": panel.total_units.astype(int),
        "revenue": np.nansum(panel.units * panel.price, axis=1),
        "price_changes": _price_changes(panel),
        "lowest_price": np.nanmin(panel.price, axis=1),
        "highest_price": np.nanmax(panel.price, axis=1),
        "current_price": panel.current_price,
    }
    index = pd.Index(panel.products, name="product")
    table = pd.DataFrame(columns, index=index).rename_axis(columns=None)
    middle = draws["elasticity"].median("product")
    ends = middle.quantile([(1 - prob) / 2, (1 + prob) / 2], ("chain", "draw")).values
    table.attrs = {"prob": prob, "middle_lower": float(ends[0]), "middle_upper": float(ends[1])}
    return table


def _price_changes(panel):
    """How often the price of a product differed from the last one that was observed before."""
    filled = pd.DataFrame(panel.price).ffill(axis=1).bfill(axis=1)
    return (np.diff(filled, axis=1) != 0).sum(axis=1)


def _pooled(draws, panel):
    """Variance around the category that is left of the prior's."""
    if not {"category_elasticity", "elasticity_scale"} <= set(draws.data_vars):
        return np.full(panel.n_products, np.nan)
    own = draws["category_elasticity"].isel(category=xr.DataArray(panel.category, dims="product"))
    left = (draws["elasticity"] - own.drop_vars("category", errors="ignore")).var(("chain", "draw"))
    prior = float((draws["elasticity_scale"] ** 2).mean())
    return np.minimum(left.values / prior, 1)
