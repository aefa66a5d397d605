"""The two searches behind ``days_needed``: for a width and for a power."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from scipy import special, stats

MOST_UNITS = 1e12  # expected before the change; whole numbers stay exact far beyond it
_MOST_DAYS = 1_000_000  # three thousand years: a plan that needs more is none
# Totals that enter the mean over the Poisson total. Beyond, every second, third, ... stands for its
# neighbours: a thousand over 16 standard deviations are 60 to each, and 250 in the place of all
# 1,000 move the probability by 6e-5.
_MOST_TOTALS = 1_000
_REACH = 8  # standard deviations of the total either side, and 10 units: 1e-15 lies beyond


def days_for_half_width(
    rate_before: float, ratio: float, price_step: float, half_width: float, prob: float
) -> int:
    """Smallest whole number of days whose interval, at the expected counts, is short enough."""

    def short_enough(days):
        units = rate_before * days
        return _half_width(units, ratio * units, price_step, prob) <= half_width

    return _first_day(short_enough, rate_before, f"half_width={half_width}")


def days_for_power(
    rate_before: float, ratio: float, null_ratio: float, prob: float, power: float
) -> int:
    """Smallest whole number of days whose interval leaves out ``null_ratio`` often enough."""

    def powerful_enough(days):
        units = rate_before * days
        return exclusion_probability(units, ratio, null_ratio, prob) >= power

    return _first_day(powerful_enough, rate_before, f"power={power}")


def exclusion_probability(
    units_before: float, ratio: float, null_ratio: float, prob: float
) -> float:
    """Probability that the exact interval of two equal periods leaves out ``null_ratio``.

    Given the total n the count after is Binomial(n, ratio / (1 + ratio)), and the interval leaves
    out the null ratio when a binomial tail at the null falls below (1 - prob) / 2. The mean over
    n ~ Poisson takes every n, or an even selection of them where there are very many.
    """
    tail = (1 - prob) / 2
    mean = units_before * (1 + ratio)
    reach = _REACH * np.sqrt(mean) + 10
    lowest, highest = max(0, int(mean - reach)), int(mean + reach) + 1
    totals = np.arange(lowest, highest + 1, 1 + (highest - lowest) // _MOST_TOTALS)
    weights = stats.poisson.pmf(totals, mean)
    share, null_share = ratio / (1 + ratio), null_ratio / (1 + null_ratio)
    above = stats.binom.sf(stats.binom.isf(tail, totals, null_share), totals, share)
    below = stats.binom.cdf(stats.binom.ppf(tail, totals, null_share) - 1, totals, share)
    return float(np.average(above + below, weights=weights))


def _half_width(units_before, units_after, price_step, prob):
    """Half the exact interval of the arc elasticity; fractional counts stand for expected ones."""
    tail = (1 - prob) / 2
    low = 2 * special.betaincinv(units_after, units_before + 1, tail) - 1
    high = 1 - 2 * special.betaincinv(units_before, units_after + 1, tail)
    return (high - low) / 2 / abs(price_step)


def _first_day(enough, rate_before, target):
    """First whole number of days that is enough while the day before it is not."""
    most = max(1, int(min(_MOST_DAYS, MOST_UNITS / rate_before)))
    high = 1
    while not enough(high):
        if high >= most:
            raise ValueError(
                f"{target} would take over {most:,} days: plan a larger price change, or ask for "
                "less."
            )
        high = min(2 * high, most)
    between = range(high // 2 + 1, high)  # half of it was not enough
    return high // 2 + 1 + bisect_left(between, True, key=enough)
