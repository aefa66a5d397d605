"""The figures that a reader can move: what they draw, how they are worked, and what stands in."""

import itertools
import json
from types import SimpleNamespace

import arviz as az
import browsing
import jsonschema
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy import integrate, stats

import elastic_tutorial as et

FIGURES = {
    # name: page, and the static figure that shows the same
    "arc": ("book/arc_elasticity", "fig-constant"),
    "likelihoods": ("book/marginal_likelihood", "fig-prior-moves"),
    "shrinkage": ("book/partial_pooling", "fig-pooling-path"),
    "profit": ("book/choosing_prices", "fig-pricing-bounds"),
}
SPECS = browsing.ROOT / "book" / "_web" / "figures"
SCHEMA = browsing.ROOT / "node_modules" / "vega-lite" / "build" / "vega-lite-schema.json"
HEAVIEST = 450_000  # bytes of the script, so that a page stays under two megabytes
CLOSE = 1e-6  # of the page to the package: a hundredth of a pixel, and beyond all digits shown

# Puts the sliders at places between 0 (their start) and 1 (their end), and returns what is shown.
MOVE = """(root, places) => places.map((place) => {
  root.querySelectorAll("input").forEach((input, i) => {
    const steps = Math.round(place[i] * (input.max - input.min) / input.step);
    input.value = Number(input.min) + steps * input.step;
    input.dispatchEvent(new Event("input"));
  });
  return root.shown;
})"""


def columns(rows):
    """Rows of a data set of the page as arrays by name."""
    frame = pd.DataFrame(rows)
    return SimpleNamespace(**{name: frame[name].to_numpy() for name in frame})


@pytest.fixture
def opened(visit):
    """Open the page of a figure; give the visit and the figure's element."""

    def open_figure(name, **settings):
        visited = visit(f"{FIGURES[name][0]}.html", **settings)
        return visited, visited.tab.locator(f"[data-figure={name}]")

    return open_figure


def grid(figure, *places):
    """What a figure shows over a grid of settings."""
    n_sliders = figure.locator("input").count()
    chosen = list(itertools.product(places, repeat=n_sliders))
    return figure.evaluate(MOVE, chosen)


# --- What is drawn is what the package computes


def test_the_arc_elasticity_is_that_of_the_package(opened):
    _, figure = opened("arc")
    for shown in grid(figure, 0, 0.3, 0.6, 1):
        beta, ratio = shown["settings"]["beta"], shown["settings"]["ratio"]
        curve = columns(shown["data"]["curve"])
        ones = np.ones(curve.x.size)
        assert_allclose(curve.y, et.arc_elasticity(ones, curve.x, ones, curve.x**beta), atol=CLOSE)
        assert_allclose(
            shown["numbers"]["arc"], et.arc_elasticity(1, ratio, 1, ratio**beta), atol=CLOSE
        )
        assert shown["data"]["here"] == [{"x": ratio, "y": shown["numbers"]["arc"]}]


def test_the_likelihoods_are_those_of_the_package(opened):
    _, figure = opened("likelihoods")
    for shown in grid(figure, 0, 0.3, 1):
        before, after, mean, shape = shown["settings"].values()
        change = et.PriceChange(10, 11, before, after, days_before=1, days_after=1)
        prior = {"shape": shape, "rate": shape / mean}
        plain, with_prior = shown["numbers"]["plain"], shown["numbers"]["withPrior"]
        top = min(np.nan_to_num(plain, nan=1.0), 1e12)  # flat without sales, else its supremum
        curves = pd.DataFrame(shown["data"]["curves"])
        roads = {
            "conditional": (et.conditional_log_likelihood, top, {}),
            "profile": (et.profile_log_likelihood, top, {}),
            "marginal, Gamma prior": (et.marginal_log_likelihood, with_prior, prior),
        }
        assert set(curves["kind"]) == set(roads)
        for kind, (log_likelihood, peak, more) in roads.items():
            curve = columns(curves[curves["kind"] == kind])
            highest = log_likelihood(peak, change, **more)
            logs = log_likelihood(curve.x, change, **more) - highest
            assert_allclose(curve.y, np.exp(logs), atol=CLOSE)
            assert (logs < CLOSE).all(), f"{kind} is higher than at what is called its peak"


