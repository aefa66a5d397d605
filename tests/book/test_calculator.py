"""The price-change calculator, in a browser, beside the package it must agree with."""

import doctest
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browsing import AXE, DESK, HTML, PHONE, ROOT, Visit, soup
from conftest import cases_of
from numpy.testing import assert_allclose

import elastic_tutorial as et

PAGE = "book/calculator.html"
# The page's incomplete Beta function and its inverse keep nine digits up to ten million units.
DIGITS = dict(rtol=1e-8, atol=1e-8)
CHANGE = dict(
    priceBefore="price_before",
    priceAfter="price_after",
    unitsBefore="units_before",
    unitsAfter="units_after",
    daysBefore="days_before",
    daysAfter="days_after",
)
PLAN = dict(rateBefore="rate_before", halfWidth="half_width")
OPENING = dict(zip(CHANGE, (10, 11, 400, 280, 40, 40), strict=True))
REPORT = """inputs => inputs.map((each) => {
    const {arc, ratio} = elasticTutorial.priceChange(each);
    const flat = (law) => law && [law.estimate, ...law.interval, law.lower, law.median, law.upper,
                                  law.probElastic ?? law.probFell];
    return {arc: flat(arc), ratio: flat(ratio)};
})"""
COMPLAINT = """([name, inputs]) => {
    try { elasticTutorial[name](inputs); } catch (error) { return [error.field, error.says]; }
}"""
pytestmark = pytest.mark.usefixtures("built_book")


@pytest.fixture(scope="module")
def tab(browser, site):
    """One tab with the page, for the tests that call its functions."""
    visit = Visit(browser, site, PAGE)
    yield visit.tab
    visit.context.close()


def change_of(inputs):
    return et.PriceChange(**{CHANGE[name]: inputs[name] for name in CHANGE})


def expected(inputs):
    """What the package says of a price change, in the order of REPORT."""
    change, prob = change_of(inputs), inputs.get("prob", 0.95)
    prior = {name: inputs[name] for name in ("shape", "rate") if name in inputs}
    tail = (1 - prob) / 2
    limits = et.rate_ratio_interval(change, prob=prob)
    before, after = change.rate_before, change.rate_after
    ratio = et.rate_ratio_posterior(change, **prior)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.divide(after, before)
    found = {"ratio": [estimate, *limits, *ratio.ppf([tail, 0.5, 1 - tail]), ratio.cdf(1)]}
    prices = (change.price_before, change.price_after)
    if prices[0] == prices[1]:
        return found | {"arc": None}
    arc = et.arc_elasticity_posterior(change, **prior)
    ends = np.sort(et.arc_elasticity_from_ratio(*prices, limits))
    estimate = et.arc_elasticity(*prices, before, after)
    return found | {"arc": [estimate, *ends, *arc.ppf([tail, 0.5, 1 - tail]), arc.cdf(-1)]}


def assert_agree(tab, inputs):
    """Compare page and package; a rate ratio must agree in its digits, however small it is."""
    for each, actual in zip(inputs, tab.evaluate(REPORT, inputs), strict=True):
        wanted = expected(each)
        message = str(each)
        assert_allclose(actual["ratio"], wanted["ratio"], rtol=1e-8, atol=0, err_msg=message)
        if wanted["arc"] is None:
            assert actual["arc"] is None, message
        else:
            assert_allclose(actual["arc"], wanted["arc"], **DIGITS, err_msg=message)


# --- The numbers


def test_random_price_changes_agree_with_the_package(tab):
    rng = np.random.default_rng(0)

    def between(low, high):
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def count():
        return 0 if rng.random() < 0.25 else int(between(1, 1e6))

    inputs = []
    for _ in range(600):
        price = between(0.05, 500)
        after = price * float(np.exp(rng.choice([0, 0.005, 0.1, 1]) * rng.normal()))
        values = (price, after, count(), count(), between(0.1, 2000), between(0.1, 2000))
        prior = {"shape": between(0.1, 10), "rate": float(rng.choice([0, 0.2, 20]))}
        prior = prior if rng.random() < 0.5 else {}
        prob = float(rng.uniform(0.5, 0.999))
        inputs.append({**dict(zip(CHANGE, values, strict=True)), "prob": prob, **prior})
    assert sum(not each["unitsBefore"] or not each["unitsAfter"] for each in inputs) > 150
    assert sum(each["priceBefore"] == each["priceAfter"] for each in inputs) > 100
    assert_agree(tab, inputs)


