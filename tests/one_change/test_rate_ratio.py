"""Interval, posterior and planning of one price change, by definition and by brute force."""

import itertools
from functools import cache

import numpy as np
import pytest
from conftest import cases_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import differentiate, integrate, optimize, special, stats

import elastic_tutorial as et

HUGE = 10**9
count = st.one_of(st.integers(0, 300), st.sampled_from([10**6, HUGE]))
days = st.floats(0.1, 100)
probability = st.floats(0.01, 0.999)
prices = st.sampled_from([(10, 11), (11, 10), (1, 3), (100, 100.5), (5, 1)])
counts = st.tuples(count, count)
periods = st.tuples(days, days)


def change_of(units, periods=(40, 60), prices=(10, 11)):
    return et.PriceChange(*prices, *units, *periods)


def share_after(ratio, change):
    """Probability that a sale falls in the period after."""
    return ratio * change.days_after / (change.days_before + ratio * change.days_after)


# The exact interval


@pytest.mark.parametrize(
    "case",
    cases_of(
        "poisson_ratio_exact",
        ids="poi01_R_help_example poi02_rateratio_help poi05_gu2008_ex1 poi07_exactci_r12 "
        "poi10_seed_equal_periods poi13_zero_numerator",
    ),
)
def test_published_intervals(case):
    """R's ratio is the first over the second: its first is our after."""
    world, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    change = change_of(world["k"][::-1], world["exposure"][::-1])
    interval = et.rate_ratio_interval(change, prob=world.get("conf_level", 0.95))
    assert_allclose(change.rate_after / change.rate_before, expected["ratio"], rtol=1e-9)
    assert tolerance.keys() & {"ci_rel", "ci_abs"}
    within = dict(rtol=tolerance.get("ci_rel", 0), atol=tolerance.get("ci_abs", 0))
    assert_allclose(interval, expected["ci"], **within)


def test_interval_of_two_sales_against_nine():
    change = change_of((9, 2), (16_660, 17_877))
    interval = et.rate_ratio_interval(change, prob=0.95)
    assert_allclose(interval, (0.0217740628, 1.0005491045), atol=5e-11)


@given(counts, periods, probability)
def test_limits_are_where_the_binomial_tails_reach_half_the_rest(units, periods, prob):
    change = change_of(units, periods)
    lower, upper = et.rate_ratio_interval(change, prob=prob)
    total, tail = sum(units), (1 - prob) / 2
    # of 10^9 sales a share rounded to 2^-53 moves a tail by about 1e-8 of itself
    if units[1]:
        at_lower = stats.binom.sf(units[1] - 1, total, share_after(lower, change))
        assert_allclose(at_lower, tail, rtol=1e-6)
    if units[0]:
        at_upper = stats.binom.sf(units[0] - 1, total, 1 - share_after(upper, change))
        assert_allclose(at_upper, tail, rtol=1e-6)


@given(counts, periods, probability)
def test_interval_holds_the_estimate_and_its_open_ends_are_those_of_no_sales(units, periods, prob):
    change = change_of(units, periods)
    lower, upper = et.rate_ratio_interval(change, prob=prob)
    assert (lower == 0) == (units[1] == 0)
    assert np.isinf(upper) == (units[0] == 0)
    assert type(lower) is type(upper) is float
    if min(units) > 0:
        assert lower <= change.rate_after / change.rate_before <= upper


@given(st.integers(1, 300), st.integers(1, 300), periods, probability)
def test_swapping_the_periods_inverts_the_interval(k1, k2, periods, prob):
    lower, upper = et.rate_ratio_interval(change_of((k1, k2), periods), prob=prob)
    swapped = et.rate_ratio_interval(change_of((k2, k1), periods[::-1]), prob=prob)
    assert_allclose(swapped, (1 / upper, 1 / lower), rtol=1e-11)


@given(counts, periods, st.floats(0.01, 0.98))
def test_more_confidence_is_a_wider_interval(units, periods, prob):
    change = change_of(units, periods)
    lower, upper = et.rate_ratio_interval(change, prob=prob)
    wide_lower, wide_upper = et.rate_ratio_interval(change, prob=prob + 0.01)
    assert wide_lower < lower or units[1] == 0
    assert wide_upper > upper or units[0] == 0


