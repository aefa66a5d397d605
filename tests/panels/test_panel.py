"""A sales table becomes a panel and comes back unchanged, or is refused with the reason."""

import dataclasses
import datetime
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from polars.testing import assert_frame_equal as assert_polars_equal

import elastic_tutorial as et

COLUMNS = dict(product="item", period="week", units="sold", price="euro")
FULL = COLUMNS | dict(category="kind", covariates=["promo"])


def table(**changed):
    columns = dict(
        item=["tea", "tea", "jam", "ham"],
        week=[1, 2, 2, 4],
        sold=[9, 7, 4, 0],
        euro=[2.0, 3.0, 5.0, 4.5],
        kind=["dry", "dry", "sweet", "meat"],
        promo=[0.0, 1.0, 0.5, 0.0],
    )
    return pd.DataFrame(columns | changed)


def read(frame, **roles):
    return et.Panel.from_frame(frame, **FULL | roles)


def round_trip(frame, **roles):
    back = read(frame, **roles).to_frame()
    if isinstance(frame, pl.DataFrame):
        assert_polars_equal(back, frame, check_exact=True)
    else:
        assert_frame_equal(back, frame, check_exact=True, check_index_type="exact")


def arrays(**changed):
    shape = (2, 3)
    parts = dict(
        units=np.ones(shape),
        price=np.full(shape, 2.0),
        observed=np.ones(shape, bool),
        category=np.array([1, 0]),
        products=np.array(["a", "b"]),
        periods=np.arange(3),
        categories=np.array(["u", "v"]),
    )
    return parts | changed


# Reading


def test_a_row_stands_in_its_cell_and_the_rest_is_masked():
    panel = read(table())
    assert panel.products.tolist() == ["ham", "jam", "tea"]
    assert panel.periods.tolist() == [1, 2, 4]
    assert panel.categories.tolist() == ["dry", "meat", "sweet"]
    assert panel.categories[panel.category].tolist() == ["meat", "sweet", "dry"]
    nan = np.nan
    assert_array_equal(panel.units, [[nan, nan, 0], [nan, 4, nan], [9, 7, nan]])
    assert_array_equal(panel.price, [[nan, nan, 4.5], [nan, 5, nan], [2, 3, nan]])
    promotion = panel.covariates["promo"]
    assert_array_equal(promotion, [[nan, nan, 0], [nan, 0.5, nan], [0, 1, nan]])
    assert_array_equal(panel.observed, ~np.isnan(panel.units))
    assert_array_equal(panel.log_price, np.log(panel.price))
    assert_array_equal(panel.total_units, [0, 4, 16])
    assert (panel.n_products, panel.n_periods, panel.n_categories) == (3, 3, 3)
    assert panel.account == ()


def test_without_a_category_the_store_is_one():
    panel = et.Panel.from_frame(table(), **COLUMNS)
    assert panel.n_categories == 1
    assert_array_equal(panel.category, [0, 0, 0])
    assert not panel.covariates
    assert panel.to_frame().columns.tolist() == list(COLUMNS.values())


def test_the_order_of_rows_does_not_change_the_arrays():
    panel, shuffled = read(table()), read(table().iloc[[2, 0, 3, 1]])
    for name in "units price observed category products periods categories".split():
        assert_array_equal(getattr(panel, name), getattr(shuffled, name))


def test_a_panel_does_not_share_memory_with_its_table():
    frame = table(sold=[9.0, 7.0, 4.0, 0.0])
    panel = read(frame)
    frame.loc[:, "sold"] = 1.0
    assert_array_equal(panel.total_units, [0, 4, 16])


def test_a_panel_is_frozen():
    panel = read(table())
    for field in dataclasses.fields(panel):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(panel, field.name, None)
    with pytest.raises(TypeError):
        panel.covariates["promo"] = None


# Round trip

