"""Where the table of a file begins: its headings, their separator, and what stands above them."""

from __future__ import annotations

import csv
import difflib
import io
from itertools import islice
from typing import NamedTuple

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.faults import raise_all
from elastic_tutorial.panels.period_forms import is_period
from elastic_tutorial.validation import quoted

_DELIMITERS = ",;\t|"
_ALIKE = 0.5  # share of letters two headings have in common, from which one may be meant
_LISTED = 12  # headings in a message: they fill its line
_TITLES = 20  # rows; exports put a name, a shop and dates above the headings, and rarely ten lines
_WIDE = 3  # headings that are periods: no tidy table has so many


class Header(NamedTuple):
    """Headings of a table, and where they stand."""

    names: list[str]
    delimiter: str
    row: int  # of the headings, the first row of the file being 1
    above: list[int]  # rows above it that are not blank
    lines: int  # of text down to the headings, not with them


def find_header(text: str, name: str, columns: list[str]) -> Header:
    """Find the first row that has the columns, and the delimiter that separates them."""
    found = [header for each in _DELIMITERS for header in _candidates(text, name, each)]
    if not found:
        raise PanelError(f"{name} holds no headings in its first {_TITLES} rows.")

    def fit(header):
        return sum(column in header.names for column in columns), -header.row, len(header.names)

    best = max(found, key=fit)
    if len(best.names) == 1 and len(columns) > 1:
        raise PanelError(
            f"{name} has one column, {quoted(best.names[0])}; separate columns by commas, "
            "semicolons or tabs."
        )
    check_present(name, best.names, columns)
    return best


def _candidates(text, name, delimiter):
    """Yield each of the first rows as if it held the headings."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    above, lines = [], 0
    for number in range(1, _TITLES + 1):
        try:
            cells = [cell.strip() for cell in next(rows)]
        except StopIteration:
            return
        except csv.Error as error:
            if number == 1:
                raise PanelError(f"{name}, row 1: {error}; is a quotation mark missing?") from None
            return  # a cell of megabytes, in a row that holds no headings
        if any(cells):
            yield Header(cells, delimiter, number, list(above), lines)
            above.append(number)
        lines = rows.line_num


def below(text: str, header: Header) -> str:
    """Return the text from the headings on, without blank lines at its end."""
    stream = io.StringIO(text.rstrip(), newline="")
    for _ in islice(stream, header.lines):
        pass
    return stream.read()


def without_long_rows(text: str, header: Header) -> tuple[str, dict[int, int]]:
    """Blank the rows of more cells than headings; return the text and their numbers of cells.

    What is too much is cut off where it is blank.
    """
    width, too_long, out = len(header.names), {}, io.StringIO(newline="")
    writer = csv.writer(out, delimiter=header.delimiter, lineterminator="\n")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=header.delimiter)
    for position, cells in enumerate(rows, start=-1):  # the headings come first
        if any(cell.strip() for cell in cells[width:]):
            too_long[position] = len(cells)
            cells = []
        writer.writerow(cells[:width])
    return out.getvalue(), too_long


def check_present(name: str, header: list[str], columns: list[str]) -> None:
    """Refuse a table that lacks columns, or has one twice."""
    missing = [column for column in columns if column not in header]
    meant = [difflib.get_close_matches(column, header, 1, _ALIKE) for column in missing]
    if 0 < len(missing) < len(columns):
        if sum(map(is_period, set(header) - set(columns))) >= _WIDE:
            raise _wide(name, header, columns)
        if len(missing) == len(columns) - 1 >= _WIDE and not any(meant):
            raise _wide_by_product(name, header, columns)
    twice = [column for column in columns if header.count(column) > 1]
    errors = [PanelError(f"{name} has two columns {quoted(each)}; rename one.") for each in twice]
    raise_all([_missing(name, header, missing, meant), *errors] if missing else errors)


def _missing(name, header, missing, meant):
    """Say which columns are not there, which are, and which may be meant."""
    close = list(dict.fromkeys(quoted(each[0]) for each in meant if each))
    hint = f"; did you mean {' and '.join(close)}?" if close else "."
    listed = ", ".join(quoted(each) for each in header[:_LISTED])
    more = f" and {len(header) - _LISTED} more" if len(header) > _LISTED else ""
    plural = "s" if len(missing) > 1 else ""
    absent = ", ".join(quoted(each) for each in missing)
    return PanelError(f"{name} has no column{plural} {absent}, only {listed}{more}{hint}")


def _wide(name, header, columns):
    """Say how a table with a column for each period is made long."""
    periods = [heading for heading in header if is_period(heading) and heading not in columns]
    kept = [heading for heading in header if heading and heading not in periods]
    return PanelError(
        f"{name} is a wide table: {quoted(periods[0])} to {quoted(periods[-1])} are "
        f"{len(periods):,} columns, one for each period. Make it long, a row for each product and "
        f"period: {_unpivot(kept)}."
    )


def _wide_by_product(name, header, columns):
    """Ask whether headings are products, where of all columns one is there."""
    there = [column for column in columns if column in header]
    others = [heading for heading in header if heading and heading not in there]
    return PanelError(
        f"{name} has of the columns that were named only {quoted(there[0])}. If "
        f"{quoted(others[0])} and the others are products, the table is wide; make it long, a row "
        f"for each product and period: {_unpivot(there)}."
    )


def _unpivot(kept):
    shown = ", ".join(quoted(each) for each in kept[:3])
    return (
        f"in pandas table.melt(id_vars=[{shown}]), in Excel Power Query, Unpivot Other Columns; "
        "prices the same way, in a column of their own"
    )
