"""Likelihoods of one price change against exact arithmetic, quadrature and enumeration."""

import itertools
import math
from dataclasses import FrozenInstanceError
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from conftest import cases_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import integrate, optimize, special, stats

import elastic_tutorial as et

count = st.integers(0, 200)
days = st.floats(0.1, 100)
changes = st.builds(et.PriceChange, st.just(10), st.just(11), count, count, days, days)
ratio = st.floats(0.01, 100)


def change_of(units_before, units_after, days_before=1, days_after=1):
    return et.PriceChange(10, 11, units_before, units_after, days_before, days_after)


def grid_of_changes(most, days_before, days_after):
    """Every pair of counts below ``most`` in one object; the likelihoods broadcast over counts."""
    change = change_of(0, 0, days_before, days_after)
    units = np.indices((most, most)).astype(float)
    object.__setattr__(change, "units_before", units[0])
    object.__setattr__(change, "units_after", units[1])
    return change


# Reference cases

DENSITIES = "int01 int02 int04"
INTEGRATED = cases_of("integrated_likelihood", ids=f"{DENSITIES} int_identity int_covariance")
IMPROPER = cases_of(
    "integrated_likelihood_improper",
    ids="int_improper_one_over_lambda int_improper_jeffreys int_improper_flat",
)


def best_ratio(world):
    """Rate ratio that maximises the integrated likelihood, found numerically."""
    change = change_of(world["k1"], world["k2"], world["N1"], world["N2"])
    prior = dict(shape=world["gamma_shape"], rate=world["gamma_rate"])

    def loss(log_ratio):
        return -et.marginal_log_likelihood(np.exp(log_ratio), change, **prior)

    return np.exp(optimize.minimize_scalar(loss, bounds=(-40, 10), options={"xatol": 1e-9}).x)


@pytest.mark.parametrize("case", [case for case in INTEGRATED if case.id in DENSITIES.split()])
def test_integrated_likelihood_cases(case):
    world, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    change = change_of(world["k1"], world["k2"], world["N1"], world["N2"])
    prior = dict(shape=world["gamma_shape"], rate=world["gamma_rate"])
    actual = et.marginal_log_likelihood(world["alpha"], change, **prior)
    assert abs(actual - expected["log_marginal"]) <= tolerance["log_abs"]
    within = dict(rtol=tolerance["argmax_rel"], atol=1e-12)  # atol for a maximum at 0
    assert_allclose(best_ratio(world), expected["argmax_alpha"], **within)


@pytest.mark.parametrize("case", IMPROPER)
def test_improper_integrated_likelihood_cases(case):
    world, expected = case["inputs"], case["expected"]
    best = best_ratio(world)
    assert_allclose(best, expected["argmax_alpha"], rtol=case["tolerance"]["rel"])
    assert expected["sums_to_one"] is False
    # Pr(total = n) is Gamma(a + n) / n! times S^-a: no finite sum, nor does it converge
    a, doublings = world["gamma_shape"], 2 ** np.arange(4, 12)
    n = np.arange(1, doublings[-1] + 1)
    mass = np.cumsum(np.exp(special.gammaln(a + n) - special.gammaln(n + 1)))[doublings - 1]
    assert (np.diff(mass) > 0.65).all()  # slowest for a = 0, where a doubling adds nearly log 2


def test_identity_case():
    case = next(case.values[0] for case in INTEGRATED if case.id == "int_identity")
    world, tolerance = case["inputs"], case["tolerance"]["abs"]
    change = change_of(world["k1"], world["k2"], world["N1"], world["N2"])
    alpha = np.linspace(*world["alpha_grid"], 50)
    conditional = et.conditional_log_likelihood(alpha, change)
    profile = et.profile_log_likelihood(alpha, change)
    inverse_rate = et.marginal_log_likelihood(alpha, change, shape=0, rate=0)
    flat = et.marginal_log_likelihood(alpha, change, shape=1, rate=0)
    assert case["expected"] == {
        "profile_equals_conditional": np.ptp(profile - conditional) <= tolerance,
        "inv_lambda_equals_conditional": np.ptp(inverse_rate - conditional) <= tolerance,
        "flat_equals_conditional": np.ptp(flat - conditional) <= tolerance,
    }


def test_covariance_case():
    """Counts that are independent given the rate covary once it is averaged over."""
    case = next(case.values[0] for case in INTEGRATED if case.id == "int_covariance")
    world = case["inputs"]
    change = grid_of_changes(900, world["N1"], world["N2"])
    prior = dict(shape=world["gamma_shape"], rate=world["gamma_rate"])
    mass = np.exp(et.marginal_log_likelihood(world["alpha"], change, **prior))
    k1, k2 = change.units_before, change.units_after
    covariance = (mass * k1 * k2).sum() - (mass * k1).sum() * (mass * k2).sum()
    assert abs(covariance - case["expected"]["cov"]) <= case["tolerance"]["abs"]


