"""The simulated price change has the moments it promises. Tolerances count standard errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import elastic_tutorial as et

WORLD = dict(rate_before=10, rate_after=7, days_before=40, days_after=60)
LONG = dict(rate_before=10, rate_after=7, days_before=200_000, days_after=200_000)


def simulate(seed=1, **changed):
    return et.simulate_price_change(np.random.default_rng(seed), **WORLD | changed)


def periods(sales):
    return [sales.loc[sales["period"] == name] for name in ("before", "after")]


def test_a_table_has_one_row_a_day():
    sales = simulate(price_before=4, price_after=5, first_weekday=5)
    columns = ["day", "weekday", "period", "price", "mean", "units"]
    assert sales.columns.tolist() == columns
    assert_array_equal(sales["day"], np.arange(1, 101))
    assert_array_equal(sales["weekday"], (np.arange(100) + 5) % 7)
    assert sales["period"].tolist() == ["before"] * 40 + ["after"] * 60
    assert sales["price"].tolist() == [4.0] * 40 + [5.0] * 60
    assert sales["mean"].tolist() == [10.0] * 40 + [7.0] * 60
    assert sales["units"].dtype.kind == "i"


def test_poisson_sales_have_equal_mean_and_variance():
    for rows, mean in zip(periods(simulate(**LONG)), (10, 7), strict=True):
        units, n = rows["units"], len(rows)
        assert abs(units.mean() - mean) < 4 * np.sqrt(mean / n)
        # the variance of a sample variance is (fourth moment - variance^2) / n
        assert abs(units.var() - mean) < 4 * np.sqrt((mean + 2 * mean**2) / n)


@pytest.mark.parametrize("phi", [0.05, 0.3])
def test_dispersion_adds_phi_times_the_squared_mean_to_the_variance(phi):
    sales = simulate(**LONG, dispersion=phi)
    for rows, mean in zip(periods(sales), (10, 7), strict=True):
        units, n = rows["units"].to_numpy(float), len(rows)
        expected = mean + phi * mean**2
        assert abs(units.mean() - mean) < 4 * np.sqrt(expected / n)
        fourth = ((units - mean) ** 4).mean()
        assert abs(units.var() - expected) < 4 * np.sqrt((fourth - expected**2) / n)
        shocks = rows["mean"] / mean
        assert_allclose(np.log(shocks).std(), np.sqrt(np.log1p(phi)), rtol=4 / np.sqrt(2 * n))


@pytest.mark.parametrize("correlation", [-0.6, 0, 0.8])
def test_log_shocks_are_autocorrelated_and_stationary(correlation):
    n = 50_000
    world = dict(rate_before=10, rate_after=10, days_before=n, days_after=1)
    sales = simulate(**world, dispersion=0.3, autocorrelation=correlation)
    logs = np.log(sales["mean"].to_numpy() / 10)
    for lag in (1, 2, 3):
        measured = np.corrcoef(logs[:-lag], logs[lag:])[0, 1]
        # Bartlett's bound on the variance of a sample autocorrelation of an AR(1) process
        error = np.sqrt((1 + 2 * correlation**2 / (1 - correlation**2)) / n)
        assert abs(measured - correlation**lag) < 4 * error
    variance = np.log1p(0.3)
    slow = (1 + correlation) / (1 - correlation)  # how much longer than n an average must run
    assert abs(logs.mean() + variance / 2) < 4 * np.sqrt(variance * slow / n)


def test_the_first_day_is_as_variable_as_any_other():
    rng, n = np.random.default_rng(2), 2000
    world = WORLD | dict(days_before=2, days_after=1, dispersion=0.5, autocorrelation=0.9)
    tables = [et.simulate_price_change(rng, **world)["mean"] for _ in range(n)]
    logs = np.log([table.to_numpy() for table in tables])
    assert_allclose(logs.std(axis=0), np.sqrt(np.log1p(0.5)), rtol=4 / np.sqrt(2 * n))


def test_weekday_effects_multiply_the_mean_of_their_day():
    effects = np.array([0.5, 0.6, 0.7, 1.0, 1.5, 2.7, 0.0])
    sales = simulate(weekday_effects=effects, first_weekday=3)
    rates = np.repeat([10, 7], [40, 60])
    assert_allclose(sales["mean"], rates * effects[sales["weekday"]])
    assert sales["weekday"].iloc[0] == 3
    assert (sales.loc[sales["weekday"] == 6, "units"] == 0).all()
    assert_allclose(simulate(weekday_effects=[2] * 7)["mean"], 2 * simulate()["mean"])


def test_stock_cuts_off_demand_and_changes_nothing_else():
    demand = simulate(dispersion=0.3)
    for stock in (0, 6, 10**6):
        sold = simulate(dispersion=0.3, stock=stock)
        assert_array_equal(sold["units"], np.minimum(demand["units"], stock))
        assert_array_equal(sold["mean"], demand["mean"])


def test_the_generator_alone_decides_the_draws():
    world = dict(dispersion=0.3, autocorrelation=0.5, weekday_effects=[1, 1, 1, 1, 1, 2, 2])
    assert simulate(1, **world).equals(simulate(1, **world))
    assert not simulate(1, **world).equals(simulate(2, **world))
    rng = np.random.default_rng(1)
    first, second = (et.simulate_price_change(rng, **WORLD)["units"] for _ in range(2))
    assert (first != second).any()


def test_nothing_sells_at_rate_zero():
    assert simulate(rate_after=0, dispersion=1)["units"].iloc[40:].sum() == 0


@pytest.mark.parametrize("bad", [1, None, np.random, "rng"])
def test_the_generator_is_required(bad):
    with pytest.raises(TypeError, match=r"^rng must be a numpy\.random\.Generator; got "):
        et.simulate_price_change(bad, **WORLD)


@pytest.mark.parametrize(
    "name, bad, allowed",
    [
        *[(f"rate_{when}", -1, "a finite number, 0 or more") for when in ("before", "after")],
        *[(f"price_{when}", 0, "a finite number above 0") for when in ("before", "after")],
        *[(f"days_{when}", 0, "1 or more") for when in ("before", "after")],
        *[(f"days_{when}", 2.5, "a whole number, 0 or more") for when in ("before", "after")],
        ("days_after", -3, "a whole number, 0 or more"),
        ("rate_before", float("nan"), "a finite number, 0 or more"),
        ("first_weekday", 7, "a whole number from 0 .Monday. to 6"),
        ("first_weekday", -1, "a whole number, 0 or more"),
        ("dispersion", -0.1, "a finite number, 0 or more"),
        ("dispersion", float("inf"), "a finite number, 0 or more"),
        ("autocorrelation", 1, "strictly between -1 and 1"),
        ("autocorrelation", -1.5, "strictly between -1 and 1"),
        ("autocorrelation", float("nan"), "a finite number"),
        ("stock", -1, "a whole number, 0 or more"),
        ("stock", 2.5, "a whole number, 0 or more"),
    ],
)
def test_numbers_outside_their_range_are_refused(name, bad, allowed):
    with pytest.raises(ValueError, match=f"^{name} must (be|lie) {allowed}; got {bad}"):
        simulate(**{name: bad})


@pytest.mark.parametrize(
    "name",
    "rate_before rate_after days_before days_after price_before price_after first_weekday "
    "dispersion autocorrelation stock".split(),
)
@pytest.mark.parametrize("bad", ["1", True, [1]])
def test_what_is_no_number_is_refused(name, bad):
    with pytest.raises(TypeError, match=f"^{name} must be a number; got "):
        simulate(**{name: bad})


def test_weekday_effects_are_seven_numbers():
    message = r"^weekday_effects must have shape \(7,\), Monday to Sunday; got \(5,\)"
    with pytest.raises(ValueError, match=message):
        simulate(weekday_effects=[1] * 5)
    for bad in (-1, np.nan, np.inf):
        message = f"^weekday_effects must be a finite number, 0 or more; got {bad}.* at index 6"
        with pytest.raises(ValueError, match=message):
            simulate(weekday_effects=[1, 1, 1, 1, 1, 1, bad])
    with pytest.raises(TypeError, match=r"^weekday_effects must hold numbers; got "):
        simulate(weekday_effects="1111111")


def test_a_mean_too_large_for_the_poisson_draws_is_refused_by_name():
    with pytest.raises(ValueError, match="rate_before"):
        simulate(rate_before=1e30)
