"""How a sales table looked, so that a panel can give it back as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from elastic_tutorial.panels.panel import Panel


@dataclass(frozen=True, eq=False)
class Layout:
    """How the table looked that a panel was read from: columns, types, labels, order of rows."""

    schema: Mapping  # column name -> narwhals type, in the order of the table
    roles: Mapping  # role -> column name
    labels: Mapping  # role -> series of the labels, in the order of the panel
    rows: tuple  # product and period of each row, as positions in the panel
    like: pd.DataFrame | None = None  # a pandas table without its values: index, names and types

    @classmethod
    def default(cls, panel: Panel) -> Layout:
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

    def frame(self, panel: Panel) -> object:
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

    def take(self, products: np.ndarray, periods: np.ndarray, categories: np.ndarray) -> Layout:
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
