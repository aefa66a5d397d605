"""Where expected profit peaks, found with a proof.

Under constant elasticity the profit of a price that is moved by the factor exp(u) is, over draws
and products, a sum of revenues minus a sum of costs, each of them a sum of exponentials of u with
positive weights and therefore convex. Between two moves a convex function lies below its chord and
above its tangents, so the difference has an upper bound that needs no more than the ends: what
cannot beat the best move so far is discarded, however many peaks there are. A piece that is
certainly concave has one peak, which Newton's method finds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from elastic_tutorial.prices.profit import refuse_overflow

# Nodes of a piece at a time. 9 to 65 take the same time for single products; for the common move of
# 3,000 products 65 take twice the time of 33, for each node sums up all draws of all of them.
_NODES = 33
_BLOCK = 1_000_000  # exponentials at a time: 8 MB
_NARROW = 1e-9  # of a log price: pieces shorter than this are a billionth of the price wide
_ROUNDING = 1e-14  # of the revenue: what its sum may be off by, 50 times the spacing of floats
# Newton's steps in a concave piece. Bisection alone, which stands in where they leave the piece,
# halves it in each: 60 halvings of a log price of 1 go beyond its last digit.
_STEPS = 60
_STILL = 1e-12  # of a log price: a step so short ends the search


class Curves(NamedTuple):
    """Profit over u is, for each curve, the sum of revenue * exp((e + 1) u) - cost * exp(e u)."""

    elasticity: np.ndarray  # (curve, term), and so are all
    revenue: np.ndarray
    cost: np.ndarray


class _Pieces(NamedTuple):
    """Intervals in which the peak of a curve may still be."""

    curve: np.ndarray  # (piece,): position of the curve, and so are the ends
    low: np.ndarray
    high: np.ndarray

    def take(self, keep):
        return _Pieces(*(column[keep] for column in self))


@np.errstate(over="ignore", invalid="ignore")
def maximise(curves: Curves, low: np.ndarray, high: np.ndarray) -> np.ndarray:
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
    sums = np.zeros((2, order + 1, *move.shape))
    for pieces, terms in _tiles(*move.shape, curves.elasticity.shape[1]):
        of_tile = (column[curve[pieces], terms] for column in curves)
        sums[:, :, pieces] += _sum_terms(*of_tile, move[pieces], order)
    sums[0] *= np.exp(move)  # revenue has exp((e + 1) u), and of that only exp(e u) was summed
    refuse_overflow(sums)
    return sums


def _tiles(n_pieces, n_nodes, n_terms):
    """Slices of pieces, and of terms, whose exponentials at all nodes fill about a block."""
    width = min(n_terms, _BLOCK // n_nodes)
    height = max(1, _BLOCK // (n_nodes * width))
    for first_piece in range(0, n_pieces, height):
        for first_term in range(0, n_terms, width):
            yield slice(first_piece, first_piece + height), slice(first_term, first_term + width)


def _sum_terms(elasticity, revenue, cost, move, order):
    """Sum revenue (e + 1)^k exp(e u) and cost e^k exp(e u) over terms, for k up to the order."""
    orders = range(order + 1)
    of_revenue = [revenue * (elasticity + 1) ** k for k in orders]
    of_cost = [cost * elasticity**k for k in orders]
    weights = np.stack(of_revenue + of_cost, axis=-1)
    exponentials = np.exp(elasticity[:, None, :] * move[:, :, None])
    sums = np.moveaxis(exponentials @ weights, -1, 0)
    return sums.reshape(2, order + 1, *move.shape)


def _improve(best, peak, curve, move, profit):
    """Update the best move of each curve, in place."""
    node = profit.argmax(axis=1)[:, None]
    profit, move = (np.take_along_axis(values, node, axis=1)[:, 0] for values in (profit, move))
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
    low, high = _ends_around_the_peak(curves, pieces)
    move = (low + high) / 2
    for _ in range(_STEPS):
        revenue, cost = _derivatives(curves, pieces.curve, move[:, None], 2)
        slope, bend = (revenue - cost)[1:, :, 0]
        low, high = np.where(slope >= 0, move, low), np.where(slope <= 0, move, high)
        newton = move - slope / np.where(bend < 0, bend, -np.inf)
        inside = (low <= newton) & (newton <= high)
        step = np.where(inside, newton, (low + high) / 2) - move
        move = move + step
        if np.all(np.abs(step) < _STILL):
            break
    return move


def _ends_around_the_peak(curves, pieces):
    """Low and high of each concave piece; where it only rises or falls, its higher end twice."""
    ends = np.stack([pieces.low, pieces.high], axis=1)
    revenue, cost = _derivatives(curves, pieces.curve, ends, 1)
    at_low, at_high = (revenue[1] - cost[1]).T
    low = np.where(at_high >= 0, pieces.high, pieces.low)
    high = np.where(at_low <= 0, low, pieces.high)
    return low, high
