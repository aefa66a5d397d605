"""Make an ePub of the whole book: EPUB 3, without scripts, its formulas as MathML.

The chapters are the articles of the built pages. The book's own MathJax, run once here in
Chromium, turns the formulas into MathML, with their TeX as alternative text.
"""

import datetime
import mimetypes
import re
import sys
import zipfile
from html import escape

import pages
import toc
from bs4 import BeautifulSoup
from chromium import chromium

OUT = pages.ROOT / "_build" / "elastic-tutorial.epub"
STYLE = pages.ROOT / "tools" / "epub.css"
COVER = pages.ROOT / "book" / "_static" / "cover.png"
DATE = (1980, 1, 1, 0, 0, 0)  # of the files in the archive

NOT_ALLOWED = ("align", "border", "halign", "tabindex", "valign")  # attributes, in EPUB 3

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""

PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" \
lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" href="style.css"/></head>
<body>
{body}
</body>
</html>
"""

PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="book">{pages}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:creator>{author}</dc:creator>
<dc:language>en</dc:language>
<dc:description>{description}</dc:description>
<dc:rights>Text under CC BY 4.0, code under the MIT licence</dc:rights>
{subjects}
<meta property="dcterms:modified">{modified}</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">Figures have alternative text; \
formulas are MathML.</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""


# --- Formulas


MATHML = """async formulas => { await MathJax.startup.promise;
    return formulas.map(([tex, display]) => MathJax.tex2mml(tex, {display})); }"""


def mathml(formulas, html):
    """MathML of each pair of TeX and display, from MathJax on a page of the book."""
    name = toc.chapters()[0]
    with chromium() as browser:
        tab = browser.new_page()
        tab.goto((html / f"{name}.html").as_uri())
        made = tab.evaluate(MATHML, [list(each) for each in formulas])
    if faults := [tex for (tex, _), made in zip(formulas, made, strict=True) if "merror" in made]:
        raise SystemExit(f"formulas that MathJax cannot set: {faults}")
    return dict(zip(formulas, made, strict=True))


def set_formulas(article, made):
    """Put MathML where TeX stands."""
    for math in article.select(".math"):
        tex, display = pages.tex_of(math)
        tag = BeautifulSoup(made[tex, display], "html.parser").math
        for each in [tag, *tag.select("*")]:
            for name in [name for name in each.attrs if name.startswith("data-")]:
                del each[name]
        tag["alttext"] = " ".join(tex.split())
        number = math.select_one(".eqno")
        math.clear()
        math.extend(filter(None, [number, tag]))


# --- Pages


def file_name(document):
    """Name of a document's file in the ePub."""
    return f"{document.rsplit('/', 1)[-1]}.xhtml"


def address_in_book(document, fragment):
    """Link to a place in the ePub."""
    return f"{file_name(document)}#{fragment}" if fragment else file_name(document)


def strict(article):
    """Leave out what XHTML for an ePub does not allow, and what only the page's style uses."""
    for tag in [article, *article.select("*")]:
        for name in list(tag.attrs):
            if name in NOT_ALLOWED or name.startswith("data-"):
                del tag[name]
    article.name = "div"
    return article


def take_images(articles, html):
    """Point images at their files in the ePub, and return these by name."""
    files = {}
    for name, article in articles.items():
        for image in article.select("img"):
            path = pages.image_path(html, name, image)
            image["src"] = f"images/{path.name}"
            files[image["src"]] = path
    return {name: image_file(path) for name, path in sorted(files.items())}


def image_file(path):
    """Contents of an image; an SVG without its document type, which an ePub must not have."""
    if path.suffix != ".svg":
        return path.read_bytes()
    text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", path.read_text(encoding="utf-8"))
    return re.sub(r"<path(?![^>]*\sd=)", '<path d="M0 0"', text)  # a space has no outline


def navigation(articles):
    """Page of contents: parts, their chapters, and the chapters' sections."""

    def entry(name):
        title, sections = pages.headings(articles[name])
        inner = "".join(
            f'<li><a href="{address_in_book(name, place)}">{escape(text)}</a></li>'
            for text, place in sections
        )
        below = f"<ol>{inner}</ol>" if inner else ""
        return f'<li><a href="{file_name(name)}">{escape(title)}</a>{below}</li>'

    lines = []
    for part in toc.parts():
        chapters = "".join(entry(name) for name in part.documents)
        caption = f"<span>{escape(part.caption)}</span>" if part.caption else ""
        lines.append(f"<li>{caption}<ol>{chapters}</ol></li>" if caption else chapters)
    body = f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(lines)}</ol></nav>'
    return PAGE.format(title="Contents", body=body)


# --- The archive


def manifest_item(name, text=""):
    """Line of the manifest for a file."""
    kind = {"nav.xhtml": "nav", "images/cover.png": "cover-image"}.get(name)
    kinds = [kind] * bool(kind) + ["mathml"] * ("<math" in text) + ["svg"] * ("<svg" in text)
    properties = f' properties="{" ".join(kinds)}"' if kinds else ""
    media = "application/xhtml+xml" if name.endswith(".xhtml") else mimetypes.guess_type(name)[0]
    identifier = "id-" + re.sub(r"\W", "-", name)
    return f'<item id="{identifier}" href="{name}" media-type="{media}"{properties}/>', identifier


def package(book, contents, names):
    """Package document; ``names`` are the files in reading order."""
    items = {name: manifest_item(name, text) for name, text in contents.items()}
    day = datetime.datetime.fromtimestamp(pages.stamp(), datetime.UTC)
    return PACKAGE.format(
        **{key: escape(book[key]) for key in ("pages", "title", "author", "description")},
        subjects="".join(f"<dc:subject>{escape(each)}</dc:subject>" for each in book["keywords"]),
        modified=f"{day:%Y-%m-%dT%H:%M:%SZ}",
        manifest="\n".join(line for line, _ in items.values()),
        spine="\n".join(f'<itemref idref="{items[name][1]}"/>' for name in names),
    )


def write(out, texts, images):
    """Write the archive: the type first and uncompressed, as the standard asks."""
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", DATE), "application/epub+zip")
        for name, content in [*texts.items(), *images.items()]:
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=9)


def volume(html):
    """Texts and images of the ePub, by their names in it."""
    articles = pages.articles(html, address_in_book)
    found = [math for article in articles.values() for math in article.select(".math")]
    formulas = mathml(sorted(set(map(pages.tex_of, found))), html)
    images = take_images(articles, html) | {"images/cover.png": COVER.read_bytes()}
    contents = {}
    for name, article in articles.items():
        set_formulas(article, formulas)
        title = escape(pages.headings(article)[0])
        contents[file_name(name)] = PAGE.format(title=title, body=strict(article).decode())
    first, *others = contents
    order = [first, "nav.xhtml", *others]
    contents |= {"nav.xhtml": navigation(articles), "style.css": STYLE.read_text(encoding="utf-8")}
    names = contents | dict.fromkeys(images, "")
    return contents | {"package.opf": package(pages.book(), names, order)}, images


def main(arguments=None):
    """Make the ePub."""
    options = pages.options(arguments, __doc__, OUT)
    contents, images = volume(options.html)
    texts = {"META-INF/container.xml": CONTAINER}
    texts |= {f"EPUB/{name}": text for name, text in contents.items()}
    write(options.out, texts, {f"EPUB/{name}": image for name, image in images.items()})
    print(f"the ePub is {options.out}")


if __name__ == "__main__":
    sys.exit(main())