# Against arithmetic with 50 digits

BERNOULLI = [Fraction(1)]
for m in range(1, 31):
    lower = sum(math.comb(m + 1, j) * b for j, b in enumerate(BERNOULLI))
    BERNOULLI.append(-lower / (m + 1))


def log_gamma(x):
    """log Gamma of a Decimal by Stirling's series, shifted to where 15 terms give 40 digits."""
    shift = Decimal(1)
    while x < 60:
        shift, x = shift * x, x + 1
    log_two_pi = (2 * Decimal("3.14159265358979323846264338327950288419716939937510582")).ln()
    series = (x - Decimal("0.5")) * x.ln() - x + log_two_pi / 2
    for n in range(1, 16):
        b = Decimal(BERNOULLI[2 * n].numerator) / BERNOULLI[2 * n].denominator
        series += b / (2 * n * (2 * n - 1) * x ** (2 * n - 1))
    return series - shift.ln()


def exact_log_poisson(k, mean):
    return k * mean.ln() - mean - log_gamma(Decimal(k) + 1)


HUGE = 10**9
COUNTS = [(1, 1), (0, HUGE), (HUGE, 0), (3, HUGE), (HUGE, HUGE), (HUGE, HUGE - 70_000), (999, 15)]
PERIODS = [(1, 1), (40, 60.5)]


def ratios_of(units, periods):
    """The best ratio, ratios around it at the scale of its error, and ratios far from it."""
    best = (units[1] + 0.5) / periods[1] / ((units[0] + 0.5) / periods[0])
    error = (1 / (units[0] + 1) + 1 / (units[1] + 1)) ** 0.5
    return best * np.exp([0, -error, error, 5 * error, -3, 3])


# Rounding the mean of 10^9 sales to 2^-53 moves the likelihood by sqrt(10^9) * 2^-53 = 4e-12 at one
# standard error from its maximum, and in proportion to its value further out.
@pytest.mark.parametrize("units", COUNTS)
@pytest.mark.parametrize("periods", PERIODS)
def test_likelihoods_have_full_precision_up_to_a_billion_sales(units, periods):
    change = change_of(*units, *periods)
    for alpha in ratios_of(units, periods):
        with localcontext(prec=50):
            n1, n2, a = (Decimal(float(x)) for x in (*periods, alpha))
            total, exposure = sum(units), n1 + a * n2
            split = exact_log_poisson(units[0], total * n1 / exposure)
            split += exact_log_poisson(units[1], total * a * n2 / exposure)
            conditional = split - exact_log_poisson(total, Decimal(total))
        assert_allclose(et.profile_log_likelihood(alpha, change), float(split), rtol=1e-12)
        actual = et.conditional_log_likelihood(alpha, change)
        assert_allclose(actual, float(conditional), rtol=1e-12, atol=1e-13)
        rate = units[0] / periods[0] + 0.25
        with localcontext(prec=50):
            mean = Decimal(rate) * n1
            joint = exact_log_poisson(units[0], mean)
            joint += exact_log_poisson(units[1], mean / n1 * n2 * a)
        assert_allclose(et.joint_log_likelihood(rate, alpha, change), float(joint), rtol=1e-12)


@pytest.mark.parametrize("units", [(0, 0), *COUNTS])
@pytest.mark.parametrize("prior", [(2, 0.2), (0.5, 1e-6), (1e-3, 1e-3), (1e6, 30), (1, 1e4)])
def test_marginal_likelihood_has_full_precision_up_to_a_billion_sales(units, prior):
    """The exact value is Poisson pmfs times a Gamma density, integrated in closed form."""
    periods = (40, 60.5)
    change = change_of(*units, *periods)
    for alpha in ratios_of(units, periods):
        with localcontext(prec=50):
            n1, n2, a = (Decimal(float(x)) for x in (*periods, alpha))
            shape, rate = (Decimal(float(x)) for x in prior)
            total, mean2 = sum(units), a * n2
            exact = units[0] * n1.ln() + units[1] * mean2.ln() + shape * rate.ln()
            exact -= log_gamma(Decimal(units[0] + 1)) + log_gamma(Decimal(units[1] + 1))
            exact += log_gamma(shape + total) - log_gamma(shape)
            exact -= (shape + total) * (rate + n1 + mean2).ln()
        actual = et.marginal_log_likelihood(alpha, change, shape=prior[0], rate=prior[1])
        assert_allclose(actual, float(exact), rtol=1e-12, atol=1e-13)


