"""From raw columns to labels, periods and numbers; what cannot be used is masked or refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.raw_file import MISSING
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

# Characters of a label: names of products have 50 or so, and a lost quotation mark makes a label of
# whole rows.
_LONGEST = 200
_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})([T ]\S*)?")
_DAY_AND_MONTH = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_SORTED_AS_TEXT = (r"\d{4}-\d{2}", r"\d{4}-?W\d{2}", r"\d{4}-?Q[1-4]")
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?")
_GROUPED = r"[+-]?\d{{1,3}}({group}\d{{3}})+({mark}\d+)?"
_PLAIN = r"[+-]?(\d+{mark}?\d*|{mark}\d+)([eE][+-]?\d+)?"


def labels_of(raw: pd.Series, name: str, first_row: int) -> np.ndarray:
    """Labels as text without spaces around them, None where there is none."""
    if pd.api.types.is_float_dtype(raw) and (raw.dropna() % 1 == 0).all():
        raw = raw.astype("Int64")  # whole numbers, which only missing ones made floats
    codes, unique = pd.factorize(raw)
    text = np.array([*(str(each).strip() or None for each in unique), None], dtype=object)
    bad = [each is not None and (len(each) > _LONGEST or "\n" in each) for each in text]
    if any(bad):
        row = int(np.isin(codes, np.flatnonzero(bad)).argmax())
        label = text[codes[row]]
        raise PanelError(
            f"row {row + first_row}, column {quoted(name)}: a label of {len(label):,} characters "
            f"or more than one line, {quoted(label)}; is a quotation mark missing?"
        )
    return text[codes]


def periods_of(raw: pd.Series, name: str, first_row: int, date_format: str | None) -> np.ndarray:
    """Periods as whole numbers, or as text that sorts in order of time; None where missing."""
    if pd.api.types.is_datetime64_any_dtype(raw):
        raw = raw.dt.strftime("%Y-%m-%dT%H:%M:%S")
    codes, unique = pd.factorize(pd.Series(labels_of(raw, name, first_row)))
    unique = [str(each) for each in unique]

    def where(position):
        row = int((codes == position).argmax()) + first_row
        return f"row {row}, column {quoted(name)}: {quoted(unique[position])}"

    if date_format is not None:
        values = _dates(pd.to_datetime(unique, format=date_format, errors="coerce"), where)
    elif all(re.fullmatch(r"-?\d{1,15}(\.0+)?", each) for each in unique):
        values = [int(each.partition(".")[0]) for each in unique]
    elif any(all(re.fullmatch(form, each) for each in unique) for form in _SORTED_AS_TEXT):
        values = unique
    else:
        values = _dates(_as_dates(unique, where), where)
    return np.array([*values, None], dtype=object)[codes]


def _as_dates(labels, where):
    """Read dates whose form leaves no doubt."""
    if (found := _matches(_DATE, labels)) is not None:
        for position, each in enumerate(found):
            if each[5] and not _MIDNIGHT.fullmatch(each[5]):
                raise PanelError(f"{where(position)} has a time of day; add sales up by day first.")
        text = [f"{each[1]}-{int(each[3]):02}-{int(each[4]):02}" for each in found]
        return pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    found = _matches(_DAY_AND_MONTH, labels)
    if found is None:
        odd = [not (_DAY_AND_MONTH.fullmatch(each) or _DATE.fullmatch(each)) for each in labels]
        odd = odd.index(True) if any(odd) else 0
        raise PanelError(
            f"{where(odd)} cannot be put in order of time; number the periods, write dates as "
            "2024-01-31, or say how they are written, as date_format='%d/%m/%Y'.",
            argument="date_format",
        )
    dates = {}
    for order in ("%d.%m.%Y", "%m.%d.%Y"):
        text = [f"{each[1]}.{each[3]}.{each[4]}" for each in found]
        dates[order] = pd.to_datetime(text, format=order, errors="coerce")
    possible = [order for order, each in dates.items() if not each.isna().any()]
    if len(possible) == 2 and not all(each[2] == "." or each[1] == each[3] for each in found):
        raise PanelError(
            f"{where(0)} may be day first or month first; write dates as 2024-01-31, or name the "
            "order, as date_format='%d/%m/%Y'.",
            argument="date_format",
        )
    return dates[possible[0] if possible else "%d.%m.%Y"]


def _matches(form, labels) -> list[re.Match[str]] | None:
    """Match every label, or return None if one has another form."""
    found = [match for each in labels if (match := form.fullmatch(each))]
    return found if len(found) == len(labels) else None


def _dates(dates, where):
    """Write dates as 2024-01-31, refusing those that no calendar has."""
    if dates.isna().any():
        position = int(dates.isna().argmax())
        raise PanelError(f"{where(position)} is not a date in the format of the others.")
    if (dates != dates.normalize()).any():
        position = int((dates != dates.normalize()).argmax())
        raise PanelError(f"{where(position)} has a time of day; add sales up by day first.")
    return list(dates.strftime("%Y-%m-%d"))


def numbers_of(
    raw: pd.Series, name: str, first_row: int, *, decimal: str, thousands: str | None
) -> np.ndarray:
    """Return the numbers of a column as floats, NaN where there is none."""
    if pd.api.types.is_numeric_dtype(raw):
        values = raw.to_numpy(float, na_value=np.nan)
        if np.isinf(values).any():
            row = int(np.isinf(values).argmax())
            raise PanelError(f"row {row + first_row}, column {quoted(name)}: an infinite number.")
        return values
    text = raw.where(raw.notna(), "").astype(str).str.strip()
    filled = ~text.isin(MISSING).to_numpy()
    mark = re.escape(decimal)
    good = text.str.fullmatch(_PLAIN.format(mark=mark)).to_numpy(bool)
    if thousands is not None:
        grouped = _GROUPED.format(group=re.escape(thousands), mark=mark)
        good = good | text.str.fullmatch(grouped).to_numpy(bool)
        text = text.str.replace(thousands, "", regex=False)
    if (filled & ~good).any():
        row = int((filled & ~good).argmax())
        _refuse_text(str(raw.iloc[row]).strip(), f"row {row + first_row}, column {quoted(name)}")
    values = np.full(len(raw), np.nan)
    values[filled] = text[filled].str.replace(decimal, ".", regex=False).astype(float)
    return values


def _refuse_text(cell, where):
    """Say what is wrong with a cell that is not a number."""
    argument = None
    if re.fullmatch(r"[+-]?[\d., '\u00a0\u202f]*\d", cell):
        argument = "thousands" if re.search(r",\d{3}\b", cell) else "decimal"
        advice = f"say what its marks mean (decimal and thousands), as {argument}=','"
    elif re.search(r"\d", cell):
        advice = "leave units and currencies out of the cells"
    else:
        advice = "leave the cell empty where there is no number"
    text = f"{where}: {quoted(cell)} is not a plain number; {advice}."
    raise PanelError(text, argument=argument)


def mask(table: pd.DataFrame, rules: list[tuple]) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into those to keep and a table of the others; the first rule that holds counts."""
    reason = np.full(len(table), None, dtype=object)
    masked = np.zeros(len(table), bool)
    for text, bad in rules:
        reason[np.asarray(bad) & ~masked] = text
        masked |= np.asarray(bad)
    if masked.all():
        reasons = pd.Series(reason).value_counts()
        listed = "; ".join(f"{text} in {count:,} rows" for text, count in reasons.items())
        raise PanelError(f"no row is left to learn from: {listed}.")
    return ~masked, reason[masked]


def refuse_row(bad: ArrayLike, rows: np.ndarray, what: Callable[[int], str]) -> None:
    """Raise for the first bad row."""
    if np.any(bad):
        position = int(np.argmax(bad))
        raise PanelError(f"row {rows[position]}, {what(position)}")
