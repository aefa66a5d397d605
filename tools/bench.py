"""Measure `fit_laplace` and its peers side by side: book/results/bench_*.csv; see `make bench`.

Usage: python tools/bench.py [methods] [seeds] [growth]; all three when none is named.

Each method runs in a process of its own, one after the other, so that its peak memory is its own.
PyMC with nutpie, GPBoost, and R's glmmTMB run where they are installed (`make bench` installs the
first two in an environment of their own); one that is missing is left out and said so.
"""

import importlib.util
import itertools
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
import pandas as pd
from studies import RESULTS, write

import elastic_tutorial as et

SIZE = {"n_categories": 10, "n_periods": 100, "price_change_prob": 0.1}
CLASSES = (0, 100, 300, 1_000, 10_000, 100_000, np.inf)  # units sold in all periods
LIMIT = 1_500  # seconds for a method
GLMMTMB = Path(__file__).with_name("glmmtmb.R")
REFERENCE = "fit_nuts, 2 x 1,000 draws"


def world(n_products, seed, **options):
    """Simulate the store of the chapters, at any size."""
    rng = np.random.default_rng(seed)
    return et.simulate_store(rng, n_products=n_products, **(SIZE | options))


# --- Methods: panel to mean and standard deviation of each product's elasticity, NaN if unknown


def by_laplace(panel, **options):
    """Fit by nested Laplace approximation."""
    options = {"intercept": "fixed"} | options
    table = et.fit_laplace(panel, key=jax.random.key(1), **options)["analytic"]
    return table["mean"].values, table["sd"].values


def by_svi(panel):
    """Fit by mean-field variational inference."""
    fit = et.fit_svi(et.partial_pooling, panel, key=jax.random.key(1), n_steps=8_000)
    return _moments(fit["posterior"]["elasticity"].values)


def by_nuts(panel):
    """Sample long chains, started from and scaled by `fit_laplace`: the reference."""
    start = et.fit_laplace(panel, key=jax.random.key(1), intercept="fixed")
    options = {"n_warmup": 300, "n_draws": 1_000, "n_chains": 2, "target_accept": 0.8}
    options |= {"precondition": start, "progress_bar": False}
    fit = et.fit_nuts(et.partial_pooling, panel, key=jax.random.key(2), **options)
    print(et.check_convergence(fit, max_rhat=1.05, min_ess=100, max_divergences=20))
    return _moments(fit["posterior"]["elasticity"].values)


def by_pyfixest(panel):
    """Fit one slope for each category, which stands for all its products."""
    table = et.category_elasticities(panel)
    return table["estimate"].to_numpy()[panel.category], np.full(panel.n_products, np.nan)


def by_nutpie(panel):
    """Sample the same model in PyMC by nutpie: 2 chains of 500 draws after 500."""
    import nutpie
    import pymc as pm
    import pytensor.tensor as pt

    units = np.nan_to_num(panel.units)
    x = panel.log_price - panel.log_price.mean(axis=1, keepdims=True)
    with pm.Model() as model:
        store = pm.Normal("store", -1.5, 0.5)
        tau, sigma = pm.HalfNormal("tau", 0.5), pm.HalfNormal("sigma", 0.5)
        category = store + tau * pm.Normal("category", 0, 1, shape=panel.n_categories)
        z = pm.Normal("z", 0, 1, shape=panel.n_products)
        beta = pm.Deterministic("elasticity", category[panel.category] + sigma * z)
        shape = (panel.n_categories, panel.n_periods)
        effect = pm.ZeroSumNormal("effect", 2.0, shape=shape)
        eta = beta[:, None] * x + effect[panel.category]
        expected = units.sum(axis=1) * pt.logsumexp(eta, axis=1)
        pm.Potential("sales", (units * eta).sum() - expected.sum())
    compiled = nutpie.compile_pymc_model(model)
    trace = nutpie.sample(compiled, draws=500, tune=500, chains=2, seed=1, progress_bar=False)
    return _moments(trace.posterior["elasticity"].values)


def by_gpboost(panel):
    """Fit a Poisson mixed model with an intercept and a slope for each product by GPBoost."""
    import gpboost

    product, period = np.nonzero(panel.observed)
    x = (panel.log_price - panel.log_price.mean(axis=1, keepdims=True))[product, period]
    fixed = np.eye(panel.n_categories)[panel.category[product]] * x[:, None]
    model = gpboost.GPModel(
        group_data=np.c_[product, panel.category[product] * panel.n_periods + period],
        group_rand_coef_data=x[:, None],
        ind_effect_group_rand_coef=[1],
        likelihood="poisson",
    )
    model.fit(y=panel.units[product, period], X=np.c_[np.ones(len(x)), fixed])
    own = model.predict_training_data_random_effects().iloc[:, -1].to_numpy()
    slope = model.get_coef().to_numpy().ravel()[1 : 1 + panel.n_categories]
    first = np.searchsorted(product, np.arange(panel.n_products))
    return slope[panel.category] + own[first], np.full(panel.n_products, np.nan)