@given(st.integers(0, 300), st.integers(0, 300), periods, probability)
def test_more_sales_after_move_both_limits_up(k1, k2, periods, prob):
    lower, upper = et.rate_ratio_interval(change_of((k1, k2), periods), prob=prob)
    higher = et.rate_ratio_interval(change_of((k1, k2 + 1), periods), prob=prob)
    assert higher[0] > lower
    assert higher[1] > upper or k1 == 0


@cache
def all_intervals(most, periods, prob):
    pairs = itertools.product(range(most), repeat=2)
    limits = [et.rate_ratio_interval(change_of(pair, periods), prob=prob) for pair in pairs]
    return np.reshape(limits, (most, most, 2)).transpose(2, 0, 1)


@pytest.mark.parametrize("prob", [0.5, 0.95])
@pytest.mark.parametrize("rate", [0.01, 0.3, 1.5])
@pytest.mark.parametrize("ratio", [0.2, 0.7, 1, 3])
def test_coverage_is_never_below_the_stated_one(prob, rate, ratio):
    """All counts with any probability to speak of, enumerated."""
    most, periods = 50, (3, 4.5)
    lower, upper = all_intervals(most, periods, prob)
    k = np.arange(most)
    before = stats.poisson.pmf(k, rate * periods[0])
    after = stats.poisson.pmf(k, rate * ratio * periods[1])
    covered = (lower <= ratio) & (ratio <= upper)
    assert before @ covered @ after >= prob - 1e-8  # the mass of the counts left out
    for side in (lower <= ratio, ratio <= upper):  # and each tail by itself
        assert before @ side @ after >= 1 - (1 - prob) / 2 - 1e-8


# The posterior of the rate ratio


@pytest.mark.parametrize(
    "case",
    cases_of(
        "poisson_ratio_bayes",
        ids="bay01_jeffreys_R_example bay03_flat_dagostini bay04_seed_equal_jeffreys "
        "bay06_seed_gamma2_02",
    ),
)
def test_posterior_cases(case):
    world, expected = case["inputs"], case["expected"]
    assert world["prior1"] == world["prior2"]
    shape, rate = world["prior1"]
    change = change_of((world["k1"], world["k2"]), (world["N1"], world["N2"]))
    posterior = et.rate_ratio_posterior(change, shape=shape, rate=rate)

    def slope(value):
        return differentiate.derivative(posterior.logpdf, value, initial_step=0.02).df

    actual = {
        "q025": posterior.ppf(0.025),
        "median": posterior.median(),
        "q975": posterior.ppf(0.975),
        "prob_alpha_lt_1": posterior.cdf(1),
        "mean": posterior.mean(),
        "sd": posterior.std(),
        "mode": optimize.brentq(slope, expected["q025"], expected["q975"], xtol=1e-14),
    }
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        assert_allclose(actual[name], value, rtol=case["tolerance"]["rel"], err_msg=name)


@pytest.mark.parametrize("prior", [(0.5, 0), (1, 0), (2, 3.5)])
def test_posterior_is_the_ratio_of_two_gamma_laws(prior):
    shape, rate = prior
    change = change_of((7, 3), (4, 2.5))
    rng = np.random.default_rng(1)
    before = rng.gamma(shape + 7, size=100_000) / (rate + 4)
    after = rng.gamma(shape + 3, size=100_000) / (rate + 2.5)
    posterior = et.rate_ratio_posterior(change, shape=shape, rate=rate)
    assert stats.kstest(after / before, posterior.cdf).pvalue > 1e-4


@given(st.integers(0, 300), st.integers(0, 300), periods, st.floats(0.1, 5), st.floats(0, 9))
def test_posterior_of_the_swapped_change_is_that_of_the_inverse(k1, k2, periods, shape, rate):
    prior = dict(shape=shape, rate=rate)
    posterior = et.rate_ratio_posterior(change_of((k1, k2), periods), **prior)
    swapped = et.rate_ratio_posterior(change_of((k2, k1), periods[::-1]), **prior)
    value = posterior.median()
    assert_allclose(swapped.sf(1 / value), posterior.cdf(value), rtol=1e-9)


