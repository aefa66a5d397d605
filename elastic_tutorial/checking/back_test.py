"""Sales that a fit has not seen, and whether its predictive intervals hold them."""

from dataclasses import replace

import jax
import numpy as np
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.checking.predict import simulate_units
from elastic_tutorial.laplace.fit import fit_laplace
from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.panel import Panel

_MOST = 2_000  # products to hide
_CHUNK = 200  # products simulated at once


def back_test(panel, *, key, prob=0.9, n_periods=None, n_draws=400, time_effects=True, **options):
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
        random; uniform if the model is right. Attributes: ``coverage``, the share of ranks in the
        central ``prob`` (with counts the share between ``lower`` and ``upper`` is a little
        larger), its ``std_error`` over products, and ``error`` and ``usual_error``: absolute
        errors of the medians, and of each product's mean before, over the units.

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
    ['lower', 'median', 'rank', 'units', 'upper']
    """
    check.instance("panel", panel, Panel)
    tail = (1 - check.probability("prob", prob)) / 2
    key_fit, key_test = jax.random.split(key)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key_test)).ravel())
    hidden = _hidden(panel, n_periods, rng, time_effects)
    train = _without(panel, hidden)
    options |= {"time_effects": time_effects, "n_draws": n_draws}
    posterior = fit_laplace(train, key=key_fit, **options)
    rows = np.flatnonzero(hidden.any(axis=1))
    parts = []
    for start in range(0, len(rows), _CHUNK):
        cells = np.nonzero(hidden[rows[start : start + _CHUNK]])
        cells = rows[start : start + _CHUNK][cells[0]], cells[1]
        drawn = simulate_units(posterior, train, panel, cells, rng)
        parts.append(_judge(drawn, panel.units[cells], tail, rng))
    product, period = np.nonzero(hidden)
    lower, median, upper, rank = np.concatenate(parts, axis=1)
    units = panel.units[hidden]
    usual = (np.nansum(train.units, axis=1) / train.observed.sum(axis=1))[product]
    inside = (rank > tail) & (rank < 1 - tail)
    share = np.bincount(product, inside)[rows] / np.bincount(product)[rows]
    columns = {"units": units, "lower": lower, "median": median, "upper": upper, "rank": rank}
    total = max(units.sum(), 1)
    return xr.Dataset(
        {name: ("cell", values) for name, values in columns.items()},
        coords={
            "product": ("cell", panel.products[product]),
            "period": ("cell", panel.periods[period]),
        },
        attrs={
            "prob": prob,
            "coverage": float(inside.mean()),
            "std_error": float(share.std() / np.sqrt(len(rows))),
            "error": float(np.abs(median - units).sum() / total),
            "usual_error": float(np.abs(usual - units).sum() / total),
            "n_products": len(rows),
        },
    )


def _hidden(panel, n_periods, rng, time_effects):
    """Mark the cells to hide."""
    if n_periods is None:
        n_periods = max(1, panel.n_periods // 10)
    elif check.whole_count("n_periods", n_periods) == 0:
        raise ValueError(f"n_periods must be 1 or more; got {n_periods!r}.")
    later = np.cumsum(panel.observed[:, ::-1], axis=1)[:, ::-1]
    last = panel.observed & (later <= n_periods)
    earlier = panel.observed & ~last
    # What is left of a product must show it at two prices' worth of cells, and sold.
    eligible = (earlier.sum(axis=1) >= 2) & (np.where(earlier, panel.units, 0).sum(axis=1) > 0)
    order = rng.permutation(panel.n_products)
    if time_effects:
        of_category = panel.category[order]
        place = np.empty(panel.n_products, int)
        for c in range(panel.n_categories):
            members = order[of_category == c]
            place[members] = np.arange(len(members))
        eligible &= place % 2 == 1
    chosen = order[eligible[order]][:_MOST]
    hidden = np.zeros(panel.observed.shape, bool)
    hidden[chosen] = last[chosen]
    if time_effects:  # another product of the category must show what the period was like
        seen = np.zeros((panel.n_categories, panel.n_periods), int)
        np.add.at(seen, panel.category, (panel.observed & ~hidden).astype(int))
        hidden &= seen[panel.category] > 0
    if not hidden.any():
        raise PanelError(
            "nothing can be hidden for a back-test: it needs products with three periods or more "
            "and, with time effects, two of them in a category."
        )
    return hidden


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


def _judge(drawn, units, tail, rng):
    """Return the interval, the median and the randomised rank of each cell."""
    lower, median, upper = np.quantile(drawn, [tail, 0.5, 1 - tail], axis=0)
    below, equal = (drawn < units).sum(axis=0), (drawn == units).sum(axis=0)
    rank = (below + rng.uniform(size=len(units)) * (equal + 1)) / (len(drawn) + 1)
    return np.stack([np.floor(lower), median, np.ceil(upper), rank])