def test_the_corners_agree_with_the_package(tab):
    inputs = [
        {**dict(zip(CHANGE, (*prices, *units, *days), strict=True)), "prob": prob}
        for prices in [(10, 11), (11, 10), (10, 10), (1, 1000), (100, 100.01)]
        for units in [(0, 0), (0, 7), (7, 0), (1, 10**6), (10**6, 1), (10**6, 10**6), (10**7, 0)]
        for days, prob in [((40, 40), 0.95), ((0.001, 1000), 0.5), ((1e4, 1), 0.999)]
    ]
    assert_agree(tab, inputs)


def test_days_agree_with_the_package(tab):
    rng = np.random.default_rng(1)
    plans = []
    for _ in range(30):
        plan = {"rateBefore": float(np.exp(rng.uniform(0, 5))), "priceBefore": 10}
        plan["priceAfter"] = float(rng.choice([8, 9.5, 10.5, 11, 13]))
        plan["elasticity"] = float(rng.uniform(-4, -1.5))
        plan["prob"] = float(rng.choice([0.8, 0.95, 0.99]))
        goals = [{"halfWidth": float(rng.uniform(0.3, 3))}]
        goals.append({"exclude": float(rng.choice([-1, 0])), "power": float(rng.uniform(0.5, 0.9))})
        plans += [plan | goal for goal in goals]
    actual = tab.evaluate("plans => plans.map(elasticTutorial.daysNeeded)", plans)
    for plan, days in zip(plans, actual, strict=True):
        assert days == et.days_needed(**{PLAN.get(k, k): v for k, v in renamed(plan)}), plan


def renamed(plan):
    return [(CHANGE.get(name, name), value) for name, value in plan.items()]


@pytest.mark.parametrize("case", cases_of("arc_elasticity"))
def test_published_arcs(tab, case):
    world = case["inputs"]
    quantities = [world["quantity_before"], world["quantity_after"]]
    inputs = dict(
        zip(CHANGE, (world["price_before"], world["price_after"], *quantities, 1, 1), strict=True)
    )
    actual = tab.evaluate(REPORT, [inputs])[0]["arc"][0]
    assert_allclose(actual, case["expected"]["arc_elasticity"], rtol=1e-12)


@pytest.mark.parametrize("case", cases_of("arc_identity"))
def test_arcs_of_ratios(tab, case):
    world = case["inputs"]
    ratio = world.get("alpha") or world["price_ratio"] ** world["beta"]
    call = "([price, ratio]) => elasticTutorial.arcElasticityFromRatio(1, price, ratio)"
    actual = tab.evaluate(call, [world["price_ratio"], ratio])
    assert_allclose(actual, case["expected"]["arc"], rtol=1e-12)


@pytest.mark.parametrize("case", cases_of("arc_inverse"))
def test_the_ratio_of_an_arc(tab, case):
    world = case["inputs"]
    call = """({elasticity, before, after}) => elasticTutorial.ratioOfArc("elasticity", elasticity,
        elasticTutorial.relativePriceStep(before, after))"""
    names = dict(elasticity="arc_elasticity", before="price_before", after="price_after")
    ratio = tab.evaluate(call, {name: world[key] for name, key in names.items()})
    wanted = case["expected"]["quantity_after"]
    assert_allclose(ratio * world["quantity_before"], wanted, rtol=1e-9)


@pytest.mark.parametrize("case", cases_of("arc_property"))
def test_arcs_do_not_notice_which_period_came_first(tab, case):
    (p1, q1), (p2, q2) = case["inputs"]["points"]
    pairs = [[p1, p2, q1, q2], [p2, p1, q2, q1], [100 * p1, 100 * p2, q1 / 12, q2 / 12]]
    arcs = tab.evaluate("pairs => pairs.map((p) => elasticTutorial.arcElasticity(...p))", pairs)
    assert_allclose(arcs, arcs[0], rtol=case["tolerance"]["abs"])


