"""The first steps of the terminal command, which load nothing that only a fit needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elastic_tutorial import validation as validate
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
    remarks = [said.replace("fill_zeros=True", "the option --fill-zeros") for said in sales.remarks]
    unsold = int((panel.total_units == 0).sum())
    if unsold == panel.n_products:
        raise PanelError("nothing was sold in any row; there is nothing to learn from.")
    if unsold and options.intercept == "fixed":
        panel = panel.select(min_units=1)
        remarks.append(
            f"{unsold:,} products sold nothing and were left out, since a level of demand of their "
            "own cannot be known (the option --intercept gamma keeps them)."
        )
    return sales, panel, remarks
