"""``check_store`` and ``check_fit``: each fault shows in its own row, and in no other."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
import xarray as xr

import elastic_tutorial as et

SIZE = {"n_products": 60, "n_categories": 3, "n_periods": 30, "price_change_prob": 0.3}


def store(seed=1, **options):
    demand = {"initial_price": (2, 10), "period_noise": 0.0}
    return et.simulate_store(np.random.default_rng(seed), **SIZE, **demand | options)


PANEL = store().panel


def masked(panel, hidden):
    blank = np.where(hidden, np.nan, 0)
    return replace(
        panel,
        units=panel.units + blank,
        price=panel.price + blank,
        observed=panel.observed & ~hidden,
    )


def looks(table):
    return table.index[table["verdict"] == "look"].tolist()


def test_a_sound_store_passes():
    table = et.check_store(PANEL)
    assert looks(table) == []
    assert set(table["verdict"]) == {"ok"}
    assert table["found"].str.len().min() > 10 and table["advice"].str.len().min() > 5


def test_empty_cells_are_counted():
    hidden = np.random.default_rng(1).random(PANEL.units.shape) < 0.3
    table = et.check_store(masked(PANEL, hidden))
    assert looks(table) == ["empty cells"]
    assert table.loc["empty cells", "found"].startswith(f"{hidden.mean():.1%}")


def test_prices_that_never_moved_are_counted():
    price = PANEL.price.copy()
    price[:40] = price[:40, :1]
    table = et.check_store(replace(PANEL, price=price))
    assert looks(table) == ["prices that never moved"]
    assert "40 of 60 products never" in table.loc["prices that never moved", "found"]


def test_a_price_jump_is_named():
    price = PANEL.price.copy()
    price[7, 5] *= 10
    table = et.check_store(replace(PANEL, price=price))
    assert looks(table) == ["price jumps"]
    found = table.loc["price jumps", "found"]
    assert found.startswith("2 prices jumped") and "product P07 in period 5" in found


def test_prices_that_move_together_are_noticed_unless_there_are_no_time_effects():
    path = np.exp(np.random.default_rng(1).normal(0, 0.2, (3, PANEL.n_periods)))
    panel = replace(PANEL, price=PANEL.price[:, :1] * path[PANEL.category])
    assert looks(et.check_store(panel)) == ["prices that move together"]
    assert looks(et.check_store(panel, time_effects=False)) == []
    lone = replace(PANEL, category=np.minimum(np.arange(60), 2))
    assert looks(et.check_store(lone)) == ["prices that move together"]
    assert "2 categories hold one" in et.check_store(lone)["found"]["prices that move together"]


def test_what_cannot_be_learned_from_is_refused():
    with pytest.raises(et.PanelError, match="all rows are of one period"):
        et.check_store(masked(PANEL, np.arange(30) * np.ones((60, 1)) > 0).select())
    with pytest.raises(et.PanelError, match="no price ever moved"):
        et.check_store(replace(PANEL, price=np.full(PANEL.price.shape, 2.0)))
    with pytest.raises(et.PanelError, match="nothing was sold"):
        et.check_store(replace(PANEL, units=0 * PANEL.units))
    with pytest.raises(TypeError, match="panel must be a Panel"):
        et.check_store(None)


def posterior_of(panel, truth, skewness=0.0, shift=0.0):
    """Draws that all are the truth."""
    last = panel.current_price
    elasticity = truth["elasticity"].values + shift
    own = np.exp(elasticity[:, None] * (panel.log_price - np.log(last)[:, None]))
    values = {
        "elasticity": elasticity,
        "base_demand": np.nansum(panel.units, axis=1) / np.nansum(own, axis=1),
    }
    draws = {k: np.broadcast_to(v, (1, 60, len(v))) for k, v in values.items()}
    dims = {name: ["product"] for name in draws}
    tree = az.from_dict({"posterior": draws}, dims=dims, coords={"product": panel.products})
    tree["analytic"] = xr.Dataset({"skewness": ("product", np.full(len(last), skewness))})
    return tree


def steady():
    return store(trend=(0, 0), volatility=(0, 0))


def test_a_sound_fit_passes_and_each_fault_shows():
    panel, truth = steady()
    assert looks(et.check_fit(posterior_of(panel, truth), panel)) == []
    skewed = posterior_of(panel, truth, skewness=1.5)
    assert looks(et.check_fit(skewed, panel)) == ["shape of the posterior"]
    rising = posterior_of(panel, truth, shift=3)
    assert "rising demand" in looks(et.check_fit(rising, panel))


# --- Rows without sales: the sign says what is wrong


def slow_sellers():
    """A store whose products sell about one unit a period."""
    panel, truth = store(trend=(0, 0), volatility=(0, 0))
    own = np.exp(truth["elasticity"].values[:, None] * np.log(panel.price / panel.price[:, -1:]))
    units = np.random.default_rng(2).poisson(own / own.mean(axis=1, keepdims=True))
    return replace(panel, units=units.astype(float)), truth


def zeros_of(panel, truth, **options):
    return et.check_fit(posterior_of(panel, truth), panel, **options).loc["rows without sales"]


def test_as_many_zeros_as_demand_makes_are_well():
    assert zeros_of(*slow_sellers())["verdict"] == "ok"


def test_more_zeros_than_demand_makes_are_stock_outs():
    panel, truth = slow_sellers()
    sold_out = np.random.default_rng(1).random(panel.units.shape) < 0.4
    row = zeros_of(replace(panel, units=np.where(sold_out, 0, panel.units)), truth)
    assert row["verdict"] == "look" and "leave such periods out" in row["advice"]


def test_fewer_zeros_than_demand_makes_are_missing_rows():
    panel, truth = slow_sellers()
    row = zeros_of(masked(panel, panel.units == 0), truth)
    assert row["verdict"] == "look" and "add rows with 0 units" in row["advice"]
    assert "Stock-outs" not in row["advice"] and row["found"].startswith("0.0% of the rows")


def test_zeros_that_had_no_price_are_told():
    panel, truth = slow_sellers()
    row = zeros_of(masked(panel, panel.units == 0), truth, n_unpriced=438)
    assert row["verdict"] == "look" and "438 rows without sales have no price" in row["found"]
    assert "fill in the price" in row["advice"]


# --- Sales that the fit does not know of


def test_a_level_that_moved_shows_in_the_sales_of_late():
    panel, truth = steady()
    late = np.arange(panel.n_periods) >= 22
    row = et.check_fit(posterior_of(panel, truth), panel).loc["sales of late"]
    sold = panel.units[:, late].sum()
    assert row["verdict"] == "ok" and f"in the last 8 periods {sold:,.0f} units" in row["found"]
    grown = replace(panel, units=np.where(late, 1.5 * panel.units, panel.units).round())
    row = et.check_fit(posterior_of(grown, truth), grown).loc["sales of late"]
    assert row["verdict"] == "look" and "an average period" in row["advice"]


def test_covariates_count_in_the_sales_of_late():
    """With their effect the fit expects what was sold; at covariates 0 it would be half of it."""
    panel, truth = steady()
    posterior = posterior_of(panel, truth)
    dataset = posterior["posterior"].to_dataset()
    dataset["effect_of_rival"] = (("chain", "draw"), np.full((1, 60), np.log(2) / 3.5))
    dataset["base_demand"] = dataset["base_demand"] / 2
    posterior["posterior"] = dataset
    panel = replace(panel, covariates={"rival": np.full(panel.units.shape, 3.5)})
    assert looks(et.check_fit(posterior, panel)) == []


def injected(elasticity_drift=0.0, follow=0.0, lasting=0.0, seed=3):
    """Sales of 60 products for 120 periods whose fit knows all but what is injected."""
    rng = np.random.default_rng(seed)
    shape = (60, 120)
    shock = rng.normal(0, 0.1, shape)
    for t in range(1, shape[1]):
        shock[:, t] += lasting * shock[:, t - 1]
    move = rng.normal(0, 0.15, shape)
    move[:, 1:] += follow * shock[:, :-1]
    price = 4 * np.exp(move)
    slope = -2 + elasticity_drift * np.linspace(-0.5, 0.5, shape[1])
    units = rng.poisson(50 * np.exp(slope * move + shock)).astype(float)
    panel = et.Panel(
        units=units,
        price=price,
        observed=np.ones(shape, bool),
        category=np.zeros(60, int),
        products=np.arange(60),
        periods=np.arange(120),
        categories=np.array(["a"]),
    )
    truth = xr.Dataset({"elasticity": ("product", np.full(60, -2.0))})
    return panel, truth


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ({}, None),
        ({"follow": 0.5}, "prices that follow demand"),
        ({"elasticity_drift": 1.0}, "elasticity over time"),
        ({"lasting": 0.9}, "neighbouring periods"),
    ],
)
def test_each_cause_shows_in_a_check_of_its_own(fault, name):
    panel, truth = injected(**fault)
    posterior = posterior_of(panel, truth)
    dataset = posterior["posterior"].to_dataset()
    dataset["dispersion"] = (("chain", "draw"), np.full((1, 60), 0.02))
    posterior["posterior"] = dataset
    kinds = {"prices that follow demand", "elasticity over time", "neighbouring periods"}
    found = set(looks(et.check_fit(posterior, panel))) & kinds
    assert found == ({name} if name else set())


# --- The back-test


def a_test(n_products, n_cells, covered, error=0.2):
    """A back-test in which a share of the cells is inside."""
    size = n_products * n_cells
    inside = np.arange(size) < covered * size
    order = np.random.default_rng(1).permutation(size)
    labels = np.zeros(size, int)
    cells = {
        "rank": np.where(inside, 0.5, 0.01)[order],
        "product": np.repeat(np.arange(n_products), n_cells),
        "category": labels,
        "volume": labels,
        "horizon": labels,
    }
    attrs = {"prob": 0.9, "error": error, "usual_error": 0.3}
    return xr.Dataset({name: ("cell", values) for name, values in cells.items()}, attrs=attrs)


@pytest.mark.parametrize(
    ("test", "word", "verdict"),
    [
        (a_test(200, 10, 0.9), "holds", "ok"),
        (a_test(200, 10, 0.8), "fails", "look"),
        (a_test(200, 10, 0.99), "fails", "look"),
        (a_test(5, 2, 0.8), "cannot tell", "look"),
        (a_test(5, 2, 0.6), "fails", "look"),
        (a_test(1, 10, 0.9), "cannot tell", "look"),
        (a_test(200, 10, 0.9, error=0.31), "holds", "look"),
    ],
)
def test_a_back_test_holds_fails_or_cannot_tell(test, word, verdict):
    panel, truth = steady()
    row = et.check_fit(posterior_of(panel, truth), panel, test=test).loc["back-test"]
    assert row["verdict"] == verdict and row["found"].startswith(f"{word}: ")
    if test.attrs["error"] > 0.3:
        assert row["advice"] == "Usual sales predict better than the fit does."