# Against SciPy, quadrature and enumeration


@given(changes, st.floats(0.01, 100), ratio)
def test_joint_likelihood_is_two_poisson_probabilities(change, rate, alpha):
    expected = stats.poisson.logpmf(change.units_before, rate * change.days_before)
    expected += stats.poisson.logpmf(change.units_after, rate * alpha * change.days_after)
    actual = et.joint_log_likelihood(rate, alpha, change)
    # SciPy's own rounding: a few units in the last place of terms near k log k
    assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)


@given(changes, ratio)
def test_conditional_likelihood_is_binomial(change, alpha):
    share = alpha * change.days_after / (change.days_before + alpha * change.days_after)
    total = change.units_before + change.units_after
    expected = stats.binom.logpmf(change.units_after, total, share)
    actual = et.conditional_log_likelihood(alpha, change)
    assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)


@given(changes, ratio, st.floats(0.1, 20), st.floats(0.01, 20))
def test_marginal_likelihood_is_negative_binomial_times_binomial(change, alpha, shape, rate):
    total = change.units_before + change.units_after
    after = alpha * change.days_after
    exposure = change.days_before + after
    expected = stats.nbinom.logpmf(total, shape, rate / (rate + exposure))
    expected += stats.binom.logpmf(change.units_after, total, after / exposure)
    actual = et.marginal_log_likelihood(alpha, change, shape=shape, rate=rate)
    assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


@given(changes, ratio)
def test_profile_is_the_maximum_over_the_rate(change, alpha):
    best = (change.units_before + change.units_after) / (
        change.days_before + alpha * change.days_after
    )
    rates = best * np.array([1, 0.5, 0.99, 1.01, 2])
    joint = et.joint_log_likelihood(rates, alpha, change)
    profile = et.profile_log_likelihood(alpha, change)
    assert_allclose(joint[0], profile, rtol=1e-12, atol=1e-12)
    assert (joint <= profile + 1e-10).all()


@given(changes.filter(lambda change: change.units_before + change.units_after > 0))
def test_three_roads_without_a_prior_meet(change):
    alpha = np.geomspace(0.01, 100, 9)
    conditional = et.conditional_log_likelihood(alpha, change)
    profile = et.profile_log_likelihood(alpha, change)
    integrated = et.marginal_log_likelihood(alpha, change, shape=0, rate=0)
    assert np.ptp(profile - conditional) < 1e-10
    assert np.ptp(integrated - conditional) < 1e-10


@given(changes.filter(lambda change: change.units_before * change.units_after > 0))
def test_all_three_are_greatest_at_the_ratio_of_the_rates(change):
    best = change.rate_after / change.rate_before
    alpha = best * np.array([1, 0.5, 0.99, 1.01, 2])
    for likelihood in (et.conditional_log_likelihood, et.profile_log_likelihood):
        values = likelihood(alpha, change)
        assert (values[0] >= values[1:]).all()
    integrated = et.marginal_log_likelihood(alpha, change, shape=0, rate=0)
    assert (integrated[0] >= integrated[1:]).all()


@pytest.mark.parametrize("units", [(0, 0), (7, 3), (0, 5), (40, 55)])
@pytest.mark.parametrize("alpha", [0, 0.6, 1.6])
@pytest.mark.parametrize("prior", [(2, 0.1), (0.5, 0.5)])
def test_marginal_likelihood_matches_quadrature(units, alpha, prior):
    change = change_of(*units, days_before=1.5, days_after=2)

    def joint(rate):
        density = stats.gamma.pdf(rate, prior[0], scale=1 / prior[1])
        return density * stats.poisson.pmf(units, rate * np.array([1.5, 2 * alpha])).prod()

    pieces = [0, 1e-6, 1e-3, 0.1, 1, 5, 10, 20, 40, 80, 200]
    reference = sum(
        integrate.quad(joint, *piece, epsabs=0, epsrel=1e-11)[0]
        for piece in itertools.pairwise(pieces)
    )
    actual = np.exp(et.marginal_log_likelihood(alpha, change, shape=prior[0], rate=prior[1]))
    # a density like 1/sqrt(rate) at 0 costs the quadrature some digits
    assert_allclose(actual, reference, rtol=1e-8)


