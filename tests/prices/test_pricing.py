"""Prices from a posterior, held against closed forms and brute force."""

import time
import tracemalloc
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import elastic_tutorial as et
from elastic_tutorial.prices.profit_curve import Curves, maximise

TODAY = {"current_price": 4.0, "base_demand": 100.0}
FREE = {"reach": np.inf}


def posterior_of(elasticity, base=None, products=None):
    """A posterior with these draws, shape (draw, product)."""
    elasticity = np.asarray(elasticity, float)
    names = [f"p{i}" for i in range(elasticity.shape[1])] if products is None else products
    dims = ("chain", "draw", "product")
    table = {"elasticity": (dims, elasticity[None])}
    if base is not None:
        table["base_demand"] = (dims, np.broadcast_to(base, elasticity.shape)[None].astype(float))
    dataset = xr.Dataset(table, coords={"product": names})
    return xr.DataTree.from_dict({"posterior": dataset})


def random_market(seed, n_products=4, n_draws=60):
    """Draws, today's prices and costs of a few products, some of them with several peaks."""
    rng = np.random.default_rng(seed)
    centre, spread = rng.normal(-1.6, 0.8, n_products), rng.uniform(0.01, 1.2, n_products)
    elasticity = rng.normal(centre, spread, (n_draws, n_products))
    base = rng.gamma(3, 20, (n_draws, n_products))
    current = rng.uniform(1, 50, n_products)
    cost = current * rng.uniform(0.1, 0.95, n_products)
    low, high = (current * rng.uniform(*ends, n_products) for ends in ((0.4, 0.95), (1.05, 3)))
    return elasticity, base, current, cost, low, high


def panel_of(price, units=None, category=None):
    """A panel of these prices, NaN where not observed."""
    price = np.asarray(price, float)
    n_products = len(price)
    item, week = (each.ravel() for each in np.indices(price.shape))
    category = np.zeros(n_products, int) if category is None else np.asarray(category)
    units = np.ones_like(price) if units is None else np.asarray(units)
    table = pd.DataFrame({"item": [f"p{i}" for i in item], "week": week, "kind": category[item]})
    table = table.assign(units=units.ravel(), price=price.ravel()).dropna()
    names = {"product": "item", "period": "week", "units": "units", "price": "price"}
    return et.Panel.from_frame(table, **names, category="kind")


# --- what a price earns -------------------------------------------------------------------------


def test_a_point_mass_gives_the_closed_form():
    posterior = posterior_of([[-2.0, -0.5]] * 3, base=[[100.0, 40.0]])
    options = {"current_price": 4.0} | FREE
    found = et.expected_profit(posterior, [5.0, 3.0], unit_cost=[2.5, 1.0], **options)
    expected = [100 * 1.25**-2 * 2.5, 40 * 0.75**-0.5 * 2]
    for name in ("mean", "lower", "upper"):
        assert_allclose(found[name], expected, rtol=1e-12)
    assert_allclose(found["sd"], 0, atol=1e-12)
    revenue = et.expected_revenue(posterior, [5.0, 3.0], **options)
    assert_allclose(revenue["mean"], [100 * 1.25**-2 * 5, 40 * 0.75**-0.5 * 3], rtol=1e-12)


def with_covariate():
    """A posterior with a promotion's effect, and a panel whose products end inside and outside."""
    posterior = posterior_of([[-2.0, -0.5]] * 3, base=[[100.0, 40.0]])
    dataset = posterior["posterior"].to_dataset()
    dataset["effect_of_promo"] = (("chain", "draw"), np.log([[2.0, 4.0, 8.0]]))
    panel = panel_of([[4.0, 5.0], [3.0, 2.0]])
    promo = {"promo": np.array([[1.0, 0.0], [0.0, 1.0]])}
    return xr.DataTree.from_dict({"posterior": dataset}), replace(panel, covariates=promo)


def test_money_is_reckoned_at_the_covariates_that_were_seen_last():
    posterior, panel = with_covariate()
    cost = {"unit_cost": [3.0, 1.0], "panel": panel}
    today = et.expected_profit(posterior, panel.current_price, **cost)
    assert_allclose(today["mean"], [100 * 2, 40 * (2 + 4 + 8) / 3])
    revenue = et.expected_revenue(posterior, panel.current_price, panel=panel)
    assert_allclose(revenue["mean"], [100 * 5, 40 * 2 * (2 + 4 + 8) / 3])
    best = et.best_price(posterior, lower=[4.5, 1.8], upper=[6.0, 2.2], **cost)
    grid = np.linspace([4.5, 1.8], [6.0, 2.2], 2001, axis=1)
    expected = et.expected_profit(posterior, grid, **cost)["mean"]
    assert_allclose(best["expected_profit"], expected.max("candidate"), rtol=1e-6)


