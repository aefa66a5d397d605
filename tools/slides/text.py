"""Texts, formulas, code and tables as the markup of a slide."""

import re
from html import escape

import chapters
from bs4 import BeautifulSoup
from chapters import LookupFault
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

CODE_STYLE = "a11y-high-contrast-light"  # the one of the pages
LETTER = 0.6  # width of a letter of Source Code Pro, over its size
SIZES = (15, 28)  # pixels of its letters, at least and at most
WRAPPED = 84  # letters of a printed line before it is wrapped

# --- Texts


def formula(tex, *, display=False):
    """Write a formula for MathJax; its TeX stays readable for the notes and the PDF."""
    text = escape(tex.strip())
    if display:
        math = f'<div class="math" data-tex="{text}">\\[{text}\\]</div>'
        return f'<div class="fit">{math}</div>'
    return f'<span class="math" data-tex="{text}">\\({text}\\)</span>'


MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").use(dollarmath_plugin)
MARKDOWN.add_render_rule("math_inline", lambda self, tokens, i, *_: formula(tokens[i].content))
MARKDOWN.add_render_rule(
    "math_block", lambda self, tokens, i, *_: formula(tokens[i].content, display=True)
)
ROLE = re.compile(r"\{([\w:]+)\}`([^`]*)`")
LINK_WITHIN = re.compile(r"\[([^\]]*)\]\(#[^)]*\)")
NUMBERED = {"numref": "Figure {}", "eq": "({})", "prf:ref": "Theorem {}"}


def words_of(match):
    """Words that a reference within a text stands for on the pages."""
    role, content = match.groups()
    text, _, label = content.rpartition(" <")
    label = label.rstrip(">")
    if role == "term" or (role == "ref" and text):
        return text or content
    if role in NUMBERED and label in chapters.labels():
        return NUMBERED[role].format(chapters.labels()[label][0].number)
    raise LookupFault(
        f"no words for {match[0]} on a slide{chapters.near(label, chapters.labels())}"
    )


def html_of(text):
    """HTML of a text in Markdown with formulas and references to the book."""
    return MARKDOWN.render(LINK_WITHIN.sub(r"\1", ROLE.sub(words_of, text)))


def line_of(text):
    """Return the same of a text that makes one line, without a paragraph around it."""
    text = LINK_WITHIN.sub(r"\1", ROLE.sub(words_of, text))
    return MARKDOWN.renderInline(" ".join(text.split()))


# --- Code and what it stored


def letter_size(source, printed, width):
    """Size of letters, in pixels, with which the longest line fits."""
    lengths = [len(line) for line in source.splitlines()]
    lengths += [min(len(line), WRAPPED) for line in printed.splitlines()]
    least, most = SIZES
    return round(min(most, max(least, width / LETTER / max(lengths, default=1))), 1)


def table_of(html):
    """Table of a data frame without its style; a heading that holds nothing is no heading."""
    table = BeautifulSoup(html, "html.parser").table
    del table["border"]
    for heading in table.select("th"):
        if not heading.get_text(strip=True):
            heading.name = "td"
    for row in table.select("tr[style]"):
        del row["style"]
    return f'<div class="fit">{table}</div>'


def code_html(cell, width, *, source=True, output=True):
    """Source of a cell, what it stored, or both.

    Parameters
    ----------
    cell : chapters.Cell
        The cell; of one that draws only the source is shown.
    width : float
        Pixels that a line may take.
    source, output : bool
        What to show.
    """
    written = cell.source if source else ""
    table = cell.data("text/html") if output else None
    printed = cell.printed() if output and not table and not cell.figure else ""
    if not (written or table or printed):
        raise LookupFault(f"the cell {cell.source.splitlines()[0]!r} stores nothing to show")
    parts = [f'<div class="code" style="font-size: {letter_size(written, printed, width)}px">']
    if written:
        words = highlight(written, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
        parts.append(f'<pre class="highlight">{words}</pre>')
    if table:
        parts.append(table_of(table))
    if printed:
        parts.append(f'<pre class="output">{escape(printed)}</pre>')
    return "".join([*parts, "</div>"])