def by_glmmtmb(panel):
    """Fit the same mixed model by R's glmmTMB."""
    product, period = np.nonzero(panel.observed)
    x = (panel.log_price - panel.log_price.mean(axis=1, keepdims=True))[product, period]
    table = {"units": panel.units[product, period], "x": x, "product": product}
    table |= {"category": panel.category[product], "period": period}
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "sales.csv"), Path(folder, "slopes.csv")
        pd.DataFrame(table).to_csv(source, index=False)
        subprocess.run(["Rscript", GLMMTMB, source, result], check=True, capture_output=True)
        slope = pd.read_csv(result).sort_values("product")["slope"].to_numpy()
    return slope, np.full(panel.n_products, np.nan)


def _moments(draws):
    return draws.mean(axis=(0, 1)), draws.std(axis=(0, 1))


METHODS = {  # function, whether it is run again when warm, the largest store it is tried on
    "fit_laplace": (by_laplace, True, 20_000),
    "pyfixest, a slope for each category": (by_pyfixest, True, 20_000),
    "glmmTMB": (by_glmmtmb, False, 2_000),
    "GPBoost": (by_gpboost, False, 2_000),
    "fit_svi, 8,000 steps": (by_svi, False, 20_000),
    "PyMC with nutpie, 2 x 500 draws": (by_nutpie, False, 20_000),
    REFERENCE: (by_nuts, False, 20_000),
}


def missing(method):
    """Say what a method needs that is not here, or None."""
    needs = {"PyMC": ("pymc", "nutpie"), "GPBoost": ("gpboost",)}.get(method.split(" ")[0], ())
    for each in needs:
        if importlib.util.find_spec(each) is None:
            return each
    if method == "glmmTMB":
        has = "quit(status = !requireNamespace('glmmTMB', quietly = TRUE))"
        if not shutil.which("Rscript") or subprocess.run(["Rscript", "-e", has]).returncode:
            return "R with glmmTMB"
    return None


def one(method, n_products):
    """Run a method on the filtered store in this process; return its figures."""
    function, again, _ = METHODS[method]
    store = world(n_products, 42)
    panel = store.panel.select(min_units=101)
    seconds = []
    for _ in range(4 if again else 1):
        start = time.perf_counter()
        mean, sd = function(panel)
        seconds.append(time.perf_counter() - start)
    truth = store.truth["elasticity"].sel(product=panel.products).values
    known = np.isfinite(sd).all()
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "cold_s": seconds[0],
        "warm_s": min(seconds[1:]) if again else None,
        "peak_gib": max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children) / 2**20,
        "coverage": np.mean(np.abs(mean - truth) < 1.96 * sd) if known else None,
        "rmse": np.sqrt(np.mean((mean - truth) ** 2)),
        **(_by_class(panel.total_units, np.abs(mean - truth) < 1.96 * sd) if known else {}),
        "mean": mean.tolist(),
        "sd": sd.tolist(),
    }


def methods(sizes=(2_000, 20_000)):
    """Every method on the filtered store, at two sizes."""
    rows = []
    for n_products in sizes:
        found = {}
        for method, (_, _, largest) in METHODS.items():
            lacks = missing(method)
            if n_products > largest or lacks:
                print(
                    n_products, method, f"left out: no {lacks}" if lacks else "left out: too long"
                )
                continue
            figures, why = _apart("one", method, n_products)
            print(n_products, method, why or f"{figures['cold_s']:.2f} s", flush=True)
            if figures:
                found[method] = figures
        rows += _compared(found, n_products)
        what = "every method on the filtered store of seed 42, one after the other"
        write(RESULTS / "bench_methods.csv", pd.DataFrame(rows), what)


def _compared(found, n_products):
    """Make a row of each method, with its distance from the reference."""
    rows = []
    for method, figures in found.items():
        mean, sd = (np.array(figures.pop(each), float) for each in ("mean", "sd"))
        figures["moments"] = mean, sd
        rows.append({"n_simulated": n_products, "n_products": len(mean), "method": method})
    if REFERENCE in found:
        target, spread = found[REFERENCE]["moments"]
        for row in rows:
            mean, sd = found[row["method"]]["moments"]
            row["z_rms"] = np.sqrt(np.mean(((mean - target) / spread) ** 2))
            row["sd_ratio_median"] = np.median(sd / spread)
            row["sd_ratio_within_8_percent"] = np.mean(np.abs(sd / spread - 1) < 0.08)
    for row in rows:
        row |= {k: v for k, v in found[row["method"]].items() if k != "moments"}
    return rows


