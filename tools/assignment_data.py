"""The data of the graded assignments, made from one seed while they are built.

Nothing of it is stored: another ``SEED`` gives every assignment other numbers. Students get the
tables of ``given``, never the seed; only the autograder gets those of ``kept``.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

import elastic_tutorial as et

# The one number to change for a variant of your own. Take a large one that you keep to yourself,
# such as python -c "import secrets; print(secrets.randbits(64))" prints: small ones can be tried.
SEED = 20_250_915

# A store in which nothing moves sales but prices and chance.
QUIET = {"trend": (0, 0), "volatility": (0, 0), "period_noise": 0, "category_scale": 0}
SHELF = {"n_categories": 1, "n_periods": 52, "price_change_prob": 0.3, "initial_price": (0.8, 1.6)}


class Data(NamedTuple):
    """Tables by the name of their file: for students and autograder, and for the latter alone."""

    given: dict
    kept: dict


def tables(name, seed):
    """Make the data of an assignment; the same seed gives the same."""
    number = int(name.split("_")[0])
    maker = {1: price_changes, 2: one_change, 3: small_store, 4: whole_store}[number]
    return maker(np.random.default_rng([number, seed]))


def price_changes(rng, n=12):
    """Price changes of twelve products, half of them cuts, and a consultant's claims."""
    before = rng.uniform(2, 20, n).round(2)
    factor = rng.uniform(1.05, 1.6, n) ** rng.permutation(np.repeat([1, -1], n // 2))
    after = (before * factor).round(2)
    sold = rng.integers(60, 400, n)
    # The middle of each half is far from -1, so that no row is a border case.
    elasticity = rng.permutation(np.repeat([-0.5, -2.0], n // 2)) + rng.uniform(-0.3, 0.3, n)
    sold_after = et.quantity_after(before, after, sold, elasticity=np.maximum(elasticity, -2.5))
    bound = (before + after) / np.abs(after - before)
    claimed = bound * rng.permutation(np.repeat([-0.6, -1.4, 1.3], n // 3))
    table = {
        "product": [f"P{i:02d}" for i in range(n)],
        "price_before": before,
        "price_after": after,
        "quantity_before": sold,
        "quantity_after": np.round(sold_after).astype(int),
        "claimed": claimed.round(1),
    }
    return Data({"changes.csv": pd.DataFrame(table)}, {})


def one_change(rng):
    """One product before and after a price cut, in periods of unequal length."""
    days = int(rng.integers(32, 45)), int(rng.integers(16, 26))
    prices = 12.0, float(rng.choice([9.6, 9.9, 10.2, 10.5]))
    rate = rng.uniform(1.5, 3.0)
    rates = rate, float(et.quantity_after(*prices, rate, elasticity=-1.8))
    row = {"price_before": prices[0], "price_after": prices[1]}
    row |= {"units_before": rng.poisson(days[0] * rates[0])}
    row |= {"units_after": rng.poisson(days[1] * rates[1])}
    row |= {"days_before": days[0], "days_after": days[1]}
    return Data({"change.csv": pd.DataFrame([row])}, {})


def small_store(rng, n=60):
    """Sixty products of one shelf; how many units they sold differs a hundredfold."""
    demand = {"base_demand": (15, 15), "product_spread": 1.0}
    taste = {"global_elasticity": rng.uniform(-2.4, -2.0), "elasticity_scale": 0.6}
    store = et.simulate_store(rng, n_products=n, **SHELF, **QUIET, **demand, **taste)
    names = np.array([f"P{i:02d}" for i in range(n)])
    truth = {"product": names, "elasticity": store.truth["elasticity"]}
    return Data(
        {"sales.csv": long(store.panel, names)}, {"truth.csv": pd.DataFrame(truth).round(6)}
    )


def whole_store(rng, n=50, bounds=(0.7, 1.4)):
    """Four categories of fifty products, unit costs and bounds; and draws of one product."""
    sales, products, truth = [], [], []
    for k, centre in enumerate(rng.permutation([-1.8, -2.4, -3.0, -3.8])):
        taste = {"global_elasticity": centre + rng.uniform(-0.15, 0.15), "elasticity_scale": 0.5}
        demand = {"base_demand": (3, 8), "product_spread": 0.5, "elasticity_bounds": (-6.5, -1.15)}
        panel, true = et.simulate_store(rng, n_products=n, **SHELF, **QUIET, **demand, **taste)
        names, today = np.array([f"P{k}{i:02d}" for i in range(n)]), panel.price[:, -1]
        sales.append(long(panel, names).assign(category=f"C{k}"))
        row = {"product": names, "category": f"C{k}", "price": today}
        row |= {"unit_cost": (today * rng.uniform(0.35, 0.75, n)).round(2)}
        row |= {"lower": (bounds[0] * today).round(2), "upper": (bounds[1] * today).round(2)}
        products.append(pd.DataFrame(row))
        elasticity = true["elasticity"].to_numpy()
        base = true["base_demand"] * today**elasticity  # units a week at today's price
        truth.append(
            pd.DataFrame({"product": names, "elasticity": elasticity, "base_demand": base})
        )
    sales, products, truth = (
        pd.concat(each, ignore_index=True) for each in (sales, products, truth)
    )
    given = {"sales.csv": sales, "products.csv": products, "tea_draws.csv": tea_draws(rng)}
    return Data(given, {"truth.csv": truth.round(6)})


def tea_draws(rng, n=1000):
    """Posterior draws of one product whose elasticity is not well known."""
    elasticity = rng.normal(rng.uniform(-1.75, -1.65), 0.4, n)
    return pd.DataFrame({"elasticity": elasticity, "base_demand": rng.gamma(400, 0.1, n)}).round(4)


def long(panel, names):
    """Sales as a table with one row for each product and week."""
    product, week = (each.ravel() for each in np.indices(panel.units.shape))
    table = {"product": names[product], "week": week + 1, "price": panel.price.ravel()}
    return pd.DataFrame(table | {"units": panel.units.ravel().astype(int)})