INDEXES = {
    "range": pd.RangeIndex(4),
    "named range": pd.RangeIndex(8, 0, -2, name="row"),
    "repeated": pd.Index([5, 5, 1, 5], name="n"),
    "text": pd.Index(list("zyxw")),
    "two levels": pd.MultiIndex.from_tuples([(1, 2), (1, 3), (0, 2), (1, 2)], names=["u", "v"]),
    "dates": pd.DatetimeIndex(["2024-03-01", "2024-01-01", "2024-02-01", "2023-01-01"]),
}
MONDAYS = ["2024-01-01", "2024-01-08", "2024-01-08", "2024-01-22"]
LABELS = {
    "categorical": pd.Categorical(["tea", "tea", "jam", "ham"], ["tea", "ham", "none", "jam"]),
    "ordered": pd.Categorical(["t", "t", "j", "h"], ["t", "h", "no", "j"], ordered=True),
    "object": np.array(["tea", "tea", "jam", "ham"], dtype=object),
    "mixed": np.array(["tea", "tea", 3, "ham"], dtype=object),
    "bytes": [b"t", b"t", b"j", b"h"],
    "int8": np.array([3, 3, 1, -2], "int8"),
    "float32": np.array([3, 3, 1.1, -2], "float32"),
    "Int64": pd.array([3, 3, 1, 2], "Int64"),
    "string": pd.array(["tea", "tea", "jam", "ham"], "string"),
    "dates": [datetime.date(2024, 1, day) for day in (5, 5, 2, 9)],
}
PERIODS = {
    "datetime": pd.to_datetime(MONDAYS),
    "seconds": pd.to_datetime(MONDAYS).as_unit("s"),
    "Rome": pd.to_datetime(MONDAYS).tz_localize("Europe/Rome"),
    "month": pd.PeriodIndex(["2024-01", "2024-02", "2024-02", "2025-01"], freq="M"),
    "interval": pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2), (1, 2), (5, 6)]),
    "uint16": np.array([1, 2, 2, 4], "uint16"),
}
NUMBERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
NULLABLE = "Int8 Int64 UInt16 Float32 Float64".split()


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_the_index_comes_back(index):
    round_trip(table().set_index(index))
    round_trip(table().set_index(index).iloc[::-1])


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_of_every_type_come_back(labels):
    for name in ("item", "week", "kind"):
        round_trip(table(**{"item": list("abcd"), "kind": list("ddsm"), name: labels}))


@pytest.mark.parametrize("periods", PERIODS.values(), ids=PERIODS)
def test_periods_of_every_type_come_back(periods):
    round_trip(table(week=periods))


@pytest.mark.parametrize("dtype", NUMBERS + NULLABLE)
@pytest.mark.parametrize("name", ["sold", "euro", "promo"])
def test_numbers_of_every_type_come_back(name, dtype):
    round_trip(table(euro=[2.0, 3.0, 5.0, 4.0], promo=[0, 1, 1, 0]).astype({name: dtype}))


@pytest.mark.parametrize("dtype", ["bool", "boolean"])
def test_a_covariate_may_be_true_or_false(dtype):
    frame = table(promo=pd.array([False, True, True, False], dtype))
    assert_array_equal(read(frame).covariates["promo"][-1], [0, 1, np.nan])
    round_trip(frame)


def test_the_name_of_the_columns_comes_back():
    round_trip(table().rename_axis(columns="field"))


def test_columns_that_were_not_named_are_left_out_and_the_order_is_kept():
    frame = table()[["promo", "euro", "kind", "sold", "week", "item"]]
    round_trip(frame)
    back = read(frame.assign(note="x")).to_frame()
    assert_frame_equal(back, frame)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"item": pl.Series(["t", "t", "j", "h"], dtype=pl.Categorical)},
        {"kind": pl.Series(["d", "d", "s", "m"], dtype=pl.Enum(["s", "m", "d"]))},
        {"week": pl.Series([datetime.date(2024, 1, day) for day in (1, 8, 8, 22)])},
        {"week": pl.Series([datetime.datetime(2024, 1, day) for day in (1, 8, 8, 22)])},
        {"sold": pl.Series([9, 7, 4, 0], dtype=pl.Int8)},
        {"euro": pl.Series([2, 3, 5, 4.5], dtype=pl.Float32)},
        {"euro": pl.Series(["2.10", "3", "5", "4.5"]).cast(pl.Decimal(10, 2))},
        {"promo": pl.Series([True, False, False, True])},
    ],
    ids=lambda changed: "-".join(f"{k} {v.dtype}" for k, v in changed.items()) or "plain",
)
def test_a_polars_table_comes_back(changed):
    frame = pl.DataFrame(table().to_dict("list")).with_columns(**changed)
    round_trip(frame)
    assert isinstance(read(frame).select(products=[frame["item"][0]]).to_frame(), pl.DataFrame)


