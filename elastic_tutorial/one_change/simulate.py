"""Daily sales around one price change whose truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from elastic_tutorial import validation as check

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_LARGEST_MEAN = 1e15  # units a day: counts around it stay below 2^53, where floats are exact


def simulate_price_change(
    rng: np.random.Generator,
    *,
    rate_before: float,
    rate_after: float,
    days_before: int,
    days_after: int,
    price_before: float = 10.0,
    price_after: float = 11.0,
    weekday_effects: ArrayLike | None = None,
    first_weekday: int = 0,
    dispersion: float = 0.0,
    autocorrelation: float = 0.0,
    stock: int | None = None,
) -> pd.DataFrame:
    """Daily sales of one product around one price change.

    Day t has the mean ``rate * weekday effect * shock``; the sales are Poisson given that mean.

    Parameters
    ----------
    rng : numpy.random.Generator
    rate_before, rate_after : float
        Mean units per day in each period, >= 0.
    days_before, days_after : int
        Whole days in each period, 1 or more.
    price_before, price_after : float
        Currency per unit, > 0.
    weekday_effects : array_like, shape (7,), optional
        Factors of the mean from Monday to Sunday, >= 0; used as given, not rescaled.
    first_weekday : int
        Weekday of the first day, 0 (Monday) to 6 (Sunday).
    dispersion : float
        phi >= 0: shocks are lognormal with mean 1 and variance phi, which gives the daily sales the
        variance mu + phi * mu^2.
    autocorrelation : float
        Correlation of the log shocks of consecutive days, between -1 and 1 exclusive.
    stock : int, optional
        Units available each day; demand beyond them is lost.

    Returns
    -------
    pandas.DataFrame, one row a day
        ``day`` (1, 2, ...), ``weekday`` (0 to 6), ``period`` ("before" or "after"), ``price``,
        ``mean`` (units per day given the shock) and ``units``.

    Raises
    ------
    TypeError
        If ``rng`` is not a Generator or an argument is not a number.
    ValueError
        If an argument is outside its range; the message names it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sales = simulate_price_change(
    ...     rng, rate_before=10, rate_after=7, days_before=40, days_after=40
    ... )
    >>> sales.groupby("period", sort=False)["mean"].mean().to_dict()
    {'before': 10.0, 'after': 7.0}
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator; got {rng!r}.")
    rates = [
        check.non_negative_number("rate_before", rate_before),
        check.non_negative_number("rate_after", rate_after),
    ]
    prices = [
        check.positive_number("price_before", price_before),
        check.positive_number("price_after", price_after),
    ]
    days = [
        _whole_days("days_before", days_before),
        _whole_days("days_after", days_after),
    ]
    n_days = sum(days)
    weekday = (_weekday(first_weekday) + np.arange(n_days)) % check.DAYS_OF_WEEK
    mean = np.repeat(rates, days) * check.weekday_effects(weekday_effects)[weekday]
    mean = mean * _shocks(rng, n_days, dispersion, autocorrelation)
    if mean.max() > _LARGEST_MEAN:
        raise ValueError(
            "rate_before, rate_after and the effects on them must give daily means of at most "
            f"{_LARGEST_MEAN:.0e}; got {mean.max():.3g}."
        )
    units = rng.poisson(mean)
    if stock is not None:
        units = np.minimum(units, check.whole_count("stock", stock))
    return pd.DataFrame(
        {
            "day": np.arange(1, n_days + 1),
            "weekday": weekday,
            "period": np.repeat(["before", "after"], days),
            "price": np.repeat(prices, days),
            "mean": mean,
            "units": units,
        }
    )


def _shocks(rng, n_days, dispersion, autocorrelation):
    """Stationary lognormal shocks of mean 1 and variance ``dispersion``, AR(1) in the logs."""
    log_variance = np.log1p(check.non_negative_number("dispersion", dispersion))
    correlation = check.finite_number("autocorrelation", autocorrelation)
    if not -1 < correlation < 1:
        raise ValueError(
            f"autocorrelation must lie strictly between -1 and 1; got {autocorrelation!r}."
        )
    if log_variance == 0:
        return np.ones(n_days)
    noise = rng.normal(size=n_days)
    noise[1:] *= np.sqrt(1 - correlation**2)
    for t in range(1, n_days):
        noise[t] += correlation * noise[t - 1]
    return np.exp(np.sqrt(log_variance) * noise - log_variance / 2)


def _whole_days(name, value):
    days = check.whole_count(name, value)
    if days == 0:
        raise ValueError(f"{name} must be 1 or more; got {value!r}.")
    return days


def _weekday(value):
    weekday = check.whole_count("first_weekday", value)
    if weekday > 6:
        raise ValueError(
            f"first_weekday must be a whole number from 0 (Monday) to 6; got {value!r}."
        )
    return weekday
