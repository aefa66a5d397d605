"""What prices earn, over the draws of a market; in blocks, so that memory stays small."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_BLOCK = 500_000  # of numbers at a time


def profits(place, price, cost, prob):
    """Moments, interval and comparison with today of the profit at prices (product, candidate)."""
    n_products, n_candidates = price.shape
    found = np.empty((5, n_products, n_candidates))

    def fill(rows):
        found[:, rows] = _profits(place, rows, price[rows], cost[rows], prob)

    in_blocks(fill, n_products, n_candidates * place.elasticity.shape[1])
    refuse_overflow(found)
    names = ["mean", "sd", "lower", "upper", "prob_below_today"]
    return dict(zip(names, found, strict=True))


@np.errstate(over="ignore", invalid="ignore")
def gains(place, price, cost, prob):
    """Profit at new prices against today's, for each product and for all together."""
    n_products, n_draws = place.elasticity.shape
    total = np.zeros(n_draws)
    found = np.empty((5, n_products))
    for rows in _blocks(n_products, n_draws):
        base, ratio = place.base[rows], (price / place.current)[rows, None]
        profit = base * ratio ** place.elasticity[rows] * (price - cost)[rows, None]
        gain = profit - base * (place.current - cost)[rows, None]
        total += gain.sum(axis=0)
        found[:, rows] = profit.mean(axis=1), *_summary(gain, prob)
    refuse_overflow(found)
    names = ["gain", "gain_lower", "gain_upper", "prob_loss"]
    columns = dict(zip(["expected_profit", *names], found, strict=True))
    totals = (float(each) for each in _summary(total, prob))
    return columns | {f"total_{name}": each for name, each in zip(names, totals, strict=True)}


def refuse_overflow(found):
    """Raise where a profit has no finite number."""
    if not np.isfinite(found).all():
        raise ValueError("a price is so far from today's that profit overflows; keep nearer.")


def in_blocks(fill, n_rows, width):
    """Call ``fill`` with slices of rows that hold about a block of numbers, a few at a time."""
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(fill, _blocks(n_rows, width)))


def central(values, prob):
    """Return the ends of the central interval over the last axis; sorts the values in place."""
    values.sort(axis=-1)
    return [_quantile(values, q) for q in ((1 - prob) / 2, (1 + prob) / 2)]


@np.errstate(over="ignore", invalid="ignore")
def _profits(place, rows, price, cost, prob):
    """Mean, sd, lower, upper and probability of less than today, for a block of products."""
    current, base = place.current[rows, None], place.base[rows, None]
    demand = place.elasticity[rows, None] * np.log(price / current)[:, :, None]
    np.exp(demand, out=demand)
    demand *= base
    margin, today = price - cost[:, None], current - cost[:, None]
    below = (demand * margin[:, :, None] < base * today[:, :, None]).mean(axis=2)
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
    return [slice(top, top + step) for top in range(0, n_rows, step)]
