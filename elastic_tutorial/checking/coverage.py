"""How often intervals hold what they promise, and whether so few cases can tell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import stats

CLOSE = 0.05  # from the promise: 85% in the place of 90% is where decisions begin to change
_SURE = 0.95  # of the interval of a share
GROUPS = ("category", "volume", "horizon")


class Share(NamedTuple):
    """A share of cells that lie in their intervals, with its own 95% interval."""

    value: float
    lower: float
    upper: float
    n_cells: int
    n_products: int

    def verdict(self, prob: float) -> str:
        """Say "holds", "fails" or "cannot tell" of the promise that it be ``prob``."""
        if prob - CLOSE <= self.lower and self.upper <= prob + CLOSE:
            return "holds"
        return "cannot tell" if self.lower <= prob <= self.upper else "fails"


def share_of(inside: np.ndarray, product: np.ndarray, prob: float, sure: float = _SURE) -> Share:
    """Share of cells (cell,) that are inside, and its interval.

    Cells of a product share its errors, so the interval is Student's over products, with as many
    degrees of freedom as there are products less one; but never narrower than that of independent
    cells that keep the promise ``prob``. One product tells nothing.
    """
    _, code = np.unique(product, return_inverse=True)
    count, value = np.bincount(code), float(np.mean(inside))
    n_products, n_cells = len(count), len(code)
    if n_products < 2:
        return Share(value, 0.0, 1.0, n_cells, n_products)
    excess = np.bincount(code, inside) - value * count
    clustered = (excess @ excess) * n_products / (n_products - 1) / n_cells**2
    error = np.sqrt(max(clustered, prob * (1 - prob) / n_cells))
    half = stats.t.isf((1 - sure) / 2, n_products - 1) * error
    return Share(value, max(value - half, 0.0), min(value + half, 1.0), n_cells, n_products)


def inside(test: xr.Dataset) -> np.ndarray:
    """Which hidden cells have a rank in the central ``prob``."""
    tail = (1 - test.attrs["prob"]) / 2
    return ((test["rank"] > tail) & (test["rank"] < 1 - tail)).values


def shares_by_group(test: xr.Dataset) -> dict[tuple[str, str], Share]:
    """Share of the hidden cells of each category, class of volume and horizon.

    The intervals hold for all groups of a kind at once (Bonferroni).
    """
    hit, found = inside(test), {}
    for kind in GROUPS:
        labels = test[kind].values
        groups = np.unique(labels)
        sure = 1 - (1 - _SURE) / len(groups)
        for group in groups if len(groups) > 1 else ():
            cells = labels == group
            of_group = test["product"].values[cells]
            found[kind, str(group)] = share_of(hit[cells], of_group, test.attrs["prob"], sure)
    return found