@pytest.mark.parametrize("case", cases_of("arc_trap"))
def test_totals_of_unequal_periods_are_not_compared(tab, case):
    world = case["inputs"]
    units = [world["rate1"] * world["N1"], world["rate2"] * world["N2"]]
    values = (world["p1"], world["p2"], *units, world["N1"], world["N2"])
    actual = tab.evaluate(REPORT, [dict(zip(CHANGE, values, strict=True))])[0]["arc"][0]
    assert_allclose(actual, case["expected"]["right_from_rates"], rtol=1e-12)


@pytest.mark.parametrize("case", cases_of("poisson_ratio_exact"))
def test_published_exact_intervals(tab, case):
    """The published ratio is the first over the second: its first is our after."""
    world, wanted = case["inputs"], case["expected"]
    values = (10, 11, *world["k"][::-1], *world["exposure"][::-1])
    inputs = {**dict(zip(CHANGE, values, strict=True)), "prob": world.get("conf_level", 0.95)}
    estimate, *interval = tab.evaluate(REPORT, [inputs])[0]["ratio"][:3]
    assert_allclose(estimate, wanted["ratio"], rtol=1e-9)
    assert_allclose(interval, wanted["ci"], rtol=1e-7)


@pytest.mark.parametrize("case", cases_of("poisson_ratio_bayes"))
def test_published_posteriors(tab, case):
    world, wanted = case["inputs"], case["expected"]
    assert world["prior1"] == world["prior2"]
    values = (10, 11, world["k1"], world["k2"], world["N1"], world["N2"])
    prior = dict(zip(["shape", "rate"], world["prior1"], strict=True))
    actual = tab.evaluate(REPORT, [dict(zip(CHANGE, values, strict=True)) | prior])[0]["ratio"]
    names = ["q025", "median", "q975", "prob_alpha_lt_1"]
    assert_allclose(actual[3:], [wanted[name] for name in names], rtol=1e-8)


# --- Errors


def rule(text):
    """What a message allows, without the name before it and the value after it."""
    return text.split(" ", 1)[1].split("; got")[0]


@pytest.mark.parametrize("field", CHANGE)
@pytest.mark.parametrize("value", [-1, float("inf"), float("nan"), 0, 1.5])
def test_bad_input_gets_the_words_of_the_package(tab, field, value):
    inputs = OPENING | {field: value}
    try:
        change_of(inputs)
    except ValueError as error:
        actual = tab.evaluate(COMPLAINT, ["priceChange", inputs])
        assert actual == [field, f"{rule(str(error))}; got {actual[1].split('; got ')[1]}"]
    else:
        assert tab.evaluate(COMPLAINT, ["priceChange", inputs]) is None


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"prob": 1}, "prob"),
        ({"shape": -1}, "shape"),
        ({"rate": -1}, "rate"),
        ({"shape": 0, "rate": 1}, "shape"),
        ({"shape": 0, "unitsAfter": 0}, "unitsAfter"),
    ],
)
def test_bad_probabilities_and_priors_get_the_words_of_the_package(tab, more, field):
    with pytest.raises(ValueError, match=" ") as error:
        expected(OPENING | more)
    actual = tab.evaluate(COMPLAINT, ["priceChange", OPENING | more])
    assert actual[0] == field
    assert actual[1].split("; got")[0] == rule(str(error.value))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"elasticity": -21, "halfWidth": 1}, "elasticity"),
        ({"exclude": 30}, "exclude"),
        ({"exclude": -2.5}, "exclude"),
        ({"exclude": -1, "power": 0}, "power"),
        ({"halfWidth": 0}, "halfWidth"),
        ({"halfWidth": 1, "rateBefore": 0}, "rateBefore"),
        ({"halfWidth": 1e-3, "rateBefore": 1e-3}, "halfWidth"),
    ],
)
def test_bad_plans_get_the_words_of_the_package(tab, more, field):
    plan = {"rateBefore": 10, "priceBefore": 10, "priceAfter": 11, "elasticity": -2.5} | more
    with pytest.raises(ValueError, match=" ") as error:
        et.days_needed(**{PLAN.get(k, k): v for k, v in renamed(plan)})
    actual = tab.evaluate(COMPLAINT, ["daysNeeded", plan])
    assert actual[0] == field
    assert actual[1].split("; got")[0] == rule(str(error.value))


