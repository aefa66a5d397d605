"""Recompute book/results/fits.csv: each fit that a chapter checks, with ten keys.

A chapter's cells are run up to the statement that fits, and that statement again with each key.
What ``check_convergence`` would say is written down and not raised.
"""

import argparse
import ast
import contextlib
import io
import os
import re
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import notebooks
import pandas as pd

import elastic_tutorial as et
from studies import RESULTS, write

# Chapter and the name that it gives to the posterior.
FITS = [
    ("partial_pooling", "posterior"),
    ("fitting_and_checking", "posterior"),
    ("real_cheese", "own_errors"),
    ("real_cheese", "one_error"),
    ("real_cheese", "early_fit"),
    ("real_orange_juice", "slow"),
    ("your_own_sales", "nuts"),
]
N_KEYS = 10
PATH = RESULTS / "fits.csv"
KEY = re.compile(r"(?<=random\.key\()\d+(?=\))|(?<=seed=)\d+")
NO_LIMITS = {"max_rhat": float("inf"), "min_ess": 0, "max_divergences": 10**9}


def fits_again(chapter, name, keys):
    """Rows of the table for one fit, one after the other."""
    before, statement = until(chapter, name)
    check = et.check_convergence
    et.check_convergence = lambda posterior, **limits: check(posterior, **NO_LIMITS)
    here = Path.cwd()
    os.chdir(notebooks.ROOT / "book")
    try:
        scope = {"__name__": "__main__"}
        for code in before:
            run(code, scope)
        for key in keys:
            run(KEY.sub(str(key), statement, count=1), scope)
            yield {"chapter": chapter, "fit": name, "key": key} | worst(scope[name])
    finally:
        et.check_convergence = check
        os.chdir(here)


def run(code, scope):
    """Run a statement of a chapter without what it prints and draws."""
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, scope)
    plt.close("all")


def until(chapter, name):
    """Cells of a chapter, and of the last one the statements, before a fit; and the fit."""
    path = notebooks.ROOT / "book" / f"{chapter}.md"
    cells = notebooks.code_cells(notebooks.read_text(path))
    before = []
    for source in (cell.source for cell in cells if "%pip" not in cell.source):
        for statement in ast.parse(source).body:
            text = ast.get_source_segment(source, statement)
            if is_fit(statement, name):
                return before, text
            before.append(text)
    raise LookupError(f"{path.name} has no statement that fits {name}.")


def is_fit(statement, name):
    """Whether a statement gives this name to what a fit with a key returns."""
    if not isinstance(statement, ast.Assign) or ast.unparse(statement.targets[0]) != name:
        return False
    return KEY.search(ast.unparse(statement)) is not None


def is_of(row, chapter, name):
    """Whether a row of the table is of this fit."""
    return row["chapter"] == chapter and row["fit"] == name


def worst(posterior):
    """Find what decides whether a fit is accepted."""
    table = et.check_convergence(posterior)
    return {
        "divergences": int(posterior["sample_stats"]["diverging"].sum()),
        "rhat": round(float(table["rhat"].max()), 4),
        "ess_bulk": round(float(table["ess_bulk"].min())),
        "ess_tail": round(float(table["ess_tail"].min())),
    }


def main(arguments=None):
    """Fit, and write the table after each fit that is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="*", help="some of the chapters; others keep their rows")
    chosen = parser.parse_args(arguments).chapter
    matplotlib.use("agg")
    old = pd.read_csv(PATH, comment="#").to_dict("records") if PATH.exists() else []
    for chapter, name in FITS:
        if chosen and chapter not in chosen:
            continue
        rows = list(fits_again(chapter, name, range(N_KEYS)))
        old = [row for row in old if not is_of(row, chapter, name)] + rows
        of_fit = [[row for row in old if is_of(row, *fit)] for fit in FITS]
        write(
            PATH,
            pd.DataFrame([row for rows in of_fit for row in rows]),
            "the fits that chapters check, ten keys each",
        )
        print(pd.DataFrame(rows).to_string(index=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
