"""The data type of many products over many periods, validated once, at construction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial.panels import cells
from elastic_tutorial.panels.columns import (
    PanelError,
    category_of_product,
    check_rows,
    like_pandas,
    numbers,
    read_columns,
    read_labels,
    spread,
)
from elastic_tutorial.panels.layout import Layout
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import IntoDataFrame


@dataclass(frozen=True, eq=False)
class Panel:
    """Prices and sales of many products over many periods.

    Make one with ``Panel.from_frame``. Cells that the table does not hold are masked: ``observed``
    is False there, and ``units``, ``price`` and covariates are NaN.

    Parameters
    ----------
    units : ndarray, shape (product, period)
        Units sold in a period, 0 to 2^53, NaN where nothing was observed. Sales are whole numbers,
        as ``from_frame`` demands; a demand that is put in the place of a stock-out need not be.
    price : ndarray, shape (product, period)
        Currency per unit, > 0 and finite, NaN where nothing was observed.
    observed : ndarray of bool, shape (product, period)
    category : ndarray of int, shape (product,)
        Position of each product's category in ``categories``.
    products, periods, categories : ndarray
        Labels, each once; periods in order of time. ``from_frame`` sorts all three.
    covariates : mapping from name to ndarray, shape (product, period)
        Finite where observed, else NaN. The panel keeps a read-only mapping.
    account : tuple of str
        A line for each selection that led to this panel, saying what it dropped.
    layout : optional
        How the table looked that the panel was read from; ``from_frame`` sets it.

    Raises
    ------
    PanelError
        If shapes or types do not fit together, a label is missing or stands there twice, a
        category has no label, or a number is out of range, missing where a cell is observed or
        there where none is. The message names product, period and value, and what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"item": ["tea", "tea", "jam"], "week": [1, 2, 2]})
    >>> table = table.assign(sold=[9, 7, 4], euro=[2.0, 3.0, 5.0])
    >>> panel = Panel.from_frame(table, product="item", period="week", units="sold", price="euro")
    >>> panel.select(min_units=5).account
    ('kept 1 of 2 products and 80.0% of the units (at least 5 units)',)
    """

    units: np.ndarray
    price: np.ndarray
    observed: np.ndarray
    category: np.ndarray
    products: np.ndarray
    periods: np.ndarray
    categories: np.ndarray
    covariates: Mapping = field(default_factory=lambda: MappingProxyType({}))
    account: tuple = ()
    layout: Layout | None = field(default=None, repr=False)

    def __post_init__(self):
        def keep(name, value):
            object.__setattr__(self, name, value)

        for name in ("products", "periods", "categories"):
            keep(name, cells.as_labels(name, getattr(self, name)))
        shape, dims = (self.n_products, self.n_periods), "product, period"
        for name in ("units", "price"):
            keep(name, cells.as_numbers(name, getattr(self, name), shape, dims))
        keep("observed", cells.as_mask(self.observed, shape))
        covariates = {
            name: cells.as_numbers(name, values, shape, dims, kinds="biuf")
            for name, values in self.covariates.items()
        }
        keep("covariates", MappingProxyType(covariates))
        keep("category", cells.as_positions(self.category, self.products, self.categories))
        cells.check_cells("units", self.units, self, "units")
        cells.check_cells("price", self.price, self, "price")
        for name, values in covariates.items():
            cells.check_cells(name, values, self)

    @classmethod
    def from_frame(
        cls,
        frame: IntoDataFrame,
        *,
        product: str,
        period: str,
        units: str,
        price: str,
        category: str | None = None,
        covariates: Sequence[str] = (),
    ) -> Panel:
        """Read a tidy table, one row for each product and period.

        Parameters
        ----------
        frame : pandas.DataFrame, or any eager table that narwhals reads
        product, period, units, price : str
            Names of the columns. Units are whole numbers, 0 or more, sold in the period; prices
            are currency per unit, above 0.
        category : str, optional
            Column that puts each product in one category; without it the store is one category.
        covariates : sequence of str
            Numeric columns to carry along, such as a promotion.

        Returns
        -------
        Panel

        Raises
        ------
        PanelError
            If a column is missing, the table is empty, a value is missing or out of range, a
            product has two rows in one period or stands in two categories. The message names
            column, row (counted from 0) and value.

        Examples
        --------
        >>> import pandas as pd
        >>> table = pd.DataFrame({"item": ["tea", "tea", "jam"], "week": [1, 2, 2]})
        >>> table = table.assign(sold=[9, 7, 4], euro=[2.0, 3.0, 5.0])
        >>> Panel.from_frame(table, product="item", period="week", units="sold", price="euro").units
        array([[nan,  4.],
               [ 9.,  7.]])
        """
        if isinstance(covariates, str):
            raise PanelError(f"covariates must be a sequence of names; got {covariates!r}.")
        names = {"product": product, "period": period, "units": units, "price": price}
        if category is not None:
            names["category"] = category
        table = read_columns(frame, [*names.values(), *covariates])
        codes, labels = read_labels(table, names)
        values = {name: numbers(table, name) for name in [units, price, *covariates]}
        cells.check_whole(units, values[units])
        try:
            check_rows(table, names, codes)
            return cls(**cls._arrays(table, names, codes, labels, values))
        except PanelError as fault:  # of a cell: find its row
            raise cells.row_fault(values, names) or fault from None

    @staticmethod
    def _arrays(table, names, codes, labels, values):
        """Put the columns of a table into the arrays of a panel."""
        rows = (codes["product"], codes["period"])
        shape = (len(labels["product"]), len(labels["period"]))
        arrays = {name: spread(column, rows, shape) for name, column in values.items()}
        observed = np.zeros(shape, bool)
        observed[rows] = True
        categories = labels["category"].to_numpy() if "category" in labels else ["all"]
        return {
            "units": arrays.pop(names["units"]),
            "price": arrays.pop(names["price"]),
            "observed": observed,
            "category": category_of_product(codes, shape[0]),
            "products": labels["product"].to_numpy(),
            "periods": labels["period"].to_numpy(),
            "categories": categories,
            "covariates": arrays,
            "layout": Layout(dict(table.schema), names, labels, rows, like_pandas(table)),
        }

    @property
    def n_products(self) -> int:
        """Number of products."""
        return len(self.products)

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return len(self.periods)

    @property
    def n_categories(self) -> int:
        """Number of categories."""
        return len(self.categories)

    @property
    def log_price(self) -> np.ndarray:
        """Natural log of the price, shape (product, period); NaN where nothing was observed."""
        return np.log(self.price)

    @property
    def current_price(self) -> np.ndarray:
        """Last observed price of each product, shape (product,); NaN where it has none."""
        return self._last(self.price)

    @property
    def current_covariates(self) -> dict[str, np.ndarray]:
        """Covariates of each product when its price was last observed, shape (product,) each."""
        return {name: self._last(values) for name, values in self.covariates.items()}

    @property
    def total_units(self) -> np.ndarray:
        """Units sold over all observed periods, shape (product,)."""
        return np.nansum(self.units, axis=1)

    def to_frame(self) -> object:
        """Give back the table: same columns, row order, types and kind of data frame.

        A panel that was not read from a table gives a pandas one with the columns ``product``,
        ``period``, ``units``, ``price``, ``category`` and the covariates, ordered by product and
        period.

        Returns
        -------
        pandas.DataFrame, or the kind of table that ``from_frame`` read
        """
        layout = self.layout or Layout.default(self)
        return layout.frame(self)

    def select(
        self,
        *,
        products: Sequence | None = None,
        categories: Sequence | None = None,
        min_units: int | None = None,
    ) -> Panel:
        """Keep some products, and account for what was dropped.

        Categories, products and periods that are left empty go with them.

        Parameters
        ----------
        products, categories : sequence of labels, optional
        min_units : int, optional
            Keep products that sold at least so many units over all periods. This selects on the
            outcome: the elasticities of what remains are no longer those of the store.

        Returns
        -------
        Panel
            Its ``account`` has a line more than this one's.

        Raises
        ------
        PanelError
            If a label is unknown or nothing is left.
        """
        keep = np.ones(self.n_products, bool)
        reasons = []
        if products is not None:
            keep &= _is_in("product", self.products, products)
            reasons.append("named products")
        if categories is not None:
            keep &= _is_in("category", self.categories, categories)[self.category]
            reasons.append("named categories")
        if min_units is not None:
            keep &= self.total_units >= min_units
            reasons.append(f"at least {min_units:,} units")
        if not keep.any():
            raise PanelError(f"no product is left by the selection ({', '.join(reasons)}).")
        everything = self.total_units.sum()
        share = f"{self.total_units[keep].sum() / everything:.1%}" if everything else "none"
        account = (
            f"kept {keep.sum():,} of {self.n_products:,} products and {share} of the units "
            f"({', '.join(reasons) or 'no condition'})"
        )
        return self._take(np.flatnonzero(keep), account)

    def _last(self, values):
        """Values of each product in its last observed period."""
        last = self.n_periods - 1 - self.observed[:, ::-1].argmax(axis=1)
        return values[np.arange(self.n_products), last]

    def _take(self, rows, account):
        """Keep the products in these rows, and the periods and categories that they use."""
        used = np.flatnonzero(self.observed[rows].any(axis=0))
        kept = np.ix_(rows, used)
        present, category = np.unique(self.category[rows], return_inverse=True)
        return replace(
            self,
            units=self.units[kept],
            price=self.price[kept],
            observed=self.observed[kept],
            category=category,
            products=self.products[rows],
            periods=self.periods[used],
            categories=self.categories[present],
            covariates={name: values[kept] for name, values in self.covariates.items()},
            account=(*self.account, account),
            layout=self.layout and self.layout.take(rows, used, present),
        )


def _is_in(kind, labels, wanted):
    """Mark the labels that are wanted, refusing unknown ones."""
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        wanted = [wanted]
    known, wanted = labels.tolist(), np.asarray([*wanted, None], dtype=object)[:-1].tolist()
    present = set(known)
    unknown = [label for label in wanted if label not in present]
    if unknown:
        raise PanelError(f"unknown {kind} {quoted(unknown[0])}.")
    chosen = set(wanted)
    return np.array([label in chosen for label in known])
