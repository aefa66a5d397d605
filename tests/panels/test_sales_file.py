"""``read_sales``: what people export, read right or refused in one line; never a traceback."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest

import elastic_tutorial as et
from elastic_tutorial.__main__ import main

ROLES = {"product": "sku", "period": "week", "units": "sold", "price": "price"}
ROLES["category"] = "dept"
OPTIONS = [f"--{role}={column}" for role, column in ROLES.items()]
HEADER = "sku,week,sold,price,dept"
ROWS = [
    "tea,1,9,2.5,drinks",
    "tea,2,4,3.0,drinks",
    "jam,1,7,4.0,food",
    "jam,2,3,5.0,food",
]
TABLE = "\n".join([HEADER, *ROWS]) + "\n"
UNITS = {"tea": [9, 4], "jam": [7, 3]}
BIG = UNITS | {"tea": [1009, 4]}


def with_row(row, *, text=TABLE):
    """Return the table with one row more, which is row 6 of the file."""
    return f"{text}{row}\n"


def changed(old, new, text=TABLE):
    assert old in text
    return text.replace(old, new)


LONG = "x" * 10**6
# Name: (content of the file, further options of the command, what must come of it).
# Text in the third place is a pattern of the one line on stderr; a dict is the panel's units, by
# product and in order of time, NaN where a cell is masked.
BROKEN = {
    # What can be read right.
    "as it should be": (TABLE, [], UNITS),
    "byte order mark": ("\ufeff" + TABLE, [], UNITS),
    "UTF-16 with its mark": (TABLE.encode("utf-16"), [], UNITS),
    "semicolons": (TABLE.replace(",", ";"), [], UNITS),
    "tabs": (TABLE.replace(",", "\t"), [], UNITS),
    "Windows line ends": (TABLE.replace("\n", "\r\n").encode(), [], UNITS),
    "old Macintosh line ends": (TABLE.replace("\n", "\r").encode(), [], UNITS),
    "blank lines": (TABLE.replace("\n", "\n\n") + "\n\n", [], UNITS),
    "spaces around cells": (TABLE.replace(",", " , "), [], UNITS),
    "a separator inside quotation marks": (
        changed("tea", '"tea, green"'),
        [],
        {"tea, green": [9, 4], "jam": [7, 3]},
    ),
    "named encoding": (
        changed("tea", "thé").encode("cp1252"),
        ["--encoding=cp1252"],
        {"thé": [9, 4], "jam": [7, 3]},
    ),
    "decimal comma, as told": (TABLE.replace(",", ";").replace(".", ","), ["--decimal=,"], UNITS),
    "thousands, as told": (
        changed(",9,", ',"1,009",'),
        ["--thousands=,"],
        {"tea": [1009, 4], "jam": [7, 3]},
    ),
    "dates as periods": (changed(",1,", ",2023-12-25,", changed(",2,", ",2024-01-01,")), [], UNITS),
    "dates day first": (changed(",1,", ",25.12.2023,", changed(",2,", ",01.01.2024,")), [], UNITS),
    "dates that only fit one order": (
        changed(",1,", ",12/25/2023,", changed(",2,", ",01/01/2024,")),
        [],
        UNITS,
    ),
    "dates in a named format": (
        changed(",1,", ",03-02-23,", changed(",2,", ",10-02-23,")),
        ["--date-format=%d-%m-%y"],
        UNITS,
    ),
    "weeks that sort as text": (
        changed(",1,", ",2023-W52,", changed(",2,", ",2024-W01,")),
        [],
        UNITS,
    ),
    "period 10 after period 9": (changed(",1,", ",9,", changed(",2,", ",10,")), [], UNITS),
    "missing units": (with_row("tea,3,,3.0,drinks"), [], {"tea": [9, 4], "jam": [7, 3]}),
    "missing price": (
        with_row("tea,2,n/a,NA,drinks", text=changed("tea,2,4,3.0", "tea,3,4,3.0")),
        [],
        {"tea": [9, np.nan, 4], "jam": [7, 3, np.nan]},
    ),
    "missing label": (with_row(",2,4,3.0,drinks"), [], UNITS),
    "a short row": (with_row("tea,3"), [], UNITS),
    "returns as negative units": (with_row("tea,3,-2,3.0,drinks"), [], UNITS),
    "price of zero": (with_row("tea,3,2,0,drinks"), [], UNITS),
    "negative price": (with_row("tea,3,2,-3.0,drinks"), [], UNITS),
    "a product called NA": (changed("tea", "NA"), [], {"NA": [9, 4], "jam": [7, 3]}),
    "product 007": (changed("tea", "007"), [], {"007": [9, 4], "jam": [7, 3]}),
    "labels of mixed types": (
        changed("tea", "7", changed("drinks", "1.5")),
        [],
        {"7": [9, 4], "jam": [7, 3]},
    ),
    "a long cell that is not used": (
        TABLE.replace(HEADER, f"{HEADER},remark").replace("food", f"food,{LONG}"),
        [],
        UNITS,
    ),
    # What leaves no doubt.
    "packed by gzip": (gzip.compress(TABLE.encode()), [], UNITS),
    "decimal comma": (TABLE.replace(",", ";").replace(".", ","), [], UNITS),
    "units written 1.0 beside decimal commas": (
        TABLE.replace(",", ";").replace(".", ",").replace(";9;", ";9.0;"),
        [],
        UNITS,
    ),
    "units written 1,0": (
        TABLE.replace(",", ";").replace(".", ",").replace(";9;", ";9,0;"),
        [],
        UNITS,
    ),
    "Swiss thousands": (changed(",9,", ",1'009,"), [], {"tea": [1009, 4], "jam": [7, 3]}),
    "thousands by a curly apostrophe": (changed(",9,", ",1’009,"), [], BIG),
    "thousands by a thin space": (changed(",9,", ",1\u2009009,"), [], BIG),
    "thousands by a no-break space": (changed(",9,", ",1\u00a0009,"), [], BIG),
    "thousands by a narrow no-break space": (changed(",9,", ",1\u202f009,"), [], BIG),
    "thousands by a space": (changed(",9,", ",1 009,"), [], BIG),
    "thousands by points, as told": (
        TABLE.replace(",", ";").replace(".", ",").replace(";9;", ";1.009;"),
        ["--thousands=."],
        BIG,
    ),
    "thousands and decimals in one cell": (changed(",9,", ',"1,009.0",'), [], BIG),
    "millions": (changed(",9,", ',"1,000,009",'), [], {"tea": [1000009, 4], "jam": [7, 3]}),
    "thousands beside a decimal point that was told": (
        changed(",9,", ',"1,009",'),
        ["--decimal=."],
        BIG,
    ),
    "a minus sign": (with_row("tea,3,\u22122,3.0,drinks"), [], UNITS),
    "dollars": (changed("2.5", "$2.50"), [], UNITS),
    "Swiss francs": (changed("2.5", "CHF 2.50"), [], UNITS),
    "euros behind the price": (
        changed(
            "2.5",
            '"2,50 €"',
            changed("3.0", '"3,00 €"', changed("4.0", '"4,00 €"', changed("5.0", '"5,00 €"'))),
        ),
        [],
        UNITS,
    ),
    "Swiss whole francs": (changed("2.5", "Fr. 2.-", changed("3.0", "Fr. 3.–")), [], UNITS),
    "rupees": (changed("2.5", "Rs. 2.50"), [], UNITS),
    "a currency by its code": (changed("2.5", "2.50 EUR"), [], UNITS),
    "weeks without a zero": (changed(",1,", ",2024-W9,", changed(",2,", ",2024-W10,")), [], UNITS),
    "weeks before their year": (
        changed(",1,", ",W9 2024,", changed(",2,", ",W10 2024,")),
        [],
        UNITS,
    ),
    "calendar weeks": (changed(",1,", ",KW 9/2024,", changed(",2,", ",KW 10/2024,")), [], UNITS),
    "months by name": (changed(",1,", ",Jan-2024,", changed(",2,", ",Apr-2024,")), [], UNITS),
    "months by full name": (
        changed(",1,", ",September 2023,", changed(",2,", ",April 2024,")),
        [],
        UNITS,
    ),
    "months by number": (changed(",1,", ",12/2023,", changed(",2,", ",01/2024,")), [], UNITS),
    "months without a zero": (changed(",1,", ",2024-9,", changed(",2,", ",2024-10,")), [], UNITS),
    "quarters": (changed(",1,", ",Q4 2023,", changed(",2,", ",Q1 2024,")), [], UNITS),
    "dates with names": (
        changed(",1,", ",25 Dec 2023,", changed(",2,", ",1-Jan-2024,")),
        [],
        UNITS,
    ),
    "American dates at midnight": (
        changed(",1,", ",12/25/2023 12:00:00 AM,", changed(",2,", ",1/1/2024 12:00:00 AM,")),
        [],
        UNITS,
    ),
    "dates at midnight": (
        changed(",1,", ",2023-12-25T00:00:00Z,", changed(",2,", ",2024-01-01T00:00:00Z,")),
        [],
        UNITS,
    ),
    "a Total row": (with_row("Total,,23,,"), [], UNITS),
    "a Grand total row": (with_row(",Grand total,23,3.6,"), [], UNITS),
    "a Gesamt row without a price": (with_row("Gesamt,3,23,,x"), [], UNITS),
    "a product of totals": (
        with_row("Total,1,16,3.2,x\nTotal,2,7,4.1,x"),
        [],
        UNITS,
    ),
    "a long row of blanks": (with_row("tea,3,,3.0,drinks, ,"), [], UNITS),
    "a long row, going on": (with_row("tea,3,4,3.0,drinks,5"), ["--keep-going"], UNITS),
    "a product called Total": (
        with_row("Total,1,4,3.0,food"),
        [],
        {"Total": [4, np.nan], "tea": [9, 4], "jam": [7, 3]},
    ),
    "titles above the headings": (f"Sales of 2024\n\nprinted,2024-02-01\n{TABLE}", [], UNITS),
    "a blank first row": ("\n" + TABLE, [], UNITS),
    "the headings again": (with_row(HEADER), [], UNITS),
    "a note at the end": (with_row('"as of 1 February 2024",,,,'), [], UNITS),
    "receipts by day": (
        changed(",1,", ",2024-01-01 10:15,", changed(",2,", ",2024-01-01 18:40:00,")),
        ["--by=day"],
        {"tea": [13], "jam": [10]},
    ),
    "receipts by week": (
        changed(",1,", ",2024-01-06,", changed(",2,", ",2024-01-08,")),
        ["--by=week"],
        UNITS,
    ),
    "receipts by month, with returns": (
        with_row(
            "tea,2/1/2024 8:10 AM,-2,,drinks",
            text=changed(",1,", ",1/31/2024 1:15 PM,", changed(",2,", ",2/29/2024 9:05 AM,")),
        ),
        ["--by=month"],
        {"tea": [9, 2], "jam": [7, 3]},
    ),
    "dates without marks, by week": (
        changed(",1,", ",20240106,", changed(",2,", ",20240107,")),
        ["--by=week"],
        {"tea": [13], "jam": [10]},
    ),
    "rows of one numbered period": (
        with_row(ROWS[0]),
        ["--by=week"],
        {"tea": [18, 4], "jam": [7, 3]},
    ),
    "rounded weights": (changed(",9,", ",9.35,"), ["--round-units"], UNITS),
    "weights that add up": (
        with_row("tea,1,0.7,2.5,drinks", text=changed(",9,", ",8.3,")),
        ["--by=week"],
        UNITS,
    ),
    "a wrong row, going on": (with_row("tea,3,many,3.0,drinks"), ["--keep-going"], UNITS),
    # What cannot.
    "wrong encoding": (changed("tea", "thé").encode("cp1252"), [], "row 2: not written in utf-8"),
    "unknown encoding": (TABLE, ["--encoding=utf-9"], "no encoding 'utf-9'"),
    "wrong named encoding": (
        changed("tea", "thé"),
        ["--encoding=ascii"],
        "row 2: not written in ascii",
    ),
    "thousands, not told": (
        changed(",9,", ',"1,009",'),
        [],
        "row 2, column 'sold': '1,009' may be 1,009 or 1.009; .*thousands=','.*--thousands",
    ),
    "misplaced thousands": (
        changed(",9,", ',"10,09",'),
        ["--thousands=,"],
        "'10,09' is not a plain",
    ),
    "decimal comma between commas": (
        TABLE.replace(".", ","),
        [],
        "row 2: .*cells under 5 headings",
    ),
    "a unit in the cells": (
        changed(",9,", ",9 packs,"),
        [],
        "row 2, column 'sold': '9 packs' is not a plain number; leave units and currencies out",
    ),
    "a currency among units": (changed(",9,", ",9 EUR,"), [], "'9 EUR' is not a plain number"),
    "a price for a weight": (changed("2.5", "2.50 €/kg"), [], "'2.50 €/kg' is not a plain number"),
    "two currencies": (
        changed("2.5", "$2.5", changed("3.0", "£3")),
        [],
        r"row 3, column 'price': an amount in £ among others in \$; convert",
    ),
    "two decimal marks": (
        changed("2.5", '"2,5"'),
        [],
        r"row 2, column 'price': '2,5' .* the decimal mark is '\.', as in other cells",
    ),
    "a decimal comma that was told otherwise": (
        changed("2.5", '"2,50"'),
        ["--decimal=."],
        r"'2,50' is not a plain number; the decimal mark is '\.', as was told",
    ),
    "points that may be thousands, beside decimal commas": (
        TABLE.replace(",", ";").replace(".", ",").replace(";9;", ";1.009;"),
        [],
        r"row 2, column 'sold': '1.009' may be 1,009 or 1.009.*--thousands",
    ),
    "text in numbers": (
        changed(",7,", ",seven,"),
        [],
        "row 4, column 'sold': 'seven' is not a plain number",
    ),
    "a dash for nothing": (
        changed(",7,", ",-,"),
        [],
        "row 4, column 'sold': '-' is not a plain number",
    ),
    "truth values in numbers": (changed(",7,", ",True,"), [], "row 4, column 'sold': 'True'"),
    "infinite price": (changed("2.5", "inf"), [], "row 2, column 'price'"),
    "too large for a float": (changed("2.5", "1e999"), [], "row 2, column 'price'"),
    "too many units": (changed(",9,", ",99999999999999999999,"), [], r"more than 2\^53 units"),
    "half a unit": (
        changed(",9,", ",9.5,"),
        [],
        "row 2, column 'sold': 9.5 units are.*--round-units",
    ),
    "day or month first": (
        changed(",1,", ",03/02/2024,", changed(",2,", ",10/02/2024,")),
        [],
        "'03/02/2024' may be day first",
    ),
    "a date that no calendar has": (
        changed(",1,", ",2023-02-30,", changed(",2,", ",2023-03-06,")),
        [],
        "row 2, column 'week': '2023-02-30' is not a date",
    ),
    "time of day": (
        changed(",1,", ",2023-02-03 10:15,", changed(",2,", ",2023-03-06,")),
        [],
        "row 2.*time of day.*by='day'.*--by",
    ),
    "a time of day in the afternoon": (
        changed(",1,", ",2/13/2023 1:15 PM,", changed(",2,", ",2/20/2023 9:05 AM,")),
        [],
        "row 2, column 'week': '2/13/2023 1:15 PM' has a time of day.*--by",
    ),
    "numbers and dates": (
        changed(",1,", ",2023-02-03,"),
        [],
        "row 3, column 'week': '2' cannot be put in order",
    ),
    "week names": (
        changed(",1,", ",W1,", changed(",2,", ",W2,")),
        [],
        "'W1' cannot be put in order of time; write each week with its year, as 2024-W01",
    ),
    "month names": (
        changed(",1,", ",Jan,", changed(",2,", ",Feb,")),
        [],
        "'Jan' cannot be put in order of time; write each month with its year, as 2024-01,",
    ),
    "week 60": (
        changed(",1,", ",2024-W60,", changed(",2,", ",2024-W2,")),
        [],
        "row 2, column 'week': '2024-W60' is not a week that a calendar has",
    ),
    "weeks without a W": (
        changed(",1,", ",1/2024,", changed(",2,", ",13/2024,")),
        [],
        "'13/2024' is not a month.* if it is a week, write it as 2024-W13",
    ),
    "a unit for thousands": (
        changed(",9,", ",1.209,"),
        [],
        "1.209 units are not a whole number.*if the mark is one of thousands, thousands='.'",
    ),
    "months that may be days": (
        changed(",1,", ",Jan-24,", changed(",2,", ",Feb-24,")),
        [],
        "'Jan-24' cannot be put in order of time.*--date-format",
    ),
    "a format without a day": (TABLE, ["--date-format=%Y-W%W"], "'%Y-W%W' is no format of dates"),
    "a format with a directive that is none": (TABLE, ["--date-format=%q"], "'%q' is no format"),
    "a format without percent signs": (
        TABLE,
        ["--date-format=DD/MM/YYYY"],
        "'DD/MM/YYYY' is no format of dates: it must name a day",
    ),
    "wrong date format": (
        TABLE,
        ["--date-format=%d/%m/%Y"],
        "row 2, column 'week': '1' is not a date as '%d/%m/%Y' writes it",
    ),
    "duplicated rows": (
        with_row(ROWS[0]),
        [],
        "product 'tea' has two rows for period 1: rows 2 and 6; add.*by='week'.*--by",
    ),
    "rows of two shops": (
        "\n".join([f"{HEADER},shop", *(f"{row},{i % 3}" for i, row in enumerate(ROWS * 2))]),
        [],
        "rows 2 and 6, which differ in 'shop'. Is a product told apart by it.*--by",
    ),
    "weeks to be added up by day": (
        changed(",1,", ",2024-W1,", changed(",2,", ",2024-W2,")),
        ["--by=day"],
        "'2024-W1' is a week, which lies in no one day; add up by='week'",
    ),
    "two categories": (
        with_row("tea,3,4,3.0,food"),
        [],
        "row 6, column 'dept': product 'tea' is in category 'food' here and in 'drinks' in row 2;",
    ),
    "a cell too many in all rows": (
        TABLE.replace("drinks", "drinks,1").replace("food", "food,2"),
        [],
        "row 2: 6 cells under 5 headings.* 4 rows have this fault",
    ),
    "a long row": (with_row("tea,3,4,3.0,drinks,5"), [], "row 6: 6 cells under 5 headings"),
    "an open quotation mark": (
        with_row('"tea,3,4,3.0,drinks'),
        [],
        "row 6: a quotation mark opens and never closes",
    ),
    "a quotation mark that closes elsewhere": (
        changed("tea,1", '"tea,1', changed("jam,2", 'jam"x",2')),
        [],
        "row 2.*",
    ),
    "a long label": (
        changed("jam", LONG),
        [],
        "row 4, column 'sku': a label of 1,000,000 characters",
    ),
    "a long number": (changed(",7,", f",{'7' * 10**6},"), [], "column 'sold'"),
    "a long heading": (changed("sold", LONG), [], "quotation mark missing|no column 'sold'"),
    "zero bytes": (changed("tea", "t\0a"), [], "zero bytes"),
    "an Excel workbook": (b"PK\x03\x04" + TABLE.encode(), [], "Excel workbook"),
    "compressed by half": (gzip.compress(TABLE.encode())[:40], [], "cannot be unpacked by gzip"),
    "a column for each week": (
        "sku,price,2024-W01,2024-W02,2024-W03,2024-W04\ntea,2.5,9,4,7,3\n",
        [],
        "wide table: '2024-W01' to '2024-W04' are 4 columns.*melt.*Unpivot",
    ),
    "a column for each numbered day": (
        "sku,price,d_1,d_2,d_3\ntea,2.5,9,4,7\n",
        [],
        "wide table: 'd_1' to 'd_3' are 3 columns",
    ),
    "a column for each month, with words": (
        "sku,Jan 2024 units,Feb 2024 units,Jan 2024 price,Feb 2024 price\ntea,9,4,2,3\n",
        [],
        "wide table: .* 4 columns, one for each period",
    ),
    "a column for each product": (
        "week,tea,jam,mate\n1,9,4,7\n2,7,3,6\n",
        [],
        "only 'week'. If 'tea' and the others are products, the table is wide.*melt",
    ),
    "three columns missing": (
        changed(HEADER, "sku,week,qty,euro,group"),
        [],
        "no columns 'dept', 'sold', 'price', only 'sku', 'week', 'qty'",
    ),
    "not Parquet": (b"PAR1" + TABLE.encode(), [], "Parquet"),
    "an empty file": ("", [], "is empty"),
    "blank": (" \n\n", [], "is empty"),
    "a header alone": (HEADER + "\n", [], "has a header and no rows"),
    "no header": ("\n".join(ROWS), [], "no columns 'sku', .*, only 'tea'"),
    "one column": ("sku\ntea\njam\n", [], "has one column, 'sku'"),
    "a missing column": (changed("price", "Price"), [], "no column 'price'.*did you mean 'Price'"),
    "a column twice": (changed("dept", "sold"), ["--category=sku"], "sku"),
    "two columns of one name": (changed(HEADER, f"{HEADER},sku"), [], "two columns 'sku'"),
    "nothing left": (
        TABLE.replace("tea", "").replace("jam", ""),
        [],
        "no row is left to learn from",
    ),
    "one period": ("\n".join([HEADER, ROWS[0], ROWS[2]]), [], "all rows are of one period"),
    "no sales": (
        changed(",9,", ",0,", changed(",4,", ",0,", changed(",7,", ",0,", changed(",3,", ",0,")))),
        [],
        "nothing was sold",
    ),
    "no price ever moved": (
        changed("3.0", "2.5", changed("5.0", "4.0")),
        [],
        "no price ever moved",
    ),
}


def write(folder, content):
    path = folder / "sales.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path, options):
    """Call what the command calls, with the command's options."""
    split = [each[2:].partition("=") for each in options]
    named = {name.replace("-", "_"): value or True for name, _, value in split}
    return et.read_sales(path, **ROLES | named)


