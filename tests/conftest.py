"""Settings that every test shares."""

import json
import os
import sys
from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Arrays of different rank are never broadcast silently. JAX reads it when it is first imported.
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
# Every call of the engine, whose arrays carry shapes, is held against its signature. What readers
# call checks its arguments itself, and what it says to wrong ones is for tests.
ENGINE = Path(__file__).parents[1] / "elastic_tutorial" / "laplace"
SHAPED = [f"elastic_tutorial.laplace.{path.stem}" for path in ENGINE.glob("[a-z]*.py")]
SHAPED.remove("elastic_tutorial.laplace.fit")
install_import_hook(SHAPED, "beartype.beartype")

matplotlib.use("agg")
# The same examples in every run, and time for the first of them to import SciPy.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
CASES = json.loads((Path(__file__).parent / "reference_cases.json").read_text())["cases"]


def cases_of(*groups, ids=None):
    """Reference cases of these groups, as pytest parameters named by their id.

    With ``ids`` (separated by spaces) the groups must hold these cases and no others, so that none
    can be lost or added unnoticed.
    """
    chosen = [case for case in CASES if case["group"] in groups]
    found = [case["id"] for case in chosen]
    assert found, f"no reference case in {groups}"
    assert ids is None or found == ids.split(), f"{groups} hold {found}, not {ids.split()}"
    return [pytest.param(case, id=case["id"]) for case in chosen]


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open behind a test."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


# --- The rendered pages; what they need is loaded by the tests that use them only.


@pytest.fixture(scope="session")
def built_book():
    """Fail, rather than skip, where there is no book to look at."""
    import browsing

    if missing := browsing.missing_pages():
        pytest.fail(f"not in {browsing.HTML}: {', '.join(missing)}; run: make book")


@pytest.fixture(scope="session")
def site(built_book):
    """Address of the built book on this machine."""
    import browsing

    with browsing.serving(browsing.HTML) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, the system's."""
    from chromium import chromium

    with chromium() as program:
        yield program


@pytest.fixture
def visit(browser, site):
    """Open pages, and close them after the test."""
    import browsing

    visits = []

    def open_page(page, **settings):
        visits.append(browsing.Visit(browser, site, page, **settings))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()
