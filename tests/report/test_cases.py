"""Small tables of known truth, from the file to the figures: what the command must say of each."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from elastic_tutorial.__main__ import main

CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the command on a case, once; return its figures, its words and its exit status."""
    done = {}

    def of(name, *more):
        if name not in done:
            place = tmp_path_factory.mktemp(name)
            path = CASES / f"{name}.csv"
            roles = {"product": "sku", "period": "week", "units": "sold", "price": "price"}
            with path.open(encoding="utf-8", newline="") as rows:
                roles |= {"category": "dept"} if "dept" in next(csv.reader(rows)) else {}
            words = [str(path), *(f"--{role}={column}" for role, column in roles.items()), *more]
            out, figures = place / "report", place / "figures.json"
            code = main([*words, "--no-back-test", f"--out={out}", f"--json={figures}"])
            page = (out / "report.html").read_text(encoding="utf-8")
            table = pd.read_csv(out / "elasticities.csv", index_col="product")
            done[name] = json.loads(figures.read_text(encoding="utf-8")), page, table, code
        return done[name]

    return of


def table_of(name):
    return pd.read_csv(CASES / f"{name}.csv")


def test_gains_of_substitutes_are_not_added_up(run):
    """Own elasticities are -4.87, -4.80 and -4.93 where the others stay."""
    found, page, _, code = run("substitutes")
    assert found["promised"] is None and code == 1
    assert "common price moves" in found["looks"]
    assert "take sales from each other" in page


@pytest.mark.slow  # two fits of two shapes; test_moves has the check
def test_a_promotion_that_is_the_price_is_named_and_both_answers_shown(run):
    """The elasticity is -3.5, and without the promotion the sales say so."""
    found, page, _, _ = run("promo_is_price_elastic", "--covariates", "promo")
    assert "covariates" in found["looks"]
    assert "without it, of -3.5" in page


def test_money_with_a_competitors_price_is_what_the_file_says(run):
    """Today's profit: units times price less cost, over 52 weeks."""
    found = run("competitor_price", "--cost", "cost", "--covariates", "comp")[0]
    table = table_of("competitor_price")
    profit = float((table["sold"] * (table["price"] - table["cost"])).sum()) / 52
    assert found["today"]["profit"] == pytest.approx(profit, rel=0.15)  # at the last prices
    assert found["elasticity"]["low"] < -2 < found["elasticity"]["high"]


def test_covariates_that_effects_absorb_are_named_and_change_no_money(run):
    found, page, _, _ = run("absorbed_covariates", "--covariates", "const", "holiday", "temp")
    assert "&#39;const&#39;, &#39;holiday&#39;, &#39;temp&#39;" in page
    table = table_of("absorbed_covariates")
    last = table.groupby("sku")["price"].last()
    usual = table.groupby("sku").apply(
        lambda rows: (rows["sold"] * (rows["price"] / last[rows.name]) ** 2).mean()
    )
    assert found["today"]["revenue"] == pytest.approx(float((usual * last).sum()), rel=0.05)


def test_a_product_that_sold_at_one_price_only_widens_no_other(run):
    found, page, table, _ = run("separation")
    assert "s00" not in table.index and "s00" in page
    assert found["products"] == 22
    assert np.median(table["sd"]) < 0.2
    assert ((table["lower"] < -2) & (-2 < table["upper"])).mean() > 0.8


def test_weeks_without_sales_whose_price_is_empty_are_told(run):
    found, page, _, _ = run("zero_weeks_no_price")
    assert "rows without sales" in found["looks"]
    assert "438 rows without sales have no price" in page
    assert "Stock-outs" not in page