def test_covariates_may_be_stated_for_all_or_for_each_product():
    posterior, panel = with_covariate()
    for stated, factor in ((0, [1, 1]), ([1, 0], [14 / 3, 1])):
        known = {"panel": panel, "covariates": {"promo": stated}}
        revenue = et.expected_revenue(posterior, panel.current_price, **known)
        assert_allclose(revenue["mean"], np.array([100 * 5, 40 * 2]) * factor)
    alone = {"current_price": 4.0, "covariates": {"promo": 0}} | FREE
    assert_allclose(et.expected_revenue(posterior, 4.0, **alone)["mean"], [400, 160])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"current_price": 4.0},
            r"depends on the covariate 'promo'.*covariates=, as \{'promo': 0\}",
        ),
        ({"current_price": 4.0, "covariates": {"deal": 1}}, "covariates has 'deal'.*: 'promo'"),
        ({"covariates": {"promo": np.nan}, "current_price": 4.0}, "promo must be a finite number"),
        ({"base_demand": 9.0, "current_price": 4.0, "covariates": {"promo": 0}}, "base_demand or"),
    ],
)
def test_a_covariate_whose_value_today_is_unknown_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        et.expected_revenue(with_covariate()[0], 4.0, **options)


@pytest.mark.parametrize("seed", range(5))
def test_a_grid_of_prices_matches_the_formula_written_out(seed):
    elasticity, base, current, cost, low, high = random_market(seed)
    grid = np.linspace(0.5 * low, high, 7, axis=1)
    posterior = posterior_of(elasticity, base)
    options = {"unit_cost": cost, "current_price": current, "prob": 0.8} | FREE
    found = et.expected_profit(posterior, grid, **options)
    for i in range(4):
        for j, price in enumerate(grid[i]):
            profit = base[:, i] * (price / current[i]) ** elasticity[:, i] * (price - cost[i])
            today = base[:, i] * (current[i] - cost[i])
            here = found.isel(product=i, candidate=j)
            expected = {
                "price": price,
                "mean": profit.mean(),
                "sd": profit.std(),
                "lower": np.quantile(profit, 0.1),
                "upper": np.quantile(profit, 0.9),
                "prob_loss": (profit < 0).mean(),
                "prob_below_today": (profit < today).mean(),
            }
            for name, value in expected.items():
                assert_allclose(here[name], value, rtol=1e-9, atol=1e-9, err_msg=name)


def test_today_is_never_below_today_and_a_loss_is_a_price_below_cost():
    posterior = posterior_of(np.random.default_rng(1).normal(-2, 1, (50, 1)))
    prices = np.array([[2.0, 4.0, 4.5]])
    found = et.expected_profit(posterior, prices, unit_cost=2.5, **TODAY, reach=3)
    assert_array_equal(found["prob_loss"], [[1, 0, 0]])
    assert found["prob_below_today"].values[0, 1] == 0
    assert found["prob_below_today"].values[0, 0] == 1


def test_one_price_for_all_one_for_each_and_candidates_agree():
    elasticity, base, current, cost, *_ = random_market(1)
    posterior = posterior_of(elasticity, base)
    options = {"unit_cost": cost, "current_price": current} | FREE
    one = et.expected_profit(posterior, 7.0, **options)
    each = et.expected_profit(posterior, np.full(4, 7.0), **options)
    shared = et.expected_profit(posterior, [[7.0, 8.0]], **options)
    assert one.sizes == {"product": 4}
    assert shared.sizes == {"product": 4, "candidate": 2}
    xr.testing.assert_identical(one, each)
    xr.testing.assert_allclose(one, shared.isel(candidate=0))


def test_labelled_arguments_are_aligned():
    posterior = posterior_of([[-2.0, -1.5]], base=[[100.0, 50.0]])
    plain = et.expected_profit(posterior, [5.0, 6.0], unit_cost=[2.0, 3.0], current_price=[4, 5])
    turned = ["p1", "p0"]
    labelled = et.expected_profit(
        posterior,
        pd.Series([6.0, 5.0], turned),
        unit_cost=xr.DataArray([3.0, 2.0], {"product": turned}),
        current_price=pd.Series([5.0, 4.0], turned),
        base_demand=xr.DataArray([50.0, 100.0], {"product": turned}),
    )
    xr.testing.assert_allclose(plain, labelled)


