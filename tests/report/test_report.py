"""Tables, page and folder of a report: what they hold, and that they are there whole or not."""

import json
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from bs4 import BeautifulSoup

import elastic_tutorial as et
from elastic_tutorial.report.comparison import changes
from elastic_tutorial.report.digest import digest
from elastic_tutorial.report.page import as_labels, as_text, files
from elastic_tutorial.report.reading import last
from elastic_tutorial.report.sentences import findings

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
N, PERIODS = 130, 20
ODD = '<script>alert("1")</script> & Co'


def world(seed=1):
    """Make a panel, and draws around its truth as a fit would give them."""
    rng = np.random.default_rng(seed)
    price = np.exp(rng.normal(1, 0.2, (N, PERIODS))).round(2)
    price[0] = price[0, 0]  # one never moves
    category = np.arange(N) % 4
    centre = np.array([-1.5, -2.0, -2.5, -3.0])
    elasticity = centre[category] + rng.normal(0, 0.3, N)
    base = rng.lognormal(3, 1, N)
    units = rng.poisson(base[:, None] * price ** elasticity[:, None]).astype(float)
    panel = et.Panel(
        units=units,
        price=price,
        observed=np.ones(price.shape, bool),
        category=category,
        products=np.array([ODD, *(f"p{i:03d}" for i in range(1, N))]),
        periods=np.arange(PERIODS),
        categories=np.array(["a", "b", "<b>c</b>", "d"]),
    )
    sd = np.where(np.arange(N) < 10, 0.3, 0.06)  # the first ten know what their category knows
    noise = rng.normal(0, sd, (1, 1000, N))
    values = {
        "elasticity": elasticity + noise,
        "base_demand": base * price[:, -1] ** elasticity * rng.lognormal(0, 0.05, (1, 1000, N)),
        "category_elasticity": np.broadcast_to(centre, (1, 1000, 4)),
        "elasticity_scale": np.full((1, 1000), 0.3),
    }
    dims = {name: ["product"] for name in ("elasticity", "base_demand")}
    coords = {"product": panel.products, "category": panel.categories}
    dims["category_elasticity"] = ["category"]
    tree = az.from_dict({"posterior": values}, dims=dims, coords=coords)
    return panel, tree


PANEL, POSTERIOR = world()
COST = pd.Series(0.5 * PANEL.price[:, -1], PANEL.products)


def a_test():
    rank = np.random.default_rng(1).random(200)
    attrs = {"prob": 0.9, "coverage": 0.88, "coverage_lower": 0.84, "coverage_upper": 0.92}
    attrs |= {"error": 0.2, "usual_error": 0.3}
    return xr.Dataset({"rank": ("cell", rank)}, attrs=attrs)


def a_report(**changes):
    report = et.Report(
        source=f"{ODD}.csv",
        panel=PANEL,
        elasticities=et.elasticity_table(POSTERIOR, PANEL, prob=0.9),
        checks=et.check_store(PANEL),
        prices=et.price_table(POSTERIOR, PANEL, unit_cost=COST),
        test=a_test(),
        masked=pd.DataFrame({"row": [4, 9], "reason": "a price of 0 in column 'price'"}),
        remarks=("A remark.",),
        settings={"prob": 0.9, "file": ODD},
    )
    return replace(report, **changes)


REPORT = a_report()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return et.write_report(REPORT, tmp_path_factory.mktemp("reports") / "store")


@pytest.fixture(scope="module")
def soup(folder):
    return BeautifulSoup((folder / "report.html").read_text(encoding="utf-8"), "html.parser")


# --- Tables


def test_the_elasticity_table_says_what_the_draws_say():
    table = et.elasticity_table(POSTERIOR, PANEL, prob=0.8)
    draws = POSTERIOR["posterior"]["elasticity"].values[0]
    np.testing.assert_allclose(table["elasticity"], draws.mean(axis=0))
    np.testing.assert_allclose(table["lower"], np.quantile(draws, 0.1, axis=0))
    np.testing.assert_allclose(table["prob_inelastic"], (draws > -1).mean(axis=0))
    assert (table["pooled"][:10] > 0.8).all() and (table["pooled"][10:] < 0.1).all()
    assert table["pooled"].max() <= 1
    assert table["price_changes"].iloc[0] == 0
    assert (table["revenue"] - (PANEL.units * PANEL.price).sum(axis=1)).abs().max() < 1e-9
    np.testing.assert_array_equal(table["current_price"], PANEL.price[:, -1])


