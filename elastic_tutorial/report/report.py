"""A report on a store: all that it shows, and the folder of files to take home."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.panels.panel import Panel
from elastic_tutorial.report.digest import digest
from elastic_tutorial.report.folder import claim, claim_file, write
from elastic_tutorial.report.page import files

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class Report:
    """All that a report on a store shows.

    Parameters
    ----------
    source : str
        Where the sales come from, such as the name of a file.
    panel : Panel
        The one that was fitted.
    elasticities : pandas.DataFrame
        As from ``elasticity_table``.
    checks : pandas.DataFrame
        As from ``check_store`` and ``check_fit``, one after the other.
    prices : pandas.DataFrame, optional
        As from ``price_table``.
    test : xarray.Dataset, optional
        As from ``back_test``.
    masked : pandas.DataFrame, optional
        Rows that were left out, as in ``SalesTable``.
    remarks : tuple of str
        Sentences to show with the data, such as what was dropped.
    settings : dict
        Options and versions, to make it again.
    promise_withheld : str, optional
        Why the gains of single products are not added up to a promise.

    Examples
    --------
    >>> Report("sales.csv", None, pd.DataFrame(), pd.DataFrame()).remarks
    ()
    """

    source: str
    panel: Panel
    elasticities: pd.DataFrame
    checks: pd.DataFrame
    prices: pd.DataFrame | None = None
    test: xr.Dataset | None = None
    masked: pd.DataFrame | None = None
    remarks: tuple = ()
    settings: dict = field(default_factory=dict)
    promise_withheld: str | None = None


def write_report(
    report: Report, folder: str | Path, *, json: str | Path | None = None, force: bool = False
) -> Path:
    """Write ``elasticities.csv``, ``prices.csv``, ``masked.csv`` and ``report.html``.

    All or nothing: files are written to a folder beside it, ``folder`` with ``.partial`` at the
    end, which is then renamed. What an interrupted run left there is removed.

    Parameters
    ----------
    report : Report
    folder : str or Path
        Must not exist, unless ``force``.
    json : str or Path, optional
        File for a digest that programs can read, such as ``report.json``; not in the folder.
    force : bool
        Replace a folder that holds an earlier report, and nothing else.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileExistsError
        If the folder exists; with ``force``, if it holds other files.

    Examples
    --------
    >>> write_report(None, ".")
    Traceback (most recent call last):
    elastic_tutorial.report.folder.FolderExistsError: the folder '.' exists; name another, or
    replace an earlier report with force=True.
    """
    folder = claim(folder, force=force)
    check.instance("report", report, Report)
    if json is None:
        return write(folder, files(report))
    path = claim_file(json, folder, force=force)
    return write(folder, files(report), (path, digest(report)))
