"""The steps of the terminal command after reading, each a call or two of public functions."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import pandas as pd

from elastic_tutorial import validation as validate
from elastic_tutorial.checking.after_fit import check_fit
from elastic_tutorial.checking.back_test import back_test
from elastic_tutorial.checking.before_fit import check_store
from elastic_tutorial.checking.moves import overlap
from elastic_tutorial.laplace.fit import fit_laplace
from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.row_checks import n_unsold
from elastic_tutorial.panels.sales_file import unit_costs
from elastic_tutorial.report.comparison import changes
from elastic_tutorial.report.price_labels import price_table
from elastic_tutorial.report.report import Report, write_report
from elastic_tutorial.report.sentences import data_lines, findings
from elastic_tutorial.report.tables import elasticity_table

if TYPE_CHECKING:
    from argparse import Namespace

    import xarray as xr

    from elastic_tutorial.panels.panel import Panel
    from elastic_tutorial.panels.sales_file import SalesTable

# Options that name a place; of its path a report tells no more than the end.
PLACES = ("file", "out", "json", "ladder", "settings", "compare")


def check(panel: Panel, options: Namespace) -> pd.DataFrame:
    """Ask what can be asked before a fit."""
    return check_store(panel, time_effects=not options.no_time_effects)


def fit(panel: Panel, options: Namespace) -> xr.DataTree:
    """Fit the model of the options."""
    return fit_laplace(panel, key=jax.random.key(options.seed), **_model(options))


def compare(panel: Panel, posterior: xr.DataTree, options: Namespace) -> list[str]:
    """Where a covariate moves as the price does, say what the fit finds without it."""
    if not panel.covariates:
        return []
    names, time_effects = list(panel.covariates), not options.no_time_effects
    shared = overlap(panel, names, time_effects=time_effects)
    if not shared.confounds:
        return []
    kept = {name: each for name, each in panel.covariates.items() if name != shared.culprit}
    without = fit(replace(panel, covariates=kept), options)
    said = [_middle(each, options.prob) for each in (posterior, without)]
    return [
        f"The covariate {validate.quoted(shared.culprit)} moves as the price does, and the sales "
        f"cannot tell what each of them did. With it the middle product has an elasticity of "
        f"{said[0]}; without it, of {said[1]}. The tables take it in: if it does nothing by "
        "itself, leave it out."
    ]


def _middle(posterior, prob):
    """Elasticity of the middle product, with the interval of its draws."""
    draws = posterior["posterior"]["elasticity"].median("product")
    low, high = draws.quantile([(1 - prob) / 2, (1 + prob) / 2], ("chain", "draw")).values
    return f"{float(draws.mean()):.2f} ({prob:.0%} interval {low:.2f} to {high:.2f})"


def run_back_test(panel: Panel, options: Namespace) -> xr.Dataset | str:
    """Run the back-test, or return why there is none."""
    if options.no_back_test:
        return "left out by --no-back-test"
    key = jax.random.key(options.seed + 1)
    try:
        return back_test(panel, key=key, prob=options.prob, **_model(options))
    except PanelError as error:
        return str(error)


def report(
    options: Namespace,
    rules: dict,
    last: list[pd.DataFrame] | None,
    sales: SalesTable,
    panel: Panel,
    posterior: xr.DataTree,
    test: xr.Dataset | str,
    checks: list[pd.DataFrame],
    remarks: list[str],
    caught: list,
) -> Report:
    """Put together what the report shows."""
    cost = unit_costs(sales, panel, cost=options.cost) if options.cost else None
    prob = options.prob
    prices = price_table(posterior, panel, unit_cost=cost, prob=prob, **rules)
    elasticities = elasticity_table(posterior, panel, prob=prob)
    if last is not None:
        remarks = [*remarks, *changes(last, elasticities, prices)]
    if isinstance(test, str):
        remarks = [*remarks, f"No back-test: {test}"]
    tested = None if isinstance(test, str) else test
    unpriced = n_unsold(sales.masked["reason"], sales.columns["price"])
    found = check_fit(posterior, panel, test=tested, n_unpriced=unpriced)
    found = pd.concat([each for each in (*checks, found, _warned(caught)) if len(each)])
    return Report(
        source=Path(options.file).name,
        panel=panel,
        elasticities=elasticities,
        checks=found,
        prices=prices,
        test=tested,
        masked=sales.masked,
        remarks=tuple(remarks),
        settings=_settings(options),
        promise_withheld=_withheld(found),
    )


def _withheld(checks):
    """Why gains are not added up: a check that says that products are no strangers."""
    found = checks.loc[["common price moves"]].iloc[0]
    return found["advice"] if found["verdict"] == "look" else None


def write(report: Report, folder: Path, options: Namespace) -> None:
    """Write the folder."""
    write_report(report, folder, json=options.json, force=options.force)


def summary(report: Report, options: Namespace) -> str:
    """Say at the terminal what stands in the report."""
    lines = [*data_lines(report), *findings(report)]
    return "\n".join([*lines, f"Written: {Path(options.out) / 'report.html'}", ""])


def _model(options):
    return {
        "likelihood": options.likelihood,
        "intercept": options.intercept,
        "time_effects": not options.no_time_effects,
    }


def _warned(caught):
    """Make checks of the warnings of the package; those of other libraries are not for readers."""
    own = [each for each in caught if each.category.__module__.startswith("elastic_tutorial")]
    rows = {
        f"warning {i}": {"found": str(each.message), "verdict": "look", "advice": ""}
        for i, each in enumerate(own, start=1)
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["found", "verdict", "advice"])


def _settings(options):
    chosen = {k: v for k, v in vars(options).items() if v not in (None, [], False)}
    places = {name: chosen[name] for name in PLACES if name in chosen}
    chosen |= {name: Path(place).name for name, place in places.items()}
    packages = ("elastic-tutorial", "jax", "numpy", "pandas")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    python = f"Python {platform.python_version()}"
    chosen = {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in chosen.items()}
    return chosen | {"versions": f"{python}, {versions}"}
