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


def test_zeros_that_were_left_out_are_noticed():
    panel = store(initial_price=(20, 60)).panel
    panel = panel.select(min_units=1)
    assert "periods without sales" not in looks(et.check_store(panel))
    left = et.check_store(masked(panel, panel.units == 0))
    assert "periods without sales" in looks(left)


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
    last = panel.price[:, -1]
    elasticity = truth["elasticity"].values + shift
    values = {
        "elasticity": elasticity,
        "base_demand": panel.units.mean(axis=1) * (last / panel.price.mean(axis=1)) ** elasticity,
    }
    draws = {k: np.broadcast_to(v, (1, 60, len(v))) for k, v in values.items()}
    dims = {name: ["product"] for name in draws}
    tree = az.from_dict({"posterior": draws}, dims=dims, coords={"product": panel.products})
    tree["analytic"] = xr.Dataset({"skewness": ("product", np.full(60, skewness))})
    return tree


def test_a_sound_fit_passes_and_each_fault_shows():
    panel, truth = store(trend=(0, 0), volatility=(0, 0))
    assert looks(et.check_fit(posterior_of(panel, truth), panel)) == []
    skewed = posterior_of(panel, truth, skewness=1.5)
    assert looks(et.check_fit(skewed, panel)) == ["shape of the posterior"]
    rising = posterior_of(panel, truth, shift=3)
    assert "rising demand" in looks(et.check_fit(rising, panel))


def test_stock_outs_show_as_zeros():
    panel, truth = store(trend=(0, 0), volatility=(0, 0))
    sold_out = np.random.default_rng(1).random(panel.units.shape) < 0.2
    out = replace(panel, units=np.where(sold_out, 0, panel.units))
    table = et.check_fit(posterior_of(panel, truth), out)
    assert looks(table) == ["cells without sales"]


@pytest.mark.parametrize(("coverage", "verdict"), [(0.9, "ok"), (0.8, "look"), (0.99, "look")])
def test_coverage_is_judged_with_its_error(coverage, verdict):
    panel, truth = store()
    attrs = {"prob": 0.9, "coverage": coverage, "std_error": 0.01, "error": 0.2, "usual_error": 0.3}
    test = xr.Dataset({"units": ("cell", np.ones(100))}, attrs=attrs)
    row = et.check_fit(posterior_of(panel, truth), panel, test=test).loc["back-test"]
    assert row["verdict"] == verdict
    assert f"{coverage:.1%} of 100 hidden cells" in row["found"]
