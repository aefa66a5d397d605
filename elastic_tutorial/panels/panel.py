"""The data type of many products over many periods, validated once, at construction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from elastic_tutorial.panels.columns import (
    PanelError,
    category_of_product,
    check_duplicates,
    check_units,
    label_codes,
    like_pandas,
    numbers,
    plain,
    read_columns,
    refuse,
    spread,
)
from elastic_tutorial.panels.layout import Layout


@dataclass(frozen=True, eq=False)
class Panel:
    """Prices and sales of many products over many periods.

    Make one with ``Panel.from_frame``. Cells that the table does not hold are masked: ``observed``
    is False there, and ``units``, ``price`` and covariates are NaN.

    Parameters
    ----------
    units : ndarray, shape (product, period)
        Units sold in a period, whole numbers >= 0.
    price : ndarray, shape (product, period)
        Currency per unit, > 0.
    observed : ndarray of bool, shape (product, period)
    category : ndarray of int, shape (product,)
        Position of each product's category in ``categories``.
    products, periods, categories : ndarray
        Labels, sorted.
    covariates : mapping from name to ndarray, shape (product, period)
    account : tuple of str
        A line for each selection that led to this panel, saying what it dropped.
    layout : optional
        How the table looked that the panel was read from; ``from_frame`` sets it.

    Raises
    ------
    PanelError
        If the shapes do not fit together.

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
        shape = (len(self.products), len(self.periods))
        arrays = {"units": self.units, "price": self.price, "observed": self.observed}
        for name, array in (arrays | dict(self.covariates)).items():
            if np.shape(array) != shape:
                raise PanelError(
                    f"{name} must have shape (product, period) = {shape}; got {np.shape(array)}."
                )
        if np.shape(self.category) != shape[:1]:
            raise PanelError(
                f"category must have shape (product,) = {shape[:1]}; got {np.shape(self.category)}."
            )

    @classmethod
    def from_frame(cls, frame, *, product, period, units, price, category=None, covariates=()):
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
        codes, labels = {}, {}
        for role in ("product", "period", "category"):
            if role in names:
                codes[role], labels[role] = label_codes(table, names[role])
        rows = (codes["product"], codes["period"])
        values = {name: numbers(table, name) for name in [units, price, *covariates]}
        check_units(units, values[units])
        refuse(price, values[price], values[price] > 0, "must be above 0")
        check_duplicates(table, names, *rows)
        shape = (len(labels["product"]), len(labels["period"]))
        arrays = {name: spread(column, rows, shape) for name, column in values.items()}
        categories = labels.get("category")
        return cls(
            units=arrays[units],
            price=arrays[price],
            observed=~np.isnan(arrays[price]),
            category=category_of_product(table, names, codes, shape[0]),
            products=labels["product"].to_numpy(),
            periods=labels["period"].to_numpy(),
            categories=np.array(["all"]) if categories is None else categories.to_numpy(),
            covariates=MappingProxyType({name: arrays[name] for name in covariates}),
            layout=Layout(dict(table.schema), names, labels, rows, like_pandas(table)),
        )

    @property
    def n_products(self):
        """Number of products."""
        return len(self.products)

    @property
    def n_periods(self):
        """Number of periods."""
        return len(self.periods)

    @property
    def n_categories(self):
        """Number of categories."""
        return len(self.categories)

    @property
    def log_price(self):
        """Natural log of the price, shape (product, period); NaN where nothing was observed."""
        return np.log(self.price)

    @property
    def current_price(self):
        """Last observed price, shape (product,); NaN where nothing was observed."""
        last = self.n_periods - 1 - self.observed[:, ::-1].argmax(axis=1)
        return self.price[np.arange(self.n_products), last]

    @property
    def total_units(self):
        """Units sold over all observed periods, shape (product,)."""
        return np.nansum(self.units, axis=1)

    def to_frame(self):
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

    def select(self, *, products=None, categories=None, min_units=None):
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

    def _take(self, rows, account):
        """Keep the products in these rows, and the periods and categories that they use."""
        used = np.flatnonzero(self.observed[rows].any(axis=0))
        cells = np.ix_(rows, used)
        present, category = np.unique(self.category[rows], return_inverse=True)
        return replace(
            self,
            units=self.units[cells],
            price=self.price[cells],
            observed=self.observed[cells],
            category=category,
            products=self.products[rows],
            periods=self.periods[used],
            categories=self.categories[present],
            covariates=MappingProxyType({k: v[cells] for k, v in self.covariates.items()}),
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
        raise PanelError(f"unknown {kind} {plain(unknown[0])}.")
    chosen = set(wanted)
    return np.array([label in chosen for label in known])
