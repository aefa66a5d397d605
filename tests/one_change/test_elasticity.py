"""Arc and point elasticities: published examples, properties, and what is refused."""

import numpy as np
import pytest
from conftest import cases_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import elastic_tutorial as et

whole_price = st.integers(1, 10_000)
quantity = st.floats(0.01, 1e6)
two_prices = st.tuples(whole_price, whole_price).filter(lambda pair: pair[0] != pair[1])
power_of_two = st.integers(-30, 30).map(lambda n: 2.0**n)


@pytest.mark.parametrize(
    "case",
    cases_of(
        "arc_elasticity",
        ids="arc01_openstax_demand arc03_assignmentexpert_107392 arc04_bit1024 "
        "arc07_qammunity_8118606 arc12_seed_rates",
    ),
)
def test_published_arc_elasticities(case):
    expected, tolerance = case["expected"], case["tolerance"]
    actual = et.arc_elasticity(**case["inputs"])
    assert_allclose(actual, expected["arc_elasticity"], atol=tolerance["arc_elasticity"], rtol=0)
    assert ("published_value" in expected) == ("published_abs" in tolerance)
    if "published_value" in expected:
        assert abs(actual - expected["published_value"]) <= tolerance["published_abs"]


@pytest.mark.parametrize("case", cases_of("arc_inverse", ids="arc15_inverse_transit"))
def test_published_quantity_after(case):
    given_, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    actual = et.quantity_after(
        given_["price_before"],
        given_["price_after"],
        given_["quantity_before"],
        given_["arc_elasticity"],
    )
    assert abs(actual - expected["quantity_after"]) <= tolerance["quantity_after"]
    assert abs(actual - expected["published_value"]) <= tolerance["published_abs"]


@pytest.mark.parametrize(
    "case",
    cases_of(
        "arc_identity",
        ids="arc16_identity_tanh arc17_const_elast_-2.5_1.1 arc17_const_elast_-4_0.5",
    ),
)
def test_tanh_identity_cases(case):
    ratio, expected = case["inputs"]["price_ratio"], case["expected"]
    alpha = case["inputs"].get("alpha") or ratio ** case["inputs"]["beta"]
    actual = et.arc_elasticity_from_ratio(10, 10 * ratio, alpha)
    assert abs(actual - expected["arc"]) <= case["tolerance"]["arc"]
    if "log_ratio" in expected:  # the elasticity of logs, which the arc approaches
        assert_allclose(np.log(alpha) / np.log(ratio), expected["log_ratio"], atol=1e-12)


@pytest.mark.parametrize("case", cases_of("arc_property", ids="arc18_swap_symmetry"))
def test_symmetry_case(case):
    assert case["expected"] == {"equal_under_swap": True, "equal_under_unit_change": True}
    (p0, q0), (p1, q1) = case["inputs"]["points"]
    forward = et.arc_elasticity(p0, p1, q0, q1)
    tolerance = case["tolerance"]["abs"]
    assert abs(forward - et.arc_elasticity(p1, p0, q1, q0)) <= tolerance
    assert abs(forward - et.arc_elasticity(p0 * 0.9, p1 * 0.9, q0 / 12, q1 / 12)) <= tolerance


@pytest.mark.parametrize("case", cases_of("arc_trap", ids="arc19_error_total_vs_rate"))
def test_totals_of_unequal_periods_mislead(case):
    world, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]["abs"]
    prices = world["p1"], world["p2"]
    totals = world["rate1"] * world["N1"], world["rate2"] * world["N2"]
    wrong = et.arc_elasticity(*prices, *totals)
    right = et.arc_elasticity(*prices, world["rate1"], world["rate2"])
    assert abs(wrong - expected["wrong_from_totals"]) <= tolerance
    assert abs(right - expected["right_from_rates"]) <= tolerance


@given(two_prices, quantity, quantity)
def test_arc_is_symmetric_in_time(prices, q0, q1):
    backward = et.arc_elasticity(*prices[::-1], q1, q0)
    assert_allclose(et.arc_elasticity(*prices, q0, q1), backward, rtol=1e-14)


@given(two_prices, quantity, quantity, power_of_two, power_of_two)
def test_arc_is_free_of_units(prices, q0, q1, currency, unit):
    """Scaled by powers of two, which round nothing, it is the same to the last bit."""
    p0, p1 = prices
    scaled = et.arc_elasticity(p0 * currency, p1 * currency, q0 * unit, q1 * unit)
    assert scaled == et.arc_elasticity(p0, p1, q0, q1)


@given(two_prices, st.integers(1, 1000))
def test_arc_is_minus_one_when_revenue_is_equal(prices, units):
    p0, p1 = prices
    assert_allclose(et.arc_elasticity(p0, p1, p1 * units, p0 * units), -1, rtol=1e-14)


