"""Cells of a file as numbers: marks, currencies and Y/N, understood where no doubt is possible."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from elastic_tutorial.panels.faults import Fault
from elastic_tutorial.panels.raw_file import MISSING
from elastic_tutorial.validation import quoted

_TRUTH = {"y": "1", "yes": "1", "true": "1", "x": "1", "n": "0", "no": "0", "false": "0"}
_CODES = (
    "EUR USD GBP CHF JPY CNY INR BRL MXN CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH "
    "ILS ZAR KRW SGD HKD THB IDR MYR PHP VND AED SAR CLP COP PEN ARS"
)
_SIGN = rf"(?:[€£¥₹₽₺₩₪฿₫₴₱]|[A-Z]{{0,2}}\$|Rs\.?|zł|Kč|kr\.?|Fr\.?|{'|'.join(_CODES.split())})"
_MONEY = re.compile(
    rf"(?P<minus>[+-]?)\s*(?P<before>{_SIGN}?)\s*"
    rf"(?P<number>[+-]?[.,]?\d.*?)(?:[.,][-–])?\s*(?P<after>{_SIGN}?)"  # Fr. 3.-
)
_SAME = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "Fr": "CHF",
    "Fr.": "CHF",
    "kr.": "kr",
    "Rs": "₹",
    "Rs.": "₹",
}
_SPACES = "\u0020\u00a0\u202f\u2009"  # plain, no-break, narrow no-break, thin
_GROUP = "'\u2019" + _SPACES  # marks that are never a decimal mark
_NUMERIC = re.compile(rf"[+-]?[\d.,{_GROUP}]*\d")


class Marks(NamedTuple):
    """What the reader was told of the marks in numbers; None where nothing."""

    decimal: str | None
    thousands: str | None


class Cells(NamedTuple):
    """A column as text: the position of each row's cell among the different ones, -1 for none."""

    codes: np.ndarray
    texts: list[str]
    signs: list[str]  # currency of each text, "" for none


def numbers_of(
    raw: pd.DataFrame, columns: dict[str, str], marks: Marks
) -> tuple[dict[str, np.ndarray], list[Fault]]:
    """Numbers of every column, NaN where there is none, and what cannot be read.

    ``columns`` says what a column holds: ``"money"``, ``"covariate"`` or ``"units"``.
    """
    plain = {name for name in columns if _is_plain(raw[name])}
    values = {name: raw[name].to_numpy(float, na_value=np.nan) for name in plain}
    cells = {n: _cells_of(raw[n], kind) for n, kind in columns.items() if n not in plain}
    decimals = {name: _decimal_of(each.texts, marks) for name, each in cells.items()}
    comma_elsewhere = "," in decimals.values()
    faults = []
    for name, each in cells.items():
        decimal = decimals[name]
        if decimal == "." and comma_elsewhere and not any(marks):
            decimal = _unless_in_doubt(each.texts)
        if decimal is None:
            faults.append(_doubt(name, each))
        if len(set(each.signs) - {""}) > 1:
            faults.append(_two_currencies(name, each))
        values[name], unread = _values(each, decimal or ".", marks)
        faults += _unread(name, each, unread, columns[name], decimal or ".", marks)
    faults += [_infinite(name, values[name]) for name in columns if np.isinf(values[name]).any()]
    return {name: values[name] for name in columns}, faults


