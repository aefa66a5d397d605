"""The built book's pages, as files and in a browser. They need `make book` first."""

from collections import Counter
from urllib.parse import unquote, urlsplit

import address
import pytest
from browsing import CHAPTERS, HTML, PAGES, PHONE, ROOT, soup

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


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_by_itself(page, visit):
    visited = visit(page)
    assert not visited.foreign, "requests to other hosts"
    assert not visited.faults, "errors in the console"
    formulas = visited.tab.locator("article .math").count()
    assert visited.tab.locator("article .math mjx-container").count() == formulas
    assert visited.tab.locator("mjx-merror").all_inner_texts() == []
    visited.tab.set_viewport_size(PHONE)
    width = "document.documentElement.scrollWidth"
    assert visited.tab.evaluate(width) <= PHONE["width"], "scrolls sideways on a phone"


@pytest.mark.parametrize("name", [name for name in CHAPTERS if "/a" not in name])
def test_solutions_open_when_asked(name, visit):
    tab = visit(f"{name}.html").tab
    solutions = tab.locator(".solution.dropdown")
    assert solutions.count() >= 3
    for index in range(solutions.count()):
        solution = solutions.nth(index)
        contents = solution.locator("section").first
        assert not contents.is_visible()
        solution.locator(".toggle-button").first.click()
        contents.wait_for(state="visible")


def test_formulas_are_typeset_and_readable_aloud(visit):
    tab = visit(f"{CHAPTERS[0]}.html").tab
    assert tab.locator("mjx-container").count() > 0
    assert tab.locator("mjx-assistive-mml").count() == tab.locator("mjx-container").count()


def test_the_search_finds_the_nuisance(visit):
    tab = visit("search.html?q=nuisance").tab
    link = tab.locator("#search-results a[href*='03_marginal_likelihood']").first
    link.wait_for(state="visible")
    link.click()
    tab.wait_for_url("**/03_marginal_likelihood.html*")
