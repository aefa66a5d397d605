"""What prices earn, over the draws of a market; in blocks, so that memory stays small."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from elastic_tutorial.prices.market import Market

_BLOCK = 500_000  # numbers at a time: 4 MB an array, of which a block has three or so
_MOST_THREADS = 4  # a block at a time for each; beyond, they wait for memory


def profits(
    market: Market, price: np.ndarray, cost: np.ndarray, prob: float
) -> dict[str, np.ndarray]:
    """Moments, interval and comparison with today of the profit at prices (product, candidate)."""
    n_products, n_candidates = price.shape
    columns = np.empty((5, n_products, n_candidates))

    def fill(rows):
        columns[:, rows] = _profits(market, rows, price[rows], cost[rows], prob)

    in_blocks(fill, n_products, n_candidates * market.elasticity.shape[1])
    refuse_overflow(columns)
    names = ["mean", "sd", "lower", "upper", "prob_below_today"]
    return dict(zip(names, columns, strict=True))


def expected_demand(market: Market, price: np.ndarray) -> np.ndarray:
    """Units a period at prices (product, candidate), averaged over the draws."""
    n_products, n_candidates = price.shape
    demand = np.empty(price.shape)

    def fill(rows):
        log_ratio = np.log(price[rows] / market.current_price[rows, None])
        draws = np.exp(market.elasticity[rows, None] * log_ratio[:, :, None])
        # base demand in front, since today's price must give today's demand to the last digit
        demand[rows] = (market.base_demand[rows, None] * draws).mean(axis=2)

    in_blocks(fill, n_products, n_candidates * market.elasticity.shape[1])
    refuse_overflow(demand)
    return demand


@np.errstate(over="ignore", invalid="ignore")
def gains(market: Market, price: np.ndarray, cost: np.ndarray, prob: float) -> dict:
    """Profit at new prices against today's, for each product and for all together."""
    n_products, n_draws = market.elasticity.shape
    total = np.zeros(n_draws)
    columns = np.empty((5, n_products))
    for rows in _blocks(n_products, n_draws):
        base_demand, current = market.base_demand[rows], market.current_price[rows]
        demand = base_demand * (price[rows] / current)[:, None] ** market.elasticity[rows]
        profit = demand * (price - cost)[rows, None]
        gain = profit - base_demand * (current - cost[rows])[:, None]
        total += gain.sum(axis=0)
        columns[:, rows] = profit.mean(axis=1), *_summary(gain, prob)
    refuse_overflow(columns)
    names = ["gain", "gain_lower", "gain_upper", "prob_loss"]
    of_products = dict(zip(["expected_profit", *names], columns, strict=True))
    of_all = (float(number) for number in _summary(total, prob))
    return of_products | {f"total_{k}": number for k, number in zip(names, of_all, strict=True)}


def refuse_overflow(money: np.ndarray) -> None:
    """Raise where a sum of money has no finite number."""
    if not np.isfinite(money).all():
        raise ValueError("a price is so far from today's that profit overflows; keep nearer.")


def in_blocks(fill: Callable[[slice], None], n_rows: int, width: int) -> None:
    """Call ``fill`` with slices of rows that hold about a block of numbers, a few at a time."""
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        list(pool.map(fill, _blocks(n_rows, width)))


def central(values: np.ndarray, prob: float) -> list[np.ndarray]:
    """Return the ends of the central interval over the last axis; sorts the values in place.

    By hand, for ``np.quantile`` takes two to five times as long (measured; of 1,000 draws of 500
    products 5.6 ms against 1.0 ms).
    """
    values.sort(axis=-1)
    return [_quantile(values, q) for q in ((1 - prob) / 2, (1 + prob) / 2)]


@np.errstate(over="ignore", invalid="ignore")
def _profits(market, rows, price, cost, prob):
    """Mean, sd, lower, upper and probability of less than today, for a block of products."""
    current, base_demand = market.current_price[rows, None], market.base_demand[rows, None]
    demand = market.elasticity[rows, None] * np.log(price / current)[:, :, None]
    np.exp(demand, out=demand)
    demand *= base_demand
    margin, today = price - cost[:, None], current - cost[:, None]
    below = (demand * margin[:, :, None] < base_demand * today[:, :, None]).mean(axis=2)
    mean, sd = demand.mean(axis=2) * margin, demand.std(axis=2) * np.abs(margin)
    ends = [end * margin for end in central(demand, prob)]
    return mean, sd, np.minimum(*ends), np.maximum(*ends), below


def _summary(gain, prob):
    """Mean, central interval and probability of a loss; sorts the gains."""
    mean, loss = gain.mean(axis=-1), (gain < 0).mean(axis=-1)
    return mean, *central(gain, prob), loss


def _quantile(ordered, q):
    """Quantile over the sorted last axis, linear between neighbours."""
    last = ordered.shape[-1] - 1
    whole = int(q * last)
    part = q * last - whole
    return (1 - part) * ordered[..., whole] + part * ordered[..., min(whole + 1, last)]


def _blocks(n_rows, width):
    """Slices of rows that hold about a block of numbers."""
    step = max(1, _BLOCK // width)
    return [slice(first, first + step) for first in range(0, n_rows, step)]
