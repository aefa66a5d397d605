"""The best move away from today's prices, one for each product or for each group of products."""

import numpy as np

from elastic_tutorial.prices.profit import central, in_blocks
from elastic_tutorial.prices.profit_curve import Curves, maximise
from elastic_tutorial.validation import quoted


def best_moves(place, cost, lower, upper, level, prob):
    """Best price of each product, the interval of it over draws, and which bound decided."""
    low, high = np.log(lower / place.current), np.log(upper / place.current)
    moves = np.empty((3, len(low)))
    if level == "product":

        def fill(rows):
            moves[:, rows] = _of_products(place, cost, rows, low[rows], high[rows], prob)

        in_blocks(fill, *place.elasticity.shape)
    else:
        for rows in _groups(place, level):
            low[rows], high[rows] = _common(place, rows, low, high, level)
            found = _of_group(place, cost, rows, low[rows[0]], high[rows[0]], prob)
            moves[:, rows] = found[:, None]
    at_bound = np.select([moves[0] <= low, moves[0] >= high], ["lower", "upper"], "")
    names, prices = ["price", "price_lower", "price_upper"], place.current * np.exp(moves)
    return dict(zip(names, np.clip(prices, lower, upper), strict=True)) | {"at_bound": at_bound}


def _of_products(place, cost, rows, low, high, prob):
    """Find the move of each product over all draws, and its interval over single draws."""
    elasticity, base = place.elasticity[rows], place.base[rows]
    cost, current = cost[rows, None], place.current[rows, None]
    best = maximise(Curves(elasticity, base * current, base * cost), low, high)
    price = np.full(elasticity.shape, np.inf)  # no price is best where demand is inelastic
    np.divide(cost * elasticity, 1 + elasticity, out=price, where=elasticity < -1)
    single = np.clip(np.log(price / current), low[:, None], high[:, None])
    return best, *central(single, prob)


def _groups(place, level):
    """Positions of the products that move together."""
    if level == "store":
        return [np.arange(len(place.products))]
    if place.category is None:
        raise ValueError("level='category' needs panel=, which says what category a product is in.")
    _, code = np.unique(place.category, return_inverse=True)
    order = np.argsort(code, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(code[order])) + 1)


def _common(place, rows, low, high, level):
    """Bound the moves that keep all products of a group within their bounds."""
    bottom, top = rows[low[rows].argmax()], rows[high[rows].argmin()]
    if not low[bottom] < high[top]:
        raise ValueError(
            f"no common move at level={level!r} keeps all products within their bounds: "
            f"{quoted(place.products[bottom])} must move by a factor of {np.exp(low[bottom]):.3f} "
            f"or more, {quoted(place.products[top])} by {np.exp(high[top]):.3f} or less."
        )
    return low[bottom], high[top]


def _of_group(place, cost, rows, low, high, prob):
    """Find the move of a group over all draws, and its interval over single draws."""
    elasticity, base = place.elasticity[rows], place.base[rows]
    revenue, cost = base * place.current[rows, None], base * cost[rows, None]
    every = Curves(*(each.reshape(1, -1) for each in (elasticity, revenue, cost)))
    best = maximise(every, np.array([low]), np.array([high]))
    n_draws = elasticity.shape[1]
    each_draw = Curves(elasticity.T, revenue.T, cost.T)
    single = maximise(each_draw, np.full(n_draws, low), np.full(n_draws, high))
    return np.array([best[0], *central(single, prob)])