def test_the_pooled_estimate_is_the_posterior_and_what_shrinkage_measures(opened):
    _, figure = opened("shrinkage")
    for shown in grid(figure, 0.1, 0.7):
        spread, category, own, units = shown["settings"].values()
        path = columns(shown["data"]["path"])
        std_error = 1 / (0.12 * np.sqrt(path.x))
        if own != category:
            assert_allclose(
                path.weight, measured_weight(path, own, category, std_error), atol=CLOSE
            )
        here = columns(shown["data"]["here"])
        assert_allclose(here.x, units)
        mean, sd = pooled_by_quadrature(spread, category, own, 1 / (0.12 * np.sqrt(units)))
        ends = stats.norm.interval(0.9, mean, sd)
        assert_allclose([here.y[0], here.lower[0], here.upper[0]], [mean, *ends], atol=CLOSE)
        near = [np.interp(np.log(units), np.log(path.x), values) for values in (path.y, path.lower)]
        assert_allclose([here.y[0], here.lower[0]], near, atol=0.02)  # the dot is on the curve


def measured_weight(path, own, category, std_error):
    """Weights that ``shrinkage`` finds in a posterior whose means are those of the path."""
    products = [f"P{i:03d}" for i in range(path.y.size)]
    table = pd.DataFrame({"product": np.repeat(products, 2), "week": [1, 2] * path.y.size})
    table = table.assign(units=3, price=np.tile([1.0, 2.0], path.y.size))
    panel = et.Panel.from_frame(
        table, product="product", period="week", units="units", price="price"
    )
    draws = {
        "elasticity": np.broadcast_to(path.y, (1, 4, path.y.size)),
        "category_elasticity": np.full((1, 4, 1), category),
    }
    dims = {"elasticity": ["product"], "category_elasticity": ["category"]}
    coords = {"product": products, "category": ["all"]}
    tree = az.from_dict({"posterior": draws}, dims=dims, coords=coords)
    separate = pd.DataFrame({"estimate": own, "std_error": std_error}, index=products)
    return et.shrinkage(tree, separate, panel=panel)["weight"].to_numpy()


def pooled_by_quadrature(spread, category, own, std_error):
    """Mean and standard deviation of normal prior times normal likelihood, by integration."""
    narrow = min(spread, std_error)
    low, high = min(category, own) - 9 * narrow, max(category, own) + 9 * narrow
    beta = np.linspace(low, high, 20_001)
    log_density = stats.norm.logpdf(beta, category, spread) + stats.norm.logpdf(
        own, beta, std_error
    )
    density = np.exp(log_density - log_density.max())
    density /= integrate.simpson(density, beta)
    mean = integrate.simpson(beta * density, beta)
    return mean, np.sqrt(integrate.simpson((beta - mean) ** 2 * density, beta))


def test_profit_and_best_price_are_those_of_the_package(opened):
    _, figure = opened("profit")
    for shown in grid(figure, 0.05, 0.7):
        mean, sd, cost, upper = shown["settings"].values()
        draws = mean + sd * stats.norm.ppf((np.arange(200) + 0.5) / 200)
        posterior = one_product(draws)
        terms = {"unit_cost": cost, "current_price": 1.0, "base_demand": 1 / (1 - cost)}
        curve = columns(shown["data"]["curve"])
        expected = et.expected_profit(posterior, curve.x[None], reach=np.inf, **terms)
        for mine, theirs in [("y", "mean"), ("lower", "lower"), ("upper", "upper")]:
            assert_allclose(getattr(curve, mine), expected[theirs][0], rtol=CLOSE, atol=CLOSE)
        bounds = {"lower": 0.7, "upper": upper, "reach": np.inf}
        best = et.best_price(posterior, **bounds, **terms).isel(product=0)
        numbers = shown["numbers"]
        assert numbers["bound"] == best["at_bound"].item()
        pairs = {"price": "price", "gain": "gain", "inelastic": "prob_inelastic"}
        pairs |= {"lower": "gain_lower", "upper": "gain_upper"}
        for mine, theirs in pairs.items():
            assert_allclose(numbers[mine], best[theirs].item(), rtol=CLOSE, atol=CLOSE)