def test_skewed_intervals_come_from_the_draws():
    tree = POSTERIOR.copy()
    analytic = {"mean": np.full(N, -9.0), "sd": np.full(N, 0.1), "skewness": np.zeros(N)}
    analytic["skewness"][3] = 2.0
    tree["analytic"] = xr.Dataset(
        {k: ("product", v) for k, v in analytic.items()}, {"product": PANEL.products}
    )
    table = et.elasticity_table(tree, PANEL, prob=0.9)
    draws = POSTERIOR["posterior"]["elasticity"].values[0, :, 3]
    assert table["lower"].iloc[3] == np.quantile(draws, 0.05)
    assert table["lower"].drop(PANEL.products[3]).max() < -9
    summary = et.elasticity_summary(tree, prob=0.9)  # one interval for one product
    np.testing.assert_array_equal(table[["lower", "upper"]].T, [summary["lower"], summary["upper"]])


def test_all_chains_count():
    draws = np.stack([np.full((50, N), -0.5), np.full((50, N), -1.5)])
    tree = xr.DataTree()
    tree["posterior"] = xr.Dataset(
        {"elasticity": (("chain", "draw", "product"), draws)}, {"product": PANEL.products}
    )
    table = et.elasticity_table(tree, PANEL, prob=0.9)
    assert (table["prob_inelastic"] == 0.5).all() and (table["elasticity"] == -1).all()


def price_table(**rules):
    return et.price_table(POSTERIOR, PANEL, **{"unit_cost": COST} | rules)


def test_labels_are_whole_cents_within_a_tenth_of_todays_price():
    table = price_table()
    assert table["why"].iloc[0] == "no price: its price never moved"
    assert np.isnan(table["price"].iloc[0])
    known = table.dropna(subset="price")
    cents = 100 * known["price"]
    np.testing.assert_allclose(cents, cents.round(), rtol=1e-12)
    assert len(known) > 100 and (known["change_percent"].abs() <= 10 + 1e-9).all()
    narrow = price_table(max_change=0.02)
    assert (narrow["change_percent"].abs().dropna() <= 2 + 1e-9).all()
    wide = price_table(bounds=(0.9, 1.2))
    assert wide["change_percent"].min() >= -10 - 1e-9
    assert 15 < wide["change_percent"].max() <= 20 + 1e-9
    with pytest.raises(ValueError, match="bounds must be in order, lowest first; got 1"):
        price_table(bounds=(1.2, 0.9))
    with pytest.raises(ValueError, match="bounds must be a finite number above 0"):
        price_table(bounds=(0, 0.9))
    with pytest.raises(ValueError, match="max_change must lie strictly between 0 and 1; got 1"):
        price_table(max_change=1)


def profit_at(price, row):
    """Draws of the profit of one product."""
    draws = POSTERIOR["posterior"]
    elasticity, base = (draws[name].values[0, :, row] for name in ("elasticity", "base_demand"))
    return base * (price / PANEL.price[row, -1]) ** elasticity * (price - COST.iloc[row])


@pytest.mark.parametrize(
    "rules",
    [{"bounds": (0.5, 2)}, {"endings": (0.99, 0.49)}, {"ladder": [1.5, 2.0, 2.45, 2.8, 3.2, 4.0]}],
)
def test_no_allowed_price_brings_more_and_the_gain_is_that_of_the_label(rules):
    table = price_table(**rules)
    low, high = rules.get("bounds", (0.9, 1.1))
    moved = table.index[table["gain"] > 0]
    assert len(moved) > 20
    for name in moved[:20]:
        row, today = table.index.get_loc(name), table.loc[name, "current_price"]
        grid = np.arange(1, 3000) / 100
        if "endings" in rules:
            grid = grid[np.isin(np.rint(100 * grid) % 100, [99, 49])]
        grid = np.array(rules.get("ladder", grid))
        grid = grid[(grid >= low * today) & (grid <= high * today)]
        best = max(grid, key=lambda price: profit_at(price, row).mean())
        assert table.loc[name, "price"] == best
        gain = profit_at(best, row) - profit_at(today, row)
        ends = np.quantile(gain, [0.05, 0.95])
        found = table.loc[name, ["gain", "gain_lower", "gain_upper", "prob_loss"]].astype(float)
        np.testing.assert_allclose(found, [gain.mean(), *ends, (gain < 0).mean()], rtol=1e-9)
    assert table.attrs["total_gain"] == pytest.approx(table["gain"].sum())