def flag(values: np.ndarray, name: str, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Fill a covariate that is 1 or empty with 0, and say so; else return it and no words."""
    empty = np.isnan(values) & rows
    if not empty.any() or not (values[rows & ~empty] == 1).all() or empty[rows].all():
        return values, ""
    text = f"{empty.sum():,} empty cells in column {quoted(name)} were read as 0, since all others"
    return np.where(empty, 0, values), f"{text} are 1."


def _is_plain(column):
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _cells_of(column, kind):
    """Cells as text without the words and signs that its kind allows."""
    codes, unique = pd.factorize(column)
    texts = [str(each).strip().replace("\u2212", "-") for each in unique]  # a minus sign
    signs = [""] * len(texts)
    if kind == "covariate":
        texts = [_TRUTH.get(each.casefold(), each) for each in texts]
    if kind == "money":
        texts, signs = _without_currency(texts)
    empty = np.array([each in MISSING for each in texts] + [True])
    return Cells(np.where(empty[codes], -1, codes), texts, signs)


def _without_currency(texts):
    """Split amounts of money into numbers and currencies."""
    numbers, signs = [], []
    for text in texts:
        found = _MONEY.fullmatch(text)
        sign, number = "", text
        if found and bool(found["before"]) != bool(found["after"]):
            sign, number = found["before"] or found["after"], found["minus"] + found["number"]
        numbers.append(number)
        signs.append(_SAME.get(sign, sign))
    return numbers, signs


def _value(text, decimal, thousands):
    """Return the number that a text is under these marks, or None."""
    mark = re.escape(decimal)
    if re.fullmatch(rf"[+-]?(\d+{mark}?\d*|{mark}\d+)([eE][+-]?\d+)?", text):
        return float(text.replace(decimal, "."))
    groups = f"{_GROUP}{thousands}"
    grouped = rf"[+-]?\d{{1,3}}([{re.escape(groups)}])\d{{3}}(\1\d{{3}})*({mark}\d+)?"
    found = re.fullmatch(grouped, text)
    return float(text.replace(found[1], "").replace(decimal, ".")) if found else None


def _fits(texts, decimal, thousands):
    return [_value(text, decimal, thousands) is not None for text in texts]


def _decimal_of(texts, marks):
    """Find the decimal mark of a column, None where two readings are possible."""
    texts = [text for text in texts if _NUMERIC.fullmatch(text)]
    if any(marks):
        decimal = marks.decimal or _other(marks.thousands)
        allowed = marks.thousands or _other(decimal)
        elsewhere = _other(decimal) != marks.thousands and not any(decimal in t for t in texts)
        told = all(_fits(texts, decimal, allowed))
        return decimal if told or not elsewhere else _other(decimal)
    point, comma = np.array(_fits(texts, ".", ",")), np.array(_fits(texts, ",", "."))
    if (point == comma).all():  # what fits neither says nothing
        return None if any("," in t for t, fits in zip(texts, point, strict=True) if fits) else "."
    return "," if comma.sum() > point.sum() else "."


def _other(mark):
    return "," if mark == "." else "."


def _unless_in_doubt(texts):
    """Return the point, or None if it could mark thousands as well."""
    marked = [text for text in texts if "." in text]
    return None if marked and all(_fits(marked, ",", ".")) else "."


def _values(cells, decimal, marks):
    """Numbers of the rows, and which texts are none."""
    allowed = marks.thousands or _other(decimal)
    found = [_value(text, decimal, allowed) for text in cells.texts]
    unread = np.array([each is None for each in found] + [False])
    numbers = np.array([math.nan if each is None else each for each in [*found, math.nan]])
    return numbers[cells.codes], unread[cells.codes]


def _unread(name, cells, unread, kind, decimal, marks):
    """Faults of cells that are no number, one for each advice."""
    advice = np.array([*(_advice(text, kind, decimal, marks) for text in cells.texts), ""])
    advice = advice[cells.codes]
    reason = f"no plain number in column {quoted(name)}"

    def what(i):
        return f"{quoted(cells.texts[cells.codes[i]])} is not a plain number; {advice[i]}"

    for words in sorted(set(advice[unread])):
        yield Fault(name, unread & (advice == words), what, reason)


def _advice(text, kind, decimal, marks):
    """Say what to do with a text that is no number."""
    if _NUMERIC.fullmatch(text):
        told = ", as was told" if any(marks) else ", as in other cells"
        return f"the decimal mark is {decimal!r}{told}; correct the cell"
    if re.search(r"\d", text):
        return "leave units and currencies out of the cells"
    if kind == "covariate":
        return "write 1 and 0, or another number"
    return "leave the cell empty where there is no number"


def _doubt(name, cells):
    """Return the fault of a column whose numbers can be read in two ways."""
    both = zip(_fits(cells.texts, ".", ","), _fits(cells.texts, ",", "."), strict=True)
    marked = [
        one and other and bool(re.search("[.,]", text))
        for text, (one, other) in zip(cells.texts, both, strict=True)
    ]
    mark = "," if any("," in text for text in cells.texts) else "."

    def what(i):
        text = cells.texts[cells.codes[i]]
        one, other = (_value(text, decimal, _other(decimal)) for decimal in (_other(mark), mark))
        return (
            f"{quoted(text)} may be {one:,g} or {other:g}; say what the mark is, as "
            f"thousands={mark!r} or decimal={mark!r}"
        )

    bad = np.array([*marked, False])[cells.codes]
    return Fault(name, bad, what, "", argument="thousands", whole_column=True)


def _two_currencies(name, cells):
    """Return the fault of a column in two currencies."""
    signs = np.array([*cells.signs, ""])[cells.codes]
    first = signs[(signs != "").argmax()]
    return Fault(
        name,
        (signs != "") & (signs != first),
        lambda i: f"an amount in {signs[i]} among others in {first}; convert them to one currency",
        f"another currency in column {quoted(name)}",
    )


def _infinite(name, values):
    return Fault(
        name,
        np.isinf(values),
        lambda _: "an infinite number; leave the cell empty where it is unknown",
        f"an infinite number in column {quoted(name)}",
    )
