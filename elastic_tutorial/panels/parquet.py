"""A panel from a Parquet file or folder that is too large to be read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.panels.panel import Panel
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def panel_from_parquet(
    path: str | Path,
    *,
    product: str,
    period: str,
    units: str,
    price: str,
    category: str,
    covariates: Sequence[str] = (),
) -> Panel:
    """Read a panel from Parquet, one category after the other.

    Of the long table only one category's rows are ever in memory; what stays are the arrays of
    the panel, 17 bytes for each product and period, and 8 more for each covariate.

    Parameters
    ----------
    path : str or path
        File, or folder of files that are read as one table.
    product, period, units, price, category : str
        Names of the columns, as for ``Panel.from_frame``.
    covariates : sequence of str

    Returns
    -------
    Panel
        Equal to the one that ``Panel.from_frame`` makes of the whole table.

    Raises
    ------
    PanelError
        As ``Panel.from_frame``, with rows counted within their category; if the file cannot be
        read; or if a product stands in two categories.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> table = pd.DataFrame({"item": ["tea", "tea", "jam"], "week": [1, 2, 2]})
    >>> table = table.assign(sold=[9, 7, 4], euro=[2.0, 3.0, 5.0], aisle=["hot", "hot", "sweet"])
    >>> names = {"product": "item", "period": "week", "units": "sold", "price": "euro"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table.to_parquet(f"{folder}/sales.parquet")
    ...     panel = panel_from_parquet(f"{folder}/sales.parquet", **names, category="aisle")
    >>> panel.units
    array([[nan,  4.],
           [ 9.,  7.]])
    """
    names = {"product": product, "period": period, "units": units, "price": price}
    columns = [*names.values(), category, *covariates]
    source, labels = _open(path, columns, category)
    parts = []
    for label in labels:
        table = _rows(source, columns, category, label)
        try:
            part = Panel.from_frame(table, **names, category=category, covariates=covariates)
        except PanelError as error:
            raise PanelError(f"category {quoted(label)}: {error}") from error
        parts.append(part)
    return _joined(parts)


def _open(path, columns, category):
    """Open a Parquet file or folder; return it with the labels of its categories, sorted."""
    import pyarrow as pa
    from pyarrow import dataset

    try:
        source = dataset.dataset(path, format="parquet")
    except (OSError, pa.ArrowInvalid) as error:
        raise PanelError(f"{path} cannot be read as Parquet: {error}") from error
    for name in columns:
        if name not in source.schema.names:
            have = ", ".join(source.schema.names)
            raise PanelError(f"no column {name!r}; the table has {have}.")
    found = set()
    for batch in source.to_batches(columns=[category]):
        found |= set(batch[category].unique().to_pylist())
    if not found:
        raise PanelError("the table has no rows.")
    if None in found:
        raise PanelError(f"column {category!r}: a label is missing.")
    return source, sorted(found)


def _rows(source, columns, category, label):
    """Read the rows of one category."""
    from pyarrow import dataset

    return source.to_table(columns=columns, filter=dataset.field(category) == label)


def _joined(parts):
    """Join panels of one category each."""
    products = np.concatenate([part.products for part in parts])
    order = np.argsort(products, kind="stable")
    twice = products[order][1:] == products[order][:-1]
    if twice.any():
        product = products[order][1:][twice][0]
        raise PanelError(f"product {quoted(product)} stands in two categories.")
    periods = np.unique(np.concatenate([part.periods for part in parts]))
    place = np.empty(len(products), int)
    place[order] = np.arange(len(products))
    shape, start = (len(products), len(periods)), 0
    names = ("units", "price", *parts[0].covariates)
    arrays = {name: np.full(shape, np.nan) for name in names}
    category = np.empty(len(products), int)
    for number, part in enumerate(parts):
        rows = place[start : start + part.n_products]
        cells = np.ix_(rows, np.searchsorted(periods, part.periods))
        for name in names:
            held = part.covariates[name] if name in part.covariates else getattr(part, name)
            arrays[name][cells] = held
        category[rows], start = number, start + part.n_products
    return Panel(
        units=arrays.pop("units"),
        price=(price := arrays.pop("price")),
        observed=~np.isnan(price),
        category=category,
        products=products[order],
        periods=periods,
        categories=np.concatenate([part.categories for part in parts]),
        covariates=arrays,
    )
