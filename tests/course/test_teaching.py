"""The numbers of the teaching guide."""

import re
from pathlib import Path

import numpy as np
import pytest

import elastic_tutorial as et

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "book" / "course" / "teaching.md").read_text(encoding="utf-8")
BEFORE, AFTER = (10, 100), (12, 80)  # price and quantity


def rows(heading):
    """Rows of the first table whose head begins so, as lists of cells without dollar signs."""
    table = GUIDE[GUIDE.index(f"| {heading} |") :].split("\n\n")[0]
    lines = table.splitlines()[2:]
    return [[cell.strip().strip("$") for cell in line.strip("|").split("|")] for line in lines]


def of_start(one, other):
    return (other[1] / one[1] - 1) / (other[0] / one[0] - 1)


MADE = {
    "units lost": lambda one, other: other[1] - one[1],
    "units per unit of currency": lambda one, other: (other[1] - one[1]) / (other[0] - one[0]),
    "percent of the start": of_start,
    "sales by their end, price by its start": lambda one, other: (
        (1 - one[1] / other[1]) / (other[0] / one[0] - 1)
    ),
    "percent of the midpoints": lambda one, other: float(
        et.arc_elasticity(one[0], other[0], one[1], other[1])
    ),
    "quotient of logarithms": lambda one, other: (
        np.log(other[1] / one[1]) / np.log(other[0] / one[0])
    ),
}


@pytest.mark.parametrize("row", rows("answer"), ids=lambda row: row[1])
def test_the_answers_of_the_first_class_and_what_becomes_of_them(row):
    answer, made, dozens, cents, back = row
    compute = MADE[made]
    in_dozens = [(price, quantity / 12) for price, quantity in (BEFORE, AFTER)]
    in_cents = [(100 * price, quantity) for price, quantity in (BEFORE, AFTER)]
    computed = [
        compute(BEFORE, AFTER),
        compute(*in_dozens),
        compute(*in_cents),
        compute(AFTER, BEFORE),
    ]
    assert [float(cell) for cell in (answer, dozens, cents, back)] == [
        round(each, 2) for each in computed
    ]


def test_all_ways_of_the_table_are_computed():
    assert [row[1] for row in rows("answer")] == list(MADE)


def test_logarithms_differ_in_the_third_decimal():
    made = [MADE["percent of the midpoints"], MADE["quotient of logarithms"]]
    arc, log = (compute(BEFORE, AFTER) for compute in made)
    assert 0.001 <= abs(arc - log) < 0.01
    assert round(arc, 2) == round(log, 2)


def test_revenues_of_the_first_class():
    found = re.search(r"Did it rise or fall\? (.*?) Then", GUIDE, re.DOTALL)[1].replace(",", "")
    pairs = re.findall(r"rom ([\d.]+) to ([\d.]+) with (\d+) and (\d+)", found)
    told = re.findall(r"(\d+) and (\d+)", found.split("By hand:")[1])
    assert len(pairs) == 4
    revenues = [
        (round(float(p) * float(q)), round(float(p2) * float(q2))) for p, p2, q, q2 in pairs
    ]
    assert revenues == [(int(before), int(after)) for before, after in told]


def test_the_bet_of_the_first_class():
    assert np.isclose(et.arc_elasticity(1, 1.5, 1, 0), -5)
    assert round(float(et.arc_elasticity_from_ratio(1, 1.5, 1.5**-6.0)), 2) == -4.19


@pytest.mark.parametrize("row", rows("product"), ids=lambda row: row[0])
def test_the_key_to_the_slips(row):
    own, std_error, weight, pooled = map(float, row[1:])
    information = std_error**-2
    computed = information / (information + 0.3**-2)
    assert weight == round(computed, 2)
    assert pooled == round(computed * own + (1 - computed) * -2.0, 2)


def test_the_few_sales_of_the_one_lecture():
    """With 40 and 28 sold the interval reaches from far below -1 to above zero."""
    change = et.PriceChange(10, 11, 40, 28, days_before=40, days_after=40)
    lower, upper = et.arc_elasticity_posterior(change).interval(0.95)
    assert lower < -5
    assert upper > 0
