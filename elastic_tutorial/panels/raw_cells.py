"""From raw columns to labels; which rows are no sales, and which rows are masked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.faults import Fault
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

# Characters of a label: names of products have 50 or so, and a lost quotation mark makes a label of
# whole rows.
_LONGEST = 200
_TOTAL = re.compile(
    r"(grand|sub|overall)?[ -]?totals?|(gesamt)?summe|sum|gesamt|insgesamt|sous-total|totale", re.I
)


def labels_of(raw: pd.Series, name: str) -> tuple[np.ndarray, list[Fault]]:
    """Labels as text without spaces around them, None where there is none; and what is none."""
    if pd.api.types.is_datetime64_any_dtype(raw):
        raw = raw.dt.strftime("%Y-%m-%dT%H:%M:%S")
    if pd.api.types.is_float_dtype(raw) and (raw.dropna() % 1 == 0).all():
        raw = raw.astype("Int64")  # whole numbers, which only missing ones made floats
    codes, unique = pd.factorize(raw)
    text = np.array([*(str(each).strip() or None for each in unique), None], dtype=object)
    bad = np.array([each is not None and (len(each) > _LONGEST or "\n" in each) for each in text])
    fault = Fault(
        name,
        bad[codes],
        lambda i: (
            f"a label of {len(text[codes[i]]):,} characters or more than one line, "
            f"{quoted(text[codes[i]])}; is a quotation mark missing"
        ),
        f"a label of many characters or lines in column {quoted(name)}",
    )
    return text[codes], [fault] if bad[codes].any() else []


def no_sales(raw: pd.DataFrame, labels: dict[str, np.ndarray], price: str) -> Iterator[tuple]:
    """Say which rows of a file are no sales: empty ones, headings again, totals.

    A product may be called Total, so that a row of totals is one that has no label of another
    kind, or no price.
    """
    empty = raw.isna().all(axis=1).to_numpy()
    yield "no cell in use is filled", empty
    headings = [each == name for name, each in labels.items()]
    yield "the headings again", np.logical_and.reduce(headings)
    total = np.column_stack([_are_totals(each) for each in labels.values()])
    none = np.column_stack([pd.isna(each) for each in labels.values()])
    alone = (total | none).sum(axis=1) > 1
    yield "a row of totals", total.any(axis=1) & (alone | raw[price].isna().to_numpy())


def total_products(table: pd.DataFrame, columns: dict, sales: np.ndarray) -> tuple[str, np.ndarray]:
    """Tell rows of a product that is called total and always sold what all others did."""
    named = _are_totals(table[columns["product"]].to_numpy()) & sales
    if named.any():
        units, period, others = table[columns["units"]], table[columns["period"]], sales & ~named
        totals = units[others].groupby(period[others]).sum()
        named &= np.isclose(period.map(totals), units)[named].all()
    return "a row of totals", named


def _are_totals(labels):
    codes, unique = pd.factorize(labels)
    found = [bool(_TOTAL.fullmatch(str(each).rstrip(" :"))) for each in unique]
    return np.array([*found, False])[codes]


def mask(n_rows: int, rules: list[tuple]) -> tuple[np.ndarray, np.ndarray]:
    """Tell the rows to keep, and why not the others; the first rule that holds counts."""
    reason = np.full(n_rows, None, dtype=object)
    masked = np.zeros(n_rows, bool)
    for text, bad in rules:
        reason[np.asarray(bad) & ~masked] = text
        masked |= np.asarray(bad)
    if masked.all():
        reasons = pd.Series(reason).value_counts()
        listed = "; ".join(f"{text} in {count:,} rows" for text, count in reasons.items())
        raise PanelError(f"no row is left to learn from: {listed}.")
    return ~masked, reason
