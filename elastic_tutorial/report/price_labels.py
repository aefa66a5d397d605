"""Prices to write on labels: of each product the best allowed one, what it gains, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from elastic_tutorial import validation as check
from elastic_tutorial.checking.summary import elasticity_summary
from elastic_tutorial.panels.panel import Panel
from elastic_tutorial.prices.advice import LARGE_MOVE, spread_over_lines, why_none
from elastic_tutorial.prices.label_search import best_labels, part
from elastic_tutorial.prices.ladders import Ladder, ladder_of
from elastic_tutorial.prices.market import market_of
from elastic_tutorial.prices.profit import expected_demand, gains

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

MAX_CHANGE = 0.10  # of today's price: most prices move by so much now and then, so that it was seen
_NEW = ["price", "change_percent", "units_after", "gain", "gain_lower", "gain_upper", "prob_loss"]


class _Rules(NamedTuple):
    """What a label must keep to."""

    low: float  # of today's price, and so is high
    high: float
    min_margin: float | None
    min_gain: float
    most_changes: int | None


def price_table(
    posterior: xr.DataTree,
    panel: Panel,
    *,
    unit_cost: pd.Series | None = None,
    max_change: float = MAX_CHANGE,
    bounds: tuple[float, float] | None = None,
    endings: Sequence[float] | None = None,
    ladder: Sequence[float] | None = None,
    min_margin: float | None = None,
    min_gain: float = 0.0,
    groups: Mapping | pd.Series | None = None,
    most_changes: int | None = None,
    prob: float = 0.9,
) -> pd.DataFrame:
    """Give each product the allowed price with the highest expected profit, or the reason for none.

    Without costs revenue stands for profit. Prices are compared as they would stand on the label,
    so that gains are those of the labels. Each gain is reckoned as if this product alone, or its
    line, had a new price.

    Parameters
    ----------
    posterior, panel
        As in ``elasticity_table``.
    unit_cost : pandas.Series over product, optional
        NaN where unknown.
    max_change : float
        The largest change, as a share of today's price.
    bounds : pair of float, optional
        Lowest and highest price over today's, in place of ``max_change``.
    endings : sequence of float, optional
        What may stand behind the point of a price, as (0.99, 0.49). Without endings or a ladder all
        whole cents are allowed, and finer steps below one unit of currency.
    ladder : sequence of float, optional
        All allowed prices.
    min_margin : float, optional
        Share of the price that must remain over the unit cost.
    min_gain : float
        Currency a period: a line that gains less keeps its prices.
    groups : mapping or pandas.Series from product to line, optional
        Products of one line get one common price; those without a line stand alone.
    most_changes : int, optional
        So many labels change at most, those that gain most.
    prob : float
        Probability of the intervals.

    Returns
    -------
    pandas.DataFrame, one row a product
        ``category``, ``current_price``; ``price``, NaN where none is advised, and
        ``change_percent``; ``units_before`` and ``units_after``, expected in a period; the expected
        ``gain`` over today with ``gain_lower`` and ``gain_upper``, its ``unit``, and ``prob_loss``,
        the probability that it is below 0; ``at_bound``, "lower", "upper" or "": the end of the
        allowed prices at which it stopped; ``why``. ``attrs`` has ``prob``, the ``objective``, of
        all products with a price together its expected value ``today`` and ``total_gain``,
        ``total_gain_lower``, ``total_gain_upper``, ``total_prob_loss``, all 0 where there is none;
        of all products ``today_units``, ``today_revenue`` and ``today_profit``, which is None
        without costs.

    Raises
    ------
    ValueError
        If a rule is out of its range, or rules contradict each other.

    Examples
    --------
    >>> import jax
    >>> from elastic_tutorial import fit_laplace, simulate_store
    >>> size = {"n_products": 40, "n_categories": 2, "n_periods": 10}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> options = {"intercept": "fixed", "n_draws": 100}
    >>> posterior = fit_laplace(store.panel, key=jax.random.key(1), **options)
    >>> price_table(posterior, store.panel, max_change=0.05).attrs["objective"]
    'revenue'
    """
    check.probability("prob", prob)
    check.instance("panel", panel, Panel)
    rules = _rules(max_change, bounds, min_margin, min_gain, most_changes, unit_cost)
    current = panel.current_price
    allowed = ladder_of(current, rules.high * np.nanmax(current), endings, ladder)
    line = _lines(groups, panel.products)
    why = spread_over_lines(why_none(posterior, panel, unit_cost), line, panel.products)
    objective = "revenue" if unit_cost is None else "profit"
    index = pd.Index(panel.products, name="product")
    table = pd.DataFrame({"category": panel.categories[panel.category]}, index=index)
    table["current_price"] = current
    table[[*_NEW, "units_before"]] = np.nan
    table["unit"], table["at_bound"], table["why"] = f"{objective} a period", "", why
    totals = dict.fromkeys(("gain", "gain_lower", "gain_upper", "prob_loss"), 0.0)
    table.attrs = {"prob": prob, "objective": objective, "today": 0.0}
    table.attrs |= {f"total_{name}": value for name, value in totals.items()}
    table.attrs |= _today(table, posterior, panel, unit_cost)
    if (why == "").any():
        summary = elasticity_summary(posterior, prob=prob).sel(product=panel.products)
        _fill(table, posterior, panel, unit_cost, rules, allowed, line, summary)
    names = ["category", "current_price", "price", "change_percent", "units_before", *_NEW[2:6]]
    return table[[*names, "unit", "prob_loss", "at_bound", "why"]]


def _rules(max_change, bounds, min_margin, min_gain, most_changes, unit_cost):
    """Check the rules, one by one."""
    if not 0 < check.real_number("max_change", max_change) < 1:
        raise ValueError(f"max_change must lie strictly between 0 and 1; got {max_change!r}.")
    low, high = 1 - max_change, 1 + max_change
    if bounds is not None:
        low, high = (check.positive_number("bounds", each) for each in bounds)
        if not low < high:
            raise ValueError(f"bounds must be in order, lowest first; got {low:g} and {high:g}.")
    if min_margin is not None:
        if unit_cost is None:
            raise ValueError("min_margin needs unit_cost, over which the margin is reckoned.")
        if not 0 <= check.real_number("min_margin", min_margin) < 1:
            raise ValueError(f"min_margin must be 0 or more and below 1; got {min_margin!r}.")
    gain = check.non_negative_number("min_gain", min_gain)
    most = None if most_changes is None else check.whole_count("most_changes", most_changes)
    return _Rules(low, high, min_margin, gain, most)


def _lines(groups, products):
    """Give the line of each product a number; a product without one is a line of its own."""
    named = pd.Series(groups, dtype=object).reindex(products)
    alone = named.isna().to_numpy()
    codes = pd.factorize(named)[0]
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def _today(table, posterior, panel, unit_cost):
    """Fill in the units of today; return their sum, and that of revenue and profit."""
    sold = panel.total_units > 0
    if sold.any():
        some = panel if sold.all() else panel.select(products=list(panel.products[sold]))
        market = market_of(posterior, panel=some)
        table.loc[some.products, "units_before"] = market.base_demand.mean(axis=1)
    units, price = table["units_before"], table["current_price"]
    profit = None
    if unit_cost is not None:
        profit = float((units * (price - unit_cost.reindex(table.index))).sum())
    revenue = float((units * price).sum())
    return {"today_units": float(units.sum()), "today_revenue": revenue, "today_profit": profit}


def _fill(table, posterior, panel, unit_cost, rules, allowed: Ladder, line, summary):
    """Search the labels of the products that may have one, and reckon what they bring."""
    rows = np.flatnonzero(table["why"] == "")
    some = panel.select(products=list(panel.products[rows]))
    market = market_of(posterior, panel=some)
    cost = np.zeros(len(rows))
    if unit_cost is not None:
        cost = unit_cost.reindex(some.products).to_numpy(float)
    current, line = market.current_price, pd.factorize(line[rows])[0]
    floor = 0.0 if rules.min_margin is None else cost / (1 - rules.min_margin)
    low = np.maximum(rules.low * current, floor)
    steps = allowed._replace(step=allowed.step[rows])
    found = best_labels(market, cost, line, steps, low, rules.high * current)
    below = np.isin(line, line[current < floor])  # today's price of these, or of their line, goes
    interval = summary.isel(product=rows)
    texts, price = _decide(found, rules, line, current, below, interval, table.attrs["objective"])
    advised = np.isfinite(price)
    table.iloc[rows, table.columns.get_loc("why")] = texts
    if advised.any():
        names, price = some.products[advised], price[advised]
        market, cost = part(market, advised), cost[advised]
        of_label = gains(market, price, cost, table.attrs["prob"])
        new = {name: of_label[name] for name in _NEW[3:]}
        new["units_after"] = expected_demand(market, price[:, None])[:, 0]
        new |= {"price": price, "change_percent": 100 * (price / market.current_price - 1)}
        table.loc[names, list(new)] = pd.DataFrame(new, index=names)
        moved = price != market.current_price
        table.loc[names, "at_bound"] = np.where(moved, found.at_bound[advised], "")
        table.loc[names, "why"] += _outside(price, market, moved)
        table.attrs |= {k: v for k, v in of_label.items() if k.startswith("total")}
        today = market.base_demand.mean(axis=1) * (market.current_price - cost)
        table.attrs["today"] = float(today.sum())


def _decide(found, rules, line, current, below, interval, objective):
    """Of each product its label, NaN for none, and the reason."""
    low, high = interval["lower"].values, interval["upper"].values
    prob, price = interval.attrs["prob"], found.price.copy()
    change = price / current - 1
    way = np.where(change > 0, "raise", "lower")
    known = [f"{prob:.0%} interval {a:.2f} to {b:.2f}" for a, b in zip(low, high, strict=True)]
    whom = np.where(np.bincount(line)[line] > 1, "its line is", "it is")
    why = [
        f"{up}: at an elasticity of {e:.2f} ({said}) {who} expected to bring more {objective}"
        for up, e, said, who in zip(way, interval["mean"].values, known, whom, strict=True)
    ]
    why = np.array(why, dtype=object)
    why[found.at_bound != ""] += ", and it goes as far as is allowed"
    why[below] = way[below] + ": today's price of it or its line leaves too small a margin"
    moves = np.isin(line, line[change != 0])
    why[moves & (change == 0)] = "leave it: it has the price of its line"
    small = ~below & ~(moves & (found.gain > rules.min_gain))
    why[small] = "leave it: no allowed price brings more than the least gain"
    if rules.min_gain == 0:
        why[small] = f"leave it: no allowed price brings more {objective}"
    price[small] = current[small]
    large = np.abs(change) > LARGE_MOVE * max(rules.high - 1, 1 - rules.low)
    unclear = (low < -1) & (high > -1) & large & ~small & ~below
    unclear |= np.isin(line, line[unclear]) & ~small
    for i in np.flatnonzero(unclear):
        why[i] = (
            f"no price: a move of {change[i]:+.0%} is large, and whether a higher price brings "
            f"more revenue is open for it or its line (its elasticity: {known[i]})"
        )
    price[unclear] = np.nan
    none = np.isnan(found.price)
    why[none] = "no price: no allowed price lies within the bounds and the margin"
    price[none] = np.nan
    if rules.most_changes is not None:
        late = _late(price, current, found.gain, line, rules.most_changes)
        why[late] = f"leave it: the {rules.most_changes} changes allowed bring more elsewhere"
        price[late] = current[late]
    return why, price


def _late(price, current, gain, line, most):
    """Find changes that find no room among so many, when lines are taken in the order of gains."""
    changes = np.isfinite(price) & (price != current)
    late, left = np.zeros(len(price), bool), most
    order = pd.unique(line[np.argsort(-gain, kind="stable")])
    for each in order:
        members = (line == each) & changes
        if members.sum() <= left:
            left -= members.sum()
        else:
            late |= members
    return late


def _outside(price, market, moved):
    """Say where a label lies outside the prices that its product has had."""
    low, high = market.lowest_price, market.highest_price
    had = [f"({a:.6g} to {b:.6g})" for a, b in zip(low, high, strict=True)]
    sides = np.select([moved & (price > high), moved & (price < low)], ["above", "below"], "")
    words = [
        f"; {side} all prices it has had {pair}" if side else ""
        for side, pair in zip(sides, had, strict=True)
    ]
    return np.array(words, dtype=object)
