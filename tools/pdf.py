"""Print the whole book into one PDF.

All articles are put into one document, which Chromium prints at once: links between chapters are
then links within the PDF, and its tags for screen readers hold together, which they would not if
one PDF for each page were joined afterwards. It is printed twice, because the contents page needs
the page numbers that only the first printing knows. Outline and metadata are added with pypdf.
"""

import datetime
import io
import sys
import tempfile
from html import escape
from pathlib import Path

import pages
import toc
from bs4 import BeautifulSoup
from chromium import DESCRIBE, FAULTS, PIXEL, READY, TIMEOUT, chromium
from pypdf import PdfReader, PdfWriter
from pypdf.generic import BooleanObject, DictionaryObject, Fit, NameObject

OUT = pages.ROOT / "_build" / "elastic-tutorial.pdf"


def anchor(document, fragment=""):
    """Id, in the one document, of a place in a page of the book."""
    stem = document.rsplit("/", 1)[-1]
    return f"{stem}.{fragment}" if fragment else stem


def page_name(name):
    """Name of the kind of page that a chapter is printed on."""
    return f"page-{anchor(name)}".replace("_", "-")


def printed_articles(html):
    """Articles by document, their ids and links fit for the one document."""
    articles = pages.articles(html, lambda *place: f"#{anchor(*place)}")
    for name, article in articles.items():
        for tag in article.select("[id]"):
            tag["id"] = anchor(name, tag["id"])
        for image in article.select("img"):
            image["src"] = pages.image_path(html, name, image).as_uri()
        for math in article.select(".math"):
            math["data-tex"] = pages.tex_of(math)[0]
        article["id"] = anchor(name)
        article["style"] = f"page: {page_name(name)}"
    return articles


def head(html):
    """Style sheets and MathJax, as a page with formulas has them, and a running head each."""
    name = toc.chapters()[0]
    folder = (html / name).parent
    page = BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    for tag in page.select('head link[rel="stylesheet"]'):
        path = (folder / tag["href"].split("?")[0]).resolve()
        yield f'<link rel="stylesheet" href="{path.as_uri()}" media="{tag.get("media", "all")}">'
    for tag in page.select("head script"):
        if "window.MathJax" in tag.get_text():
            yield str(tag)
        elif "mathjax" in tag.get("src", ""):
            path = (folder / tag["src"].split("?")[0]).resolve()
            yield f'<script defer src="{path.as_uri()}"></script>'


def running_head(article, name):
    """Style of the pages of a chapter: its title above the text."""
    title = pages.headings(article)[0].replace("\\", "").replace('"', "\\22 ")
    return f'@page {page_name(name)} {{ @top-right {{ content: "{title}" }} }}'


def title_page(book):
    """First page, the one with the book's name."""
    day = datetime.datetime.fromtimestamp(pages.stamp(), datetime.UTC)
    return (
        f'<section class="title-page"><p class="book-title">{escape(book["title"])}</p>'
        f"<p>{escape(book['description'])}</p><p>{escape(book['author'])}</p>"
        f"<p>Edition of {day:%-d %B %Y}. The pages, with cells to run, are at "
        f'<a href="{book["pages"]}">{book["pages"]}</a>.</p></section>'
    )


def contents_page(articles):
    """Page that lists parts and chapters; the page numbers come in later."""
    lines = []
    for part in toc.parts():
        if part.caption:
            lines.append(f'<p class="part-caption">{escape(part.caption)}</p>')
        for name in part.documents:
            title = escape(pages.headings(articles[name])[0])
            lines.append(
                f'<a href="#{anchor(name)}"><span>{title}</span>'
                f'<span class="page-number" data-place="{anchor(name)}"></span></a>'
            )
    return (
        f'<nav class="contents-page"><p class="contents-title">Contents</p>{"".join(lines)}</nav>'
    )


def hidden_links(articles):
    """Links to all sections: Chromium names only places that a link leads to."""
    places = [place for article in articles.values() for _, place in pages.headings(article)[1]]
    return "<div hidden>" + "".join(f'<a href="#{place}"></a>' for place in places) + "</div>"


