"""Drawing, no arithmetic: summaries and axes in, axes out.

The look comes from ``plt.style.use("elastic_tutorial.style")``; sizes and captions belong to the
caller. Every function takes the axes to draw on as ``ax`` (new ones when it is None) and returns
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elastic_tutorial import validation as check
from elastic_tutorial.plots.axes import axes_or_new

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike
    from scipy.stats._distn_infrastructure import rv_continuous_frozen  # what stats.norm() gives

_SHOWN = 0.999  # probability of the range in which a density is drawn
_POINTS = 400  # of a density: one for each pixel of a figure that is 4 inches wide


def plot_demand_curve(
    price: ArrayLike, quantity: ArrayLike, *, ax: Axes | None = None, **line: Any
) -> Axes:
    """Demand curve, price upward and quantity to the right as economists draw it.

    Parameters
    ----------
    price, quantity : array_like, shape (point,)
        Currency per unit; units per period.
    ax : matplotlib.axes.Axes, optional
    **line
        Passed to ``Axes.plot``.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = plot_demand_curve([1, 2, 3], [30, 20, 10])
    >>> ax.get_xlabel()
    'quantity (units per period)'
    """
    ax = axes_or_new(ax)
    ax.plot(quantity, price, **line)
    ax.set(xlabel="quantity (units per period)", ylabel="price (currency per unit)")
    return ax


def plot_arc(
    price_before: float,
    price_after: float,
    quantity_before: float,
    quantity_after: float,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Two points of a demand curve, the chord between them and its midpoint.

    Parameters
    ----------
    price_before, price_after : float
        Currency per unit.
    quantity_before, quantity_after : float
        Units per period.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = plot_arc(10, 12, 100, 80)
    >>> ax.get_lines()[1].get_xydata()  # the midpoint
    array([[90., 11.]])
    """
    ax = axes_or_new(ax)
    quantity = np.array([quantity_before, quantity_after], float)
    price = np.array([price_before, price_after], float)
    ax.plot(quantity, price, "o-", color="C1", label="chord", zorder=3)
    ax.plot(
        *[[quantity.mean()], [price.mean()]],
        "D",
        color="C2",
        label="midpoint",
        zorder=4,
    )
    ax.set(xlabel="quantity (units per period)", ylabel="price (currency per unit)")
    return ax


def plot_daily_sales(sales: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Units sold each day, coloured by period, with the mean they were drawn from.

    Parameters
    ----------
    sales : pandas.DataFrame
        As from ``simulate_price_change``: columns ``day``, ``period``, ``units`` and ``mean``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"day": [1, 2], "period": ["before", "after"], "units": [9, 7], "mean": [10.0, 7.0]}
    >>> ax = plot_daily_sales(pd.DataFrame(rows))
    >>> ax.get_ylabel()
    'units sold that day'
    """
    ax = axes_or_new(ax)
    for color, (period, days) in zip(
        ("C0", "C1"), sales.groupby("period", sort=False), strict=False
    ):
        outlined: dict[str, Any] = {"facecolor": (color, 0.45), "edgecolor": color, "lw": 0.6}
        ax.bar(days["day"], days["units"], width=0.8, label=period, **outlined)
        ax.step(days["day"], days["mean"], "-", where="mid", color=color, lw=2.5)
    ax.set(xlabel="day", ylabel="units sold that day")
    ax.legend()
    return ax


def plot_log_likelihoods(
    rate_ratio: ArrayLike, curves: Mapping[str, ArrayLike], *, ax: Axes | None = None
) -> Axes:
    """Log likelihoods of the rate ratio on one axis, drawn so that coinciding ones can be seen.

    Parameters
    ----------
    rate_ratio : array_like, shape (point,)
    curves : mapping from label to array_like, shape (point,)
        Log likelihoods, for instance relative to their maxima.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = plot_log_likelihoods([0.5, 1.0], {"profile": [-1.0, 0.0], "conditional": [-1.0, 0.0]})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['profile', 'conditional']
    """
    ax = axes_or_new(ax)
    widths = np.linspace(8, 2, num=max(len(curves), 2))
    styles = ("-", "-", "--", ":", "-.")
    for i, (label, values) in enumerate(curves.items()):
        ax.plot(
            rate_ratio,
            values,
            styles[i % 5],
            lw=widths[i],
            alpha=0.4 + 0.2 * min(i, 3),
            label=label,
        )
    ax.set(xlabel=r"rate ratio $\alpha$ (after over before)", ylabel="log likelihood")
    ax.legend()
    return ax


def plot_density(
    distribution: rv_continuous_frozen,
    *,
    prob: float,
    ax: Axes | None = None,
    label: str | None = None,
) -> Axes:
    """Density of a distribution, its central interval shaded and its median marked.

    Parameters
    ----------
    distribution : scipy.stats frozen distribution
        Continuous.
    prob : float
        Probability of the shaded interval.
    ax : matplotlib.axes.Axes, optional
    label : str, optional
        For the legend.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from scipy import stats
    >>> ax = plot_density(stats.norm(), prob=0.9)
    >>> ax.get_ylabel()
    'density'
    """
    prob = check.probability("prob", prob)
    ax = axes_or_new(ax)
    values = np.linspace(*distribution.interval(_SHOWN), _POINTS)
    density = distribution.pdf(values)
    (line,) = ax.plot(values, density, label=label)
    lower, upper = distribution.interval(prob)
    inside = (values >= lower) & (values <= upper)
    ax.fill_between(values, density, where=inside, color=line.get_color(), alpha=0.25, lw=0)
    median = distribution.median()
    ax.vlines(median, 0, distribution.pdf(median), color=line.get_color(), ls=":")
    ax.set(ylabel="density")
    ax.set_ylim(bottom=0)
    return ax


def plot_intervals(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Estimates with their intervals, one row each, the first row on top.

    Parameters
    ----------
    table : pandas.DataFrame
        Finite columns ``estimate``, ``lower`` and ``upper``; the index labels the rows.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> row = pd.DataFrame({"estimate": [-2.0], "lower": [-3.0], "upper": [-1.0]}, index=["tea"])
    >>> [tick.get_text() for tick in plot_intervals(row).get_yticklabels()]
    ['tea']
    """
    ax = axes_or_new(ax)
    rows = np.arange(len(table))
    ax.hlines(rows, table["lower"], table["upper"], color="C0", lw=2.5)
    ax.plot(table["estimate"], rows, "o", color="C1", zorder=3)
    ax.set_yticks(rows, [str(label) for label in table.index])
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    return ax