def one_product(draws):
    """Posterior of one product, from draws of its elasticity."""
    elasticity = (("chain", "draw", "product"), np.reshape(draws, (1, -1, 1)))
    group = xr.Dataset({"elasticity": elasticity}, coords={"product": ["tea"]})
    return xr.DataTree.from_dict({"posterior": group})


@pytest.mark.parametrize("name", FIGURES)
def test_the_specification_is_valid(name):
    spec = json.loads((SPECS / f"{name}.vl.json").read_text(encoding="utf-8"))
    common = json.loads((SPECS / "common.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(common | spec)


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_named_as_in_the_static_figures(name, opened):
    _, figure = opened(name)
    chapter = (browsing.ROOT / f"{FIGURES[name][0]}.md").read_text(encoding="utf-8")
    titles = figure.locator("svg .role-axis-title text").all_text_contents()
    assert len(titles) == 2
    for title in titles:
        assert title in chapter.replace(r"$\alpha$", "α")


# --- How it is worked


@pytest.mark.parametrize("name", FIGURES)
def test_every_slider_works_by_keys_and_is_told_in_words(name, opened):
    visited, figure = opened(name)
    drawing, said = figure.locator("svg[role=img]"), figure.locator("[aria-live=polite]")
    start = drawing.get_attribute("aria-label")
    assert said.text_content() == start
    for label in figure.locator("label").all_text_contents():
        slider = figure.get_by_label(label, exact=True)
        before = drawing.get_attribute("aria-label"), slider.get_attribute("aria-valuetext")
        picture = drawing.inner_html()
        slider.focus()
        for _ in range(3):
            visited.tab.keyboard.press("ArrowRight")
        after = drawing.get_attribute("aria-label"), slider.get_attribute("aria-valuetext")
        assert before[0] != after[0], label
        assert before[1] != after[1], label
        assert drawing.inner_html() != picture, label
        visited.tab.wait_for_function(
            "([node, text]) => node.textContent === text", arg=[said.element_handle(), after[0]]
        )
        output = figure.locator(f"output[for={slider.get_attribute('id')}]")
        assert output.text_content() == after[1]
    figure.get_by_role("button", name="Reset").press("Enter")
    assert drawing.get_attribute("aria-label") == start
    assert not visited.faults
    assert not visited.foreign


def test_the_sentence_has_the_numbers(opened):
    _, figure = opened("arc")
    figure.get_by_label("constant elasticity β").fill("-2")
    figure.get_by_label("price ratio (after over before)").fill("4")
    exact = float(et.arc_elasticity(1, 1.5, 1, 1.5**-2))
    text = figure.locator("svg").get_attribute("aria-label")
    assert text.startswith("With a constant elasticity of −2.0 and a price ratio of 1.5")
    assert f"{exact:.2f}".replace("-", "−") in text


@pytest.mark.parametrize("name", FIGURES)
def test_the_numbers_are_in_a_table(name, opened):
    _, figure = opened(name)
    table = figure.locator("table")
    assert not table.is_visible()
    figure.locator("summary").press("Enter")
    table.wait_for(state="visible")
    columns = table.locator("thead th[scope=col]").count()
    assert columns >= 2
    rows = table.locator("tbody tr")
    assert rows.count() >= 5
    assert rows.locator("th[scope=row]").count() == rows.count()
    assert table.locator("tbody td").count() == rows.count() * (columns - 1)


@pytest.mark.parametrize("name", FIGURES)
def test_the_theme_changes_the_colours(name, opened):
    visited, figure = opened(name, color_scheme="light")
    line = figure.locator("svg .mark-line path").first
    colours = set()
    for theme in ["light", "dark"]:
        visited.tab.evaluate(f"() => {{ document.documentElement.dataset.theme = '{theme}' }}")
        colours.add(line.evaluate("(node) => getComputedStyle(node).stroke"))
    assert len(colours) == 2
    assert "none" not in colours


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_axe_finds_nothing(name, theme, opened):
    visited, figure = opened(name)
    visited.tab.evaluate(f"() => {{ document.documentElement.dataset.theme = '{theme}' }}")
    figure.locator("summary").press("Enter")
    visited.tab.add_script_tag(path=browsing.AXE)
    found = visited.tab.evaluate(f"() => axe.run('[data-figure={name}]')")
    assert [each["id"] for each in found["violations"]] == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_fits_a_phone(name, opened):
    visited, figure = opened(name, viewport=browsing.PHONE)
    assert figure.locator("svg").bounding_box()["width"] <= figure.bounding_box()["width"]
    assert visited.tab.evaluate("document.documentElement.scrollWidth") <= browsing.PHONE["width"]
    height = min(each.bounding_box()["height"] for each in figure.locator("input").all())
    assert height >= 24  # WCAG 2.5.8, target size


# --- Where no script runs, and what it costs


@pytest.mark.parametrize("name", FIGURES)
def test_on_paper_the_static_figure_stands_alone(name, opened):
    visited, figure = opened(name)
    visited.tab.emulate_media(media="print")
    assert not figure.is_visible()
    assert not visited.tab.get_by_text("Interactive:").first.is_visible()
    twin = visited.tab.locator(f"figure#{FIGURES[name][1]} img")
    twin.scroll_into_view_if_needed()  # it is loaded when it is needed
    twin.wait_for(state="visible")


@pytest.mark.parametrize("name", FIGURES)
def test_without_scripts_there_is_a_sentence_and_the_static_figure(name, opened):
    visited, figure = opened(name, java_script_enabled=False)
    link = figure.locator("p a")
    assert link.is_visible()
    assert link.get_attribute("href").endswith(f"{FIGURES[name][0]}.html#move-{name}")
    assert figure.get_attribute("id") == f"move-{name}"
    assert visited.tab.locator(f"figure#{FIGURES[name][1]} img").is_visible()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_moves_in_a_file_from_disk(name, browser, built_book):
    faults = []
    tab = browser.new_page()
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto((browsing.HTML / f"{FIGURES[name][0]}.html").as_uri())
    figure = tab.locator(f"[data-figure={name}]")
    before = figure.locator("svg").get_attribute("aria-label")
    figure.locator("input").first.press("ArrowRight")
    assert figure.locator("svg").get_attribute("aria-label") != before
    assert not faults
    tab.close()


def test_the_script_needs_no_eval(browser, site):
    """A page may forbid the making of code from strings."""
    faults = []
    tab = browser.new_page()
    tab.on("pageerror", lambda error: faults.append(str(error)))

    def forbid(route):
        answer = route.fetch()
        policy = {"content-security-policy": "script-src 'self' 'unsafe-inline'"}
        route.fulfill(response=answer, headers=answer.headers | policy)

    page = f"{site}/{FIGURES['profit'][0]}.html"
    tab.route(page, forbid)
    tab.goto(page)
    tab.locator("[data-figure=profit] svg .mark-line path").first.wait_for(state="attached")
    assert not faults
    tab.close()


def test_only_pages_with_a_figure_load_the_script(built_book):
    pages = {f"{page}.html" for page, _ in FIGURES.values()}
    for page in browsing.PAGES:
        scripts = browsing.soup(page).select("script[src*='interactive.js']")
        assert len(scripts) == (page in pages), page
    script = browsing.HTML / "_static" / "js" / "interactive.js"
    assert script.stat().st_size <= HEAVIEST
