"""From rows of a till to a row for each product and period: added up, filled, rounded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from elastic_tutorial.validation import quoted

# Digits of a sum or a price after the point: finer than any coin or scale, and coarser than what
# adding and dividing floats leaves, which would look like a change of price.
_DIGITS = 9
# Units of a row from which rounding it to a whole number is harmless: it adds a variance of 1/12,
# less than a hundredth of that of a count of ten.
_HARMLESS = 10
# Share of neighbouring rows whose price moved, up to which nine in ten prices before are right.
_OFTEN = 0.1


class Rows(NamedTuple):
    """A table of sales, the number in the file of each row (0 for one that was added)."""

    table: pd.DataFrame
    numbers: np.ndarray
    remarks: list[str]


def unit_price(revenue: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Price per unit, NaN where nothing was sold."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.round(np.where(units == 0, np.nan, revenue / units), _DIGITS)


def add_up(rows: Rows, columns: dict, by: str) -> Rows:
    """Add the rows of each product and period up: units less returns, revenue over units sold.

    Other numbers become the mean of their rows.
    """
    table, units, price = rows.table, columns["units"], columns["price"]
    cell = table.groupby([columns["product"], columns["period"]], sort=False).ngroup().to_numpy()
    first = np.unique(cell, return_index=True)[1]
    values = table[units].to_numpy()
    sold = np.maximum(values, 0)
    out = table.iloc[first].copy()
    out[units] = np.round(np.bincount(cell, values), _DIGITS)
    paid = np.where(sold > 0, table[price].to_numpy(), np.nan)
    total = np.bincount(cell, sold)
    out[price] = unit_price(np.bincount(cell, np.nan_to_num(sold * paid)), total)
    at_zero = table[price].groupby(cell).mean().to_numpy()  # of what nobody bought at its price
    out[price] = np.where(total > 0, out[price], at_zero)
    remarks = [_of_sums(len(table), len(out), values, by)]
    numbers = [*columns["covariates"], *([columns["cost"]] if "cost" in columns else [])]
    for name in numbers:
        grouped = table[name].groupby(cell)
        out[name] = grouped.mean().to_numpy()
        if differ := int((grouped.max() > grouped.min()).sum()):
            remarks.append(
                f"Column {quoted(name)} differed within {differ:,} of these rows, which have the "
                "mean of what was added up."
            )
    return Rows(out.reset_index(drop=True), rows.numbers[first], [*rows.remarks, *remarks])


def _of_sums(n_before, n_after, units, by):
    text = f"{_counted(n_before, 'row')} added up by {by} gave {n_after:,}; the price is revenue "
    text += "over units sold."
    returned = units < 0
    if returned.any():
        text += (
            f" Returned units, {-units[returned].sum():,g} in {_counted(returned.sum(), 'row')}, "
            f"were taken off those sold in the same {by}."
        )
    return text


def _counted(count, noun):
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def fill_zeros(rows: Rows, columns: dict, taken: pd.DataFrame) -> Rows:
    """Add rows of 0 units where a product has none between its first and its last.

    They, and rows of 0 units without a price, get what stood in the product's row before. ``taken``
    has products and periods of rows that were left out, which are not filled.
    """
    keys = [columns["product"], columns["period"]]
    table = rows.table.assign(**{"": rows.numbers})
    absent = _absent(table[keys], taken, keys)
    added = absent.assign(**{columns["units"]: 0.0, "": 0})
    both = pd.concat([table, added]).sort_values(keys, kind="stable", ignore_index=True)
    carried = [name for name in (columns["price"], columns.get("category")) if name]
    priceless = int(table[columns["price"]].isna().sum())
    moved = _share_moved(both, keys[0], columns["price"])
    both[carried] = both.groupby(keys[0])[carried].ffill()
    new = both[""] == 0
    for name in columns["covariates"]:
        both.loc[new, name] = both.groupby(keys[0])[name].ffill()[new]
    remark = (
        f"{_counted(len(added), 'row')} of 0 units came in between the first and the last row of a "
        f"product, and {_counted(priceless, 'row')} of 0 units got a price: that of the row "
        "before, as covariates in new rows. This is right if shelves were full and the price "
        f"stayed; from row to row of a product it moved in {moved:.0%} of cases."
    )
    if moved > _OFTEN:
        remark += (
            " That is often: products sell nothing rather at high prices, which the price before "
            "hides, so that elasticities come out too close to 0. Put into the file the prices "
            "that stood there."
        )
    return Rows(both.drop(columns=""), both[""].to_numpy(), [*rows.remarks, remark])


def _share_moved(table, product, price):
    """Share of neighbouring rows of a product between which its price moved."""
    priced = table.dropna(subset=[price])
    steps = priced.groupby(product)[price].diff().dropna()
    return (steps != 0).mean() if len(steps) else 0.0


def _absent(present, taken, keys):
    """Products and periods without a row, between the first and the last row of the product."""
    product, products = pd.factorize(present[keys[0]])
    period, periods = pd.factorize(present[keys[1]], sort=True)
    by_product = pd.Series(period).groupby(product)
    first, last = by_product.min().to_numpy(), by_product.max().to_numpy()
    length = last - first + 1
    of_product = np.repeat(np.arange(len(products)), length)
    start = np.cumsum(length) - length
    of_period = first[of_product] + np.arange(length.sum()) - start[of_product]
    known = pd.concat([present, taken[keys]])
    full = pd.DataFrame({keys[0]: products[of_product], keys[1]: periods[of_period]})
    return full[~pd.MultiIndex.from_frame(full).isin(pd.MultiIndex.from_frame(known))]


def round_units(rows: Rows, units: str) -> Rows:
    """Round units to whole numbers, and say what that does."""
    values = rows.table[units].to_numpy()
    whole = np.floor(values + 0.5)
    changed = whole != values
    few, none = changed & (values < _HARMLESS), changed & (whole == 0)
    remark = (
        f"Units in column {quoted(units)} were rounded to whole numbers, since the model counts, "
        f"in {changed.sum():,} of {_counted(len(values), 'row')}, by half a unit at most. From "
        f"{_HARMLESS} units on this is harmless; of these rows {few.sum():,} had fewer, and "
        f"{none.sum():,} became 0."
    )
    return Rows(rows.table.assign(**{units: whole}), rows.numbers, [*rows.remarks, remark])
