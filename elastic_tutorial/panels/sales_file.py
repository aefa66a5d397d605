"""From a sales file of one's own to a tidy table, with an account of every row left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pandas as pd

from elastic_tutorial.panels import raw_cells, raw_file
from elastic_tutorial.panels.columns import PanelError, check_one_category, check_repeats
from elastic_tutorial.validation import LARGEST_COUNT, quoted

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

    Examples
    --------
    >>> sales = SalesTable(pd.DataFrame({"sku": ["tea"]}), pd.DataFrame(), {"product": "sku"})
    >>> sales.columns["product"]
    'sku'
    """

    table: pd.DataFrame
    masked: pd.DataFrame
    columns: dict


def read_sales(
    path: str | Path,
    *,
    product: str,
    period: str,
    units: str,
    price: str,
    category: str | None = None,
    cost: str | None = None,
    covariates: Sequence[str] = (),
    encoding: str = "utf-8",
    decimal: str = ".",
    thousands: str | None = None,
    date_format: str | None = None,
) -> SalesTable:
    r"""Read a CSV or Parquet file of sales, one row for each product and period.

    Columns may be separated by commas, semicolons, tabs or bars. Labels are text, spaces around
    them dropped. Periods are whole numbers or dates of any form that leaves no doubt. A row is
    left out, and listed, if a cell in use is empty, if its units are negative (more returned than
    sold) or if its price is not above 0. Whatever else cannot be right is refused.

    Parameters
    ----------
    path : str or Path
    product, period, units, price : str
        Names of the columns.
    category : str, optional
        Column that puts each product in one category.
    cost : str, optional
        Column of unit costs, above 0. It may have empty cells.
    covariates : sequence of str
        Numeric columns that enter the model, such as a promotion.
    encoding : str
        Of a CSV file. A byte order mark is understood.
    decimal, thousands : str
        Marks in the numbers of a CSV file; without ``thousands`` none is accepted.
    date_format : str, optional
        As for ``datetime.strptime``.

    Returns
    -------
    SalesTable

    Raises
    ------
    PanelError
        In one line: what is wrong, in which row and column, and what to do; where an argument may
        mend it, its name is the error's ``argument``.

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
    if isinstance(covariates, str):
        raise PanelError(f"covariates must be a sequence of names; got {covariates!r}.")
    labels = {"product": product, "period": period} | ({"category": category} if category else {})
    numbers = {"units": units, "price": price} | ({"cost": cost} if cost else {})
    names = [*labels.values(), *numbers.values(), *covariates]
    as_text = list(labels.values())
    raw, first = raw_file.read_raw(path, names, labels=as_text, encoding=encoding, decimal=decimal)
    table = pd.DataFrame(index=raw.index)
    for name in labels.values():
        if name == period:
            table[name] = raw_cells.periods_of(raw[name], name, first, date_format)
        else:
            table[name] = raw_cells.labels_of(raw[name], name, first)
    marks = {"decimal": decimal, "thousands": thousands}
    for name in [*numbers.values(), *covariates]:
        table[name] = raw_cells.numbers_of(raw[name], name, first, **marks)
    keep, reason = raw_cells.mask(table, list(_rules(table, labels, numbers, covariates)))
    rows = np.arange(len(table)) + first
    blank = raw.isna().all(axis=1).to_numpy()[~keep]  # an empty line is no row
    masked = pd.DataFrame({"row": rows[~keep], "reason": reason})[~blank]
    table = table[keep].infer_objects().reset_index(drop=True)
    _refuse(table, labels, numbers, rows[keep])
    columns = labels | {"units": units, "price": price, "covariates": list(covariates)}
    return SalesTable(table, masked.reset_index(drop=True), columns)


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
    if decimal not in (".", ","):
        raise PanelError(f"decimal must be '.' or ','; got {decimal!r}.", argument="decimal")
    if thousands is not None and (len(thousands) != 1 or thousands in f"{decimal}0123456789+-eE"):
        raise PanelError(
            f"thousands must be one character other than the decimal mark {decimal!r}, such as "
            f"',' or a space; got {thousands!r}.",
            argument="thousands",
        )


def _rules(table, labels, numbers, covariates):
    """Say which rows are left out, and why."""
    for name in labels.values():
        yield f"no label in column {quoted(name)}", table[name].isna()
    for name in [numbers["units"], numbers["price"], *covariates]:
        yield f"no number in column {quoted(name)}", table[name].isna()
    units, price = numbers["units"], numbers["price"]
    returned = f"negative units in column {quoted(units)} (more returned than sold)"
    yield returned, table[units] < 0
    yield f"a price of 0 in column {quoted(price)}", table[price] == 0
    yield f"a negative price in column {quoted(price)}", table[price] < 0


def _refuse(table, labels, numbers, rows):
    """Refuse what would be a plausible number and is wrong."""
    units, cost = table[numbers["units"]].to_numpy(), numbers.get("cost")
    name = quoted(numbers["units"])
    raw_cells.refuse_row(
        units != np.floor(units),
        rows,
        lambda i: (
            f"column {name}: {units[i]:g} units are not a whole number; count packs, or leave out "
            "what is sold by weight."
        ),
    )
    many = units > LARGEST_COUNT
    raw_cells.refuse_row(many, rows, lambda i: f"column {name}: more than 2^53 units.")
    if cost is not None:
        values = table[cost].to_numpy()
        raw_cells.refuse_row(
            values <= 0,
            rows,
            lambda i: (
                f"column {quoted(cost)}: a unit cost must be above 0; got {values[i]:g}; leave "
                "the cell empty where it is unknown."
            ),
        )
    _check_labels(table, labels, rows)


def _check_labels(table, labels, rows):
    """Refuse two rows of one product and period, and a product in two categories."""
    columns = {role: table[name].to_numpy() for role, name in labels.items()}
    codes = {role: pd.factorize(column)[0] for role, column in columns.items()}
    check_repeats(codes, columns, rows)
    if "category" in labels:
        check_one_category(codes, columns, rows, labels["category"])
