"""Draw the small picture that a chapter's card shows: its first figure, as a PNG.

The cards are drawn when the book is built, which must not need a browser; figures are vector
graphics, which Pillow cannot read. So this is run by hand, when a first figure has changed:
``.venv/bin/python tools/pictures.py``. A test compares what each picture says it shows.
"""

import base64
import io
from pathlib import Path

import nbformat
from chromium import chromium
from PIL import Image, PngImagePlugin

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "book" / "_ext" / "pictures"
SIZE = (540, 420)  # pixels at most
KINDS = ("image/svg+xml", "image/png")


def first_figure(path):
    """Find the first figure of a notebook: its address as data, and its alternative text."""
    for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
        for output in cell.get("outputs", []):
            for kind in KINDS:
                if content := output.get("data", {}).get(kind):
                    if kind == "image/svg+xml":
                        content = base64.b64encode(content.encode()).decode()
                    return f"data:{kind};base64,{content}", alternative_text(cell)
    return None


def alternative_text(cell):
    """Read what a cell's metadata say that its figure shows."""
    return cell.metadata["mystnb"]["image"]["alt"]


def draw(tab, address, text, target):
    """Write a figure as a small PNG with the text that describes it."""
    width, height = SIZE
    tab.set_content(
        f'<img src="{address}" style="max-width:{width}px; max-height:{height}px; display:block">'
    )
    shot = tab.locator("img").screenshot()
    said = PngImagePlugin.PngInfo()
    said.add_itxt("Description", text)
    picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    picture.save(target, optimize=True, pnginfo=said)


def main():
    """Draw the pictures of all chapters."""
    PICTURES.mkdir(exist_ok=True)
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": SIZE[0] + 20, "height": SIZE[1] + 20})
        for path in sorted((ROOT / "book").glob("*.ipynb")):
            if figure := first_figure(path):
                draw(tab, *figure, PICTURES / f"{path.stem}.png")


if __name__ == "__main__":
    main()
