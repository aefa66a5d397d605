"""What a page weighs, how soon it answers, and the step of the build that makes it so."""

import base64
import io
import itertools
import json
import re
from collections import Counter

import accessible
import icons
import light
import nbformat
import numpy as np
import pytest
import styles
from browsing import CHAPTERS, DESK, DOCUMENTS, HTML, PAGES, ROOT, soup
from bs4 import BeautifulSoup
from PIL import Image

SLOWEST = 1500  # milliseconds of work, on a processor of a quarter of this one's speed
LONG = 50  # milliseconds: a longer task is felt
RUN = PAGES[:-3]  # the documents
INDEX = DOCUMENTS[0]

# --- The step of the build, on small examples


def test_rules_that_nothing_can_match_are_dropped():
    sheet = """
        /* a comment */ .a .b, #c > p:not(.z) { color : red; } .gone, .a.gone { top: 0 }
        @media print { .gone { top: 0 } .a { content: "a  {b}" } } @media screen { .gone { x: y } }
        .bs-tooltip-auto { left: 0 } p { margin: 0 }
    """
    small = styles.bundle([("", sheet)], {"a", "b", "c"})
    assert "gone" not in small
    assert "screen" not in small
    assert ".a .b,#c>p:not(.z){" in small
    assert '"a  {b}"' in small
    assert ".bs-tooltip-auto" in small
    assert "p{margin: 0}" in small


def test_addresses_in_style_sheets_follow_the_move():
    sheet = "a { background: url(../images/x.svg) } b { background: url('data:,x') }"
    small = styles.bundle([("styles", sheet)], set())
    assert 'url("images/x.svg")' in small
    assert "data:,x" in small


def test_the_name_of_an_index_joins_the_other_headings():
    rows = "<tr><th></th><th>mean</th></tr><tr><th>product</th><th></th></tr>"
    body = "<tbody><tr><th>P1</th><td>2</td></tr></tbody>"
    page = BeautifulSoup(f"<table border='1'><thead>{rows}</thead>{body}</table>", "html.parser")
    accessible.mend_tables(page)
    heads = [(cell.name, cell.get_text(), cell.get("scope")) for cell in page.select("th, td")]
    assert heads == [
        ("th", "product", "col"),
        ("th", "mean", "col"),
        ("th", "P1", "row"),
        ("td", "2", None),
    ]
    assert page.table["aria-label"] == "Table of product, mean"
    assert page.table.parent["class"] == ["table-scroller"]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('width="72pt" height="36pt"', (96, 48)),
        ('width="30" height="20px"', (30, 20)),
        ('width="100%" height="100%" viewBox="0 0 12 7"', (12, 7)),
    ],
)
def test_the_size_of_a_drawing_is_read(attributes, expected, tmp_path):
    path = tmp_path / "drawing.svg"
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}></svg>')
    assert light.size(path) == expected


def test_a_drawing_keeps_what_is_seen():
    drawing = """<svg xmlns="x">
      <metadata> <date>2026</date> </metadata> <!-- axes -->
      <path d="M 45.123456 -7.5
L 0.004 10
L 3 4
Q 5 6 7 8
z
" transform="scale(0.015625)"/>
    </svg>"""
    short = light.shorten_drawing(drawing)
    assert short == (
        '<svg xmlns="x"> <path d="M45.12 -7.5 L0 10 3 4 Q5 6 7 8 z" '
        'transform="scale(0.015625)"/> </svg>'
    )


# --- The built pages as files


@pytest.mark.parametrize("page", RUN)
def test_no_script_twice_and_none_in_the_way(page):
    scripts = soup(page).select("script[src]")
    names = Counter(light.file_name(script["src"]) for script in scripts)
    assert set(names.values()) == {1}
    assert all(script.has_attr("defer") or script.has_attr("async") for script in scripts)
    assert not {"fontawesome.js", "searchindex.js"} & set(names)
    assert len(soup(page).select("head link[rel='stylesheet']:not([media='print'])")) == 1


@pytest.mark.parametrize("page", RUN)
def test_images_leave_room_for_themselves(page):
    for number, image in enumerate(soup(page).select("article img")):
        assert int(image["width"]) > 0, image["src"]
        assert int(image["height"]) > 0, image["src"]
        assert image["decoding"] == "async"
        assert image.get("loading") == "lazy" or number == 0


