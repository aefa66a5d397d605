"""The last step of a build: every page is made accessible and light.

The theme's and Sphinx's markup is mended in the pages themselves (see ``accessible`` and
``light``), and their style sheets are joined into one (see ``styles``).
"""

import posixpath
import re
from pathlib import Path

import accessible
import light
import styles
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError
from sphinx.util.display import status_iterator

AFTER_THE_THEME = 900  # which writes the colours of code in the last step, at 500
SHEET = "book.css"
DONE = re.compile(r'<html[^>]* data-sheets="([^"]*)"')  # a second build leaves such a page alone
UNUSED = ("scripts/*.map", "styles/*.map", "scripts/fontawesome.js", "vendor/fontawesome/**/*.*")
MEASURED = (
    '"pre",".nboutput > .output_area",".cell_output > .output",'
    '".jp-RenderedHTMLCommon",".pst-scrollable-table-container"'
)
PATCHED = '".pst-measured"'
CODE = re.compile(r"(<pre\b[^>]*>)(.*?)(</pre>)", re.DOTALL)
COLOURLESS = re.compile(r'<span class="(?:n|nn|p|w)">([^<]*)</span>')
IMPORT = re.compile(r"""@import\s+(?:url\()?["']?([^"');]+)["']?\)?\s*;""")
TAKEN_OUT = re.compile(r"\[\[code (\d+)\]\]")


def without_code(text):
    """Text of a page with a number in the place of each block of code, and the blocks.

    Its coloured words are most of the tags of a page. Names, punctuation and blanks have the
    colour of the block, so their tags, half of all, are dropped.
    """
    blocks = []

    def take_out(found):
        blocks.append(COLOURLESS.sub(r"\1", found[2]))
        return f"{found[1]}[[code {len(blocks) - 1}]]{found[3]}"

    return CODE.sub(take_out, text), blocks


def own_sheets(soup, page, static):
    """Tags of the page's style sheets for the screen, with the files that they name."""
    for tag in soup.select("head link[rel='stylesheet']:not([media='print'])"):
        path = (page.parent / tag["href"].split("?")[0]).resolve()
        if path.is_relative_to(static) and path.name != SHEET:
            yield tag, path


def finish_page(page, static):
    """Mend a page, unless that was done before; return the style sheets that it asked for."""
    text = page.read_text(encoding="utf-8")
    if done := DONE.search(text):
        return done[1].split()
    text, blocks = without_code(text)
    soup = BeautifulSoup(text, "html.parser")
    if soup.head is None or soup.select_one("meta[http-equiv='refresh']"):  # it leads elsewhere
        return []
    options = (static / "documentation_options.js").read_text(encoding="utf-8").strip()
    accessible.mend(soup)
    light.mend(soup, page.parent, options)
    sheets = join_sheets(soup, page, static)
    soup.html["data-sheets"] = " ".join(sheets)
    finished = TAKEN_OUT.sub(lambda found: blocks[int(found[1])], str(soup))
    page.write_text(finished, encoding="utf-8")
    return sheets


def join_sheets(soup, page, static):
    """Ask for the one style sheet in the place of the others; return which those were."""
    sheets = list(own_sheets(soup, page, static))
    first = soup.new_tag("link", attrs={"rel": "stylesheet"})
    first["href"] = f"{soup.html['data-content_root']}_static/{SHEET}"
    sheets[0][0].insert_before(first)
    for tag, _ in sheets:
        tag.decompose()
    return [str(path.relative_to(static)) for _, path in sheets]


def with_imports(name, static):
    """Folder and text of a style sheet, those that it imports before it."""
    folder = posixpath.dirname(name)
    text = (static / name).read_text(encoding="utf-8")
    for imported in IMPORT.findall(text):
        yield from with_imports(posixpath.normpath(posixpath.join(folder, imported)), static)
    yield folder, IMPORT.sub("", text)


def write_sheet(pages, asked_for, static):
    """Write the one style sheet, in the order in which the pages ask for its parts."""
    names = set()
    for page in pages:
        names |= styles.names_in_page(page.read_text(encoding="utf-8"))
    for script in static.rglob("*.js"):
        names |= styles.words_in_script(script.read_text(encoding="utf-8"))
    sheets = [sheet for name in asked_for for sheet in with_imports(name, static)]
    text = '@charset "utf-8";\n' + styles.bundle(sheets, names)
    (static / SHEET).write_text(text, encoding="utf-8")


def patch_theme(static):
    """Keep the theme from measuring every box at each change; ``page.js`` does it once."""
    path = static / "scripts" / "pydata-sphinx-theme.js"
    text = path.read_text(encoding="utf-8")
    if MEASURED not in text and PATCHED not in text:
        raise ExtensionError(f"{path.name} has changed: it does not hold {MEASURED}")
    path.write_text(text.replace(MEASURED, PATCHED), encoding="utf-8")


def finish(app, exception):
    """Finish all pages once they are written."""
    if exception or app.builder.name != "html":
        return
    static = (Path(app.outdir) / "_static").resolve()
    patch_theme(static)
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()
    for path in (Path(app.outdir) / "_images").glob("*.svg"):
        text = light.shorten_drawing(path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    pages = sorted(p for p in Path(app.outdir).rglob("*.html") if static not in p.resolve().parents)
    asked_for = {}
    for page in status_iterator(pages, "finishing pages... ", "brown", len(pages)):
        asked_for |= dict.fromkeys(finish_page(page, static))
    write_sheet(pages, asked_for, static)


def setup(app):
    """Connect the event; Sphinx calls this."""
    app.connect("build-finished", finish, priority=AFTER_THE_THEME)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
