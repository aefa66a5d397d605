"""The first steps of the terminal command, which load nothing that only a fit needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from elastic_tutorial import validation as validate
from elastic_tutorial.checking.moves import absorbed_covariates, separated_products
from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.panel import Panel
from elastic_tutorial.panels.raw_cells import labels_of
from elastic_tutorial.panels.raw_file import read_raw
from elastic_tutorial.panels.sales_file import read_sales
from elastic_tutorial.report.folder import claim as claim_folder
from elastic_tutorial.report.folder import claim_file

if TYPE_CHECKING:
    from argparse import Namespace

    from elastic_tutorial.panels.sales_file import SalesTable

ROLES = ("product", "period", "units", "price", "revenue", "category", "cost", "covariates")
READING = ("by", "fill_zeros", "round_units", "keep_going")
READING += ("encoding", "decimal", "thousands", "date_format")
LAST = {"elasticities.csv": ["elasticity", "sd"], "prices.csv": ["price"]}


def claim(options: Namespace) -> Path:
    """Refuse what will not do before anything is computed."""
    validate.probability("--prob", options.prob)
    if not 0 <= options.seed < 2**32:
        raise ValueError("--seed must be a whole number from 0 to 2^32 - 1.")
    folder = claim_folder(options.out, force=options.force)
    if options.json is not None:
        claim_file(options.json, folder, force=options.force)
    return folder


def last(options: Namespace) -> list[pd.DataFrame] | None:
    """Read elasticities and labels of an earlier report, if one is named."""
    if options.compare is None:
        return None
    folder = options.compare
    tables = []
    for name, numbers in LAST.items():
        path = Path(folder) / name
        if not path.is_file():
            raise FileNotFoundError(
                f"there is no {name} in {str(folder)!r}; name a report's folder."
            )
        table = pd.read_csv(path, dtype={"product": str}, keep_default_na=False, na_values=[""])
        missing = [each for each in ["product", *numbers] if each not in table]
        if missing:
            raise ValueError(
                f"{str(path)!r} has no column {missing[0]!r}; it is of another version."
            )
        tables.append(table.set_index("product")[numbers])
    return tables


def rules(options: Namespace) -> dict:
    """Say what labels must keep to, as ``price_table`` takes it."""
    if options.bounds and not 0 < options.bounds[0] < options.bounds[1]:
        raise ValueError("--bounds must be two numbers above 0, the lower first.")
    if not 0 < options.max_change < 1:
        raise ValueError("--max-change must lie strictly between 0 and 1, as 0.10.")
    if options.endings and not all(0 <= each < 1 for each in options.endings):
        raise ValueError("--endings must be parts of one unit of currency, as .99 .49.")
    if options.min_margin is not None and not (options.cost and 0 <= options.min_margin < 1):
        raise ValueError("--min-margin must be 0 or more and below 1, and needs --cost.")
    if not 0 <= options.min_gain < float("inf"):
        raise ValueError("--min-gain must be a number, 0 or more.")
    if options.most_changes is not None and options.most_changes < 0:
        raise ValueError("--most-changes must be a whole number, 0 or more.")
    names = ("bounds", "max_change", "endings", "min_margin", "min_gain", "most_changes")
    ladder = None if options.ladder is None else _prices_in(options.ladder)
    return {name: getattr(options, name) for name in names} | {
        "ladder": ladder,
        "groups": None if options.line is None else _lines(options),
    }


def _prices_in(path):
    """Read a file with a price on each line."""
    prices = []
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), start=1):
        try:
            price = float(line) if line.strip() else None
        except ValueError:
            price = 0.0
        if price is not None and not 0 < price < float("inf"):
            raise ValueError(
                f"{validate.quoted(str(path))}, line {number}: a ladder has a price above 0 on "
                f"each line, as 4.99; got {validate.quoted(line)}."
            )
        prices += [] if price is None else [price]
    if not prices:
        raise ValueError(f"{validate.quoted(str(path))} holds no price; write one on each line.")
    return prices


def _lines(options):
    """Read which line each product belongs to, as its last row says."""
    names = [options.product, options.line]
    marks = {"encoding": options.encoding, "decimal": options.decimal or "."}
    file = read_raw(options.file, names, labels=names, **marks)
    table = pd.DataFrame({name: labels_of(file.table[name], name)[0] for name in names})
    return table.dropna().groupby(options.product)[options.line].last()


def read(options: Namespace) -> tuple[SalesTable, Panel, list[str]]:
    """Read the file; return the sales, their panel, and what was dropped in words."""
    named = {name: getattr(options, name) for name in (*ROLES, *READING)}
    sales = read_sales(options.file, **named)
    panel = Panel.from_frame(sales.table, **sales.columns)
    panel, remarks = prepare(
        panel, gamma=options.intercept == "gamma", time_effects=not options.no_time_effects
    )
    said = [f"{each}{_option(each)}" for each in sales.remarks]
    return sales, panel, [*said, *remarks]


def _option(remark):
    """Name the option that stands for an argument which a remark of the library advises."""
    return " Here that is the option --fill-zeros." if "fill_zeros=" in remark else ""


def prepare(panel: Panel, *, gamma: bool, time_effects: bool) -> tuple[Panel, list[str]]:
    """Leave out products and covariates that teach nothing, or mislead all others; say which."""
    remarks = []
    unsold = int((panel.total_units == 0).sum())
    if unsold == panel.n_products:
        raise PanelError("nothing was sold in any row; there is nothing to learn from.")
    if unsold and not gamma:
        names, panel = panel.products[panel.total_units == 0], panel.select(min_units=1)
        remarks.append(
            f"Left out, since it sold nothing and its level of demand cannot be known: "
            f"{validate.listed(names)} (the option --intercept gamma keeps such products)."
        )
    separated = separated_products(panel)
    if separated.any() and not separated.all():
        names, panel = panel.products[separated], panel.select(products=panel.products[~separated])
        remarks.append(
            f"{validate.listed(names)}: sold at one price and never beyond, where one expects "
            "sales. Taken alone such an elasticity is infinite, and would widen the intervals of "
            "all others, so it was left out: look what happened there."
        )
    if absorbed := absorbed_covariates(panel, time_effects=time_effects):
        kept = {name: each for name, each in panel.covariates.items() if name not in absorbed}
        panel = replace(panel, covariates=kept)
        effects = "the effects of product and period absorb" if time_effects else "each product has"
        remarks.append(
            f"{validate.listed(absorbed)}: left out, since what does not vary, or only as "
            f"{effects}, teaches nothing of its own."
        )
    return panel, remarks
