"""Verdicts on a share of cells: what holds, what fails, and what so few cannot tell."""

import numpy as np
import pytest
import xarray as xr

from elastic_tutorial.checking.coverage import Share, share_of, shares_by_group


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.86, 0.94, "holds"),
        (0.86, 0.89, "holds"),  # short of the promise, by less than decisions feel
        (0.70, 0.80, "fails"),
        (0.96, 0.99, "fails"),
        (0.84, 0.92, "cannot tell"),
        (0.0, 1.0, "cannot tell"),
    ],
)
def test_a_verdict_comes_from_the_interval(lower, upper, verdict):
    assert Share(0.0, lower, upper, 100, 10).verdict(0.9) == verdict


def test_one_product_tells_nothing_however_many_cells_it_has():
    share = share_of(np.ones(1000, bool), np.zeros(1000), 0.9)
    assert share[1:] == (0.0, 1.0, 1000, 1) and share.verdict(0.9) == "cannot tell"


def test_few_cells_that_are_all_inside_do_not_fail():
    share = share_of(np.ones(12, bool), np.arange(12) // 2, 0.9)
    assert share.value == share.upper == 1.0 and share.verdict(0.9) == "cannot tell"


def test_six_in_ten_of_a_few_products_is_no_success():
    inside = np.tile([True, True, True, False, False], 2)
    assert share_of(inside, np.repeat(np.arange(5), 2), 0.9).verdict(0.9) != "holds"


@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_the_interval_holds_the_share_of_many_products(spread):
    """Products whose shares differ by ``spread``: the interval over products covers all the same.

    Of 2,000 tables 95% should; four standard errors are 2%, and the floor of the variance and a
    share near 1 make intervals longer, never shorter.
    """
    rng = np.random.default_rng(1)
    of_product = np.clip(0.8 + spread * rng.choice([-1, 1], (2_000, 30)), 0, 1)
    inside = rng.random((2_000, 30, 8)) < of_product[:, :, None]
    product = np.repeat(np.arange(30), 8)
    shares = [share_of(table.ravel(), product, 0.9) for table in inside]
    assert np.mean([share.lower <= 0.8 <= share.upper for share in shares]) > 0.93


def test_a_calibrated_average_shows_what_it_hides():
    rng = np.random.default_rng(2)
    product = np.repeat(np.arange(100), 20)
    volume = np.where(product < 50, "low", "high")
    inside = rng.random(2_000) < np.where(volume == "low", 0.97, 0.83)
    test = xr.Dataset(
        {
            "rank": ("cell", np.where(inside, 0.5, 0.01)),
            "product": ("cell", product),
            "category": ("cell", np.full(2_000, "tea")),
            "volume": ("cell", volume),
            "horizon": ("cell", np.tile(np.arange(1, 21), 100)),
        },
        attrs={"prob": 0.9},
    )
    assert share_of(inside, product, 0.9).verdict(0.9) == "holds"
    found = shares_by_group(test)
    assert {name: found["volume", name].verdict(0.9) for name in ("low", "high")} == {
        "low": "fails",
        "high": "fails",
    }
    assert ("category", "tea") not in found  # one group is the average
    failing = [group for (kind, group), each in found.items() if each.verdict(0.9) == "fails"]
    assert sorted(failing) == ["high", "low"]