@pytest.mark.parametrize("shape", [0, 0.5, 1])
def test_improper_marginal_likelihood_matches_quadrature_up_to_its_constant(shape):
    change = change_of(7, 10, days_before=1.5, days_after=2)

    def log_integral(alpha):
        def integrand(rate):
            means = rate * np.array([1.5, 2 * alpha])
            return rate ** (shape - 1) * stats.poisson.pmf([7, 10], means).prod()

        return np.log(integrate.quad(integrand, 0, 60, points=[1, 3, 5, 10, 20])[0])

    alpha = np.array([0.4, 0.8, 1.2, 2.5])
    expected = np.array([log_integral(a) for a in alpha])
    actual = et.marginal_log_likelihood(alpha, change, shape=shape, rate=0)
    assert np.ptp(actual - expected) < 1e-7  # the absolute error of quad


@pytest.mark.parametrize("alpha", [0, 0.3, 1, 4])
@pytest.mark.parametrize("prior", [(2, 10), (0.5, 3)])
def test_marginal_probabilities_of_all_counts_sum_to_one(alpha, prior):
    change = grid_of_changes(150, days_before=1.5, days_after=0.5)
    mass = np.exp(et.marginal_log_likelihood(alpha, change, shape=prior[0], rate=prior[1]))
    assert_allclose(mass.sum(), 1, rtol=1e-12)


@pytest.mark.parametrize("units", [0, 1, 13])
def test_conditional_probabilities_of_all_splits_sum_to_one(units):
    splits = [change_of(units - k, k, 2, 3.5) for k in range(units + 1)]
    mass = sum(np.exp(et.conditional_log_likelihood([0, 0.3, 1, 5], split)) for split in splits)
    assert_allclose(mass, 1, rtol=1e-13)


@given(changes, ratio, st.floats(0.1, 100))
def test_a_longer_day_shifts_no_conditional_likelihood(change, alpha, factor):
    """Days enter by their ratio only: hours or weeks would tell the same of the rate ratio."""
    prices = change.price_before, change.price_after
    units = change.units_before, change.units_after
    rescaled = et.PriceChange(
        *prices, *units, change.days_before * factor, change.days_after * factor
    )
    expected = et.conditional_log_likelihood(alpha, change)
    actual = et.conditional_log_likelihood(alpha, rescaled)
    assert_allclose(actual, expected, rtol=1e-11, atol=1e-11)


def test_impossible_counts_have_log_probability_minus_infinity():
    sold_after, none_after = change_of(3, 1), change_of(3, 0)
    prior = dict(shape=2, rate=1)
    assert et.joint_log_likelihood(0, 1, sold_after) == -np.inf
    assert et.joint_log_likelihood(2, 0, sold_after) == -np.inf
    assert et.conditional_log_likelihood(0, sold_after) == -np.inf
    assert et.profile_log_likelihood(0, sold_after) == -np.inf
    assert et.marginal_log_likelihood(0, sold_after, **prior) == -np.inf
    assert et.conditional_log_likelihood(0, none_after) == 0
    assert et.joint_log_likelihood(0, 1, change_of(0, 0)) == 0
    assert_allclose(et.joint_log_likelihood(2, 0, none_after), np.log(8 * np.exp(-2) / 6))


def test_likelihoods_keep_the_shape_of_their_arguments():
    change, alpha = change_of(7, 3), np.full((2, 3), 0.7)
    assert et.joint_log_likelihood(np.full((4, 1), 2.0), [0.5, 1, 2], change).shape == (4, 3)
    assert et.conditional_log_likelihood(alpha, change).shape == (2, 3)
    assert et.profile_log_likelihood(alpha, change).shape == (2, 3)
    assert et.marginal_log_likelihood(alpha, change, shape=2, rate=1).shape == (2, 3)
    assert np.ndim(et.marginal_log_likelihood(0.7, change, shape=2, rate=1)) == 0


# What a price change takes and refuses

VALID = dict(
    price_before=10, price_after=11, units_before=7, units_after=3, days_before=4, days_after=2.5
)
POSITIVE = ["price_before", "price_after", "days_before", "days_after"]
UNITS = ["units_before", "units_after"]


def test_price_change_keeps_its_numbers_as_plain_numbers():
    change = et.PriceChange(np.float32(10), np.int64(11), np.int32(7), 3.0, np.array(4), 2.5)
    assert change == et.PriceChange(**VALID)
    assert type(change.units_before) is type(change.units_after) is int
    assert type(change.price_before) is type(change.days_after) is float
    assert (change.rate_before, change.rate_after) == (7 / 4, 3 / 2.5)
    with pytest.raises(FrozenInstanceError):
        change.units_before = 8