def test_prices_below_one_unit_of_currency_have_finer_steps():
    cheap = replace(PANEL, price=PANEL.price / 100)
    table = et.price_table(POSTERIOR, cheap).dropna(subset="price")
    assert (table["gain"] > 0).sum() > 100
    steps = 10_000 * table["price"]
    np.testing.assert_allclose(steps, steps.round(), rtol=1e-9)


def test_rules_for_allowed_prices_are_checked():
    for rules, message in [
        ({"endings": (0.99,), "ladder": [1.0]}, "endings or a ladder of prices, and not both"),
        ({"endings": (99,)}, "endings must be parts of one unit of currency, as 0.99; got 99"),
        ({"endings": ()}, "endings must hold a number"),
        ({"ladder": [1.0, -2.0]}, "ladder must be numbers above 0; got -2"),
        ({"ladder": []}, "ladder must hold a price"),
        ({"min_margin": 1.0}, "min_margin must be 0 or more and below 1; got 1.0"),
        ({"min_margin": 0.3, "unit_cost": None}, "min_margin needs unit_cost"),
        ({"min_gain": -1}, "min_gain must be a finite number, 0 or more; got -1"),
        ({"most_changes": 1.5}, "most_changes must be a whole number"),
    ]:
        with pytest.raises(ValueError, match=message):
            price_table(**rules)


def test_a_margin_must_remain_at_every_label():
    table = price_table(min_margin=0.52)  # today's is 50%
    known = table.dropna(subset="price")
    assert len(known) > 100
    assert (1 - COST[known.index] / known["price"] >= 0.52 - 1e-12).all()
    assert known["why"].str.startswith("raise: today's price of it or its line leaves too").all()
    none = price_table(min_margin=0.9)
    assert none["price"].isna().all()
    assert none["why"].iloc[1] == "no price: no allowed price lies within the bounds and the margin"


def test_small_gains_and_more_changes_than_allowed_leave_prices_as_they_are():
    table = price_table(min_gain=0.5)
    assert table.loc[table["gain"] > 0, "gain"].min() > 0.5
    left = table[table["why"].str.contains("more than the least gain")]
    assert len(left) > 20
    assert (left["price"] == left["current_price"]).all() and (left["gain"] == 0).all()
    few = price_table(most_changes=5)
    moved = few.index[few["change_percent"].fillna(0) != 0]
    assert set(moved) == set(price_table()["gain"].nlargest(5).index)
    assert few["why"].str.startswith("leave it: the 5 changes allowed bring more").sum() > 100
    assert few.attrs["total_gain"] == pytest.approx(price_table()["gain"].nlargest(5).sum())


def test_products_of_a_line_share_the_price_that_is_best_for_them_together():
    today = pd.Series(PANEL.price[:, -1], PANEL.products)
    near = today[(today - 2.7).abs() < 0.1].index[:6]
    table = price_table(groups=dict.fromkeys(near, "line"), bounds=(0.5, 2))
    lines = table.loc[near]
    assert lines["price"].nunique() == 1
    rows = [table.index.get_loc(name) for name in near]
    grid = np.arange(136, 560) / 100
    grid = grid[(grid >= 0.5 * today[near].max()) & (grid <= 2 * today[near].min())]
    best = max(grid, key=lambda price: sum(profit_at(price, row).mean() for row in rows))
    assert lines["price"].iloc[0] == best
    alone = price_table(bounds=(0.5, 2)).drop(near)
    pd.testing.assert_frame_equal(table.drop(near), alone)
    mixed = price_table(groups={ODD: "a", "p001": "a"})
    assert mixed["why"].iloc[1] == f"no price: its line has one with {ODD!r}, which has none"


def draws_with(elasticity, **more):
    """Draws of the elasticity changed; the base demand as before."""
    tree = POSTERIOR.copy()
    draws = tree["posterior"].to_dataset()
    tree["posterior"] = draws.assign(elasticity=draws["elasticity"] * 0 + elasticity, **more)
    return tree


