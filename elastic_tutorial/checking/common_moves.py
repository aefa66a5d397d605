"""What happens when the prices of a category move together, as a fit with time effects tells it.

With an effect for each category and period the elasticities answer one question: how do sales move
when *this* price moves against the others? If customers turn to its neighbours, a common move of
all prices loses less. The time effects hold that difference. In a model where each product answers
the category's mean log price m with a slope kappa as well,

    log demand = intercept + elasticity * log price + kappa * m + shock,

the effect of category and period is kappa * m + shock; a regression of the effects on m gives
kappa. Differences from one period to the next take slow trends out of both.
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

_SOME_DRAWS = 50  # for the mean demand, whose own uncertainty matters little beside the shocks'
_FEWEST = 8  # differences, from which a slope has an error worth the name


class CommonMoves(NamedTuple):
    """A slope of demand in the category's mean log price, beside the products' own elasticity."""

    against: float  # mean elasticity, by units: our price against the rest
    alone: float  # our price, the others as they are
    together: float  # all prices of the category at once
    slope: float  # kappa
    std_error: float
    dof: int

    @property
    def half(self) -> float:
        """Half the length of the slope's 99% interval."""
        return float(stats.t.isf(0.005, self.dof)) * self.std_error

    @property
    def differs(self) -> bool:
        """Whether that interval leaves 0 out."""
        return abs(self.slope) > self.half


def common_moves(posterior: xr.DataTree, panel: Panel) -> CommonMoves | None:
    """Estimate the slope; None without time effects, or where too few common moves can tell."""
    if "time_effect" not in draws_of(posterior):
        return None
    effect, price, weight = _by_category(posterior, panel)
    step, move = np.diff(effect, axis=1), np.diff(price, axis=1)
    known = np.isfinite(step) & np.isfinite(move)
    share = np.nansum(panel.units, axis=1)
    if known.sum() < _FEWEST or not (move[known] ** 2).sum() > 0:
        return None
    step, move = np.where(known, step, 0), np.where(known, move, 0)
    total = (move**2).sum()
    slope = (move * step).sum() / total
    error = np.sqrt(_long_run(((step - slope * move) * move).sum(axis=0))) / total
    draws = draws_of(posterior)
    own = draws["elasticity"].mean(("chain", "draw")).values
    known_products = np.isfinite(own) & (share > 0)
    against = np.average(own[known_products], weights=share[known_products])
    mine = np.average(weight[known_products], weights=share[known_products])
    dof = max(int(known.any(axis=0).sum()) - 2, 1)
    return CommonMoves(
        float(against),
        float(against + slope * mine),
        float(against + slope),
        float(slope),
        float(error),
        dof,
    )


def _by_category(posterior, panel):
    """Log sales beyond what products' own prices explain, mean log price, products' weights."""
    shape = panel.n_categories, panel.n_periods
    sold = panel.total_units
    in_category = np.bincount(panel.category, sold, panel.n_categories)[panel.category]
    weight = np.divide(sold, in_category, out=np.zeros(len(sold)), where=in_category > 0)
    own = panel.log_price - np.nanmean(panel.log_price, axis=1, keepdims=True)
    cells = np.nonzero(panel.observed & (sold > 0)[:, None])
    slot = panel.category[cells[0]] * panel.n_periods + cells[1]
    draws = posterior.isel(draw=slice(_SOME_DRAWS))
    expected = np.exp(log_demand(draws, panel, panel, cells, time_effects=False)).mean(axis=0)
    size = shape[0] * shape[1]

    def total(values):
        return np.bincount(slot, values, size).reshape(shape)

    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(total(panel.units[cells]) / total(expected))
        share = weight[cells[0]]
        price = total(share * own[cells]) / total(share)
    effect[~np.isfinite(effect)] = np.nan
    return effect, price, weight


def _long_run(scores):
    """Variance of a sum of scores that neighbours share in (Newey and West 1987)."""
    lags = int(4 * (len(scores) / 100) ** (2 / 9)) + 1
    variance = scores @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (scores[lag:] @ scores[:-lag])
    return max(variance, 0.0) * len(scores) / max(len(scores) - 2, 1)