@pytest.mark.parametrize("field", ["unitsBefore", "unitsAfter", "shape"])
def test_the_page_says_how_far_it_counts(tab, field):
    inputs = OPENING | {field: 10**7 + 1}
    says = "must be at most 10,000,000 on this page; got 10000001."
    assert tab.evaluate(COMPLAINT, ["priceChange", inputs]) == [field, says]
    assert not tab.evaluate(COMPLAINT, ["priceChange", inputs | {field: 10**7}])


# --- The form


def fill(tab, **texts):
    """Type into fields, and wait for the page's answer."""
    for name, text in texts.items():
        tab.locator(f"#{name}").fill(str(text))
    tab.locator("#price-change[data-ready=true]").wait_for()


def read(tab, name):
    """Numbers of a cell of the table, in full."""
    text = tab.locator(f"[data-out='{name}']").get_attribute("data-value")
    return [float(each) for each in text.split()]


def shown(tab, name):
    """The seven numbers of a column, in the order of REPORT."""
    keys = ["estimate", "interval", "credible", "median", "probability"]
    estimate, interval, credible, median, probability = (read(tab, f"{name}.{k}") for k in keys)
    return [*estimate, *interval, credible[0], *median, credible[1], *probability]


def test_typed_numbers_agree_with_the_package(visit):
    tab = visit(PAGE).tab
    rng = np.random.default_rng(2)
    for turn in range(20):
        units = [0 if rng.random() < 0.25 else int(rng.integers(1, 5000)) for _ in range(2)]
        prices = [round(float(price), 2) for price in rng.uniform(1, 20, 2)]
        days = [round(float(length), 1) for length in rng.uniform(1, 60, 2)]
        inputs = dict(zip(CHANGE, (*prices, *units, *days), strict=True))
        inputs |= {"prob": round(float(rng.uniform(0.5, 0.999)), 3)}
        if turn % 2:
            inputs |= {"shape": 1.5, "rate": 0.2}
            tab.locator("details:has(#shape)").evaluate("each => { each.open = true; }")
        fill(tab, **inputs)
        wanted = expected(inputs)
        assert_allclose(shown(tab, "ratio"), wanted["ratio"], rtol=1e-8, err_msg=str(inputs))
        assert_allclose(shown(tab, "arc"), wanted["arc"], **DIGITS, err_msg=str(inputs))
        tab.get_by_text("Back to the example").click()


def test_numbers_may_be_written_in_several_ways(visit):
    tab = visit(PAGE).tab
    fill(tab, priceBefore=" 1e1 ", priceAfter="+11.", unitsAfter="2.8E2", daysAfter="40.0")
    assert_allclose(shown(tab, "arc"), expected(OPENING)["arc"], **DIGITS)
    fill(tab, elasticity="−2.5", rateBefore="1e1")
    assert tab.locator("#calc-days").get_attribute("data-value") == "96"


def test_the_result_stands_in_a_sentence(visit):
    tab = visit(PAGE).tab
    sentence = tab.locator("output[data-out=sentence]")
    assert sentence.inner_text() == (
        "Sales went from 10 to 7 units a day. With 95% probability the arc elasticity lies between "
        "−5.24 and −2.14. Demand is elastic, and the price rise lowered revenue, with probability "
        "99.96%."
    )
    fill(tab, priceAfter=9, unitsAfter=0)
    assert "Nothing was sold after" in sentence.inner_text()
    assert "the price cut raised revenue, with probability less than 0.01%" in sentence.inner_text()
    fill(tab, priceAfter=10, unitsAfter=280)
    assert "without a price change there is no arc elasticity" in sentence.inner_text()
    assert tab.locator("[data-out='arc.estimate']").inner_text() == "undefined"
    assert_allclose(shown(tab, "ratio"), expected(OPENING)["ratio"], rtol=1e-8)


