"""Plots draw what they are given, where they are told."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import same_color, to_rgb, to_rgba
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from wcag import contrast

import elastic_tutorial as et

SALES = pd.DataFrame(
    {
        "day": [1, 2, 3, 4, 5],
        "period": ["before"] * 2 + ["after"] * 3,
        "units": [9, 12, 7, 0, 5],
        "mean": [10.0, 11.0, 7.0, 7.5, 7.0],
    }
)
TABLE = pd.DataFrame(
    {"estimate": [-2.0, -1.0, 0.5], "lower": [-3.0, -1.5, 0.1], "upper": [-1.5, 0.2, 0.9]},
    index=["tea", "coffee", "milk"],
)
CURVES = {"profile": [-1.0, 0.0, -2.0], "conditional": [-1.0, 0.0, -2.0], "flat": [-2, -1, 0]}
ITEMS = {"product": ["tea", "jam", "rice", "oil"]}
SUMMARY = xr.Dataset(
    {
        "mean": ("product", [-1.0, -3.0, -2.0, -1.5]),
        "lower": ("product", [-1.5, -3.4, -2.9, -2.0]),
        "upper": ("product", [-0.2, -2.7, -1.4, -1.2]),
    },
    ITEMS,
)
SHRINKAGE = xr.Dataset(
    {
        "separate": ("product", [-1.0, np.nan, -4.0, 0.5]),
        "pooled": ("product", [-1.1, -1.9, -2.5, -1.8]),
        "information": ("product", [90.0, 0.0, 2.0, 0.3]),
    },
    ITEMS,
)
PLOTS = {
    "plot_demand_curve": lambda **kw: et.plot_demand_curve([1, 2, 3], [30, 20, 10], **kw),
    "plot_arc": lambda **kw: et.plot_arc(10, 12, 100, 80, **kw),
    "plot_daily_sales": lambda **kw: et.plot_daily_sales(SALES, **kw),
    "plot_log_likelihoods": lambda **kw: et.plot_log_likelihoods([0.5, 1, 2], CURVES, **kw),
    "plot_density": lambda **kw: et.plot_density(stats.norm(), prob=0.9, **kw),
    "plot_intervals": lambda **kw: et.plot_intervals(TABLE, **kw),
    "plot_elasticities": lambda **kw: et.plot_elasticities(SUMMARY, **kw),
    "plot_estimates": lambda **kw: et.plot_estimates([-1.0, -2.0], [-1.2, -1.9], **kw),
    "plot_shrinkage": lambda **kw: et.plot_shrinkage(SHRINKAGE, **kw),
}


def test_every_plot_is_tried_here():
    assert list(PLOTS) == [name for name in PLOTS if hasattr(et, name)]
    assert PLOTS.keys() == {name for name in et.__all__ if name.startswith("plot_")}


@pytest.mark.parametrize("draw", PLOTS.values(), ids=list(PLOTS))
def test_the_given_axes_are_used_and_returned(draw):
    figure, (other, ax) = plt.subplots(ncols=2)
    plt.sca(other)
    assert draw(ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert ax.has_data() and not other.has_data()


@pytest.mark.parametrize("draw", PLOTS.values(), ids=list(PLOTS))
def test_without_axes_a_new_figure_is_made(draw):
    _, standing = plt.subplots()
    ax = draw()
    assert ax is not standing and not standing.has_data()
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize("draw", PLOTS.values(), ids=list(PLOTS))
def test_figures_can_be_drawn_in_the_book_style(draw):
    with plt.style.context("elastic_tutorial.style"):
        draw().figure.canvas.draw()


@pytest.fixture
def style():
    """Settings of the book's figures."""
    with plt.style.context("elastic_tutorial.style"):
        yield plt.rcParams


def test_the_style_file_sets_the_look(style):
    assert style["figure.constrained_layout.use"]
    assert same_color(style["axes.prop_cycle"].by_key()["color"][0], "#0072B2")
    assert (style["svg.fonttype"], style["svg.hashsalt"]) == ("path", "elastic-tutorial")


def as_drawn(color):
    return np.array(to_rgb(color))


def as_on_a_dark_page(color):
    """Apply the filter of dark pages, invert(0.93) hue-rotate(180deg), as its standard says."""
    inverted = 0.93 * (1 - as_drawn(color)) + 0.07 * as_drawn(color)
    luminance = inverted @ [0.213, 0.715, 0.072]
    return np.clip(2 * luminance - inverted, 0, 1)  # half a turn about the grey axis


@pytest.mark.parametrize("page", [as_drawn, as_on_a_dark_page])
def test_text_and_lines_stand_out_on_light_and_dark_pages(style, page):
    ground = page(style["axes.facecolor"])
    texts = [style[name] for name in ("text.color", "axes.labelcolor", "xtick.color")]
    lines = [*style["axes.prop_cycle"].by_key()["color"][:5], style["axes.edgecolor"], "0.55"]
    assert min(contrast(page(color), ground) for color in texts) >= 4.5
    assert min(contrast(page(color), ground) for color in lines) >= 3


