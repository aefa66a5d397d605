"""Which prices may stand on a label: whole cents, prices with given endings, or those of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from elastic_tutorial import validation as check

if TYPE_CHECKING:
    from collections.abc import Sequence

_CENT = 0.01  # currency: the usual coin
_COARSEST = (
    0.01  # of a price: a coin that is more of it is too coarse a step, so a finer one is taken
)
_ROUNDING = 1e-9  # of a step: a bound that misses an allowed price by rounding still holds it
_DIGITS = 12  # after the point, so that 0.1 + 0.2 is written 0.3


class Ladder(NamedTuple):
    """Allowed prices by their number: those of a list, else whole steps, one size a product."""

    prices: np.ndarray | None
    step: np.ndarray

    def between(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the first and the last allowed price within bounds; crossed where none is."""
        slack = _ROUNDING * self.step
        if self.prices is None:
            first, last = np.ceil((low - slack) / self.step), np.floor((high + slack) / self.step)
            return np.maximum(first, 1).astype(int), last.astype(int)
        first = np.searchsorted(self.prices, low - slack)
        return first, np.searchsorted(self.prices, high + slack, side="right") - 1

    def at(self, number: np.ndarray) -> np.ndarray:
        """Prices with these numbers, shape (product, candidate)."""
        if self.prices is None:
            return np.round(number * self.step[:, None], _DIGITS)
        return self.prices[np.clip(number, 0, len(self.prices) - 1)]


def ladder_of(
    price: np.ndarray,
    highest: float,
    endings: Sequence[float] | None,
    ladder: Sequence[float] | None,
) -> Ladder:
    """Find the allowed prices for products of today's ``price``, up to ``highest``."""
    if endings is not None and ladder is not None:
        raise ValueError("pass endings or a ladder of prices, and not both.")
    step = np.minimum(_CENT, 10 ** np.floor(np.log10(_COARSEST * price)))
    if ladder is not None:
        rungs = np.unique(check.float_array("ladder", ladder))
        check.first_bad("ladder", rungs, np.isfinite(rungs) & (rungs > 0), "numbers above 0")
        if not rungs.size:
            raise ValueError("ladder must hold a price; got none.")
        return Ladder(rungs, step)
    if endings is None:
        return Ladder(None, step)
    ends = np.unique(check.float_array("endings", endings))
    good = (ends >= 0) & (ends < 1)
    check.first_bad("endings", ends, good, "parts of one unit of currency, as 0.99")
    if not ends.size:
        raise ValueError("endings must hold a number, as 0.99; got none.")
    rungs = np.round(np.arange(np.ceil(highest) + 1)[:, None] + ends, _DIGITS).ravel()
    return Ladder(rungs[rungs > 0], step)