def test_uncertain_base_demand_can_be_given_in_three_forms():
    elasticity, base, current, cost, *_ = random_market(2)
    options = {"unit_cost": cost, "current_price": current} | FREE
    own = et.expected_profit(posterior_of(elasticity, base), current * 1.2, **options)
    bare = posterior_of(elasticity)
    labelled = xr.DataArray(base.T, {"product": bare["posterior"]["product"]}, ["product", "draw"])
    for given_base in (base, base[None], labelled):
        found = et.expected_profit(bare, current * 1.2, base_demand=given_base, **options)
        xr.testing.assert_allclose(own, found)
    known = et.expected_profit(bare, current * 1.2, base_demand=base.mean(axis=0), **options)
    assert (known["sd"] < own["sd"]).all()


def test_a_panel_gives_last_prices_and_a_given_price_carries_base_demand_to_it():
    posterior = posterior_of([[-2.0, -2.0]], base=[[100.0, 100.0]])
    panel = panel_of([[3.0, 4.0, np.nan], [5.0, 4.0, 8.0]])
    found = et.expected_profit(posterior, [5.0, 7.0], unit_cost=2.0, panel=panel)
    assert_allclose(found["mean"], [100 * 1.25**-2 * 3, 100 * (7 / 8) ** -2 * 5])
    carried = et.expected_profit(
        posterior, [5.0, 7.0], unit_cost=2.0, panel=panel, current_price=[4.5, 6.0]
    )
    assert_allclose(carried["mean"], found["mean"])  # the demand curve is the same
    best = {"unit_cost": 2.0, "lower": 3.5, "upper": 6.0, "panel": panel} | FREE
    gain = et.best_price(posterior, **best, current_price=[4.5, 6.0])["gain"]
    today = np.array([100 * (4.5 / 4) ** -2 * 2.5, 100 * (6 / 8) ** -2 * 4])
    at_four = np.array([100 * 2, 100 * 0.5**-2 * 2])
    assert_allclose(gain, at_four - today)


def test_a_selected_panel_prices_its_products():
    posterior = posterior_of([[-2.0, -3.0]], base=[[np.nan, 10.0]])
    panel = panel_of([[4.0, 4.0], [5.0, 4.0]])
    with pytest.raises(ValueError, match=r"unknown for 1 products, 'p0' among them.*select"):
        et.expected_profit(posterior, 4.0, unit_cost=1.0, panel=panel)
    kept = panel.select(products=["p1"])
    found = et.expected_profit(posterior, 5.0, unit_cost=1.0, panel=kept)
    assert found["product"].values.tolist() == ["p1"]
    assert_allclose(found["mean"], 10 * 1.25**-3 * 4)


# --- the best price -----------------------------------------------------------------------------


@given(st.floats(-6, -1.01), st.floats(0.5, 100), st.floats(0.05, 2), st.floats(0.1, 1e6))
def test_a_point_mass_gives_the_markup_rule(elasticity, current, share, base):
    cost = share * current
    markup = cost * elasticity / (1 + elasticity)
    best = et.best_price(
        posterior_of([[elasticity]]),
        unit_cost=cost,
        lower=markup * 0.5,
        upper=markup * 2,
        current_price=current,
        base_demand=base,
        **FREE,
    )
    assert_allclose(best["price"], markup, rtol=1e-6)
    assert_allclose([best["price_lower"], best["price_upper"]], markup, rtol=1e-9)
    assert best["at_bound"].item() == ""
    assert best["prob_inelastic"].item() == 0


@pytest.mark.parametrize(
    ("elasticity", "bound"), [(-1.2, "upper"), (-1.0, "upper"), (-0.3, "upper"), (-6.0, "lower")]
)
def test_a_bound_that_decides_is_flagged_and_told_from_inelastic_demand(elasticity, bound):
    posterior = posterior_of([[elasticity]] * 2)
    best = et.best_price(posterior, unit_cost=3.0, lower=3.8, upper=6.0, **TODAY, reach=2)
    assert best["at_bound"].item() == bound
    assert best["price"].item() == {"lower": 3.8, "upper": 6.0}[bound]
    assert best["price_lower"].item() == best["price_upper"].item() == best["price"].item()
    assert best["prob_inelastic"].item() == (elasticity > -1)


