"""The whole book by keyboard: nothing is out of reach, nothing holds the focus, all of it shows."""

import pytest
from browsing import CHAPTERS, DESK, PHONE
from wcag import computed, contrast

CHAPTER = f"{CHAPTERS[0]}.html"
FOCUSED = """() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return {
        tag: element.localName, classes: element.className,
        inMain: Boolean(element.closest("main")), inDialog: Boolean(element.closest("dialog")),
        ring: outlineStyle === "none" ? 0 : parseFloat(outlineWidth), colour: outlineColor,
        inSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""


@pytest.fixture
def tab(visit):
    """A chapter in a wide window."""
    return visit(CHAPTER, viewport=DESK, color_scheme="light").tab


def focused(tab):
    return tab.evaluate(FOCUSED)


def test_the_first_key_offers_to_skip_to_the_text(tab):
    tab.keyboard.press("Tab")
    tab.wait_for_timeout(300)  # it slides in
    assert focused(tab)["tag"] == "a"
    assert focused(tab)["inSight"]
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main-content"
    tab.keyboard.press("Tab")
    assert focused(tab)["inMain"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_focus_travels_through_the_page_and_always_shows(theme, visit):
    visited = visit(CHAPTER, viewport=DESK, color_scheme=theme)
    tab = visited.tab
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    seen = []
    for _ in range(400):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement === document.body"):
            break
        seen.append(focused(tab))
        if len(seen) > 1:  # the skip link has a ground of its own
            assert seen[-1]["ring"] >= 2, seen[-1]
            assert contrast(computed(seen[-1]["colour"]), computed(ground)) >= 3, seen[-1]
            assert seen[-1]["inSight"], seen[-1]
    else:
        pytest.fail("the focus never leaves the page")
    assert any("toggle-button" in each["classes"] for each in seen)
    assert any("copybtn" in each["classes"] for each in seen)
    assert any(each["tag"] == "summary" for each in seen)


def test_the_theme_is_switched_and_the_focus_stays(tab):
    button = tab.locator(".theme-switch-button").first
    button.focus()
    names = set()
    for _ in range(3):
        names.add(button.get_attribute("aria-label"))
        tab.keyboard.press("Enter")
        tab.wait_for_timeout(50)
        assert "theme-switch-button" in focused(tab)["classes"]
    assert names == {f"Colour theme: {name}" for name in ("the system's", "light", "dark")}


def test_a_solution_opens_and_closes(tab):
    button = tab.locator(".solution .toggle-button").first
    contents = tab.locator(f"id={button.get_attribute('aria-controls')}")
    for key, state in (("Enter", True), ("Space", False), ("Space", True)):
        button.focus()
        tab.keyboard.press(key)
        assert button.get_attribute("aria-expanded") == str(state).lower()
        assert contents.locator("section").first.is_visible() == state
        assert button.get_attribute("aria-label").startswith("Hide" if state else "Show")


def test_a_link_into_a_solution_opens_it(tab):
    inside = tab.locator(".solution section[id]").first
    assert not inside.is_visible()
    tab.evaluate("id => { location.hash = id; }", inside.get_attribute("id"))
    inside.wait_for(state="visible")


def test_a_hidden_cell_opens(tab):
    summary = tab.locator("details > summary").first
    summary.focus()
    tab.keyboard.press("Enter")
    assert tab.locator("details").first.evaluate("details => details.open")


def test_the_search_is_two_keys_away(tab):
    tab.keyboard.press("Control+k")
    assert tab.evaluate("document.activeElement.name") == "q"
    assert focused(tab)["inDialog"]
    tab.keyboard.press("Escape")
    assert not tab.locator("#pst-search-dialog").evaluate("dialog => dialog.open")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("nuisance")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search.html?q=nuisance*")
    tab.locator("#search-results a").first.wait_for(state="visible")


def test_a_menu_opens_closes_and_gives_the_focus_back(tab):
    button = tab.locator(".dropdown-launch-buttons > button")
    button.focus()
    tab.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    tab.keyboard.press("ArrowDown")
    assert "dropdown-item" in focused(tab)["classes"]
    tab.keyboard.press("Escape")
    assert button.get_attribute("aria-expanded") == "false"
    assert "dropdown-toggle" in focused(tab)["classes"]


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_on_a_phone_a_side_bar_opens_closes_and_gives_the_focus_back(side, visit):
    tab = visit(CHAPTER, viewport=PHONE).tab
    button = tab.locator(f".{side}-toggle")
    button.focus()
    assert button.get_attribute("aria-expanded") == "false"
    tab.keyboard.press("Enter")
    assert focused(tab)["inDialog"]
    assert button.get_attribute("aria-expanded") == "true"
    tab.keyboard.press("Escape")
    tab.wait_for_timeout(50)
    assert f"{side}-toggle" in focused(tab)["classes"]
    assert button.get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize("box", [".table-scroller", "pre", "mjx-container[display='true']"])
def test_arrow_keys_scroll_what_is_too_wide(box, visit):
    for name in CHAPTERS:
        visited = visit(f"{name}.html", viewport=PHONE)
        visited.read_through()
        wide = visited.tab.locator(f"article {box}[tabindex='0']:visible")
        if wide.count():
            break
    assert wide.first.get_attribute("aria-label")
    wide.first.focus()
    visited.tab.keyboard.press("ArrowRight")
    visited.tab.wait_for_timeout(400)
    assert wide.first.evaluate("box => box.scrollLeft") > 0


def test_room_between_letters_and_lines_hides_nothing(visit):
    visited = visit(CHAPTER, viewport=PHONE)
    tab = visited.tab
    tab.add_style_tag(
        content="""* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
                       word-spacing: 0.16em !important; }
                   p { margin-bottom: 2em !important; }"""
    )
    visited.read_through()
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    clipped = """() => [...document.querySelectorAll("main *")].filter(each => {
        const { overflowY, display } = getComputedStyle(each);
        return /hidden|clip/.test(overflowY) && display !== "none" && !each.closest("mjx-container")
            && each.clientHeight > 0 && each.scrollHeight > each.clientHeight + 2;
    }).map(each => each.outerHTML.slice(0, 120))"""
    assert tab.evaluate(clipped) == []


def test_nothing_moves_for_those_who_want_it_still(visit):
    tab = visit(CHAPTER, reduced_motion="reduce").tab
    moving = """() => [...document.querySelectorAll("*")].filter(each =>
        parseFloat(getComputedStyle(each).transitionDuration) > 0.001).length"""
    assert tab.evaluate(moving) == 0
