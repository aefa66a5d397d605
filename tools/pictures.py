"""Draw the small picture that a chapter's card shows: its first figure, as a PNG.

The cards are drawn when the book is built, which must not need a browser; figures are vector
graphics, which Pillow cannot read. So this is run by hand, when a first figure has changed:
``.venv/bin/python tools/pictures.py``. A test compares what each picture says it shows.
"""

import base64
import io
import shutil
import sys
from pathlib import Path

import nbformat
from PIL import Image, PngImagePlugin
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "book" / "_ext" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
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
    """Draw the pictures of all chapters; return the exit status."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print("Chromium not found; install it (on Debian: apt-get install chromium)")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": SIZE[0] + 20, "height": SIZE[1] + 20})
        for path in sorted((ROOT / "book").glob("*.ipynb")):
            if figure := first_figure(path):
                draw(tab, *figure, PICTURES / f"{path.stem}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
