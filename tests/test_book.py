"""The built book's pages, as files and in a browser. They need `make book` first."""

import functools
import http.server
import shutil
import threading
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import address
import pytest
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
DOCUMENTS = [TOC["root"]] + [
    chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]
]
CHAPTERS = [name for name in DOCUMENTS if (ROOT / f"{name}.ipynb").exists()]
PAGES = [f"{name}.html" for name in DOCUMENTS] + ["index.html", "genindex.html", "search.html"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 400, "height": 800}  # CSS pixels


@pytest.fixture(scope="session", autouse=True)
def built_book():
    """Fail, rather than skip, where there is no book to look at."""
    missing = [page for page in PAGES if not (HTML / page).exists()]
    if missing:
        pytest.fail(f"not in _build/html: {', '.join(missing)}; run: make book")


@functools.cache
def soup(page):
    """HTML of a page, parsed."""
    return BeautifulSoup((HTML / page).read_text(encoding="utf-8"), "html.parser")


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
def test_no_cell_of_a_page_shows_an_error_or_a_warning(name):
    assert not soup(f"{name}.html").select(".output.traceback, .output.stderr")


# --- The pages in a browser


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line per request."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site():
    """Address of the built book on this machine."""
    handler = functools.partial(QuietHandler, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, the system's."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.fail("Chromium not found; install it (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Visit:
    """A page opened by a reader who was never here before, and what went wrong meanwhile."""

    def __init__(self, browser, site, page):
        self.site, self.faults, self.foreign = site, [], []
        self.context = browser.new_context()
        self.tab = self.context.new_page()
        self.tab.on("console", self.note_console)
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("response", self.note_response)
        self.tab.route("**/*", self.stay_home)
        self.tab.goto(f"{site}/{page}", wait_until="networkidle")
        self.tab.evaluate("() => window.MathJax?.startup?.promise")

    def note_console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def note_response(self, response):
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.url}")

    def stay_home(self, route):
        if route.request.url.startswith((self.site, "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()


@pytest.fixture
def visit(browser, site):
    """Open pages, and close them after the test."""
    visits = []

    def open_page(page):
        visits.append(Visit(browser, site, page))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()


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