def test_inelastic_draws_are_counted_also_where_the_best_price_is_inside():
    posterior = posterior_of([[-3.0]] * 19 + [[-0.9]])
    best = et.best_price(posterior, unit_cost=2.0, lower=2.2, upper=6.0, **TODAY, reach=2)
    assert best["at_bound"].item() == ""
    assert_allclose(best["prob_inelastic"], 0.05)


def brute_force(elasticity, base, current, cost, low, high):
    """Best move on a fine grid over the terms, refined on ever finer ones around it."""
    for _ in range(6):
        move = np.linspace(low, high, 4001)
        profit = np.zeros_like(move)
        for e, b, now, c in zip(elasticity, base, current, cost, strict=True):
            demand = (b * np.exp(np.multiply.outer(move, e))).sum(axis=1)
            profit += demand * (now * np.exp(move) - c)
        at = profit.argmax()
        low, high = move[max(at - 2, 0)], move[min(at + 2, 4000)]
    return move[at], profit[at]


@pytest.mark.parametrize("seed", range(20))
def test_any_posterior_matches_a_brute_force_grid(seed):
    elasticity, base, current, cost, low, high = random_market(seed)
    bounds = {"lower": low, "upper": high, "current_price": current}
    best = et.best_price(posterior_of(elasticity, base), unit_cost=cost, **bounds, **FREE)
    for i in range(4):
        terms = elasticity[:, [i]].T, base[:, [i]].T, current[[i]], cost[[i]]
        ends = np.log(low[i] / current[i]), np.log(high[i] / current[i])
        move, profit = brute_force(*terms, *ends)
        here = best.isel(product=i)
        assert_allclose(here["expected_profit"], profit / 60, rtol=1e-10)
        assert_allclose(here["price"], current[i] * np.exp(move), rtol=1e-6)


@pytest.mark.parametrize("level", ["store", "category"])
@pytest.mark.parametrize("seed", range(5))
def test_common_moves_match_a_brute_force_grid(seed, level):
    elasticity, base, current, cost, *_ = random_market(seed)
    category = [0, 1, 1, 0]
    panel = panel_of(np.stack([current, current], axis=1), category=category)
    bounds = {"lower": 0.6 * current, "upper": [1.3, 1.6, 2.0, 1.8] * current}
    posterior = posterior_of(elasticity, base)
    best = et.best_price(posterior, unit_cost=cost, **bounds, level=level, panel=panel, **FREE)
    ratio = best["price"].values / current
    for group in [[0, 1, 2, 3]] if level == "store" else [[0, 3], [1, 2]]:
        terms = elasticity[:, group].T, base[:, group].T, current[group], cost[group]
        top = np.log((bounds["upper"] / current)[group].min())
        move, profit = brute_force(*terms, np.log(0.6), top)
        assert_allclose(ratio[group], np.exp(move), rtol=1e-6)
        here = best.isel(product=group)
        assert_allclose(here["expected_profit"].sum(), profit / 60, rtol=1e-10)
        at_end = [abs(move - end) < 1e-6 for end in (np.log(0.6), top)]
        flag = np.select(at_end, ["lower", "upper"], "")
        assert (here["at_bound"] == flag).all()


def test_the_interval_of_the_best_price_is_that_of_each_draw():
    elasticity, base, current, cost, low, high = random_market(3, n_draws=200)
    bounds = {"lower": low, "upper": high, "current_price": current, "prob": 0.8}
    best = et.best_price(posterior_of(elasticity, base), unit_cost=cost, **bounds, **FREE)
    with np.errstate(divide="ignore"):
        markup = cost * elasticity / (1 + elasticity)
    single = np.clip(np.where(elasticity < -1, markup, np.inf), low, high)
    logs = np.quantile(np.log(single), [0.1, 0.9], axis=0)
    assert_allclose(np.log([best["price_lower"], best["price_upper"]]), logs, atol=1e-9)


