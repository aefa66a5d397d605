"""Every chapter as Binder gives it to a reader: its environment, JupyterLab, a browser."""

import binder_lab
import nbformat
import notebooks
import pytest

CHAPTERS = [
    path.with_suffix(".ipynb").name for path in notebooks.chapters(binder_lab.ROOT / "book")
]
MEMORY = 2  # GiB, what mybinder.org allows a reader at most

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab in a clean copy of the repository."""
    place = tmp_path_factory.mktemp("binder")
    checkout = binder_lab.check_out(place / "checkout")
    programs = binder_lab.install(place / "environment", checkout)
    with binder_lab.server(programs, checkout, place / "home") as running:
        yield running


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_runs_on_binder(name, lab, browser):
    measured = lab.run(browser, name)
    assert measured["peak_gib"] <= MEMORY


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "code cell 2: ZeroDivisionError"),
        ("import os; os._exit(1)", "appears to have died"),
    ],
)
def test_a_notebook_that_fails_is_told(source, message, lab, browser):
    cells = [nbformat.v4.new_code_cell(each) for each in ("1", source, "3")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=notebooks.NOTEBOOK_METADATA)
    nbformat.write(notebook, lab.checkout / "book" / "broken.ipynb")
    with pytest.raises(binder_lab.BinderError, match=message):
        lab.run(browser, "broken.ipynb", seconds=60)


def test_the_memory_of_a_kernel_is_seen(lab, browser):
    cell = nbformat.v4.new_code_cell("import numpy as np; big = np.ones(2**27); big.sum()")
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=notebooks.NOTEBOOK_METADATA)
    nbformat.write(notebook, lab.checkout / "book" / "large.ipynb")
    assert 1 < lab.run(browser, "large.ipynb", seconds=60)["peak_gib"] < 1.6  # 1 GiB of ones
