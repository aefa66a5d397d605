"""Where expected profit peaks, found with a proof.

Under constant elasticity the profit of a price that is moved by the factor exp(u) is, over draws
and products, a sum of revenues minus a sum of costs, each of them a sum of exponentials of u with
positive weights and therefore convex. Between two moves a convex function lies below its chord and
above its tangents, so the difference has an upper bound that needs no more than the ends: what
cannot beat the best move so far is discarded, however many peaks there are. A piece that is
certainly concave has one peak, which Newton's method finds.
"""

from typing import NamedTuple

import numpy as np

from elastic_tutorial.prices.profit import refuse_overflow

_NODES = 33
_BLOCK = 1_000_000  # of numbers at a time
_NARROW = 1e-9  # of a log price
_ROUNDING = 1e-14  # of the revenue
_STEPS = 60


class Curves(NamedTuple):
    """Profit over u is, for each curve, the sum of revenue * exp((e + 1) u) - cost * exp(e u)."""

    elasticity: np.ndarray  # (curve, term), and so are all
    revenue: np.ndarray
    cost: np.ndarray


class _Pieces(NamedTuple):
    """Intervals in which the peak of a curve may still be."""

    curve: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def take(self, keep):
        return _Pieces(*(each[keep] for each in self))


@np.errstate(over="ignore", invalid="ignore")
def maximise(curves, low, high):
    """Return the move between low and high, shape (curve,), at which each profit is highest."""
    best = np.array(low, float)
    peak = np.full(best.shape, -np.inf)
    pieces = _Pieces(np.arange(len(best)), best.copy(), np.array(high, float))
    while len(pieces.curve):
        grid = np.linspace(pieces.low, pieces.high, _NODES, axis=1)
        revenue, cost = _derivatives(curves, pieces.curve, grid, 1)
        _improve(best, peak, pieces.curve, grid, revenue[0] - cost[0])
        least = peak[pieces.curve][:, None] + _ROUNDING * revenue[0, :, 1:]
        beats = _upper_bound(grid, revenue, cost) > least
        pieces = _runs(pieces.curve, grid, beats)
        concave = _is_concave(curves, pieces)
        concave |= pieces.high - pieces.low < _NARROW
        ready = pieces.take(concave)
        move = _climb(curves, ready)[:, None]
        revenue, cost = _derivatives(curves, ready.curve, move, 0)
        _improve(best, peak, ready.curve, move, revenue[0] - cost[0])
        pieces = pieces.take(~concave)
    return best


def _derivatives(curves, curve, move, order):
    """Revenue and cost, with derivatives: shape (revenue or cost, order + 1, piece, node)."""
    found = np.zeros((2, order + 1, *move.shape))
    n_nodes, n_terms = move.shape[1], curves.elasticity.shape[1]
    width = min(n_terms, _BLOCK // n_nodes)
    for top in range(0, len(curve), height := max(1, _BLOCK // (n_nodes * width))):
        rows = slice(top, top + height)
        for left in range(0, n_terms, width):
            chosen = curve[rows], slice(left, left + width)
            e, revenue, cost = (each[chosen] for each in curves)
            weights = [revenue * (e + 1) ** k for k in range(order + 1)]
            weights += [cost * e**k for k in range(order + 1)]
            powers = np.exp(e[:, None, :] * move[rows, :, None])
            sums = powers @ np.stack(weights, axis=-1)
            found[:, :, rows] += np.moveaxis(sums, -1, 0).reshape(2, order + 1, *sums.shape[:2])
    found[0] *= np.exp(move)
    refuse_overflow(found)
    return found


def _improve(best, peak, curve, move, profit):
    """Update the best move of each curve, in place."""
    at = profit.argmax(axis=1)[:, None]
    profit, move = (np.take_along_axis(each, at, axis=1)[:, 0] for each in (profit, move))
    order = np.argsort(profit, kind="stable")  # of several pieces of a curve, the best is last
    order = order[profit[order] > peak[curve[order]]]
    best[curve[order]], peak[curve[order]] = move[order], profit[order]


def _upper_bound(grid, revenue, cost):
    """Bound of the profit between neighbouring nodes: chord of the revenue, tangent of the cost."""
    step = np.diff(grid, axis=1)
    profit = revenue[0] - cost[0]
    by_left = revenue[0, :, 1:] - cost[0, :, :-1] - step * cost[1, :, :-1]
    by_right = revenue[0, :, :-1] - cost[0, :, 1:] + step * cost[1, :, 1:]
    return np.minimum(np.maximum(profit[:, :-1], by_left), np.maximum(profit[:, 1:], by_right))


def _runs(curve, grid, keep):
    """Join neighbouring intervals that are kept, but not across the middle: pieces must shrink."""
    left, right = np.zeros_like(keep), np.zeros_like(keep)
    left[:, 1:], right[:, :-1] = keep[:, :-1], keep[:, 1:]
    half = keep.shape[1] // 2
    left[:, half] = right[:, half - 1] = False
    first, last = keep & ~left, keep & ~right
    row = np.nonzero(first)[0]
    return _Pieces(curve[row], grid[:, :-1][first], grid[:, 1:][last])


def _is_concave(curves, pieces):
    """Whether the second derivative is below zero everywhere: its bound, as for the profit."""
    low, high = pieces.low, pieces.high
    points = np.stack([low, (low + high) / 2, high], axis=1)
    revenue, cost = _derivatives(curves, pieces.curve, points, 3)
    highest = np.maximum(revenue[2, :, 0], revenue[2, :, 2])
    lowest = cost[2, :, 1] - np.abs(cost[3, :, 1]) * (high - low) / 2
    return highest < lowest


def _climb(curves, pieces):
    """Peak of each concave piece: Newton on the slope, kept in a shrinking interval."""
    low, high = pieces.low.copy(), pieces.high.copy()
    ends = np.stack([low, high], axis=1)
    revenue, cost = _derivatives(curves, pieces.curve, ends, 1)
    slope = revenue[1] - cost[1]
    low = np.where(slope[:, 1] >= 0, high, low)
    high = np.where(slope[:, 0] <= 0, low, high)
    move = (low + high) / 2
    for _ in range(_STEPS):
        revenue, cost = _derivatives(curves, pieces.curve, move[:, None], 2)
        slope, bend = (revenue - cost)[1:, :, 0]
        low, high = np.where(slope >= 0, move, low), np.where(slope <= 0, move, high)
        newton = move - slope / np.where(bend < 0, bend, -np.inf)
        inside = (low <= newton) & (newton <= high)
        step = np.where(inside, newton, (low + high) / 2) - move
        move = move + step
        if np.all(np.abs(step) < 1e-12):
            break
    return move