def rising(n):
    """Elasticities of which so many are surely above 0."""
    values = np.where(np.arange(N) < n, 0.5, -2.0)
    return draws_with(xr.DataArray(values, {"product": PANEL.products}))


def test_no_price_is_advised_where_sales_rise_with_it():
    table = et.price_table(rising(5), PANEL, unit_cost=COST)
    assert table["why"].iloc[1:5].str.startswith("no price: its sales rise with its price").all()
    assert table["price"].iloc[:5].isna().all() and table["price"].iloc[5:].notna().all()
    table = et.price_table(rising(20), PANEL, unit_cost=COST)
    assert table["price"].isna().all()
    assert table["why"].iloc[30].startswith("no price: sales of 15% of the products rise")


def test_no_large_move_is_advised_where_the_interval_holds_minus_one():
    draws = np.linspace(-1.6, -0.6, 1000)[None, :, None] * np.ones(N)
    tree = draws_with(xr.DataArray(draws, dims=("chain", "draw", "product")))
    table = et.price_table(tree, PANEL, unit_cost=COST)
    assert table["price"].isna().all()
    assert "whether a higher price brings more revenue is open" in table["why"].iloc[1]
    assert "90% interval -1.55 to -0.65" in table["why"].iloc[1]
    small = et.price_table(tree, PANEL, unit_cost=COST, bounds=(0.8, 1.04))
    assert (small["change_percent"].dropna() > 3).all() and small["price"].notna().sum() == N - 1


def test_no_price_is_advised_where_a_product_is_alone_in_its_category():
    category = PANEL.category.copy()
    category[category == 3] = 2
    category[7] = 3
    effect = xr.DataArray(0.0, dims=())
    tree = draws_with(POSTERIOR["posterior"]["elasticity"] * 1, time_effect=effect)
    table = et.price_table(tree, replace(PANEL, category=category), unit_cost=COST)
    assert table["why"].iloc[7].startswith("no price: it is alone in its category")
    assert not table["why"].drop(PANEL.products[7]).str.contains("alone").any()


def test_a_label_above_all_prices_that_were_had_says_so():
    table = price_table(bounds=(0.3, 3))
    low, high = PANEL.price.min(axis=1), PANEL.price.max(axis=1)
    for side, there in (("above", table["price"] > high), ("below", table["price"] < low)):
        assert there.any()
        said = table["why"].str.contains(f"; {side} all prices it has had")
        assert (said == there).all()


def test_today_is_what_all_products_bring_at_their_last_prices():
    table = price_table()
    base = POSTERIOR["posterior"]["base_demand"].values[0].mean(axis=0)
    last = PANEL.price[:, -1]
    np.testing.assert_allclose(table["units_before"], base)
    assert table.attrs["today_units"] == pytest.approx(base.sum())
    assert table.attrs["today_revenue"] == pytest.approx((base * last).sum())
    assert table.attrs["today_profit"] == pytest.approx((base * (last - COST)).sum())
    assert price_table(unit_cost=None).attrs["today_profit"] is None


def test_unknown_costs_and_unsold_products_get_a_reason_and_no_price():
    cost = COST.copy()
    cost.iloc[5] = np.nan
    units = PANEL.units.copy()
    units[6] = 0
    table = et.price_table(POSTERIOR, replace(PANEL, units=units), unit_cost=cost)
    assert table["why"].iloc[5] == "no price: its cost is unknown"
    assert table["why"].iloc[6] == "no price: it sold nothing"
    assert table["price"].iloc[[5, 6]].isna().all()
    none = et.price_table(POSTERIOR, PANEL, unit_cost=np.nan * cost)
    assert (none["why"] != "").all() and none["price"].isna().all()
    text = " ".join(findings(a_report(prices=none)))
    assert "No product can be given a price" in text


def test_without_costs_prices_seek_revenue():
    table = et.price_table(POSTERIOR, PANEL)
    assert table.attrs["objective"] == "revenue" and set(table["unit"]) == {"revenue a period"}
    elastic = POSTERIOR["posterior"]["elasticity"].mean(("chain", "draw")).values < -1.5
    known = table["price"].notna()
    assert (table["at_bound"][elastic & known] == "lower").all()
    assert (table.loc[known, "gain"] >= 0).all()
    text = " ".join(findings(a_report(prices=table)))
    assert "No unit costs were given, so prices seek revenue." in text


