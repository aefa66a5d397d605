"""Questions to ask of a fit: of the sales it was made from, and those it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from elastic_tutorial.checking.before_fit import COLUMNS
from elastic_tutorial.checking.common_moves import common_moves
from elastic_tutorial.checking.coverage import inside, share_of, shares_by_group
from elastic_tutorial.checking.predict import simulate_units
from elastic_tutorial.checking.residuals import (
    neighbours,
    residuals_of,
    slope_in_next_price,
    slope_in_time,
)
from elastic_tutorial.models.labels import SKEWED, draws_of

if TYPE_CHECKING:
    import xarray as xr

    from elastic_tutorial.panels.panel import Panel

_SLACK_OF_ZEROS = 0.01  # share of cells: a smaller difference changes no decision
_ERRORS_OF_ZEROS = 3  # standard errors beyond that: of chance
_SURE = 0.95  # probability from which a product surely sells more at a higher price
_FEW_RISING = 0.01  # share of products: of many that are near 0 some look sure by chance
_LATE = 0.25  # share of the periods that count as of late
# Of the intervals for sales of late; what lies outside is rare enough to look at, and of many
# products one in a hundred lies outside by chance.
_LATE_SURE = 0.99
_LATE_PRODUCTS = 0.05  # share of products outside that is worth a word: five times what chance does
_DRAWN_AT_ONCE = 2_000_000  # numbers: 16 MB an array
# Of neighbouring residuals. At 0.2 the variance of a mean over periods is 1.5 times that of
# independent ones, (1 + 0.2) / (1 - 0.2), and an interval a fifth too narrow.
_ALIKE = 0.2


def check_fit(
    posterior: xr.DataTree,
    panel: Panel,
    *,
    test: xr.Dataset | None = None,
    n_unpriced: int = 0,
) -> pd.DataFrame:
    """Ask whether a fit describes the sales it was made from, and those it has not seen.

    Parameters
    ----------
    posterior : xarray.DataTree
        As from ``fit_laplace``.
    panel : Panel
        The one that was fitted.
    test : xarray.Dataset, optional
        As from ``back_test``.
    n_unpriced : int
        Rows without sales that are not in the panel because they had no price.

    Returns
    -------
    pandas.DataFrame, one row a check
        As from ``check_store``.

    Examples
    --------
    >>> import jax
    >>> from elastic_tutorial import fit_laplace, simulate_store
    >>> size = {"n_products": 40, "n_categories": 2, "n_periods": 10}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> options = {"intercept": "fixed", "n_draws": 100}
    >>> posterior = fit_laplace(store.panel, key=jax.random.key(1), **options)
    >>> check_fit(posterior, store.panel).index.to_list()
    ['shape of the posterior', 'rows without sales', 'rising demand', 'sales of late',
    'prices that follow demand', 'elasticity over time', 'neighbouring periods',
    'common price moves']
    """
    residuals = residuals_of(posterior, panel)
    rows = {
        "shape of the posterior": _shape(posterior),
        "rows without sales": _zeros(posterior, panel, residuals, n_unpriced),
        "rising demand": _rising(posterior),
        "sales of late": _late(posterior, panel),
        "prices that follow demand": _follow(residuals),
        "elasticity over time": _drift(residuals),
        "neighbouring periods": _neighbours(residuals),
        "common price moves": _common(posterior, panel),
    }
    if test is not None:
        rows["back-test"] = _covered(test)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    return table.rename_axis("check")


def _shape(posterior):
    odd = int((np.abs(posterior["analytic"]["skewness"]) > SKEWED).sum())
    if not odd:
        return "the mode was found, and elasticities are close to normal", "ok", "Nothing to do."
    found = f"the mode was found; {odd:,} elasticities are far from normal"
    return found, "look", "Their intervals are taken from draws; check some with fit_nuts."


def _zeros(posterior, panel, residuals, n_unpriced):
    """Share of cells without sales, in the data and in the model; the sign says what is wrong."""
    draws = draws_of(posterior)
    mean = residuals.mean[np.isfinite(residuals.mean)]
    none = np.exp(-mean)
    if "dispersion" in draws:
        dispersion = float(draws["dispersion"].mean())
        none = np.exp(-np.log1p(dispersion * mean) / dispersion)
    units = panel.units[residuals.rows]
    seen, expected = float((units[np.isfinite(units)] == 0).mean()), float(none.mean())
    slack = _SLACK_OF_ZEROS + _ERRORS_OF_ZEROS * np.sqrt((none * (1 - none)).mean() / none.size)
    found = f"{seen:.1%} of the rows have 0 units, where the fit expects {expected:.1%}"
    biased = "Without them elasticities are biased towards 0"
    if n_unpriced:
        found += f"; {n_unpriced:,} rows without sales have no price and were left out"
        advice = "fill in the price at which the product stood on the shelf, such as the last one."
        return found, "look", f"{biased}: {advice}"
    if seen < expected - slack:
        advice = "if products were on sale and sold nothing, add rows with 0 units and the price."
        return found, "look", f"Rows without sales seem to be missing. {biased}: {advice}"
    if seen > expected + slack:
        advice = (
            "Stock-outs and products off the shelf make more zeros than demand does: leave such"
        )
        return found, "look", f"{advice} periods out. Else try the other likelihood."
    return found, "ok", "There are as many as demand makes."


def _rising(posterior):
    share = (posterior["posterior"]["elasticity"] > 0).mean(("chain", "draw"))
    rising = int((share > _SURE).sum())
    found = f"{rising:,} of {share.size:,} products surely sell more at a higher price"
    if rising <= _FEW_RISING * share.size:
        return found, "ok", "As it should be."
    advice = "Prices were perhaps raised when demand was high: such elasticities are not effects"
    return found, "look", f"{advice} of the price."


def _late(posterior, panel):
    """Units of the last quarter of the periods against what the fit expects there."""
    n_late = max(1, round(_LATE * panel.n_periods))
    late = panel.observed & (np.arange(panel.n_periods) >= panel.n_periods - n_late)
    late &= (panel.total_units > 0)[:, None]
    rows = np.flatnonzero(late.any(axis=1))
    n_draws = draws_of(posterior).sizes["draw"]
    step = max(1, _DRAWN_AT_ONCE // (n_draws * n_late))
    drawn = [_sums(posterior, panel, late, rows[k : k + step]) for k in range(0, len(rows), step)]
    drawn = np.concatenate(drawn, axis=1)
    sold = np.where(late, panel.units, 0).sum(axis=1)[rows]
    tail = (1 - _LATE_SURE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    outside = int(((sold < low) | (sold > high)).sum())
    low, high = np.quantile(drawn.sum(axis=1), [tail, 1 - tail])
    found = (
        f"in the last {n_late:,} periods {sold.sum():,.0f} units were sold, where the fit expects "
        f"{low:,.0f} to {high:,.0f}; {outside:,} of {len(rows):,} products lie outside their own "
        f"{_LATE_SURE:.0%} interval"
    )
    if low <= sold.sum() <= high and outside <= max(1, _LATE_PRODUCTS * len(rows)):
        return found, "ok", "What the fit knows holds for today."
    advice = "Levels of demand have moved: sums of money are those of an average period, not of"
    return found, "look", f"{advice} today's. Leave old periods out, or add what changed."


def _sums(posterior, panel, late, rows):
    """Draws of the units of some products over their late cells, shape (draw, product)."""
    row, period = np.nonzero(late[rows])
    rng = np.random.default_rng(int(rows[0]))  # the same report twice
    units = simulate_units(posterior, panel, panel, (rows[row], period), rng)
    return np.add.reduceat(units, np.searchsorted(row, np.arange(len(rows))), axis=1)


def _follow(residuals):
    slope = slope_in_next_price(residuals)
    if slope is None:
        return "too few periods to tell", "ok", "Nothing to do."
    found = f"next period's price goes with this one's sales, elasticity {_interval(slope)}"
    if not slope.found:
        return found, "ok", "A price that is not there yet explains nothing, as it should be."
    advice = "Prices follow demand, or customers wait for them or stock up: then elasticities are"
    return found, "look", f"{advice} not effects of the price alone."


def _drift(residuals):
    slope = slope_in_time(residuals)
    if slope is None:
        return "too few periods to tell", "ok", "Nothing to do."
    found = f"from the first period to the last elasticities changed by {_interval(slope)}"
    if not slope.found:
        return found, "ok", "One elasticity for all periods will do."
    return found, "look", "Elasticities are those of an average period: fit recent periods alone."


def _neighbours(residuals):
    alike = neighbours(residuals)
    found = f"what the fit leaves of neighbouring periods is correlated by {alike:.2f}"
    if alike <= _ALIKE:
        return found, "ok", "Periods count as independent, as the fit takes them."
    advice = "Periods tell less than as many independent ones: intervals are too narrow. Look for"
    return found, "look", f"{advice} what lasts several periods, and add it as a covariate."


def _common(posterior, panel):
    """Whether products of a category take sales from each other, as far as their prices tell."""
    moves = common_moves(posterior, panel)
    if moves is None:
        return "too few common moves to tell", "ok", "Products are taken for strangers."
    found = (
        f"demand answers {moves.against:.2f} where one price moves against the others of its "
        f"category, {moves.alone:.2f} where it moves and the others stay, {moves.together:.2f} "
        f"where all move (difference {moves.slope:+.2f}, give or take {moves.half:.2f})"
    )
    if not moves.differs:
        return found, "ok", "No sign that products take sales from each other."
    cause = "Products take sales from each other, or prices were raised when demand was high"
    if moves.slope < 0:
        cause = "Products bring each other sales, or prices were lowered when demand was high"
    advice = "the table tells of our price against the rest, and gains of single products do not"
    return found, "look", f"{cause}: {advice} add up."


def _interval(slope):
    """Write a slope with its interval."""
    return f"{slope.value:+.2f} (99% interval {slope.lower:+.2f} to {slope.upper:+.2f})"


def _covered(test):
    prob = test.attrs["prob"]
    share = share_of(inside(test), test["product"].values, prob)
    verdict = share.verdict(prob)
    found = (
        f"{verdict}: {share.value:.1%} (95% interval {share.lower:.0%} to {share.upper:.0%}) of "
        f"{share.n_cells:,} hidden cells fall into their {prob:.0%} intervals, judged by "
        f"products ({share.n_products:,}); the predictions miss by {test.attrs['error']:.0%} of "
        f"the units, each product's usual sales by {test.attrs['usual_error']:.0%}"
    )
    doubts = " ".join(_doubts(test, share, prob))
    if doubts:
        return found, "look", doubts
    return found, "ok", "Intervals hold what they promise."


def _doubts(test, share, prob):
    """Say what speaks against taking the intervals at their word."""
    verdict = share.verdict(prob)
    if verdict == "cannot tell":
        yield "So few products cannot tell whether intervals hold what they promise."
    elif verdict == "fails" and share.value < prob:
        yield (
            "Intervals are too narrow: sales vary in ways the model does not know. Widen "
            "decisions, try negative_binomial, add covariates."
        )
    elif verdict == "fails":
        yield "Intervals are wider than they need be: decisions are cautious."
    groups = shares_by_group(test).items()
    failing = [(kind, name, each) for (kind, name), each in groups if each.verdict(prob) == "fails"]
    if failing:
        told = ", ".join(f"{kind} {name} {each.value:.0%}" for kind, name, each in failing)
        yield f"The average hides {told}."
    if test.attrs["error"] > test.attrs["usual_error"]:
        yield "Usual sales predict better than the fit does."
