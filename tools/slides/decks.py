"""Make the slides of the three parts out of ``book/course/slides`` and the stored chapters.

Each deck is one page that works from disk, with what it needs in ``assets`` beside it; another
page has its notes for paper. With ``--pdf`` the decks are printed too, a page for each slide,
which needs Chromium.
"""

import argparse
import json
import shutil
from html import escape
from pathlib import Path

import pages
import toc
import yaml
from chromium import DESCRIBE, FAULTS, PIXEL, READY, TIMEOUT, chromium
from pygments.formatters import HtmlFormatter

from slides import blocks, lists, source
from slides.source import SlideFault
from slides.text import CODE_STYLE

SOURCE = pages.ROOT / "book" / "course" / "slides"
STATIC = pages.ROOT / "book" / "_static"
REVEAL = pages.ROOT / "node_modules" / "reveal.js"
OUT = pages.ROOT / "_build" / "course" / "slides"
PARTS = (1, 2, 3)

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="assets/favicon.svg">
{sheets}{scripts}</head>
{body}
</html>
"""
SHEETS = ("reset.css", "reveal.css", "custom.css", "code.css", "slides.css")
SCRIPTS = ("js/mathjax.js", "reveal.js", "notes.js", "slides.js")
TITLE = (
    '<section data-state="now-opens"><div class="slide opens"><div class="body">'
    '<div class="column"><p class="chapter-number">{book}, part {numeral}</p>'
    "<h2>{title}</h2></div></div></div></section>"
)


# --- What the decks need beside them


def copy_assets(folder):
    """Put fonts, scripts and style sheets beside the decks."""
    if not REVEAL.is_dir():
        raise SystemExit(f"reveal.js is not in {REVEAL.parent}; run: npm ci")
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "LICENSE-reveal.js.txt": REVEAL / "LICENSE",
        "reveal.js": REVEAL / "dist" / "reveal.js",
        "notes.js": REVEAL / "dist" / "plugin" / "notes.js",
        "reset.css": REVEAL / "dist" / "reset.css",
        "reveal.css": REVEAL / "dist" / "reveal.css",
        "custom.css": STATIC / "custom.css",
        "favicon.svg": STATIC / "favicon.svg",
        "slides.css": SOURCE / "slides.css",
        "slides.js": SOURCE / "slides.js",
        "js/mathjax.js": STATIC / "js" / "mathjax.js",
        "js/LICENSES.txt": STATIC / "js" / "LICENSES.txt",
    }
    for name, path in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, folder / name)
    for name in ("fonts", "mathjax"):
        shutil.copytree(STATIC / name, folder / name, dirs_exist_ok=True)
    style = HtmlFormatter(style=CODE_STYLE).get_style_defs(".highlight")
    (folder / "code.css").write_text(style, encoding="utf-8")


def settings():
    """Script that tells MathJax the macros of the book, and to set formulas only."""
    config = yaml.safe_load((pages.ROOT / "_config.yml").read_text(encoding="utf-8"))
    macros = config["sphinx"]["config"]["mathjax3_config"]["tex"]["macros"]
    told = {
        "tex": {"macros": macros},
        "chtml": {"matchFontHeight": False},  # slides out of sight cannot be measured
        "options": {"ignoreHtmlClass": "reveal", "processHtmlClass": "math"},
    }
    return f"<script>window.MathJax = {json.dumps(told)}</script>\n"


# --- The decks


def part(number):
    """Caption and chapters of a part of the book."""
    found = toc.parts()[number]
    return found.caption, tuple(Path(name).name for name in found.documents)


def deck(number):
    """Slides of a part: their markup, and the figures that they show by label."""
    caption, names = part(number)
    path = SOURCE / f"part_{number}.md"
    shown = blocks.Deck(names)
    runs = []
    for stack in source.stacks(path.read_text(encoding="utf-8"), path.name):
        slides = "".join(blocks.slide_html(shown, slide) for slide in stack)
        runs.append(f"<section>{slides}</section>" if len(stack) > 1 else slides)
    numeral, title = caption.split(" ", 1)
    book = escape(pages.book()["title"])
    first = TITLE.format(book=book, numeral=numeral, title=escape(title))
    return "\n".join([first, *runs]), shown.drawings


def page(title, body, scripts=""):
    """Write a page with the style sheets."""
    sheets = "".join(f'<link rel="stylesheet" href="assets/{name}">\n' for name in SHEETS)
    return PAGE.format(title=escape(title), sheets=sheets, scripts=scripts, body=body)


def deck_page(number, markup):
    """Page of a deck."""
    caption = f"Part {part(number)[0]}"
    scripts = settings() + "".join(
        f'<script defer src="assets/{name}"></script>\n' for name in SCRIPTS
    )
    body = (
        f'<body><main class="deck"><h1 class="visually-hidden">{escape(caption)}</h1>\n'
        f'<div class="reveal"><div class="slides">\n{markup}\n</div></div></main></body>'
    )
    return page(f"{caption} – {pages.book()['title']}", body, scripts)


def notes_page(number, markup):
    """Page of the notes of a deck, for paper."""
    caption = f"Part {part(number)[0]}"
    scripts = settings() + '<script defer src="assets/js/mathjax.js"></script>\n'
    body = lists.notes_body(caption, markup)
    return page(f"Notes: {caption} – {pages.book()['title']}", body, scripts)


def index_page(decks, printed):
    """Page that lists the decks and their chapters."""
    listed = "".join(
        lists.deck_entry(number, f"Part {part(number)[0]}", markup, printed)
        for number, (markup, _) in decks.items()
    )
    title = f"Slides of {pages.book()['title']}"
    return page(title, lists.index_body(title, listed))


def write(target, printed):
    """Write the decks and their list, which names the prints if there will be any."""
    decks = {number: deck(number) for number in PARTS}  # faults come before anything is written
    copy_assets(target / "assets")
    (target / "assets" / "figures").mkdir(exist_ok=True)
    for number, (markup, drawings) in decks.items():
        (target / f"part_{number}.html").write_text(deck_page(number, markup), encoding="utf-8")
        notes = target / f"part_{number}_notes.html"
        notes.write_text(notes_page(number, markup), encoding="utf-8")
        for label, drawing in drawings.items():
            path = target / "assets" / "figures" / f"{label}.svg"
            path.write_text(drawing, encoding="utf-8")
    (target / "index.html").write_text(index_page(decks, printed), encoding="utf-8")
    return [target / f"part_{number}.html" for number in PARTS]


def build(target=OUT, pdf=True):
    """Make the three decks, their list and what they need.

    Parameters
    ----------
    target : pathlib.Path
        Folder to write into; what is in it from before is overwritten.
    pdf : bool
        Whether to print each deck as well, which needs Chromium.

    Returns
    -------
    list of pathlib.Path
        The decks, and their prints.

    Raises
    ------
    SlideFault
        If a slide names what the chapters of its part do not have.
    """
    decks = write(Path(target), printed=pdf)
    if not pdf:
        return decks
    with chromium() as browser:
        return decks + [print_deck(browser, path) for path in decks]


# --- Printing


STARTED = "document.documentElement.dataset.started !== undefined"


def print_deck(browser, path):
    """Print a deck with one browser."""
    tab = browser.new_page(viewport={"width": 1280, "height": 720})
    tab.set_default_timeout(TIMEOUT)
    tab.goto(f"{path.resolve().as_uri()}?print-pdf")
    tab.wait_for_function(STARTED)
    tab.wait_for_selector(".pdf-page")
    tab.evaluate(READY)
    if faults := tab.evaluate(FAULTS):
        raise SystemExit(f"{path.name}: formulas that MathJax cannot set: {faults}")
    tab.evaluate(DESCRIBE, PIXEL)
    out = path.with_suffix(".pdf")
    options = {"prefer_css_page_size": True, "print_background": True, "tagged": True}
    tab.pdf(path=out, outline=True, **options)
    tab.close()
    return out


def main(arguments=None):
    """Make the slides."""
    parser = argparse.ArgumentParser("python -m slides", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write into")
    parser.add_argument("--pdf", action="store_true", help="print the decks as well")
    chosen = parser.parse_args(arguments)
    try:
        written = build(chosen.out, pdf=chosen.pdf)
    except SlideFault as fault:
        raise SystemExit(str(fault)) from None
    print("\n".join(f"written: {path}" for path in written))
