"""What a reader needs to find things: glossary, index, package page, references, cards, search."""

import inspect
import re
import struct
from collections import Counter, defaultdict
from urllib.parse import urlsplit

import address
import nbformat
import pictures
import pytest
from browsing import CHAPTERS, DESK, DOCUMENTS, HTML, NUMBERED, PHONE, ROOT, soup
from PIL import Image

import elastic_tutorial as et

pytestmark = pytest.mark.usefixtures("built_book")

GENINDEX = "genindex.html"
LARGEST_CARD = 60_000  # bytes
# One word that only its own chapter has much to say about.
WORDS = {
    "arc_elasticity": "midpoints",
    "counting_sales": "weekdays",
    "marginal_likelihood": "nuisance",
    "elasticity_with_error_bars": "placebo",
    "a_simulated_store": "walks",
    "pooled_or_separate": "offset",
    "partial_pooling": "plate",
    "fitting_and_checking": "funnel",
    "the_whole_store": "pivot",
    "real_cheese": "retailer",
    "real_orange_juice": "cartons",
    "choosing_prices": "markup",
    "when_it_breaks": "detergent",
    "price_experiments": "washout",
    "your_own_sales": "terminal",
}
# Works without a DOI, and why no address is given. A DOI is entered only when it was read in a
# source; these were not found in one.
WITHOUT_ADDRESS = {
    "Allen1934": "no DOI read in a source",
    "Boatwright1999": "no DOI read in a source",
    "Hoch1994": "no DOI read in a source",
    "Montgomery1997": "no DOI read in a source",
    "MontgomeryRossi1999": "no DOI read in a source",
    "Wooldridge2015": "no DOI read in a source",
}


def prose(name):
    """Markdown cells of a chapter, or the text of another page."""
    path = ROOT / f"{name}.ipynb"
    if not path.exists():
        return (ROOT / f"{name}.md").read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def resolves(page, link):
    """Tell whether a link of a page leads to something that is there."""
    target = urlsplit(link)
    path = ((HTML / page).parent / target.path).resolve() if target.path else HTML / page
    other = str(path.relative_to(HTML))
    return path.exists() and (not target.fragment or soup(other).find(id=target.fragment))


# --- Glossary


@pytest.fixture(scope="module")
def entries():
    """Terms of the glossary, each with its definition as HTML."""
    terms = soup("book/glossary.html").select("dl.glossary > dt")
    return {term.get_text().rstrip("#").strip(): term.find_next("dd") for term in terms}


def test_the_glossary_is_sorted(entries):
    assert len(entries) >= 50
    assert list(entries) == sorted(entries, key=str.casefold)


def test_every_entry_says_it_shortly_and_leads_to_where_it_is_derived(entries):
    for term, definition in entries.items():
        assert 40 < len(definition.get_text()) < 320, term
        links = [link["href"] for link in definition.select("a[href]")]
        assert any("glossary" not in link and not link.startswith("#") for link in links), term


def test_every_term_is_used_by_a_chapter_and_no_chapter_is_full_of_them(entries):
    used = Counter()
    for name in NUMBERED:
        links = soup(f"{name}.html").select("article a[href*='glossary.html#term-']")
        # An exercise may come back to a term; what counts is how many terms are linked.
        terms = {link["href"] for link in links}
        assert 3 <= len(terms) <= 10, name
        assert len(links) == len(terms), f"{name} links a term twice"
        used.update(link.split("#")[1] for link in terms)
    ids = {term["id"] for term in soup("book/glossary.html").select("dl.glossary > dt")}
    assert set(used) == ids, set(used) ^ ids


# --- Index


@pytest.fixture(scope="module")
def indexed():
    """What the index says of each page: the texts that lead there."""
    found = defaultdict(set)
    for link in soup(GENINDEX).select("table.genindextable a[href]"):
        entry = link.find_parent("li").get_text(" ", strip=True)
        found[urlsplit(link["href"]).path.removesuffix(".html")].add(entry)
    return found


def test_the_index_leads_to_every_chapter(indexed):
    for name in NUMBERED:
        assert len(indexed[name]) >= 4, name
    assert sum(len(indexed[name]) for name in NUMBERED) >= 120


def test_the_index_has_entries_within_entries():
    nested = soup(GENINDEX).select("table.genindextable li li a[href]")
    assert len(nested) >= 60
    elasticity = next(
        item
        for item in soup(GENINDEX).select("table.genindextable > tr > td > ul > li")
        if item.find(string=True, recursive=False).strip() == "elasticity"
    )
    assert {"arc", "constant"} <= {link.get_text() for link in elasticity.select("li > a")}


