"""What is wrong in the rows of a file, gathered, so that one run names every kind of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from elastic_tutorial.panels.columns import PanelError
from elastic_tutorial.validation import quoted

if TYPE_CHECKING:
    from collections.abc import Callable


class Fault(NamedTuple):
    """One kind of fault, in one column if there is one.

    ``bad`` tells the rows that have it, ``what`` says of the row at a position what is wrong there
    and what to do, and ``reason`` why such a row is left out, where it is. ``argument`` mends it.
    A fault of the whole column cannot be mended by leaving rows out.
    """

    column: str  # "" where the row as a whole is wrong
    bad: np.ndarray
    what: Callable[[int], str]
    reason: str
    argument: str | None = None
    whole_column: bool = False


def within(faults: list[Fault], rows: np.ndarray) -> list[Fault]:
    """Keep what is wrong in these rows; the others are left out for another reason."""
    narrowed = [fault._replace(bad=fault.bad & rows) for fault in faults]
    return [fault for fault in narrowed if fault.bad.any()]


def refuse(faults: list[Fault], rows: np.ndarray, *, keep_going: bool) -> None:
    """Raise an error of every kind of fault, unless its rows may be left out.

    ``rows`` are the numbers by which people know the rows.
    """
    fatal = [fault for fault in faults if fault.whole_column or not keep_going]
    errors = [_error(fault, rows) for fault in fatal]
    if len(errors) > 1 and not keep_going and not any(fault.whole_column for fault in fatal):
        wrong = np.logical_or.reduce([fault.bad for fault in fatal]).sum()
        text = f"{wrong:,} of {len(rows):,} rows are wrong; keep_going=True leaves them out."
        errors += [PanelError(text, argument="keep_going")] if wrong < len(rows) else []
    raise_all(errors)


def raise_all(errors: list[PanelError]) -> None:
    """Raise the only error, or one made of all, if there is any."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise PanelError("\n".join(str(each) for each in errors), parts=errors)


def _error(fault, rows):
    """Say what is wrong in the first row, and in how many more."""
    first = int(fault.bad.argmax())
    column = f", column {quoted(fault.column)}" if fault.column else ""
    text = f"row {rows[first]}{column}: {fault.what(first)}."
    if (count := int(fault.bad.sum())) > 1:
        text += f" {count:,} rows have this fault."
    return PanelError(text, argument=fault.argument)
