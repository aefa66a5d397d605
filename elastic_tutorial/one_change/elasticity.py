"""Closed-form elasticities of arrays of prices and quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial.validation import equal_shapes, first_bad, float_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def point_elasticity(price: ArrayLike, quantity: ArrayLike, slope: ArrayLike) -> np.ndarray:
    """Point price elasticity of demand: the slope of the demand curve, made unit-free.

    Parameters
    ----------
    price : array_like, shape (point,)
        Currency per unit, > 0.
    quantity : array_like, shape (point,)
        Units per period at that price, >= 0.
    slope : array_like, shape (point,)
        Derivative of quantity with respect to price, units per period per currency unit.

    Returns
    -------
    ndarray, shape (point,)
        Dimensionless, ``slope * price / quantity``. NaN where nothing sells.

    Raises
    ------
    ValueError
        If a price is not positive, a quantity is negative or the shapes differ.

    Examples
    --------
    A straight demand curve has a different elasticity at each of its points:

    >>> price = np.array([2.0, 5.0, 8.0])
    >>> point_elasticity(price, 100 - 10 * price, -10)
    array([-0.25, -1.  , -4.  ])
    """
    price = _prices("price", price)
    quantity = _quantities("quantity", quantity)
    slope = float_array("slope", slope)
    equal_shapes(price=price, quantity=quantity, slope=slope)
    return _ratio(slope * price, quantity)


def arc_elasticity(
    price_before: ArrayLike,
    price_after: ArrayLike,
    quantity_before: ArrayLike,
    quantity_after: ArrayLike,
) -> np.ndarray:
    """Arc (midpoint) price elasticity of demand.

    The change of the quantity relative to the mean of the two quantities, over the change of the
    price relative to the mean of the two prices.

    Parameters
    ----------
    price_before, price_after : array_like, shape (change,)
        Currency per unit, > 0.
    quantity_before, quantity_after : array_like, shape (change,)
        Units per period, >= 0. Periods of unequal length need rates (units per day), not totals.

    Returns
    -------
    ndarray, shape (change,)
        Dimensionless. NaN where the price did not move, nothing sold, or a quantity is NaN.

    Raises
    ------
    ValueError
        If a price is not positive, a quantity is negative or the shapes differ.

    References
    ----------
    Allen (1934), Review of Economic Studies 1(3).

    Examples
    --------
    >>> round(float(arc_elasticity(10, 12, 100, 80)), 3)
    -1.222
    """
    price_before = _prices("price_before", price_before)
    price_after = _prices("price_after", price_after)
    quantity_before = _quantities("quantity_before", quantity_before)
    quantity_after = _quantities("quantity_after", quantity_after)
    equal_shapes(
        price_before=price_before,
        price_after=price_after,
        quantity_before=quantity_before,
        quantity_after=quantity_after,
    )
    relative_quantity = _ratio(quantity_after - quantity_before, quantity_after + quantity_before)
    return _ratio(relative_quantity, _relative_price(price_before, price_after))


def arc_elasticity_from_ratio(
    price_before: ArrayLike, price_after: ArrayLike, rate_ratio: ArrayLike
) -> np.ndarray:
    r"""Arc elasticity of a rate ratio :math:`\alpha`, the sales rate after over the rate before.

    Equal to :math:`\tanh(\tfrac12\log\alpha) / \tanh(\tfrac12\log(P_2/P_1))`, hence never larger
    in modulus than ``(price_before + price_after) / abs(price_after - price_before)``.

    Parameters
    ----------
    price_before, price_after : array_like, shape (change,)
        Currency per unit, > 0.
    rate_ratio : array_like, shape (change,)
        Dimensionless, >= 0; infinity means that nothing sold before.

    Returns
    -------
    ndarray, shape (change,)
        Dimensionless. NaN where the price did not move or the ratio is NaN.

    Raises
    ------
    ValueError
        If a price is not positive, a ratio is negative or the shapes differ.

    Examples
    --------
    >>> round(float(arc_elasticity_from_ratio(10, 11, 0.7)), 3)
    -3.706
    """
    price_before = _prices("price_before", price_before)
    price_after = _prices("price_after", price_after)
    rate_ratio = float_array("rate_ratio", rate_ratio)
    first_bad("rate_ratio", rate_ratio, ~(rate_ratio < 0), "0 or more")
    equal_shapes(price_before=price_before, price_after=price_after, rate_ratio=rate_ratio)
    finite = np.where(np.isinf(rate_ratio), 1.0, rate_ratio)
    relative_rate = np.where(np.isinf(rate_ratio), 1.0, (finite - 1) / (finite + 1))
    return _ratio(relative_rate, _relative_price(price_before, price_after))


def quantity_after(
    price_before: ArrayLike,
    price_after: ArrayLike,
    quantity_before: ArrayLike,
    elasticity: ArrayLike,
) -> np.ndarray:
    """Quantity at the new price that a given arc elasticity implies.

    Parameters
    ----------
    price_before, price_after : array_like, shape (change,)
        Currency per unit, > 0.
    quantity_before : array_like, shape (change,)
        Units per period, >= 0.
    elasticity : array_like, shape (change,)
        Arc elasticity, dimensionless.

    Returns
    -------
    ndarray, shape (change,)
        Units per period. NaN where no quantity has that arc elasticity: its modulus would exceed
        ``(price_before + price_after) / abs(price_after - price_before)``.

    Raises
    ------
    ValueError
        If a price is not positive, a quantity is negative or the shapes differ.

    Examples
    --------
    >>> round(float(quantity_after(10, 12, 100, -1.2)), 1)
    80.3
    """
    price_before = _prices("price_before", price_before)
    price_after = _prices("price_after", price_after)
    quantity_before = _quantities("quantity_before", quantity_before)
    elasticity = float_array("elasticity", elasticity)
    equal_shapes(
        price_before=price_before,
        price_after=price_after,
        quantity_before=quantity_before,
        elasticity=elasticity,
    )
    elasticity = np.where(np.isfinite(elasticity), elasticity, np.nan)
    relative_quantity = elasticity * _relative_price(price_before, price_after)
    attainable = (relative_quantity >= -1) & (relative_quantity < 1)
    ratio = _ratio(1 + relative_quantity, 1 - relative_quantity)
    return np.where(attainable, quantity_before * ratio, np.nan)[()]


def _relative_price(price_before, price_after):
    """Half the midpoint-relative price change: (P2 - P1) / (P2 + P1)."""
    return (price_after - price_before) / (price_after + price_before)


def _ratio(numerator, denominator):
    """Quotient, NaN where the denominator is zero."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    out = np.full(denominator.shape, np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)[()]


def _prices(name, values):
    price = float_array(name, values)
    first_bad(name, price, (price > 0) & np.isfinite(price), "a finite number above 0")
    return price


def _quantities(name, values):
    quantity = float_array(name, values)
    first_bad(name, quantity, ~(quantity < 0) & ~np.isinf(quantity), "finite and 0 or more")
    return quantity
