"""Axes to draw on, and how marks are kept in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

# Above, marks are kept as pixels. A mark of a vector graphic takes some 100 bytes: 500 of them are
# 50 kB, 20,000 would be 2 MB in every page that shows the figure.
MANY_MARKS = 500


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the axes, or new ones for None."""
    return plt.subplots()[1] if ax is None else ax


def dense(values: ArrayLike) -> dict[str, Any]:
    """Say how to draw marks that may be many: as pixels inside the figure."""
    return {"rasterized": np.size(values) > MANY_MARKS}


def keep_many_as_pixels(ax: Axes) -> None:
    """Keep lines and collections of many marks as pixels, those drawn by others included."""
    for mark in (*ax.lines, *ax.collections):
        mark.set_rasterized(_count(mark) > MANY_MARKS)


def _count(mark):
    """Points of a line, or of a collection the members."""
    if hasattr(mark, "get_xdata"):
        return len(mark.get_xdata())
    return max(len(mark.get_paths()), len(mark.get_offsets()))
