"""One product, one price change: two Poisson counts and what they say of the rate ratio.

Throughout, X1 ~ Poisson(N1 * lambda) counts the sales of the days before the change and
X2 ~ Poisson(N2 * alpha * lambda) those of the days after it: lambda is the rate before in units
per day and alpha the ratio of the rate after to the rate before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial import validation as check
from elastic_tutorial.one_change.log_poisson import log_poisson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class PriceChange:
    """Sales of one product before and after one change of its price.

    Parameters
    ----------
    price_before, price_after : float
        Currency per unit, > 0. Equal prices are allowed (a placebo); the arc functions refuse them.
    units_before, units_after : int
        Units sold in the whole of each period, 0 or more.
    days_before, days_after : float
        Length of each period in days, > 0; fractions are allowed.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is outside its range; the message names it.

    Examples
    --------
    >>> change = PriceChange(10, 11, 400, 280, days_before=40, days_after=40)
    >>> change.rate_before, change.rate_after
    (10.0, 7.0)
    """

    price_before: float
    price_after: float
    units_before: int
    units_after: int
    days_before: float
    days_after: float

    def __post_init__(self):
        for name in ("price_before", "price_after", "days_before", "days_after"):
            object.__setattr__(self, name, check.positive_number(name, getattr(self, name)))
        for name in ("units_before", "units_after"):
            object.__setattr__(self, name, check.whole_count(name, getattr(self, name)))

    @property
    def rate_before(self) -> float:
        """Units per day before the change."""
        return self.units_before / self.days_before

    @property
    def rate_after(self) -> float:
        """Units per day after the change."""
        return self.units_after / self.days_after


def joint_log_likelihood(
    rate_before: ArrayLike, rate_ratio: ArrayLike, change: PriceChange
) -> np.ndarray:
    """Log probability of both counts given the rate before and the rate ratio.

    Parameters
    ----------
    rate_before : array_like
        Units per day before the change, >= 0.
    rate_ratio : array_like
        Rate after over rate before, >= 0; broadcast against ``rate_before``.
    change : PriceChange

    Returns
    -------
    ndarray, the broadcast shape
        ``log Pr(X1 = units_before) + log Pr(X2 = units_after)``, accurate to rounding for counts
        up to 10^9; minus infinity where the counts are impossible.

    Raises
    ------
    ValueError
        If a rate or a ratio is negative or not finite, or their shapes do not broadcast.

    Examples
    --------
    >>> change = PriceChange(10, 11, 7, 3, days_before=1, days_after=1)
    >>> round(float(joint_log_likelihood(7.0, 0.5, change)), 3)
    -3.437
    """
    check.instance("change", change, PriceChange)
    rate_before = _non_negative("rate_before", rate_before)
    rate_ratio = _non_negative("rate_ratio", rate_ratio)
    check.broadcastable(rate_before=rate_before, rate_ratio=rate_ratio)
    before = log_poisson(change.units_before, change.days_before * rate_before)
    return before + log_poisson(change.units_after, change.days_after * rate_ratio * rate_before)


def conditional_log_likelihood(rate_ratio: ArrayLike, change: PriceChange) -> np.ndarray:
    """Log probability of the split of the total into before and after: binomial, free of the rate.

    Parameters
    ----------
    rate_ratio : array_like
        Rate after over rate before, >= 0.
    change : PriceChange

    Returns
    -------
    ndarray, shape of ``rate_ratio``

    Raises
    ------
    ValueError
        If a ratio is negative or not finite.

    Examples
    --------
    >>> change = PriceChange(10, 11, 7, 3, days_before=1, days_after=1)
    >>> round(float(np.exp(conditional_log_likelihood(1.0, change))), 4)  # 120 / 1024
    0.1172
    """
    check.instance("change", change, PriceChange)
    units = change.units_before + change.units_after
    # Poisson(k1) * Poisson(k2) = Poisson(k1 + k2) * Binomial(k2), at any mean of the total.
    return profile_log_likelihood(rate_ratio, change) - log_poisson(units, units)


def profile_log_likelihood(rate_ratio: ArrayLike, change: PriceChange) -> np.ndarray:
    """Joint log likelihood at the best rate for each ratio, ``(X1 + X2) / (N1 + alpha N2)``.

    Parameters
    ----------
    rate_ratio : array_like
        Rate after over rate before, >= 0.
    change : PriceChange

    Returns
    -------
    ndarray, shape of ``rate_ratio``

    Raises
    ------
    ValueError
        If a ratio is negative or not finite.

    Examples
    --------
    >>> change = PriceChange(10, 11, 7, 3, days_before=1, days_after=1)
    >>> round(float(profile_log_likelihood(3 / 7, change)), 3)
    -3.4
    """
    check.instance("change", change, PriceChange)
    rate_ratio = _non_negative("rate_ratio", rate_ratio)
    exposure = change.days_before + rate_ratio * change.days_after
    best_rate = (change.units_before + change.units_after) / exposure
    return joint_log_likelihood(best_rate, rate_ratio, change)


def marginal_log_likelihood(
    rate_ratio: ArrayLike, change: PriceChange, *, shape: float, rate: float
) -> np.ndarray:
    r"""Log probability of both counts with the rate before integrated out.

    Parameters
    ----------
    rate_ratio : array_like
        Rate after over rate before, >= 0.
    change : PriceChange
    shape, rate : float
        Gamma prior of the rate before: ``shape`` dimensionless, ``rate`` in days. ``rate=0`` is the
        improper prior :math:`\lambda^{shape-1}`; the result then is a likelihood up to a constant
        that does not depend on ``rate_ratio``.

    Returns
    -------
    ndarray, shape of ``rate_ratio``

    Raises
    ------
    ValueError
        If a ratio is negative, the prior is not a Gamma or its limit, or nothing was sold and the
        integral against the improper prior diverges.

    Examples
    --------
    >>> change = PriceChange(10, 11, 10, 7, days_before=1, days_after=1)
    >>> round(float(marginal_log_likelihood(0.7, change, shape=2, rate=1)), 4)
    -8.6026
    """
    check.instance("change", change, PriceChange)
    rate_ratio = _non_negative("rate_ratio", rate_ratio)
    shape, rate = check.gamma_prior(shape, rate)
    units = change.units_before + change.units_after
    exposure = change.days_before + rate_ratio * change.days_after
    split = conditional_log_likelihood(rate_ratio, change)
    if rate > 0:
        return split + _log_negative_binomial(units, exposure, shape, rate)
    if units + shape == 0:
        raise ValueError(
            "units_before and units_after are both 0: with shape=0 and rate=0 the integral over "
            "the rate before diverges; give a prior with shape > 0."
        )
    return split - shape * np.log(exposure)


def _non_negative(name, values):
    values = check.float_array(name, values)
    allowed = "a finite number, 0 or more"
    check.first_bad(name, values, (values >= 0) & np.isfinite(values), allowed)
    return values


def _log_negative_binomial(count, exposure, shape, rate):
    """Log probability of a Poisson count whose rate is Gamma; built of Poisson terms, as in R."""
    total = shape + count
    first = log_poisson(shape, total * rate / (rate + exposure))
    second = log_poisson(count, total * exposure / (rate + exposure))
    return np.log(shape / total) + first + second - log_poisson(total, total)
