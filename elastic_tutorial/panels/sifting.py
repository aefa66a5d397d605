"""From the cells of a file to its rows in use: what is no sale left out, what is wrong refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from elastic_tutorial.panels import raw_cells, receipts, row_checks
from elastic_tutorial.panels.faults import Fault, refuse, within
from elastic_tutorial.panels.raw_numbers import Marks, flag, numbers_of
from elastic_tutorial.panels.raw_periods import periods_of
from elastic_tutorial.panels.receipts import Rows
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from elastic_tutorial.panels.raw_file import RawFile


class Choices(NamedTuple):
    """What ``read_sales`` was asked to do with the rows."""

    by: str | None
    fill_zeros: bool
    round_units: bool
    keep_going: bool


class Cells(NamedTuple):
    """The rows of a file as labels, periods and numbers.

    ``left_out`` holds pairs of a reason and a mask over the rows. A number that cannot be read
    stands as 1 in the table until the fault refuses its row.
    """

    file: RawFile
    table: pd.DataFrame
    left_out: list[tuple[str, np.ndarray]]
    faults: list[Fault]
    remarks: list[str]

    def priced(self, columns: dict) -> tuple[Cells, dict]:
        """Put the price per unit beside the revenue, which stands in the column of the price."""
        revenue, units = columns["price"], columns["units"]
        price = f"{revenue} / {units}"
        values = receipts.unit_price(self.table[revenue], self.table[units])
        table = self.table.drop(columns=revenue).assign(**{price: values})
        return self._replace(table=table), columns | {"price": price}


def cells_of(
    file: RawFile, columns: dict, marks: Marks, date_format: str | None, choices: Choices
) -> Cells:
    """Read the cells of a file, each column by its role."""
    labels = {columns[role] for role in ("product", "period", "category") if role in columns}
    kinds = dict.fromkeys(columns["covariates"], "covariate") | {columns["units"]: "units"}
    kinds |= {columns[role]: "money" for role in ("price", "cost") if role in columns}
    words, faults = {}, []
    for name in (name for name in file.table if name in labels):
        words[name], bad = raw_cells.labels_of(file.table[name], name)
        faults += bad
    values, bad = numbers_of(file.table, kinds, marks)
    for fault in bad:
        values[fault.column] = np.where(fault.bad, 1.0, values[fault.column])
    period = columns["period"]
    periods, disorder, cut_off = periods_of(
        words[period], period, date_format=date_format, by=choices.by
    )
    left_out = list(raw_cells.no_sales(file.table, words, columns["price"]))
    left_out += [(f"no label in column {quoted(name)}", pd.isna(words[name])) for name in words]
    table = pd.DataFrame(words | {period: periods} | values)
    faults = [*row_checks.too_long(file), *faults, *bad, *disorder]
    return Cells(file, table, left_out, faults, cut_off)


def sift(cells: Cells, columns: dict, choices: Choices) -> tuple[Rows, pd.DataFrame, pd.DataFrame]:
    """Return the rows in use, those left out, and product and period of the latter."""
    table, rules = cells.table.copy(), list(cells.left_out)
    sales = ~_any(rules, len(table))
    rules.append(raw_cells.total_products(table, columns, sales))
    units, price = columns["units"], columns["price"]
    remarks = list(cells.remarks)
    for name in columns["covariates"]:
        table[name], said = flag(table[name].to_numpy(), name, sales)
        remarks += [said] if said else []
    if choices.fill_zeros:
        table[units] = table[units].fillna(0)
    table[price] = table[price].mask((table[units] == 0) & (table[price] == 0))
    returns = choices.by is not None
    rules += row_checks.left_out(table, columns, returns=returns, filled=choices.fill_zeros)
    rules = _sparing(list(cells.file.too_long), rules)
    keep = ~_any(rules, len(table))
    numbers = np.arange(len(table)) + cells.file.first_row
    faults = _faults(cells, table, columns, choices, keep, numbers)
    refuse(faults, numbers, keep_going=choices.keep_going)
    rules += [(fault.reason, fault.bad) for fault in faults]
    keep, reason = raw_cells.mask(len(table), rules)
    masked = pd.DataFrame({"row": numbers[~keep], "reason": reason[~keep]})
    above = pd.DataFrame({"row": cells.file.above, "reason": "above the headings"})
    masked = pd.concat([above, masked], ignore_index=True) if len(above) else masked
    taken = table.loc[~keep, [columns["product"], columns["period"]]].dropna()
    remarks += row_checks.of_unsold(masked["reason"], price)
    return Rows(table[keep].reset_index(drop=True), numbers[keep], remarks), masked, taken


def settle(
    rows: Rows, masked: pd.DataFrame, taken: pd.DataFrame, columns: dict, choices: Choices
) -> tuple[Rows, pd.DataFrame]:
    """Add up, fill and round as was chosen; return a row for each product and period."""
    units, price = columns["units"], columns["price"]
    if choices.by:
        rows = receipts.add_up(rows, columns, choices.by)
        reason = f"more returned than sold in the {choices.by}"
        rows, masked, out = _without(rows, rows.table[units] < 0, reason, masked)
        taken = pd.concat([taken, out[taken.columns]])
    if choices.fill_zeros:
        rows = receipts.fill_zeros(rows, columns, taken)
        reason = f"nothing sold, and no price in column {quoted(price)} before"
        rows, masked, _ = _without(rows, rows.table[price].isna(), reason, masked)
    if choices.round_units:
        rows = receipts.round_units(rows, units)
    faults = within([row_checks.fractions(rows.table, units)], np.ones(len(rows.table), bool))
    refuse(faults, rows.numbers, keep_going=choices.keep_going)
    for fault in faults:
        rows, masked, _ = _without(rows, fault.bad, fault.reason, masked)
    return rows._replace(table=rows.table.infer_objects()), masked


def _any(rules, n_rows):
    return np.logical_or.reduce([np.zeros(n_rows, bool), *(np.asarray(bad) for _, bad in rules)])


def _sparing(positions, rules):
    """Let rules not hold for rows whose cells are blank because they have a fault as a whole."""
    spared = [(reason, np.array(bad, bool)) for reason, bad in rules]
    for _, bad in spared:
        bad[positions] = False
    return spared


def _faults(cells, table, columns, choices, keep, numbers):
    """Return every fault of rows that would otherwise be kept."""
    found = [*cells.faults, *row_checks.wrong_numbers(table, columns)]
    if not (choices.by or choices.round_units):
        found.append(row_checks.fractions(table, columns["units"]))
    among = keep & ~_any([("", fault.bad) for fault in found], len(table))
    if among.any() and "category" in columns:
        found.append(row_checks.two_categories(table, columns, numbers, among))
    if among.any() and not choices.by:
        found.append(row_checks.repeats(table, columns, numbers, among, cells.file))
    return within(found, keep)


def _without(rows, bad, reason, masked):
    """Leave rows out, with an account of those that stand in the file."""
    bad = np.asarray(bad)
    if not bad.any():
        return rows, masked, rows.table[bad]
    keep, why = raw_cells.mask(len(bad), [(reason, bad)])
    more = pd.DataFrame({"row": rows.numbers[~keep], "reason": why[~keep]})
    masked = pd.concat([masked, more]).sort_values("row", kind="stable", ignore_index=True)
    kept = Rows(rows.table[keep].reset_index(drop=True), rows.numbers[keep], rows.remarks)
    return kept, masked, rows.table[bad]
