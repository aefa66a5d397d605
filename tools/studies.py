"""Recompute the tables of long studies in book/results; `make studies` runs all of them.

A table says in its first line how it was made; a row depends on its number alone, so that a test
can recompute one.
"""

import argparse
import importlib.metadata
import multiprocessing
import os
import platform
from pathlib import Path

import jax
import numpy as np
import pandas as pd

import elastic_tutorial as et

RESULTS = Path(__file__).resolve().parent.parent / "book" / "results"
SBC_PANEL = {"n_products": 8, "n_categories": 2, "n_periods": 20, "price_change_prob": 0.5}
SBC_DRAWS = {"n_warmup": 500, "n_draws": 500, "n_chains": 4}


def calibration_row(number):
    """One replication of simulation-based calibration of ``partial_pooling`` by ``fit_nuts``.

    Truth and sales are drawn from the model, given prices and totals; the row holds, for each
    quantity, the share of posterior draws below the truth.
    """
    small = {"base_demand": (1e5, 1e6), "initial_price": (10, 100)}
    panel = et.simulate_store(np.random.default_rng(0), **SBC_PANEL, **small).panel
    key_truth, key_fit = jax.random.split(jax.random.key(number))
    world = et.prior_predictive(et.partial_pooling, panel, key=key_truth, n_draws=1)
    truth = world["prior"].isel(chain=0, draw=0)
    units = world["prior_predictive"]["units"].values[0, 0].astype(float)
    drawn = et.Panel(**{**vars(panel), "units": units})
    fit = et.fit_nuts(et.partial_pooling, drawn, key=key_fit, progress_bar=False, **SBC_DRAWS)
    below = (fit["posterior"].dataset < truth.dataset).mean(("chain", "draw"))
    row = {"replication": number, "divergences": int(fit["sample_stats"]["diverging"].sum())}
    for name in ("global_elasticity", "category_scale", "elasticity_scale"):
        row[name] = float(below[name])
    for name, dim in (("category_elasticity", "category"), ("elasticity", "product")):
        row |= {
            f"{name} {label.item()}": float(below[name].sel({dim: label})) for label in below[dim]
        }
    return row


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


def write(path, table, what):
    """Write a table under a line that says what, where and with which versions."""
    path.parent.mkdir(exist_ok=True)
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("jax", "numpyro")
    )
    machine = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    text = table.round(4).to_csv(index=False)
    path.write_text(f"# {what}; {versions}; {machine}\n{text}", encoding="utf-8")


STUDIES = {"sbc": sbc}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*STUDIES, []], help="all when none is named")
    for name in parser.parse_args().names or STUDIES:
        STUDIES[name]()
