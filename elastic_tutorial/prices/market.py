"""What a price is set on: draws of demand, today's prices, and the prices that were observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.panels.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

_EFFECT = "effect_of_"  # and the name of a covariate: what fits call the draws of its coefficient


class Market(NamedTuple):
    """The products that are priced, in the order of the panel, else of the posterior."""

    products: np.ndarray
    elasticity: np.ndarray  # (product, draw)
    base_demand: np.ndarray  # (product, draw): units a period, at current price and covariates
    current_price: np.ndarray  # (product,), and so are the lowest and the highest observed price
    lowest_price: np.ndarray
    highest_price: np.ndarray
    category: np.ndarray | None  # (product,): labels


def market_of(
    posterior: xr.DataTree,
    *,
    panel: Panel | None = None,
    current_price: ArrayLike | None = None,
    base_demand: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
) -> Market:
    """Line up a posterior with today's prices; see ``expected_profit`` for what is accepted."""
    draws = _draws_of(posterior)
    if panel is not None:
        check.instance("panel", panel, Panel)
    elif current_price is None:
        raise ValueError(
            "the current price of each product is needed: pass panel=, whose last observed prices "
            "are taken, or current_price=."
        )
    products = draws["product"].values if panel is None else panel.products
    rows = _rows(products, draws["product"].values, "posterior")
    elasticity = _matrix(draws["elasticity"])[rows]
    check_finite("elasticity", elasticity, products)
    given = None
    if current_price is not None:
        given = positive_per_product("current_price", current_price, products)
    last, lowest, highest = _observed_prices(panel, given)
    current = last if given is None else given
    if base_demand is not None:
        if covariates is not None:
            raise ValueError("pass base_demand or covariates: a given base demand holds as it is.")
        base = _given_base(base_demand, products, elasticity.shape)
    else:
        base = _base_of(draws, rows, products)
        if given is not None and panel is not None:  # it holds at the last observed price
            base = base * np.exp(elasticity * np.log(given / last)[:, None])
        base = base * np.exp(_lift(draws, panel, covariates, products))  # and at covariates 0
    category = None if panel is None else panel.categories[panel.category]
    return Market(products, elasticity, base, current, lowest, highest, category)


def per_product(name: str, value: ArrayLike, products: np.ndarray) -> np.ndarray:
    """One finite number a product, from a scalar, an array in order, or labels that are aligned."""
    if isinstance(value, xr.DataArray) and value.ndim:
        value = value.to_series() if value.ndim == 1 else value.values
    if isinstance(value, pd.Series):
        value = _aligned(name, value, products)
    numbers = check.float_array(name, value)
    if numbers.shape not in ((), (len(products),)):
        raise ValueError(
            f"{name} must be one number, or one for each of the {len(products)} products; got "
            f"shape {numbers.shape}."
        )
    numbers = np.broadcast_to(numbers, (len(products),))
    refuse_product(name, numbers, np.isfinite(numbers), products, "must be a finite number")
    return numbers


def positive_per_product(name: str, value: ArrayLike, products: np.ndarray) -> np.ndarray:
    """As ``per_product``, above 0."""
    numbers = per_product(name, value, products)
    refuse_product(name, numbers, numbers > 0, products, "must be above 0")
    return numbers


def refuse_product(
    name: str, numbers: np.ndarray, good: np.ndarray, products: np.ndarray, rule: str
) -> None:
    """Raise a ValueError that names the first product whose number is not good."""
    if not np.all(good):
        first, *_ = np.flatnonzero(~good)
        value, label = numbers[first], check.quoted(products[first])
        count = int(np.sum(~good))
        more = f" ({count} such products)" if count > 1 else ""
        raise ValueError(f"{name} {rule}; got {value} at product {label}{more}.")


def check_finite(name: str, draws: np.ndarray, products: np.ndarray) -> None:
    """Refuse products some of whose draws are not finite."""
    good = np.isfinite(draws).all(axis=1)
    refuse_product(name, draws[:, 0], good, products, "must have finite draws")


def _draws_of(posterior):
    """Return the group of draws, which has an elasticity for each product."""
    if not isinstance(posterior, xr.DataTree) or "posterior" not in posterior.children:
        raise TypeError("posterior must be what a fit_* returns: a DataTree with posterior draws.")
    draws = posterior["posterior"]
    if "elasticity" not in draws or "product" not in draws["elasticity"].dims:
        raise ValueError("posterior must hold draws of 'elasticity' with the dim 'product'.")
    return draws


