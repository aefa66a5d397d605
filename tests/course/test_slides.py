"""The slides of the three parts: what they show is the chapters', and they work from disk."""

import json
import re
from html import unescape

import browsing
import chapters
import pytest
import toc
from bs4 import BeautifulSoup
from pypdf import PdfReader
from slides import blocks, decks, source
from slides.source import SlideFault
from wcag import contrast

STARTED = decks.STARTED
# Pixels of 720: what a figure's caption, code and the number of a slide need at least.
SMALLEST = 15
SMALLEST_IN_FIGURES = 16  # the same of the letters in a figure, which are 11 of its points
DESK = {"width": 1280, "height": 720}


def written(number):
    """Slides of a part as they are written, one after the other."""
    path = decks.SOURCE / f"part_{number}.md"
    stacks = source.stacks(path.read_text(encoding="utf-8"), path.name)
    return [slide for stack in stacks for slide in stack]


def drawn(number):
    """Slides of a part as markup."""
    return BeautifulSoup(decks.deck(number)[0], "html.parser").select("section:not(:has(section))")


def stored_cells(number):
    """Code cells of all chapters of a part, read without the tool."""
    for name in toc.parts()[number].documents:
        notebook = json.loads((toc.ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))
        yield from (cell for cell in notebook["cells"] if cell["cell_type"] == "code")


# --- What the slides show


@pytest.mark.parametrize("number", decks.PARTS)
def test_a_figure_is_the_one_that_the_notebook_stores(number):
    stored = {}
    for cell in stored_cells(number):
        if figure := cell["metadata"].get("mystnb", {}).get("figure"):
            (drawing,) = (each["data"]["image/svg+xml"] for each in cell["outputs"])
            text = cell["metadata"]["mystnb"]["image"]["alt"]
            stored[figure["name"]] = "".join(drawing), text
    shown = decks.deck(number)[1]
    assert len(shown) >= 10
    assert all(stored[label][0] == drawing for label, drawing in shown.items())
    images = [image for slide in drawn(number) for image in slide.select("img")]
    assert {image["src"] for image in images} == {f"assets/figures/{k}.svg" for k in shown}
    assert all(stored[image["src"][15:-4]][1] == image["alt"] for image in images)


@pytest.mark.parametrize("number", decks.PARTS)
def test_code_and_output_are_those_of_a_cell(number):
    sources, printed = set(), set()
    for cell in stored_cells(number):
        sources.add("".join(cell["source"]))
        for output in cell["outputs"]:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            printed.add("".join(text).rstrip("\n"))
    assert all(
        code.get_text() in sources for slide in drawn(number) for code in slide.select(".highlight")
    )
    outputs = [each.get_text() for slide in drawn(number) for each in slide.select(".output")]
    assert outputs
    assert set(outputs) <= printed


@pytest.mark.parametrize("number", decks.PARTS)
def test_the_chapters_of_a_part_are_opened_in_order_and_closed(number):
    names = [name for slide in written(number) for name in slide.named("chapter")]
    assert names == list(decks.part(number)[1])
    closing = [slide for slide in written(number) if slide.named("objectives")]
    assert len(closing) == len(names)
    assert all(slide.named("exercises") for slide in closing)


@pytest.mark.parametrize("number", decks.PARTS)
def test_the_room_is_asked_and_answered(number):
    stacks = source.stacks((decks.SOURCE / f"part_{number}.md").read_text("utf-8"), "")
    asked = [stack for stack in stacks if stack[0].named("ask") or stack[0].named("quiz")]
    assert len(asked) >= 4
    votes = [stack for stack in asked if stack[0].named("quiz")]
    assert all(stack[0].named("quiz") == stack[1].named("answer") for stack in votes)


@pytest.mark.parametrize("number", decks.PARTS)
def test_every_slide_has_notes_and_minutes(number):
    for slide in written(number):
        assert slide.notes, slide.place
        assert slide.minutes, slide.place
    title, *others = drawn(number)
    assert title.select_one(".notes") is None
    assert all(slide.select_one(".notes").get_text(strip=True) for slide in others)


@pytest.mark.parametrize("number", decks.PARTS)
def test_words_of_a_slide_quote_no_number(number):
    for slide in written(number):
        words = " ".join([slide.title, *slide.named("text")])
        assert not re.search(r"\d", re.sub(r"\$[^$]*\$", "", words)), slide.place


