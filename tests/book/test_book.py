"""The built book's pages, as files and in a browser. They need `make book` first."""

from collections import Counter
from urllib.parse import unquote, urlsplit

import address
import pytest
from browsing import AXE, CHAPTERS, COLOURS, DESK, HTML, NUMBERED, PAGES, PHONE, ROOT, soup

pytestmark = pytest.mark.usefixtures("built_book")


# --- The pages as files


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_book_leads_somewhere(page):
    for link in soup(page).select("a[href]"):
        target = urlsplit(link["href"])
        if target.scheme or target.netloc:
            continue
        path = (HTML / page).parent / unquote(target.path) if target.path else HTML / page
        assert path.exists(), link["href"]
        if target.fragment and path.suffix == ".html":
            other = str(path.resolve().relative_to(HTML))
            assert soup(other).find(id=unquote(target.fragment)), link["href"]


@pytest.mark.parametrize("page", PAGES)
def test_ids_are_unique_on_a_page(page):
    ids = Counter(tag["id"] for tag in soup(page).select("[id]"))
    assert not [name for name, count in ids.items() if count > 1]


def test_every_figure_says_in_a_sentence_of_its_own_what_it_shows():
    texts = Counter()
    for page in PAGES:
        for image in soup(page).select("article img"):
            text = image.get("alt", "")
            assert len(text) >= 25, f"{page}: {image['src']}: {text!r}"
            assert " " in text, f"{page}: {text!r}"
            assert text.endswith("."), f"{page}: {text!r}"
            assert "/" not in text.split()[0], f"{page}: {text!r}"
            texts[text] += 1
    assert texts
    assert not [text for text, count in texts.items() if count > 1]


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_its_buttons(name):
    places = address.addresses(ROOT)
    links = {link["href"] for link in soup(f"{name}.html").select("a[href]")}
    notebook = f"{name}.ipynb"
    binder = f"https://mybinder.org/v2/gh/{places['name']}/main?urlpath=lab/tree/{notebook}"
    colab = "https://colab.research.google.com/github"
    assert binder in links
    assert f"{colab}/{places['name']}/blob/main/{notebook}" in links
    assert f"{places['repository']}/edit/main/{name}.md" in links
    assert any(link.startswith(f"{places['repository']}/issues/new") for link in links)
    assert f"../_sources/{notebook}" in links
    assert (HTML / "_sources" / notebook).read_bytes() == (ROOT / notebook).read_bytes()


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_buttons_of_a_chapter_say_what_they_open(name):
    header = soup(f"{name}.html").select_one(".article-header-buttons")
    names = {link["href"]: link.get_text(" ", strip=True) for link in header.select("a[href]")}
    assert "Binder" in {text for url, text in names.items() if "mybinder.org" in url}
    assert "Colab" in {text for url, text in names.items() if "colab.research" in url}
    assert all(names.values())
    menus = [button.get("aria-label") for button in header.select(".dropdown-toggle")]
    assert "Launch interactive content" in menus
    assert "Download this page" in menus


def test_the_launch_buttons_are_reached_by_their_names(visit):
    tab = visit(f"{CHAPTERS[0]}.html").tab
    for name in ("Binder", "Colab"):
        assert not tab.get_by_role("link", name=name).filter(visible=True).count()
    tab.get_by_role("button", name="Launch interactive content").click()
    for name in ("Binder", "Colab"):
        tab.get_by_role("link", name=name).filter(visible=True).first.wait_for()


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_cell_of_a_page_shows_an_error_or_a_warning(name):
    assert not soup(f"{name}.html").select(".output.traceback, .output.stderr")


# --- The pages in a browser

HEAVIEST = 2e6  # bytes of a chapter with all its pictures and fonts, nothing compressed
# Most rules look at the markup, which is the same in all states, and are tried in the first. What
# colours do changes with the theme, and how boxes lie with the width; contrast with both, since a
# narrow page shows other menus.

BOXES = ["region", "scrollable-region-focusable", "target-size"]
STATES = [
    (DESK, "light", None),
    (DESK, "dark", COLOURS),
    (PHONE, "light", [*BOXES, "color-contrast"]),
    (PHONE, "dark", COLOURS),
]
# Words of code are coloured by class: of blocks that hold no class but those met before, one is
# enough. A formula has the colour of its text, and is hidden from screen readers but for its
# MathML; so its drawn half is left out.
LEAVE_OUT = """() => {
    const met = new Set();
    for (const block of document.querySelectorAll("pre")) {
        const classes = [...block.querySelectorAll("[class]")].map(word => word.className);
        if (classes.every(name => met.has(name))) block.dataset.met = "";
        classes.forEach(name => met.add(name));
    }
}"""
RUN_AXE = """async rules => {
    const options = { resultTypes: ["violations"] };
    if (rules) options.runOnly = { type: "rule", values: rules };
    const exclude = [["pre[data-met] > *"], ["mjx-math"]];
    const { violations } = await axe.run({ exclude }, options);
    return violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html,
                                              nodes[0].failureSummary]);
}"""


