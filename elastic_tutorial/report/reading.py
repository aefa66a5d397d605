"""The first steps of the terminal command, which load nothing that only a fit needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elastic_tutorial import validation as validate
from elastic_tutorial.checking.moves import absorbed_covariates, separated_products
from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.panel import Panel
from elastic_tutorial.panels.sales_file import read_sales
from elastic_tutorial.report.folder import claim as claim_folder

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from elastic_tutorial.panels.sales_file import SalesTable

ROLES = ("product", "period", "units", "price", "revenue", "category", "cost", "covariates")
READING = ("by", "fill_zeros", "round_units", "keep_going")
READING += ("encoding", "decimal", "thousands", "date_format")


def claim(options: Namespace) -> Path:
    """Refuse what will not do before anything is computed."""
    validate.probability("--prob", options.prob)
    if options.bounds and not 0 < options.bounds[0] < options.bounds[1]:
        raise ValueError("--bounds must be two numbers above 0, the lower first.")
    if not 0 <= options.seed < 2**32:
        raise ValueError("--seed must be a whole number from 0 to 2^32 - 1.")
    return claim_folder(options.out, force=options.force)


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
        panel = panel.select(min_units=1)
        remarks.append(
            f"{unsold:,} products sold nothing and were left out, since a level of demand of their "
            "own cannot be known (the option --intercept gamma keeps them)."
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