def test_every_link_of_the_index_resolves():
    for link in soup(GENINDEX).select("table.genindextable a[href]"):
        assert resolves(GENINDEX, link["href"]), link["href"]


@pytest.mark.parametrize("name", [DOCUMENTS[0], NUMBERED[5]])
def test_the_index_is_in_the_table_of_contents(name):
    links = soup(f"{name}.html").select("nav a[href$='genindex.html']")
    assert any(link.get_text(strip=True) == "Index" for link in links)


# --- The package, name by name

API = "book/api.html"


@pytest.mark.parametrize("name", et.__all__)
def test_a_public_name_stands_on_the_page_of_the_package(name):
    head = soup(API).find("dt", id=f"elastic_tutorial.{name}")
    assert head, f"{name} is not in book/api.md"
    assert head.select_one(".sig-name").get_text() == name
    thing = getattr(et, name)
    if isinstance(thing, type) and issubclass(thing, Exception):
        return
    shown = [part.select_one(".n").get_text() for part in head.select(".sig-param:has(.n)")]
    parameters = list(inspect.signature(thing).parameters)
    assert shown == parameters, f"the signature of {name}"
    body = head.find_next_sibling("dd")
    assert ">>>" in body.get_text(), f"{name} shows no example"
    fields = [field.get_text().rstrip(":") for field in body.select("dt.field-odd, dt.field-even")]
    assert ("Parameters" in fields) == bool(parameters)


def test_the_page_of_the_package_follows_the_road_of_the_data():
    heads = [head["id"] for head in soup(API).select("dl.py > dt.sig[id]")]
    modules = [et._MODULE_OF[name] for head in heads if (name := head.split(".")[1]) in et.__all__]
    assert list(dict.fromkeys(modules)) == list(et._PUBLIC)


def test_every_public_name_is_linked_from_a_chapter():
    linked = set()
    for name in NUMBERED:
        links = soup(f"{name}.html").select("article a[href*='api.html#elastic_tutorial.']")
        assert all(link.find("code") for link in links), name
        targets = [link["href"].split("#elastic_tutorial.")[1] for link in links]
        assert not [target for target, count in Counter(targets).items() if count > 1], name
        linked |= {target.split(".")[0] for target in targets}
    assert linked == set(et.__all__), linked ^ set(et.__all__)


# --- References


def test_every_reference_has_an_address_or_a_reason():
    text = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    works = re.findall(r"@\w+\{(\w+),(.*?)(?=\n@|\Z)", text, flags=re.DOTALL)
    known = re.compile(r"\b(doi|url|isbn|eprint)\s*=\s*\{[^}]+\}")
    without = {key for key, fields in works if not known.search(fields)}
    assert without == set(WITHOUT_ADDRESS)
    assert len(without) < len(works) / 5


def test_addresses_of_references_are_links():
    entries = soup("book/references.html").select("div.citation")
    linked = [entry for entry in entries if entry.select("a.reference.external[href^='http']")]
    assert len(entries) >= 30
    assert len(linked) >= len(entries) - len(WITHOUT_ADDRESS)
    dois = [link for link in soup("book/references.html").select("a[href*='doi.org/10.']")]
    assert len(dois) >= 20


# --- Figures, equations, statements


@pytest.mark.parametrize("name", NUMBERED)
def test_every_figure_is_numbered_and_named_in_the_text(name):
    page, text = soup(f"{name}.html"), prose(name)
    pictures_shown = page.select("article .cell_output img, article .cell_output svg")
    figures = page.select("article figure[id]")
    assert figures
    for figure in figures:
        number = figure.select_one("figcaption .caption-number")
        assert number and re.match(r"Figure \d+\.\d+", number.get_text()), figure["id"]
    # matplotlib's own pictures stand in figures, so that each has a number and a caption
    loose = [image for image in pictures_shown if not image.find_parent("figure")]
    assert not loose, [image.get("alt") for image in loose]
    cells = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
    labels = [cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in cells]
    for label in filter(None, labels):
        assert f"{{numref}}`{label}`" in text, f"{label} is never referred to"


@pytest.mark.parametrize("name", NUMBERED)
def test_every_statement_has_a_label_and_every_reference_a_number(name):
    text = prose(name)
    statements = re.findall(r"^```\{prf:(?!proof)\w+\}[^\n]*\n:label: [\w-]+", text, re.MULTILINE)
    assert len(statements) == len(re.findall(r"^```\{prf:(?!proof)\w+\}", text, re.MULTILINE))
    for reference in soup(f"{name}.html").select("article a.reference.internal > .std-numref"):
        assert re.search(r"\d", reference.get_text()), reference
    for equation in re.findall(r"\{eq\}`([\w-]+)`", text):
        assert any(f":label: {equation}\n" in prose(other) for other in NUMBERED), equation


