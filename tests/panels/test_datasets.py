"""The real tables hold what their sources say."""

from importlib import resources

import numpy as np
import pytest

import elastic_tutorial as et


@pytest.fixture(scope="module")
def cheese():
    return et.load_cheese()


@pytest.fixture(scope="module")
def juice():
    return et.load_orange_juice()


def test_cheese_has_the_rows_of_its_source(cheese):
    assert cheese.columns.tolist() == ["retailer", "week", "units", "price", "display"]
    weeks = cheese.groupby("retailer").size()
    assert (len(cheese), len(weeks), weeks.min(), weeks.max()) == (5555, 88, 52, 68)
    assert cheese.notna().all().all()
    assert cheese["units"].dtype.kind == "i"
    assert (cheese["units"] > 0).all()
    assert (cheese["price"] > 0).all()
    assert cheese["display"].between(0, 1).all()


def test_cheese_weeks_count_up_in_the_order_of_the_file(cheese):
    steps = cheese.groupby("retailer")["week"].diff().dropna()
    assert (steps == 1).all()
    assert (cheese.groupby("retailer")["week"].first() == 1).all()
    with (resources.files("elastic_tutorial") / "data" / "cheese.csv").open() as file:
        rows = [line.rsplit(",", 3) for line in file.read().replace('"', "").splitlines()[1:]]
    lucky = [float(row[3]) for row in rows if row[0] == "LOS ANGELES - LUCKY"]
    assert cheese.loc[cheese["retailer"] == "LOS ANGELES - LUCKY", "price"].tolist() == lucky


def test_cheese_row_order_is_week_order(cheese):
    """Prices remember last week's: a correlation that shuffled rows do not have."""
    cheese = cheese.assign(log_price=np.log(cheese["price"]))

    def median_autocorrelation(table):
        return table.groupby("retailer")["log_price"].agg(lambda x: x.autocorr(1)).median()

    assert round(median_autocorrelation(cheese), 2) == 0.60
    shuffled = cheese.sample(frac=1, random_state=np.random.default_rng(1))
    # a median of 88 autocorrelations of 60 weeks each: 1.25 / sqrt(60 * 88) standard error
    assert abs(median_autocorrelation(shuffled)) < 4 * 1.25 / np.sqrt(60 * 88)


def test_arcs_of_consecutive_cheese_weeks(cheese):
    """Every pair of weeks whose price moved by at least 5% of its midpoint."""
    before = cheese.groupby("retailer")[["price", "units"]].shift().add_suffix("_before")
    pairs = cheese.join(before).dropna()
    middle = (pairs["price"] + pairs["price_before"]) / 2
    moved = pairs[(pairs["price"] - pairs["price_before"]).abs() / middle >= 0.05]
    arcs = et.arc_elasticity(
        moved["price_before"], moved["price"], moved["units_before"], moved["units"]
    )
    assert len(arcs) == 1365
    assert round(100 * (arcs > 0).mean(), 1) == 12.7
    assert round(np.median(arcs), 2) == -2.36
    assert np.quantile(arcs, [0.05, 0.95]).round(1).tolist() == [-7.1, 1.4]


def test_cheese_pooled_elasticity_is_the_published_one(cheese):
    """Least squares of log units on display and log price, over all retailers."""
    columns = [np.ones(len(cheese)), cheese["display"], np.log(cheese["price"])]
    coefficients, *_ = np.linalg.lstsq(np.column_stack(columns), np.log(cheese["units"]))
    assert round(coefficients[2], 2) == -1.26


def test_orange_juice_has_the_rows_of_its_source(juice):
    columns = ["store", "brand", "week", "units", "price", "deal", "feature"]
    assert juice.columns.tolist() == columns
    weeks = juice.groupby(["store", "brand"]).size()
    assert (len(juice), len(weeks), weeks.max()) == (67_543, 581, 121)
    assert (juice["store"].nunique(), juice["brand"].nunique()) == (83, 7)
    assert (juice["week"].min(), juice["week"].max()) == (40, 160)
    assert not juice.duplicated(["store", "brand", "week"]).any()


def test_orange_juice_values_are_in_range(juice):
    assert juice.notna().all().all()
    assert juice["units"].dtype.kind == "i"
    assert (juice["units"] > 0).all()
    assert (juice["price"] > 0).all()
    assert set(juice["deal"]) == {0, 1}
    assert juice["feature"].between(0, 1).all()


def test_tables_come_sorted_and_freshly_indexed(cheese, juice):
    for table, keys in [(cheese, ["retailer", "week"]), (juice, ["store", "brand", "week"])]:
        assert table.equals(table.sort_values(keys, ignore_index=True))


@pytest.mark.parametrize("load", [et.load_cheese, et.load_orange_juice])
def test_a_changed_table_does_not_change_the_next_one(load):
    table = load()
    table["units"] = 0
    assert (load()["units"] > 0).all()


def test_the_notice_of_the_data_ships_with_the_package():
    notice = (resources.files("elastic_tutorial") / "data" / "NOTICE.md").read_text("utf-8")
    for words in ("bayesm", "GPL", "Boatwright", "Montgomery", "cheese", "orange"):
        assert words in notice