def test_the_interval_of_a_common_move_is_that_of_each_draw():
    elasticity, base, current, cost, *_ = random_market(4, n_draws=30)
    bounds = {"lower": 0.6 * current, "upper": 1.9 * current, "current_price": current}
    posterior = posterior_of(elasticity, base)
    best = et.best_price(posterior, unit_cost=cost, **bounds, level="store", **FREE)
    single = []
    for e, b in zip(elasticity, base, strict=True):
        one = posterior_of(e[None], b[None])
        alone = et.best_price(one, unit_cost=cost, **bounds, level="store", **FREE)
        single.append(np.log(alone["price"].values[0] / current[0]))
    low, high = np.exp(np.quantile(single, [0.05, 0.95])) * current[0]
    assert_allclose([best["price_lower"][0], best["price_upper"][0]], [low, high], rtol=1e-7)


def test_gains_are_those_of_the_draws():
    elasticity, base, current, cost, low, high = random_market(5)
    bounds = {"lower": low, "upper": high, "current_price": current}
    best = et.best_price(posterior_of(elasticity, base), unit_cost=cost, **bounds, **FREE)
    price = best["price"].values
    gain = base * (price / current) ** elasticity * (price - cost) - base * (current - cost)
    assert_allclose(best["gain"], gain.mean(axis=0))
    assert_allclose(best["gain_lower"], np.quantile(gain, 0.05, axis=0), rtol=1e-9)
    assert_allclose(best["gain_upper"], np.quantile(gain, 0.95, axis=0), rtol=1e-9)
    assert_allclose(best["prob_loss"], (gain < 0).mean(axis=0))
    total = gain.sum(axis=1)
    assert_allclose(best["total_gain"], total.mean())
    assert_allclose(best["total_gain_lower"], np.quantile(total, 0.05))
    assert_allclose(best["total_gain_upper"], np.quantile(total, 0.95))
    assert_allclose(best["total_prob_loss"], (total < 0).mean())


def test_finer_levels_expect_at_least_as_much():
    elasticity, base, current, cost, *_ = random_market(6, n_products=6)
    panel = panel_of(np.stack([current] * 2, axis=1), category=[0, 1, 2, 0, 1, 2])
    options = {"unit_cost": cost, "lower": 0.7 * current, "upper": 1.5 * current, "panel": panel}
    posterior = posterior_of(elasticity, base)
    levels = ["store", "category", "product"]
    found = [et.best_price(posterior, **options, level=level, **FREE) for level in levels]
    totals = [float(each["total_gain"]) for each in found]
    assert totals == sorted(totals)


def two_peaks(depth):
    """A curve with a peak inside and a rise at its upper end, of nearly the same height."""
    elasticity = np.array([[-6.0, -0.2]])
    revenue = np.array([[100.0, depth]])
    return Curves(elasticity, revenue, 0.8 * revenue)


def test_of_two_peaks_the_higher_is_found_however_close_they_are():
    ends = np.array([-0.2]), np.array([1.0])

    def height(depth, move):
        e, revenue, cost = two_peaks(depth)
        return (revenue * np.exp((e + 1) * move) - cost * np.exp(e * move)).sum(axis=1)

    def difference(depth):
        inside = height(depth, np.linspace(-0.2, 0.5, 20_001)[:, None]).max()
        return inside - height(depth, 1.0)[0]

    low, high = 1.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if difference(middle) > 0 else (low, middle)
    inside = maximise(two_peaks(low * (1 - 1e-6)), *ends)[0]
    at_end = maximise(two_peaks(low * (1 + 1e-6)), *ends)[0]
    assert -0.2 < inside < 0.5
    assert at_end == 1.0


def test_the_search_ends_where_profit_is_flat_and_not_concave():
    """At the depth at which peak and valley merge, slope and curvature vanish at one move."""
    move = np.linspace(0, 0.5, 500_001)[:, None]

    def slopes(move):
        e, revenue, cost = two_peaks(1.0)
        return revenue * (e + 1) * np.exp((e + 1) * move) - cost * e * np.exp(e * move)

    needed = -slopes(move)[:, 0] / slopes(move)[:, 1]
    flat, depth = move[needed.argmax(), 0], needed.max()
    for reach in (1e-1, 1e-3, 1e-5):
        assert maximise(two_peaks(depth), np.array([flat - reach]), np.array([flat + reach])) > flat
        start = time.process_time()
        maximise(two_peaks(depth), np.array([flat - reach]), np.array([flat]))
        assert time.process_time() - start < 2


# --- what is refused or warned of ---------------------------------------------------------------