def test_days_appear_for_either_goal(visit):
    tab = visit(PAGE).tab
    days = tab.locator("#calc-days")
    assert days.get_attribute("data-value") == "96"
    assert "96 days before the change and 96 days after it" in days.inner_text()
    tab.get_by_label("leaves out a value").check()
    fill(tab, exclude=-1)
    assert days.get_attribute("data-value") == "88"
    fill(tab, elasticity=-30)
    assert days.inner_text().startswith("No plan. Elasticity to plan for must lie strictly between")
    assert tab.locator("#elasticity").get_attribute("aria-invalid") == "true"
    fill(tab, elasticity=-2, unitsBefore=0)
    assert "Units per day before must be a finite number above 0" in days.inner_text()


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("priceBefore", "0", "Price before must be a finite number above 0; got 0."),
        ("unitsAfter", "2.5", "Units sold after must be a whole number, 0 or more; got 2.5."),
        ("daysAfter", "1,5", "Days after must be a number such as 12.5; got 1,5."),
        ("daysBefore", "", "Days before is missing; give a number."),
        ("prob", "95", "Probability of the intervals must lie strictly between 0 and 1; got 95."),
        ("priceAfter", "<b>", "Price after must be a number such as 12.5; got <b>."),
    ],
)
def test_a_wrong_field_says_what_it_may_hold(tab, field, text, says):
    tab.get_by_text("Back to the example").click()
    fill(tab, **{field: text})
    wrong = tab.locator(f"#{field}")
    assert wrong.get_attribute("aria-invalid") == "true"
    described = wrong.get_attribute("aria-describedby").split()
    assert says in [tab.locator(f"#{name}").inner_text() for name in described]
    assert tab.locator("output[data-out=sentence]").inner_text() == f"No result. {says}"
    assert tab.locator("[data-out='ratio.estimate']").inner_text() == "–"
    assert not tab.locator("#calc-results figure").is_visible()
    fill(tab, **{field: OPENING.get(field, 0.95)})
    assert wrong.get_attribute("aria-invalid") is None
    assert not tab.locator("[aria-invalid]").count()
    assert_allclose(shown(tab, "arc"), expected(OPENING)["arc"], **DIGITS)


def test_every_wrong_field_is_named(visit):
    tab = visit(f"{PAGE}?p1=0&k2=-1&n1=x&shape=-1&power=2&goal=exclude").tab
    text = tab.locator("output[data-out=sentence]").inner_text()
    for label in ("Price before", "Units sold after", "Days before", "Shape of the Gamma prior"):
        assert f"{label} must" in text
    assert tab.locator("#shape").is_visible(), (
        "the folded part opens where something is wrong in it"
    )
    assert tab.locator("#power").get_attribute("aria-invalid") == "true"


# --- The address


def test_the_address_brings_everything_back(visit):
    tab = visit(PAGE).tab
    tab.get_by_label("leaves out a value").check()
    fill(tab, priceBefore=2.49, priceAfter=1.99, unitsAfter=0, daysAfter=14, prob=0.8, exclude=-2)
    query = urlsplit(tab.url).query
    assert parse_qs(query)["prob"] == ["0.8"]
    again = visit(f"{PAGE}?{query}").tab
    assert urlsplit(again.url).query == query
    for name in ("arc", "ratio"):
        assert shown(again, name) == shown(tab, name)
    assert again.locator("#calc-days").inner_text() == tab.locator("#calc-days").inner_text()


@pytest.mark.parametrize(
    "query",
    [
        "?p1=",
        "?p1=1e999&k1=-0",
        "?p1=%00&prob=%F0%9F&goal=banana",
        "?&&=&p1",
        "?x=1&x=2&toString=1&[]=2",
        "?n1=1e-300&n2=1e300&prob=1e-9&w=1e-300",
        "?p1=1e308&p2=1.1e308&shape=1e-300&k1=0&prob=0.999999999999",
    ],
)
def test_no_address_breaks_the_page(visit, query):
    visited = visit(PAGE + query)
    visited.tab.locator("#price-change[data-ready=true]").wait_for()
    assert not visited.faults
    visited.tab.get_by_text("Back to the example").click()
    fill(visited.tab, **OPENING)
    assert_allclose(shown(visited.tab, "arc"), expected(OPENING)["arc"], **DIGITS)