def test_lines_differ_by_more_than_colour(style):
    cycle = style["axes.prop_cycle"]
    looks = [(each["color"], each["linestyle"]) for each in cycle]
    assert len(set(looks)) == 7
    assert len({dashes for _, dashes in looks[:4]}) == 4


def test_demand_curve_has_the_price_upward():
    ax = et.plot_demand_curve([1, 2, 3], [30, 20, 10], color="C3", label="demand")
    (line,) = ax.get_lines()
    assert_array_equal(line.get_xydata(), [[30, 1], [20, 2], [10, 3]])
    assert (line.get_label(), line.get_color()) == ("demand", "C3")
    assert ax.get_xlabel() == "quantity (units per period)"
    assert ax.get_ylabel() == "price (currency per unit)"


def test_arc_has_a_chord_and_its_midpoint():
    ax = et.plot_arc(10, 12, 100, 80)
    chord, midpoint = ax.get_lines()
    assert_array_equal(chord.get_xydata(), [[100, 10], [80, 12]])
    assert_array_equal(midpoint.get_xydata(), [[90, 11]])
    assert [chord.get_label(), midpoint.get_label()] == ["chord", "midpoint"]
    assert ax.get_xlabel() == "quantity (units per period)"
    assert ax.get_ylabel() == "price (currency per unit)"