@pytest.mark.parametrize("prob", [0.5, 0.9])
def test_a_table_carries_the_probability_of_its_intervals(prob):
    elasticities = et.elasticity_table(POSTERIOR, PANEL, prob=prob)
    assert elasticities.attrs["prob"] == prob
    for cost in (COST, np.nan * COST, None):  # all have a price, none has, revenue
        assert et.price_table(POSTERIOR, PANEL, unit_cost=cost, prob=prob).attrs["prob"] == prob
    text = " ".join(findings(a_report(elasticities=elasticities, settings={})))
    assert f"the {prob:.0%} interval lies below -1" in text


def test_a_table_that_does_not_say_its_probability_is_refused():
    silent = et.elasticity_table(POSTERIOR, PANEL, prob=0.9)
    silent.attrs = {}
    with pytest.raises(ValueError, match=r"probability of their intervals in attrs\['prob'\]"):
        list(findings(a_report(elasticities=silent)))


def test_a_table_of_prices_has_its_totals_whether_or_not_any_price_was_found():
    some, none = (et.price_table(POSTERIOR, PANEL, unit_cost=x * COST) for x in (1.0, np.nan))
    assert set(some.attrs) == set(none.attrs) and list(some) == list(none)
    assert {"objective", "prob", "today", "total_gain"} <= set(some.attrs)
    assert [none.attrs[name] for name in ("today", "total_gain", "total_gain_upper")] == [0, 0, 0]
    still = replace(PANEL, price=np.broadcast_to(PANEL.price[:, :1], PANEL.price.shape))
    moving, unmoved = (et.price_table(POSTERIOR, panel) for panel in (PANEL, still))
    assert set(moving.attrs) == set(unmoved.attrs) and unmoved["price"].isna().all()


# --- The page


def numbers(table):
    head = [cell.text for cell in table.select("thead th")]
    rows = [[cell.text for cell in row.select("th, td")] for row in table.select("tbody tr")]
    return pd.DataFrame(rows, columns=head).set_index("product")


@pytest.mark.parametrize("name", ["elasticities", "prices"])
def test_the_page_shows_what_the_file_holds(name, folder, soup):
    shown = numbers(soup.find("table", id=name))
    file = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
    file = file.set_index("product")
    assert len(file) == N and len(shown) == 100
    assert set(shown.columns) <= set(file.columns)
    pd.testing.assert_frame_equal(shown, file.loc[shown.index, shown.columns], check_names=False)
    revenue = REPORT.elasticities["revenue"]
    assert revenue[shown.index].min() >= revenue.drop(shown.index).max()


def test_the_files_hold_what_the_tables_hold(folder):
    file = pd.read_csv(folder / "elasticities.csv", index_col="product")
    for name in ("elasticity", "lower", "upper", "pooled"):
        np.testing.assert_allclose(file[name], REPORT.elasticities[name], atol=0.5e-4)
    prices = pd.read_csv(folder / "prices.csv", index_col="product")
    np.testing.assert_allclose(prices["price"], REPORT.prices["price"], rtol=1e-12)
    np.testing.assert_allclose(prices["gain"], REPORT.prices["gain"], atol=0.5e-2)
    masked = pd.read_csv(folder / "masked.csv")
    assert masked["row"].tolist() == [4, 9]


def test_the_page_says_what_was_done_in_words(soup):
    text = soup.get_text()
    for part in ("2 rows were left out: a price of 0 in column 'price', first row 4.", "A remark."):
        assert part in text
    middle = REPORT.elasticities["elasticity"].median()
    assert f"The middle product has an elasticity of {middle:.2f}" in text
    elastic = (REPORT.elasticities["upper"] < -1).sum()
    assert f"For {elastic} of {N} products the 90% interval lies below -1" in text
    assert "88.0% (95% interval 84% to 92%, over products)" in text
    gain = REPORT.prices["gain"].sum()
    assert f"Together the labels promise {gain:,.0f} more profit a period" in text
    for name, row in REPORT.checks.iterrows():
        assert name in text and row["found"] in text


