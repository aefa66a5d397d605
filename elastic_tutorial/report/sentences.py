"""What a report says in plain language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elastic_tutorial.report.report import Report

_MOSTLY = 0.5  # pooled share above which most of what is known of a product is its category's
_TOGETHER = 0.5  # of a category's labels that move one way: more than half is the category's move


def findings(report: Report) -> Iterator[str]:
    """Sentences, the most useful first."""
    yield from _elasticities(report)
    yield from _pooling(report)
    if report.test is not None:
        yield _tested(report.test)
    yield from _looks(report.checks)
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


def _looks(checks):
    """Every check that asks for a look, as the terminal says it too."""
    for name, row in checks[checks["verdict"] == "look"].iterrows():
        yield f"Look: {name}: {row['found']}. {row['advice']}".rstrip()


def _prices(prices, withheld):
    known = prices[prices["price"].notna()]
    if not len(known):
        yield "No product can be given a price: the table of prices says why for each."
        return
    up, down = (known["change_percent"] > 0).sum(), (known["change_percent"] < 0).sum()
    yield (
        f"Labels: of {len(prices):,} products {up:,} get a higher price, {down:,} a lower one, "
        f"{len(known) - up - down:,} keep theirs, and for {len(prices) - len(known):,} no price is "
        "advised. The table of prices says why for each."
    )
    objective = prices.attrs["objective"]
    if objective == "revenue":
        yield (
            "No unit costs were given, so prices seek revenue. Where a unit costs something, the "
            "price that earns most is higher than the one that brings the most revenue."
        )
    if stopped := (known["at_bound"] != "").sum():
        yield (
            f"{stopped:,} of the new prices stop at the end of what is allowed: there the sales "
            "say which way to go, and not how far."
        )
    yield from _moving_together(known)
    if withheld:
        yield f"The gains of the labels, each as if it alone moved, are not added up: {withheld}"
    elif up + down:
        yield _promise(prices.attrs, objective)


def _moving_together(known):
    """Say where most of a category moves one way, for which nothing was estimated."""
    way = np.sign(known["change_percent"]).groupby(known["category"])
    most = pd.concat([way.agg(lambda each, s=s: (each == s).mean()) for s in (-1, 1)], axis=1)
    moving = int(((most.max(axis=1) > _TOGETHER) & (way.size() > 1)).sum())
    if moving:
        where = "1 category" if moving == 1 else f"{moving:,} categories"
        yield (
            f"In {where} more than half of the labels move the same way. Each label is reckoned "
            "as if it alone moved; how customers answer when a whole category or the store moves "
            "was not estimated, so change a few of them at a time and see."
        )


def _promise(attrs, objective):
    today, prob = attrs["today"], attrs["prob"]
    gain, low, high = (attrs[f"total_gain{end}"] for end in ("", "_lower", "_upper"))
    share = f", {gain / today:+.1%} of what their products bring today" if today > 0 else ""
    return (
        f"Together the labels promise {gain:,.0f} more {objective} a period ({prob:.0%} interval "
        f"{low:,.0f} to {high:,.0f}){share}, if elasticities are effects of the price, products do "
        "not take sales from each other, competitors keep their prices, and demand stays as it is."
    )