def test_numbers_of_labels_are_those_of_the_pages(built_book):
    places = {"equation": "#equation-{} .eqno"}
    words = {"equation": "({})", "figure": "Figure {}", "theorem": "Theorem {}"}
    for label, (item, chapter) in chapters.labels().items():
        place = places.get(item.kind, "#{} .caption-number").format(label)
        found = browsing.soup(f"book/{chapter.name}.html").select_one(place)
        assert found, f"{label} is not on the page"
        said = words.get(item.kind, "Exercise {}").format(item.number)
        assert found.get_text(strip=True).rstrip("#") == said, label


# --- How slides are written


def fault_of(text, number=1):
    """What is said of a slide that follows one which opens the first chapter of a part."""
    name = decks.part(number)[1][0]
    made = f"{{chapter}} {name}\n---\n## A title\n{text}"
    deck = blocks.Deck(decks.part(number)[1])
    with pytest.raises(SlideFault) as caught:
        for stack in source.stacks(made, "part.md"):
            for slide in stack:
                blocks.slide_html(deck, slide)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{figure} fig-chrod", "no figure 'fig-chrod'; near: fig-chord"),
        ("{equation} eq-ark", "no equation 'eq-ark'; near: eq-arc"),
        ("{equation} fig-chord", "no equation 'fig-chord'"),
        ("{theorem} thm-revenues", "near: thm-revenue"),
        ("{exercises} ex-arc-half ex-arc-halve", "no exercise 'ex-arc-halve'; near: ex-arc-half"),
        ("{figure} fig-pricing-one", "of choosing_prices, a chapter of another part"),
        ("{chapter} choosing_prices", "this part has no chapter 'choosing_prices'"),
        (
            "{code} by_hnd = (",
            "has a line 'by_hnd = ('; near: by_hand",
        ),
        ("{code} price", "cells of arc_elasticity have a line 'price'; give more"),
        ("{output} def quantity(", "stores nothing to show"),
        ("{ask} an elasticity is a slop", "near: an elasticity is a slope"),
        ("{quiz} A price goes from 4 to", "0 questions of the quiz"),
        ("{picture} fig-chord", "{picture} means nothing here; there are text, chapter, figure"),
        ("see {numref}`fig-chrod`", "no words for {numref}`fig-chrod`"),
        ("a\n|||\nb\n|||\nc", "has 3 columns; two is the most"),
    ],
)
def test_a_fault_is_said_in_one_line_that_names_the_slide(text, said):
    message = fault_of(text)
    assert message.startswith("part.md, slide 2")
    assert said in message
    assert "\n" not in message