def test_the_link_can_be_copied_by_keyboard_alone(visit):
    tab = visit(PAGE, permissions=["clipboard-read", "clipboard-write"]).tab
    tab.locator("h1").click()
    reached = []
    while "calc-copy" not in reached:
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id"))
        assert len(reached) < 40, "the button cannot be reached"
        if reached[-1] == "unitsAfter":
            tab.keyboard.press("Control+A")
            tab.keyboard.type("350")
        if tab.evaluate("document.activeElement.name") == "goal":
            tab.keyboard.press("ArrowDown")
    order = ["priceBefore", "unitsBefore", "daysBefore", "priceAfter", "unitsAfter", "daysAfter"]
    assert [name for name in reached if name in order] == order
    assert "exclude" in reached
    tab.keyboard.press("Enter")
    tab.get_by_text("Link copied.").wait_for()
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied == tab.url
    assert parse_qs(urlsplit(copied).query)["k2"] == ["350"]
    assert parse_qs(urlsplit(copied).query)["goal"] == ["exclude"]


def test_enter_answers_at_once(visit):
    tab = visit(PAGE).tab
    tab.locator("#unitsAfter").fill("350")
    tab.keyboard.press("Enter")
    assert_allclose(read(tab, "ratio.estimate"), 350 / 400)


# --- The picture


def test_the_picture_is_drawn_to_scale(visit):
    tab = visit(PAGE).tab
    picture = tab.get_by_role("img", name="Posterior density of the arc elasticity.")
    ticks = picture.locator(".calc-tick")
    pairs = [
        (float(each.get_attribute("x")), float(each.text_content().replace("−", "-")))
        for each in ticks.all()
    ]
    assert len(pairs) >= 4
    slope, start = np.polyfit(*np.transpose(pairs), 1)
    pixel = abs(slope)

    def value(kind, end="x1"):
        return start + slope * float(picture.locator(f".{kind}").get_attribute(end))

    _, low, high, _, median, _, _ = expected(OPENING)["arc"]
    drawn = [value("calc-median"), value("calc-exact"), value("calc-exact", "x2")]
    assert_allclose([*drawn, value("calc-mark")], [median, low, high, -1], atol=pixel / 50)
    path = picture.locator(".calc-curve").get_attribute("d")
    points = np.array(re.findall(r"([\d.]+) ([\d.]+)", path), float)
    peak = start + slope * points[points[:, 1].argmin(), 0]
    arc = et.arc_elasticity_posterior(change_of(OPENING))
    grid = np.linspace(-5, -2, 3001)
    assert_allclose(peak, grid[arc.pdf(grid).argmax()], atol=3 * pixel)  # points lie 3 pixels apart


@pytest.mark.parametrize("query", ["", "?k1=0&k2=0", "?k2=0", "?p2=10", "?k1=1000000&k2=1000000"])
def test_every_picture_stays_inside_its_frame(visit, query):
    tab = visit(PAGE + query).tab
    numbers = tab.evaluate("""() => [...document.querySelectorAll("#calc-results svg *")].map(
        (each) => [...each.attributes].map((a) => a.value).join(" ")).join(" ")""")
    assert "NaN" not in numbers
    assert "Infinity" not in numbers
    frame = tab.locator("#calc-results svg").bounding_box()
    for each in tab.locator("#calc-results svg text").all():
        box = each.bounding_box()
        assert box["x"] >= frame["x"] - 1
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1


# --- The page


