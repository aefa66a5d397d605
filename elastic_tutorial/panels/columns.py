"""Columns of a sales table, checked, as arrays; every complaint about a table is here."""

import narwhals as nw
import numpy as np
import pandas as pd

from elastic_tutorial.validation import label_text


class PanelError(ValueError):
    """A sales table that cannot be a panel; the message names column, row and value.

    ``argument`` is the name of the argument that may mend it, such as ``"decimal"``, or None.
    """

    def __init__(self, message, *, argument=None):
        super().__init__(message)
        self.argument = argument


def read_columns(frame, columns):
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


def like_pandas(table):
    """Return the native table if it is a pandas one, for its index, names and types."""
    return table.to_native() if table.implementation.is_pandas() else None


def label_codes(table, name):
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


def numbers(table, name):
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
        fits = (exact <= 2**53) & (exact >= -(2**53))  # beyond, floats leave out whole numbers
        if not fits.all():
            row = int(np.argmin(fits))
            raise PanelError(
                f"column {name!r}, row {row}: must be at most 2^53 in size; got {exact[row]}."
            )
    return values


def check_duplicates(table, names, product, period):
    """Refuse two rows of one product and period."""
    cell = product.astype(np.int64) * (period.max() + 1) + period
    repeated = pd.Series(cell).duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        first = int((cell == cell[row]).argmax())
        raise PanelError(
            f"product {label_text(table[names['product']][row])} has two rows for period "
            f"{label_text(table[names['period']][row])}: rows {first} and {row}."
        )


def category_of_product(table, names, codes, n_products):
    """One category a product, or an error that names the product and both."""
    if "category" not in names:
        return np.zeros(n_products, int)
    product, category = codes["product"], codes["category"]
    of_product = np.zeros(n_products, int)
    of_product[product[::-1]] = category[::-1]  # the first row of each product decides
    moved = of_product[product] != category
    if moved.any():
        row = int(moved.argmax())
        first = int((product == product[row]).argmax())
        labels, label = table[names["category"]], label_text(table[names["product"]][row])
        raise PanelError(
            f"column {names['category']!r}, row {row}: product {label} is in category "
            f"{label_text(labels[row])} here and in {label_text(labels[first])} in row {first}."
        )
    return of_product


def spread(values, rows, shape):
    """Put a column into its cells, NaN elsewhere."""
    out = np.full(shape, np.nan)
    out[rows] = values
    return out
