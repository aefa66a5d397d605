"""The book as a zip, a PDF and an ePub, each made once from the built pages (`make book` first)."""

import functools
import re
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import address
import browsing
import offline_zip
import pages
import pdf
import pytest
import toc
from browsing import HTML, ROOT
from bs4 import BeautifulSoup
from chromium import chromium
from pypdf import PdfReader

pytestmark = pytest.mark.usefixtures("built_book")

DOCUMENTS = toc.documents()
CHAPTERS = toc.chapters()
FIRST_OF_A_PART = [part.documents[0] for part in toc.parts()]
FORMULAS = "article .math"
ON_A_PAGE = "only-on-a-page"  # what only a page with scripts can do is not copied


@functools.cache
def articles():
    """Cleaned articles of the built pages."""
    return pages.articles(HTML, lambda document, fragment: f"{document}#{fragment}")


def run(command):
    """Run a program to its end; its output, and its complaints where it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def made(tool, path):
    """File that a tool makes of the built pages."""
    run([sys.executable, f"tools/{tool}.py", "--html", HTML, "--out", path])
    return path


def program(name, package):
    """Path of a program of the system; without it the test fails."""
    path = shutil.which(name)
    assert path, f"{name} not found; install it (on Debian: apt-get install {package})"
    return path


def squeezed(text):
    """Letters of a text without spaces and ligatures, for comparison with what a PDF holds."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


# --- Without a book


@pytest.mark.parametrize("tool", ["offline_zip", "pdf", "epub"])
def test_a_tool_says_in_one_line_that_there_is_no_book(tool, tmp_path):
    command = [sys.executable, f"tools/{tool}.py", "--html", tmp_path, "--out", tmp_path / "x"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.endswith("run: make book\n")
    assert done.stderr.count("\n") == 1


def test_without_chromium_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="apt-get install chromium"), chromium():
        pass


def test_examples_of_the_calculator_keep_their_numbers():
    page = f"{address.addresses(ROOT)['pages']}book/calculator.html?"
    queries = {
        link["href"].split("#")[0].removeprefix("?")
        for link in browsing.soup("book/calculator.html").select("article a[href^='?']")
    }
    copied = {
        link["href"].split("#")[0] for link in articles()["book/calculator"].select("a[href]")
    }
    assert queries
    assert {page + query for query in queries} <= copied


# --- The zip


@pytest.fixture(scope="session")
def archive(built_book, tmp_path_factory):
    return made("offline_zip", tmp_path_factory.mktemp("zip") / "book.zip")


@pytest.fixture(scope="session")
def unpacked(archive):
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(archive.parent)
    return archive.parent / offline_zip.FOLDER


@pytest.fixture
def from_disk(browser, unpacked):
    """Open unpacked pages in a browser without a network, and close them after the test."""
    visits = []

    def open_page(page):
        visits.append(browsing.Visit(browser, unpacked.as_uri(), page, offline=True))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()


def test_the_zip_holds_the_book_in_one_folder(archive):
    left_out = {"objects.inv"} | {path.name for path in HTML.glob(".*")}
    there = {path.relative_to(HTML) for path in HTML.rglob("*") if path.is_file()}
    there = {path.as_posix() for path in there if path.parts[0] not in left_out | {"downloads"}}
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert {info.date_time for info in opened.infolist()} == {offline_zip.DATE}
    assert names == sorted(names)
    assert set(names) == {f"{offline_zip.FOLDER}/{name}" for name in there}


