"""The rate ratio of one price change: interval, posterior, and the days it takes to learn it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

from elastic_tutorial import validation as check
from elastic_tutorial.one_change.arc_distribution import arc_elasticity_distribution
from elastic_tutorial.one_change.days import MOST_UNITS, days_for_half_width, days_for_power
from elastic_tutorial.one_change.price_change import PriceChange

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen


def rate_ratio_interval(change: PriceChange, *, prob: float) -> tuple[float, float]:
    """Exact (Clopper-Pearson) confidence interval of the rate ratio, after over before.

    Parameters
    ----------
    change : PriceChange
    prob : float
        Coverage, strictly between 0 and 1; each tail has at most ``(1 - prob) / 2``.

    Returns
    -------
    lower, upper : float
        ``lower`` is 0 when nothing sold after, ``upper`` infinite when nothing sold before.

    Raises
    ------
    ValueError
        If ``prob`` is not a probability.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26(4), 404-413.

    Examples
    --------
    >>> from elastic_tutorial import PriceChange
    >>> change = PriceChange(10, 11, 400, 280, days_before=40, days_after=40)
    >>> lower, upper = rate_ratio_interval(change, prob=0.95)
    >>> round(lower, 3), round(upper, 3)
    (0.599, 0.818)
    """
    check.instance("change", change, PriceChange)
    tail = (1 - check.probability("prob", prob)) / 2
    before, after = change.units_before, change.units_after
    factor = change.days_before / change.days_after
    lower = _odds_quantile(after, before + 1, tail) if after else 0.0
    upper = 1 / _odds_quantile(before, after + 1, tail) if before else np.inf
    return float(factor * lower), float(factor * upper)


def rate_ratio_posterior(
    change: PriceChange, *, shape: float = 0.5, rate: float = 0.0
) -> rv_frozen:
    """Posterior of the rate ratio when both rates have the same independent Gamma prior.

    Parameters
    ----------
    change : PriceChange
    shape, rate : float
        Gamma prior of each rate: ``shape`` dimensionless, ``rate`` in days. The default is
        Jeffreys' prior; ``shape=1, rate=0`` is flat.

    Returns
    -------
    scipy.stats frozen distribution
        A scaled beta-prime law on (0, inf).

    Raises
    ------
    ValueError
        If the prior is not a Gamma or its limit, or is improper and leaves the posterior improper
        because a count is 0.

    Examples
    --------
    >>> from elastic_tutorial import PriceChange
    >>> change = PriceChange(10, 11, 400, 280, days_before=40, days_after=40)
    >>> posterior = rate_ratio_posterior(change)
    >>> round(float(posterior.median()), 4), round(float(posterior.cdf(1)), 6)
    (0.7001, 0.999998)
    """
    check.instance("change", change, PriceChange)
    after, before, factor = _posterior_parameters(change, shape, rate)
    return stats.betaprime(after, before, scale=factor)


def arc_elasticity_posterior(
    change: PriceChange, *, shape: float = 0.5, rate: float = 0.0
) -> rv_frozen:
    """Posterior of the arc elasticity when both rates have the same independent Gamma prior.

    Parameters
    ----------
    change : PriceChange
        With two different prices.
    shape, rate : float
        Gamma prior of each rate, as in ``rate_ratio_posterior``.

    Returns
    -------
    scipy.stats frozen distribution
        The law of the arc elasticity, on the interval that this price change allows.

    Raises
    ------
    ValueError
        If the prices are equal, or as in ``rate_ratio_posterior``.

    Examples
    --------
    >>> from elastic_tutorial import PriceChange
    >>> change = PriceChange(10, 11, 400, 280, days_before=40, days_after=40)
    >>> arc_elasticity_posterior(change).ppf([0.025, 0.5, 0.975]).round(2)
    array([-5.24, -3.7 , -2.14])
    """
    check.instance("change", change, PriceChange)
    price_step = _relative_price_step(change.price_before, change.price_after)
    after, before, factor = _posterior_parameters(change, shape, rate)
    return arc_elasticity_distribution(after, before, factor, price_step)


def days_needed(
    rate_before: float,
    price_before: float,
    price_after: float,
    *,
    elasticity: float,
    half_width: float | None = None,
    exclude: float | None = None,
    prob: float = 0.95,
    power: float = 0.8,
) -> int:
    """Days that each period must last for a planned price change to teach what is asked of it.

    Give either ``half_width`` or ``exclude``. Both use the exact interval of
    ``rate_ratio_interval``, carried over to the arc elasticity, and two periods of equal length.

    Parameters
    ----------
    rate_before : float
        Expected units per day before the change, > 0 and at most 10^12.
    price_before, price_after : float
        Currency per unit, > 0, different.
    elasticity : float
        The arc elasticity to plan for.
    half_width : float, optional
        Half the length that the interval should have when the counts are as expected.
    exclude : float, optional
        An arc elasticity that the interval should leave out, with probability ``power``.
    prob : float
        Coverage of the interval.
    power : float
        Used with ``exclude`` only.

    Returns
    -------
    int
        Whole days, 1 or more, for each of the two periods. One day less would miss the target.

    Raises
    ------
    ValueError
        If an argument is outside its range, the prices are equal, an elasticity is out of reach of
        this price change, ``exclude`` equals ``elasticity``, or over a million days or 10^12 units
        are needed.

    Examples
    --------
    >>> days_needed(10, 10, 11, elasticity=-2.5, exclude=-1)
    88
    >>> days_needed(10, 10, 11, elasticity=-2.5, half_width=1)
    96
    """
    rate_before = check.positive_number("rate_before", rate_before)
    if rate_before > MOST_UNITS:
        raise ValueError(f"rate_before must be at most {MOST_UNITS:.0e}; got {rate_before!r}.")
    price_before = check.positive_number("price_before", price_before)
    price_after = check.positive_number("price_after", price_after)
    price_step = _relative_price_step(price_before, price_after)
    prob = check.probability("prob", prob)
    ratio = _ratio_of_arc("elasticity", elasticity, price_step)
    if (half_width is None) == (exclude is None):
        raise ValueError(
            f"give exactly one of half_width and exclude; got half_width={half_width!r} and "
            f"exclude={exclude!r}."
        )
    if half_width is not None:
        half_width = check.positive_number("half_width", half_width)
        return days_for_half_width(rate_before, ratio, price_step, half_width, prob)
    power = check.probability("power", power)
    null_ratio = _ratio_of_arc("exclude", exclude, price_step)
    if null_ratio == ratio:
        raise ValueError(
            f"exclude must differ from elasticity, the value planned for; got {exclude!r} for both."
        )
    return days_for_power(rate_before, ratio, null_ratio, prob, power)


def _posterior_parameters(change, shape, rate):
    """Shapes after and before and the factor of the scaled beta-prime posterior of the ratio."""
    shape, rate = check.gamma_prior(shape, rate)
    for name in ("units_before", "units_after"):
        if shape + getattr(change, name) == 0:
            raise ValueError(
                f"{name} is 0: with shape=0 the posterior is improper; give a shape above 0."
            )
    factor = (rate + change.days_before) / (rate + change.days_after)
    return shape + change.units_after, shape + change.units_before, factor


def _odds_quantile(first, second, tail):
    """Quantile of BetaPrime(first, second) at lower-tail probability ``tail``."""
    return special.betaincinv(first, second, tail) / special.betainccinv(second, first, tail)


def _relative_price_step(price_before, price_after):
    """(P2 - P1) / (P2 + P1), refused when it is zero."""
    if price_before == price_after:
        raise ValueError(
            f"price_after must differ from price_before, {price_before}: without a price change "
            "there is no arc elasticity."
        )
    return (price_after - price_before) / (price_after + price_before)


def _ratio_of_arc(name, elasticity, price_step):
    """Rate ratio of an arc elasticity, refused where the price change cannot reach it."""
    relative = check.finite_number(name, elasticity) * price_step
    if not abs(relative) < 1:
        bound = 1 / abs(price_step)
        raise ValueError(
            f"{name} must lie strictly between {-bound:.6g} and {bound:.6g}, the arc elasticities "
            f"that this price change can show; got {elasticity!r}."
        )
    return (1 + relative) / (1 - relative)
