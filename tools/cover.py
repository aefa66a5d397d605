"""Draw the picture of the landing page and the README: a store's elasticities, pooled.

``python tools/cover.py`` writes ``book/_static/store.svg`` (landing page) and ``cover.png`` (the
same, for where vector graphics are not shown).
"""

from pathlib import Path

import matplotlib

matplotlib.use("agg")
import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

import elastic_tutorial as et

STATIC = Path(__file__).parents[1] / "book" / "_static"
LOWEST, HIGHEST = -5.7, 1.7  # of the axis; longer intervals leave it
GAP = 4  # products' width between categories
SHOWN = 15  # products of each category


def open_store():
    """Four hundred products in four categories, in two years of weeks; many sell little."""
    return et.simulate_store(
        np.random.default_rng(20),
        n_products=400,
        n_categories=4,
        n_periods=104,
        price_change_prob=0.06,
        category_scale=0.7,
        initial_price=(2.0, 20.0),
        base_demand=(50.0, 800.0),
        product_spread=1.3,
    )


def estimate(store):
    """Every product's elasticity by itself and pooled, with 90% intervals."""
    posterior = et.fit_laplace(store.panel, key=jax.random.key(1))
    market = posterior["posterior"]["time_effect"].mean(("chain", "draw")).to_numpy()
    alone = et.product_elasticities(store.panel, offset=market[store.panel.category])
    table = et.elasticity_summary(posterior, prob=0.9).to_dataframe()[["mean", "lower", "upper"]]
    table["alone"] = alone["estimate"]
    table["half_width"] = 1.645 * alone["std_error"]
    table["category"] = store.panel.category
    centre = posterior["posterior"]["category_elasticity"].mean(("chain", "draw")).to_numpy()
    table["centre"] = centre[table["category"]]
    shown = table.groupby("category").head(SHOWN)  # their order in the store is random
    return shown.sort_values(["centre", "mean"], ignore_index=True)


def draw(table):
    """Each product twice: thin and grey by its own sales, coloured with all the store's."""
    fig, ax = plt.subplots(figsize=(7, 4.2))
    place = np.arange(len(table)) + GAP * (table["category"].diff().fillna(0) != 0).cumsum()
    lower, upper = table["alone"] - table["half_width"], table["alone"] + table["half_width"]
    ax.vlines(place - 0.22, lower, upper, color="0.72", lw=1)
    ax.plot(place - 0.22, table["alone"], "o", color="0.55", mfc="white", ms=3.2, mew=0.9)
    for number, (_, group) in enumerate(table.groupby("centre")):
        where = place[group.index]
        ax.hlines(group["centre"].iloc[0], where.min() - 1, where.max() + 1, color="0.25", lw=0.9)
        ax.vlines(where + 0.22, group["lower"], group["upper"], color=f"C{number}", lw=1.9)
        ax.plot(where + 0.22, group["mean"], "o", color=f"C{number}", ms=3.6)
    ax.axhline(0, color="0.4", lw=0.8, ls=":")
    middles = [place[group.index].mean() for _, group in table.groupby("centre")]
    ax.set_xticks(middles, [f"category {letter}" for letter in "ABCD"], fontsize=11)
    ax.set(ylim=(LOWEST, HIGHEST), ylabel="price elasticity of a product")
    ax.tick_params(axis="x", length=0)
    ax.legend(handles=key(), loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, fontsize=11)
    ax.grid(axis="x", visible=False)
    return fig


def key():
    """Entries of the legend."""
    hollow = {"color": "0.72", "mec": "0.55", "mfc": "white", "lw": 1.1, "ms": 4}
    return [
        Line2D([], [], marker="o", **hollow, label="its own sales alone"),
        Line2D([], [], color="C0", marker="o", lw=2.2, ms=4.5, label="pooled with the store"),
        Line2D([], [], color="0.25", lw=0.9, label="its category"),
    ]


if __name__ == "__main__":
    plt.style.use("elastic_tutorial.style")
    picture = draw(estimate(open_store()))
    picture.savefig(STATIC / "store.svg", metadata={"Date": None})
    picture.savefig(STATIC / "cover.png", metadata={"Software": None})
    print("store.svg and cover.png written")
