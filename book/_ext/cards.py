"""What other sites show of a page that is shared: its question, and a picture of it.

sphinxext-opengraph writes the tags. Its description would run on from the opening question into
the list that follows, and its cards know one picture for all pages; here both are made for it.
"""

import functools
import html
from pathlib import Path

from docutils import nodes
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

PICTURES = Path(__file__).parent / "pictures"
SIZE = (1200, 630)  # pixels, as the large sites ask for
MARGIN = 70
BLUE, INK, GREY, PAPER = "#0072B2", "#1a1a1a", "#555555", "#ffffff"
FIGURE = (540, 420)  # pixels at most
COLOURS = 48  # of the stored picture: a card weighs some tens of kilobytes
SHORTEST, LONGEST = 50, 300  # characters of a description
BEFORE_OPENGRAPH = 400  # Sphinx's default priority is 500.


def description(doctree):
    """Join the opening paragraphs of a page, as many as make it worth showing."""
    text = ""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(f"{text} {paragraph.astext()}".split())
        if len(text) >= SHORTEST:
            break
    text = text.replace(" -", " \N{MINUS SIGN}")
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"


@functools.cache
def font(name, size):
    """One of the fonts that come with Matplotlib."""
    return ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", size)


def wrap(text, face, width):
    """Break a text into lines of at most so many pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw_card(title, text, site, picture, target):
    """Draw a card: title and question on the left, the page's first figure on the right."""
    card = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(card)
    width = SIZE[0] - 2 * MARGIN
    if picture:
        figure = Image.open(picture).convert("RGBA")
        figure.thumbnail(FIGURE)
        corner = (SIZE[0] - MARGIN // 2 - figure.width, (SIZE[1] - figure.height) // 2)
        card.paste(figure, corner, figure)
        width = corner[0] - MARGIN - 40
    pen.rectangle((0, 0, 16, SIZE[1]), fill=BLUE)
    pen.text((MARGIN, MARGIN), site, font=font("STIXGeneral", 34), fill=BLUE)
    below = write(pen, (MARGIN, 135), title, font("STIXGeneralBol", 60), width, INK)
    write(pen, (MARGIN, below), text, font("STIXGeneral", 32), width, GREY)
    target.parent.mkdir(parents=True, exist_ok=True)
    card.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def write(pen, corner, text, face, width, colour):
    """Write lines as far as the card reaches, and say where the next text may begin."""
    step = round(1.25 * face.size)
    lines = wrap(text, face, width)
    room = (SIZE[1] - MARGIN // 2 - corner[1]) // step
    if len(lines) > room:
        lines[room - 1 :] = [lines[room - 1].rsplit(" ", 1)[0] + " \N{HORIZONTAL ELLIPSIS}"]
    for number, line in enumerate(lines):
        pen.text((corner[0], corner[1] + number * step), line, font=face, fill=colour)
    return corner[1] + len(lines) * step + 30


def picture_of(app, pagename, doctree):
    """Path of a page's picture: a chapter's, made by tools/pictures.py, or the first PNG."""
    shown = [
        Path(app.srcdir, *im.get("candidates", {}).values()) for im in doctree.findall(nodes.image)
    ]
    found = [PICTURES / f"{Path(pagename).name}.png", *shown]
    return next((path for path in found if path.suffix == ".png" and path.exists()), None)


def describe(app, pagename, templatename, context, doctree):
    """Set a page's description and draw its card; opengraph makes tags of the fields."""
    if doctree is None or app.builder.format != "html":
        return
    title = next(doctree.findall(nodes.title)).astext()
    text = description(doctree)
    name = f"_static/cards/{Path(pagename).name}.png"
    draw_card(
        title, text, app.config.project, picture_of(app, pagename, doctree), app.outdir / name
    )
    context["meta"] = (context["meta"] or {}) | {
        "og:description": html.escape(text),
        "og:image": name,
        "og:image:width": str(SIZE[0]),
        "og:image:height": str(SIZE[1]),
        "og:image:alt": f"{title}. {html.escape(text)}",
    }
    context["metatags"] += f'<meta name="description" content="{html.escape(text)}" />\n'


def use_the_public_address(app, config):
    """Addresses of pages and cards are those of the published book."""
    config.ogp_site_url = config.html_baseurl


def setup(app):
    """Connect the events; Sphinx calls this."""
    app.connect("config-inited", use_the_public_address)
    app.connect("html-page-context", describe, priority=BEFORE_OPENGRAPH)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