# Sections out of sight are not laid out; axe-core, which measures everything, would have them laid
# out again and again. Which boxes can be focused was settled before, when the page was read.
ALL_LAID_OUT = ".bd-article section { content-visibility: visible !important; }"


def settle(tab):
    """Wait for transitions of colour and for measurements after a change of width."""
    tab.wait_for_timeout(400)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "index.html"])
def test_a_page_works_for_everyone_by_itself(page, visit):
    visited = visit(page, viewport=DESK, color_scheme="light")
    tab = visited.tab
    visited.read_through()
    if page.removesuffix(".html") in CHAPTERS:
        weight = visited.weight()
        heaviest = sorted(weight.items(), key=lambda item: -item[1])[:6]
        assert sum(weight.values()) <= HEAVIEST, heaviest
    formulas = tab.locator("article .math").count()
    assert tab.locator("article .math mjx-container").count() == formulas
    assert tab.locator("mjx-merror").all_inner_texts() == []
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    tab.evaluate(LEAVE_OUT)
    layout = tab.add_style_tag(content=ALL_LAID_OUT)
    for size, theme, rules in STATES:
        tab.set_viewport_size(size)
        visited.switch_theme(theme)
        if size == PHONE and theme == "light":
            visited.read_through()
        settle(tab)
        state = f"{size['width']} pixels, {theme}"
        assert tab.evaluate(RUN_AXE, rules) == [], state
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"], state
    layout.evaluate("style => style.remove()")
    tab.set_viewport_size(DESK)
    check_solutions(tab, fewest=3 if page.removesuffix(".html") in NUMBERED else 0)
    assert not visited.foreign, "requests to other hosts"
    assert not visited.faults, "errors or warnings in the console"


def check_solutions(tab, fewest):
    """Every solution is closed until it is asked for."""
    solutions = tab.locator(".solution.dropdown")
    assert solutions.count() >= fewest
    for solution in solutions.all():
        contents = solution.locator("section").first
        assert not contents.is_visible()
        solution.locator(".toggle-button").first.click()
        contents.wait_for(state="visible")


def test_the_first_page_leads_to_the_book(visit):
    visit("index.html").tab.wait_for_url("**/book/index.html")


def test_formulas_are_typeset_and_readable_aloud(visit):
    tab = visit(f"{CHAPTERS[0]}.html").tab
    assert tab.locator("mjx-container").count() > 0
    assert tab.locator("mjx-assistive-mml").count() == tab.locator("mjx-container").count()
    mathml = tab.evaluate("MathJax.tex2mml('\\\\Var x', { display: false })")
    assert mathml.startswith("<math")
    assert "Var" in mathml


def test_formulas_added_later_are_typeset_too(visit):
    tab = visit(f"{CHAPTERS[0]}.html").tab
    tab.evaluate(
        """async () => {
            const added = document.createElement("p");
            added.id = "added";
            added.textContent = "where \\\\(x^2\\\\) stands";
            document.querySelector("article").append(added);
            await MathJax.typesetPromise([added]);
        }"""
    )
    assert tab.locator("#added mjx-container mjx-assistive-mml").count() == 1


def test_pages_open_from_disk_as_well(browser):
    context = browser.new_context()
    tab = context.new_page()
    faults = []
    tab.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto((HTML / f"{CHAPTERS[0]}.html").as_uri())
    tab.evaluate("() => MathJax.startup.promise")
    assert tab.locator("mjx-container").count() > 0
    tab.goto(f"{(HTML / 'search.html').as_uri()}?q=nuisance")
    tab.locator("#search-results a[href*='marginal_likelihood']").first.wait_for()
    context.close()
    assert not faults


def test_the_search_finds_the_nuisance(visit):
    tab = visit("search.html?q=nuisance").tab
    link = tab.locator("#search-results a[href*='marginal_likelihood']").first
    link.wait_for(state="visible")
    link.click()
    tab.wait_for_url("**/marginal_likelihood.html*")


def test_figures_keep_their_hues_on_dark_pages(visit):
    visited = visit(f"{CHAPTERS[0]}.html")
    image = visited.tab.locator("article img").first
    look = """image => {
        const { filter, backgroundColor } = getComputedStyle(image);
        return [filter, backgroundColor];
    }"""
    visited.switch_theme("light")
    assert image.evaluate(look)[0] == "none"
    visited.switch_theme("dark")
    assert image.evaluate(look) == ["invert(0.93) hue-rotate(180deg)", "rgba(0, 0, 0, 0)"]