def profit(posterior=None, price=4.0, **changes):
    posterior = posterior_of([[-2.0, -2.0]]) if posterior is None else posterior
    return et.expected_profit(posterior, price, **{"unit_cost": 2.0} | TODAY | changes)


def best(posterior=None, **changes):
    posterior = posterior_of([[-2.0, -2.0]]) if posterior is None else posterior
    options = {"unit_cost": 2.0, "lower": 3.5, "upper": 4.5} | TODAY
    return et.best_price(posterior, **options | changes)


@pytest.mark.parametrize(
    ("call", "changes", "message"),
    [
        (profit, {"price": 0.0}, r"price must be above 0; got 0\.0 at product 'p0' \(2 such"),
        (profit, {"price": [4.0, -1.0]}, r"price must be above 0; got -1\.0 at product 'p1'\."),
        (profit, {"price": [[4.0, np.nan]]}, "price must be a finite number above 0; got nan"),
        (profit, {"price": [4.0, 4.0, 4.0]}, r"one for each of the 2 products; got shape \(3,\)"),
        (profit, {"price": np.ones((3, 2))}, r"shape \(product, candidate\).*got shape \(3, 2\)"),
        (profit, {"price": np.ones((2, 0))}, r"got shape \(2, 0\)"),
        (profit, {"price": 1e-200, "reach": np.inf}, "so far from today's that profit overflows"),
        (best, {"lower": 1e-200, "reach": np.inf}, "so far from today's that profit overflows"),
        (profit, {"unit_cost": 0.0}, "unit_cost must be above 0; got 0.0 at product 'p0'"),
        (profit, {"unit_cost": [1.0, -2.0]}, "unit_cost must be above 0; got -2.0 at product 'p1'"),
        (profit, {"unit_cost": [1.0, np.nan]}, "unit_cost must be a finite number; got nan"),
        (profit, {"current_price": None}, "current price of each product is needed: pass panel="),
        (profit, {"current_price": [4.0, 0.0]}, "current_price must be above 0; got 0.0"),
        (profit, {"base_demand": None}, "has no base_demand: pass base_demand="),
        (profit, {"base_demand": [9.0, 0.0]}, "base_demand must be above 0; got 0.0"),
        (profit, {"base_demand": np.ones((3, 2))}, "with 1 draws of 2 products.*got 3 draws of 2"),
        (profit, {"base_demand": [[1.0, 0.0]]}, "base_demand must have draws above 0.*'p1'"),
        (profit, {"base_demand": [[1.0, np.nan]]}, "base_demand must have draws above 0.*'p1'"),
        (profit, {"prob": 1.0}, "prob must lie strictly between 0 and 1"),
        (profit, {"reach": 0.9}, "reach must be 1 or more; got 0.9"),
        (best, {"prob": 0.0}, "prob must lie strictly between 0 and 1"),
        (best, {"lower": 5.0}, r"lower must be below upper; got 5\.0 at product 'p0'"),
        (best, {"upper": [4.5, 3.5]}, r"lower must be below upper; got 3\.5 at product 'p1'"),
        (best, {"lower": 0.0}, "lower must be above 0"),
        (best, {"unit_cost": 0.0}, "unit_cost must be above 0"),
        (best, {"current_price": None}, "current price of each product is needed"),
        (best, {"level": "shop"}, "level must be one of store, category, product; got 'shop'"),
        (best, {"level": "category"}, "level='category' needs panel="),
        (
            best,
            {"level": "store", "lower": [3.0, 6.0], "upper": [4.0, 8.0], "reach": 9},
            "'p1' must move by a factor of 1.500 or more, 'p0' by 1.000 or less",
        ),
    ],
)
def test_bad_input_gets_a_message_that_names_it(call, changes, message):
    with pytest.raises(ValueError, match=message):
        call(**changes)


def test_what_is_not_a_posterior_or_lacks_elasticities_is_refused():
    with pytest.raises(TypeError, match="posterior must be what a fit_"):
        profit(np.ones(3))
    bare = xr.DataTree.from_dict({"posterior": xr.Dataset({"elasticity": 1.0})})
    with pytest.raises(ValueError, match="must hold draws of 'elasticity' with the dim 'product'"):
        profit(bare)
    with pytest.raises(ValueError, match=r"elasticity must have finite draws; got nan.*'p1'"):
        profit(posterior_of([[-1.0, np.nan]]))


