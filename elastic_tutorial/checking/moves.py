"""How much of the prices' and the covariates' moves is left to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from elastic_tutorial.panels.panel import Panel

# Sweeps that take out products' and periods' means in turn; each halves what is left of them even
# in tables with as many gaps as cells, and 60 halvings reach the last digit.
_SWEEPS = 60
_GONE = 1e-9  # share of a covariate's sum of squares below which its own moves are rounding
# Share of the moves of the price that covariates leave. Below 0.1, a variance inflation of ten, one
# speaks of collinearity by convention (Kutner, Nachtsheim and Neter 2004, section 10.5).
LITTLE, _MOST = 0.1, 0.5
# A product that sells at one price and never at others has no finite elasticity of its own. One
# price are those within 5%; and that it is no chance one sees where even at an elasticity of -10
# three sales were to be expected, of which none comes in one case in twenty.
_ONE_PRICE, _STEEPEST, _SALES_MISSED = 1.05, -10.0, 3.0


class Overlap(NamedTuple):
    """What covariates leave of the moves of the price."""

    left: float  # share of the sum of squares, over all products
    little: np.ndarray  # (product,): whether less than a tenth is left of its own moves
    culprit: str  # the covariate without which most would be left

    @property
    def confounds(self) -> bool:
        """Whether price and covariates can hardly be told apart, in all or in most products."""
        return self.left < LITTLE or self.little.mean() > _MOST


def own_moves(values: np.ndarray, panel: Panel, *, time_effects: bool) -> np.ndarray:
    """Take products' means out of values (product, period), and those of category and period.

    NaN where nothing was observed.
    """
    seen = panel.observed
    product, period = np.nonzero(seen)
    slot = panel.category[product] * panel.n_periods + period
    groups = [product, slot] if time_effects else [product]
    counts = [np.maximum(np.bincount(group), 1) for group in groups]
    left = values[seen].astype(float)
    for _ in range(_SWEEPS if time_effects else 1):
        before = left @ left
        for group, count in zip(groups, counts, strict=True):
            left = left - (np.bincount(group, left) / count)[group]
        if before - left @ left <= 1e-15 * before:
            break
    moves = np.full(seen.shape, np.nan)
    moves[seen] = left
    return moves


def absorbed_covariates(panel: Panel, *, time_effects: bool = True) -> list[str]:
    """Names of covariates that do not vary, or only as product and time effects do."""
    names = []
    for name, values in panel.covariates.items():
        moves = own_moves(values, panel, time_effects=time_effects)
        if np.nansum(moves**2) <= _GONE * np.nansum(values**2):
            names.append(name)
    return names


def overlap(panel: Panel, names: list[str], *, time_effects: bool = True) -> Overlap:
    """Say how far these covariates, one or more, move as the price does."""
    price = own_moves(panel.log_price, panel, time_effects=time_effects)
    moves = {
        name: own_moves(panel.covariates[name], panel, time_effects=time_effects) for name in names
    }
    rest = _residual(price, list(moves.values()))
    before, after = np.nansum(price**2, axis=1), np.nansum(rest**2, axis=1)
    others = {
        name: np.nansum(_residual(price, [moves[k] for k in names if k != name]) ** 2)
        for name in names
    }
    return Overlap(
        float(after.sum() / max(before.sum(), 1e-300)),
        (after < LITTLE * before) & (before > 0),
        max(others, key=lambda name: others[name]),
    )


def separated_products(panel: Panel) -> np.ndarray:
    """Mark products that sold at one price and never beyond it, by more than chance.

    Their likelihood has no maximum: the steeper the demand, the better it fits.
    """
    found = np.zeros(panel.n_products, bool)
    for i in range(panel.n_products):
        seen = panel.observed[i]
        price, units = panel.price[i, seen], panel.units[i, seen]
        if units.any() and not units.all():
            found[i] = _separated(price, units)
    return found


def _separated(price, units):
    """Whether all sales were made at one price, and no chance keeps them off the others."""
    low, high = price[units > 0].min(), price[units > 0].max()
    if high > _ONE_PRICE * low:
        return False
    rate = units[(low <= price) & (price <= high)].mean()
    dearer = rate * ((price[price > high] / high) ** _STEEPEST).sum()
    cheaper = rate * (price < low).sum()  # would sell no less, were demand not to rise
    return (dearer > _SALES_MISSED) != (cheaper > _SALES_MISSED)


def _residual(values, regressors):
    """Take a least-squares fit of regressors out of values, all of them (product, period)."""
    if not regressors:
        return values
    seen = ~np.isnan(values)
    columns = np.stack([each[seen] for each in regressors], axis=1)
    coefficients = np.linalg.lstsq(columns, values[seen], rcond=None)[0]
    left = values.copy()
    left[seen] -= columns @ coefficients
    return left