def test_jeffreys_prior_is_the_default():
    change = change_of((0, 3))
    explicit = et.rate_ratio_posterior(change, shape=0.5, rate=0)
    assert et.rate_ratio_posterior(change).ppf(0.3) == explicit.ppf(0.3)
    explicit = et.arc_elasticity_posterior(change, shape=0.5, rate=0)
    assert et.arc_elasticity_posterior(change).ppf(0.3) == explicit.ppf(0.3)


def test_exact_interval_joins_two_posteriors_without_a_prior():
    """Clopper-Pearson: the lower limit as if one more were sold before, the upper one after."""
    lower, upper = et.rate_ratio_interval(change_of((7, 3)), prob=0.9)
    one_more_before = et.rate_ratio_posterior(change_of((8, 3)), shape=0)
    one_more_after = et.rate_ratio_posterior(change_of((7, 4)), shape=0)
    assert_allclose([lower, upper], [one_more_before.ppf(0.05), one_more_after.ppf(0.95)])


@pytest.mark.parametrize("units", [(0, HUGE), (HUGE, 0), (HUGE, HUGE), (1, HUGE)])
def test_posterior_quantiles_hold_at_extreme_counts(units):
    """Against the beta law of the share, whose quantiles SciPy has from another routine."""
    posterior = et.rate_ratio_posterior(change_of(units))
    tails = np.array([1e-12, 0.025, 0.5, 0.975])
    assert_allclose(posterior.cdf(posterior.ppf(tails)), tails, rtol=1e-5)
    small = special.betaincinv(units[1] + 0.5, units[0] + 0.5, tails)
    rest = special.betaincinv(units[0] + 0.5, units[1] + 0.5, 1 - tails)
    assert_allclose(posterior.ppf(tails)[1:], (40 / 60 * small / rest)[1:], rtol=1e-7)


# The posterior of the arc elasticity


def arc_of(ratio, change):
    return et.arc_elasticity_from_ratio(change.price_before, change.price_after, ratio)


@given(counts, periods, prices, st.floats(0.001, 0.999))
def test_arc_posterior_is_the_transformed_ratio_posterior(units, periods, prices, prob):
    change = change_of(units, periods, prices)
    ratio, arc = et.rate_ratio_posterior(change), et.arc_elasticity_posterior(change)
    value = ratio.ppf(prob)
    tail = prob if prices[1] > prices[0] else 1 - prob
    assert_allclose(arc.ppf(tail), arc_of(value, change), rtol=1e-7, atol=1e-9)


@given(st.integers(0, 300), st.integers(0, 300), periods, prices, st.floats(0.001, 0.999))
def test_arc_posterior_is_consistent_with_itself(k1, k2, periods, prices, prob):
    arc = et.arc_elasticity_posterior(change_of((k1, k2), periods, prices))
    value = arc.ppf(prob)
    low, high = arc.support()
    assert low < value < high
    # next to an end of the support a float leaves the probability fewer digits
    room = 1e-15 * high / min(value - low, high - value)
    within = dict(rtol=1e-9 + 300 * room, atol=1e-15)
    assert_allclose(arc.cdf(value), prob, **within)
    assert_allclose(arc.sf(value), 1 - prob, **within)
    assert_allclose(arc.isf(1 - prob), value, rtol=1e-9, atol=1e-9)


@given(st.integers(0, 300), st.integers(0, 300), periods, prices, st.floats(0.01, 0.99))
def test_arc_density_is_the_ratio_density_times_the_jacobian(k1, k2, periods, prices, prob):
    change = change_of((k1, k2), periods, prices)
    ratio, arc = et.rate_ratio_posterior(change), et.arc_elasticity_posterior(change)
    alpha, step = ratio.ppf(prob), (prices[1] - prices[0]) / sum(prices)
    expected = ratio.pdf(alpha) * abs(step) * (alpha + 1) ** 2 / 2
    assert_allclose(arc.pdf(arc_of(alpha, change)), expected, rtol=1e-5)


