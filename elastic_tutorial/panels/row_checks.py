"""Which rows of a sales file are left out, and which are wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from elastic_tutorial.panels.columns import first_row_of_product
from elastic_tutorial.panels.faults import Fault
from elastic_tutorial.validation import LARGEST_COUNT, quoted

_DIGITS = 6  # of thousandths: beyond what a product of floats is off by
_NAMED = 3  # columns in a message: they leave room in its line for what to do

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elastic_tutorial.panels.raw_file import RawFile


def too_long(file: RawFile) -> Iterator[Fault]:
    """Yield the fault of rows with more cells than headings, if there are any."""
    bad = np.zeros(len(file.table), bool)
    bad[list(file.too_long)] = True
    if file.too_long:
        yield Fault(
            "",
            bad,
            lambda i: (
                f"{file.too_long[i]} cells under {len(file.header)} headings; put cells that hold "
                "the separator in quotation marks"
            ),
            "more cells than headings",
        )


def left_out(table: pd.DataFrame, columns: dict, *, returns: bool, filled: bool) -> Iterator[tuple]:
    """Say which rows are left out for their numbers, and why.

    Returns stay if they will be taken off what was sold, and rows of 0 units without a price if
    they will be ``filled``.
    """
    units, price = columns["units"], columns["price"]
    sold = table[units]
    yield f"no number in column {quoted(units)}", sold.isna()
    needless = (returns & (sold < 0)) | (filled & (sold == 0))
    unpriced = table[price].isna() & ~needless
    yield _unsold(price), unpriced & (sold == 0)
    for name, missing in [
        (price, unpriced),
        *((c, table[c].isna()) for c in columns["covariates"]),
    ]:
        yield f"no number in column {quoted(name)}", missing
    if not returns:
        returned = f"negative units in column {quoted(units)} (more returned than sold)"
        yield returned, sold < 0
    yield f"a price of 0 in column {quoted(price)}", table[price] == 0
    yield f"a negative price in column {quoted(price)}", table[price] < 0


def _unsold(price):
    return f"nothing sold and no price in column {quoted(price)}"


def n_unsold(reasons: pd.Series, price: str) -> int:
    """Count the rows that were left out because nothing was sold and no price stood there."""
    return int((reasons == _unsold(price)).sum())


def of_unsold(reasons: pd.Series, price: str) -> list[str]:
    """Say what leaving out rows without sales and price does, if there are any."""
    count = n_unsold(reasons, price)
    if not count:
        return []
    return [
        f"{count:,} rows in which nothing was sold have no price and were left out. Without the "
        "periods in which they did not sell, slow sellers seem to sell more, most of all at high "
        "prices, and elasticities come out too close to 0. Put in the prices that stood there; if "
        "shelves were full and prices move seldom, fill_zeros=True takes the price before."
    ]


def wrong_numbers(table: pd.DataFrame, columns: dict) -> Iterator[Fault]:
    """Yield what would be a plausible number and is wrong."""
    units, cost = columns["units"], columns.get("cost")
    many = (table[units].abs() > LARGEST_COUNT).to_numpy()
    reason = f"more than 2^53 units in column {quoted(units)}"
    yield Fault(units, many, lambda _: "more than 2^53 units; correct the cell", reason)
    if cost is not None:
        values = table[cost].to_numpy()
        yield Fault(
            cost,
            values <= 0,
            lambda i: (
                f"a unit cost must be above 0; got {values[i]:g}; leave the cell empty where it "
                "is unknown"
            ),
            f"a unit cost of 0 or less in column {quoted(cost)}",
        )


def fractions(table: pd.DataFrame, units: str) -> Fault:
    """Return the fault of units that are no counts."""
    values = table[units].to_numpy()
    # Three digits at most after the point, and before it: it may stand for thousands.
    thousands = (np.round(values * 1000, _DIGITS) % 1 == 0) & (values >= 1) & (values < 1000)
    thousands |= np.isnan(values) | (values == 0)
    grouped = " (if the mark is one of thousands, thousands='.')" if thousands.all() else ""
    return Fault(
        units,
        np.isfinite(values) & (values != np.floor(values)),
        lambda i: (
            f"{values[i]:g} units are not a whole number; count packs, or round what is sold by "
            f"weight, with round_units=True{grouped}"
        ),
        f"a fraction of a unit in column {quoted(units)}",
        argument="round_units",
    )


def two_categories(
    table: pd.DataFrame, columns: dict, rows: np.ndarray, among: np.ndarray
) -> Fault:
    """Return the fault of rows that put their product in another category than its first row."""
    product, category = (table[columns[role]].to_numpy() for role in ("product", "category"))
    here = np.flatnonzero(among)
    first = np.zeros(len(table), int)
    first[here] = here[first_row_of_product(pd.factorize(product[here])[0])]
    return Fault(
        columns["category"],
        among & (category != category[first]),
        lambda i: (
            f"product {quoted(product[i])} is in category {quoted(category[i])} here and in "
            f"{quoted(category[first[i]])} in row {rows[first[i]]}; give it one"
        ),
        f"another category in column {quoted(columns['category'])} than the product had before",
    )


def repeats(
    table: pd.DataFrame, columns: dict, rows: np.ndarray, among: np.ndarray, file: RawFile
) -> Fault:
    """Return the fault of products with several rows in a period."""
    product, period = columns["product"], columns["period"]

    def what(i):
        same = (table[product] == table[product].iloc[i]) & (table[period] == table[period].iloc[i])
        one, other = np.flatnonzero(same & among)[:2]
        return (
            f"product {quoted(table[product].iloc[i])} has two rows for period "
            f"{quoted(table[period].iloc[i])}: rows {rows[one]} and {rows[other]}"
            f"{_remedy(table[period].iloc[i], _differing(file, rows[[one, other]]))}"
        )

    bad = np.zeros(len(table), bool)
    bad[among] = table.loc[among, [product, period]].duplicated(keep=False)
    reason = "one of several rows of a product in a period"
    return Fault(product, bad, what, reason, argument="by")


def _differing(file, rows):
    """Columns that are not in use and differ between two rows."""
    others = [n for n in file.header if n and n not in file.table and file.header.count(n) == 1]
    if not others:
        return []
    one, other = file.read_more(others).iloc[rows - file.first_row].astype(str).to_numpy()
    return [name for name, differs in zip(others, one != other, strict=True) if differs]


def _remedy(period, differing):
    """Say what to do with repeated rows; what to add them up by shows in their period."""
    forms = {"day": r"\d{4}-\d\d-\d\d", "month": r"\d{4}-\d\d"}
    found = [by for by, form in forms.items() if re.fullmatch(form, str(period))]
    text = f"add such rows up with by={(found or ['week'])[0]!r}, or remove the copy"
    if not differing:
        return f"; {text}"
    named = ", ".join(quoted(name, longest=20) for name in differing[:_NAMED])
    return (
        f", which differ in {named}. Is a product told apart by it, as by a size or a shop? Then "
        f"join it to the product's column; if not, {text}"
    )