@pytest.mark.parametrize("page", RUN)
def test_a_page_has_one_title_and_headings_in_order(page):
    levels = [int(tag.name[1]) for tag in soup(page).select("h1, h2, h3, h4, h5, h6")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert soup(page).html["lang"] == "en"


@pytest.mark.parametrize("page", RUN)
def test_headings_of_tables_say_what_they_head(page):
    for table in soup(page).select("table:not([role='presentation'])"):
        assert table.get("aria-label") or table.caption, str(table)[:200]
        assert all(cell.get_text(strip=True) for cell in table.select("th"))
        assert all(cell.get("scope") for cell in table.select("th"))


def test_every_icon_of_the_pages_has_its_picture():
    sheet = (HTML / "_static" / "book.css").read_text(encoding="utf-8")
    held = set().union(*(icons.held(icons.OUT / f"{name}.woff") for name in icons.FONTS))
    shown = set(icons.signs(HTML / "_static" / "book.css"))
    assert shown <= held, "run: python tools/icons.py"
    drawn = dict(re.findall(r"\.(fa-[\w-]+):before\{content:\s*\"(.)", sheet))
    assert {ord(sign) for sign in drawn.values()} <= held
    used = {
        name
        for page in PAGES
        for tag in soup(page).select("[class*='fa-']")
        for name in tag["class"]
        if name.startswith("fa-") and name not in {"fa-solid", "fa-brands", "fa-regular", "fa-lg"}
    }
    assert used
    assert used <= set(drawn)


# --- In a browser


def rendered(tab, drawing):
    """Grey levels of a drawing, 900 pixels wide."""
    data = base64.b64encode(drawing.encode()).decode()
    tab.set_content(f'<img src="data:image/svg+xml;base64,{data}" width="900">')
    tab.evaluate("() => document.images[0].decode()")
    shot = tab.locator("img").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("L")).astype(int)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_shortened_drawing_looks_as_before(name, browser):
    cells = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    drawings = (output.get("data", {}).get("image/svg+xml", "") for output in outputs)
    drawing = max(drawings, key=len)
    tab = browser.new_page(viewport={"width": 1000, "height": 900})
    before, after = rendered(tab, drawing), rendered(tab, light.shorten_drawing(drawing))
    tab.close()
    # Half a hundredth of a point moves an edge by so little that only its grey can change; where
    # it crosses the middle of a pixel a line one pixel wide may jump.
    assert before.std() > 5, "nothing was drawn"
    assert (abs(before - after) > 64).mean() < 1e-3


def main_thread_tasks(browser, address):
    """Milliseconds of processor time of each task of a page, in their order, at a quarter speed."""
    context = browser.new_context(viewport=DESK)
    tab = context.new_page()
    session = context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    browser.start_tracing(page=tab, categories=["toplevel", "devtools.timeline"])
    tab.goto(address, wait_until="load")
    tab.evaluate("() => window.MathJax?.startup?.promise")
    tab.wait_for_timeout(1000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    context.close()
    parse = next(
        event
        for event in events
        if event["name"] == "ParseHTML"
        and event.get("args", {}).get("beginData", {}).get("url") == address
    )
    thread = parse["pid"], parse["tid"]
    start = min(
        event["ts"]
        for event in events
        if event["name"] == "ResourceSendRequest" and event["args"]["data"]["url"] == address
    )
    tasks = [
        event
        for event in events
        if event["name"] == "ThreadControllerImpl::RunTask"
        and (event["pid"], event["tid"]) == thread
        and event["ts"] >= start
        and "tdur" in event
    ]
    return [task["tdur"] / 1000 for task in sorted(tasks, key=lambda task: task["ts"])]


def time_to_interactive(tasks):
    """End of the last long task: Lighthouse's definition, on a clock that runs with the work.

    Not with the time of day: that would measure what else the machine has to do. The time in which
    a page waits for its files is left out; from this machine that is little.
    """
    clock, last = 0.0, 0.0
    for length in tasks:
        clock += length
        if length > LONG:
            last = clock
    return last


def test_the_first_page_soon_answers(browser, site):
    best = min(
        (main_thread_tasks(browser, f"{site}/{INDEX}.html") for _ in range(3)),
        key=time_to_interactive,
    )
    print(f"interactive after {time_to_interactive(best):.0f} ms")
    assert time_to_interactive(best) <= SLOWEST