@pytest.mark.parametrize("units", [(1, 1), (7, 3), (400, 280), (0, 30), (10**6, 10**6)])
@pytest.mark.parametrize("prices", [(10, 11), (11, 10), (1, 3)])
def test_arc_density_integrates_to_the_distribution_function(units, prices):
    arc = et.arc_elasticity_posterior(change_of(units, prices=prices), shape=1)
    cuts = arc.ppf([1e-9, 1e-6, 0.01, 0.1, 0.5, 0.9, 0.99, 1 - 1e-6, 1 - 1e-9])
    mass = [integrate.quad(arc.pdf, *pair)[0] for pair in itertools.pairwise(cuts)]
    assert_allclose(mass, np.diff(arc.cdf(cuts)), atol=1e-9)
    assert_allclose(sum(mass), 1, rtol=1e-8)


def test_arc_density_of_no_sales_integrates_to_one():
    """Jeffreys' prior alone: infinite at both ends, yet of mass 1."""
    arc = et.arc_elasticity_posterior(change_of((0, 0)))
    halves = [integrate.quad(arc.pdf, *pair, limit=200)[0] for pair in [(-21, 0), (0, 21)]]
    assert_allclose(sum(halves), 1, rtol=1e-6)


@pytest.mark.parametrize("units, prices", [((400, 280), (10, 11)), ((3, 0), (11, 10))])
def test_arc_draws_follow_the_distribution_function(units, prices):
    arc = et.arc_elasticity_posterior(change_of(units, prices=prices))
    draws = arc.rvs(100_000, random_state=np.random.default_rng(2))
    assert stats.kstest(draws, arc.cdf).pvalue > 1e-4
    assert_allclose(arc.rvs(5, random_state=3), arc.rvs(5, random_state=3))
    assert arc.rvs((2, 3), random_state=np.random.default_rng(4)).shape == (2, 3)


@pytest.mark.parametrize("prices", [(10, 11), (11, 10)])
@pytest.mark.parametrize(
    "units", [(0, 0), (7, 3), (400, 280), (0, HUGE), (HUGE, 0), (1, HUGE), (HUGE, HUGE)]
)
def test_arc_mean_and_standard_deviation(units, prices):
    """Quadrature over quantiles of the ratio, distances taken from the median to keep digits."""
    change = change_of(units, prices=prices)
    ratio, arc = et.rate_ratio_posterior(change), et.arc_elasticity_posterior(change)
    step = (prices[1] - prices[0]) / sum(prices)
    center = ratio.median()

    def distance(alpha):  # from the arc of the median: a difference of (a - 1) / (a + 1)
        return 2 * (alpha - center) / (alpha + 1) / (center + 1) / step

    def moment(power):
        def integrand(q):
            return distance(ratio.ppf(q)) ** power + distance(ratio.isf(q)) ** power

        cuts = [1e-13, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 0.5]
        return sum(integrate.quad(integrand, *pair)[0] for pair in itertools.pairwise(cuts))

    mean_distance = moment(1)
    assert_allclose(arc.mean(), arc_of(center, change) + mean_distance, rtol=1e-7)
    assert_allclose(arc.std(), np.sqrt(moment(2) - mean_distance**2), rtol=1e-5)


def test_arc_of_no_sales_covers_all_that_the_price_change_allows():
    arc = et.arc_elasticity_posterior(change_of((0, 0), (40, 40)))
    assert arc.support() == pytest.approx((-21, 21))
    assert_allclose(arc.ppf([0, 0.5, 1]), [-21, 0, 21], atol=1e-12)
    assert_allclose(arc.cdf([-22, -21, 0, 21, 22]), [0, 0, 0.5, 1, 1], atol=1e-15)
    assert (arc.pdf([-22, 22]) == 0).all()


@pytest.mark.parametrize("tail", [1e-5, 1e-12, 1e-20, 1e-100])
@pytest.mark.parametrize("prices", [(10, 11), (11, 10)])
def test_far_tails_of_the_arc_keep_their_digits(tail, prices):
    """An upper tail of 1e-20 is as good as a lower one, whichever way the price went."""
    change = change_of((400, 280), prices=prices)
    ratio, arc = et.rate_ratio_posterior(change), et.arc_elasticity_posterior(change)
    factor, after, before = 40 / 60, 280.5, 400.5

    def odds(first, second):
        return special.betaincinv(first, second, tail) / special.betainccinv(second, first, tail)

    low, high = factor * odds(after, before), factor / odds(before, after)
    assert_allclose(ratio.cdf(low), tail, rtol=1e-9)
    ends = sorted([arc_of(low, change), arc_of(high, change)])
    assert_allclose([arc.cdf(ends[0]), arc.sf(ends[1])], [tail, tail], rtol=1e-8)
    assert_allclose([arc.ppf(tail), arc.isf(tail)], ends, rtol=1e-9)