def test_a_period_is_not_called_a_week(soup):
    """Periods may be days or months."""
    assert not re.search(r"\bweeks?\b", soup.get_text(), flags=re.IGNORECASE)


def test_labels_cannot_write_html(soup, folder):
    assert not soup.select("script")
    assert not soup.select("b:-soup-contains('c')")[1:]
    assert soup.find("h1").text.strip() == f"Price elasticities of {ODD}.csv"
    assert "<script" not in (folder / "report.html").read_text(encoding="utf-8")


def test_nothing_that_a_report_holds_can_write_html(tmp_path):
    checks = REPORT.checks.assign(verdict='"><b>look</b>', found="<i>a</i>", advice="<u>b</u>")
    report = a_report(checks=checks, settings={"<em>": "<s>c</s>"}, remarks=("<q>d</q>",))
    page = BeautifulSoup(files(report)["report.html"], "html.parser")
    bold = [each.text for each in page.select("b")]  # the names of columns, in the template
    assert bold == ["lower", "upper", "prob_inelastic", "pooled"]
    assert not page.select("i, u, em, s, q, script")
    cell = page.select_one("table#checks tbody td")
    assert cell.text == '"><b>look</b>' and cell["class"] == ['"><b>look</b>']


def test_every_figure_has_a_sentence_of_its_own(soup):
    texts = [image["alt"] for image in soup.select("img")]
    assert len(texts) == len(set(texts)) == 5
    assert all(len(text) > 40 and text.endswith(".") for text in texts)
    assert len(soup.select("picture source")) == 5


def test_a_report_may_lack_prices_test_and_account(tmp_path):
    bare = a_report(prices=None, test=None, masked=None)
    folder = et.write_report(bare, tmp_path / "bare")
    assert sorted(each.name for each in folder.iterdir()) == ["elasticities.csv", "report.html"]


def test_the_same_report_gives_the_same_bytes(folder, tmp_path):
    again = et.write_report(a_report(), tmp_path / "again")
    for each in folder.iterdir():
        assert each.read_bytes() == (again / each.name).read_bytes()


def test_every_column_of_the_prices_is_explained_on_the_page(soup, folder):
    explained = [each.text for each in soup.select("dl#legend dt")]
    file = pd.read_csv(folder / "prices.csv")
    assert ["product", *explained] == list(file)
    assert all(each.text for each in soup.select("dl#legend dd"))


def test_the_file_of_prices_has_two_decimals_and_more_only_below_one_unit_of_currency():
    cheap = replace(PANEL, price=PANEL.price / 100)
    for panel, most in ((PANEL, 2), (cheap, 6)):
        text = as_labels(et.price_table(POSTERIOR, panel))
        numbers = text[["price", "current_price", "gain", "change_percent", "prob_loss"]]
        digits = numbers.stack().str.partition(".")[2].str.len()
        assert digits.min() == 2 and digits.max() <= most
    assert text["price"].dropna().str.fullmatch(r"0\.0\d{2,4}").all()


def looking(**found):
    checks = REPORT.checks.assign(verdict="ok", advice="Do this.", found="fine")
    for name, said in found.items():
        checks.loc[name, ["verdict", "found", "advice"]] = "look", said, "Do that."
    return checks


def test_findings_repeat_every_look_before_the_promise():
    said = list(findings(a_report(checks=looking(zeros="too many", other="odd"))))
    looks = [line for line in said if line.startswith("Look: ")]
    assert looks == ["Look: zeros: too many. Do that.", "Look: other: odd. Do that."]
    promise = next(i for i, line in enumerate(said) if line.startswith("Together the labels"))
    assert promise > said.index(looks[-1])
    assert "if elasticities are effects of the price" in said[promise]
    assert "do not take sales from each other" in said[promise]


def test_a_promise_that_is_withheld_is_on_no_page_and_in_no_digest():
    report = a_report(promise_withheld="They are substitutes.")
    text = " ".join(findings(report))
    assert "are not added up: They are substitutes." in text and "promise" not in text
    assert json.loads(digest(report))["promised"] is None


