"""A sales file as people export it, read into raw columns; complaints name the row."""

from __future__ import annotations

import csv
import difflib
import io
import re
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.validation import quoted

MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None"]
_DELIMITERS = ",;\t|"
_ALIKE = 0.5  # share of letters two headings have in common, from which one may be meant
_LISTED = 12  # headings in a message: they fill its line
_LONGEST_PATH = 200  # characters of a path in a message
_NOT_TEXT = {
    b"PK\x03\x04": "is an Excel workbook or a zip archive; save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "is compressed by gzip; unpack it first",
    b"BZh": "is compressed by bzip2; unpack it first",
    b"%PDF": "is a PDF; export the sales as CSV (UTF-8)",
}
_QUOTE = "put cells that hold the separator in quotation marks"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_raw(
    path: str | Path, columns: list[str], *, labels: list[str], encoding: str, decimal: str
) -> tuple[pd.DataFrame, int]:
    """Read the named columns of a CSV or Parquet file.

    Columns in ``labels`` come as text, others as numbers where all of their cells are plain ones,
    else as text. Returns the table and the number by which people know its first row: in a CSV
    file the header is row 1.
    """
    path = Path(path)
    _check_names(columns)
    data = _bytes(path)
    if data[:4] == b"PAR1":
        return _parquet(path, columns), 1
    return _csv(_decode(data, path.name, encoding), path.name, columns, labels, decimal), 2


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
            raise PanelError(f"{path.name} is a folder; name the CSV or Parquet file in it.")
        data = path.read_bytes()
    except FileNotFoundError:
        name = quoted(str(path), longest=_LONGEST_PATH)
        raise PanelError(f"there is no file {name}; check the name.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PanelError(f"{quoted(path.name)} cannot be read: {reason}.") from None
    if not data.strip():
        raise PanelError(f"{path.name} is empty.")
    return data


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


def _csv(text, name, columns, labels, decimal):
    """Read the columns from text, whatever separates them."""
    header, delimiter = _header(text, name, columns)
    options: dict[str, Any] = {
        "sep": delimiter,
        "decimal": decimal,
        "names": range(len(header)),
        "header": 0,
    }
    strict: dict[str, Any] = {
        "keep_default_na": False,
        "na_values": MISSING,
        "skip_blank_lines": False,
    }
    # Product 007 is not product 7, and a product may be called NA.
    position = {column: header.index(column) for column in columns}
    as_text = {position[column]: str for column in labels}
    strict["na_values"] = {i: [""] if i in as_text else MISSING for i in range(len(header))}
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            table = pd.read_csv(
                io.StringIO(text),
                **options,
                **strict,
                dtype=as_text,
                index_col=False,
                low_memory=False,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        raise PanelError(f"{name}{_fault(error, len(header))}") from None
    if not len(table):
        raise PanelError(f"{name} has a header and no rows.")
    return table[[position[column] for column in columns]].set_axis(columns, axis=1)


def _header(text, name, columns):
    """Find the names in the first row, and the delimiter that separates them."""
    best = []
    for delimiter in _DELIMITERS:
        try:
            first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error as error:
            raise PanelError(f"{name}, row 1: {error}; is a quotation mark missing?") from None
        found = [field.strip() for field in first]
        best.append((sum(column in found for column in columns), len(found), found, delimiter))
    _, width, header, delimiter = max(best, key=lambda each: each[:2])
    if not any(header):
        raise PanelError(f"{name}, row 1 is blank; the headings must stand there.")
    if width == 1 and len(columns) > 1:
        raise PanelError(
            f"{name} has one column, {quoted(header[0])}; separate columns by commas, semicolons "
            "or tabs."
        )
    check_present(name, header, columns)
    return header, delimiter


def check_present(name: str, header: list[str], columns: list[str]) -> None:
    """Refuse a table that lacks a column, or has it twice."""
    for column in columns:
        if column not in header:
            close = difflib.get_close_matches(column, header, 1, _ALIKE)
            hint = f"; did you mean {quoted(close[0])}?" if close else "."
            listed = ", ".join(quoted(each) for each in header[:_LISTED])
            more = f" and {len(header) - _LISTED} more" if len(header) > _LISTED else ""
            raise PanelError(f"{name} has no column {quoted(column)}, only {listed}{more}{hint}")
        if header.count(column) > 1:
            raise PanelError(f"{name} has two columns {quoted(column)}; rename one.")


def _fault(error, width):
    """Say in words what pandas could not read under so many headings."""
    message = str(error)
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message):
        wanted, row, seen = found.groups()
        return f", row {row}: {seen} cells under {wanted} headings; {_QUOTE}."
    if found := re.search(r"EOF inside string starting at row (\d+)", message):
        return f", row {int(found[1]) + 1}: a quotation mark opens and never closes."
    if isinstance(error, pd.errors.ParserWarning):
        return f", row 2: more than {width} cells under {width} headings; {_QUOTE}."
    return f" cannot be read as a table: {' '.join(message.split())}."


def _parquet(path, columns):
    """Read the columns of a Parquet file."""
    from pyarrow import ArrowException, parquet  # large, and needed here alone

    try:
        check_present(path.name, parquet.read_schema(path).names, columns)
        table = parquet.read_table(path, columns=columns).to_pandas()
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise PanelError(f"{path.name} cannot be read as Parquet: {reason}.") from None
    if not len(table):
        raise PanelError(f"{path.name} has no rows.")
    return table