def seed_row(seed, n_products=20_000):
    """One store: all products with everything learned, as Poisson, and the filtered products."""
    panel, truth = world(n_products, seed)
    own, of_category = (truth[name].values for name in ("elasticity", "category_elasticity"))
    row = {"seed": seed}
    for name, likelihood in (("", "negative_binomial"), ("poisson_", "poisson")):
        start = time.perf_counter()
        fit = et.fit_laplace(panel, key=jax.random.key(seed), likelihood=likelihood)
        row[f"{name}seconds"] = time.perf_counter() - start
        error = fit["analytic"]["mean"].values - own
        inside = np.abs(error) < 1.96 * fit["analytic"]["sd"].values
        row[f"{name}coverage"] = inside.mean()
        row |= {f"{name}{k}": v for k, v in _by_class(panel.total_units, inside).items()}
        if not name:
            row["rmse"] = np.sqrt(np.mean(error[panel.total_units > 100] ** 2))
            row |= _of_categories(fit, of_category, "")
            row["dispersion"] = float(fit["posterior"]["dispersion"].mean())
        del fit
    kept = panel.select(min_units=101)
    fit = et.fit_laplace(kept, key=jax.random.key(seed), intercept="fixed")
    error = fit["analytic"]["mean"].values - truth["elasticity"].sel(product=kept.products).values
    row["filtered_rmse"] = np.sqrt(np.mean(error**2))
    return row | _of_categories(fit, of_category, "filtered_")


def _by_class(units, inside):
    """Count the products and those covered, by units sold."""
    figures = {}
    for low, high in itertools.pairwise(CLASSES):
        here = (units > low) & (units <= high) if low else units <= high
        figures[f"n_above_{low}"] = int(here.sum())
        figures[f"covered_above_{low}"] = int(inside[here].sum())
    return figures


def _of_categories(fit, truth, name):
    """Bias, z-scores and coverage of the categories' elasticities."""
    draws = fit["posterior"]["category_elasticity"]
    error = draws.mean(("chain", "draw")).values - truth
    z = error / draws.std(("chain", "draw")).values
    figures = {
        "bias": error.mean(),
        "z_mean": z.mean(),
        "z_rms": np.sqrt(np.mean(z**2)),
        "covered": int((np.abs(z) < 1.96).sum()),
    }
    return {f"{name}category_{key}": value for key, value in figures.items()}


def seeds(numbers=range(1, 11)):
    """Ten stores of 20,000 products, each in a process of its own."""
    rows = []
    for seed in numbers:
        figures, why = _apart("seed", seed)
        print("seed", seed, why or {k: round(v, 3) for k, v in figures.items()}, flush=True)
        if figures:
            rows.append(figures)
            write(RESULTS / "bench_seeds.csv", pd.DataFrame(rows), "stores of 20,000 products")


def size_row(n_products, n_periods):
    """Fit one size twice in this process."""
    panel = world(n_products, 42, n_periods=n_periods).panel
    n_draws = 1_000 if n_products <= 20_000 else 100
    row = {"n_products": n_products, "n_periods": n_periods, "n_draws": n_draws}
    for name in ("cold_s", "warm_s"):
        start = time.perf_counter()
        fit = et.fit_laplace(panel, key=jax.random.key(1), n_draws=n_draws)
        row[name] = time.perf_counter() - start
        del fit
    row["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return row | {"pass_ms": _seconds_per_pass(panel) * 1_000}


def _seconds_per_pass(panel):
    """Seconds for one likelihood of all cells with its gradient."""
    from elastic_tutorial.laplace import density, design, hyper
    from elastic_tutorial.models.priors import LEVELS

    kind = {"gamma": True, "overdispersed": False, "time_effects": True}
    options = design.options_of(LEVELS, None, None, **kind, priors=None)
    _, model = design.lay_out(panel, options)
    level = design.levels_of_demand(panel, options)
    state = hyper.start_of(model, model.fixed, level).state

    @jax.jit
    def one_pass(state, model):
        sales = density.sales_at(state, model.cells, model.fixed, model.prior.time)
        slope = density.gradient(state, sales, model.cells, model.fixed, model.prior.time)
        return sales.log_lik, slope

    jax.block_until_ready(one_pass(state, model))
    start = time.perf_counter()
    for _ in range(10):
        jax.block_until_ready(one_pass(state, model))
    return (time.perf_counter() - start) / 10


def growth():
    """Seconds and memory of `fit_laplace` as the store grows, each size in its own process."""
    rows = []
    sizes = [(n, 100) for n in (2_000, 6_000, 20_000, 60_000, 200_000)]
    for size in [*sizes, (12_000, 156)]:
        figures, why = _apart("size", *size)
        print("size", size, why or figures, flush=True)
        if figures:
            rows.append(figures)
            what = "fit_laplace of all products, gamma intercepts, Poisson, seed 42"
            write(RESULTS / "bench_growth.csv", pd.DataFrame(rows), what)


def _apart(name, *arguments):
    """Run one of `PARTS` in a process of its own; return its figures, or None and why."""
    command = [sys.executable, __file__, "--part", name, *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None, f"stopped after {LIMIT} s"
    if done.returncode:
        return None, "failed: " + done.stderr.strip()[-400:]
    return json.loads(done.stdout.splitlines()[-1]), None


PARTS = {"one": one, "seed": seed_row, "size": size_row}
BENCHES = {"methods": methods, "seeds": seeds, "growth": growth}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        numbers = [int(each) if each.isdigit() else each for each in sys.argv[3:]]
        print(json.dumps(PARTS[sys.argv[2]](*numbers), default=float))
    else:
        for each in sys.argv[1:] or BENCHES:
            BENCHES[each]()
