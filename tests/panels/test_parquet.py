"""``panel_from_parquet`` reads what ``Panel.from_frame`` reads."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import elastic_tutorial as et

NAMES = {"product": "item", "period": "week", "units": "sold", "price": "euro"}
NAMES["category"] = "aisle"


@pytest.fixture
def table():
    """An unbalanced table of 40 products in 4 categories, its rows in no order."""
    rng = np.random.default_rng(5)
    rows = pd.MultiIndex.from_product([range(40), range(9)], names=["item", "week"])
    table = rows.to_frame(index=False).sample(frac=0.6, random_state=1)
    table["aisle"] = np.array(["tea", "jam", "oil", "rice"])[table["item"] % 4]
    table["item"] = "p" + table["item"].astype(str)
    table["sold"] = rng.poisson(5, len(table))
    table["euro"] = rng.uniform(1, 9, len(table)).round(2)
    return table.assign(deal=rng.random(len(table)) < 0.2)


@pytest.mark.parametrize("n_files", [1, 3])
def test_a_file_or_a_folder_gives_the_panel_of_the_whole_table(tmp_path, table, n_files):
    for number in range(n_files):
        table.iloc[number::n_files].to_parquet(tmp_path / f"{number}.parquet")
    path = tmp_path if n_files > 1 else tmp_path / "0.parquet"
    found = et.panel_from_parquet(path, **NAMES, covariates=["deal"])
    expected = et.Panel.from_frame(table, **NAMES, covariates=["deal"])
    for name in ("units", "price", "observed", "category", "products", "periods", "categories"):
        assert_array_equal(getattr(found, name), getattr(expected, name))
    assert_array_equal(found.covariates["deal"], expected.covariates["deal"])
    with pytest.raises(TypeError):
        found.covariates["deal"] = None


def complaint(tmp_path, table, **names):
    table.to_parquet(tmp_path / "sales.parquet")
    with pytest.raises(et.PanelError) as error:
        et.panel_from_parquet(tmp_path / "sales.parquet", **(NAMES | names))
    return str(error.value)


def test_a_bad_row_is_named_with_its_category(tmp_path, table):
    row = table.index[table["aisle"] == "oil"][2]
    table.loc[row, "euro"] = 0.0
    text = "category 'oil': column 'euro', row 2: must be above 0; got 0.0."
    assert complaint(tmp_path, table) == text.replace("0.0.", "0.")


def test_a_product_in_two_categories_is_refused(tmp_path, table):
    table.loc[table.index[table["item"] == "p3"][0], "aisle"] = "jam"
    assert complaint(tmp_path, table) == "product 'p3' stands in two categories."


def test_a_missing_column_label_or_file_is_named(tmp_path, table):
    assert "no column 'cost'" in complaint(tmp_path, table, price="cost")
    assert "column 'aisle': a label is missing" in complaint(
        tmp_path, table.assign(aisle=table["aisle"].where(table["aisle"] != "tea"))
    )
    assert "no rows" in complaint(tmp_path, table.iloc[:0])
    (tmp_path / "text.parquet").write_text("not parquet")
    with pytest.raises(et.PanelError, match=r"text\.parquet cannot be read as Parquet"):
        et.panel_from_parquet(tmp_path / "text.parquet", **NAMES)
    with pytest.raises(et.PanelError, match="cannot be read as Parquet"):
        et.panel_from_parquet(tmp_path / "nowhere.parquet", **NAMES)
