"""Excel workbooks: the sheet with the columns, as if it were a CSV file."""

import io
from datetime import datetime

import openpyxl
import pytest

import elastic_tutorial as et

HEADER = ["sku", "week", "sold", "price", "dept"]
ROLES = {"product": "sku", "period": "week", "units": "sold", "price": "price"}


def workbook(*sheets):
    """Return an Excel workbook with these rows in its sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(folder, *sheets):
    path = folder / "sales.xlsx"
    path.write_bytes(workbook(*sheets))
    return et.read_sales(path, **ROLES, category="dept")


def test_the_sheet_of_a_workbook_that_has_the_columns_is_read(tmp_path):
    rows = [HEADER, ["tea", datetime(2024, 1, 1), 9, 2.5, "drinks"]]
    rows += [["tea", datetime(2024, 1, 8), 4, 3, "drinks"], [], ["jam", datetime(2024, 1, 1), 7]]
    rows += [["Total", None, 20], [None]]
    title = [["Sales of 2024"], []]
    sales = read(tmp_path, [["a note"]], title + rows)
    assert sales.table.to_dict("list") == {
        "sku": ["tea", "tea"],
        "week": ["2024-01-01", "2024-01-08"],
        "dept": ["drinks", "drinks"],
        "sold": [9.0, 4.0],
        "price": [2.5, 3.0],
    }
    assert sales.masked["row"].tolist() == [1, 6, 7, 8]
    for sheets, said in [
        ([rows, rows], "has 2 sheets with these columns"),
        ([[]], "is empty"),
        ([[["week", "sku"], [1, 2]]], "no columns 'dept', 'sold', 'price'"),
    ]:
        with pytest.raises(et.PanelError, match=said):
            read(tmp_path, *sheets)
