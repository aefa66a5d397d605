"""Recompute book/results/pooling_worth.csv: what prices earn that are set with different poolings.

Rows are named by a simulated store (its seed), a way to set prices, and a class of products by the
units they sold; they depend on these alone. An interrupted study is continued.
"""

import jax
import numpy as np
import pandas as pd
from scipy import special

import elastic_tutorial as et
from studies import RESULTS, write

PATH = RESULTS / "pooling_worth.csv"
STORE = {"n_products": 2000, "n_categories": 10, "n_periods": 100, "price_change_prob": 0.5}
COST_SHARE = (0.3, 0.8)  # of today's price
BOUNDS = (0.7, 1.5)  # times today's price
CLASSES = {
    "all": (0, np.inf),
    "0 to 9": (0, 10),
    "10 to 99": (10, 100),
    "100 to 999": (100, 1000),
    "1,000 or more": (1000, np.inf),
}
LEVELS = {
    "no pooling": ("product",),
    "complete pooling": ("global",),
    "pooling by category": ("global", "category"),
    "partial pooling": ("global", "category", "product"),
}
METHODS = ("today's prices", "separate regressions", *LEVELS)


def world(seed):
    """Simulate a store and draw its costs; return panel, truth, today's prices and costs."""
    rng = np.random.default_rng(seed)
    panel, truth = et.simulate_store(rng, **STORE)
    current = panel.price[:, -1]
    return panel, truth, current, current * rng.uniform(*COST_SHARE, len(current))


def true_profit(truth, cost, price):
    """Profit a period that the true demand gives at these prices, on its first level."""
    return truth["base_demand"].values * price ** truth["elasticity"].values * (price - cost)


def markup(elasticity, cost, current):
    """Price that is best for a known elasticity, within the bounds."""
    price = np.full(len(cost), np.inf)
    np.divide(cost * elasticity, 1 + elasticity, out=price, where=elasticity < -1)
    return np.clip(price, BOUNDS[0] * current, BOUNDS[1] * current)


def own_elasticities(panel, rounds=8):
    """Each product's own estimate, the time effects of its category known from all its sellers.

    As the chapter on regressions does it, but for half a unit more sold and expected: some
    categories have empty weeks.
    """
    offset = np.zeros(panel.units.shape)
    for _ in range(rounds):
        slope = et.product_elasticities(panel, offset=offset)["estimate"].to_numpy()
        share = special.softmax(slope[:, None] * panel.log_price + offset, axis=1)
        for c in range(panel.n_categories):
            own = (panel.category == c) & np.isfinite(slope)
            expected = (panel.total_units[own, None] * share[own]).sum(axis=0)
            sold = panel.units[own].sum(axis=0)
            offset[panel.category == c] += np.log((sold + 0.5) / (expected + 0.5))
    return et.product_elasticities(panel, offset=offset)["estimate"].to_numpy()


def set_prices(method, seed, panel, current, cost):
    """Set prices knowing sales and costs but not the truth."""
    if method == "today's prices":
        return current
    if method == "separate regressions":
        slope = own_elasticities(panel)
        known = np.isfinite(slope)
        return np.where(known, markup(np.where(known, slope, -2), cost, current), current)
    fit = et.fit_laplace(panel, key=jax.random.key(seed), levels=LEVELS[method])
    lower, upper = (bound * current for bound in BOUNDS)
    # The demand of this world is the same curve everywhere: nothing to be warned of.
    bounds = {"lower": lower, "upper": upper, "reach": np.inf}
    return et.best_price(fit, unit_cost=cost, panel=panel, **bounds)["price"].to_numpy()


def rows(seed, method):
    """Compute the shares of the attainable that a method earns, by units sold."""
    panel, truth, current, cost = world(seed)
    earned = true_profit(truth, cost, set_prices(method, seed, panel, current, cost))
    today = true_profit(truth, cost, current)
    best = true_profit(truth, cost, markup(truth["elasticity"].values, cost, current))
    found = []
    for name, (low, high) in CLASSES.items():
        of = (low <= panel.total_units) & (panel.total_units < high)
        row = {"seed": seed, "method": method, "units sold": name, "products": int(of.sum())}
        row["share of profit"] = earned[of].sum() / best[of].sum()
        row["share of gain"] = (earned - today)[of].sum() / (best - today)[of].sum()
        row["mean share of profit"] = (earned / best)[of].mean()
        found.append(row)
    return found


def study(seeds=range(10)):
    """Write the table, from the first seed that is missing in it."""
    table = pd.read_csv(PATH, comment="#") if PATH.exists() else pd.DataFrame({"seed": []})
    table = table if table["seed"].nunique() < len(seeds) else table[:0]
    what = "share of the attainable profit by pooling, seeds 0, 1, 2, ..."
    for seed in seeds:
        if seed not in table["seed"].to_numpy():
            new = [row for method in METHODS for row in rows(seed, method)]
            table = pd.concat([table, pd.DataFrame(new)], ignore_index=True)
            table = table.astype({"seed": int, "products": int})
            write(PATH, table, what)
            print(f"{PATH.name}: {table['seed'].nunique()} seeds", flush=True)


if __name__ == "__main__":
    study()