def test_the_command_says_a_fault_and_writes_nothing(tmp_path, monkeypatch):
    for number in decks.PARTS:
        (tmp_path / f"part_{number}.md").write_text("{figure} fig-none\n", encoding="utf-8")
    monkeypatch.setattr(decks, "SOURCE", tmp_path)
    with pytest.raises(SystemExit, match=r"part_1\.md, slide 1: .* no figure 'fig-none'"):
        decks.main(["--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_a_file_is_divided_into_slides_columns_blocks_and_notes():
    text = (
        "## One\nA text\n{figure} fig-a\n\nmore\n|||\nright\nNote: 3 min\nSay *this*.\n--\n## Two\n"
    )
    ((one, two), (three,)) = source.stacks(f"<!-- x\n---\n-->{text}---\n## Three", "f.md")
    assert (one.title, one.minutes, one.notes) == ("One", 3, "\nSay *this*.")
    assert [[each.name for each in column] for column in one.columns] == [
        ["text", "figure", "text"],
        ["text"],
    ]
    assert one.named("text") == ["A text", "more", "right"]
    assert (two.title, two.notes, two.minutes) == ("Two", "", None)
    assert three.place == "f.md, slide 3 (Three)"


def test_references_in_a_text_become_the_words_of_the_pages():
    text = "{numref}`fig-chord`, {eq}`eq-arc`, {prf:ref}`thm-revenue`, {term}`a <b>`, {term}`c`"
    deck = blocks.Deck(decks.part(1)[1])
    markup = blocks.draw_text(deck, f"{text}, [`f`](#f)", 1000)
    assert unescape(markup).strip() == (
        "<p>Figure 1.2, (1.2), Theorem 1.1, a, c, <code>f</code></p>"
    )


# --- In a browser


@pytest.fixture(scope="module")
def folder(browser, tmp_path_factory):
    """Folder of the decks, made and printed."""
    folder = tmp_path_factory.mktemp("slides")
    for path in decks.write(folder, printed=True):
        decks.print_deck(browser, path)
    return folder


@pytest.fixture
def opened(browser, folder):
    """Open decks from disk with no way to another host, and close them after the test."""
    visits = []

    def open_deck(page, **settings):
        visit = browsing.Visit(browser, folder.as_uri(), page, viewport=DESK, **settings)
        visits.append(visit)
        visit.tab.wait_for_function(STARTED)
        return visit

    yield open_deck
    for each in visits:
        each.context.close()


# What is wrong with the slide that is shown, as a list of words.
FAULTS = """([smallest, smallestInFigures]) => {
    const slide = Reveal.getCurrentSlide().querySelector(".slide");
    const box = slide.getBoundingClientRect(), found = [];
    const hidden = node => node.closest("mjx-assistive-mml, mjx-math *");
    for (const node of slide.querySelectorAll("*")) {
        const { left, top, right, bottom, width, height } = node.getBoundingClientRect();
        if (!width || !height || hidden(node)) continue;
        if (left < box.left || top < box.top || right > box.right || bottom > box.bottom)
            found.push(`${node.localName}.${node.className} leaves the slide`);
        if (parseFloat(getComputedStyle(node).fontSize) < smallest)
            found.push(`${node.localName}.${node.className} is too small`);
    }
    for (const node of slide.querySelectorAll(".body, .column, pre, figure, .theorem"))
        if (node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1)
            found.push(`${node.localName}.${node.className} overflows`);
    for (const math of slide.querySelectorAll(".math"))
        if (!math.querySelector("mjx-container > mjx-assistive-mml")) found.push("raw formula");
    if (slide.querySelector("mjx-merror")) found.push("formula with an error");
    if (/\\\\[()[\\]]/.test(slide.innerText)) found.push("TeX to be seen");
    for (const image of slide.querySelectorAll("img")) {
        const { clientWidth, clientHeight, naturalWidth, naturalHeight } = image;
        const scale = Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight);
        if (!(naturalWidth > 0)) found.push("no figure");
        if (!(scale * 11 * 96 / 72 >= smallestInFigures)) found.push("figure too small");
    }
    return found;
}"""


@pytest.mark.parametrize("number", decks.PARTS)
def test_every_slide_is_whole_and_legible(number, opened):
    visit = opened(f"part_{number}.html")
    tab = visit.tab
    total = tab.evaluate("Reveal.getTotalSlides()")
    assert total == len(written(number)) + 1
    for place in range(1, total + 1):
        assert tab.evaluate("Reveal.getSlidePastCount()") == place - 1
        heading = tab.evaluate("Reveal.getCurrentSlide().querySelector('h2').innerText")
        faults = tab.evaluate(FAULTS, [SMALLEST, SMALLEST_IN_FIGURES])
        assert faults == [], f"slide {place}, {heading}"
        tab.keyboard.press("Space")
    assert tab.evaluate("Reveal.isLastSlide()")
    assert not visit.foreign, "requests to other hosts"
    assert not visit.faults, "errors or warnings in the console"


RUN_AXE = """async () => {
    const options = { resultTypes: ["violations"] };
    const { violations } = await axe.run({ exclude: [["mjx-math"], ["pre > *"]] }, options);
    return violations.map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]);
}"""
SHOW = "place => Reveal.slide(...Object.values(Reveal.getIndices(Reveal.getSlides()[place])))"
# One slide of each sort, in one of the decks. The colours of code are looked at by themselves.
SORTS = {
    1: [".opens", ".asks", ".theorem", "figure", ".equation"],
    2: [".answers", ".solved", "table", ".theorem"],
    3: [".output", ".highlight", ".objectives", ".code table"],
}


@pytest.mark.parametrize("number", decks.PARTS)
def test_slides_work_for_everyone(number, opened):
    tab = opened(f"part_{number}.html", reduced_motion="reduce").tab
    assert tab.evaluate("Reveal.getConfig().transition") == "none"
    tab.evaluate(browsing.AXE.read_text(encoding="utf-8"))
    found = drawn(number)
    for sort in SORTS[number]:
        place = next(i for i, each in enumerate(found) if each.select_one(sort))
        tab.evaluate(SHOW, place)
        assert tab.evaluate("Reveal.getSlidePastCount()") == place
        assert tab.evaluate(RUN_AXE) == [], f"slide {place + 1}"


BESIDE = ["index.html", *(f"part_{number}_notes.html" for number in decks.PARTS)]


@pytest.mark.parametrize("page", BESIDE)
def test_the_pages_beside_the_decks_work_for_everyone(page, browser, folder):
    visit = browsing.Visit(browser, folder.as_uri(), page, viewport=browsing.PHONE)
    visit.tab.evaluate("window.MathJax?.startup.promise")
    assert visit.tab.evaluate("document.documentElement.scrollWidth") <= browsing.PHONE["width"]
    assert not visit.foreign
    assert not visit.faults  # of the page: axe asks for style sheets, which a file may not
    visit.tab.evaluate(browsing.AXE.read_text(encoding="utf-8"))
    assert visit.tab.evaluate(RUN_AXE) == []
    visit.context.close()


def test_words_of_code_stand_out_from_their_ground(folder):
    colours = re.findall(r"(?<!-)color: (#\w{6})", (folder / "assets" / "code.css").read_text())
    ground = re.search(r"--et-tint: (#\w{6})", (folder / "assets" / "custom.css").read_text())[1]
    assert len(colours) > 20
    for colour in set(colours):
        assert contrast(colour, ground) >= 4.5, colour


@pytest.mark.parametrize("number", decks.PARTS)
def test_the_print_has_a_page_for_each_slide(number, folder):
    printed = PdfReader(folder / f"part_{number}.pdf")
    assert len(printed.pages) == len(drawn(number))
    assert {(float(p.mediabox.width), float(p.mediabox.height)) for p in printed.pages} == {
        (960, 540)
    }
    for place in (0, 1, -1):
        words = drawn(number)[place].h2.get_text(" ", strip=True).split()
        assert words[0] in printed.pages[place].extract_text()


def test_the_speaker_sees_notes_and_the_next_slide(opened):
    tab = opened("part_1.html").tab
    tab.keyboard.press("Space")
    with tab.context.expect_page() as window:
        tab.keyboard.press("s")
    notes = window.value.locator(".speaker-controls-notes .value")
    notes.filter(has_text="Say nothing yet").wait_for()
    tab.keyboard.press("Space")
    notes.filter(has_text="Misconception: an elasticity is a slope.").wait_for()


def test_formulas_of_the_notes_need_no_mathjax(opened):
    tab = opened("part_1.html").tab
    notes = tab.locator(".notes:has(math)")
    assert notes.count()
    assert "$" not in "".join(tab.locator(".notes").all_text_contents())


def minutes_by_chapter(number):
    """Minutes that the slides of each chapter take, as they are written."""
    sums = []
    for slide in written(number):
        if slide.named("chapter"):
            sums.append(0)
        sums[-1] += slide.minutes
    return sums


@pytest.mark.parametrize("number", decks.PARTS)
def test_the_list_leads_to_each_chapter_and_says_how_long_it_takes(number, folder, opened):
    page = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    links = page.select(f'a[href^="part_{number}.html#"]')
    said = [link.parent.get_text().removeprefix(link.get_text()) for link in links]
    assert said == [f", {minutes} min" for minutes in minutes_by_chapter(number)]
    tab = opened(f"part_{number}.html").tab
    for link, name in zip(links, decks.part(number)[1], strict=True):
        tab.evaluate("address => { location.hash = address }", link["href"].split("#")[1])
        tab.wait_for_function(
            f"'/' + Reveal.getCurrentSlide().id === {link['href'].split('#')[1]!r}"
        )
        title = tab.evaluate("Reveal.getCurrentSlide().querySelector('h2').innerText")
        assert (
            title
            == BeautifulSoup(
                blocks.line_of(chapters.chapters()[name].title), "html.parser"
            ).get_text()
        )


@pytest.mark.parametrize("number", decks.PARTS)
def test_the_notes_on_paper_are_those_of_the_slides(number, opened):
    visit = opened(f"part_{number}.html")
    on_screen = visit.tab.evaluate(
        "Reveal.getSlides().map(slide => slide.querySelector('.notes')?.textContent ?? '')"
    )
    visit.tab.goto(visit.tab.url.split("#")[0].replace(".html", "_notes.html"))
    visit.tab.evaluate("MathJax.startup.promise")
    sections = visit.tab.locator(".on-paper")
    places = [int(each) for each in sections.locator(".number").all_text_contents()]
    assert places == list(range(2, len(on_screen) + 1))
    for place, slide in zip(places, written(number), strict=True):
        text = sections.nth(place - 2).text_content()
        assert f"{slide.minutes} min" in text and f"{slide.minutes} min" in on_screen[place - 1]
        assert slide.title[:5] in text
    assert visit.tab.locator(".math").count() == visit.tab.locator(".math mjx-container").count()
    assert not visit.tab.locator("mjx-merror").count()
    assert not visit.foreign and not visit.faults


def test_the_list_leads_to_the_decks_and_their_prints(folder):
    page = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    links = [link["href"] for link in page.select("a[href]")]
    names = [f"part_{n}{end}" for n in decks.PARTS for end in (".html", ".pdf", "_notes.html")]
    assert [link for link in links if "#" not in link] == names
    assert all((folder / name).exists() for name in names)
    assert "Hakim El Hattab" in (folder / "assets" / "LICENSE-reveal.js.txt").read_text("utf-8")
