"""One palette for figures and pages, and a landing page that says what is true."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib
import pytest
from wcag import computed, contrast

ROOT = Path(__file__).resolve().parents[2]
STYLE = matplotlib.rc_params_from_file(
    ROOT / "elastic_tutorial" / "style.mplstyle", use_default_template=False
)
CYCLE = [color.lower() for color in STYLE["axes.prop_cycle"].by_key()["color"]]
CSS = (ROOT / "book" / "_static" / "custom.css").read_text()
HUES = "blue orange green pink yellow sky".split()


def colors(theme):
    """Colours that the style sheet sets for a theme."""
    selector = {"light": "html {", "dark": 'html[data-theme="dark"] {'}[theme]
    block = CSS[CSS.index(selector) :].split("}")[0]
    return dict(re.findall(r"--et-(\w+): (#[0-9a-f]+);", block))


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert computed("rgb(118, 118, 118)") == computed("rgba(118, 118, 118, 0.5)")
    assert contrast(computed("rgb(118, 118, 118)"), "white") == contrast("#767676", "white")


def test_pages_and_figures_share_their_colours():
    hexes = {f"#{color.removeprefix('#')}" for color in CYCLE}
    assert {colors("light")[hue] for hue in HUES} <= hexes


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(theme):
    palette = colors(theme)
    for ground in ("paper", "tint"):
        for text in ("ink", "muted", "blue"):
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)


def test_the_four_lines_of_the_landing_page_print_what_it_says():
    text = (ROOT / "book" / "index.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL).group(1)
    said = re.search(r"They print `(.*?)`", text).group(1)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "index.md", "exec"), {})
    assert printed.getvalue().strip() == said