@given(two_prices, st.integers(0, 10_000), st.integers(1, 10_000))
def test_arc_tells_where_revenue_went(prices, q0, q1):
    """Above -1, and only then, revenue moves with the price; integers leave no room to round."""
    p0, p1 = prices
    revenue_change = np.sign(p1 * q1 - p0 * q0) * np.sign(p1 - p0)
    above = et.arc_elasticity(p0, p1, q0, q1) + 1
    assert np.sign(np.where(abs(above) < 1e-12, 0, above)) == revenue_change


@given(two_prices, st.floats(0, 1e6), quantity)
def test_arc_never_exceeds_its_bound(prices, q0, q1):
    p0, p1 = prices
    bound = (p0 + p1) / abs(p1 - p0)
    assert abs(et.arc_elasticity(p0, p1, q0, q1)) <= bound * (1 + 1e-14)
    assert_allclose(et.arc_elasticity(p0, p1, 0, q1), bound * np.sign(p1 - p0), rtol=1e-14)


@given(two_prices, st.floats(1e-6, 1e6))
def test_arc_is_a_quotient_of_hyperbolic_tangents(prices, alpha):
    p0, p1 = prices
    expected = np.tanh(np.log(alpha) / 2) / np.tanh(np.log(p1 / p0) / 2)
    # log(p1 / p0) near 1e-4 carries a relative rounding error near 1e-12
    assert_allclose(et.arc_elasticity_from_ratio(p0, p1, alpha), expected, rtol=1e-11)


@given(two_prices, quantity, st.floats(1e-3, 1e3))
def test_arc_of_quantities_is_the_arc_of_their_ratio(prices, q0, alpha):
    expected = et.arc_elasticity_from_ratio(*prices, alpha)
    bound = sum(prices) / abs(prices[0] - prices[1])
    assert_allclose(et.arc_elasticity(*prices, q0, alpha * q0), expected, atol=1e-14 * bound)


@given(two_prices, quantity, st.floats(1e-3, 1e3))
def test_quantity_after_inverts_the_arc(prices, q0, alpha):
    q1 = alpha * q0
    arc = et.arc_elasticity(*prices, q0, q1)
    # a ratio of 1000 amplifies the rounding of the arc as often
    assert_allclose(et.quantity_after(*prices, q0, arc), q1, rtol=1e-11)


@given(two_prices, quantity, st.floats(0.01, 100), st.floats(1.001, 10))
def test_more_sales_after_raise_the_arc_when_the_price_rose(prices, q0, alpha, factor):
    low, high = sorted(prices)
    q1 = alpha * q0
    assert et.arc_elasticity(low, high, q0, q1) < et.arc_elasticity(low, high, q0, factor * q1)
    assert et.arc_elasticity(high, low, q0, q1) > et.arc_elasticity(high, low, q0, factor * q1)


@given(st.integers(1, 49), st.integers(1, 49))
def test_on_a_straight_line_the_arc_is_the_point_elasticity_at_the_midpoint(p0, p1):
    middle = (p0 + p1) / 2
    point = et.point_elasticity(middle, 100 - 2 * middle, -2)
    arc = et.arc_elasticity(p0, p1, 100 - 2 * p0, 100 - 2 * p1)
    assert np.isnan(arc) if p0 == p1 else np.isclose(arc, point, rtol=1e-12)


def test_arc_tends_to_the_constant_elasticity_as_the_step_shrinks_and_to_minus_one_as_it_grows():
    steps = np.array([1 + 1e-4, 1e8])
    assert_allclose(et.arc_elasticity_from_ratio(1.0, steps, steps**-4.0), [-4, -1], rtol=1e-6)


def test_a_ten_percent_rise_is_952_percent_of_the_midpoint():
    """Where the quantity doubles (2/3 of its midpoint), the arc shows the price's part."""
    assert_allclose((2 / 3) / et.arc_elasticity(10, 11, 1, 2), 0.1 / 1.05, rtol=1e-12)


def test_undefined_arcs_are_nan():
    same_price = et.arc_elasticity([10, 10], [10, 11], [5, 0], [6, 0])
    assert np.isnan(same_price).all()
    assert_allclose(et.arc_elasticity(10, 11, [np.nan, 10], [7, np.nan]), [np.nan, np.nan])
    assert_allclose(et.arc_elasticity_from_ratio([10, 10], [10, 11], [0.7, np.nan]), [np.nan] * 2)
    assert np.isnan(et.point_elasticity(10, 0, -1))
    assert np.isnan(et.point_elasticity(10, np.nan, -1))


def test_ratio_zero_and_infinity_reach_the_bound():
    assert_allclose(et.arc_elasticity_from_ratio(10, 11, [0, np.inf]), [-21, 21])
    assert_allclose(et.arc_elasticity_from_ratio(11, 10, [0, np.inf]), [21, -21])


