"""The files of a report: tables as CSV, and one page that needs no other file and no network."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import jinja2
import pandas as pd

from elastic_tutorial.report.figures import draw_all
from elastic_tutorial.report.sentences import data_lines, findings

if TYPE_CHECKING:
    from elastic_tutorial.report.report import Report

_SHOWN = 100  # products in the tables of the page: some screens, 50 kB; the files hold all
_CENTS = 1000  # of currency: from here on cents are digits enough, below it six digits are shown
_PURE = {"elasticity", "sd", "lower", "upper", "prob_inelastic", "pooled"}
_ELASTICITIES = (
    "category elasticity lower upper prob_inelastic pooled units price_changes current_price"
).split()
# Of prices.csv, and what each means, as the page says it.
LEGEND = {
    "category": "the product's category",
    "current_price": "the last price in the file",
    "price": "the price for the label; empty where none is advised",
    "change_percent": "the change from the last price, in percent of it",
    "units_before": "units expected in a period at the last price",
    "units_after": "units expected in a period at the price for the label",
    "gain": "what the new price is expected to bring in a period beyond the last one, if it alone "
    "moves and the elasticity is an effect of the price; 0 where the price stays",
    "gain_lower": "the lower end of the interval of the gain",
    "gain_upper": "the upper end of the interval of the gain",
    "unit": "what the gain is counted in, in the currency of the file",
    "prob_loss": "the probability that the new price brings less than the last one",
    "why": "why this price, or none",
}
_ON_PAGE = "current_price price change_percent units_before units_after gain prob_loss why".split()
_TEMPLATE = resources.files("elastic_tutorial.report") / "report.html.j2"


class ProductTable(NamedTuple):
    """A table of the page: of each product that it shows the label and the cells."""

    name: str
    columns: list
    rows: list
    n_products: int


def files(report: Report) -> dict[str, str]:
    """Name and text of each file."""
    elasticities = as_text(report.elasticities)
    found = {"elasticities.csv": elasticities.to_csv(lineterminator="\n")}
    prices = None if report.prices is None else as_labels(report.prices)
    if prices is not None:
        found["prices.csv"] = prices.to_csv(lineterminator="\n")
    if report.masked is not None:
        found["masked.csv"] = report.masked.to_csv(index=False, lineterminator="\n")
    found["report.html"] = _page(report, elasticities, prices)
    return found


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Write numbers as they stand in the files and on the page."""
    return table.apply(_column)


def as_labels(prices: pd.DataFrame) -> pd.DataFrame:
    """Write prices and what they bring as they stand in the file and on the page."""
    shown = prices[list(LEGEND)]
    numbers = shown.select_dtypes("float").columns
    text = {name: shown[name].map("{:.2f}".format, na_action="ignore") for name in numbers}
    for name in ("current_price", "price"):
        text[name] = shown[name].map(_price, na_action="ignore")
    return shown.assign(**{name: each.astype(object) for name, each in text.items()})


def _price(value):
    """Two decimals, and more for what costs less than one unit of currency and needs them."""
    return f"{value:.2f}" if value >= 1 or round(value, 2) == value else f"{value:.6f}".rstrip("0")


def _column(values):
    if not pd.api.types.is_float_dtype(values):
        return values
    form = "{:.4f}".format if values.name in _PURE else _money
    return values.map(form, na_action="ignore").astype(object)


def _money(value):
    return f"{value:.2f}" if abs(value) >= _CENTS else f"{value:.6g}"


def _page(report, elasticities, prices):
    """Fill in the page; whatever stands in it, labels and verdicts too, is escaped."""
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    largest = report.elasticities["revenue"].nlargest(_SHOWN).index
    return environment.from_string(_TEMPLATE.read_text("utf-8")).render(
        source=report.source,
        findings=findings(report),
        data=data_lines(report),
        checks=report.checks.iterrows(),
        figures=draw_all(report),
        elasticities=_products("elasticities", elasticities, largest, _ELASTICITIES),
        prices=None if prices is None else _products("prices", prices, largest, _ON_PAGE),
        legend=LEGEND,
        settings=report.settings,
    )


def _products(name, table, labels, columns):
    """Cells of a table for the products with the highest revenue."""
    columns = [column for column in columns if column in table]
    cells = table.loc[labels, columns].map(_cell).to_numpy()
    rows = list(zip(labels, cells, strict=True))
    return ProductTable(name, columns, rows, len(table))


def _cell(value):
    return "" if pd.isna(value) else str(value)
