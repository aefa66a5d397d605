"""Figures of a report, drawn for light and for dark pages, as data that a page can hold."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from elastic_tutorial.plots.axes import keep_many_as_pixels
from elastic_tutorial.plots.plots import plot_intervals
from elastic_tutorial.plots.store_plots import plot_elasticities

if TYPE_CHECKING:
    from elastic_tutorial.report.report import Report

_MOST_CATEGORIES = 30  # in the figure of categories: more rows than a page is high
_LONGEST_NAME = 28  # characters of a category's name beside its row: a third of the figure
_WIDTH, _HEIGHT = 6.4, 3.4  # inches, which the page scales to its width
_ROW = 0.28  # inches of a row of the figure of categories, of which its axis takes 1.4
_OUTER = 0.05  # share left out at either end, where a sentence says how far elasticities reach
_DARK = {
    "figure.facecolor": "#1b1e23",
    "axes.facecolor": "#1b1e23",
    "axes.edgecolor": "#aaaaaa",
    "axes.labelcolor": "#dddddd",
    "text.color": "#dddddd",
    "xtick.color": "#bbbbbb",
    "ytick.color": "#bbbbbb",
    "grid.color": "#3a3f47",
}
_DARK_CYCLE = ["#56B4E9", "#E69F00", "#35C69A", "#E59CC4", "#F0E442", "#7FA8C9", "#cccccc"]


class Figure(NamedTuple):
    """A drawing in two colours of paper, its caption, and what it shows in a sentence."""

    light: str
    dark: str
    caption: str
    alt: str


def draw_all(report: Report) -> list[Figure]:
    """Every figure that the report has the material for."""
    table = report.elasticities
    figures = [_elasticities(table)]
    if 1 < table["category"].nunique() <= _MOST_CATEGORIES:
        figures.append(_categories(table))
    if table["pooled"].notna().all():
        figures.append(_pooling(table))
    if report.test is not None:
        figures.append(_ranks(report.test))
    if report.prices is not None and report.prices["price"].notna().any():
        figures.append(_moves(report.prices))
    return figures


def _drawn(draw, caption, alt, **size):
    """Draw twice, on light and on dark paper."""
    cycle = plt.cycler("color", _DARK_CYCLE)
    pages = [{}, _DARK | {"axes.prop_cycle": cycle}]
    sources = []
    for settings in pages:
        style = {"svg.hashsalt": "elastic_tutorial", "figure.figsize": (_WIDTH, _HEIGHT)} | size
        with plt.style.context(["elastic_tutorial.style", settings | style]):
            figure, ax = plt.subplots()
            draw(ax)
            keep_many_as_pixels(ax)
            out = io.BytesIO()
            figure.savefig(out, format="svg", metadata={"Date": None})
            plt.close(figure)
        data = base64.b64encode(out.getvalue()).decode()
        sources.append(f"data:image/svg+xml;base64,{data}")
    return Figure(*sources, caption, alt)


def _elasticities(table):
    low, middle, high = table["elasticity"].quantile([_OUTER, 0.5, 1 - _OUTER])
    summary = table[["elasticity", "lower", "upper"]].rename(columns={"elasticity": "mean"})

    def draw(ax):
        plot_elasticities(summary.to_xarray(), ax=ax)
        ax.axhline(-1, color="C1", lw=1, ls="--")

    return _drawn(
        draw,
        "Elasticity of each product with its interval, in order. Below the dashed line, at -1, a "
        "lower price brings more revenue.",
        f"Elasticities of {len(table):,} products in order, from {low:.1f} at the lowest "
        f"twentieth over {middle:.1f} in the middle to {high:.1f} at the highest twentieth, each "
        "with its interval.",
    )


def _categories(table):
    grouped = table.groupby("category", sort=False)["elasticity"]
    rows = grouped.quantile([0.25, 0.5, 0.75]).unstack()
    rows = rows.set_axis(["lower", "estimate", "upper"], axis=1).sort_values("estimate")
    rows.index = [str(each)[:_LONGEST_NAME] for each in rows.index]

    def draw(ax):
        plot_intervals(rows, ax=ax)
        ax.set(xlabel="price elasticity")

    return _drawn(
        draw,
        "Each category: the estimate of its middle product (point), and the middle half (bar).",
        f"Elasticities of {len(rows)} categories, from {rows['estimate'].iloc[0]:.1f} in "
        f"{rows.index[0]} to {rows['estimate'].iloc[-1]:.1f} in {rows.index[-1]}.",
        **{"figure.figsize": (_WIDTH, 1.4 + _ROW * len(rows))},
    )


def _pooling(table):
    sold = np.maximum(table["units"], 0.5)

    def draw(ax):
        ax.plot(sold, table["pooled"], ".", ms=4, alpha=0.5)
        ax.set(xscale="log", ylim=(-0.03, 1.03), xlabel="units sold in all")
        ax.set(ylabel="share from the category")

    own = (table["pooled"] < 0.5).mean()
    return _drawn(
        draw,
        "How much of its uncertainty a product's own sales have left: 1 repeats what its category "
        "knows, 0 speaks for itself.",
        f"Pooling of each product against its units on a log axis; {own:.0%} of the products know "
        "more from their own sales than from their category.",
    )


def _ranks(test):
    counts, edges = np.histogram(test["rank"], 10, (0, 1))

    def draw(ax):
        ax.bar(edges[:-1], counts, width=0.1, align="edge", alpha=0.7)
        ax.axhline(counts.mean(), color="C1", lw=1.2, label="if the model is right")
        ax.set(xlabel="place of the units among the predicted ones", ylabel="hidden cells")
        ax.set_ylim(0, 1.25 * counts.max())
        ax.legend(loc="upper right")

    return _drawn(
        draw,
        "Back-test: where the sales of hidden periods fell among the predicted ones. High ends "
        "mean intervals that are too narrow, a slope predictions that are too high or too low.",
        f"Histogram of {counts.sum():,} ranks in ten bars between {counts.min():,} and "
        f"{counts.max():,} cells; {counts.mean():,.0f} each would be even.",
    )


def _moves(prices):
    known = prices[prices["price"].notna()]
    move = known["change_percent"]

    def draw(ax):
        ax.hist(move, 30, alpha=0.7)
        ax.axvline(0, color="C1", lw=1.2)
        ax.set(xlabel="change of the price (%)", ylabel="products")

    return _drawn(
        draw,
        "Prices on the labels against today's. The line is no change.",
        f"Histogram of price moves of {len(known):,} products between {move.min():.0f}% and "
        f"{move.max():.0f}%, with {move.median():+.0f}% in the middle.",
    )