# Days needed


def half_width(change, prob):
    arcs = arc_of(np.array(et.rate_ratio_interval(change, prob=prob)), change)
    return abs(arcs[1] - arcs[0]) / 2


# Rates and elasticities whose expected counts are whole on every day.
@pytest.mark.parametrize(
    "rate, prices, elasticity, rate_after",
    [
        (11, (10, 11), -1, 10),
        (12, (10, 11), -3, 9),
        (12, (11, 10), -3, 16),
        (5, (10, 20), -2, 1),
    ],
)
@pytest.mark.parametrize("target", [0.4, 2.0])
@pytest.mark.parametrize("prob", [0.8, 0.95])
def test_days_for_a_half_width(rate, prices, elasticity, rate_after, target, prob):
    assert_allclose(et.quantity_after(*prices, rate, elasticity), rate_after)
    days = et.days_needed(rate, *prices, elasticity=elasticity, half_width=target, prob=prob)
    widths = [
        half_width(change_of((rate * d, rate_after * d), (d, d), prices), prob)
        for d in range(1, days + 1)
    ]
    assert all(width > target for width in widths[:-1])
    assert widths[-1] <= target


def brute_power(means, null_ratio, prob):
    """Probability that the interval leaves out the null, over all pairs of counts."""
    most = int(max(means) + 9 * max(means) ** 0.5 + 10)
    lower, upper = all_intervals(most, (1, 1), prob)
    before, after = (stats.poisson.pmf(np.arange(most), mean) for mean in means)
    return before @ ((null_ratio < lower) | (null_ratio > upper)) @ after


@pytest.mark.parametrize(
    "rate, prices, elasticity, exclude, prob, power",
    [
        (5, (10, 20), -2, -0.5, 0.95, 0.8),
        (5, (10, 20), -2, 0, 0.9, 0.5),
        (2.5, (20, 10), -1.5, 1, 0.95, 0.9),
        (1, (10, 20), 0.5, -1.5, 0.8, 0.6),
        (0.2, (10, 30), -1.9, 0, 0.5, 0.3),
    ],
)
def test_days_for_a_power(rate, prices, elasticity, exclude, prob, power):
    """The first day with the power, by a double sum over the counts of every day before it."""
    ratio = et.quantity_after(*prices, 1, elasticity)
    null_ratio = et.quantity_after(*prices, 1, exclude)
    days = et.days_needed(
        rate, *prices, elasticity=elasticity, exclude=exclude, prob=prob, power=power
    )
    powers = [
        brute_power((rate * d, rate * ratio * d), null_ratio, prob) for d in range(1, days + 1)
    ]
    assert powers[-1] >= power
    assert max(powers[:-1], default=0) < power


def excluded(units, null_ratio, prob):
    """Whether the exact intervals of equal periods leave out the null; columns of units."""
    before, after = units
    tail, share = (1 - prob) / 2, null_ratio / (1 + null_ratio)
    above = special.betainc(after, before + 1.0, share) < tail
    below = special.betaincc(after + 1.0, before, share) < tail
    return (above & (after > 0)) | (below & (before > 0))


@pytest.mark.parametrize("rate, exclude", [(10, -1), (1000, -2.4)])
def test_power_of_simulated_price_changes(rate, exclude):
    """The second plan takes so many sales that its mean over totals is thinned out."""
    ratio, null_ratio = et.quantity_after(10, 11, 1, np.array([-2.5, exclude]))
    days = et.days_needed(rate, 10, 11, elasticity=-2.5, exclude=exclude)
    n, rng = 200_000, np.random.default_rng(5)
    means = rate * days * np.array([[1], [ratio]])
    power = excluded(rng.poisson(means, size=(2, n)), null_ratio, 0.95).mean()
    # one day more than needed adds at most the last day's part of the power
    assert 0.8 - 4 * np.sqrt(0.16 / n) < power < 0.8 + 1 / days + 4 * np.sqrt(0.16 / n)


