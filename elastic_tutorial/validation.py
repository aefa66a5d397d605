"""Checks of single arguments, shared by the modules that take numbers from a reader."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# The largest count: up to it a float holds every whole number, beyond it every second at best. An
# integer, so that a comparison with integers is exact.
LARGEST_COUNT = 2**53
DAYS_OF_WEEK = 7


def real_number(name: str, value: object) -> float:
    """Return ``value`` as a float, or raise a TypeError that names the argument."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number; got {value!r}.")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be a finite number; got one above 1e308.") from None


def positive_number(name: str, value: object) -> float:
    """Return ``value`` as a float > 0 and finite."""
    number = real_number(name, value)
    if not (0 < number < math.inf):
        raise ValueError(f"{name} must be a finite number above 0; got {value!r}.")
    return number


def non_negative_number(name: str, value: object) -> float:
    """Return ``value`` as a float >= 0 and finite."""
    number = real_number(name, value)
    if not (0 <= number < math.inf):
        raise ValueError(f"{name} must be a finite number, 0 or more; got {value!r}.")
    return number


def finite_number(name: str, value: object) -> float:
    """Return ``value`` as a finite float."""
    number = real_number(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number; got {value!r}.")
    return number


def whole_count(name: str, value: Any) -> int:
    """Return ``value`` as an int >= 0; a float is accepted when it is whole."""
    number = real_number(name, value)
    if not (0 <= number and number.is_integer()):
        raise ValueError(f"{name} must be a whole number, 0 or more; got {value!r}.")
    if value > LARGEST_COUNT:
        raise ValueError(f"{name} must be at most 2^53, about 9e15; got {value!r}.")
    return int(number)


def probability(name: str, value: object) -> float:
    """Return ``value`` as a float strictly between 0 and 1."""
    number = real_number(name, value)
    if not (0 < number < 1):
        raise ValueError(f"{name} must lie strictly between 0 and 1; got {value!r}.")
    return number


def share(name: str, value: object) -> float:
    """Return ``value`` as a float from 0 to 1, both included."""
    number = real_number(name, value)
    if not (0 <= number <= 1):
        raise ValueError(f"{name} must lie between 0 and 1; got {value!r}.")
    return number


def weekday_effects(values: ArrayLike | None) -> np.ndarray:
    """Return seven factors of demand, Monday to Sunday; all 1 for None."""
    if values is None:
        return np.ones(DAYS_OF_WEEK)
    effects = float_array("weekday_effects", values)
    if effects.shape != (DAYS_OF_WEEK,):
        raise ValueError(
            f"weekday_effects must have shape (7,), Monday to Sunday; got {effects.shape}."
        )
    allowed = "a finite number, 0 or more"
    first_bad("weekday_effects", effects, (effects >= 0) & np.isfinite(effects), allowed)
    return effects


def instance(name: str, value: object, kind: type) -> None:
    """Raise a TypeError that names the argument unless it is of this kind."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}; got {value!r}.")


def quoted(value: object, longest: int = 40) -> str:
    """Write a value or a label as Python does, without NumPy's type, cut where it is long."""
    if isinstance(value, np.datetime64):
        return np.datetime_as_string(value, unit="auto")
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str) and len(value) > longest:
        value = f"{value[:longest]}..."
    return repr(value)


def listed(values: Sequence, most: int = 5) -> str:
    """Write values in a row as ``quoted`` does, the first few of many."""
    names = ", ".join(map(quoted, values[:most]))
    return names if len(values) <= most else f"{names} and {len(values) - most:,} more"


def float_array(name: str, values: ArrayLike) -> np.ndarray:
    """Return ``values`` as a float array, or raise a TypeError that names the argument."""
    if np.ma.isMaskedArray(values):
        raise TypeError(f"{name} must not be a masked array; leave out the masked entries.")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise TypeError(f"{name} must hold numbers in a regular shape; got {values!r}.") from error
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold numbers; got {values!r}.")
    return array.astype(float)


def first_bad(name: str, array: np.ndarray, good: np.ndarray, allowed: str) -> None:
    """Raise a ValueError that names the first entry of ``array`` that is not ``good``."""
    if not np.all(good):
        index = tuple(int(i) for i in np.argwhere(~good)[0])
        where = f" at index {index if len(index) > 1 else index[0]}" if index else ""
        raise ValueError(f"{name} must be {allowed}; got {array[index]}{where}.")


def equal_shapes(**arrays: np.ndarray) -> None:
    """Raise a ValueError unless all arrays that are not scalars have one shape."""
    shapes = {name: np.shape(array) for name, array in arrays.items() if np.ndim(array)}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"arrays must all have the same shape; got {listed}.")


def broadcastable(**arrays: np.ndarray) -> None:
    """Raise a ValueError unless the shapes of the arrays broadcast."""
    try:
        np.broadcast_shapes(*(np.shape(array) for array in arrays.values()))
    except ValueError:
        listed = ", ".join(f"{name} {np.shape(array)}" for name, array in arrays.items())
        raise ValueError(f"shapes do not broadcast: {listed}.") from None


def gamma_prior(shape: float, rate: float) -> tuple[float, float]:
    """Return shape and rate of a Gamma prior, or of its improper limit at rate = 0, as floats."""
    shape = non_negative_number("shape", shape)
    rate = non_negative_number("rate", rate)
    if shape == 0 and rate > 0:
        raise ValueError(f"shape must be above 0 when rate is; got shape={shape}, rate={rate}.")
    return shape, rate
