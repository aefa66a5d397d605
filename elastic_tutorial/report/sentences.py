"""What a report says in plain language."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elastic_tutorial.report.report import Report

_MOSTLY = 0.5  # pooled share above which most of what is known of a product is its category's


def findings(report: Report) -> Iterator[str]:
    """Sentences, the most useful first."""
    yield from _elasticities(report)
    yield from _pooling(report)
    if report.test is not None:
        yield _tested(report.test)
    if report.prices is not None:
        yield from _prices(report.prices, report.promise_withheld)
    yield (
        "Elasticities say how sales went along with prices. They are effects of the price only if "
        "prices were not moved because of demand, and if nothing else, such as an advertisement, "
        "moved with them. A randomised price test settles it."
    )


def data_lines(report: Report) -> Iterator[str]:
    """Say what went in and what was left out."""
    panel = report.panel
    used = int(panel.observed.sum())
    groups = "one category" if panel.n_categories == 1 else f"{panel.n_categories:,} categories"
    yield (
        f"{report.source}: {used:,} rows in use, {panel.n_products:,} products in {groups}, "
        f"{panel.n_periods:,} periods from {panel.periods[0]} to {panel.periods[-1]}, "
        f"{panel.total_units.sum():,.0f} units."
    )
    if report.masked is not None and len(report.masked):
        for reason, rows in report.masked.groupby("reason", sort=False)["row"]:
            plural = "row was" if len(rows) == 1 else "rows were"
            yield f"{len(rows):,} {plural} left out: {reason}, first row {rows.iloc[0]}."
    elif report.masked is not None:
        yield "No row was left out."
    yield from report.remarks


def _elasticities(report):
    table = report.elasticities
    low, middle, high = table["elasticity"].quantile([0.25, 0.5, 0.75])
    fall = 100 * (1.01**middle - 1)
    effect = f"sells about {abs(fall):.1f}% {'less' if fall < 0 else 'more'}"
    yield (
        f"The middle product has an elasticity of {middle:.2f}: at a price 1% higher it {effect}. "
        f"Half of the products lie between {low:.2f} and {high:.2f}."
    )
    prob = _prob_of(table)
    elastic, inelastic = (table["upper"] < -1).sum(), (table["lower"] > -1).sum()
    open_ = len(table) - elastic - inelastic
    yield (
        f"For {elastic:,} of {len(table):,} products the {prob:.0%} interval lies below -1 (a "
        f"lower price brings more revenue), for {inelastic:,} above (a lower price brings less), "
        f"and for {open_:,} the sales do not say which."
    )


def _prob_of(table):
    """Probability of the intervals of a table, which no other part of a report may state."""
    if "prob" not in table.attrs:
        raise ValueError(
            "elasticities must say the probability of their intervals in attrs['prob'], as the "
            "table of elasticity_table does; set it if you changed the table."
        )
    return table.attrs["prob"]


def _pooling(report):
    table = report.elasticities
    if table["pooled"].notna().all():
        borrowed = (table["pooled"] > _MOSTLY).sum()
        yield (
            f"{borrowed:,} of {len(table):,} products have told so little that most of what is "
            "known of them comes from their category."
        )


def _tested(test):
    prob, covered = test.attrs["prob"], test.attrs["coverage"]
    low, high = test.attrs["coverage_lower"], test.attrs["coverage_upper"]
    return (
        f"Back-test: of {test.sizes['cell']:,} sales that were hidden from the fit, {covered:.1%} "
        f"(95% interval {low:.0%} to {high:.0%}, over products) fall where the model expected "
        f"{prob:.0%} of them."
    )


def _prices(prices, withheld):
    known = prices[prices["note"] == ""]
    if not len(known):
        yield "No product can be given a price: the table of prices says why for each."
        return
    stopped = (known["at_bound"] != "").sum()
    if prices.attrs["objective"] == "revenue":
        yield (
            "No unit costs were given. Revenue alone has no best price between the bounds, so the "
            "table of prices names the end of its price range at which each product brings more."
        )
        return
    if withheld:
        yield (
            f"Prices are named for {len(known):,} products, each as if it alone moved. Their gains "
            f"are not added up: {withheld}"
        )
        return
    today, prob = prices.attrs["today"], prices.attrs["prob"]
    gain, low, high = (prices.attrs[f"total_gain{end}"] for end in ("", "_lower", "_upper"))
    share = f", {gain / today:+.1%} of today's" if today > 0 else ""
    yield (
        f"Within their bounds the best prices of {len(known):,} products promise {gain:,.0f} more "
        f"profit a period ({prob:.0%} interval {low:,.0f} to {high:,.0f}){share}, if elasticities "
        "are effects of the price and products do not take sales from each other."
    )
    yield (
        f"{stopped:,} of these prices stop at a bound: there the sales say which way to go, and "
        "not how far."
    )