@st.composite
def sales_tables(draw):
    """Any subset of the cells of a small store, in any order, with any index."""
    n_products, n_periods = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    cells = st.tuples(st.integers(0, n_products - 1), st.integers(0, n_periods - 1))
    product, period = np.array(draw(st.lists(cells, min_size=1, max_size=12, unique=True))).T
    n = len(product)

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    names = draw(st.lists(st.text("abxé ", max_size=3), min_size=5, max_size=5, unique=True))
    kinds = np.array(draw(st.lists(st.sampled_from("uvw"), min_size=5, max_size=5)))
    frame = pd.DataFrame(
        {
            "item": np.array(names, dtype=object)[product],
            "week": pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * period, "D"),
            "sold": column(st.integers(0, 2**53)),
            "euro": column(st.floats(0, exclude_min=True, allow_infinity=False)),
            "kind": kinds[product],
            "promo": column(st.floats(allow_nan=False, allow_infinity=False)),
        }
    )
    return frame.set_index(pd.Index(column(st.integers())))


@settings(max_examples=60)
@given(sales_tables())
def test_any_table_comes_back(frame):
    round_trip(frame)
    panel = read(frame)
    assert panel.observed.sum() == len(frame)
    assert panel.observed.any(axis=0).all() and panel.observed.any(axis=1).all()
    assert_array_equal(np.isnan(panel.units), ~panel.observed)
    round_trip(pl.from_dict(frame.to_dict("list")))


@settings(max_examples=60)
@given(sales_tables(), st.data())
def test_selecting_is_filtering_the_table_first(frame, data):
    chosen = data.draw(st.lists(st.sampled_from(sorted(set(frame["item"]))), min_size=1))
    picked = read(frame).select(products=chosen)
    rows = frame[frame["item"].isin(chosen)]
    direct = read(rows)
    for name in "units price observed category products periods categories".split():
        assert_array_equal(getattr(picked, name), getattr(direct, name))
    assert_array_equal(picked.covariates["promo"], direct.covariates["promo"])
    assert_frame_equal(picked.to_frame(), rows)


def test_a_panel_made_from_arrays_gives_a_table_that_reads_as_itself():
    observed = np.array([[True, False, True], [True, True, True]])
    units, price = np.arange(6.0).reshape(2, 3), 1 + np.arange(6.0).reshape(2, 3)
    hidden = {"units": units, "price": price, "covariates": {"promo": price / 8}}
    hidden["covariates"]["promo"][~observed] = units[~observed] = price[~observed] = np.nan
    panel = et.Panel(**arrays(observed=observed, **hidden))
    frame = panel.to_frame()
    assert frame.columns.tolist() == "product period units price category promo".split()
    assert frame["product"].tolist() == list("aabbb")
    assert frame["category"].tolist() == list("vvuuu")
    names = "product period units price category".split()
    again = et.Panel.from_frame(frame, **{n: n for n in names}, covariates=["promo"])
    for name in "units price observed category products periods categories".split():
        assert_array_equal(getattr(again, name), getattr(panel, name))
    assert_frame_equal(again.to_frame(), frame)
    chosen = panel.select(products="b")
    assert chosen.categories.tolist() == ["u"]
    rows = frame[frame["product"] == "b"].reset_index(drop=True)
    assert_frame_equal(chosen.to_frame(), rows)


# Selecting


@pytest.mark.parametrize(
    "condition, kept, account",
    [
        ({"products": ["tea", "ham"]}, ["ham", "tea"], "2 of 3 products and 80.0%"),
        ({"products": "tea"}, ["tea"], "1 of 3 products and 80.0%"),
        ({"categories": ["sweet"]}, ["jam"], "1 of 3 products and 20.0%"),
        ({"min_units": 4}, ["jam", "tea"], "2 of 3 products and 100.0%"),
        ({"min_units": 5}, ["tea"], "1 of 3 products and 80.0%"),
        ({"min_units": 0}, ["ham", "jam", "tea"], "3 of 3 products and 100.0%"),
        ({}, ["ham", "jam", "tea"], "3 of 3 products and 100.0%"),
        ({"products": ["jam", "tea"], "min_units": 5}, ["tea"], "1 of 3 products and 80.0%"),
        ({"products": ["ham"], "categories": ["meat"]}, ["ham"], "1 of 3 products and 0.0%"),
    ],
)
def test_a_selection_accounts_for_what_it_keeps(condition, kept, account):
    panel = read(table(sold=[9, 7, 4, 0]))
    chosen = panel.select(**condition)
    assert chosen.products.tolist() == kept
    (line,) = chosen.account
    assert line.startswith(f"kept {account} of the units (")
    assert "\n" not in line
    for word in ("products", "categories"):
        assert (f"named {word}" in line) == (word in condition)
    assert (f"at least {condition.get('min_units')} units" in line) == ("min_units" in condition)
    assert panel.account == () and panel.n_products == 3


