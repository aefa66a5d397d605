"""Drawing what is known of a whole store; like ``plots``, no arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elastic_tutorial.plots.axes import axes_or_new, dense

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def plot_elasticities(
    summary: xr.Dataset, *, truth: xr.DataArray | None = None, ax: Axes | None = None
) -> Axes:
    """Posterior mean and interval of each product, in order of the mean.

    Parameters
    ----------
    summary : xarray.Dataset over product
        ``mean``, ``lower`` and ``upper``, as from ``elasticity_summary``.
    truth : xarray.DataArray over product, optional
        Drawn as crosses, aligned by label.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import xarray as xr
    >>> columns = {"mean": [-1.0, -2.0], "lower": [-2.0, -3.0], "upper": [0.0, -1.0]}
    >>> coords = {"product": ["a", "b"]}
    >>> summary = xr.Dataset({k: ("product", v) for k, v in columns.items()}, coords)
    >>> plot_elasticities(summary).get_lines()[0].get_ydata()
    array([-2., -1.])
    """
    ax = axes_or_new(ax)
    ordered = summary.sortby("mean")
    rank = np.arange(ordered.sizes["product"])
    marks = dense(rank)
    ax.vlines(rank, ordered["lower"], ordered["upper"], color="0.55", lw=1, **marks)
    ax.plot(rank, ordered["mean"], ".", color="C0", ms=5, label="posterior mean", **marks)
    if truth is not None:
        aligned = truth.sel(product=ordered["product"])
        ax.plot(rank, aligned, "x", color="C1", ms=3, mew=0.8, label="truth", **marks)
        ax.legend()
    ax.set(xlabel="product, by posterior mean", ylabel="price elasticity")
    return ax


def plot_estimates(
    estimate: ArrayLike, truth: ArrayLike, *, ax: Axes | None = None, **points: Any
) -> Axes:
    """Estimates against the truth, with the line on which they would agree.

    Parameters
    ----------
    estimate, truth : array_like, shape (product,)
    ax : matplotlib.axes.Axes, optional
    **points
        Passed to ``Axes.plot``.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> plot_estimates([-1.0, -2.0], [-1.1, -1.9]).get_xlabel()
    'true price elasticity'
    """
    ax = axes_or_new(ax)
    look: dict[str, Any] = {"ms": 5, "alpha": 0.7}
    ax.plot(truth, estimate, ".", **look | dense(truth) | points)
    ax.axline((-1, -1), slope=1, color="0.4", lw=1, zorder=1)
    ax.set(xlabel="true price elasticity", ylabel="estimated price elasticity")
    return ax


def plot_shrinkage(shrinkage: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """From each product's own estimate to its posterior mean, against its information.

    Parameters
    ----------
    shrinkage : xarray.Dataset over product
        As from ``shrinkage``; products without an estimate of their own are not drawn.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import xarray as xr
    >>> columns = {"separate": [-3.0], "pooled": [-2.0], "information": [4.0]}
    >>> table = xr.Dataset({k: ("product", v) for k, v in columns.items()})
    >>> plot_shrinkage(table).get_xscale()
    'log'
    """
    ax = axes_or_new(ax)
    known = shrinkage.isel(product=shrinkage["information"].values > 0)
    information = known["information"]
    marks = dense(information)
    ax.vlines(information, known["separate"], known["pooled"], color="0.55", lw=0.8, **marks)
    ax.plot(information, known["separate"], "o", mfc="none", ms=4, label="by itself", **marks)
    ax.plot(information, known["pooled"], "o", ms=4, label="partially pooled", **marks)
    ax.set(xscale="log", xlabel="information of the product's own sales (1 / std. error²)")
    ax.set(ylabel="price elasticity")
    ax.legend()
    return ax