def test_daily_sales_have_a_bar_and_a_mean_each_day():
    ax = et.plot_daily_sales(SALES)
    bars = [bar for container in ax.containers for bar in container]
    assert_allclose([bar.get_x() + bar.get_width() / 2 for bar in bars], SALES["day"])
    assert_array_equal([bar.get_height() for bar in bars], SALES["units"])
    drawn = np.concatenate([line.get_xydata() for line in ax.get_lines()])
    assert_array_equal(drawn, SALES[["day", "mean"]])
    assert len({to_rgba(line.get_color()) for line in ax.get_lines()}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["before", "after"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("day", "units sold that day")


def test_daily_sales_of_the_simulator_can_be_drawn():
    sales = et.simulate_price_change(
        np.random.default_rng(1), rate_before=10, rate_after=7, days_before=4, days_after=6
    )
    ax = et.plot_daily_sales(sales)
    assert [len(container) for container in ax.containers] == [4, 6]


def test_coinciding_log_likelihoods_can_be_told_apart():
    ax = et.plot_log_likelihoods([0.5, 1, 2], CURVES)
    lines = ax.get_lines()
    for line, (label, values) in zip(lines, CURVES.items(), strict=True):
        assert_array_equal(line.get_xydata(), np.column_stack([[0.5, 1, 2], values]))
        assert line.get_label() == label
    widths = [line.get_linewidth() for line in lines]
    assert widths == sorted(set(widths), reverse=True)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(CURVES)
    assert "rate ratio" in ax.get_xlabel()
    assert ax.get_ylabel() == "log likelihood"


def test_many_marks_are_drawn_as_pixels():
    many = np.linspace(-3, -1, 501)
    columns = {name: ("product", many) for name in SUMMARY}
    drawn = [
        et.plot_estimates(many, many).get_lines()[0],
        et.plot_estimates(many[1:], many[1:]).get_lines()[0],
        et.plot_elasticities(xr.Dataset(columns)).get_lines()[0],
    ]
    assert [bool(marks.get_rasterized()) for marks in drawn] == [True, False, True]


@pytest.mark.parametrize("prob", [0.5, 0.95])
def test_density_shades_its_central_interval_and_marks_its_median(prob):
    law = stats.gamma(3)
    ax = et.plot_density(law, prob=prob, label="posterior")
    (line,) = ax.get_lines()
    values, density = line.get_data()
    assert_array_equal(density, law.pdf(values))
    assert_allclose(values[[0, -1]], law.interval(0.999))
    assert line.get_label() == "posterior"
    band, median = ax.collections
    shaded = band.get_paths()[0].vertices[:, 0]
    grid_step = values[1] - values[0]
    assert_allclose([shaded.min(), shaded.max()], law.interval(prob), atol=grid_step)
    (segment,) = median.get_segments()
    assert_allclose(segment, [[law.median(), 0], [law.median(), law.pdf(law.median())]])
    assert (ax.get_ylabel(), ax.get_ylim()[0]) == ("density", 0)


def test_density_of_an_arc_posterior_can_be_drawn():
    change = et.PriceChange(10, 11, 400, 280, days_before=40, days_after=40)
    posterior = et.arc_elasticity_posterior(change)
    (line,) = et.plot_density(posterior, prob=0.95).get_lines()
    assert np.isfinite(line.get_xydata()).all()


@pytest.mark.parametrize("bad", [0, 1, 95, "0.9"])
def test_density_needs_a_probability(bad):
    with pytest.raises((TypeError, ValueError), match=r"^prob must "):
        et.plot_density(stats.norm(), prob=bad)


def test_intervals_have_one_row_each_the_first_on_top():
    ax = et.plot_intervals(TABLE)
    (bars,) = ax.collections
    rows = range(len(TABLE))
    expected = [
        [[row.lower, i], [row.upper, i]] for i, row in zip(rows, TABLE.itertuples(), strict=True)
    ]
    assert_array_equal(bars.get_segments(), expected)
    (points,) = ax.get_lines()
    assert_array_equal(points.get_xydata(), np.column_stack([TABLE["estimate"], rows]))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["tea", "coffee", "milk"]
    bottom, top = ax.get_ylim()
    assert bottom > top


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_elasticities_stand_in_order_of_their_mean():
    ax = et.plot_elasticities(SUMMARY)
    (bars,) = ax.collections
    (points,) = ax.get_lines()
    means, lower, upper = [-3, -2, -1.5, -1], [-3.4, -2.9, -2, -1.5], [-2.7, -1.4, -1.2, -0.2]
    assert_array_equal(points.get_xydata(), np.column_stack([range(4), means]))
    segments = [
        [[i, low], [i, high]] for i, (low, high) in enumerate(zip(lower, upper, strict=True))
    ]
    assert_array_equal(bars.get_segments(), segments)
    assert ax.get_xlabel() == "product, by posterior mean"
    assert ax.get_ylabel() == "price elasticity"
    assert ax.get_legend() is None
    assert SUMMARY["product"].values.tolist() == ITEMS["product"]


def test_true_elasticities_are_drawn_at_their_product():
    truth = xr.DataArray(
        [-9.0, -1.6, -1.2, -2.1, -2.8], {"product": ["salt", "oil", "tea", "rice", "jam"]}
    )
    ax = et.plot_elasticities(SUMMARY, truth=truth)
    means, crosses = ax.get_lines()
    assert_array_equal(means.get_ydata(), [-3, -2, -1.5, -1])
    assert_array_equal(crosses.get_xydata(), np.column_stack([range(4), [-2.8, -2.1, -1.6, -1.2]]))
    assert not same_color(means.get_color(), crosses.get_color())
    assert legend_of(ax) == ["posterior mean", "truth"]


def test_estimates_stand_against_the_truth():
    ax = et.plot_estimates([-1.0, -2.0, np.nan], [-1.2, -1.9, -3.0], color="C3", label="separate")
    points, diagonal = ax.get_lines()
    assert_array_equal(points.get_xydata(), [[-1.2, -1.0], [-1.9, -2.0], [-3.0, np.nan]])
    assert (points.get_label(), points.get_color()) == ("separate", "C3")
    assert diagonal.get_slope() == 1
    x, y = diagonal.get_xy1()
    assert x == y
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "true price elasticity",
        "estimated price elasticity",
    )


def test_the_look_of_estimates_can_be_changed():
    points = et.plot_estimates([-1.0], [-1.2], alpha=1, ms=9).get_lines()[0]
    assert (points.get_alpha(), points.get_markersize()) == (1, 9)


def test_shrinkage_joins_a_products_own_estimate_to_its_posterior_mean():
    ax = et.plot_shrinkage(SHRINKAGE)
    (bars,) = ax.collections
    own, pooled = ax.get_lines()
    assert_array_equal(own.get_xydata(), [[90, -1], [2, -4], [0.3, 0.5]])
    assert_array_equal(pooled.get_xydata(), [[90, -1.1], [2, -2.5], [0.3, -1.8]])
    ends = np.stack([own.get_xydata(), pooled.get_xydata()], axis=1)
    assert_array_equal(bars.get_segments(), ends)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert "information" in ax.get_xlabel() and ax.get_ylabel() == "price elasticity"
    assert legend_of(ax) == ["by itself", "partially pooled"]


def test_shrinkage_of_the_package_can_be_drawn():
    size = dict(n_products=6, n_categories=2, n_periods=5, price_change_prob=0.5)
    panel = et.simulate_store(np.random.default_rng(1), **size).panel
    separate = et.product_elasticities(panel)
    draws = xr.Dataset(
        {
            "elasticity": (("chain", "draw", "product"), np.full((2, 5, 6), -2.0)),
            "category_elasticity": (("chain", "draw", "category"), np.full((2, 5, 2), -1.5)),
        },
        {"product": panel.products, "category": panel.categories},
    )
    ax = et.plot_shrinkage(et.shrinkage({"posterior": draws}, separate, panel=panel))
    own, _ = ax.get_lines()
    assert_array_equal(own.get_ydata(), separate["estimate"].dropna())
