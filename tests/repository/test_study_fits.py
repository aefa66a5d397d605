"""The table of the fits that chapters check: what it claims, and one row computed again."""

import ast

import notebooks
import pandas as pd
import pytest
from studies import fits

LIMITS = {"divergences": 0, "rhat": 1.01, "ess_bulk": 400, "ess_tail": 400}  # the defaults


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(fits.PATH, comment="#")


def assert_accepted(rows):
    assert (rows["divergences"] == LIMITS["divergences"]).all()
    assert (rows["rhat"] <= LIMITS["rhat"]).all()
    assert (rows[["ess_bulk", "ess_tail"]] >= LIMITS["ess_bulk"]).all(axis=None)


@pytest.mark.parametrize("chapter, name", fits.FITS)
def test_a_fit_passes_the_default_limits_with_each_of_ten_keys(chapter, name, table):
    rows = table[[fits.is_of(row, chapter, name) for row in table.to_dict("records")]]
    assert rows["key"].to_list() == list(range(fits.N_KEYS))
    assert_accepted(rows)


def checked(chapter):
    """What a chapter gives to ``check_convergence`` where it expects no error."""
    for cell in notebooks.code_cells(notebooks.read_text(chapter)):
        if "check_convergence" in cell.source and "ConvergenceError" not in cell.source:
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Call) and "check_convergence" in ast.unparse(node.func):
                    yield node


@pytest.mark.parametrize("chapter", sorted({chapter for chapter, _ in fits.FITS}))
def test_a_chapter_checks_its_fits_with_the_default_limits(chapter):
    calls = list(checked(notebooks.ROOT / "book" / f"{chapter}.md"))
    assert calls and not [ast.unparse(call) for call in calls if call.keywords]


def test_every_chapter_that_checks_a_fit_is_in_the_table():
    found = {
        path.stem for path in notebooks.chapters(notebooks.ROOT / "book") if any(checked(path))
    }
    assert found == {chapter for chapter, _ in fits.FITS}


@pytest.mark.slow
def test_a_row_of_the_table_is_found_again():
    """Its draws differ by processor; what decides does not."""
    chapter, name = fits.FITS[0]
    assert_accepted(pd.DataFrame(fits.fits_again(chapter, name, [5])))