@pytest.mark.parametrize("units", [(0, 0), (0, 5), (5, 0), (HUGE, HUGE), (2**53, 0)])
def test_zero_and_very_large_counts_are_data(units):
    change = change_of(*units)
    assert (change.units_before, change.units_after) == units


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("bad", [0, -1, -0.5, float("nan"), float("inf"), -float("inf")])
def test_prices_and_days_must_be_positive(name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be a finite number above 0; got {bad}"):
        et.PriceChange(**VALID | {name: bad})


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("bad", [-1, 2.5, float("nan"), float("inf")])
def test_units_must_be_whole_and_not_negative(name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be a whole number, 0 or more; got {bad}"):
        et.PriceChange(**VALID | {name: bad})


@pytest.mark.parametrize("name", UNITS)
def test_a_count_that_no_float_holds_is_not_changed_silently(name):
    with pytest.raises(ValueError, match=f"^{name} must be .*; got {2**53 + 1}"):
        et.PriceChange(**VALID | {name: 2**53 + 1})


@pytest.mark.parametrize("name", list(VALID))
@pytest.mark.parametrize("bad", ["10", None, True, np.True_, [10], np.array([10]), 1j, b"1"])
def test_what_is_no_number_is_refused(name, bad):
    with pytest.raises(TypeError, match=f"^{name} must be a number; got "):
        et.PriceChange(**VALID | {name: bad})


@pytest.mark.parametrize("name", list(VALID))
def test_a_number_too_large_for_a_float_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"^{name} must be "):
        et.PriceChange(**VALID | {name: 10**400})


RATIO_FUNCTIONS = [
    lambda alpha: et.conditional_log_likelihood(alpha, change_of(7, 3)),
    lambda alpha: et.profile_log_likelihood(alpha, change_of(7, 3)),
    lambda alpha: et.joint_log_likelihood(2.0, alpha, change_of(7, 3)),
    lambda alpha: et.marginal_log_likelihood(alpha, change_of(7, 3), shape=2, rate=1),
]


@pytest.mark.parametrize("function", RATIO_FUNCTIONS)
def test_ratios_must_be_finite_and_not_negative(function):
    for bad in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"^rate_ratio must be a finite number, .*got {bad}"):
            function(bad)
        with pytest.raises(ValueError, match=f"got {bad} at index 1"):
            function([1, bad])
    for bad in ("1", None, [1, "2"]):
        with pytest.raises(TypeError, match=r"^rate_ratio must hold numbers; got "):
            function(bad)


@pytest.mark.parametrize("bad", [-1, np.nan, np.inf])
def test_rates_must_be_finite_and_not_negative(bad):
    with pytest.raises(ValueError, match=f"^rate_before must be a finite number, .*got {bad}"):
        et.joint_log_likelihood(bad, 1, change_of(7, 3))
    with pytest.raises(TypeError, match=r"^rate_before must hold numbers; got '2'"):
        et.joint_log_likelihood("2", 1, change_of(7, 3))


@pytest.mark.parametrize("name", ["shape", "rate"])
def test_priors_must_be_finite_and_not_negative(name):
    prior = dict(shape=2, rate=1)
    for bad in (-1, float("nan"), float("inf")):
        message = f"^{name} must be a finite number, 0 or more; got {bad}"
        with pytest.raises(ValueError, match=message):
            et.marginal_log_likelihood(1, change_of(7, 3), **prior | {name: bad})
    for bad in ("2", None, True, [2]):
        with pytest.raises(TypeError, match=f"^{name} must be a number; got "):
            et.marginal_log_likelihood(1, change_of(7, 3), **prior | {name: bad})


def test_priors_that_are_no_gamma_are_refused():
    message = r"^shape must be above 0 when rate is; got shape=0\.0, rate=1\.0"
    with pytest.raises(ValueError, match=message):
        et.marginal_log_likelihood(1, change_of(7, 3), shape=0, rate=1)
    message = "^units_before and units_after are both 0: .* diverges; give a prior with shape > 0"
    with pytest.raises(ValueError, match=message):
        et.marginal_log_likelihood(1, change_of(0, 0), shape=0, rate=0)


@pytest.mark.parametrize(
    "likelihood",
    [
        et.conditional_log_likelihood,
        et.profile_log_likelihood,
        partial(et.marginal_log_likelihood, shape=1, rate=1),
        partial(et.joint_log_likelihood, 1.0),
    ],
)
def test_only_a_price_change_is_accepted_as_one(likelihood):
    with pytest.raises(TypeError, match=r"^change must be a PriceChange; got "):
        likelihood(0.7, 0.7)


def test_shapes_that_do_not_broadcast_are_refused_by_name():
    with pytest.raises(ValueError, match=r"rate_before \(2,\), rate_ratio \(3,\)"):
        et.joint_log_likelihood(np.ones(2), np.ones(3), et.PriceChange(**VALID))
