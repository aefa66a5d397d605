"""The sheets of an Excel workbook, each as the text of a CSV file."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from zipfile import BadZipFile

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.raw_header import find_header


def sheet_text(data: bytes, name: str, columns: list[str]) -> str:
    """Return the sheet that has the columns, or the first if none has."""
    texts = [text for text in _texts(data, name) if text.strip()]
    fitting = [text for text in texts if _has(text, name, columns)]
    if not texts:
        raise PanelError(f"{name} is empty.")
    if len(fitting) > 1:
        raise PanelError(
            f"{name} has {len(fitting)} sheets with these columns; put their rows in one sheet, or "
            "save one of them as CSV (UTF-8)."
        )
    return (fitting or texts)[0]


def _texts(data, name):
    try:
        from openpyxl import load_workbook  # slow to load, and needed here alone

        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return [_text(sheet) for sheet in book.worksheets]
    except (ImportError, BadZipFile, KeyError, OSError, ValueError) as error:
        reason = " ".join(str(error).strip("'\"").split())
        raise PanelError(
            f"{name} cannot be read as an Excel workbook: {reason}; save the sheet as CSV (UTF-8)."
        ) from None


def _text(sheet):
    """Write the rows of a sheet; one without a filled cell as a blank line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for row in sheet.iter_rows(values_only=True):
        cells = [_cell(value) for value in row]
        writer.writerow(cells if any(cells) else [])
    return out.getvalue()


def _cell(value):
    if isinstance(value, datetime) and value == datetime(value.year, value.month, value.day):
        return str(value.date())
    return "" if value is None else str(value)


def _has(text, name, columns):
    try:
        find_header(text, name, columns)
    except PanelError:
        return False
    return True