# --- Changes


def test_the_page_of_changes_is_the_changelog():
    page = soup("book/changes.html")
    assert page.select_one("article h1").get_text().startswith("Changelog")
    headings = [head.get_text().rstrip("#") for head in page.select("article h2")]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    written = re.findall(r"^## \[?([^\]\n]+)", text, flags=re.MULTILINE)
    assert [head.strip("[]").split("]")[0] for head in headings] == written


# --- What other sites show of a page


@pytest.fixture(scope="module")
def public():
    """Address under which the book is published."""
    return address.addresses(ROOT)["pages"]


def meta(page, name):
    """Content of a tag in the head of a page."""
    tag = soup(page).find("meta", attrs={"property": name}) or soup(page).find(
        "meta", attrs={"name": name}
    )
    assert tag, f"{page} has no {name}"
    return tag["content"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_page_can_be_shown_by_other_sites(name, public):
    page = f"{name}.html"
    assert meta(page, "og:title") in soup(page).title.get_text()
    assert meta(page, "og:url") == f"{public}{page}"
    assert meta(page, "og:site_name") == "Elastic Tutorial"
    assert meta(page, "twitter:card") == "summary_large_image"
    text = meta(page, "og:description")
    assert 50 <= len(text) <= 310
    assert text == meta(page, "description")
    assert not re.search(r"importlib|import |%pip|find_spec|\{\w+\}`|\$|np\.|=\s", text), text
    assert len(meta(page, "og:image:alt")) > 50


@pytest.mark.parametrize("name", NUMBERED)
def test_a_chapter_is_described_by_its_opening_question(name):
    question = re.search(r"^\*([^*].*?)\*$", prose(name), re.MULTILINE | re.DOTALL)[1]
    words = re.sub(r"[^a-z ]", "", " ".join(question.split()).casefold())
    found = re.sub(r"[^a-z ]", "", meta(f"{name}.html", "og:description").casefold())
    assert words[:120] == found[:120]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_card_is_there_light_and_of_the_stated_size(name, public):
    page = f"{name}.html"
    image = meta(page, "og:image")
    assert image.startswith(public)
    path = HTML / image.removeprefix(public)
    data = path.read_bytes()
    assert len(data) < LARGEST_CARD
    size = struct.unpack(">II", data[16:24])
    assert size == (int(meta(page, "og:image:width")), int(meta(page, "og:image:height")))
    assert not soup(page).select(f"img[src$='{path.name}'], link[href$='{path.name}']")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_card_shows_the_first_figure_of_its_chapter(name):
    figure = pictures.first_figure(ROOT / f"{name}.ipynb")
    picture = Image.open(pictures.PICTURES / f"{name.split('/')[1]}.png")
    message = f"the first figure of {name} is another; run: .venv/bin/python tools/pictures.py"
    assert picture.text["Description"] == figure[1], message


# --- Search, and the way on


@pytest.mark.parametrize("name", NUMBERED)
def test_the_search_finds_a_word_of_every_chapter(name, visit):
    stem = name.split("/")[1]
    tab = visit("search.html").tab
    field = tab.locator("main input[name=q], .search__container input[name=q]").first
    if not field.is_visible():
        field = tab.locator("input[name=q]:visible").first
    field.fill(WORDS[stem])
    field.press("Enter")
    link = tab.locator(f"#search-results a[href*='{stem}']").first
    link.wait_for(state="visible")
    link.click()
    tab.wait_for_url(f"**/{stem}.html*")


@pytest.mark.parametrize("index", range(len(DOCUMENTS)))
def test_a_page_leads_to_the_one_before_and_the_one_after(index):
    page = f"{DOCUMENTS[index]}.html"
    for side, step in (("left-prev", -1), ("right-next", 1)):
        link = soup(page).select_one(f".prev-next-area a.{side}")
        if 0 <= index + step < len(DOCUMENTS):
            assert link, f"{page} has no {side}"
            target = ((HTML / page).parent / link["href"]).resolve()
            assert target == HTML / f"{DOCUMENTS[index + step]}.html"
        elif step < 0:
            assert link is None


@pytest.mark.parametrize("page", ["book/glossary.html", API, GENINDEX, "book/changes.html"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_page_of_reference_fits_its_screen(page, size, visit):
    tab = visit(page, viewport=size).tab
    assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