@pytest.mark.parametrize("query", ["", "?p1=0&n2=x", "?p2=10"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_accessible(visit, theme, viewport, query):
    visited = visit(PAGE + query, viewport=viewport, color_scheme=theme)
    visited.read_through()  # a box that scrolls takes the focus from when it comes into view
    tab = visited.tab
    tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    tab.wait_for_timeout(400)
    tab.add_script_tag(path=AXE)
    broken = tab.evaluate("() => axe.run()")["violations"]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in broken]
    assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_the_page_works_from_disk(browser):
    context = browser.new_context()
    tab = context.new_page()
    faults = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("requestfailed", lambda request: faults.append(request.url))
    tab.goto(f"{(HTML / PAGE).as_uri()}?k2=300")
    fill(tab, unitsAfter=280)
    assert_allclose(shown(tab, "arc"), expected(OPENING)["arc"], **DIGITS)
    assert tab.url.endswith("k2=280&n2=40")
    assert not faults
    context.close()


def test_without_javascript_the_page_shows_lines_that_run(visit, capsys):
    live = visit(PAGE).tab
    tab = visit(PAGE, java_script_enabled=False).tab
    assert not tab.locator("#price-change").is_visible()
    lines = tab.locator("noscript pre").inner_text()
    assert lines == live.locator("[data-out=python]").text_content()
    exec(lines, {})
    printed = [float(number) for number in re.findall(r"-?\d+\.\d+", capsys.readouterr().out)]
    wanted = expected(OPENING)
    ratio, arc = wanted["ratio"], wanted["arc"]
    right = [*ratio[1:3], ratio[3], ratio[5], ratio[6], arc[4], arc[3], arc[5], arc[6]]
    assert_allclose(printed, right, rtol=1e-12)


def test_the_lines_of_the_live_page_name_what_was_typed(visit, capsys):
    tab = visit(f"{PAGE}?p1=1e-3&p2=2e-3&k1=7&k2=5&n1=0.5&n2=2&prob=0.9&shape=1&rate=0.2").tab
    exec(tab.locator("[data-out=python]").text_content(), {})
    printed = [float(number) for number in re.findall(r"-?\d+\.\d+", capsys.readouterr().out)]
    arc, ratio = shown(tab, "arc"), shown(tab, "ratio")
    right = [*ratio[1:3], ratio[3], ratio[5], ratio[6], arc[4], arc[3], arc[5], arc[6]]
    assert_allclose(printed, right, rtol=1e-8)


def test_the_lines_in_the_text_give_what_they_say():
    text = (ROOT / "book" / "calculator.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```pycon\n(.*?)```", text, flags=re.DOTALL)
    test = doctest.DocTestParser().get_doctest(block, {}, "calculator.md", None, 0)
    assert len(test.examples) >= 8
    assert doctest.DocTestRunner().run(test).failed == 0


def three_digits(value):
    """As the page writes it."""
    decimals = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:.{decimals}f}".replace("-", "−")


def quoted(name, inputs):
    """Numbers that the text of an example quotes, computed by the package."""
    found = expected(inputs)
    arc, ratio = found["arc"], found["ratio"]
    if name == "The shop of chapter 4":
        return [*map(three_digits, [arc[0], arc[3], arc[5]]), f"{100 * arc[6]:.2f}%"]
    if name == "A step of one per cent":
        return map(three_digits, [arc[0], arc[3], arc[5]])
    if name == "A price cut, and periods of unequal length:":
        totals = et.arc_elasticity(2.49, 1.99, inputs["unitsBefore"], inputs["unitsAfter"])
        return map(three_digits, [ratio[0], arc[3], arc[5], totals])
    if name == "Ten units before, none after.":
        return map(three_digits, [arc[0], arc[2]])
    assert name == "The price did not change"
    return [three_digits(ratio[0])]


def test_the_examples_quote_the_package():
    links = soup(PAGE).select("article a[href^='?']")
    assert len(links) == 5
    for link in links:
        query = parse_qs(urlsplit(link["href"]).query)
        keys = ["p1", "p2", "k1", "k2", "n1", "n2"]
        inputs = {n: float(query[key][0]) for n, key in zip(CHANGE, keys, strict=True)}
        text = " ".join(link.find_parent("p").get_text().split())
        numbers = list(quoted(link.get_text(), inputs))
        assert numbers
        for number in numbers:
            assert number in text, (link.get_text(), number)


def test_an_example_opens_in_the_form(visit):
    tab = visit(PAGE).tab
    tab.get_by_role("link", name="A price cut, and periods of unequal length:").click()
    tab.locator("#price-change[data-ready=true]").wait_for()
    assert tab.locator("#priceAfter").input_value() == "1.99"
    assert_allclose(read(tab, "ratio.estimate"), (58 / 14) / (31 / 28))
