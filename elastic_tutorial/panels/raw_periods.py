"""Cells of a file as periods that sort in order of time: dates, weeks, months, numbers."""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import pandas as pd

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.faults import Fault
from elastic_tutorial.panels.period_forms import (
    CLOCK,
    KINDS,
    Period,
    day_of,
    format_of,
    ordered,
    period_of,
)
from elastic_tutorial.validation import quoted

_COMPACT = re.compile(r"((?:19|20)\d\d)([01]\d)([0-3]\d)")  # 20240131


def periods_of(
    labels: np.ndarray, name: str, *, date_format: str | None, by: str | None
) -> tuple[np.ndarray, list[Fault], list[str]]:
    """Periods as whole numbers, or as text that sorts in order of time; None where missing.

    With them come the faults, and a word on periods that the file cuts off. ``by`` puts dates into
    their day, week (named by its Monday) or month; numbers stay.
    """
    codes, unique = pd.factorize(labels)
    if date_format is not None:
        found = _formatted(list(unique), date_format)
    elif by is None:
        found = _understood(list(unique))
    else:  # of a million receipts there are a million times, and few days
        bare = pd.Series(unique, dtype=object).astype(str).str.replace(CLOCK, "", regex=True)
        day, days = pd.factorize(bare)
        of_day = [_as_date(each) for each in _understood(list(days))]
        found = [of_day[i] for i in day]
    kinds = [each.kind for each in found]
    rows = np.bincount(codes[codes >= 0], minlength=len(found))
    kind = _main_kind(kinds, rows)
    values = [_written(each, kind, by) for each in found]

    def fault(bad, what, argument=None):
        return Fault(
            name,
            np.array([*bad, False])[codes],
            lambda i: f"{quoted(unique[codes[i]])} {what}",
            f"no period in column {quoted(name)}",
            argument,
            whole_column=kind == "day and month",
        )

    faults = list(_faults(found, unique, kind, date_format, by, fault))
    cut = _cut_off(found, values, by) if kind == "date" and by else []
    return np.array([*values, None], dtype=object)[codes], faults, cut


def _cut_off(found, values, by):
    """Say of the first and the last period if they have fewer days than any between them."""
    days = pd.DataFrame({"day": [each.value for each in found], "period": values}).dropna()
    counts = days.groupby("period")["day"].nunique()
    if len(counts) < 3:
        return []
    least = counts.iloc[1:-1].min()
    return [
        f"The {which} {by} has sales on {count} of its days, the others on {least} or more: if the "
        "file cuts it off, leave it out, since it looks like a fall of demand."
        for which, count in (("first", counts.iloc[0]), ("last", counts.iloc[-1]))
        if count < least
    ]


def _main_kind(kinds, rows):
    """Find the kind of most rows; among equals, dates before numbers."""
    totals = {kind: 0 for kind in KINDS if kind != "number"} | {"number": 0}
    for kind, count in zip(kinds, rows, strict=True):
        if kind:
            totals[kind] += count
    return max(totals, key=lambda kind: totals[kind])


def _understood(labels):
    """Read labels, dates of doubtful order only as such."""
    found = [period_of(label) for label in labels]
    double = [i for i, each in enumerate(found) if each.kind == "day and month"]
    if double:
        for i, each in zip(double, ordered([labels[i] for i in double]), strict=True):
            found[i] = each
    return found


def _formatted(labels, date_format):
    """Read labels in the format that was named."""
    try:
        dates = pd.to_datetime(pd.Index(labels, dtype=object), format=date_format, errors="coerce")
        dates = dates.tz_localize(None)
    except (ValueError, TypeError, AttributeError):
        dates = None
    if dates is None or "%" not in date_format:
        raise PanelError(
            f"{quoted(date_format)} is no format of dates: it must name a day by year, month and "
            "day, each with a percent sign, as date_format='%d/%m/%Y'. Weeks such as 2024-W01 and "
            "months such as 01/2024 need no format."
        )
    return [
        Period("", None) if pd.isna(each) else Period("date", each.date(), each != each.normalize())
        for each in dates
    ]


def _as_date(period):
    """Read a number such as 20240131 as the date that it is."""
    parts = _COMPACT.fullmatch(str(period.value)) if period.kind == "number" else None
    day = day_of(*map(int, parts.groups())) if parts else None
    return Period("date", day) if day else period


def _faults(found, unique, kind, date_format, by, fault):
    """Yield a fault of the labels that are of no kind or another, in no calendar, or too exact."""
    if date_format is not None:
        what = f"is not a date as {date_format!r} writes it; correct the cell or the format"
        yield fault([each.value is None for each in found], what)
    else:
        other = [each.kind != kind for each in found]
        if any(other):
            what, argument = _advice(unique, other)
            yield fault(other, f"cannot be put in order of time{what}", argument)
        nowhere = [each.kind == kind and each.value is None for each in found]
        if kind == "day and month" and any(nowhere):
            what = (
                "may be day first or month first; write dates as 2024-01-31, or name the order, as "
                f"date_format={format_of(unique[nowhere.index(True)])!r} does"
            )
            yield fault(nowhere, what, argument="date_format")
        else:
            perhaps = "; if it is a week, write it as 2024-W13" if kind == "month" else ""
            yield fault(nowhere, f"is not a {kind} that a calendar has; correct the cell{perhaps}")
    timed = [each.time and by is None for each in found]
    what = "has a time of day, as receipts have; add them up, as with by='day'"
    yield fault(timed, what, argument="by")
    if by is not None and kind in ("week", "month") and kind != by:
        wrong = [each.kind == kind for each in found]
        what = f"is a {kind}, which lies in no one {by}; add up by={kind!r}"
        yield fault(wrong, what, argument="by")


def _advice(labels, odd):
    """Say what to do with labels that are no periods, and the argument that may mend it."""
    others = [label for label, bad in zip(labels, odd, strict=True) if not bad]
    if others:
        return f" with the others; write it as they are, such as {quoted(others[0])}", None
    dated = period_of(f"{labels[0]} 2024")
    if dated.kind in ("week", "month", "quarter"):
        year = f"; write each {dated.kind} with its year, as {dated.value}, or number them all"
        return year, None
    return (
        "; number the periods, write dates as 2024-01-31, or say how they are written, as "
        f"date_format={format_of(labels[0])!r} does"
    ), "date_format"


def _written(period, kind, by):
    """Write a period so that text sorts in order of time."""
    if period.kind != kind or period.value is None:
        return None
    if kind != "date":
        return period.value
    if by == "week":
        return str(period.value - timedelta(days=period.value.weekday()))
    return str(period.value)[:7] if by == "month" else str(period.value)
