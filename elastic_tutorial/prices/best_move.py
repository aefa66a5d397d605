"""The best move away from today's prices, one for each product or for each group of products.

A move is the log of the factor by which a price changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial.prices.profit import central, in_blocks
from elastic_tutorial.prices.profit_curve import Curves, maximise
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from elastic_tutorial.prices.market import Market


def best_moves(
    market: Market, cost: np.ndarray, lower: np.ndarray, upper: np.ndarray, level: str, prob: float
) -> dict[str, np.ndarray]:
    """Best price of each product, the interval of it over draws, and which bound decided."""
    low, high = np.log(lower / market.current_price), np.log(upper / market.current_price)
    moves = np.empty((3, len(low)))  # the best, and the ends of its interval
    if level == "product":

        def fill(rows):
            moves[:, rows] = _of_products(market, cost, rows, low[rows], high[rows], prob)

        in_blocks(fill, *market.elasticity.shape)
    else:
        for rows in _groups(market, level):
            low[rows], high[rows] = _common_bounds(market, rows, low, high, level)
            best = _of_group(market, cost, rows, low[rows[0]], high[rows[0]], prob)
            moves[:, rows] = best[:, None]
    at_bound = np.select([moves[0] <= low, moves[0] >= high], ["lower", "upper"], "")
    names, prices = ["price", "price_lower", "price_upper"], market.current_price * np.exp(moves)
    return dict(zip(names, np.clip(prices, lower, upper), strict=True)) | {"at_bound": at_bound}


def _of_products(market, cost, rows, low, high, prob):
    """Find the move of each product over all draws, and its interval over single draws."""
    elasticity, base_demand = market.elasticity[rows], market.base_demand[rows]
    cost, current = cost[rows, None], market.current_price[rows, None]
    best = maximise(Curves(elasticity, base_demand * current, base_demand * cost), low, high)
    # Of a single draw the markup rule gives the best price: cost e / (1 + e), for e below -1.
    price = np.full(elasticity.shape, np.inf)  # no price is best where demand is inelastic
    np.divide(cost * elasticity, 1 + elasticity, out=price, where=elasticity < -1)
    of_draws = np.clip(np.log(price / current), low[:, None], high[:, None])
    return best, *central(of_draws, prob)


def _groups(market, level):
    """Positions of the products that move together."""
    if level == "store":
        return [np.arange(len(market.products))]
    if market.category is None:
        raise ValueError("level='category' needs panel=, which says what category a product is in.")
    _, code = np.unique(market.category, return_inverse=True)
    order = np.argsort(code, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(code[order])) + 1)


def _common_bounds(market, rows, low, high, level):
    """Bound the moves that keep all products of a group within their bounds."""
    tightest_low, tightest_high = rows[low[rows].argmax()], rows[high[rows].argmin()]
    least, most = low[tightest_low], high[tightest_high]
    if not least < most:
        up, down = (quoted(market.products[row]) for row in (tightest_low, tightest_high))
        raise ValueError(
            f"no common move at level={level!r} keeps all products within their bounds: {up} must "
            f"move by a factor of {np.exp(least):.3f} or more, {down} by {np.exp(most):.3f} or "
            "less."
        )
    return least, most


def _of_group(market, cost, rows, low, high, prob):
    """Find the move of a group over all draws, and its interval over single draws."""
    elasticity, base_demand = market.elasticity[rows], market.base_demand[rows]
    revenue = base_demand * market.current_price[rows, None]
    cost = base_demand * cost[rows, None]
    all_draws = Curves(*(terms.reshape(1, -1) for terms in (elasticity, revenue, cost)))
    best = maximise(all_draws, np.array([low]), np.array([high]))
    n_draws = elasticity.shape[1]
    each_draw = Curves(elasticity.T, revenue.T, cost.T)
    of_draws = maximise(each_draw, np.full(n_draws, low), np.full(n_draws, high))
    return np.array([best[0], *central(of_draws, prob)])
