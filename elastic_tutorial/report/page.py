"""The files of a report: tables as CSV, and one page that needs no other file and no network."""

from html import escape
from importlib import resources
from string import Template

import pandas as pd

from elastic_tutorial.report.figures import draw_all
from elastic_tutorial.report.sentences import data_lines, findings

_SHOWN = 100  # products in the tables of the page; the files hold all
_PURE = {"elasticity", "sd", "lower", "upper", "prob_inelastic", "pooled", "prob_loss"}
_ELASTICITIES = (
    "category elasticity lower upper prob_inelastic pooled units price_changes current_price"
).split()
_PRICES = "current_price price at_bound gain prob_loss note".split()
_PAGE = Template((resources.files("elastic_tutorial.report") / "report.html.in").read_text("utf-8"))


def files(report):
    """Name and text of each file."""
    elasticities = as_text(report.elasticities)
    found = {"elasticities.csv": elasticities.to_csv(lineterminator="\n")}
    prices = None if report.prices is None else as_text(report.prices)
    if prices is not None:
        found["prices.csv"] = prices.to_csv(lineterminator="\n")
    if report.masked is not None:
        found["masked.csv"] = report.masked.to_csv(index=False, lineterminator="\n")
    found["report.html"] = _page(report, elasticities, prices)
    return found


def as_text(table):
    """Write numbers as they stand in the files and on the page."""
    return table.apply(_column)


def _column(values):
    if not pd.api.types.is_float_dtype(values):
        return values
    form = "{:.4f}".format if values.name in _PURE else _money
    return values.map(form, na_action="ignore").astype(object)


def _money(value):
    return f"{value:.2f}" if abs(value) >= 1000 else f"{value:.6g}"


def _page(report, elasticities, prices):
    """Fill in the page."""
    largest = report.elasticities["revenue"].nlargest(_SHOWN).index
    parts = {
        "source": escape(report.source),
        "data": _list(data_lines(report)),
        "findings": _list(findings(report)),
        "checks": _checks(report.checks),
        "figures": "".join(_figure(each) for each in draw_all(report)),
        "elasticities": _products(elasticities, largest, _ELASTICITIES, "elasticities"),
        "prices": "",
        "settings": _settings(report.settings),
    }
    if prices is not None:
        table = _products(prices, largest, _PRICES, "prices")
        parts["prices"] = f"<h2>Prices</h2>\n{table}"
    return _PAGE.substitute(parts)


def _list(sentences):
    return "".join(f"<li>{escape(each)}</li>\n" for each in sentences)


def _figure(figure):
    """Write a picture that follows the reader's choice of light or dark."""
    alt, caption = escape(figure.alt), escape(figure.caption)
    dark = f'<source media="(prefers-color-scheme: dark)" srcset="{figure.dark}">'
    image = f'<img src="{figure.light}" alt="{alt}">'
    return f"<figure><picture>{dark}{image}</picture><figcaption>{caption}</figcaption></figure>\n"


def _checks(checks):
    rows = []
    for name, row in checks.iterrows():
        cells = f"<td>{escape(row['found'])}</td><td>{escape(row['advice'])}</td>"
        verdict = f'<td class="{row["verdict"]}">{row["verdict"]}</td>'
        rows.append(f'<tr><th scope="row">{escape(str(name))}</th>{verdict}{cells}</tr>')
    return _table(["check", "verdict", "found", "what it means"], rows, "checks")


def _products(table, labels, columns, name):
    """Rows of a table for the products with the highest revenue."""
    columns = [column for column in columns if column in table]
    rows = []
    for label, row in zip(labels, table.loc[labels, columns].to_numpy(object), strict=True):
        cells = "".join(f"<td>{escape(_cell(each))}</td>" for each in row)
        rows.append(f'<tr><th scope="row">{escape(str(label))}</th>{cells}</tr>')
    note = f"<p>All {len(table):,} products stand in {name}.csv.</p>"
    if len(labels) < len(table):
        note = (
            f"<p>The {len(labels)} products with the highest revenue; all {len(table):,} stand in "
            f"{name}.csv.</p>"
        )
    return note + _table(["product", *columns], rows, name)


def _cell(value):
    return "" if pd.isna(value) else str(value)


def _table(head, rows, name):
    """Write a table that scrolls by itself where the page is narrow."""
    cells = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    body = "\n".join(rows)
    return (
        f'<div class="table" id="table-{name}" role="region" aria-label="Table of {name}" '
        f'tabindex="0"><table id="{name}"><thead><tr>{cells}</tr></thead><tbody>\n{body}\n'
        "</tbody></table></div>"
    )


def _settings(settings):
    pairs = (f"<dt>{escape(str(k))}</dt><dd>{escape(str(v))}</dd>" for k, v in settings.items())
    return "\n".join(pairs)
