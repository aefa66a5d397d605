"""What tests of the rendered pages share: which pages there are, and how one is visited.

The fixtures that use it (``site``, ``browser``, ``visit``) are in ``conftest.py``.
"""

import functools
import http.server
import os
import threading
from contextlib import contextmanager
from pathlib import Path

import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent
# Another built book than that of `make book` can be looked at: BOOK_HTML=/tmp/x/_build/html.
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html")).resolve()
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
DOCUMENTS = [TOC["root"]] + [
    chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]
]
NUMBERED = [
    chapter["file"] for part in TOC["parts"] if "numbered" in part for chapter in part["chapters"]
]
CHAPTERS = [name for name in DOCUMENTS if (ROOT / f"{name}.ipynb").exists()]  # an appendix, too
PAGES = [f"{name}.html" for name in DOCUMENTS] + ["index.html", "genindex.html", "search.html"]
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules of axe that a theme can break
DESK = {"width": 1280, "height": 900}  # CSS pixels
PHONE = {"width": 400, "height": 800}


# Sections out of sight are laid out, and their images loaded, when they come near.
READ_THROUGH = """async () => {
    const shown = () => new Promise(requestAnimationFrame);
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
        window.scrollTo(0, y);
        await shown();
        await shown();
    }
    window.scrollTo(0, 0);
    await shown();
}"""


@functools.cache
def soup(page):
    """HTML of a page, parsed."""
    return BeautifulSoup((HTML / page).read_text(encoding="utf-8"), "html.parser")


def missing_pages():
    """Pages that the built book should hold and does not."""
    return [page for page in PAGES if not (HTML / page).exists()]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line per request."""

    def log_message(self, *args):
        pass


@contextmanager
def serving(folder):
    """Address under which a folder is served on this machine."""
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Visit:
    """A page opened by a reader who was never here before, and what went wrong meanwhile.

    ``tab`` is Playwright's page; ``faults`` holds errors and warnings of the console and answers
    of 400 and more; ``answers`` the others; ``foreign`` the addresses asked for on other hosts.
    """

    def __init__(self, browser, site, page, **settings):
        self.site, self.faults, self.foreign, self.answers = site, [], [], []
        self.context = browser.new_context(**settings)
        self.tab = self.context.new_page()
        self.tab.on("console", self.note_console)
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("response", self.note_response)
        self.tab.route("**/*", self.stay_home)
        self.tab.goto(f"{site}/{page}", wait_until="networkidle")
        self.tab.evaluate("() => window.MathJax?.startup?.promise")

    def read_through(self):
        """Scroll to the end and back, as a reader does."""
        self.tab.evaluate(READ_THROUGH)

    def switch_theme(self, theme):
        """Press the page's own switch until the theme is on, and leave it, so that its tip goes."""
        for _ in range(3):
            if self.tab.evaluate("document.documentElement.dataset.theme") == theme:
                self.tab.mouse.move(0, 0)
                self.tab.evaluate("document.activeElement.blur()")
                self.tab.wait_for_function("!document.querySelector('.tooltip')")
                return
            self.tab.locator(".theme-switch-button").first.click()
        raise AssertionError(f"the switch does not lead to the {theme} theme")

    def weight(self):
        """Bytes of each address that the page has asked for."""
        self.tab.wait_for_load_state("networkidle")
        return {answer.url: len(answer.body()) for answer in self.answers}

    def note_console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def note_response(self, response):
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.url}")
        elif response.ok:
            self.answers.append(response)

    def stay_home(self, route):
        if route.request.url.startswith((self.site, "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()
