"""The steps of the terminal command after reading, each a call or two of public functions."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import pandas as pd

from elastic_tutorial.checking.after_fit import check_fit
from elastic_tutorial.checking.back_test import back_test
from elastic_tutorial.checking.before_fit import check_store
from elastic_tutorial.laplace.fit import fit_laplace
from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.sales_file import unit_costs
from elastic_tutorial.report.report import Report, write_report
from elastic_tutorial.report.sentences import data_lines, findings
from elastic_tutorial.report.tables import elasticity_table, price_table

if TYPE_CHECKING:
    from argparse import Namespace

    import xarray as xr

    from elastic_tutorial.panels.panel import Panel
    from elastic_tutorial.panels.sales_file import SalesTable


def check(panel: Panel, options: Namespace) -> pd.DataFrame:
    """Ask what can be asked before a fit."""
    return check_store(panel, time_effects=not options.no_time_effects)


def fit(panel: Panel, options: Namespace) -> xr.DataTree:
    """Fit the model of the options."""
    return fit_laplace(panel, key=jax.random.key(options.seed), **_model(options))


def test(panel: Panel, options: Namespace) -> xr.Dataset | str:
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
    bounds, prob = options.bounds, options.prob
    prices = price_table(posterior, panel, unit_cost=cost, bounds=bounds, prob=prob)
    if isinstance(test, str):
        remarks = [*remarks, f"No back-test: {test}"]
    tested = None if isinstance(test, str) else test
    checks = [*checks, check_fit(posterior, panel, test=tested), _warned(caught)]
    return Report(
        source=Path(options.file).name,
        panel=panel,
        elasticities=elasticity_table(posterior, panel, prob=prob),
        checks=pd.concat([each for each in checks if len(each)]),
        prices=prices,
        test=tested,
        masked=sales.masked,
        remarks=tuple(remarks),
        settings=_settings(options),
    )


def write(report: Report, folder: Path, options: Namespace) -> None:
    """Write the folder."""
    write_report(report, folder, force=options.force)


def summary(report: Report, options: Namespace) -> str:
    """Say at the terminal what stands in the report."""
    lines = [*data_lines(report), *findings(report)]
    looks = report.checks[report.checks["verdict"] == "look"]
    lines += [f"Look: {name}: {row['found']}. {row['advice']}" for name, row in looks.iterrows()]
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
    chosen |= {"file": Path(options.file).name, "out": Path(options.out).name}
    packages = ("elastic-tutorial", "jax", "numpy", "pandas")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    python = f"Python {platform.python_version()}"
    chosen = {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in chosen.items()}
    return chosen | {"versions": f"{python}, {versions}"}