def test_simulated_intervals_are_those_of_the_package():
    rng = np.random.default_rng(6)
    units = rng.poisson([[20], [14]], size=(2, 300))
    limits = [et.rate_ratio_interval(change_of(pair, (1, 1)), prob=0.95) for pair in units.T]
    outside = [not lower <= 1.1 <= upper for lower, upper in limits]
    assert (excluded(units, 1.1, 0.95) == outside).all()


def test_days_depend_on_the_units_expected_not_on_their_pace():
    plan = dict(price_before=10, price_after=11, elasticity=-2.5)
    for goal in (dict(half_width=1), dict(exclude=-1)):
        daily = et.days_needed(10, **plan, **goal)
        slow = et.days_needed(0.1, **plan, **goal)
        assert 100 * (daily - 1) < slow <= 100 * daily
        assert et.days_needed(HUGE, **plan, **goal) == 1


@settings(max_examples=15)  # each plans eight times
@given(st.floats(1, 50), st.sampled_from([(10, 11), (10, 9), (4, 5)]), st.floats(-4, 2))
def test_asking_for_more_takes_no_fewer_days(rate, prices, elasticity):
    def days(**goal):
        return et.days_needed(rate, *prices, elasticity=elasticity, **goal)

    assert type(days(half_width=2)) is int
    assert 1 <= days(half_width=2, prob=0.8) <= days(half_width=2) <= days(half_width=1)
    assert days(exclude=elasticity + 3) <= days(exclude=elasticity + 1.5)
    assert days(exclude=elasticity + 2) <= days(exclude=elasticity + 2, power=0.95)
    assert days(exclude=elasticity + 2, prob=0.9) <= days(exclude=elasticity + 2, prob=0.99)


# Errors

CHANGE = change_of((7, 3))
PLAN = dict(rate_before=10, price_before=10, price_after=11, elasticity=-2.5, half_width=1)
POWER_PLAN = PLAN | dict(half_width=None, exclude=-1)
TAKES_PROB = [
    lambda prob: et.rate_ratio_interval(CHANGE, prob=prob),
    lambda prob: et.days_needed(**PLAN, prob=prob),
    lambda prob: et.days_needed(**POWER_PLAN, prob=prob),
]


@pytest.mark.parametrize("function", TAKES_PROB)
def test_impossible_probabilities_are_refused(function):
    for bad in (0, 1, -0.1, 1.5, 95, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"^prob must lie strictly between 0 and 1; got {bad}"):
            function(bad)
    for bad in ("0.9", None, True, [0.9]):
        with pytest.raises(TypeError, match=r"^prob must be a number; got "):
            function(bad)


@pytest.mark.parametrize("posterior", [et.rate_ratio_posterior, et.arc_elasticity_posterior])
def test_priors_are_checked(posterior):
    for name in ("shape", "rate"):
        for bad in (-1, float("nan"), float("inf")):
            message = f"^{name} must be a finite number, 0 or more; got {bad}"
            with pytest.raises(ValueError, match=message):
                posterior(CHANGE, **{name: bad})
        for bad in ("1", None, False):
            with pytest.raises(TypeError, match=f"^{name} must be a number; got "):
                posterior(CHANGE, **{name: bad})
    with pytest.raises(ValueError, match=r"^shape must be above 0 when rate is; got shape=0"):
        posterior(CHANGE, shape=0, rate=1)


@pytest.mark.parametrize("posterior", [et.rate_ratio_posterior, et.arc_elasticity_posterior])
@pytest.mark.parametrize(
    "name, units", [("units_before", (0, 3)), ("units_after", (3, 0)), ("units_before", (0, 0))]
)
def test_improper_posteriors_are_refused(posterior, name, units):
    message = f"^{name} is 0: with shape=0 the posterior is improper; give a shape above 0"
    with pytest.raises(ValueError, match=message):
        posterior(change_of(units), shape=0)
    assert 0 < posterior(change_of(units)).sf(0.3) < 1