def test_periods_and_categories_left_empty_go_too():
    chosen = read(table()).select(products=["tea"])
    assert chosen.periods.tolist() == [1, 2]
    assert chosen.categories.tolist() == ["dry"]
    assert_array_equal(chosen.category, [0])
    assert_array_equal(chosen.units, [[9, 7]])
    assert_array_equal(chosen.covariates["promo"], [[0, 1]])
    assert_frame_equal(chosen.to_frame(), table().iloc[:2])


def test_selections_follow_one_another_and_keep_count():
    chosen = read(table()).select(min_units=1).select(categories="sweet")
    assert len(chosen.account) == 2
    assert chosen.account[1].startswith("kept 1 of 2 products and 20.0%")
    assert_frame_equal(chosen.to_frame(), table().iloc[[2]])


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_a_product_is_selected_by_its_label_of_any_type(labels):
    panel = read(table(item=labels, kind="all"))
    for i, label in enumerate(panel.products.tolist()):
        chosen = panel.select(products=[label, label])
        assert_array_equal(chosen.units, panel.units[[i]][:, panel.observed[i]])
    assert panel.select(products=panel.products.tolist()).n_products == 3
    assert panel.select(products=panel.products).n_products == 3


def test_a_panel_that_sold_nothing_can_be_selected_from():
    chosen = read(table(sold=0)).select(products=["tea"])
    assert chosen.products.tolist() == ["tea"]
    assert "nan" not in chosen.account[0]


@pytest.mark.parametrize(
    "condition, message",
    [
        ({"products": ["tea", "rum"]}, r"^unknown product 'rum'\.$"),
        ({"products": "te"}, r"^unknown product 'te'\.$"),
        ({"categories": ["x"]}, r"^unknown category 'x'\.$"),
        ({"products": []}, r"^no product is left by the selection \(named products\)\.$"),
        ({"min_units": 17}, r"^no product is left by the selection \(at least 17 units\)\.$"),
        ({"min_units": 1000}, r"at least 1,000 units"),
        (
            {"products": ["ham"], "categories": ["dry"], "min_units": 1},
            r"^no product is left .*\(named products, named categories, at least 1 units\)\.$",
        ),
    ],
)
def test_a_selection_that_cannot_be_made_is_refused(condition, message):
    with pytest.raises(et.PanelError, match=message):
        read(table()).select(**condition)


# Refusing

BAD = [
    ({"sold": [1, 2, -3, 4]}, r"column 'sold', row 2: units must be 0 or more; got -3\."),
    ({"sold": [1, 2.5, 3, 4]}, r"column 'sold', row 1: units must be whole numbers; got 2\.5\."),
    ({"sold": [1, 2**54, 3, 4]}, r"column 'sold', row 1: must be at most 2\^53 in size; got 1"),
    ({"sold": [1, 2, 3, np.inf]}, r"column 'sold', row 3: must be a finite number; got inf\."),
    ({"sold": [np.nan, 2, 3, 4]}, r"column 'sold', row 0: the value is missing\."),
    ({"sold": list("1234")}, r"column 'sold' must hold numbers; its type is String\."),
    ({"sold": [1, "b", 2, 3]}, r"column 'sold' must hold numbers; its type is Object\."),
    ({"euro": [1, 2, 0, 4]}, r"column 'euro', row 2: must be above 0; got 0\."),
    ({"euro": [1, 2, 3, -4.25]}, r"column 'euro', row 3: must be above 0; got -4\.25\."),
    ({"euro": [1, -np.inf, 0, 4]}, r"column 'euro', row 1: must be a finite number; got -inf\."),
    ({"euro": [1, 2, np.nan, 0]}, r"column 'euro', row 2: the value is missing\."),
    ({"euro": pd.to_datetime(MONDAYS)}, r"column 'euro' must hold numbers; its type is Datetime"),
    ({"promo": [0, 1, np.nan, 0]}, r"column 'promo', row 2: the value is missing\."),
    ({"promo": [0, 1, np.inf, 0]}, r"column 'promo', row 2: must be a finite number; got inf\."),
    ({"promo": list("yyny")}, r"column 'promo' must hold numbers; its type is String\."),
    ({"item": ["a", None, "b", "c"]}, r"column 'item', row 1: the label is missing\."),
    ({"week": [1, 2, 3, np.nan]}, r"column 'week', row 3: the label is missing\."),
    ({"week": pd.to_datetime([*MONDAYS[:2], None, None])}, r"column 'week', row 2: the label"),
    ({"kind": ["d", "d", None, "m"]}, r"column 'kind', row 2: the label is missing\."),
    ({"item": ["a", 1, datetime.date(2024, 1, 1), "b"]}, r"column 'item' mixes labels that can"),
    (
        {"kind": ["dry", "meat", "sweet", "meat"]},
        r"column 'kind', row 1: product 'tea' is in category 'meat' here and in 'dry' in row 0;",
    ),
    ({"week": [2, 2, 2, 4]}, r"product 'tea' has two rows for period .*2.*: rows 0 and 1;"),
]


