"""A simulated store, whose every elasticity is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.panels.panel import Panel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_RULES = {
    "global_elasticity": check.finite_number,
    "category_scale": check.non_negative_number,
    "elasticity_scale": check.non_negative_number,
    "elasticity_bounds": check.real_number,
    "base_demand": check.non_negative_number,
    "product_spread": check.non_negative_number,
    "trend": check.finite_number,
    "volatility": check.non_negative_number,
    "lowest_path": check.non_negative_number,
    "period_noise": check.share,
    "initial_price": check.positive_number,
    "price_step": check.share,
    "promotion_discount": check.share,
    "promotion_lift": check.finite_number,
    "level_on_demand": check.finite_number,
    "change_on_demand": check.finite_number,
}


class Store(NamedTuple):
    """What ``simulate_store`` returns: what the analyst sees, and what is true.

    Parameters
    ----------
    panel : Panel
    truth : xarray.Dataset
        ``elasticity`` and ``base_demand`` (product), ``category_elasticity`` (category) and
        ``global_elasticity``.

    Examples
    --------
    >>> size = {"n_products": 50, "n_categories": 3, "n_periods": 20}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> panel, truth = store
    >>> dict(truth.sizes)
    {'product': 50, 'category': 3}
    """

    panel: Panel
    truth: xr.Dataset


def simulate_store(
    rng: np.random.Generator,
    *,
    n_products: int,
    n_categories: int,
    n_periods: int,
    price_change_prob: float,
    global_elasticity: float = -2.0,
    category_scale: float = 0.5,
    elasticity_scale: float = 0.3,
    elasticity_bounds: tuple[float, float] = (-5.0, -0.1),
    base_demand: tuple[float, float] = (1_000.0, 10_000.0),
    product_spread: float = 0.5,
    trend: tuple[float, float] = (-0.01, 0.01),
    volatility: tuple[float, float] = (0.01, 0.05),
    lowest_path: float = 0.1,
    period_noise: float = 0.05,
    initial_price: tuple[float, float] = (10.0, 1_000.0),
    price_step: float = 0.1,
    price_decimals: int = 2,
    fixed_price_share: float = 0.0,
    late_share: float = 0.0,
    weekday_effects: ArrayLike | None = None,
    promotion_prob: float = 0.0,
    promotion_discount: float = 0.2,
    promotion_lift: float = 0.5,
    level_on_demand: float = 0.0,
    change_on_demand: float = 0.0,
) -> Store:
    """Sales of a whole store whose every elasticity is known.

    Product i of category c sells Poisson(base demand of c * multiplier of i * path of c at t *
    noise of i at t * price^elasticity of i) units in period t, at the rounded price that customers
    see. The options from ``fixed_price_share`` on are off by default.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_products, n_categories, n_periods : int
        1 or more. Products fall into categories at random; one may stay empty.
    price_change_prob : float
        Probability, 0 to 1, that a product's price changes from one period to the next.
    global_elasticity, category_scale, elasticity_scale : float
        Category elasticities are Normal(global, category scale), product elasticities
        Normal(category, elasticity scale).
    elasticity_bounds : pair of float
        Both are clipped to it.
    base_demand : pair of float
        Units a period at a price of 1; uniform over categories.
    product_spread : float
        Standard deviation of the log multiplier of a product.
    trend, volatility : pair of float
        Each category's drift and standard deviation a period, uniform in these ranges; its demand
        path starts at 1 and adds up the steps.
    lowest_path : float
        Floor of the path.
    period_noise : float
        Each cell is multiplied by a uniform factor within 1 plus or minus this.
    initial_price : pair of float
        Currency per unit, uniform over products.
    price_step : float
        A change multiplies the price by a uniform factor within 1 plus or minus this.
    price_decimals : int
        Decimals of the price on the label.
    fixed_price_share, late_share : float
        Share of products whose price never moves; that start late, at a random period.
    weekday_effects : array_like, shape (7,), optional
        Factors of demand, when periods are days.
    promotion_prob, promotion_discount, promotion_lift : float
        Probability of a promotion in a cell, the share by which it lowers the price, and the
        increase of log demand beyond that. With a probability above 0 the panel has the covariate
        ``promotion``.
    level_on_demand, change_on_demand : float
        Exponents: prices are multiplied by (multiplier of the product)^level_on_demand and by
        (path * noise)^change_on_demand, as when they are set knowing demand.

    Returns
    -------
    Store
        ``panel`` (a Panel) and ``truth``, an xarray Dataset with ``elasticity`` (product),
        ``category_elasticity`` (category), ``global_elasticity``, and ``base_demand`` (product),
        the units a period at a price of 1 and a path of 1.

    Raises
    ------
    TypeError
        If ``rng`` is not a Generator.
    ValueError
        If a count is not whole or a share is outside 0 to 1; the message names the argument.

    Examples
    --------
    >>> size = {"n_products": 50, "n_categories": 3, "n_periods": 20}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> store.panel.units.shape
    (50, 20)
    """
    n_products, n_periods = shape = _shape(rng, n_products, n_categories, n_periods)
    n_categories = int(n_categories)
    _check_constants(**{name: value for name, value in locals().items() if name in _RULES})
    category = rng.integers(n_categories, size=n_products)
    of_category = rng.normal(global_elasticity, category_scale, n_categories)
    of_category = of_category.clip(*elasticity_bounds)
    elasticity = rng.normal(of_category[category], elasticity_scale).clip(*elasticity_bounds)
    multiplier = rng.lognormal(0, product_spread, n_products)
    base = rng.uniform(*base_demand, n_categories)[category] * multiplier

    path = _paths(rng, n_categories, n_periods, trend, volatility, lowest_path)
    if weekday_effects is not None:
        weekday = np.arange(n_periods) % check.DAYS_OF_WEEK
        path = path * check.weekday_effects(weekday_effects)[weekday]
    surge = path[category] * rng.uniform(1 - period_noise, 1 + period_noise, shape)
    price_change_prob = check.share("price_change_prob", price_change_prob)
    price = _prices(rng, shape, initial_price, price_step, price_change_prob)
    fixed = rng.random(n_products) < check.share("fixed_price_share", fixed_price_share)
    price[fixed] = price[fixed, :1]
    price *= multiplier[:, None] ** level_on_demand * surge**change_on_demand
    promotion = rng.random(shape) < check.share("promotion_prob", promotion_prob)
    price = np.where(promotion, 1 - promotion_discount, 1) * price
    price = np.maximum(np.round(price, price_decimals), 10.0**-price_decimals)

    mean = base[:, None] * surge * price ** elasticity[:, None]
    units = rng.poisson(mean * np.exp(promotion_lift * promotion)).astype(float)
    late = rng.random(n_products) < check.share("late_share", late_share)
    start = np.where(late, rng.integers(n_periods, size=n_products), 0)
    observed = np.arange(n_periods) >= start[:, None]
    covariates = {"promotion": promotion.astype(float)} if promotion_prob else {}
    panel = _panel(units, price, observed, category, n_categories, covariates)
    return Store(panel, _truth(panel, elasticity, of_category, global_elasticity, base))


def _shape(rng, n_products, n_categories, n_periods):
    """Check the counts; return (product, period)."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator; got {rng!r}.")
    counts = {"n_products": n_products, "n_categories": n_categories, "n_periods": n_periods}
    for name, value in counts.items():
        if check.whole_count(name, value) == 0:
            raise ValueError(f"{name} must be 1 or more; got {value!r}.")
    return int(n_products), int(n_periods)


