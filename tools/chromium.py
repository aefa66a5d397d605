"""The system's Chromium, for whatever has to see a page as a reader does."""

import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT = 300_000  # milliseconds that typesetting or printing may take

# --- What is done to a page before it is printed

FAULTS = """() => [...document.querySelectorAll("mjx-merror")].map(fault => fault.textContent)"""
READY = """async () => {
    await MathJax.startup.promise;
    await document.fonts.ready;
    await Promise.all([...document.images].map(image => image.decode()));
}"""

# MathJax draws with pseudo-elements, which reach no tag of a PDF. So an image of one pixel, not
# to be seen, stands before each formula and bears its TeX for screen readers.
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
DESCRIBE = """async pixel => { for (const math of document.querySelectorAll("[data-tex]")) {
    math.querySelector("mjx-container").ariaHidden = "true";
    const image = new Image();
    Object.assign(image, { alt: math.dataset.tex, src: pixel });
    image.style = "position: absolute; width: 1px; height: 1px; opacity: 0.01";
    math.prepend(image);
    await image.decode();
} }"""


@contextmanager
def chromium():
    """Headless Chromium, closed in the end; exits with one line where there is none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SystemExit("Chromium not found; install it (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
