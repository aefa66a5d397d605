"""From a sales table to the arrays of a panel, and back; every complaint about a table is here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import pandas as pd


class PanelError(ValueError):
    """A sales table that cannot be a panel; the message names column, row and value."""


@dataclass(frozen=True, eq=False)
class Layout:
    """How the table looked that a panel was read from: columns, types, labels, order of rows."""

    schema: Mapping  # column name -> narwhals type, in the order of the table
    roles: Mapping  # role -> column name
    labels: Mapping  # role -> series of the labels, in the order of the panel
    rows: tuple  # product and period of each row, as positions in the panel
    like: object = None  # a pandas table without its values: index, names and types

    @classmethod
    def default(cls, panel):
        """Layout of a panel that was made from arrays."""
        names = ["product", "period", "units", "price", "category"]
        labels = {"product": panel.products, "period": panel.periods, "category": panel.categories}
        series = {
            role: nw.from_native(pd.Series(v), series_only=True) for role, v in labels.items()
        }
        schema = {role: series[role].dtype for role in ("product", "period")}
        schema |= {"units": nw.Int64(), "price": nw.Float64(), "category": series["category"].dtype}
        schema |= {name: nw.Float64() for name in panel.covariates}
        return cls(schema, {n: n for n in names}, series, np.nonzero(panel.observed))

    def frame(self, panel):
        """Build the table of this panel, in this layout."""
        product, period = self.rows
        column = {
            self.roles["product"]: self.labels["product"][product],
            self.roles["period"]: self.labels["period"][period],
        }
        if "category" in self.roles:
            of_row = panel.category[product]
            column[self.roles["category"]] = self.labels["category"][of_row]
        backend = self.labels["product"].implementation
        arrays = {self.roles["units"]: panel.units, self.roles["price"]: panel.price}
        for name, array in (arrays | dict(panel.covariates)).items():
            values = nw.new_series(name, array[self.rows], backend=backend)
            column[name] = values.cast(self.schema[name])
        series = {name: nw.maybe_reset_index(column[name].alias(name)) for name in self.schema}
        ordered = {name: values.to_native() for name, values in series.items()}
        table = nw.from_dict(ordered, backend=backend).to_native()
        if self.like is None:
            return table
        table = table.astype(self.like.dtypes.to_dict()).set_index(self.like.index)
        return table.set_axis(self.like.columns, axis=1)

    def take(self, products, periods, categories):
        """Return the layout of the rows of some products."""
        new_product = np.full(len(self.labels["product"]), -1)
        new_product[products] = np.arange(len(products))
        new_period = np.full(len(self.labels["period"]), -1)
        new_period[periods] = np.arange(len(periods))
        kept = np.isin(self.rows[0], products)
        taken = {"product": products, "period": periods, "category": categories}
        labels = {role: series[taken[role]] for role, series in self.labels.items()}
        rows = (new_product[self.rows[0][kept]], new_period[self.rows[1][kept]])
        like = None if self.like is None else self.like[kept]
        return replace(self, labels=labels, rows=rows, like=like)


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
    """Return a numeric column as floats, none missing or infinite."""
    series = table[name]
    if not (series.dtype.is_numeric() or series.dtype == nw.Boolean):
        raise PanelError(f"column {name!r} must hold numbers; its type is {series.dtype}.")
    missing = series.is_null().to_numpy()
    if missing.any():
        raise PanelError(f"column {name!r}, row {missing.argmax()}: the value is missing.")
    exact = series.to_numpy()
    values = exact.astype(float)
    if series.dtype.is_integer():
        fits = (exact <= 2**53) & (exact >= -(2**53))
        refuse(name, exact, fits, "must be at most 2^53 in size")
    refuse(name, values, np.isfinite(values), "must be a finite number")
    return values


def refuse(name, values, good, rule):
    """Raise on the first value that is not good."""
    if not good.all():
        row = int(np.argmin(good))
        value = str(values[row]).removesuffix(".0")
        raise PanelError(f"column {name!r}, row {row}: {rule}; got {value}.")


def check_units(name, values):
    """Refuse units that are not whole numbers from 0 to 2^53."""
    refuse(name, values, values >= 0, "units must be 0 or more")
    refuse(name, values, values == np.floor(values), "units must be whole numbers")
    refuse(name, values, values <= 2**53, "units must be at most 2^53")


def check_duplicates(table, names, product, period):
    """Refuse two rows of one product and period."""
    cell = product.astype(np.int64) * (period.max() + 1) + period
    repeated = pd.Series(cell).duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        first = int((cell == cell[row]).argmax())
        raise PanelError(
            f"product {plain(table[names['product']][row])} has two rows for period "
            f"{plain(table[names['period']][row])}: rows {first} and {row}."
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
        labels = table[names["category"]]
        raise PanelError(
            f"column {names['category']!r}, row {row}: product "
            f"{plain(table[names['product']][row])} is in category {plain(labels[row])} here and "
            f"in {plain(labels[first])} in row {first}."
        )
    return of_product


def plain(label):
    """Write a label as Python does, not NumPy."""
    return repr(label.item() if isinstance(label, np.generic) else label)


def spread(values, rows, shape):
    """Put a column into its cells, NaN elsewhere."""
    out = np.full(shape, np.nan)
    out[rows] = values
    return out