@pytest.mark.parametrize("changed, message", BAD, ids=lambda v: v if isinstance(v, str) else "")
def test_a_bad_value_is_refused_by_column_row_and_value(changed, message):
    with pytest.raises(et.PanelError, match=f"^{message}"):
        read(table(**changed))
    odd = table(**changed).set_index(pd.Index([9, 9, 7, 1]))  # rows are counted, not looked up
    with pytest.raises(et.PanelError, match=f"^{message}"):
        read(odd)


@pytest.mark.parametrize("name", ["item", "week", "sold", "euro", "kind", "promo"])
def test_a_missing_column_is_named_with_those_there_are(name):
    there = ", ".join(column for column in table() if column != name)
    with pytest.raises(et.PanelError, match=f"^no column '{name}'; the table has {there}\\.$"):
        read(table().drop(columns=name))


def test_an_empty_table_is_refused():
    for frame in (table().iloc[:0], pl.DataFrame(table().to_dict("list")).head(0)):
        with pytest.raises(et.PanelError, match=r"^the table has no rows\.$"):
            read(frame)


@pytest.mark.parametrize(
    "roles", [{"price": "sold"}, {"covariates": ["euro"]}, {"covariates": ["promo", "promo"]}]
)
def test_a_column_has_one_role(roles):
    with pytest.raises(et.PanelError, match=r"^column '\w+' was given twice\.$"):
        read(table(), **roles)


@pytest.mark.parametrize(
    "frame",
    [None, {"item": [1]}, [[1, 2]], np.ones((2, 2)), table()["item"], pl.LazyFrame({"item": [1]})],
    ids=lambda frame: type(frame).__name__,
)
def test_what_is_no_table_is_refused(frame):
    kind = type(frame).__name__
    message = rf"^frame must be an eager table \(pandas, polars, pyarrow\); got {kind}\.$"
    with pytest.raises(et.PanelError, match=message):
        read(frame)


@pytest.mark.parametrize(
    "changed, message",
    [
        (
            {"sold": pl.Series([1, None, 3, 4])},
            r"column 'sold', row 1: the value is missing",
        ),
        (
            {"euro": pl.Series([1, 2, float("nan"), 4], dtype=pl.Float64, strict=False)},
            r"column 'euro', row 2: must be a finite number; got nan",
        ),
        ({"item": pl.Series(["a", None, "c", "d"])}, r"column 'item', row 1: the label is missing"),
        ({"week": pl.Series([1.0, float("nan"), 2.0, 3.0])}, r"column 'week', row 1: "),
    ],
)
def test_a_bad_polars_table_is_refused(changed, message):
    with pytest.raises(et.PanelError, match=f"^{message}"):
        read(pl.DataFrame(table().to_dict("list")).with_columns(**changed))


def test_labels_in_a_message_are_written_plainly():
    """Numbers as a reader writes them, not as NumPy represents them."""
    with pytest.raises(et.PanelError, match=r"has two rows for period 2: rows 0 and 1; add"):
        read(table(week=[2, 2, 2, 4]))


def test_the_value_in_a_message_is_the_value_of_the_table():
    with pytest.raises(et.PanelError, match=r"whole numbers; got 1234567\.5\.$"):
        read(table(sold=[1, 1234567.5, 1, 1]))


def test_two_columns_of_one_name_are_refused():
    frame = table()
    with pytest.raises(et.PanelError, match="euro"):
        read(pd.concat([frame, frame[["euro"]]], axis=1))