def refusal(arguments, capsys):
    """Run the command, which must refuse; return its line."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1 and said.err.endswith("\n")
    assert len(said.err) < 400
    return said.err


@pytest.mark.parametrize(
    "name", [name for name, each in BROKEN.items() if isinstance(each[2], dict)]
)
def test_what_can_be_read_is_read_right(name, tmp_path):
    content, options, expected = BROKEN[name]
    sales = read(write(tmp_path, content), options)
    panel = et.Panel.from_frame(sales.table, **sales.columns)
    assert sorted(expected) == panel.products.tolist()
    for label, units in expected.items():
        found = panel.units[panel.products.tolist().index(label)]
        np.testing.assert_array_equal(found, units)
    assert (
        panel.categories[panel.category].tolist()
        == sales.table.groupby("sku")["dept"].first().tolist()
    )


@pytest.mark.parametrize(
    "name", [name for name, each in BROKEN.items() if isinstance(each[2], str)]
)
def test_what_cannot_is_refused_in_one_line(name, tmp_path, capsys):
    content, options, pattern = BROKEN[name]
    path = write(tmp_path, content)
    line = refusal([str(path), *OPTIONS, f"--out={tmp_path / 'out'}", *options], capsys)
    assert re.search(pattern, line), line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name, argument",
    [
        ("wrong encoding", "encoding"),
        ("unknown encoding", "encoding"),
        ("thousands, not told", "thousands"),
        ("points that may be thousands, beside decimal commas", "thousands"),
        ("day or month first", "date_format"),
        ("months that may be days", "date_format"),
        ("week names", None),
        ("text in numbers", None),
        ("half a unit", "round_units"),
        ("time of day", "by"),
        ("rows of two shops", "by"),
    ],
)
def test_an_error_names_the_argument_that_may_mend_it(name, argument, tmp_path):
    content, options, _ = BROKEN[name]
    with pytest.raises(et.PanelError) as caught:
        read(write(tmp_path, content), options)
    assert caught.value.argument == argument
    assert argument is None or f"{argument}=" in str(caught.value)
    assert "--" not in str(caught.value) and "option" not in str(caught.value)


def test_random_damage_is_read_or_refused_in_one_line_and_nothing_else(tmp_path):
    rng = np.random.default_rng(0)
    pieces = [each.encode() for each in ", ; \t | \r - . 0 9 NA 1e9 inf True _ ' \xa0".split(" ")]
    pieces += [b"\n", b'"', b"\xff", b"\x00", b"\xef\xbb\xbf", b"01/02/2024", b"1,234", b" "]
    refused = 0
    for _ in range(300):
        damaged = bytearray(TABLE.encode())
        for _ in range(rng.integers(1, 4)):
            place = rng.integers(len(damaged))
            damaged[place : place + rng.integers(3)] = pieces[rng.integers(len(pieces))]
        try:
            read(write(tmp_path, bytes(damaged)), [])
        except et.PanelError as error:
            refused += 1
            assert all(len(line) < 400 for line in str(error).split("\n"))
            assert "\n" not in str(error) or len(error.parts) > 1
    assert 0 < refused < 300


def test_what_is_left_out_is_listed_by_the_row_that_a_spreadsheet_shows(tmp_path):
    rows = ["tea,3,,3,drinks", "", "tea,4,-1,3,drinks", "tea,5,1,0,drinks", "tea,6,1,-1,drinks"]
    sales = read(write(tmp_path, TABLE + "\n".join([*rows, ",7,1,1,drinks", "jam,3,1,1"])), [])
    assert sales.masked["row"].tolist() == [6, 7, 8, 9, 10, 11, 12]
    assert sales.masked["reason"].str.split().str[:2].str.join(" ").tolist() == [
        "no number",
        "no cell",
        "negative units",
        "a price",
        "a negative",
        "no label",
        "no label",
    ]
    assert len(sales.table) == 4


def test_dates_are_kept_in_order_of_time_and_readable(tmp_path):
    text = changed(",1,", ",25.12.2023,", changed(",2,", ",1.1.2024,"))
    sales = read(write(tmp_path, text), [])
    panel = et.Panel.from_frame(sales.table, **sales.columns)
    assert panel.periods.tolist() == ["2023-12-25", "2024-01-01"]


def test_a_folder_a_missing_and_an_unreadable_file_are_refused(tmp_path, capsys, monkeypatch):
    out = f"--out={tmp_path / 'out'}"
    assert "is a folder" in refusal([str(tmp_path), *OPTIONS, out], capsys)
    missing = str(tmp_path / "sale.csv")
    assert "there is no file" in refusal([missing, *OPTIONS, out], capsys)
    path = write(tmp_path, TABLE)

    def forbidden(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", forbidden)  # the tests may run as root
    assert "cannot be read: Permission denied" in refusal([str(path), *OPTIONS, out], capsys)


def test_two_roles_cannot_share_a_column(tmp_path):
    with pytest.raises(et.PanelError, match="column 'sold' was given twice"):
        et.read_sales(write(tmp_path, TABLE), **ROLES | {"price": "sold"})
    with pytest.raises(et.PanelError, match="column names must be text; got 3"):
        et.read_sales(write(tmp_path, TABLE), **ROLES | {"price": 3})
    with pytest.raises(et.PanelError, match="covariates must be a sequence of names"):
        et.read_sales(write(tmp_path, TABLE), **ROLES, covariates="price")


@pytest.mark.parametrize(
    "marks",
    [
        {"decimal": ";"},
        {"thousands": ".", "decimal": "."},
        {"thousands": ""},
        {"thousands": "1"},
    ],
)
def test_marks_must_tell_numbers_apart(marks, tmp_path):
    with pytest.raises(et.PanelError, match=f"^{next(iter(marks))} must be"):
        et.read_sales(write(tmp_path, TABLE), **ROLES, **marks)


def test_covariates_and_costs(tmp_path):
    costs = ["1.0", "", "2.5", "2.0"]
    rows = [f"{row},{cost},{i % 2}" for i, (row, cost) in enumerate(zip(ROWS, costs, strict=True))]
    path = write(tmp_path, "\n".join([f"{HEADER},cost,promo", *rows]))
    sales = et.read_sales(path, **ROLES, cost="cost", covariates=["promo"])
    panel = et.Panel.from_frame(sales.table, **sales.columns)
    assert panel.covariates["promo"].tolist() == [[0, 1], [0, 1]]
    assert et.unit_costs(sales, panel, cost="cost").to_dict() == {"jam": 2.0, "tea": 1.0}
    path.write_text(path.read_text().replace(",2.5,", ",0,"))
    with pytest.raises(et.PanelError, match="row 4, column 'cost': a unit cost must be above 0"):
        et.read_sales(path, **ROLES, cost="cost")


def test_parquet_gives_what_csv_gives(tmp_path):
    path = write(tmp_path, TABLE)
    expected = read(path, [])
    frame = pd.read_csv(path)
    frame["week"] = pd.to_datetime(frame["week"], unit="D")
    frame.to_parquet(tmp_path / "sales.parquet")
    found = et.read_sales(tmp_path / "sales.parquet", **ROLES)
    assert found.table["week"].tolist() == ["1970-01-02", "1970-01-03"] * 2
    same = ["sku", "sold", "price", "dept"]
    pd.testing.assert_frame_equal(found.table[same], expected.table[same])


# --- Receipts, zeros, weights


RECEIPTS = """,date,time,article,Quantity,unit_price
0,2023-03-01,08:12,ROLL,2.0,"0,80 €"
1,2023-03-01,08:14,SEED LOAF,1.0,"3,40 €"
2,2023-03-01,09:02,ROLL,6.0,"0,80 €"
3,2023-03-02,08:05,ROLL,3.0,"0,85 €"
4,2023-03-02,08:31,SEED LOAF,2.0,"3,40 €"
5,2023-03-02,08:40,ROLL,-1.0,"0,85 €"
6,2023-03-02,08:41,BUN,-1.0,"0,85 €"
"""
OF_RECEIPTS = {"product": "article", "period": "date", "units": "Quantity", "price": "unit_price"}


@pytest.mark.parametrize("more", [{}, {"decimal": ","}])
def test_receipts_are_added_up_and_returns_taken_off(more, tmp_path):
    path = write(tmp_path, RECEIPTS)
    with pytest.raises(et.PanelError, match=r"rows 2 and 4, which differ in 'time'.*by='day'"):
        et.read_sales(path, **OF_RECEIPTS, **more)
    sales = et.read_sales(path, **OF_RECEIPTS, by="day", **more)
    found = sales.table.set_index(["article", "date"])
    assert found["Quantity"].to_dict() == {
        ("ROLL", "2023-03-01"): 8,
        ("ROLL", "2023-03-02"): 2,
        ("SEED LOAF", "2023-03-01"): 1,
        ("SEED LOAF", "2023-03-02"): 2,
    }
    assert found["unit_price"].tolist() == [0.8, 3.4, 0.85, 3.4]  # as it was: no error of rounding
    row = {"row": 8, "reason": "more returned than sold in the day"}
    assert sales.masked.to_dict("records") == [row]
    assert sales.remarks == (
        "7 rows added up by day gave 5; the price is revenue over units sold. Returned units, 2 in "
        "2 rows, were taken off those sold in the same day.",
    )


def test_a_sum_has_the_mean_price_that_was_paid_and_says_what_differed(tmp_path):
    rows = ["week,sku,sold,price,cost,promo", "2024-01-01,tea,3,2,1,0", "2024-01-03,tea,1,4,2,Y"]
    path = write(tmp_path, "\n".join(rows))
    roles = {"product": "sku", "period": "week", "units": "sold", "price": "price"}
    sales = et.read_sales(path, **roles, cost="cost", covariates=["promo"], by="month")
    assert sales.table.to_dict("records") == [
        {"sku": "tea", "week": "2024-01", "sold": 4.0, "price": 2.5, "cost": 1.5, "promo": 0.5}
    ]
    assert "Column 'promo' differed within 1 of these rows" in sales.remarks[1]
    with pytest.raises(et.PanelError, match="by must be 'day', 'week' or 'month'; got 'year'"):
        et.read_sales(path, **roles, by="year")


def test_a_week_that_the_file_cuts_off_is_named(tmp_path):
    days = [day for day in pd.date_range("2024-03-02", "2024-03-26") if day.weekday() < 6]
    rows = [f"{day:%d/%m/%Y},tea,1,2" for day in days]  # from a Saturday to a Tuesday, six a week
    path = write(tmp_path, "\n".join(["week,sku,sold,price", *rows]))
    roles = {"product": "sku", "period": "week", "units": "sold", "price": "price"}
    cut = et.read_sales(path, **roles, by="week").remarks[:2]
    assert cut[0].startswith("The first week has sales on 1 of its days, the others on 6 or more")
    assert cut[1].startswith("The last week has sales on 2 of its days, the others on 6 or more")
    assert len(et.read_sales(path, **roles, by="month").remarks) == 1  # there is but one


def test_revenue_stands_in_for_a_price(tmp_path):
    path = write(
        tmp_path, "week,sku,sold,euro\n1,tea,3,7.2\n2,tea,0,0\n3,tea,6,14.4\n4,tea,-1,-2\n"
    )
    roles = {"product": "sku", "period": "week", "units": "sold"}
    sales = et.read_sales(path, **roles, revenue="euro")
    assert sales.columns["price"] == "euro / sold"
    assert sales.table["euro / sold"].tolist() == [2.4, 2.4]
    assert sales.masked["row"].tolist() == [3, 5]
    for more in ({}, {"price": "euro", "revenue": "euro"}):
        with pytest.raises(et.PanelError, match="name the column of the price, or that of the rev"):
            et.read_sales(path, **roles, **more)


def slow_sellers(price_at_zero):
    """Make a table with weeks in which nothing was sold, and the prices that stood there."""
    rows = ["week,sku,dept,sold,price", f"1,a,x,0,{price_at_zero}"]
    rows += [f"{week},a,x,{sold},{price if sold else price_at_zero}" for week, sold, price in SLOW]
    return "\n".join([*rows, "1,b,x,1,3", "6,b,x,1,4", "3,c,x,1,2", "5,c,x,1,2"])


SLOW = [(2, 2, 7.5), (3, 0, 0), (4, 1, 8.5), (5, 0, 0), (6, 3, 7.5)]


@pytest.mark.parametrize("written", ["no price", "a price of 0", "no units", "no row"])
def test_zeros_are_filled_with_the_price_before_if_shelves_were_full(written, tmp_path):
    text = slow_sellers("0" if written == "a price of 0" else "")
    if written == "no units":
        text = text.replace(",0,", ",,")
    if written == "no row":
        text = re.sub(r"\n[135],a,x,0,", "", text)
    path = write(tmp_path, text)
    plain = read(path, [])
    assert len(plain.table) == 7 and ("fill_zeros=True" in "".join(plain.remarks)) == (
        written in ("no price", "a price of 0")
    )
    sales = read(path, ["--fill-zeros"])
    panel = et.Panel.from_frame(sales.table, **sales.columns)
    np.testing.assert_array_equal(panel.units[0], [np.nan, 2, 0, 1, 0, 3])
    np.testing.assert_array_equal(panel.price[0], [np.nan, 7.5, 7.5, 8.5, 8.5, 7.5])
    np.testing.assert_array_equal(panel.units[1], [1, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(panel.price[1], [3, 3, 3, 3, 3, 4])
    assert "it moved in 75% of cases. That is often" in sales.remarks[-1]
    lost = "nothing sold, and no price in column 'price' before"
    assert sales.masked["reason"].tolist() == ([] if written == "no row" else [lost])


def test_a_price_that_moves_seldom_may_be_carried_on(tmp_path):
    rows = [f"{sku},{week},1,{2 if week < 20 else 3},x" for sku in "ab" for week in range(24)]
    del rows[10]
    sales = read(write(tmp_path, "\n".join([HEADER, *rows])), ["--fill-zeros"])
    assert sales.table["sold"].tolist() == [1] * 10 + [0] + [1] * 37
    assert sales.remarks[0].startswith("1 row of 0 units came in")
    assert sales.remarks[0].endswith("from row to row of a product it moved in 4% of cases.")


def test_what_was_left_out_is_not_filled(tmp_path):
    path = write(tmp_path, with_row("tea,3,-2,3.0,drinks\ntea,4,2,3.0,drinks\njam,3,1,4.0,food"))
    sales = read(path, ["--fill-zeros"])
    panel = et.Panel.from_frame(sales.table, **sales.columns)
    np.testing.assert_array_equal(panel.units[1], [9, 4, np.nan, 2])


def test_rounding_says_what_it_does(tmp_path):
    path = write(tmp_path, changed(",9,", ",19.35,", changed(",4,", ",0.4,")))
    sales = read(path, ["--round-units"])
    assert sales.table["sold"].tolist() == [19, 0, 7, 3]
    assert "in 2 of 4 rows" in sales.remarks[0]
    assert sales.remarks[0].endswith("of these rows 1 had fewer, and 1 became 0.")


# --- Promotions, totals, wrong rows


@pytest.mark.parametrize("cells", ["Y N", "yes no", "TRUE FALSE", "True False", "y n", "1 0"])
def test_truth_is_read_as_1_and_0(cells, tmp_path):
    yes, no = cells.split()
    rows = [f"{row},{yes if i % 2 else no}" for i, row in enumerate(ROWS)]
    path = write(tmp_path, "\n".join([f"{HEADER},promo", *rows]))
    sales = et.read_sales(path, **ROLES, covariates=["promo"])
    assert sales.table["promo"].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("mark", ["1", "Y", "x"])
def test_empty_cells_beside_nothing_but_1_are_0_and_named(mark, tmp_path):
    rows = [f"{row},{mark if i % 2 else ''}" for i, row in enumerate(ROWS)]
    path = write(tmp_path, "\n".join([f"{HEADER},promo", *rows]))
    sales = et.read_sales(path, **ROLES, covariates=["promo"])
    assert sales.table["promo"].tolist() == [0, 1, 0, 1]
    said = "2 empty cells in column 'promo' were read as 0, since all others are 1."
    assert sales.remarks == (said,)
    path.write_text(path.read_text().replace(f"drinks,{mark}", "drinks,0"))
    left = et.read_sales(path, **ROLES, covariates=["promo"])
    assert left.masked["row"].tolist() == [2, 4]  # an empty cell beside 0 is unknown


def test_words_in_a_covariate_ask_for_numbers(tmp_path):
    path = write(tmp_path, "\n".join([f"{HEADER},promo", *(f"{row},leaflet" for row in ROWS)]))
    with pytest.raises(et.PanelError, match=r"'leaflet' is not.*; write 1 and 0, or.* 4 rows have"):
        et.read_sales(path, **ROLES, covariates=["promo"])


def test_what_is_no_sale_is_named(tmp_path):
    text = f"Sales\n\nshop,7\n{TABLE}\nTotal,,23,,\nGrand total,,,,\n{HEADER}\n,,,,\n\n"
    sales = read(write(tmp_path, text), [])
    assert sales.masked.to_dict("list") == {
        "row": [1, 3, 9, 10, 11, 12, 13],
        "reason": [
            "above the headings",
            "above the headings",
            "no cell in use is filled",
            "a row of totals",
            "a row of totals",
            "the headings again",
            "no cell in use is filled",
        ],
    }


def test_wrong_rows_are_named_by_kind_or_left_out(tmp_path):
    rows = ["tea,3,many,3,drinks", "tea,soon,2,3,drinks", "tea,4,few,3,drinks", "tea,5,1,3,food"]
    rows += [ROWS[0], "tea,6,1.5,3,drinks", "tea,7,1,3,drinks,8", "jam,3,5,4.0,food"]
    path = write(tmp_path, TABLE + "\n".join(rows) + "\n")
    with pytest.raises(et.PanelError) as caught:
        read(path, [])
    said = [str(each) for each in caught.value.parts]
    assert str(caught.value).split("\n") == said
    starts = [
        "row 12: 6 cells under 5 headings",
        "row 6, column 'sold': 'many'",
        "row 7, column 'week': 'soon'",
        "row 11, column 'sold': 1.5 units",
        "row 9, column 'dept': product 'tea' is in category 'food'",
        "row 2, column 'sku': product 'tea' has two rows for period 1: rows 2 and 10",
        "8 of 12 rows are wrong; keep_going=True",
    ]
    assert len(said) == len(starts)
    assert all(text.startswith(start) for text, start in zip(said, starts, strict=True)), said
    assert said[1].endswith("2 rows have this fault.")
    found = [each.argument for each in caught.value.parts]
    assert found == [None, None, None, "round_units", None, "by", "keep_going"]
    sales = read(path, ["--keep-going"])
    assert sales.table["sold"].tolist() == [4, 7, 3, 5]
    assert sales.masked["row"].tolist() == [2, 6, 7, 8, 9, 10, 11, 12]
    assert sales.masked["reason"].tolist()[1] == "no plain number in column 'sold'"


@pytest.mark.parametrize(
    "label, more",
    [
        ("03/02/2024", {}),
        ("3.2.24", {}),
        ("03-02-2024", {}),
        ("3/2/2024 8:15", {"by": "day"}),
        ("03/02/2024 08:15:30 PM", {"by": "day"}),
        ("3/2/2024 8:15PM", {"by": "week"}),
        ("Jan-24", {}),
    ],
)
def test_the_format_that_a_message_names_reads_the_file(label, more, tmp_path):
    path = write(tmp_path, changed(",1,", f",{label},", changed(",2,", f",{label},")))
    with pytest.raises(et.PanelError) as caught:
        et.read_sales(path, **ROLES, **more)
    named = re.search("date_format='(.*?)'", str(caught.value))[1]
    sales = et.read_sales(path, **ROLES, date_format=named, **{"by": "day"} | more)
    assert set(sales.table["week"].str[:4]) == {"2024"}


def test_a_doubtful_date_with_a_time_of_day_needs_two_arguments_and_names_both(tmp_path):
    text = changed(",1,", ",3/2/2024 8:15,", changed(",2,", ",3/2/2024 9:15,"))
    with pytest.raises(et.PanelError) as caught:
        read(write(tmp_path, text), [])
    assert [each.argument for each in caught.value.parts] == ["date_format", "by"]
    named = ["--date-format=%d/%m/%Y %H:%M", "--by=day"]
    assert read(write(tmp_path, text), named).table["week"].tolist() == ["2024-02-03"] * 2


def test_a_doubt_about_marks_is_no_doubt_about_words(tmp_path):
    path = write(tmp_path, changed(",9,", ",n.a.,", changed(",7,", ',"1,009",')))
    with pytest.raises(et.PanelError) as caught:
        read(path, [])
    doubt, word = map(str, caught.value.parts)
    assert doubt.startswith("row 4, column 'sold': '1,009' may be") and doubt.endswith("=','.")
    assert word.startswith("row 2, column 'sold': 'n.a.' is not a plain number")


def test_what_leaving_out_cannot_mend_is_refused_all_the_same(tmp_path):
    path = write(tmp_path, changed(",1,", ",03/02/2024,", changed(",2,", ",10/02/2024,")))
    with pytest.raises(et.PanelError, match=r"may be day first or month first.* 4 rows have"):
        read(path, ["--keep-going"])


def test_parquet_knows_truth_and_receipts(tmp_path):
    frame = pd.DataFrame({"sku": ["tea", "tea"], "week": pd.to_datetime(["2024-01-31 08:00"] * 2)})
    frame = frame.assign(sold=[2, 3], price=["$2.5", "$2.5"], promo=[True, False], shop=[1, 2])
    path = tmp_path / "sales.parquet"
    frame.to_parquet(path)
    roles = {"product": "sku", "period": "week", "units": "sold", "price": "price"}
    sales = et.read_sales(path, **roles, covariates=["promo"], by="day")
    assert sales.table.to_dict("records") == [
        {"sku": "tea", "week": "2024-01-31", "promo": 0.5, "sold": 5.0, "price": 2.5}
    ]
    frame.assign(week=[1, 1]).to_parquet(path)
    with pytest.raises(et.PanelError, match="rows 1 and 2, which differ in 'promo', 'shop'"):
        et.read_sales(path, **roles)
