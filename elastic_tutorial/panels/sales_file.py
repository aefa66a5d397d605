"""From a sales file of one's own to a tidy table, with an account of every row left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pandas as pd

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.raw_file import read_raw
from elastic_tutorial.panels.raw_numbers import Marks
from elastic_tutorial.panels.sifting import Choices, cells_of, settle, sift

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from elastic_tutorial.panels.panel import Panel


class SalesTable(NamedTuple):
    """What ``read_sales`` returns: the rows to learn from, and the rows left out.

    Parameters
    ----------
    table : pandas.DataFrame
        One row for each product and period, under the names that the file has.
    masked : pandas.DataFrame
        ``row`` (as counted in the file, its header being row 1) and ``reason``.
    columns : dict
        Which column plays which role; what ``Panel.from_frame`` wants to know.
    remarks : tuple of str
        Sentences on what was added up, filled or rounded.

    Examples
    --------
    >>> sales = SalesTable(pd.DataFrame({"sku": ["tea"]}), pd.DataFrame(), {"product": "sku"})
    >>> sales.columns["product"]
    'sku'
    """

    table: pd.DataFrame
    masked: pd.DataFrame
    columns: dict
    remarks: tuple = ()


def read_sales(
    path: str | Path,
    *,
    product: str,
    period: str,
    units: str,
    price: str | None = None,
    revenue: str | None = None,
    category: str | None = None,
    cost: str | None = None,
    covariates: Sequence[str] = (),
    by: str | None = None,
    fill_zeros: bool = False,
    round_units: bool = False,
    keep_going: bool = False,
    encoding: str = "utf-8",
    decimal: str | None = None,
    thousands: str | None = None,
    date_format: str | None = None,
) -> SalesTable:
    r"""Read a CSV, Excel or Parquet file of sales, one row for each product and period.

    Columns may be separated by commas, semicolons, tabs or bars, and a CSV file may be packed by
    gzip; of a workbook the sheet is read that has the columns. Labels are text, spaces around them
    dropped. Periods, numbers, currencies and Y/N are understood in any form that leaves no doubt.
    A row is left out, and listed, if it is no sale (blank, a title, a total), if a cell in use is
    empty, if its units are negative (more returned than sold) or if its price is not above 0.
    Whatever else cannot be right is refused.

    Parameters
    ----------
    path : str or Path
    product, period, units : str
        Names of the columns.
    price, revenue : str
        Name of the column of the price per unit, or of what all units of the row brought.
    category : str, optional
        Column that puts each product in one category.
    cost : str, optional
        Column of unit costs, above 0. It may have empty cells.
    covariates : sequence of str
        Numeric columns that enter the model, such as a promotion, which may be Y and N.
    by : {"day", "week", "month"}, optional
        Add rows up, such as receipts: dates become days, weeks (named by their Mondays) or months.
        Returns are taken off the units; the price is revenue over units sold.
    fill_zeros : bool
        Shelves were full and prices move seldom: a product without a row in a period between its
        first and its last, or with an empty cell of units, sold nothing then, at the price before.
    round_units : bool
        Round what is sold by weight to whole units.
    keep_going : bool
        Leave out rows that would be refused, and list them.
    encoding : str
        Of a CSV file. A byte order mark is understood.
    decimal, thousands : str, optional
        Marks in the numbers of a CSV file, where they leave a doubt.
    date_format : str, optional
        As for ``datetime.strptime``.

    Returns
    -------
    SalesTable

    Raises
    ------
    PanelError
        A line for each kind of fault: what is wrong, in which row and column, in how many, and
        what to do. Where an argument may mend it, its name is the error's ``argument``; an error of
        several kinds has them as ``parts``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "sales.csv")
    >>> _ = path.write_text("sku;week;sold;price\ntea;1;9;2.5\ntea;2;-1;2.5\n")
    >>> sales = read_sales(path, product="sku", period="week", units="sold", price="price")
    >>> sales.masked.to_dict("records")
    [{'row': 3, 'reason': "negative units in column 'sold' (more returned than sold)"}]
    """
    _check_marks(decimal, thousands)
    _check_choices(covariates, by, price, revenue)
    amount = cast("str", price or revenue)
    labels = {"product": product, "period": period} | ({"category": category} if category else {})
    numbers = {"units": units, "price": amount} | ({"cost": cost} if cost else {})
    columns: dict[str, Any] = labels | numbers | {"covariates": list(covariates)}
    file = read_raw(
        path,
        [*labels.values(), *numbers.values(), *covariates],
        labels=list(labels.values()),
        encoding=encoding,
        decimal=decimal or ("," if thousands == "." else "."),
    )
    marks, choices = Marks(decimal, thousands), Choices(by, fill_zeros, round_units, keep_going)
    cells = cells_of(file, columns, marks, date_format, choices)
    if revenue:
        cells, columns = cells.priced(columns)
    rows, masked = settle(*sift(cells, columns, choices), columns, choices)
    columns.pop("cost", None)
    return SalesTable(rows.table, masked, columns, tuple(rows.remarks))


def unit_costs(sales: SalesTable, panel: Panel, *, cost: str) -> pd.Series:
    """Return the last known unit cost of each product of a panel.

    Parameters
    ----------
    sales : SalesTable
    panel : Panel
        Of that table, or a selection from it.
    cost : str
        Name of the column.

    Returns
    -------
    pandas.Series over product
        NaN where none is known.

    Examples
    --------
    >>> import numpy as np
    >>> from elastic_tutorial import Panel
    >>> table = pd.DataFrame({"item": ["tea"] * 2, "week": [1, 2], "sold": [9, 7]})
    >>> table = table.assign(price=[2.0, 3.0], cost=[1.0, np.nan])
    >>> columns = {"product": "item", "period": "week", "units": "sold", "price": "price"}
    >>> sales = SalesTable(table, pd.DataFrame(), columns)
    >>> float(unit_costs(sales, Panel.from_frame(table, **columns), cost="cost")["tea"])
    1.0
    """
    known = sales.table.dropna(subset=[cost]).sort_values(sales.columns["period"], kind="stable")
    by_product = known.groupby(sales.columns["product"])
    last = cast("pd.Series", by_product[cost].last())  # of one column
    return last.reindex(panel.products)


def _check_marks(decimal, thousands):
    """Refuse marks that cannot tell numbers apart."""
    if decimal not in (None, ".", ","):
        raise PanelError(f"decimal must be '.' or ','; got {decimal!r}.", argument="decimal")
    if thousands is not None and (len(thousands) != 1 or thousands in f"{decimal}0123456789+-eE"):
        unlike = f" other than the decimal mark {decimal!r}" if decimal else ""
        raise PanelError(
            f"thousands must be one character{unlike}, such as ',' or a space; got {thousands!r}.",
            argument="thousands",
        )


def _check_choices(covariates, by, price, revenue):
    """Refuse arguments that contradict each other."""
    if isinstance(covariates, str):
        raise PanelError(f"covariates must be a sequence of names; got {covariates!r}.")
    if by not in (None, "day", "week", "month"):
        raise PanelError(f"by must be 'day', 'week' or 'month'; got {by!r}.", argument="by")
    if (price is None) == (revenue is None):
        raise PanelError("name the column of the price, or that of the revenue, and not both.")
