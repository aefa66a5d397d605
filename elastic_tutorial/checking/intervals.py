"""Mean, standard deviation and central interval of elasticities, by draws or by a normal."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import stats

COLUMNS = ("mean", "sd", "lower", "upper")


def of_draws(draws: xr.DataArray, prob: float) -> xr.Dataset:
    """Moments of draws over chains, and the quantiles that hold the probability ``prob``."""
    over = ("chain", "draw")
    lower, upper = ends_of_draws(draws, prob)
    dims = [dim for dim in draws.dims if dim not in over]
    moments = {"mean": draws.mean(over), "sd": draws.std(over)}
    ends = {"lower": (dims, lower), "upper": (dims, upper)}
    return xr.Dataset(moments | ends, attrs={"prob": prob})


def of_normal(mean: xr.DataArray, sd: xr.DataArray, prob: float) -> xr.Dataset:
    """Interval of a normal with these moments."""
    half = stats.norm.isf((1 - prob) / 2) * sd
    columns = (mean, sd, mean - half, mean + half)
    return xr.Dataset(dict(zip(COLUMNS, columns, strict=True)), attrs={"prob": prob})


def ends_of_draws(draws: xr.DataArray, prob: float) -> np.ndarray:
    """Lower and upper end of the central interval over chains and draws."""
    values = draws.transpose("chain", "draw", ...).values
    return np.quantile(values, [(1 - prob) / 2, (1 + prob) / 2], axis=(0, 1))