def test_covariates_are_a_sequence_and_not_one_name():
    """Letters of a name are no columns: either accept it as one column or say what was needed."""
    try:
        panel = read(table(), covariates="promo")
    except (et.PanelError, TypeError) as error:
        assert "covariates" in str(error)
    else:
        assert list(panel.covariates) == ["promo"]


@pytest.mark.parametrize("name, big", [("sold", 2**53 + 1), ("promo", 2**60 + 1)])
def test_an_integer_too_large_for_a_float_is_never_changed_in_silence(name, big):
    frame = table(**{name: [big, 1, 1, 0]})
    try:
        panel = read(frame)
    except et.PanelError as error:
        assert name in str(error)
    else:
        assert_frame_equal(panel.to_frame(), frame)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"units": np.ones((3, 2))}, r"units must have shape .* = \(2, 3\); got \(3, 2\)\."),
        ({"price": 2.0}, r"price must have shape .* = \(2, 3\); got \(\)\."),
        ({"observed": np.ones(3, bool)}, r"observed must have shape .*; got \(3,\)\."),
        ({"covariates": {"promo": np.ones(2)}}, r"promo must have shape .*; got \(2,\)\."),
        ({"category": np.zeros(3, int)}, r"category must have .* = \(2,\); got \(3,\)\."),
        ({"periods": np.arange(2)}, r"units must have shape .* = \(2, 2\); got \(2, 3\)\."),
    ],
)
def test_arrays_of_the_wrong_shape_are_refused(changed, message):
    with pytest.raises(et.PanelError, match=f"^{message}$"):
        et.Panel(**arrays(**changed))


def with_cell(name, value, observed=None):
    """Arrays of two products over three periods, one cell of them changed."""
    parts = arrays(covariates={"promo": np.zeros((2, 3))})
    held = parts["covariates"] if name == "promo" else parts
    held[name][1, 2] = value
    if observed is not None:
        parts["observed"][1, 2] = observed
    return parts


MASK = r"; correct it, or mask the cell: observed False, and NaN in every array\."


@pytest.mark.parametrize(
    "parts, message",
    [
        (
            with_cell("units", -1.5),
            r"units of product 'b' in period 2 must be 0 or more; got -1\.5",
        ),
        (with_cell("units", 2.0**54), r"units of product 'b' in period 2 must be at most 2\^53"),
        (with_cell("units", np.inf), r"units of product 'b' in period 2 must be a finite number"),
        (with_cell("units", np.nan), r"units of product 'b' in period 2 must be .*; got nan"),
        (with_cell("price", -2), r"price of product 'b' in period 2 must be above 0; got -2"),
        (with_cell("price", 0), r"price of product 'b' in period 2 must be above 0; got 0"),
        (with_cell("price", np.inf), r"price of product 'b' in period 2 must be .*; got inf"),
        (with_cell("promo", np.nan), r"promo of product 'b' in period 2 must be .*; got nan"),
        (with_cell("promo", -np.inf), r"promo of product 'b' in period 2 must be .*; got -inf"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_product_and_period(parts, message):
    with pytest.raises(et.PanelError, match=f"^{message}.*{MASK}$"):
        et.Panel(**parts)


@pytest.mark.parametrize("name", ["units", "price", "promo"])
def test_what_was_not_observed_has_no_number(name):
    parts = with_cell(name, 5.0, observed=False)
    for array in (parts["units"], parts["price"], parts["covariates"]["promo"]):
        array[1, 2] = 5.0 if array[1, 2] == 5.0 else np.nan
    with pytest.raises(
        et.PanelError, match=rf"^{name} of product 'b' in period 2 must be NaN, .*5"
    ):
        et.Panel(**parts)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"units": np.full((2, 3), "7")}, r"units must hold numbers; its type is <U1\."),
        ({"units": np.ones((2, 3), bool)}, r"units must hold numbers; its type is bool\."),
        ({"price": np.full((2, 3), None)}, r"price must hold numbers; its type is object\."),
        ({"observed": np.ones((2, 3))}, r"observed must hold True and False; its type is float64"),
        ({"covariates": {"a": np.full((2, 3), "x")}}, r"a must hold numbers; its type is <U1"),
        ({"category": np.array([0.0, 1.0])}, r"category must hold whole numbers; its type is f"),
        (
            {"category": np.array([0, 7])},
            r"category of product 'b' must be a position in categories, from 0 to 1; got 7",
        ),
        ({"category": np.array([-1, 0])}, r"category of product 'a' must be .*; got -1"),
        ({"products": np.array(["a", "a"])}, r"products must differ .*; 'a' stands there twice"),
        ({"periods": np.array([1, 2, 1])}, r"periods must differ from each other; 1 stands"),
        ({"categories": np.array(["u", "u"])}, r"categories must differ from each other; 'u'"),
        ({"products": np.array(["a", None])}, r"products: the label at position 1 is missing"),
        ({"periods": np.array([[1, 2, 3]])}, r"periods must be labels in one dimension; got"),
    ],
)
def test_arrays_that_cannot_be_are_refused(changed, message):
    with pytest.raises(et.PanelError, match=f"^{message}"):
        et.Panel(**arrays(**changed))