def test_moves_of_a_whole_category_are_said_not_to_be_estimated():
    text = " ".join(findings(REPORT))
    way = np.sign(REPORT.prices["change_percent"].dropna()).groupby(REPORT.prices["category"])
    n = sum(max((each == 1).mean(), (each == -1).mean()) > 0.5 for _, each in way)
    assert n == 4 and "In 4 categories more than half of the labels move the same way." in text
    even = REPORT.prices.assign(change_percent=5.0 * (np.arange(N) // 4 % 3 - 1))
    even.attrs = REPORT.prices.attrs
    assert "move the same way" not in " ".join(findings(a_report(prices=even)))


def test_the_digest_says_what_the_tables_say():
    report = a_report(checks=looking(zeros="too many"))
    found = json.loads(digest(report))
    assert list(found) == "products periods today elasticity promised looks labels".split()
    assert (found["products"], found["periods"], found["looks"]) == (N, PERIODS, ["zeros"])
    attrs = report.prices.attrs
    assert found["today"] == {k: attrs[f"today_{k}"] for k in ("units", "revenue", "profit")}
    gain = [attrs[f"total_gain{end}"] for end in ("", "_lower", "_upper")]
    assert found["promised"] == dict(
        zip(["gain", "lower", "upper", "unit"], [*gain, "profit a period"], strict=True)
    )
    middle = np.median(POSTERIOR["posterior"]["elasticity"].values[0], axis=1)
    ends = np.quantile(middle, [0.05, 0.95])
    assert [found["elasticity"][end] for end in ("low", "high")] == pytest.approx(list(ends))
    assert found["elasticity"]["middle"] == report.elasticities["elasticity"].median()
    assert [each["product"] for each in found["labels"]] == list(PANEL.products)
    assert found["labels"][0] == {
        "product": ODD,
        "price": None,
        "why": "no price: its price never moved",
    }
    assert found["labels"][1]["price"] == report.prices["price"].iloc[1]
    with pytest.raises(ValueError, match="the report needs prices"):
        digest(a_report(prices=None))


def test_a_digest_is_written_with_the_folder(tmp_path):
    file = tmp_path / "report.json"
    et.write_report(REPORT, tmp_path / "a", json=file)
    assert json.loads(file.read_text("utf-8"))["products"] == N
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "report.json"]
    with pytest.raises(FileExistsError, match=r"report\.json' exists"):
        et.write_report(REPORT, tmp_path / "b", json=file)
    assert not (tmp_path / "b").exists()
    et.write_report(REPORT, tmp_path / "a", json=file, force=True)
    for place in (tmp_path / "a" / "x.json", tmp_path / "nowhere" / "x.json"):
        with pytest.raises(FileNotFoundError, match="must lie in a folder that exists"):
            et.write_report(REPORT, tmp_path / "a", json=place, force=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anyone_can_read_the_page_and_it_asks_nobody_for_anything(scheme, browser, folder):
    if not AXE.exists():
        pytest.fail("axe-core is not in node_modules; run: npm ci")
    context = browser.new_context(color_scheme=scheme)
    tab = context.new_page()
    asked, faults = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: faults.append(message.text))
    address = (folder / "report.html").as_uri()
    tab.goto(address, wait_until="networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert not faults
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    images = tab.evaluate("[...document.images].map(i => [i.naturalWidth, i.currentSrc])")
    assert all(width > 300 for width, _ in images)
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes])")
    assert not found
    tab.set_viewport_size({"width": 400, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400
    context.close()


# --- The folder


def test_an_existing_folder_is_refused_and_replaced_by_force(tmp_path):
    place = tmp_path / "report"
    et.write_report(REPORT, place)
    with pytest.raises(FileExistsError, match="exists; name another"):
        et.write_report(REPORT, place)
    et.write_report(a_report(prices=None), place, force=True)
    assert not (place / "prices.csv").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


def test_what_others_wrote_is_never_removed(tmp_path):
    place = tmp_path / "report"
    place.mkdir()
    (place / "thesis.doc").write_text("ten years")
    with pytest.raises(FileExistsError, match=r"holds other files .* 'thesis.doc'"):
        et.write_report(REPORT, place, force=True)
    for name in ("new.partial", "new.old"):
        other = tmp_path / name
        other.mkdir()
        (other / "photo.png").write_text("x")
        with pytest.raises(FileExistsError, match="holds other files"):
            et.write_report(REPORT, tmp_path / "new")
        shutil.rmtree(other)
    file = tmp_path / "file"
    file.write_text("x")
    link = tmp_path / "link"
    link.symlink_to(place)
    for each in (file, link):
        with pytest.raises(FileExistsError, match="not a folder of its own"):
            et.write_report(REPORT, each, force=True)
    assert (place / "thesis.doc").read_text() == "ten years"


def test_left_overs_are_removed_and_parents_made(tmp_path):
    left = tmp_path / "a" / "report.partial"
    left.mkdir(parents=True)
    (left / "report.html").write_text("half")
    et.write_report(REPORT, tmp_path / "a" / "report")
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["report"]
    assert et.write_report(REPORT, tmp_path / "b" / "c" / "report").is_dir()
    with pytest.raises(PermissionError, match="cannot write to"):
        et.write_report(REPORT, tmp_path / "b" / "c" / "report" / "report.html" / "x")
    with pytest.raises(TypeError, match="report must be a Report"):
        et.write_report(None, tmp_path / "d")


KILLED = """
import os, signal, sys
from pathlib import Path
from elastic_tutorial.report import folder

place, name, force = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "force"
old = {"elasticities.csv": "old" * 9, "report.html": "old page"}
new = {"elasticities.csv": "new" * 10**5, "prices.csv": "p", "report.html": "new page" * 10**5}


def state():
    if not place.exists():
        return None
    return {each.name: each.read_text() for each in place.iterdir()}


moment, states = 0, []
while True:
    folder._remove(place)
    if force:
        folder.write(place, old)
    child = os.fork()
    if not child:
        count = [0]

        def watch(event, arguments):
            if event in {"open", "os.mkdir", "os.rename", "os.rmdir", "os.remove", "shutil.rmtree"}:
                count[0] += 1
                if count[0] > moment:
                    os.kill(os.getpid(), getattr(signal, name))

        sys.addaudithook(watch)
        folder.write(folder.claim(place, force=force), new)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert state() in ([None, old, new] if force else [None, new]), state()
    if not status:
        break
    states.append(state())
    folder.write(folder.claim(place, force=True), new)  # the next run mends everything
    assert state() == new and [each.name for each in place.parent.iterdir()] == [place.name]
    moment += 1
assert states[0] in (old, None) and states[-1] == (new if force else None)
print(moment)
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
@pytest.mark.parametrize("force", ["force", "new"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_killed_before_any_file_operation_the_folder_is_whole_or_absent(name, force, tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "report"), name, force]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= (10 if force == "force" else 5)


def test_numbers_in_files_are_rounded_and_never_in_powers_of_ten():
    text = as_text(
        pd.DataFrame({"elasticity": [-2.123456], "revenue": [1.23e9], "price": [0.0123456789]})
    )
    assert text.iloc[0].tolist() == ["-2.1235", "1230000000.00", "0.0123457"]
    assert not re.search("e[+-]", " ".join(text.iloc[0]))


def test_a_report_is_compared_with_the_last_one(folder):
    words = {"compare": str(folder)}
    before = last(Namespace(**words))
    same = list(changes(before, REPORT.elasticities, REPORT.prices))
    assert f"of 0 of {N} products moved" in same[0] and same[1].startswith("0 of their labels")
    table, prices = REPORT.elasticities.iloc[1:].copy(), REPORT.prices.iloc[1:].copy()
    table.iloc[4, table.columns.get_loc("elasticity")] += 5 * table["sd"].iloc[4]
    prices.iloc[1, prices.columns.get_loc("price")] += 0.01
    table, prices = (each.rename(index={"p009": "new"}) for each in (table, prices))
    new, gone, moved, labels = changes(before, table, prices)
    assert new == "New since the last report, 1 in all: 'new'."
    assert gone.startswith("Gone since the last report, 2 in all:") and "'p009'" in gone
    assert f"of 1 of {N - 2} products moved" in moved and "deviations: 'p005'." in moved
    assert labels == "1 of their labels differ from those of the last report: 'p002'."


def test_a_folder_without_a_report_cannot_be_compared(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no elasticities.csv in .*; name a report's"):
        last(Namespace(compare=str(tmp_path)))
    (tmp_path / "elasticities.csv").write_text("product,sd\n")
    with pytest.raises(ValueError, match="has no column 'elasticity'"):
        last(Namespace(compare=str(tmp_path)))
    assert last(Namespace(compare=None)) is None