def test_the_same_pages_make_the_same_zip(archive, tmp_path):
    offline_zip.pack(HTML, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_the_zip_opens_at_the_landing_page(from_disk):
    tab = from_disk("index.html").tab
    tab.wait_for_url(f"**/{DOCUMENTS[0]}.html")


PICTURES = """async () => {
    const images = [...document.querySelectorAll("article img")];
    images.forEach(image => { image.loading = "eager"; });
    await Promise.all(images.map(image => image.decode()));
    return images.map(image => image.naturalWidth);
}"""


@pytest.mark.parametrize("name", FIRST_OF_A_PART)
def test_a_page_of_the_zip_works_from_disk(name, from_disk):
    visited = from_disk(f"{name}.html")
    formulas = visited.tab.locator(FORMULAS).count()
    assert visited.tab.locator(f"{FORMULAS} mjx-container").count() == formulas
    assert all(width > 0 for width in visited.tab.evaluate(PICTURES))
    loaded = "() => [...document.fonts].filter(font => font.status == 'error').length"
    assert visited.tab.evaluate(loaded) == 0
    assert not visited.foreign, "requests to other hosts"
    assert not visited.faults, "errors in the console"


def test_the_theme_switches_on_disk(from_disk):
    tab = from_disk(f"{CHAPTERS[0]}.html").tab
    theme = "() => document.documentElement.dataset.mode"
    modes = [tab.evaluate(theme)]
    for _ in range(2):
        tab.locator(".theme-switch-button").first.click()
        modes.append(tab.evaluate(theme))
    assert set(modes) == {"auto", "dark", "light"}


def test_the_search_works_on_disk_but_for_excerpts(from_disk, unpacked):
    """Sphinx cuts excerpts out of pages that it fetches, which a browser forbids on disk."""
    visited = from_disk("search.html?q=nuisance")
    visited.tab.locator("#search-results li a").first.wait_for(state="visible")
    visited.tab.get_by_text("matching the search query").first.wait_for(state="visible")
    links = visited.tab.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")
    files = [Path(unquote(urlsplit(link).path)) for link in links]
    assert unpacked / "book" / "marginal_likelihood.html" in files
    assert all(path.is_file() for path in files)
    assert visited.tab.locator("#search-results p.context").count() == 0
    assert not visited.faults
    assert not visited.foreign


def test_the_calculator_works_on_disk(from_disk):
    visited = from_disk("book/calculator.html?p1=10&p2=11&k1=400&k2=280&n1=40&n2=40")
    visited.tab.locator("#calc-results").wait_for(state="visible")
    estimate = visited.tab.locator("[data-out='arc.estimate']").inner_text()
    assert estimate.replace("−", "-").startswith("-3.71")  # -120 / 680 over 1 / 21
    assert not visited.faults
    assert not visited.foreign


# --- The PDF; to print it takes minutes


def test_what_is_printed_has_every_article_and_the_styles_of_the_pages(built_book):
    markup, _ = pdf.volume(HTML)
    volume = BeautifulSoup(markup, "html.parser")
    assert all(volume.find(id=pdf.anchor(name)) for name in toc.documents())
    sheets = [urlsplit(tag["href"]).path for tag in volume.select('link[rel="stylesheet"]')]
    assert sheets
    assert all(Path(unquote(path)).exists() for path in sheets)
    assert volume.select_one("script[src*=mathjax]")


@pytest.fixture(scope="session")
def pdf_path(built_book, tmp_path_factory):
    return made("pdf", tmp_path_factory.mktemp("pdf") / "book.pdf")


@pytest.fixture(scope="session")
def reader(pdf_path):
    return PdfReader(pdf_path)


@pytest.fixture(scope="session")
def texts(pdf_path):
    """Text of each page of the PDF, as pdftotext of poppler reads it."""
    text = run([program("pdftotext", "poppler-utils"), "-layout", pdf_path, "-"])
    return text.split("\f")[:-1]


@pytest.fixture(scope="session")
def outline(reader):
    """Outline of the PDF: pairs of title and page (from 0) in lists for what stands below."""

    def listed(items):
        return [
            listed(item)
            if isinstance(item, list)
            else (item.title, reader.get_destination_page_number(item))
            for item in items
        ]

    return listed(reader.outline)


def wanted_outline():
    """Outline that the table of contents asks for, without the pages."""
    wanted = []
    for part in toc.parts():
        chapters = []
        for name in part.documents:
            title, sections = pages.headings(articles()[name])
            chapters += [title, [text for text, _ in sections]] if sections else [title]
        wanted += [part.caption, chapters] if part.caption else chapters
    return wanted


def titles(items):
    """Outline without its pages."""
    return [titles(item) if isinstance(item, list) else item[0] for item in items]


def starts(outline):
    """First page of each document, in their order."""
    chapters = [outline[0]]
    for below in [item for item in outline[1:] if isinstance(item, list)][-len(toc.parts()) + 1 :]:
        chapters += [item for item in below if isinstance(item, tuple)]
    return dict(zip(DOCUMENTS, (page for _, page in chapters), strict=True))


def structure(reader):
    """Elements of the PDF's structure, which screen readers go by."""
    waiting = [reader.root_object["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        below = element.get("/K", [])
        below = below.get_object() if hasattr(below, "get_object") else below
        below = below if isinstance(below, list) else [below]
        waiting += [each for each in below if hasattr(each.get_object(), "keys")]
        yield element


def links(reader):
    """Actions and places of the PDF's links."""
    for page in reader.pages:
        for note in page.get("/Annots", []):
            note = note.get_object()
            if note["/Subtype"] == "/Link":
                yield note


@pytest.mark.slow
def test_the_outline_is_the_table_of_contents(outline):
    assert titles(outline) == wanted_outline()


@pytest.mark.slow
def test_the_contents_page_gives_the_page_of_each_chapter(outline, texts):
    contents = texts[1]
    for name, page in starts(outline).items():
        title = re.escape(pages.headings(articles()[name])[0])
        assert re.search(rf"{title}\s+{page + 1}\n", contents), name


@pytest.mark.slow
def test_pages_are_numbered(pdf_path):
    margin = "-x 0 -y 800 -W 595 -H 42".split()  # points: the lower part of the margin of 62
    feet = run([program("pdftotext", "poppler-utils"), *margin, pdf_path, "-"]).split("\f")[:-1]
    assert [foot.strip() for foot in feet] == ["", *map(str, range(2, len(feet) + 1))]


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_pdf_says_what_the_page_says(name, outline, texts):
    begins = list(starts(outline).values())
    first = begins[DOCUMENTS.index(name)]
    last = next((page for page in begins if page > first), len(texts))
    paragraphs = [
        tag.get_text()
        for tag in articles()[name].select("p, dd")
        if not tag.select(".math, code, br") and len(tag.get_text().split()) > 8
        if not tag.find_parent("table")  # cells side by side are read across
    ]
    # A paragraph over the end of a page has the page's number in it.
    text = squeezed("".join(texts[first:last]))
    found = sum(squeezed(paragraph) in text for paragraph in paragraphs)
    assert found >= 0.85 * len(paragraphs)
    assert not re.search(r"\?\?|Unresolved|None\.html", "".join(texts[first:last]))


@pytest.mark.slow
def test_links_within_the_pdf_lead_to_their_places(reader):
    markup, _ = pdf.volume(HTML)
    book = BeautifulSoup(markup, "html.parser")
    visible = [tag["href"] for tag in book.select("a[href]") if not tag.find_parent(hidden=True)]
    wanted = {link[1:] for link in visible if link.startswith("#")}
    places = {name.lstrip("/") for name in reader.named_destinations}
    notes = list(links(reader))
    named = [note.get("/Dest") or note["/A"].get("/D") for note in notes]
    assert {str(name).lstrip("/") for name in named if name} == wanted
    assert wanted <= places
    addresses = {note["/A"]["/URI"] for note in notes if "/URI" in note.get("/A", {})}
    assert all(link.startswith(("https://", "http://", "mailto:")) for link in addresses)
    assert not [link for link in addresses if "localhost" in link or "127.0.0.1" in link]
    assert addresses == {link for link in visible if not link.startswith("#")}


@pytest.mark.slow
def test_figures_and_formulas_of_the_pdf_have_their_texts(reader):
    """Each was decoded or typeset before it was printed: the tool waits for it, or fails."""
    found = Counter()
    for element in structure(reader):
        if element.get("/S") == "/Figure" and "/Alt" in element:  # none: only a frame of one
            found[" ".join(str(element["/Alt"]).split())] += 1
    wanted = Counter()
    for article in articles().values():
        texts = [image["alt"] for image in article.select("img")]
        texts += [pages.tex_of(math)[0] for math in article.select(".math")]
        wanted.update(" ".join(text.split()) for text in texts)
    assert found == wanted


@pytest.mark.slow
def test_fonts_are_in_the_pdf(reader):
    fonts = {}
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            fonts[font.idnum] = font.get_object()
    assert fonts
    for font in fonts.values():
        if font["/Subtype"] == "/Type3":
            assert font["/CharProcs"]
        else:
            below = font.get("/DescendantFonts", [font])[0].get_object()
            assert {"/FontFile2", "/FontFile3", "/FontFile"} & set(below["/FontDescriptor"])


@pytest.mark.slow
def test_the_pdf_says_what_it_is(reader):
    book = pages.book()
    assert reader.metadata.title == book["title"]
    assert reader.metadata.author == book["author"]
    assert reader.metadata.creation_date.timestamp() == pages.stamp()
    assert reader.root_object["/Lang"] == "en"
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert reader.root_object["/ViewerPreferences"]["/DisplayDocTitle"]


# --- The ePub


@pytest.fixture(scope="session")
def epub_path(built_book, tmp_path_factory):
    return made("epub", tmp_path_factory.mktemp("epub") / "book.epub")


@pytest.fixture(scope="session")
def epub(epub_path):
    """Texts of the ePub by name."""
    with zipfile.ZipFile(epub_path) as opened:
        names = [name for name in opened.namelist() if name.endswith((".xhtml", ".opf", ".css"))]
        return {name.removeprefix("EPUB/"): opened.read(name).decode() for name in names}


def chapter_of(epub, name):
    """Page of the ePub for a document, parsed."""
    return BeautifulSoup(epub[f"{name.rsplit('/', 1)[-1]}.xhtml"], "xml")


def test_epubcheck_finds_nothing(epub_path):
    path = program("epubcheck", "epubcheck")
    with open(path, "rb") as file:  # Debian's is the archive of Java itself
        command = ["java", "-jar", path] if file.read(2) == b"PK" else [path]
    assert "0 fatals / 0 errors / 0 warnings" in run([*command, epub_path])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_chapter_of_the_epub_has_all_that_its_page_has(name, epub):
    page, chapter = browsing.soup(f"{name}.html"), chapter_of(epub, name)
    formulas = chapter.select("math")
    copied = [each for each in page.select(FORMULAS) if not each.find_parent(class_=ON_A_PAGE)]
    assert len(formulas) == len(copied)
    assert all(formula["alttext"] for formula in formulas)
    assert not chapter.select("merror")
    images = [image["alt"] for image in page.select("article img")]
    assert [image["alt"] for image in chapter.select("img")] == images
    assert len(chapter.select(".solution")) == len(page.select("article .solution"))
    assert len(chapter.select("pre")) >= len(page.select("article .cell pre"))


def test_the_epub_runs_and_fetches_nothing(epub):
    for name, text in epub.items():
        assert not re.search(r"<(script|link|iframe|form|button|details)\b[^>]*src", text), name
        assert not re.search(r"""(src|xlink:href)=["']https?:|url\(["']?https?:""", text), name
        assert "<script" not in text, name


def test_the_epub_is_in_the_order_of_the_book(epub):
    package = BeautifulSoup(epub["package.opf"], "xml")
    files = {item["id"]: item["href"] for item in package.select("manifest item")}
    spine = [files[item["idref"]] for item in package.select("spine itemref")]
    wanted = [f"{name.rsplit('/', 1)[-1]}.xhtml" for name in DOCUMENTS]
    assert spine == [wanted[0], "nav.xhtml", *wanted[1:]]
    navigation = BeautifulSoup(epub["nav.xhtml"], "xml").nav
    linked = [link["href"] for link in navigation.select("a[href]") if "#" not in link["href"]]
    assert linked == wanted
    captions = [part.caption for part in toc.parts() if part.caption]
    assert [tag.get_text() for tag in navigation.select("span")] == captions


def test_the_epub_says_what_it_is(epub):
    package, book = BeautifulSoup(epub["package.opf"], "xml"), pages.book()
    assert package.find("title").get_text() == book["title"]
    assert package.find("creator").get_text() == book["author"]
    assert package.find("language").get_text() == "en"
    assert package.find("description").get_text() == book["description"]
    assert package.select_one("item[properties='cover-image']")["href"] == "images/cover.png"
