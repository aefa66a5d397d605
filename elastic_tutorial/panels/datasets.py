"""Real sales, shipped with the package as plain tables."""

from __future__ import annotations

from importlib import resources

import pandas as pd

_DATA = resources.files("elastic_tutorial") / "data"
_BRANDS = {
    2: "Tropicana Premium 96 oz",
    3: "Florida's Natural 64 oz",
    4: "Tropicana 64 oz",
    5: "Minute Maid 64 oz",
    6: "Minute Maid 96 oz",
    7: "Citrus Hill 64 oz",
    8: "Tree Fresh 64 oz",
}


def load_cheese() -> pd.DataFrame:
    """Weekly sales of sliced cheese at 88 US retailers.

    Returns
    -------
    pandas.DataFrame, 5,555 rows
        ``retailer`` (label), ``week`` (1, 2, ... within each retailer; the source names no dates,
        its row order is week order), ``units`` (units a week), ``price`` (dollars per unit) and
        ``display`` (share of the retailer's stores with the cheese on display, each counted by its
        size, 0 to 1).

    References
    ----------
    Boatwright, McCulloch and Rossi (1999), JASA 94(448), 1063-1073; data set ``cheese`` of the R
    package bayesm, GPL-2 or later.

    Examples
    --------
    >>> cheese = load_cheese()
    >>> cheese["retailer"].nunique(), len(cheese)
    (88, 5555)
    """
    with (_DATA / "cheese.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    names = {
        "RETAILER": "retailer",
        "VOLUME": "units",
        "PRICE": "price",
        "DISP": "display",
    }
    table = table.rename(columns=names)
    table["week"] = table.groupby("retailer").cumcount() + 1
    columns = ["retailer", "week", "units", "price", "display"]
    return table[columns].sort_values(["retailer", "week"], ignore_index=True)


def load_orange_juice() -> pd.DataFrame:
    """Weekly sales of refrigerated orange juice, seven brands at 83 stores of one Chicago chain.

    Returns
    -------
    pandas.DataFrame, 67,543 rows
        ``store`` (number), ``brand`` (label with the carton's size), ``week`` (40 to 160),
        ``units`` (cartons a week), ``price`` (dollars per carton), ``deal`` (1 with an in-store
        coupon) and ``feature`` (share of the week in the chain's advertisement, 0 to 1).

    References
    ----------
    Montgomery (1997), Marketing Science 16(4), 315-337; data set ``orangeJuice`` of the R package
    bayesm, GPL-2 or later.

    Examples
    --------
    >>> juice = load_orange_juice()
    >>> juice.groupby(["store", "brand"]).ngroups
    581
    """
    with (_DATA / "orange_juice.csv.gz").open("rb") as file:
        table = pd.read_csv(file, compression="gzip")
    table = table.rename(columns={"cartons": "units", "feat": "feature"})
    table["brand"] = table["brand"].map(_BRANDS)
    return table.sort_values(["store", "brand", "week"], ignore_index=True)
