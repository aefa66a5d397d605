"""Sales that a fit has not seen, and whether its predictive intervals hold them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.checking.coverage import share_of
from elastic_tutorial.checking.predict import simulate_units
from elastic_tutorial.laplace.fit import fit_laplace
from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.panel import Panel

# Products to hide: their coverage has a standard error below 1%, and more would only take longer.
_MOST = 2_000
_SHARE_HIDDEN = 0.1  # of the periods, unless told: enough to judge, and little lost to the fit
_CHUNK = 200  # products simulated at once: 400 draws of 10 cells of each are 6 MB
_COLUMNS = ("units", "lower", "median", "upper", "rank")


def back_test(
    panel: Panel,
    *,
    key: jax.Array,
    prob: float = 0.9,
    n_periods: int | None = None,
    n_draws: int = 400,
    time_effects: bool = True,
    **options: Any,
) -> xr.Dataset:
    """Hide the last periods of half of the products, fit the rest, and predict what was hidden.

    What a category sells in a period beyond its usual, its time effect, is learned from the other
    half, whose sales in those periods stay in the fit. So this tests elasticities, levels of
    demand and the noise around them, and not a forecast of the season, which the model does not
    make. Without time effects the last periods of all products are hidden.

    Parameters
    ----------
    panel : Panel
    key : jax.random.key
    prob : float
        Probability of the predictive intervals.
    n_periods : int, optional
        How many of its last observed periods to hide of a product; a tenth by default.
    n_draws : int
    time_effects, **options
        Passed to ``fit_laplace``.

    Returns
    -------
    xarray.Dataset over cell
        Of each hidden cell ``product``, ``period``, ``units``, ``lower``, ``median``, ``upper``
        and ``rank``: the place of the units among the predicted ones, 0 to 1, ties broken at
        random; uniform if the model is right. Also its ``category``, its class of ``volume`` (the
        third of the products by units a period: "low", "middle", "high") and its ``horizon``, 1
        for the first hidden cell of a product. Attributes: ``coverage``, the share of ranks in
        the central ``prob`` (with counts the share between ``lower`` and ``upper`` is a little
        larger), with the 95% interval ``coverage_lower`` to ``coverage_upper`` over products,
        ``n_products`` of them; ``error`` and ``usual_error``: absolute errors of the medians, and
        of each product's mean before, over the units.

    Raises
    ------
    PanelError
        If nothing can be hidden.

    Examples
    --------
    >>> from elastic_tutorial import simulate_store
    >>> size = {"n_products": 40, "n_categories": 2, "n_periods": 10}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> test = back_test(store.panel, key=jax.random.key(1), n_periods=2, intercept="fixed")
    >>> sorted(test.data_vars)
    ['category', 'horizon', 'lower', 'median', 'rank', 'units', 'upper', 'volume']
    """
    check.instance("panel", panel, Panel)
    check.probability("prob", prob)
    if n_periods is None:
        n_periods = max(1, int(panel.n_periods * _SHARE_HIDDEN))
    elif check.whole_count("n_periods", n_periods) == 0:
        raise ValueError(f"n_periods must be 1 or more; got {n_periods!r}.")
    key_fit, key_test = jax.random.split(key)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key_test)).ravel())
    hidden = _cells_to_hide(panel, n_periods, rng, time_effects)
    train = _without(panel, hidden)
    options |= {"time_effects": time_effects, "n_draws": n_draws}
    posterior = fit_laplace(train, key=key_fit, **options)
    cells = _judge_all(posterior, train, panel, hidden, prob, rng)
    return cells.assign(_groups(train, hidden)).assign_attrs(
        prob=prob, **_scores(cells, train, hidden, prob)
    )


def _cells_to_hide(panel, n_periods, rng, time_effects):
    """Mark the last observed periods of products that can spare them, drawn at random."""
    periods_left = np.cumsum(panel.observed[:, ::-1], axis=1)[:, ::-1]
    last = panel.observed & (periods_left <= n_periods)
    eligible = _teaches(panel, panel.observed & ~last)
    order = rng.permutation(panel.n_products)
    if time_effects:
        eligible &= _every_other(panel, order)
    chosen = order[eligible[order]][:_MOST]
    hidden = np.zeros(panel.observed.shape, bool)
    hidden[chosen] = last[chosen]
    if time_effects:
        hidden &= _shown_by_others(panel, hidden)
    if not hidden.any():
        raise PanelError(
            "nothing can be hidden for a back-test: it needs products with three periods or more "
            "and, with time effects, two of them in a category."
        )
    return hidden


def _teaches(panel, kept):
    """Which products still say something in the cells that are kept: two periods, and a sale."""
    return (kept.sum(axis=1) >= 2) & (np.where(kept, panel.units, 0).sum(axis=1) > 0)


def _every_other(panel, order):
    """Every second product of each category, in this order."""
    rank = np.empty(panel.n_products, int)
    for c in range(panel.n_categories):
        members = order[panel.category[order] == c]
        rank[members] = np.arange(len(members))
    return rank % 2 == 1


def _shown_by_others(panel, hidden):
    """Cells whose period another product shows, of the same category, that is not hidden there."""
    seen = np.zeros((panel.n_categories, panel.n_periods), int)
    np.add.at(seen, panel.category, (panel.observed & ~hidden).astype(int))
    return seen[panel.category] > 0


def _without(panel, hidden):
    """Return the panel with some cells masked."""

    def blank(values):
        return np.where(hidden, np.nan, values)

    return replace(
        panel,
        units=blank(panel.units),
        price=blank(panel.price),
        observed=panel.observed & ~hidden,
        covariates={name: blank(each) for name, each in panel.covariates.items()},
    )


def _judge_all(posterior, train, panel, hidden, prob, rng):
    """Units, interval, median and rank of each hidden cell, products a chunk at a time."""
    rows = np.flatnonzero(hidden.any(axis=1))
    parts = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        row, period = np.nonzero(hidden[chunk])
        cells = chunk[row], period
        drawn = simulate_units(posterior, train, panel, cells, rng)
        parts.append(_judge(drawn, panel.units[cells], prob, rng))
    columns = dict(zip(_COLUMNS, np.concatenate(parts, axis=1), strict=True))
    product, period = np.nonzero(hidden)
    return xr.Dataset(
        {name: ("cell", values) for name, values in columns.items()},
        {
            "product": ("cell", panel.products[product]),
            "period": ("cell", panel.periods[period]),
        },
    )


def _judge(drawn, units, prob, rng):
    """Return units, interval, median and randomised rank of each cell."""
    tail = (1 - prob) / 2
    lower, median, upper = np.quantile(drawn, [tail, 0.5, 1 - tail], axis=0)
    below, equal = (drawn < units).sum(axis=0), (drawn == units).sum(axis=0)
    rank = (below + rng.uniform(size=len(units)) * (equal + 1)) / (len(drawn) + 1)
    return np.stack([units, np.floor(lower), median, np.ceil(upper), rank])


def _groups(train, hidden):
    """Category, class of volume and horizon of each hidden cell."""
    product, _ = np.nonzero(hidden)
    usual = _usual(train)
    third = np.searchsorted(np.quantile(usual[hidden.any(axis=1)], [1 / 3, 2 / 3]), usual)
    labels = {
        "category": train.categories[train.category][product],
        "volume": np.array(["low", "middle", "high"])[third][product],
        "horizon": np.cumsum(hidden, axis=1)[hidden],
    }
    return {name: ("cell", values) for name, values in labels.items()}


def _usual(train):
    """Units that each product sold in a period, on average over those that the fit saw."""
    return np.nansum(train.units, axis=1) / np.maximum(train.observed.sum(axis=1), 1)


def _scores(cells, train, hidden, prob):
    """Coverage with its interval over products, and errors of the medians and of usual sales."""
    tail = (1 - prob) / 2
    product = np.nonzero(hidden)[0]
    units, rank = cells["units"].values, cells["rank"].values
    share = share_of((rank > tail) & (rank < 1 - tail), product, prob)
    total = max(units.sum(), 1)
    return {
        "coverage": share.value,
        "coverage_lower": share.lower,
        "coverage_upper": share.upper,
        "n_products": share.n_products,
        "error": float(np.abs(cells["median"].values - units).sum() / total),
        "usual_error": float(np.abs(_usual(train)[product] - units).sum() / total),
    }