def _lift(draws, panel, covariates, products):
    """Log of what the covariates add to base demand, (product, draw) or 0."""
    names = [str(name).removeprefix(_EFFECT) for name in draws if str(name).startswith(_EFFECT)]
    given = dict(covariates or {})
    for name in given:
        if name not in names:
            known = ", ".join(map(check.quoted, names)) or "none"
            raise ValueError(f"covariates has {check.quoted(name)}; those of the fit: {known}.")
    values = {} if panel is None else panel.current_covariates
    values = values | {name: per_product(name, value, products) for name, value in given.items()}
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(
            f"demand depends on the covariate {check.quoted(missing[0])}, whose value today is "
            "needed: pass panel=, whose last observed values are taken, or covariates=, as "
            f"{{{missing[0]!r}: 0}}."
        )
    effects = (draws[f"{_EFFECT}{name}"].values.ravel() for name in names)
    return sum(values[name][:, None] * effect for name, effect in zip(names, effects, strict=True))


def _matrix(draws):
    """Draws as (product, draw)."""
    return np.ascontiguousarray(draws.stack(sample=("chain", "draw")).transpose("product", ...))


def _rows(wanted, products, source):
    """Position of each product that is priced."""
    rows = pd.Index(products).get_indexer(wanted)
    if np.any(rows < 0):
        first = check.quoted(wanted[np.flatnonzero(rows < 0)[0]])
        raise ValueError(
            f"the {source} lacks {np.sum(rows < 0)} products that are to be priced, {first} among "
            "them: pass the panel that was fitted, or a selection from it."
        )
    return rows


def _aligned(name, series, products):
    """Values of a series by its labels."""
    rows = series.index.get_indexer(products) if series.index.is_unique else np.array([-1])
    if np.any(rows < 0):
        first = check.quoted(products[np.flatnonzero(rows < 0)[0]])
        raise ValueError(f"{name} must have one value for each product; look at {first}.")
    return series.to_numpy()[rows]


def _observed_prices(panel, given):
    """Last, lowest and highest observed price of each product; without a panel the given one."""
    if panel is None:
        return given, given, given
    lowest, highest = np.nanmin(panel.price, axis=1), np.nanmax(panel.price, axis=1)
    return panel.current_price, lowest, highest


def _base_of(draws, rows, products):
    """Return the base demand of the posterior; refuse to price what has none."""
    if "base_demand" not in draws:
        raise ValueError(
            "the posterior has no base_demand: pass base_demand=, the units a period at the "
            "current price, one for each product or draws of shape (draw, product), or fit with "
            "fit_laplace."
        )
    base = _matrix(draws["base_demand"])[rows]
    unknown = products[np.isnan(base).any(axis=1)]
    if len(unknown):
        first = check.quoted(unknown[0])
        raise ValueError(
            f"base_demand is unknown for {len(unknown)} products, {first} among them, "
            "as of products without sales under fixed intercepts: fit with intercept='gamma', "
            "price the others with panel=panel.select(min_units=1), or pass base_demand=."
        )
    return base


def _given_base(base_demand, products, shape):
    """Read base demand from the caller: one number a product, or draws."""
    if np.ndim(base_demand) < 2:
        numbers = positive_per_product("base_demand", base_demand, products)
        return np.broadcast_to(numbers[:, None], shape)
    if isinstance(base_demand, xr.DataArray):
        over = [dim for dim in ("chain", "draw") if dim in base_demand.dims]
        if {*base_demand.dims} != {"product", *over}:
            raise ValueError(
                "base_demand must have the dims product and draw, or product, chain and draw; got "
                f"{', '.join(map(str, base_demand.dims))}."
            )
        base = base_demand.transpose("product", *over).values
        base = base[_rows(products, base_demand["product"].values, "base_demand")]
    else:
        base = np.moveaxis(check.float_array("base_demand", base_demand), -1, 0)
    base = base.reshape(len(base), -1)
    if base.shape != shape:
        raise ValueError(
            "base_demand must be one number for each product, or draws of shape (draw, product) "
            f"or (chain, draw, product) with {shape[1]} draws of {shape[0]} products as the "
            f"elasticity has; got {base.shape[1]} draws of {base.shape[0]}."
        )
    good = (np.isfinite(base) & (base >= 0)).all(axis=1) & (base.sum(axis=1) > 0)
    refuse_product("base_demand", base.min(axis=1), good, products, "must have draws above 0")
    return np.ascontiguousarray(base)
