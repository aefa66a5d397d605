"""Sales that a posterior from ``fit_laplace`` expects in cells of a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial.models.labels import draws_of
from elastic_tutorial.validation import LARGEST_COUNT

if TYPE_CHECKING:
    import xarray as xr

    from elastic_tutorial.panels.panel import Panel


def log_demand(
    posterior: xr.DataTree,
    fitted: Panel,
    panel: Panel,
    cells: tuple[np.ndarray, np.ndarray],
    *,
    time_effects: bool = True,
) -> np.ndarray:
    """Log of the expected units in some cells of a panel, for each draw.

    ``fitted`` is the panel that the posterior comes from; its last prices are those at which base
    demand is stated. Without time effects periods are average ones.
    """
    product, period = cells
    draws = draws_of(posterior).isel(chain=0)
    current = np.log(fitted.current_price)
    unique, place = np.unique(product, return_inverse=True)
    own = {name: draws[name].values[:, unique] for name in ("elasticity", "base_demand")}
    distance = panel.log_price[cells] - current[product]
    log_mean = np.log(own["base_demand"])[:, place] + own["elasticity"][:, place] * distance
    if time_effects and "time_effect" in draws:
        log_mean += draws["time_effect"].values[:, panel.category[product], period]
    for name, values in panel.covariates.items():
        log_mean += draws[f"effect_of_{name}"].values[:, None] * np.nan_to_num(values[cells])
    return log_mean


def simulate_units(
    posterior: xr.DataTree,
    fitted: Panel,
    panel: Panel,
    cells: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw units in some cells, shape (draw, cell); a mean beyond exact counts is cut to them."""
    mean = np.exp(log_demand(posterior, fitted, panel, cells))
    draws = draws_of(posterior)
    if "dispersion" in draws:
        dispersion = draws["dispersion"].values[0, :, None]
        mean *= rng.gamma(1 / dispersion, dispersion, mean.shape)
    return rng.poisson(np.minimum(mean, LARGEST_COUNT))
