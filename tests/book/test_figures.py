"""Figures stored in the chapters: their kind and weight, their words, what is said of them."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import nbformat
import notebooks
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = notebooks.chapters(ROOT / "book")
SVG = "{http://www.w3.org/2000/svg}"

# A page of ten figures then weighs less than the library that sets its formulas, and 120 kB hold
# some two thousand marks: more of them are told apart as pixels no worse (rasterized=True).
LARGEST, LARGEST_OF_A_CHAPTER = 120_000, 600_000

# The words on an axis are the same in all chapters (CONTRIBUTING.md has the table).
BARE = {
    "elasticity": "price elasticity, or arc elasticity",
    "true elasticity": "true price elasticity",
    "estimated elasticity": "estimated price elasticity",
    "price": "price (currency per unit)",
    "price (per unit)": "price (currency per unit)",
    "quantity": "quantity (units per period)",
    "units": "units sold per week, or by the product",
    "units a week": "units sold per week",
    "units per week": "units sold per week",
    "worlds": "number of worlds",
    "products": "number of products",
    "coverage (%)": "coverage of 95% intervals (%)",
    "share covered": "coverage of 95% intervals",
}


class Figure(NamedTuple):
    """A picture, the cell that drew it, and the number of its axes."""

    cell: nbformat.NotebookNode
    svg: str

    @property
    def is_single(self):
        """Whether it has one panel."""
        return 'id="axes_2"' not in self.svg


def figures(path):
    """Outputs of a chapter that are pictures, each as vector graphics."""
    cells = nbformat.read(path.with_suffix(".ipynb"), as_version=4).cells
    data = [(cell, output.get("data", {})) for cell in cells for output in cell.get("outputs", [])]
    drawn = [(cell, each) for cell, each in data if any("image/" in kind for kind in each)]
    assert all("image/svg+xml" in each for _, each in drawn), "run it again: make notebooks"
    assert not any("image/png" in each for _, each in drawn), "one kind of picture is enough"
    return [Figure(cell, each["image/svg+xml"]) for cell, each in drawn]


def image_of(cell):
    """What a cell's metadata say of its figure: the alternative text and the caption."""
    said = cell.metadata.get("mystnb", {})
    return said.get("image", {}).get("alt", ""), said.get("figure", {}).get("caption")


def labels(svg):
    """Texts that matplotlib drew, with the point at which each begins."""
    start = r'<g id="text_\d+">\s*<!-- (.*?) -->\s*<g [^>]*transform="translate\((\S+) (\S+)\)'
    return [(text, float(x), float(y)) for text, x, y in re.findall(start, svg)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_figures_are_whole_vector_graphics_and_light(path):
    sizes = [len(figure.svg.encode()) for figure in figures(path)]
    assert sizes, "a chapter has figures"
    assert max(sizes) <= LARGEST, f"{sizes}: rasterized=True for what has many marks"
    assert sum(sizes) <= LARGEST_OF_A_CHAPTER, sizes
    for figure in figures(path):
        ElementTree.fromstring(figure.svg)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_cell_that_shows_a_figure_has_stored_one(path):
    cells = nbformat.read(path.with_suffix(".ipynb"), as_version=4).cells
    shown = Counter(c.id for c in cells if c.cell_type == "code" and "plt.show()" in c.source)
    assert shown == Counter(figure.cell.id for figure in figures(path))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_letters_are_outlines_inside_the_picture(path):
    for figure in figures(path):
        root = ElementTree.fromstring(figure.svg)
        assert not root.findall(f".//{SVG}text"), "svg.fonttype: path, so that no font is missing"
        _, _, width, height = map(float, root.get("viewBox").split())
        found = labels(figure.svg)
        assert found
        outside = [text for text, x, y in found if not (0 <= x <= width and 0 <= y <= height)]
        assert not outside


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_figure_of_one_panel_has_its_title_in_the_caption(path):
    titled = re.compile(r"\.set_title\(|\.title\(\s*[\"']|suptitle\(|\.set\([^)]*\btitle=")
    single = [figure.cell.source for figure in figures(path) if figure.is_single]
    assert not [source for source in single if titled.search(source)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_axes_have_the_words_of_the_book(path):
    legend = re.compile(r'<g id="legend_\d+">.*?(?=<g id="axes_|\Z)', flags=re.DOTALL)
    for figure in figures(path):
        for text, _, _ in labels(legend.sub("", figure.svg)):
            assert text not in BARE, f"{text!r}: say {BARE.get(text)!r}"


def test_a_figure_is_described_in_words_of_its_own():
    said = [image_of(figure.cell) for path in CHAPTERS for figure in figures(path)]
    alts = [alt for alt, _ in said]
    captions = [caption for _, caption in said if caption is not None]
    assert [alt for alt in alts if len(alt.split()) < 12 or alt[-1] != "."] == []
    assert [caption for caption in captions if len(caption.split()) < 5] == []
    assert [text for text, n in Counter(alts + captions).items() if n > 1] == []