def test_labelled_draws_of_base_demand_need_the_right_labels():
    draws = xr.DataArray(np.ones((1, 2)), {"product": ["p0", "p1"]}, ["week", "product"])
    with pytest.raises(ValueError, match=r"dims product and draw, or product.*got week, product"):
        profit(base_demand=draws)
    draws = draws.rename(week="draw").assign_coords(product=["p0", "q1"])
    with pytest.raises(ValueError, match=r"base_demand lacks 1 products .*'p1'"):
        profit(base_demand=draws)


def test_where_every_price_loses_the_least_loss_is_returned_and_shows():
    found = best(unit_cost=9.0)
    assert (found["expected_profit"] < 0).all()
    assert (found["at_bound"] == "upper").all()


def test_a_panel_with_other_products_is_refused():
    panel = panel_of([[4.0, 4.0], [5.0, 4.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"the posterior lacks 1 products .* priced, 'p2'"):
        et.expected_profit(posterior_of([[-1.0, -2.0]]), 4.0, unit_cost=1.0, panel=panel)
    with pytest.raises(ValueError, match=r"unit_cost must have one value for each product.*'p1'"):
        profit(unit_cost=pd.Series([1.0], ["p0"]))


def test_prices_far_from_those_observed_are_warned_of():
    posterior = posterior_of([[-2.0, -2.0]], base=[[9.0, 9.0]])
    panel = panel_of([[4.0, 5.0], [2.0, 8.0]])
    call = {"unit_cost": 1.0, "panel": panel}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        et.expected_profit(posterior, [6.2, 1.7], **call)
        et.expected_profit(posterior, [6.4, 1.7], **call, reach=1.3)
        et.expected_profit(posterior, [99, 0.1], **call, reach=np.inf)
    message = r"1 of 2 products .* factor of 1\.25 outside .*'p0' by 1\.28"
    with pytest.warns(et.ExtrapolationWarning, match=message) as caught:
        et.expected_profit(posterior, [6.4, 1.7], **call)
    assert caught[0].filename == __file__
    with pytest.warns(et.ExtrapolationWarning, match="'p1' by 2.00") as caught:
        et.best_price(posterior, lower=[4.0, 1.0], upper=[5.0, 8.0], **call)
    assert caught[0].filename == __file__
    with pytest.warns(et.ExtrapolationWarning, match="'p0' by 1.50") as caught:
        et.expected_revenue(posterior, 6.0, current_price=4.0)
    assert caught[0].filename == __file__


@pytest.mark.slow
def test_a_fit_goes_straight_to_prices():
    jax = pytest.importorskip("jax")
    size = {"n_products": 20, "n_categories": 2, "n_periods": 10}
    store = et.simulate_store(
        np.random.default_rng(1), **size, price_change_prob=0.5, initial_price=(2, 10)
    )
    fit = et.fit_laplace(store.panel, key=jax.random.key(1), intercept="fixed", n_draws=100)
    current = store.panel.price[:, -1]
    options = {"unit_cost": 0.5 * current, "lower": 0.8 * current, "upper": 1.3 * current}
    for level in ("store", "category", "product"):
        found = et.best_price(fit, **options, panel=store.panel, level=level, reach=2)
        assert not any(found[name].isnull().any() for name in found)
        assert (found["price"] >= options["lower"]).all()
        assert (found["price"] <= options["upper"]).all()
    ratio = found["price"] / current
    draws = fit["posterior"]["elasticity"]
    assert np.corrcoef(ratio, draws.mean(("chain", "draw")))[0, 1] > 0.5


@pytest.mark.slow
def test_a_whole_store_is_priced_in_seconds():
    """20,000 products, 1,000 draws, 50 prices: 5 seconds on two cores, 2 GB."""
    rng = np.random.default_rng(1)
    shape = (1000, 20_000)
    posterior = posterior_of(rng.normal(-2, 0.5, shape), rng.gamma(5, 1, shape))
    current = rng.uniform(1, 100, shape[1])
    options = {"unit_cost": 0.5 * current, "current_price": current} | FREE
    tracemalloc.start()
    start = time.process_time()
    et.expected_profit(posterior, current[:, None] * np.linspace(0.7, 1.5, 50), **options)
    seconds = time.process_time() - start
    bounds = {"lower": 0.7 * current, "upper": 1.5 * current}
    et.best_price(posterior, **bounds, **options)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 10  # of the processor: 5 on each of two cores
    assert peak + 2 * posterior["posterior"]["elasticity"].nbytes < 2e9