def _check_constants(**constants):
    """Check each constant by its rule; pairs must be in order and both obey it."""
    for name, value in constants.items():
        pair = np.ndim(value) > 0
        if pair and (len(value) != 2 or not value[0] <= value[1]):
            raise ValueError(f"{name} must be a pair (low, high) in order; got {value!r}.")
        for each in value if pair else [value]:
            _RULES[name](name, each)


def _paths(rng, n_categories, n_periods, trend, volatility, lowest):
    """Demand over time of each category: 1, then a random walk with drift, floored."""
    noise = rng.normal(size=(n_categories, n_periods - 1))
    steps = rng.uniform(*volatility, (n_categories, 1)) * noise
    steps += rng.uniform(*trend, (n_categories, 1))
    walk = 1 + np.cumsum(steps, axis=1)
    return np.maximum(np.concatenate([np.ones((n_categories, 1)), walk], axis=1), lowest)


def _prices(rng, shape, initial, step, prob):
    """Prices that jump now and then by a random factor."""
    factor = rng.uniform(1 - step, 1 + step, shape)
    factor[rng.random(shape) >= prob] = 1
    factor[:, 0] = rng.uniform(*initial, shape[0])
    return np.cumprod(factor, axis=1)


def _panel(units, price, observed, category, n_categories, covariates):
    """Label the arrays, NaN where a product was not yet on the shelf."""
    hidden = {"units": units, "price": price} | covariates
    for array in hidden.values():
        array[~observed] = np.nan
    n_products, n_periods = units.shape
    digits = len(str(n_products - 1)), len(str(n_categories - 1))
    return Panel(
        units=units,
        price=price,
        observed=observed,
        category=category,
        products=np.array([f"P{i:0{digits[0]}d}" for i in range(n_products)]),
        periods=np.arange(n_periods),
        categories=np.array([f"C{c:0{digits[1]}d}" for c in range(n_categories)]),
        covariates=covariates,
    )


def _truth(panel, elasticity, of_category, global_elasticity, base):
    """Put the truth under the labels of the panel."""
    return xr.Dataset(
        {
            "elasticity": ("product", elasticity),
            "category_elasticity": ("category", of_category),
            "global_elasticity": global_elasticity,
            "base_demand": ("product", base),
        },
        coords={"product": panel.products, "category": panel.categories},
    )
