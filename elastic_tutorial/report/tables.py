"""What a fit says about each product, as tables: its elasticity, and its best price."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.checking.summary import elasticity_summary
from elastic_tutorial.panels.panel import Panel
from elastic_tutorial.prices.pricing import best_price, expected_revenue

_PRICES = {
    "price": "price",
    "price_lower": "price_lower",
    "price_upper": "price_upper",
    "at_bound": "at_bound",
    "expected_profit": "expected",
    "gain": "gain",
    "gain_lower": "gain_lower",
    "gain_upper": "gain_upper",
    "prob_loss": "prob_loss",
    "prob_inelastic": "prob_inelastic",
}


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
        probability of the interval.

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
    table.attrs = {"prob": prob}
    return table


def price_table(
    posterior: xr.DataTree,
    panel: Panel,
    *,
    unit_cost: pd.Series | None = None,
    bounds: tuple[float, float] | None = None,
    prob: float = 0.9,
) -> pd.DataFrame:
    """Price of each product at which expected profit is highest, within bounds.

    Without costs revenue stands for profit. Under constant elasticity it has no best price inside
    the bounds, so that each product gets the better one of its bounds and today's price.

    Parameters
    ----------
    posterior, panel
        As in ``elasticity_table``.
    unit_cost : pandas.Series over product, optional
        NaN where unknown.
    bounds : pair of float, optional
        Lowest and highest price over today's. By default the lowest and highest price that each
        product has had.
    prob : float
        Probability of the intervals.

    Returns
    -------
    pandas.DataFrame, one row a product
        ``current_price``, ``lower_bound``, ``upper_bound``, ``unit_cost``; ``price`` with
        ``price_lower`` and ``price_upper``; ``at_bound``; ``expected`` profit a period, its
        ``gain`` over today's with an interval, ``prob_loss`` of that gain, ``prob_inelastic``, and
        ``note``: why there is no price. ``attrs`` has ``prob``, the ``objective``, and of all
        products with a price together the expected profit ``today`` and the ``total_gain``, both 0
        where no product has one; for profit also ``total_gain_lower``, ``total_gain_upper`` and
        ``total_prob_loss``.

    Raises
    ------
    ValueError
        If the bounds are not two positive numbers in order.

    Examples
    --------
    >>> import jax
    >>> from elastic_tutorial import fit_laplace, simulate_store
    >>> size = {"n_products": 40, "n_categories": 2, "n_periods": 10}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> options = {"intercept": "fixed", "n_draws": 100}
    >>> posterior = fit_laplace(store.panel, key=jax.random.key(1), **options)
    >>> price_table(posterior, store.panel).attrs["objective"]
    'revenue'
    """
    check.probability("prob", prob)
    table = _frame_of_prices(panel, unit_cost, bounds)
    priced = table[table["note"] == ""]
    if not len(priced):
        best, totals = _best_of_none(unit_cost)
    else:
        some = panel.select(products=list(priced.index))
        find = _best_for_revenue if unit_cost is None else _best_for_profit
        best, totals = find(posterior, some, priced.loc[some.products], prob)
    table = table.join(best.rename(columns=_PRICES))
    table["at_bound"] = table["at_bound"].fillna("")
    table = table[[*[name for name in table if name != "note"], "note"]]
    today = float((table["expected"] - table["gain"]).sum())
    objective = "revenue" if unit_cost is None else "profit"
    table.attrs = {"prob": prob, "objective": objective, "today": today} | totals
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


def _frame_of_prices(panel, unit_cost, bounds):
    """Today's prices, bounds and costs, and why a product gets no price."""
    table = pd.DataFrame(
        {
            "current_price": panel.current_price,
            "lower_bound": np.nanmin(panel.price, axis=1),
            "upper_bound": np.nanmax(panel.price, axis=1),
        },
        index=pd.Index(panel.products, name="product"),
    )
    if bounds is not None:
        low, high = (check.positive_number("bounds", each) for each in bounds)
        if not low < high:
            raise ValueError(f"bounds must be in order, lowest first; got {low:g} and {high:g}.")
        table["lower_bound"] = low * table["current_price"]
        table["upper_bound"] = high * table["current_price"]
    table["note"] = ""
    table.loc[table["lower_bound"] >= table["upper_bound"], "note"] = "its price never moved"
    table.loc[panel.total_units == 0, "note"] = "it sold nothing"
    if unit_cost is not None:
        table["unit_cost"] = unit_cost.reindex(table.index)
        table.loc[table["unit_cost"].isna(), "note"] = "its cost is unknown"
    return table


def _best_of_none(unit_cost):
    """Columns and totals where no product can be given a price."""
    names = ["total_gain"]
    if unit_cost is not None:
        names += ["total_gain_lower", "total_gain_upper", "total_prob_loss"]
    columns = {name: pd.Series(dtype=object if name == "at_bound" else float) for name in _PRICES}
    return pd.DataFrame(columns), dict.fromkeys(names, 0.0)


def _best_for_profit(posterior, panel, rows, prob):
    """Of all prices within the bounds the one with the highest expected profit."""
    found = best_price(
        posterior,
        unit_cost=rows["unit_cost"].to_numpy(),
        lower=rows["lower_bound"].to_numpy(),
        upper=rows["upper_bound"].to_numpy(),
        panel=panel,
        prob=prob,
    )
    totals = {name: float(found[name]) for name in map(str, found) if name.startswith("total")}
    return found[list(_PRICES)].to_dataframe()[list(_PRICES)], totals


def _best_for_revenue(posterior, panel, rows, prob):
    """Of the bounds and today's price the one with the highest expected revenue."""
    names = np.array(["lower", "", "upper"])
    candidates = rows[["lower_bound", "current_price", "upper_bound"]].to_numpy()
    found = expected_revenue(posterior, candidates, panel=panel, prob=prob)
    mean = found["mean"].values
    product, chosen = np.arange(len(mean)), mean.argmax(axis=1)
    draws = posterior["posterior"]["elasticity"].sel(product=panel.products)
    columns = {
        "price": candidates[product, chosen],
        "at_bound": names[chosen],
        "expected_profit": mean[product, chosen],
        "gain": mean[product, chosen] - mean[:, 1],
        "prob_loss": found["prob_below_today"].values[product, chosen],
        "prob_inelastic": (draws > -1).mean(("chain", "draw")).values,
    }
    totals = {"total_gain": float(columns["gain"].sum())}
    return pd.DataFrame(columns, index=rows.index), totals
