"""How people write a period: a date, a week, a month, a quarter, a number; one label at a time."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

CLOCK = r"[T ,]+(?P<time>\d{1,2}:\d\d.*)"
_TIME = f"(?:{CLOCK})?"
_MIDNIGHT = r"(00:00(:00(\.0+)?)?|12:00(:00)?\s*[Aa]\.?[Mm]\.?)\s*(Z|[+-]\d\d:?\d\d)?"
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_YEAR, _GAP = r"(?P<year>\d{4})", r"[-\s./,]*"
_WEEK = r"(?:W|Wk|Week|KW|CW)\.?\s*(?P<week>\d{1,2})"
_FORMS = {
    "number": [r"-?\d{1,15}(\.0+)?"],
    "date": [
        rf"{_YEAR}(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_TIME}",
        rf"(?P<day>\d{{1,2}}){_GAP}{_NAME}{_GAP}{_YEAR}{_TIME}",
        rf"{_NAME}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|\s+){_YEAR}{_TIME}",
    ],
    "day and month": [rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})(?P=mark){_YEAR}{_TIME}"],
    "week": [rf"{_YEAR}{_GAP}{_WEEK}", rf"{_WEEK}{_GAP}{_YEAR}"],
    "month": [
        rf"{_YEAR}[-/](?P<month>\d{{1,2}})",
        rf"(?P<month>\d{{1,2}})[-/.]{_YEAR}",
        rf"{_NAME}{_GAP}{_YEAR}",
        rf"{_YEAR}{_GAP}{_NAME}",
    ],
    "quarter": [rf"{_YEAR}{_GAP}Q(?P<quarter>[1-4])", rf"Q(?P<quarter>[1-4]){_GAP}{_YEAR}"],
}
KINDS = tuple(_FORMS)
_PATTERNS = [(kind, re.compile(form, re.IGNORECASE)) for kind in _FORMS for form in _FORMS[kind]]
_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_WEEKS = 53  # of the longest year
_OF_A_YEAR = re.compile(rf"{_WEEK}|Q[1-4]|(D|Day|M|Month|P|Period)\W*\d{{1,4}}", re.IGNORECASE)


class Period(NamedTuple):
    """What a label says: its kind, a value that sorts (None if no calendar has it), a time."""

    kind: str
    value: str | int | date | None
    time: bool = False


def period_of(label: str) -> Period:
    """Read one label; a date that may be day first or month first only as such."""
    for kind, pattern in _PATTERNS:
        if (parts := pattern.fullmatch(label)) and (found := _read(kind, parts)) is not None:
            return found
    return Period("", None)


def _read(kind, parts):
    """Turn the parts of a label into a period, None if a word in it names no month."""
    said = parts.groupdict()
    if kind == "number":
        return Period(kind, int(parts[0].partition(".")[0]))
    if said.get("name") and not (month := _month(said["name"])):
        return None
    number = int(said.get("month") or (month if said.get("name") else 0))
    if kind == "date":
        day = day_of(int(said["year"]), number, int(said["day"]))
        return Period(kind, day, _has_time(said["time"]))
    if kind == "day and month":
        return Period(kind, None, _has_time(said["time"]))
    letter, of_year = {"week": ("-W", "week"), "quarter": ("-Q", "quarter")}.get(kind, ("-", ""))
    number = int(said[of_year]) if of_year else number
    width = 1 if kind == "quarter" else 2
    last = 12 if kind == "month" and not parts[0].startswith(said["year"]) else _WEEKS
    good = 1 <= number <= last  # 2024-40 may be a week without its W, and sorts as well
    return Period(kind, f"{said['year']}{letter}{number:0{width}}" if good else None)


def _month(word):
    """Return the number of a month by its name, full or short; 0 for another word."""
    short = word.casefold()
    short = "sep" if short == "sept" else short
    names = [i for i, each in enumerate(_MONTHS, start=1) if short in (each, each[:3])]
    return names[0] if names else 0


def day_of(year: int, month: int, day: int) -> date | None:
    """Return a day of the calendar, None if it has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _has_time(text):
    return text is not None and not re.fullmatch(_MIDNIGHT, text.strip())


def ordered(labels: list[str]) -> list[Period]:
    """Read dates such as 25.12.2024, day first or month first, if only one of them is possible."""
    pattern = re.compile(_FORMS["day and month"][0], re.IGNORECASE)
    found = [parts for label in labels if (parts := pattern.fullmatch(label))]
    day_first = [day_of(int(each["year"]), int(each["b"]), int(each["a"])) for each in found]
    month_first = [day_of(int(each["year"]), int(each["a"]), int(each["b"])) for each in found]
    no_doubt = all(each["mark"] == "." or each["a"] == each["b"] for each in found)
    times = [_has_time(each["time"]) for each in found]
    if None not in day_first and None not in month_first and not no_doubt:
        return [Period("day and month", None, time) for time in times]
    dates = day_first if day_first.count(None) <= month_first.count(None) else month_first
    return [Period("date", day, time) for day, time in zip(dates, times, strict=True)]


def format_of(label: str) -> str:
    """Return the format in which a date of numbers, or a month by name, seems to be written."""
    if parts := re.fullmatch(r"[A-Za-z]{3}(\W)\d\d", label):
        return f"%b{parts[1]}%y"
    parts = re.fullmatch(r"\d+(\W)\d+\W\d*?(\d\d)?(\d\d)(\W+|T)?(\d+:\d+)?(:\d+)?(.*)", label)
    if parts is None:
        return "%d/%m/%Y"
    mark, century, _, gap, hours, seconds, rest = parts.groups()
    of_day = f"%d{mark}%m{mark}%{'Y' if century else 'y'}"
    if not hours:
        return of_day
    half = re.fullmatch(r"(\s*)[AaPp][Mm]", rest)
    clock = f"{'%I' if half else '%H'}:%M{':%S' if seconds else ''}"
    return f"{of_day}{gap}{clock}{f'{half[1]}%p' if half else ''}"


def is_period(heading: str) -> bool:
    """Say whether a heading is the name of a period, as in a table with a column for each."""
    words = heading.replace("_", " ").split()
    texts = [" ".join(each) for each in (words, words[1:], words[:-1])]  # "2024-W01 units"
    return heading.isdecimal() or any(
        bool(_OF_A_YEAR.fullmatch(text) or _month(text))
        or period_of(text).kind not in ("", "number")
        for text in texts
    )