def test_no_quantity_has_an_arc_beyond_the_bound():
    arcs = [-11.001, -11, 10.999, 11, 11.001, np.nan]
    quantities = et.quantity_after(10, 12, 5, arcs)
    assert_allclose(quantities, [np.nan, 0, 5 * 21.999 / 0.001, *[np.nan] * 3], rtol=1e-9)


@pytest.mark.parametrize("elasticity", [np.inf, -np.inf])
@pytest.mark.parametrize("price_after", [10, 12])
def test_no_quantity_has_an_infinite_arc(elasticity, price_after):
    assert np.isnan(et.quantity_after(10, price_after, 5, elasticity))


def test_arrays_keep_their_shape_and_scalars_combine_with_them():
    prices = np.array([[11, 12, 13], [9, 8, 7]])
    assert et.arc_elasticity(10, prices, 5, 4.5).shape == (2, 3)
    assert et.point_elasticity(prices, 5, -1).shape == (2, 3)
    assert et.quantity_after(prices, 10, 5, -1).shape == (2, 3)
    assert et.arc_elasticity_from_ratio(prices, 10, 0.5).shape == (2, 3)
    assert np.ndim(et.arc_elasticity(10, 11, 5, 4)) == 0
    assert et.arc_elasticity([], [], [], []).shape == (0,)


ARRAY_FORMULAS = [
    (et.arc_elasticity, dict(price_before=10, price_after=11, quantity_before=5, quantity_after=4)),
    (et.arc_elasticity_from_ratio, dict(price_before=10, price_after=11, rate_ratio=0.7)),
    (et.quantity_after, dict(price_before=10, price_after=11, quantity_before=5, elasticity=-1)),
    (et.point_elasticity, dict(price=10, quantity=5, slope=-1)),
]
EVERY_ARGUMENT = [(f, a, name) for f, a in ARRAY_FORMULAS for name in a]
PRICES = [entry for entry in EVERY_ARGUMENT if entry[2].startswith("price")]
QUANTITIES = [entry for entry in EVERY_ARGUMENT if entry[2].startswith("quantity")]


@pytest.mark.parametrize("formula, arguments, name", EVERY_ARGUMENT)
@pytest.mark.parametrize("bad", ["11", None, True, 1j, [1, "2"], [1, None]])
def test_what_is_no_number_is_refused(formula, arguments, name, bad):
    with pytest.raises(TypeError, match=f"^{name} must hold numbers; got "):
        formula(**arguments | {name: bad})


@pytest.mark.parametrize("formula, arguments, name", EVERY_ARGUMENT)
def test_ragged_lists_are_refused_by_name(formula, arguments, name):
    with pytest.raises((TypeError, ValueError), match=f"^{name} "):
        formula(**arguments | {name: [[1, 2], [3]]})


@pytest.mark.parametrize("formula, arguments, name", PRICES)
@pytest.mark.parametrize("bad", [0, -1.5, np.nan, np.inf])
def test_prices_must_be_positive(formula, arguments, name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be a finite number above 0; got {bad}"):
        formula(**arguments | {name: bad})
    with pytest.raises(ValueError, match=rf"above 0; got {bad:.1f} at index 1\.$"):
        formula(**arguments | {name: [3, bad]})
    with pytest.raises(ValueError, match=rf"above 0; got {bad:.1f} at index \(1, 0\)\.$"):
        formula(**arguments | {name: [[3, 3], [bad, 3]]})


@pytest.mark.parametrize("formula, arguments, name", QUANTITIES)
@pytest.mark.parametrize("bad", [-1, np.inf, -np.inf])
def test_quantities_must_be_finite_and_not_negative(formula, arguments, name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be finite and 0 or more; got {bad}"):
        formula(**arguments | {name: bad})


@pytest.mark.parametrize("bad", [-0.1, -np.inf])
def test_ratios_must_not_be_negative(bad):
    with pytest.raises(ValueError, match=f"^rate_ratio must be 0 or more; got {bad}"):
        et.arc_elasticity_from_ratio(10, 11, bad)


@pytest.mark.parametrize("formula, arguments, name", EVERY_ARGUMENT)
def test_shapes_must_agree(formula, arguments, name):
    arrays = {key: [value, value] for key, value in arguments.items()}
    arrays[name] = [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match=rf"same shape; got .*{name} \(3,\)"):
        formula(**arrays)


def test_a_row_and_a_column_do_not_broadcast():
    with pytest.raises(ValueError, match=r"price_before \(1,\), price_after \(2,\)"):
        et.arc_elasticity([10], [11, 12], 5, 4)


def test_a_masked_array_is_refused_by_name():
    masked = np.ma.masked_array([100.0, 50.0], mask=[False, True])
    with pytest.raises(TypeError, match=r"^quantity_before must not be a masked array"):
        et.arc_elasticity(10, 12, masked, 80)
