"""The allowed price at which expected profit is highest, for a product or for a line of products.

The products of a line take one price. Expected profit is an average over the draws at the allowed
prices themselves, so that what is gained is gained with the price on the label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from elastic_tutorial.prices.profit import expected_demand

if TYPE_CHECKING:
    from elastic_tutorial.prices.ladders import Ladder
    from elastic_tutorial.prices.market import Market

# Prices that are tried at a time, both ends among them; then those between the neighbours of the
# best. Trades rounds against prices a round: 17 find one of 2,000 in three rounds, of 130 in two.
_TRIED = 17


class Labels(NamedTuple):
    """Of each product the best allowed price of its line, and what the line gains by it."""

    price: np.ndarray  # (product,); NaN where no price is allowed
    gain: np.ndarray  # (product,): of the whole line
    at_bound: np.ndarray  # (product,): "lower", "upper" or ""


def best_labels(
    market: Market,
    cost: np.ndarray,
    line: np.ndarray,
    ladder: Ladder,
    low: np.ndarray,
    high: np.ndarray,
) -> Labels:
    """Search each line, numbered from 0, for the best allowed price within the bounds of all.

    Exact where expected profit has one peak or none inside the bounds. A peak inside is that of
    costs; without costs expected revenue is convex in the log price, and highest at an end.
    """
    n_lines = line.max(initial=-1) + 1
    tightest_low, tightest_high = np.zeros(n_lines), np.full(n_lines, np.inf)
    np.maximum.at(tightest_low, line, low)
    np.minimum.at(tightest_high, line, high)
    step = np.full(n_lines, np.inf)
    np.minimum.at(step, line, ladder.step)
    ladder = ladder._replace(step=step)
    first, last = ladder.between(tightest_low, tightest_high)
    left, right, rows = first, np.maximum(first, last), np.arange(n_lines)
    while True:
        grid = np.linspace(0, 1, _TRIED) * (right - left)[:, None]
        number = np.rint(left[:, None] + grid).astype(int)
        profit = _by_line(market, cost, line, ladder.at(number))
        best = profit.argmax(axis=1)
        if ((right - left) < _TRIED).all():
            break
        left = number[rows, np.maximum(best - 1, 0)]
        right = number[rows, np.minimum(best + 1, _TRIED - 1)]
    chosen = number[rows, best]
    today = np.zeros(n_lines)
    np.add.at(today, line, market.base_demand.mean(axis=1) * (market.current_price - cost))
    allowed = first <= last
    price = np.where(allowed, ladder.at(chosen[:, None])[:, 0], np.nan)
    gain = np.where(allowed, profit[rows, best] - today, np.nan)
    at_bound = np.select([~allowed, chosen == first, chosen == last], ["", "lower", "upper"], "")
    return Labels(price[line], gain[line], at_bound[line])


def part(market: Market, rows: np.ndarray) -> Market:
    """Return some products of a market."""
    *arrays, category = market
    return type(market)(
        *(each[rows] for each in arrays), None if category is None else category[rows]
    )


def _by_line(market, cost, line, price):
    """Add up the expected profit of each line at candidate prices, shape (line, candidate)."""
    of_products = expected_demand(market, price[line]) * (price[line] - cost[:, None])
    total = np.zeros(price.shape)
    np.add.at(total, line, of_products)
    return total
