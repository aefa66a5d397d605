"""Cut the icon fonts down to the signs that the built book shows.

The theme comes with all of Font Awesome, 1.8 MB. Signs are found in the style sheet of the built
book, where only those are left that a page or a script names. Run it after `make book` when a
test says that a sign is missing.
"""

import argparse
import re
import sys
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
SHEET = ROOT / "_build" / "html" / "_static" / "book.css"
OUT = ROOT / "book" / "_static" / "fonts"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FONTS = {"icons-solid": "fa-solid-900", "icons-brands": "fa-brands-400"}
SIGNS = re.compile("[\ue000-\uf8ff]")  # code points that Unicode leaves to private use


def signs(sheet):
    """Code points of the icons in a style sheet."""
    return sorted({ord(sign) for sign in SIGNS.findall(sheet.read_text(encoding="utf-8"))})


def held(font):
    """Code points that a font file has a picture for."""
    with TTFont(font) as opened:
        return set(opened.getBestCmap())


def cut(source, points, target):
    """Write the pictures of some code points as a font of their own."""
    options = subset.Options(flavor="woff", hinting=False, desubroutinize=True)
    options.recalc_timestamp = False
    font = subset.load_font(source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)
    subset.save_font(font, target, options)


def main(arguments=None):
    """Write both fonts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheet", type=Path, default=SHEET, help="style sheet of the built book")
    options = parser.parse_args(arguments)
    if not options.sheet.exists():
        raise SystemExit(f"{options.sheet} is missing; run: make book")
    wanted = set(signs(options.sheet))
    OUT.mkdir(exist_ok=True)
    for name, source in FONTS.items():
        whole = THEME / "vendor" / "fontawesome" / "webfonts" / f"{source}.ttf"
        points = wanted & held(whole)
        cut(whole, points, OUT / f"{name}.woff")
        wanted -= points
        print(f"{name}.woff: {len(points)} icons, {(OUT / f'{name}.woff').stat().st_size} bytes")
    if wanted:
        raise SystemExit(f"in no font: {', '.join(f'U+{point:04X}' for point in sorted(wanted))}")


if __name__ == "__main__":
    sys.exit(main())
