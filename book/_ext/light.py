"""Pages that weigh little: one style sheet, no script twice, images that wait their turn.

Each function takes a parsed page and changes it in place.
"""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

from PIL import Image

# Scripts of the theme and of Sphinx, and what a page must hold to have a use for them. None: never.
USES = {
    "fontawesome.js": None,  # icons come from a small font, see tools/icons.py
    "searchtools.js": "#search-results",
    "language_data.js": "#search-results",
    "searchindex.js": "#search-results",
    "clipboard.min.js": "div.highlight pre",
    "copybutton.js": "div.highlight pre",
    "design-tabs.js": ".sd-tab-set",
    "mathjax.js": ".math",
}
NUMBER = re.compile(r"[\d.]+")
POINT = 96 / 72  # CSS pixels
METADATA = re.compile(r"\s*<metadata>.*?</metadata>|\s*<!--.*?-->", re.DOTALL)
COORDINATES = re.compile(r' (?:d|x|y|points)="[^"]*"')
PATH = re.compile(r' d="[^"]*"')
DIGITS = re.compile(r"-?\d+\.\d{3,}")
BLANKS = re.compile(r"\s+")
LINES = re.compile(r"L [-.\d ]+(?:L [-.\d ]+)+")
AFTER_COMMAND = re.compile(r"(?<=[\d\" ])([MLQCz]) (?=[-\d\"MLQCz])")


def file_name(address):
    """Last part of an address, without its query."""
    return address.split("?")[0].rsplit("/", 1)[-1]


def lighten_scripts(soup):
    """Drop scripts that the page has no use for; all others wait until the page is there."""
    seen = set()
    for script in soup.select("script[src]"):
        name = file_name(script["src"])
        use = USES.get(name, "html")
        if use is None or name in seen or not soup.select_one(use):
            script.decompose()
            continue
        seen.add(name)
        if not script.has_attr("async") and script.get("type") != "module":
            script["defer"] = ""
            soup.head.append(script.extract())
    for last in soup.select("script[src*='js/mathjax.js']"):  # it has the most to do
        soup.head.append(last.extract())
    for preload in soup.select("link[rel='preload'][as='script']"):
        preload.decompose()


def inline_options(soup, options):
    """Put Sphinx's options before the lines that add to them, which cannot wait for a file."""
    for script in soup.select("script[src]"):
        if file_name(script["src"]) == "documentation_options.js":
            del script["src"], script["defer"]
            script.string = options
            soup.head.insert(0, script.extract())
            soup.head.insert(0, soup.select_one("meta[charset]").extract())


def drop_repeats(soup):
    """Keep the first of equal tags in the head."""
    seen = set()
    for tag in soup.select("head meta, head script:not([src])"):
        key = tag.get("name") or str(tag)
        if key in seen:
            tag.decompose()
        seen.add(key)


def size(path):
    """Width and height of an image in CSS pixels."""
    if path.suffix != ".svg":
        with Image.open(path) as image:
            return image.size
    root = ElementTree.parse(path).getroot()
    lengths = [root.get("width", ""), root.get("height", "")]
    if all(length.endswith("pt") for length in lengths):
        return tuple(round(float(length.removesuffix("pt")) * POINT) for length in lengths)
    if all(NUMBER.fullmatch(length.removesuffix("px")) for length in lengths):
        return tuple(round(float(length.removesuffix("px"))) for length in lengths)
    return tuple(round(float(length)) for length in root.get("viewBox").split()[2:])


def lighten_images(soup, folder):
    """State the size of each image, so that nothing moves, and load it when it comes near."""
    for number, image in enumerate(soup.select("article img")):
        path = folder / unquote(image["src"])
        if ":" in image["src"] or not path.is_file():
            continue
        if not image.has_attr("width") and not image.has_attr("height"):
            image["width"], image["height"] = map(str, size(path))
        image["decoding"] = "async"
        if number:  # the first may be in sight
            image["loading"] = "lazy"


def shorten_drawing(text):
    """Drop from a drawing what is not seen: metadata, indents, and digits below 0.01 points.

    Only coordinates are rounded; the small factors of a transformation stay as they are.
    """
    text = BLANKS.sub(" ", METADATA.sub("", text))
    text = COORDINATES.sub(lambda found: DIGITS.sub(round_off, found[0]), text)
    return PATH.sub(lambda found: shorten_path(found[0]), text)


def shorten_path(path):
    """Write the command of straight lines once, and no blank after a command."""
    path = LINES.sub(lambda found: "L " + found[0].replace("L ", ""), path)
    return AFTER_COMMAND.sub(r"\1", path)


def round_off(found):
    """Write a number with two digits after the point, or fewer."""
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def mend(soup, folder, options):
    """Make a page light; ``options`` is the text of Sphinx's options for scripts."""
    lighten_scripts(soup)
    inline_options(soup, options)
    drop_repeats(soup)
    lighten_images(soup, folder)