def test_whole_numbers_and_truth_values_become_floats():
    deal = np.array([[True, False, True], [False, False, True]])
    panel = et.Panel(**arrays(units=np.ones((2, 3), int), covariates={"deal": deal}))
    assert panel.units.dtype == panel.covariates["deal"].dtype == float
    assert_array_equal(panel.covariates["deal"], deal)


def test_the_covariates_of_every_panel_are_read_only():
    parts = arrays(covariates={"promo": np.zeros((2, 3))})
    panel = et.Panel(**parts)
    parts["covariates"]["deal"] = np.zeros(3)  # the caller's mapping is the caller's
    for each in (panel, dataclasses.replace(panel, covariates={"promo": np.ones((2, 3))})):
        assert list(each.covariates) == ["promo"]
        with pytest.raises(TypeError):
            each.covariates["promo"] = None


def test_arrays_may_hold_a_demand_that_is_no_count():
    assert et.Panel(**with_cell("units", 2.5)).total_units.tolist() == [3, 4.5]


def test_products_may_stand_in_any_order():
    panel = et.Panel(**arrays(products=np.array(["b", "a"])))
    assert panel.products.tolist() == ["b", "a"]


def test_the_current_price_is_the_last_that_was_observed():
    price = np.array([[2.0, 3.0, np.nan], [5.0, 6.0, 7.0]])
    parts = arrays(price=price, observed=~np.isnan(price), units=np.where(price > 0, 1, np.nan))
    assert_array_equal(et.Panel(**parts).current_price, [3, 7])


def test_a_large_panel_is_checked_in_no_time():
    rng = np.random.default_rng(1)
    shape = (20_000, 100)
    observed = rng.random(shape) < 0.9
    units = np.where(observed, rng.poisson(5, shape), np.nan)
    price = np.where(observed, rng.uniform(1, 2, shape), np.nan)
    parts = arrays(units=units, price=price, observed=observed)
    parts |= {"category": np.arange(shape[0]) % 2, "periods": np.arange(shape[1])}
    parts["products"] = np.array([f"P{i:05d}" for i in range(shape[0])])
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        et.Panel(**parts)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1  # 0.03 on one core of 2024


@pytest.mark.parametrize(
    "name, bad, message",
    [
        ("sold", -1, r"'sold', row 87654: units must be 0 or more; got -1"),
        ("sold", 0.5, r"'sold', row 87654: units must be whole numbers; got 0\.5"),
        ("sold", np.nan, r"'sold', row 87654: the value is missing"),
        ("euro", 0, r"'euro', row 87654: must be above 0; got 0"),
        ("item", None, r"'item', row 87654: the label is missing"),
        ("kind", "other", r"'kind', row 87654: product 'item 876' is in category 'other'"),
        ("week", 53, r"product 'item 876' has two rows for period .*53.*: rows 87653 and 87654"),
    ],
)
def test_one_bad_row_in_100_000_is_named_in_under_a_second(name, bad, message):
    n = 100_000
    frame = pd.DataFrame(
        {
            "item": np.char.add("item ", (np.arange(n) // 100).astype(str)).astype(object),
            "week": np.arange(n) % 100,
            "sold": np.arange(n) % 7 + 0.0,
            "euro": 1.0 + np.arange(n) % 13,
            "kind": "all",
            "promo": 0.0,
        }
    )
    frame[name] = frame[name].astype(object) if name in ("item", "kind") else frame[name]
    frame.loc[87_654, name] = bad
    start = time.perf_counter()
    with pytest.raises(et.PanelError, match=message):
        read(frame)
    assert time.perf_counter() - start < 1
