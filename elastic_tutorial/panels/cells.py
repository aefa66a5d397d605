"""What the labels and the numbers of a panel must be, told by product and period, or by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.validation import LARGEST_COUNT, quoted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from elastic_tutorial.panels.panel import Panel

_MASK = "correct it, or mask the cell: observed False, and NaN in every array"


class Rule(NamedTuple):
    """What a number must be, in words, and whether it is."""

    text: str
    holds: Callable


_FINITE = Rule("must be a finite number", np.isfinite)
_WHOLE = Rule("must be whole numbers", lambda units: units == np.floor(units))
_COVARIATE = (_FINITE,)
# Of arrays. Units need not be whole there: an analysis may put the demand that it expects in the
# place of a stock-out. The rows of a table are what was sold, and sales are counts.
RULES = {
    "units": (
        _FINITE,
        Rule("must be 0 or more", lambda units: units >= 0),
        Rule("must be at most 2^53", lambda units: units <= LARGEST_COUNT),
    ),
    "price": (_FINITE, Rule("must be above 0", lambda price: price > 0)),
}


def check_whole(column: str, units: np.ndarray) -> None:
    """Refuse units of a table that are no counts; what else they must be, the panel checks."""
    fractions = np.isfinite(units) & ~_WHOLE.holds(units)
    if fractions.any():
        raise _of_row(column, units, ~fractions, "units", _WHOLE)


def row_fault(values: dict[str, np.ndarray], names: dict[str, str]) -> PanelError | None:
    """Return the error of the first column of a table with a number that breaks a rule, or None.

    ``values`` has the numbers of each column, and ``names`` the columns of the roles.
    """
    role_of = {names[role]: role for role in RULES}
    for column, numbers in values.items():
        for rule in RULES.get(role_of.get(column), _COVARIATE):
            good = rule.holds(numbers)
            if not good.all():
                return _of_row(column, numbers, good, role_of.get(column), rule)
    return None


def check_cells(name: str, values: np.ndarray, panel: Panel, role: str | None = None) -> None:
    """Refuse a number that breaks a rule where it was observed, and one where none was."""
    for rule in RULES.get(role, _COVARIATE):
        bad = ~rule.holds(values)
        bad &= panel.observed
        _refuse_cell(name, values, bad, panel, rule.text, _MASK)
    bad = ~np.isnan(values)
    bad &= ~panel.observed
    why = "must be NaN, since the cell was not observed"
    _refuse_cell(name, values, bad, panel, why, "set it to NaN, or observed to True")


def as_labels(name: str, labels: ArrayLike) -> np.ndarray:
    """Return labels as an array of one dimension, each of them there and unlike the others."""
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise PanelError(f"{name} must be labels in one dimension; got shape {labels.shape}.")
    missing = pd.isna(labels)
    if missing.any():
        raise PanelError(f"{name}: the label at position {missing.argmax()} is missing; name it.")
    twice = pd.Index(labels).duplicated()
    if twice.any():
        label = quoted(labels[twice.argmax()])
        raise PanelError(
            f"{name} must differ from each other; {label} stands there twice: name one anew, or "
            "join the two."
        )
    return labels


def as_numbers(
    name: str, values: ArrayLike, shape: tuple, dims: str, kinds: str = "iuf"
) -> np.ndarray:
    """Return an array of floats, refusing another shape or another type."""
    _check_shape(name, values, shape, dims)
    values = np.asarray(values)
    if values.dtype.kind not in kinds:
        raise PanelError(f"{name} must hold numbers; its type is {values.dtype}.")
    return values.astype(float, copy=False)


def as_mask(values: ArrayLike, shape: tuple) -> np.ndarray:
    """Return ``observed`` as an array of True and False."""
    _check_shape("observed", values, shape, "product, period")
    values = np.asarray(values)
    if values.dtype != bool:
        raise PanelError(f"observed must hold True and False; its type is {values.dtype}.")
    return values


def as_positions(category: ArrayLike, products: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Return the category of each product, refusing what is no position in ``categories``."""
    _check_shape("category", category, products.shape, "product,")
    category = np.asarray(category)
    if category.dtype.kind not in "iu":
        raise PanelError(f"category must hold whole numbers; its type is {category.dtype}.")
    bad = (category < 0) | (category >= len(categories))
    if bad.any():
        i = int(bad.argmax())
        raise PanelError(
            f"category of product {quoted(products[i])} must be a position in categories, from "
            f"0 to {len(categories) - 1}; got {category[i]}."
        )
    return category


def _of_row(column, numbers, good, role, rule):
    """Return the error that names the first row whose number is not good."""
    row = int(np.argmin(good))
    of_units = "units " if role == "units" and rule is not _FINITE else ""
    what = f"{of_units}{rule.text}; got {_shown(numbers[row])}."
    return PanelError(f"column {column!r}, row {row}: {what}")


def _check_shape(name, values, shape, dims):
    if np.shape(values) != shape:
        raise PanelError(f"{name} must have shape ({dims}) = {shape}; got {np.shape(values)}.")


def _refuse_cell(name, values, bad, panel, what, remedy):
    """Raise for the first bad cell."""
    if bad.any():
        i, t = np.unravel_index(bad.argmax(), bad.shape)
        product, period = quoted(panel.products[i]), quoted(panel.periods[t])
        raise PanelError(
            f"{name} of product {product} in period {period} {what}; got "
            f"{_shown(values[i, t])}; {remedy}."
        )


def _shown(value):
    """Write a number as a table does."""
    return str(value).removesuffix(".0")
