"""Recompute book/results/sbc_*.csv: simulation-based calibration of both fits."""

import argparse
import multiprocessing
import warnings
from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pandas as pd

import elastic_tutorial as et
from studies import RESULTS, write

SBC_PANEL = {"n_products": 8, "n_categories": 2, "n_periods": 20, "price_change_prob": 0.5}
SBC_DRAWS = {"n_warmup": 500, "n_draws": 500, "n_chains": 4}
SBC_PRICES = {"base_demand": (1e5, 1e6), "initial_price": (10, 100)}
LAPLACE_PANEL = {"n_products": 10, "n_categories": 2, "n_periods": 12, "price_change_prob": 0.5}
LAPLACE_MODELS = (("gamma", "poisson"), ("gamma", "negative_binomial"), ("fixed", "poisson"))
LAPLACE_PRIORS = {"level_sd": 1.0, "pivot_sd": 1.0}  # such that sales can be simulated


def calibration_row(number):
    """One replication of simulation-based calibration of ``partial_pooling`` by ``fit_nuts``.

    Truth and sales are drawn from the model, given prices and totals; the row holds, for each
    quantity, the share of posterior draws below the truth.
    """
    panel = et.simulate_store(np.random.default_rng(0), **SBC_PANEL, **SBC_PRICES).panel
    key_truth, key_fit = jax.random.split(jax.random.key(number))
    world = et.prior_predictive(et.partial_pooling, panel, key=key_truth, n_draws=1)
    truth = world["prior"].isel(chain=0, draw=0)
    units = world["prior_predictive"]["units"].values[0, 0].astype(float)
    drawn = et.Panel(**{**vars(panel), "units": units})
    fit = et.fit_nuts(et.partial_pooling, drawn, key=key_fit, progress_bar=False, **SBC_DRAWS)
    row = {"replication": number, "divergences": int(fit["sample_stats"]["diverging"].sum())}
    return row | _shares_below(fit["posterior"].dataset, truth.dataset)


def _shares_below(draws, truth):
    """Share of posterior draws below the truth, for each quantity but time effects."""
    below = (draws < truth).mean(("chain", "draw"))
    row = {k: float(v) for k, v in below.items() if not v.dims}
    for name, dim in (
        ("category_elasticity", "category"),
        ("category_level", "category"),
        ("elasticity", "product"),
    ):
        if name in below:
            row |= {
                f"{name} {label.item()}": float(below[name].sel({dim: label}))
                for label in below[dim]
            }
    return row


def laplace_calibration_row(intercept, likelihood, number):
    """One replication of simulation-based calibration of ``fit_laplace``.

    Truth and sales are drawn from the model, given prices and, with fixed intercepts, totals that
    are drawn as well; ``warned`` says whether the fit asks not to be trusted.
    """
    panel = et.simulate_store(np.random.default_rng(0), **LAPLACE_PANEL, **SBC_PRICES).panel
    if intercept == "fixed":
        total = np.random.default_rng(number).lognormal(4, 2, panel.n_products).round()
        panel = replace(panel, units=np.eye(1, panel.n_periods) * total[:, None])
    options = {"intercept": intercept, "likelihood": likelihood, "priors": LAPLACE_PRIORS}
    key_truth, key_fit = jax.random.split(jax.random.key(number))
    model = partial(et.partial_pooling, **options)
    world = et.prior_predictive(model, panel, key=key_truth, n_draws=1)
    truth = world["prior"].isel(chain=0, draw=0)
    units = world["prior_predictive"]["units"].values[0, 0].astype(float)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", et.ApproximationWarning)
        fit = et.fit_laplace(replace(panel, units=units), key=key_fit, **options)
    row = {"intercept": intercept, "likelihood": likelihood, "replication": number}
    row["warned"] = len(warned)
    return row | _shares_below(fit["posterior"].dataset, truth.dataset)


def sbc_laplace(replications=200):
    """Write the table of the calibration of ``fit_laplace``."""
    rows = []
    for model in LAPLACE_MODELS:
        rows += [laplace_calibration_row(*model, number) for number in range(replications)]
        print(f"sbc_fit_laplace.csv: {len(rows)} rows", flush=True)
    what = "simulation-based calibration, keys 0, 1, 2, ... of each model"
    write(RESULTS / "sbc_fit_laplace.csv", pd.DataFrame(rows), what)


def sbc(replications=200):
    """Write the table of the calibration; an interrupted one is continued."""
    path = RESULTS / "sbc_partial_pooling.csv"
    done = pd.read_csv(path, comment="#").to_dict("records") if path.exists() else []
    rows = done if len(done) < replications else []
    # Each fit compiles code of its own, which a process keeps: a fresh one for every few rows.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=5) as pool:
        for row in pool.imap(calibration_row, range(len(rows), replications)):
            rows.append(row)
            if len(rows) % 10 == 0 or len(rows) == replications:
                write(path, pd.DataFrame(rows), "simulation-based calibration, keys 0, 1, 2, ...")
                print(f"{path.name}: {len(rows)} rows", flush=True)


STUDIES = {"sbc": sbc, "sbc_laplace": sbc_laplace}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*STUDIES, []], help="all when none is named")
    for name in parser.parse_args().names or STUDIES:
        STUDIES[name]()