def volume(html):
    """Markup of the whole book, and its articles by document."""
    articles = printed_articles(html)
    heads = "\n".join(running_head(article, name) for name, article in articles.items())
    body = []
    for part in toc.parts():
        if part.caption:
            body.append(f'<section class="part-page"><p>{escape(part.caption)}</p></section>')
        body += [str(articles[name]) for name in part.documents]
    book = pages.book()
    markup = (
        f'<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{escape(book["title"])}</title>{"".join(head(html))}'
        f"<style>{heads}</style></head><body class='whole-book'>{title_page(book)}"
        f"{contents_page(articles)}{''.join(body)}{hidden_links(articles)}</body></html>"
    )
    return markup, articles


# --- Printing


FILL_IN = """pages => document.querySelectorAll("[data-place]").forEach(
    span => { span.textContent = pages[span.dataset.place]; })"""

# Chromium shrinks all pages until the widest thing fits, so each thing has to fit by itself.
FIT = """() => { for (const wide of document.querySelectorAll("table, mjx-container")) {
    const room = wide.closest("section, article, li, dd, .admonition").getBoundingClientRect();
    const excess = (wide.scrollWidth + wide.getBoundingClientRect().left - room.left) / room.width;
    if (excess > 1) wide.style.zoom = 0.98 / excess;
} }"""
PAPER = {"width": 642, "height": 956}  # CSS pixels of the text on a page: 170 by 253 mm


def places_of(reader):
    """Page (from 0) and height on it of each named place."""
    return {
        name.lstrip("/"): (reader.get_destination_page_number(place), float(place.top))
        for name, place in reader.named_destinations.items()
    }


def printed(markup, folder):
    """PDF of the markup, as Chromium prints it once the contents page is filled in."""
    path = folder / "book.html"
    path.write_text(markup, encoding="utf-8")
    with chromium() as browser:
        tab = browser.new_page(viewport=PAPER)
        tab.set_default_timeout(TIMEOUT)
        tab.emulate_media(media="print", color_scheme="light")
        tab.goto(path.as_uri())
        tab.evaluate(READY)
        if faults := tab.evaluate(FAULTS):
            raise SystemExit(f"formulas that MathJax cannot set: {faults}")
        tab.evaluate(DESCRIBE, PIXEL)
        tab.evaluate(FIT)
        if tab.evaluate("document.documentElement.scrollWidth") > PAPER["width"]:
            raise SystemExit("something is wider than the paper; see print.css")
        options = {"prefer_css_page_size": True, "print_background": True, "tagged": True}
        places = places_of(PdfReader(io.BytesIO(tab.pdf(**options))))
        tab.evaluate(FILL_IN, {name: page + 1 for name, (page, _) in places.items()})
        return tab.pdf(**options)


# --- Outline and metadata


def add_outline(writer, articles, places):
    """Outline of parts, chapters and sections."""

    def add(title, place, parent=None):
        page, top = places[place]
        fit = Fit.xyz(top=top)
        return writer.add_outline_item(title=title, page_number=page, parent=parent, fit=fit)

    for part in toc.parts():
        above = add(part.caption, anchor(part.documents[0])) if part.caption else None
        for name in part.documents:
            title, sections = pages.headings(articles[name])
            chapter = add(title, anchor(name), above)
            for section, place in sections:
                add(section, place, chapter)


def finished(pdf, articles):
    """PDF with outline, metadata and the date of the edition instead of today's."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    add_outline(writer, articles, places_of(PdfReader(io.BytesIO(pdf))))
    book = pages.book()
    day = datetime.datetime.fromtimestamp(pages.stamp(), datetime.UTC)
    moment = f"D:{day:%Y%m%d%H%M%S}Z"
    writer.add_metadata(
        {
            "/Title": book["title"],
            "/Author": book["author"],
            "/Subject": book["description"],
            "/Keywords": ", ".join(book["keywords"]),
            "/CreationDate": moment,
            "/ModDate": moment,
        }
    )
    show_title = DictionaryObject({NameObject("/DisplayDocTitle"): BooleanObject(True)})
    writer.root_object[NameObject("/ViewerPreferences")] = show_title
    writer.page_mode = "/UseOutlines"
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def main(arguments=None):
    """Print the book."""
    options = pages.options(arguments, __doc__, OUT)
    markup, articles = volume(options.html)
    with tempfile.TemporaryDirectory() as folder:
        pdf = printed(markup, Path(folder))
    options.out.write_bytes(finished(pdf, articles))
    print(f"the PDF is {options.out}")


if __name__ == "__main__":
    sys.exit(main())
