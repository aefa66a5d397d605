"""What a fit leaves unexplained, and whether other things than today's price go along with it.

Residuals are relative, sales over expected sales less 1, and weigh as much as the law of the sales
lets them; a slope of theirs is therefore an elasticity. Errors are clustered by product and eighth
of the periods, so that what neighbouring periods share is not counted twice (Cameron and Miller
2015).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from elastic_tutorial.checking.predict import log_demand
from elastic_tutorial.models.labels import draws_of

if TYPE_CHECKING:
    import xarray as xr

    from elastic_tutorial.panels.panel import Panel

# Products and draws: 500 of 100 periods are 50,000 cells, whose slopes have errors that no decision
# feels, and with 50 draws 20 MB.
_SOME_PRODUCTS, _SOME_DRAWS = 500, 50
_STRETCHES = 8  # of the periods, each with every product a cluster
_SURE = 0.99  # of a slope's interval: of a few checks one in thirty gives a false alarm


class Residuals(NamedTuple):
    """Of some products, shape (product, period), NaN where nothing was observed."""

    rows: np.ndarray  # (product,): their positions in the panel
    mean: np.ndarray  # expected sales
    relative: np.ndarray  # sales over expected sales, less 1
    weight: np.ndarray  # over the variance of the relative residual
    log_price: np.ndarray

    @property
    def standard(self) -> np.ndarray:
        """Residuals with variance 1, if the fit is right."""
        return self.relative * np.sqrt(self.weight)


class Slope(NamedTuple):
    """Of residuals, with the ends of its 99% interval."""

    value: float
    lower: float
    upper: float

    @property
    def found(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.lower > 0 or self.upper < 0


def residuals_of(posterior: xr.DataTree, panel: Panel) -> Residuals:
    """Residuals of up to 500 products that sold, evenly spaced."""
    sold = np.flatnonzero(panel.total_units > 0)
    rows = sold[:: -(-len(sold) // _SOME_PRODUCTS)]
    where = np.nonzero(panel.observed[rows])
    draws = posterior.isel(draw=slice(_SOME_DRAWS))
    mean = np.full((len(rows), panel.n_periods), np.nan)
    cells = rows[where[0]], where[1]
    mean[where] = np.exp(log_demand(draws, panel, panel, cells)).mean(axis=0)
    dispersion = 0.0
    if "dispersion" in draws_of(draws):
        dispersion = float(draws_of(draws)["dispersion"].mean())
    relative = panel.units[rows] / mean - 1
    return Residuals(rows, mean, relative, mean / (1 + dispersion * mean), panel.log_price[rows])


def slope_in_next_price(residuals: Residuals) -> Slope | None:
    """Slope in the log price of the next period, beside today's.

    A price that is not there yet explains nothing, unless prices follow demand or customers wait.
    """
    later = np.full_like(residuals.log_price, np.nan)
    later[:, :-1] = residuals.log_price[:, 1:]
    return _slope(residuals, later)


def slope_in_time(residuals: Residuals) -> Slope | None:
    """Change of the elasticity from the first period to the last."""
    time = np.linspace(-0.5, 0.5, residuals.log_price.shape[1])
    own = residuals.log_price - np.nanmean(residuals.log_price, axis=1, keepdims=True)
    return _slope(residuals, own * time)


def neighbours(residuals: Residuals) -> float:
    """Correlation of the residuals of neighbouring periods."""
    standard = residuals.standard
    first, second = standard[:, :-1], standard[:, 1:]
    both = ~np.isnan(first) & ~np.isnan(second)
    size = np.sqrt((first[both] ** 2).sum() * (second[both] ** 2).sum())
    return float((first[both] * second[both]).sum() / size) if size > 0 else 0.0


def _slope(residuals, regressor):
    """Weighted regression within products, at given own price; None where nothing moves."""
    seen = ~np.isnan(residuals.relative) & ~np.isnan(regressor)
    weight = np.where(seen, residuals.weight, 0)
    regressor = _without(np.where(seen, regressor, 0), weight, np.nan_to_num(residuals.log_price))
    product = weight * regressor
    size = (product * regressor).sum()
    if not size > 0:
        return None
    relative = np.where(seen, residuals.relative, 0)
    value = (product * relative).sum() / size
    score = product * (relative - value * regressor)
    edges = np.linspace(0, score.shape[1], _STRETCHES + 1).astype(int)[:-1]
    clusters = np.add.reduceat(score, np.unique(edges), axis=1)
    used = int((clusters != 0).sum())
    if used < 3:
        return None
    error = np.sqrt((clusters**2).sum() * used / (used - 1)) / size
    half = stats.t.isf((1 - _SURE) / 2, used - 1) * error
    return Slope(float(value), float(value - half), float(value + half))


def _without(values, weight, log_price):
    """Take mean and log price out of values, product by product."""
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)

    def centred(x):
        return np.where(weight > 0, x - (weight * x).sum(axis=1, keepdims=True) / total, 0)

    values, price = centred(values), centred(log_price)
    size = (weight * price**2).sum(axis=1, keepdims=True)
    slope = np.divide(
        (weight * price * values).sum(axis=1, keepdims=True), size, out=0 * size, where=size > 1e-20
    )
    return values - slope * price