def test_a_placebo_has_a_rate_ratio_but_no_arc():
    placebo = change_of((7, 3), prices=(10, 10))
    assert np.isfinite(et.rate_ratio_interval(placebo, prob=0.9)).all()
    assert np.isfinite(et.rate_ratio_posterior(placebo).median())
    message = r"^price_after must differ from price_before, 10\.0: "
    with pytest.raises(ValueError, match=message):
        et.arc_elasticity_posterior(placebo)
    with pytest.raises(ValueError, match=message):
        et.days_needed(**PLAN | dict(price_after=10))


@pytest.mark.parametrize("name", ["rate_before", "price_before", "price_after", "half_width"])
def test_plans_need_positive_numbers(name):
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"^{name} must be a finite number above 0; got {bad}"):
            et.days_needed(**PLAN | {name: bad})
    for bad in ("1", True, [1]):
        with pytest.raises(TypeError, match=f"^{name} must be a number; got "):
            et.days_needed(**PLAN | {name: bad})


@pytest.mark.parametrize("name", ["elasticity", "exclude"])
def test_elasticities_must_be_within_reach(name):
    for bad in (-21, 21, 30, -1e9):
        message = f"^{name} must lie strictly between -21 and 21, .*; got {bad}"
        with pytest.raises(ValueError, match=message):
            et.days_needed(**POWER_PLAN | {name: bad})
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"^{name} must be a finite number; got {bad}"):
            et.days_needed(**POWER_PLAN | {name: bad})
    for bad in ("-1", True, [1]):
        with pytest.raises(TypeError, match=f"^{name} must be a number; got "):
            et.days_needed(**POWER_PLAN | {name: bad})


def test_power_must_be_a_probability():
    for bad in (0, 1, 80, float("nan")):
        message = f"^power must lie strictly between 0 and 1; got {bad}"
        with pytest.raises(ValueError, match=message):
            et.days_needed(**POWER_PLAN, power=bad)
    with pytest.raises(TypeError, match=r"^power must be a number; got '0.8'"):
        et.days_needed(**POWER_PLAN, power="0.8")


def test_a_plan_has_one_goal():
    message = "^give exactly one of half_width and exclude; got half_width=1 and exclude=-1"
    with pytest.raises(ValueError, match=message):
        et.days_needed(**PLAN, exclude=-1)
    message = "^give exactly one of half_width and exclude; got half_width=None and exclude=None"
    with pytest.raises(ValueError, match=message):
        et.days_needed(**PLAN | dict(half_width=None))
    with pytest.raises(ValueError, match=r"^exclude must differ from elasticity, .*got -2\.5"):
        et.days_needed(**POWER_PLAN | dict(exclude=-2.5))


def test_plans_beyond_a_million_days_are_refused():
    with pytest.raises(
        ValueError, match=r"^half_width=0\.001 would take over 1,000,000 days: plan"
    ):
        et.days_needed(**PLAN | dict(rate_before=0.01, half_width=0.001))
    with pytest.raises(ValueError, match=r"^power=0\.8 would take over 1,000,000 days: plan"):
        et.days_needed(**POWER_PLAN | dict(rate_before=1e-6))


def test_a_rate_beyond_what_can_be_counted_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^rate_before must "):
        et.days_needed(**POWER_PLAN | dict(rate_before=1e300))


@pytest.mark.parametrize("rate", [1e10, 1e12])
def test_a_plan_for_a_huge_rate_ends(rate):
    with pytest.raises(ValueError, match="days: plan a larger price change"):
        et.days_needed(rate, 10, 11, elasticity=-1, exclude=-1 + 1e-9)
    assert et.days_needed(rate, 10, 11, elasticity=-2, exclude=-1) == 1


def test_only_a_price_change_is_accepted_as_one():
    for function in (et.rate_ratio_posterior, et.arc_elasticity_posterior):
        with pytest.raises(TypeError, match=r"^change must be a PriceChange; got "):
            function((10, 11, 4, 3, 1, 1))
    with pytest.raises(TypeError, match=r"^change must be a PriceChange; got "):
        et.rate_ratio_interval(None, prob=0.9)
