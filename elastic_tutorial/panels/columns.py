"""Columns of a sales table, checked, as arrays; every complaint about a table is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from elastic_tutorial.validation import LARGEST_COUNT, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import IntoDataFrame


class PanelError(ValueError):
    """A sales table that cannot be a panel; the message names column, row and value.

    ``argument`` is the name of the argument that may mend it, such as ``"decimal"``, or None. An
    error of several kinds of fault has in ``parts`` an error of each.
    """

    def __init__(self, message, *, argument=None, parts=()):
        super().__init__(message)
        self.argument = argument
        self.parts = tuple(parts)


def read_columns(frame: IntoDataFrame, columns: list[str]) -> nw.DataFrame:
    """Return the named columns of a table, as narwhals sees it."""
    try:
        table = nw.from_native(frame, eager_only=True)
        present = [str(name) for name in table.columns]
    except TypeError as error:
        raise PanelError(
            f"frame must be an eager table (pandas, polars, pyarrow); got {type(frame).__name__}."
        ) from error
    except nw.exceptions.DuplicateError as error:
        raise PanelError(f"two columns of the table have one name: {error}") from error
    for name in columns:
        if not isinstance(name, str):
            raise PanelError(f"column names must be strings; got {name!r}.")
        if name not in table.columns:
            raise PanelError(f"no column {name!r}; the table has {', '.join(present)}.")
        if columns.count(name) > 1:
            raise PanelError(f"column {name!r} was given twice.")
    if len(table) == 0:
        raise PanelError("the table has no rows.")
    return table.select(name for name in table.columns if name in columns)


def like_pandas(table: nw.DataFrame) -> pd.DataFrame | None:
    """Return the native table if it is a pandas one, for its index, names and types."""
    return table.to_native() if table.implementation.is_pandas() else None


def label_codes(table: nw.DataFrame, name: str) -> tuple[np.ndarray, nw.Series]:
    """Position of each row's label among the sorted labels, and the labels."""
    series = table[name]
    missing = series.is_null().to_numpy()
    if not missing.any():
        try:
            codes, _ = pd.factorize(series.to_numpy(), sort=True)
        except TypeError as error:
            raise PanelError(
                f"column {name!r} mixes labels that cannot be sorted: {error}."
            ) from error
        missing = codes < 0  # a float NaN
    if missing.any():
        raise PanelError(f"column {name!r}, row {missing.argmax()}: the label is missing.")
    _, first = np.unique(codes, return_index=True)
    return codes, series[first]


def read_labels(table: nw.DataFrame, names: dict[str, str]) -> tuple[dict, dict]:
    """Of each role the position of every row's label, and the labels."""
    roles = [role for role in ("product", "period", "category") if role in names]
    found = {role: label_codes(table, names[role]) for role in roles}
    codes, labels = zip(*found.values(), strict=True)
    return dict(zip(roles, codes, strict=True)), dict(zip(roles, labels, strict=True))


def numbers(table: nw.DataFrame, name: str) -> np.ndarray:
    """Return a numeric column as floats, none missing or changed."""
    series = table[name]
    if not (series.dtype.is_numeric() or series.dtype == nw.Boolean):
        raise PanelError(f"column {name!r} must hold numbers; its type is {series.dtype}.")
    missing = series.is_null().to_numpy()
    if missing.any():
        raise PanelError(f"column {name!r}, row {missing.argmax()}: the value is missing.")
    exact = series.to_numpy()
    values = exact.astype(float)
    if series.dtype.is_integer():
        fits = (exact <= LARGEST_COUNT) & (exact >= -LARGEST_COUNT)
        if not fits.all():
            row = int(np.argmin(fits))
            raise PanelError(
                f"column {name!r}, row {row}: must be at most 2^53 in size; got {exact[row]}."
            )
    return values


def check_rows(table: nw.DataFrame, names: dict[str, str], codes: dict[str, np.ndarray]) -> None:
    """Refuse a table whose rows contradict each other; its rows are counted from 0."""
    columns = {role: table[names[role]] for role in codes}
    check_repeats(codes, columns, range(len(table)))
    if "category" in codes:
        check_one_category(codes, columns, range(len(table)), names["category"])


def check_repeats(codes: dict[str, np.ndarray], labels: dict, rows: Sequence[int]) -> None:
    """Refuse two rows of one product and period.

    ``codes`` and ``labels`` hold for each role the position and the label of every row, and
    ``rows`` the numbers by which the reader knows the rows.
    """
    product, period = codes["product"].astype(np.int64), codes["period"]
    cell = product * (period.max() + 1) + period
    repeated = pd.Series(cell).duplicated().to_numpy()
    if repeated.any():
        second = int(repeated.argmax())
        first = int((cell == cell[second]).argmax())
        raise PanelError(
            f"product {quoted(labels['product'][second])} has two rows for period "
            f"{quoted(labels['period'][second])}: rows {rows[first]} and {rows[second]}; add such "
            "rows up, or remove the copy."
        )


def check_one_category(
    codes: dict[str, np.ndarray], labels: dict, rows: Sequence[int], column: str
) -> None:
    """Refuse a product in two categories; arguments as in ``check_repeats``."""
    product, category = codes["product"], codes["category"]
    first = first_row_of_product(product)
    moved = category != category[first]
    if moved.any():
        here = int(moved.argmax())
        raise PanelError(
            f"column {quoted(column)}, row {rows[here]}: product "
            f"{quoted(labels['product'][here])} is in category {quoted(labels['category'][here])} "
            f"here and in {quoted(labels['category'][first[here]])} in row {rows[first[here]]}; "
            "give it one."
        )


def first_row_of_product(product: np.ndarray) -> np.ndarray:
    """Position of the first row of each row's product."""
    first = np.empty(product.max() + 1, int)
    first[product[::-1]] = np.arange(len(product))[::-1]  # the first row is written last
    return first[product]


def category_of_product(codes: dict[str, np.ndarray], n_products: int) -> np.ndarray:
    """Position of the category of each product; all the first where there are none."""
    of_product = np.zeros(n_products, int)
    if "category" in codes:
        of_product[codes["product"]] = codes["category"]
    return of_product


def spread(values: np.ndarray, rows: tuple, shape: tuple) -> np.ndarray:
    """Put a column into its cells, NaN elsewhere."""
    out = np.full(shape, np.nan)
    out[rows] = values
    return out
