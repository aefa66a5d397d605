"""A sales file as people export it, read into raw columns; complaints name the row."""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.raw_header import (
    below,
    check_present,
    find_header,
    without_long_rows,
)
from elastic_tutorial.panels.raw_sheets import sheet_text
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None"]
_LONGEST_PATH = 200  # characters of a path in a message
_NOT_TEXT = {
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save the sheet as CSV (UTF-8)",
    b"BZh": "is compressed by bzip2; unpack it first",
    b"%PDF": "is a PDF; export the sales as CSV (UTF-8)",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"  # what an Excel workbook is


class RawFile(NamedTuple):
    """The columns in use as they stand in a file, and what else is known of it."""

    table: pd.DataFrame
    header: list[str]
    first_row: int  # the number by which people know the first row; the headings of a CSV are row 1
    above: list[int]  # rows above the headings that are not blank
    read_more: Callable[[list[str]], pd.DataFrame]  # other columns, as text
    too_long: dict[int, int]  # cells of the rows that have more cells than headings, by position


class _RowsTooLong(Exception):
    """Some rows have more cells than there are headings."""


def read_raw(
    path: str | Path, columns: list[str], *, labels: list[str], encoding: str, decimal: str
) -> RawFile:
    """Read the named columns of a CSV file, an Excel workbook or a Parquet file.

    Columns in ``labels`` come as text. The others come as numbers if all of their cells are plain
    ones, else all of them as text, since the marks in one tell how to read another.
    """
    path = Path(path)
    _check_names(columns)
    data = _bytes(path)
    if data[:4] == b"PAR1":
        return _parquet(path, columns)
    if data.startswith(_ZIP):
        text = sheet_text(data, path.name, columns)
    else:
        text = _decode(data, path.name, encoding)
    header = find_header(text, path.name, columns)
    body, too_long = below(text, header), {}

    def read(columns, labels):
        return _csv(body, path.name, header, columns, labels, decimal)

    try:
        table = read(columns, labels)
    except _RowsTooLong:
        body, too_long = without_long_rows(body, header)
        table = read(columns, labels)
    if any(pd.api.types.is_string_dtype(table[each]) for each in columns if each not in labels):
        table = read(columns, columns)
    more = partial(read, labels=[])
    return RawFile(table, header.names, header.row + 1, header.above, more, too_long)


def _check_names(columns):
    """Refuse names that are no text, and columns in two roles."""
    for name in columns:
        if not isinstance(name, str) or not name:
            raise PanelError(f"column names must be text; got {name!r}.")
        if columns.count(name) > 1:
            raise PanelError(f"column {quoted(name)} was given twice; each role needs its own.")


def _bytes(path):
    """Read the file, or say why it cannot be read."""
    try:
        if path.is_dir():
            raise PanelError(f"{path.name} is a folder; name the file of sales in it.")
        data = path.read_bytes()
    except FileNotFoundError:
        name = quoted(str(path), longest=_LONGEST_PATH)
        raise PanelError(f"there is no file {name}; check the name.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PanelError(f"{quoted(path.name)} cannot be read: {reason}.") from None
    if data.startswith(_GZIP):
        data = _unpacked(data, path.name)
    if not data.strip():
        raise PanelError(f"{path.name} is empty.")
    return data


def _unpacked(data, name):
    """Unpack what gzip packed."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        text = f"{quoted(name)} cannot be unpacked by gzip: {error}; pack or copy it again."
        raise PanelError(text) from None


def _decode(data, name, encoding):
    """Turn bytes into text, or say where they are none."""
    for start, what in _NOT_TEXT.items():
        if data.startswith(start):
            raise PanelError(f"{name} {what}.")
    if data.startswith(_UTF_16) and encoding == "utf-8":
        encoding = "utf-16"
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except LookupError:
        text = f"there is no encoding {quoted(encoding)}; try encoding='cp1252'."
        raise PanelError(text, argument="encoding") from None
    except UnicodeError as error:
        place = data[: getattr(error, "start", 0)].count(b"\n") + 1
        raise PanelError(
            f"{name}, row {place}: not written in {encoding}; save the file as UTF-8, or name its "
            "encoding, often encoding='cp1252'.",
            argument="encoding",
        ) from None
    if "\0" in text:
        raise PanelError(f"{name} holds zero bytes, so it is no CSV file; export it again as CSV.")
    return text


def _csv(text, name, header, columns, labels, decimal):
    """Read the columns from text that begins with the headings."""
    width = len(header.names)
    options: dict[str, Any] = {
        "sep": header.delimiter,
        "decimal": decimal,
        "names": range(width),
        "header": 0,
        "keep_default_na": False,
        "skip_blank_lines": False,
        "index_col": False,
        "low_memory": False,
    }
    # Product 007 is not product 7, and a product may be called NA.
    position = {column: header.names.index(column) for column in columns}
    as_text = {position[column]: str for column in labels}
    missing = {i: [""] if i in as_text else MISSING for i in range(width)}
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            table = pd.read_csv(io.StringIO(text), **options, na_values=missing, dtype=as_text)
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        if isinstance(error, pd.errors.ParserWarning) or "Expected" in str(error):
            raise _RowsTooLong from None
        raise PanelError(f"{name}{_fault(error, header.row - 1)}") from None
    if not len(table):
        raise PanelError(f"{name} has a header and no rows.")
    return table[[position[column] for column in columns]].set_axis(columns, axis=1)


def _fault(error, above):
    """Say in words what pandas could not read, below so many rows."""
    message = str(error)
    if found := re.search(r"EOF inside string starting at row (\d+)", message):
        return f", row {int(found[1]) + 1 + above}: a quotation mark opens and never closes."
    return f" cannot be read as a table: {' '.join(message.split())}."


def _parquet(path, columns):
    """Read the columns of a Parquet file."""
    from pyarrow import ArrowException, parquet  # large, and needed here alone

    try:
        names = parquet.read_schema(path).names
        check_present(path.name, names, columns)
        table = parquet.read_table(path, columns=columns).to_pandas()
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise PanelError(f"{path.name} cannot be read as Parquet: {reason}.") from None
    if not len(table):
        raise PanelError(f"{path.name} has no rows.")
    return RawFile(
        table, names, 1, [], lambda each: parquet.read_table(path, columns=each).to_pandas(), {}
    )
