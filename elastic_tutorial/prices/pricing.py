"""From a posterior to prices, under a stated objective and within stated bounds.

A product that sells ``base_demand`` units a period at today's price sells ``base_demand * (price /
today's)^elasticity`` at another. Sums of money are per period, and averages over draws: the chance
of a period's sales is not in them, what is not known of demand is.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.prices.best_move import best_moves
from elastic_tutorial.prices.market import market_of, positive_per_product, refuse_product
from elastic_tutorial.prices.profit import gains, profits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from elastic_tutorial.panels.panel import Panel

MOVES = ("store", "category", "product")  # whose prices move together, by one factor


class ExtrapolationWarning(UserWarning):
    """Prices far from those that were observed; the message says how far, and where."""


def expected_revenue(
    posterior: xr.DataTree,
    price: ArrayLike,
    *,
    panel: Panel | None = None,
    current_price: ArrayLike | None = None,
    base_demand: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
    prob: float = 0.9,
    reach: float = 1.25,
) -> xr.Dataset:
    """Revenue a period at given prices, over the draws of a posterior.

    Parameters
    ----------
    posterior, price, panel, current_price, base_demand, covariates, prob, reach
        As in ``expected_profit``.

    Returns
    -------
    xarray.Dataset over product, or product and candidate
        As from ``expected_profit``, without ``prob_loss``.

    Examples
    --------
    >>> posterior = xr.DataTree.from_dict({"posterior": xr.Dataset(
    ...     {"elasticity": (("chain", "draw", "product"), [[[-2.0], [-2.0]]])},
    ...     coords={"product": ["tea"]},
    ... )})
    >>> today = {"current_price": 4.0, "base_demand": 100.0}
    >>> expected_revenue(posterior, 5.0, **today)["mean"].round(6).values
    array([320.])
    """
    market = market_of(
        posterior,
        panel=panel,
        current_price=current_price,
        base_demand=base_demand,
        covariates=covariates,
    )
    no_cost = np.zeros(len(market.products))
    return _outcomes(market, price, no_cost, prob, reach).drop_vars("prob_loss")


def expected_profit(
    posterior: xr.DataTree,
    price: ArrayLike,
    *,
    unit_cost: ArrayLike,
    panel: Panel | None = None,
    current_price: ArrayLike | None = None,
    base_demand: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
    prob: float = 0.9,
    reach: float = 1.25,
) -> xr.Dataset:
    """Profit a period at given prices, over the draws of a posterior.

    Parameters
    ----------
    posterior : xarray.DataTree
        From any ``fit_*``.
    price : array_like
        Currency per unit, above 0: one number; one for each product; or candidates, shape
        (product, candidate), or (1, candidate) for all products.
    unit_cost : array_like
        Currency per unit, above 0: one number or one for each product.
    panel : Panel, optional
        The panel that was fitted, or a selection from it, whose products are then priced: gives
        today's prices (the last observed) and the range that was observed.
    current_price : array_like, optional
        Today's price, one number or one for each product; needed without a panel, and then the
        only price that counts as observed.
    base_demand : array_like, optional
        Units a period at today's price: one number, one for each product, or draws with the
        product as last dimension. By default those of the posterior, at the last observed price.
    covariates : mapping from name to array_like, optional
        Value of each covariate of the fit at which sums of money are reckoned, one number or one
        for each product, such as ``{"promotion": 0}``. By default those that the panel observed
        last; what is stated here takes their place.
    prob : float
        Probability of the central interval.
    reach : float, 1 or more
        A price further than this factor outside the observed range gives a warning; ``np.inf``
        for none.

    Returns
    -------
    xarray.Dataset over product, or product and candidate
        ``price``; ``mean``, ``sd``, ``lower`` and ``upper`` of the profit a period; ``prob_loss``,
        of a profit below 0, and ``prob_below_today``, of a profit below that at today's price.
        Arrays other than labelled ones are in the order of the products of the panel, else of the
        posterior.

    Raises
    ------
    ValueError
        If a number is missing, not finite or not above 0, or base demand is unknown for a product;
        the message names the first and says what to do.

    Warns
    -----
    ExtrapolationWarning
        If a price is far from those observed.

    Examples
    --------
    >>> posterior = xr.DataTree.from_dict({"posterior": xr.Dataset(
    ...     {"elasticity": (("chain", "draw", "product"), [[[-2.0], [-2.0]]])},
    ...     coords={"product": ["tea"]},
    ... )})
    >>> today = {"current_price": 4.0, "base_demand": 100.0}
    >>> expected_profit(posterior, 5.0, unit_cost=2.5, **today)["mean"].round(6).values
    array([160.])
    """
    market = market_of(
        posterior,
        panel=panel,
        current_price=current_price,
        base_demand=base_demand,
        covariates=covariates,
    )
    cost = positive_per_product("unit_cost", unit_cost, market.products)
    return _outcomes(market, price, cost, prob, reach)


def best_price(
    posterior: xr.DataTree,
    *,
    unit_cost: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    level: str = "product",
    panel: Panel | None = None,
    current_price: ArrayLike | None = None,
    base_demand: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
    prob: float = 0.9,
    reach: float = 1.25,
) -> xr.Dataset:
    """Prices within bounds at which expected profit is highest.

    Under constant elasticity profit falls at high prices only if the elasticity is below -1. Where
    draws are above it, expected profit rises without end as prices do, so that a best price exists
    within bounds only; ``at_bound`` says where a bound decided. Where the cost is above the bounds
    every price loses: the least loss is returned, and ``expected_profit`` is below 0.

    Parameters
    ----------
    posterior, unit_cost
        As in ``expected_profit``.
    lower, upper : array_like
        Bounds of the new price, currency per unit: one number or one for each product.
    level : {"product", "category", "store"}
        One price for each product, or one move (price over today's price) for all products of a
        category, or of the store, that keeps each within its bounds. "category" needs a panel.
    panel, current_price, base_demand, covariates, prob, reach
        As in ``expected_profit``; the warning is about the bounds.

    Returns
    -------
    xarray.Dataset over product
        ``price`` and ``current_price``; ``price_lower`` and ``price_upper``, central interval of
        the price that would be best if the draw were the truth (a bound where that has none
        inside); ``expected_profit``; ``gain`` over today's profit with ``gain_lower`` and
        ``gain_upper``, ``prob_loss``, of a gain below 0; ``prob_inelastic``, of an elasticity
        above -1; ``at_bound``, "lower", "upper" or "". Without a dimension: ``total_gain``,
        ``total_gain_lower``, ``total_gain_upper`` and ``total_prob_loss`` of all products
        together. ``prob`` and ``level`` are attributes.

    Raises
    ------
    ValueError
        As ``expected_profit``; or if a lower bound is not below the upper one, or no common move
        keeps all products within their bounds.

    Warns
    -----
    ExtrapolationWarning
        If a bound is far from the prices observed.

    Examples
    --------
    >>> posterior = xr.DataTree.from_dict({"posterior": xr.Dataset(
    ...     {"elasticity": (("chain", "draw", "product"), [[[-2.0], [-2.0]]])},
    ...     coords={"product": ["tea"]},
    ... )})
    >>> today = {"current_price": 4.0, "base_demand": 100.0, "reach": 2}
    >>> best = best_price(posterior, unit_cost=2.5, lower=3, upper=6, **today)
    >>> best["price"].round(6).item(), best["at_bound"].item()
    (5.0, '')
    """
    check.probability("prob", prob)
    if level not in MOVES:
        raise ValueError(f"level must be one of {', '.join(MOVES)}; got {level!r}.")
    market = market_of(
        posterior,
        panel=panel,
        current_price=current_price,
        base_demand=base_demand,
        covariates=covariates,
    )
    cost = positive_per_product("unit_cost", unit_cost, market.products)
    lower = positive_per_product("lower", lower, market.products)
    upper = positive_per_product("upper", upper, market.products)
    refuse_product("lower", lower, lower < upper, market.products, "must be below upper")
    _warn_far(market, lower, upper, reach, stacklevel=3)
    columns = best_moves(market, cost, lower, upper, level, prob)
    columns |= gains(market, columns["price"], cost, prob)
    columns["current_price"] = market.current_price
    columns["prob_inelastic"] = (market.elasticity > -1).mean(axis=1)
    table = {name: ("product" if np.ndim(v) else (), v) for name, v in columns.items()}
    return xr.Dataset(table, {"product": market.products}, {"prob": prob, "level": level})


def _outcomes(market, price, cost, prob, reach):
    """Moments, interval and probabilities of the profit at each price."""
    check.probability("prob", prob)
    price, dims = _candidates(price, market.products)
    _warn_far(market, price.min(axis=1), price.max(axis=1), reach, stacklevel=4)
    columns = {"price": price} | profits(market, price, cost, prob)
    columns["prob_loss"] = (price < cost[:, None]).astype(float)
    shape = price.shape[: len(dims)]
    table = {name: (dims, values.reshape(shape)) for name, values in columns.items()}
    return xr.Dataset(table, {"product": market.products}, {"prob": prob})


def _candidates(price, products):
    """Prices as (product, candidate), and the dims of the answer."""
    if np.ndim(price) < 2:
        return positive_per_product("price", price, products)[:, None], ("product",)
    grid = check.float_array("price", price)
    if grid.ndim > 2 or len(grid) not in (1, len(products)) or not grid.size:
        raise ValueError(
            "price must be one number, one for each product, or have shape (product, candidate) "
            f"with {len(products)} products or (1, candidate); got shape {grid.shape}."
        )
    grid = np.broadcast_to(grid, (len(products), grid.shape[1]))
    good = np.isfinite(grid) & (grid > 0)
    worst = np.take_along_axis(grid, good.argmin(axis=1)[:, None], axis=1)[:, 0]
    refuse_product("price", worst, good.all(axis=1), products, "must be a finite number above 0")
    return grid, ("product", "candidate")


def _warn_far(market, low, high, reach, stacklevel):
    """Warn where prices leave the observed range by more than a factor."""
    if not check.real_number("reach", reach) >= 1:
        raise ValueError(f"reach must be 1 or more; got {reach!r}.")
    beyond = np.maximum(high / market.highest_price, market.lowest_price / low)
    far = np.flatnonzero(beyond > reach)
    if len(far):
        worst = beyond.argmax()
        warnings.warn(
            f"{len(far)} of {len(beyond)} products are priced more than a factor of {reach:g} "
            f"outside the prices they were observed at, {check.quoted(market.products[worst])} by "
            f"{beyond[worst]:.2f}: nothing there was seen, the curve is assumed. Keep prices "
            "nearer, or set reach= if this is meant.",
            ExtrapolationWarning,
            stacklevel=stacklevel,
        )
