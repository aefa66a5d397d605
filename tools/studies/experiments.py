"""Recompute book/results/experiments.csv: price tests of a category, and tests beside old data.

An interrupted run is continued by the next. Rows of one replication depend on its number alone.
The functions that the chapter on price tests shows stand there word for word, which a test asserts.
"""

from itertools import product

import jax
import numpy as np
import pandas as pd

import elastic_tutorial as et
from studies import RESULTS, write

PATH = RESULTS / "experiments.csv"
N_PRODUCTS, OLD_WEEKS, TEST_WEEKS, N_TESTED = 80, 52, 12, 20
DESIGNS = ((4, 40), (8, 20), (16, 10), (40, 4), (80, 2))  # products tested, weeks each
SPREADS = (0.1, 0.3, 0.6)
FOLLOWS = (0.0, 0.025, 0.05, 0.1, 0.2)
ANALYSES = ("old", "test", "both", "bias learned")
MODEL = {
    "likelihood": "negative_binomial",
    "intercept": "fixed",
    "levels": ("category", "product"),
    "priors": {"global_sd": 2.0},
}


def as_panel(units, log_price, observed=True, **covariates):
    """Put sales and prices of one category, 10 at log price 0, into a panel."""
    cells = {"units": units, "price": 10 * np.exp(log_price), **covariates}
    observed = np.broadcast_to(observed, units.shape)
    cells = {name: np.where(observed, each, np.nan) for name, each in cells.items()}
    labels = {"products": np.arange(len(units)), "periods": np.arange(units.shape[1])}
    one = {"category": np.zeros(len(units), int), "categories": np.array(["all"])}
    units, price = cells.pop("units"), cells.pop("price")
    return et.Panel(units, price, observed, covariates=cells, **labels, **one)


def sell(rng, elasticity, weekly, log_price, shock):
    """Draw sales: `weekly` units at log price 0; `shock` is what else moves log demand."""
    log_mean = np.log(weekly) + elasticity[:, None] * log_price + shock
    return rng.poisson(np.exp(log_mean))


def coins(rng, n_products, n_blocks, block=1, step=0.1):
    """Log prices: in every block a random half of the products is dear, the others cheap."""
    half = np.where(np.arange(n_products) < n_products / 2, step, -step)
    drawn = [rng.permutation(half) for _ in range(n_blocks)]
    return np.repeat(np.transpose(drawn), block, axis=1)


def category_test(rng, n_tested, weeks, spread, n_products=80, n_weeks=64):
    """Test some products of a category for some weeks, the others staying at today's price."""
    elasticity = rng.normal(-1.6, spread, n_products)
    log_price = np.zeros((n_products, n_weeks))
    log_price[:n_tested, :weeks] = coins(rng, n_tested, weeks)
    shock = rng.normal(0, 0.05, n_weeks) + rng.normal(-0.02, 0.2, log_price.shape)
    return as_panel(sell(rng, elasticity, 50, log_price, shock), log_price), elasticity


def old_and_new(rng, follow, uneven=False, n_products=80, n_tested=20, old=52, new=12):
    """Old weeks whose prices follow demand, then a test of some products."""
    elasticity = rng.normal(rng.normal(-2, 0.3), 0.3, n_products)
    weekly = rng.lognormal(np.log(50), 1, (n_products, 1))
    shock = rng.normal(-0.02, 0.2, (n_products, old + new))
    own = follow * (2 * rng.random((n_products, 1)) if uneven else 1)
    log_price = np.zeros_like(shock)
    log_price[:, :old] = rng.normal(0, 0.08, (n_products, old)) + own * shock[:, :old]
    log_price[:n_tested, old:] = coins(rng, n_tested, new)
    return sell(rng, elasticity, weekly, log_price, shock), log_price, elasticity


def analyse(kind, units, log_price, key, old=52):
    """Fit old weeks, the test, both, or both with the old prices' bias as a parameter."""
    is_old = np.arange(units.shape[1]) < old
    observed = {"old": is_old, "test": ~is_old}.get(kind, True)
    bias = {"bias": np.where(is_old, log_price, 0)} if kind == "bias learned" else {}
    panel = as_panel(units, log_price, observed, **bias)
    return et.fit_laplace(panel, key=key, elasticity_scale=0.3, **MODEL)


def category_rows(spread, replication):
    """Every design of the same size once, in worlds whose products differ by this much."""
    rows = []
    for n_tested, weeks in DESIGNS:
        rng = np.random.default_rng([replication, int(10 * spread), n_tested])
        panel, elasticity = category_test(rng, n_tested, weeks, spread)
        fit = et.fit_laplace(panel, key=jax.random.key(0), elasticity_scale=spread, **MODEL)
        tested = np.arange(N_PRODUCTS) < n_tested
        rows.append({"analysis": f"{n_tested} x {weeks}"} | judge(fit, elasticity, -1.6, tested))
    return rows


def old_rows(uneven, follow, replication):
    """Analyse one world with old weeks and a test in four ways."""
    rng = np.random.default_rng([replication, int(1000 * follow), int(uneven)])
    units, log_price, elasticity = old_and_new(rng, follow, uneven)
    tested = np.arange(N_PRODUCTS) < N_TESTED
    rows = []
    for kind in ANALYSES:
        fit = analyse(kind, units, log_price, jax.random.key(0))
        row = {"analysis": kind} | judge(fit, elasticity, elasticity.mean(), tested)
        if kind == "bias learned":
            drawn = fit["posterior"]["effect_of_bias"]
            row |= {"bias": float(drawn.mean()), "bias_sd": float(drawn.std())}
        rows.append(row)
    return rows


def judge(fit, elasticity, centre, tested):
    """Errors and coverage of a fit whose truth is known."""
    drawn, found = fit["posterior"]["category_elasticity"], fit["analytic"]
    error = found["mean"].values - elasticity
    inside = np.abs(error) < 1.645 * found["sd"].values
    row = {"centre": float(drawn.mean()), "centre_sd": float(drawn.std()), "true": centre}
    for name, own in (("tested", tested), ("untested", ~tested)):
        if own.any():
            row[f"{name}_rmse"] = float(np.sqrt((error[own] ** 2).mean()))
            row[f"{name}_sd"] = float(np.sqrt((found["sd"].values[own] ** 2).mean()))
            row[f"{name}_coverage"] = float(inside[own].mean())
    return row


def replications():
    """Every replication of every world, in the order of the table."""
    for replication, spread in product(range(60), SPREADS):
        yield "category", spread, replication
    for replication, uneven, follow in product(range(20), (False, True), FOLLOWS):
        yield ("uneven old data" if uneven else "old data"), follow, replication


def rows(study, world, replication):
    """Rows of the table that one replication gives."""
    if study == "category":
        found = category_rows(world, replication)
    else:
        found = old_rows(study == "uneven old data", world, replication)
    where = {"study": study, "world": world, "replication": replication}
    return [where | row for row in found]


def main():
    """Write the table, continuing one that was interrupted."""
    table = pd.read_csv(PATH, comment="#").to_dict("records") if PATH.exists() else []
    done = {(row["study"], row["world"], row["replication"]) for row in table}
    todo = [each for each in replications() if each not in done]
    what = "price tests, replications 0, 1, 2, ... of each world"
    for number, each in enumerate(todo, start=1):
        table += rows(*each)
        if number % 20 == 0 or number == len(todo):
            write(PATH, pd.DataFrame(table), what)
            print(f"{PATH.name}: {len(todo) - number} replications to go", flush=True)


if __name__ == "__main__":
    main()
