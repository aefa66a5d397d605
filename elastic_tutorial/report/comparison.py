"""What changed since the last report: products, elasticities and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elastic_tutorial.report.page import as_labels
from elastic_tutorial.validation import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

_JOINT = 2.0  # joint standard deviations: about 5% of the elasticities that stayed move by more


def changes(
    last: list[pd.DataFrame], elasticities: pd.DataFrame, prices: pd.DataFrame
) -> Iterator[str]:
    """Say what is new, what is gone, and what moved."""
    before, labels = last
    now = elasticities.set_axis(elasticities.index.astype(str))
    for words, names in (
        ("New", now.index.difference(before.index)),
        ("Gone", before.index.difference(now.index)),
    ):
        if len(names):
            yield f"{words} since the last report, {len(names):,} in all: {listed(list(names))}."
    both = now.index.intersection(before.index)
    move = now.loc[both, "elasticity"] - before.loc[both, "elasticity"]
    joint = np.hypot(now.loc[both, "sd"], before.loc[both, "sd"])
    far = both[move.abs() > _JOINT * joint]
    shown = f": {listed(list(far))}" if len(far) else ""
    yield (
        f"Since the last report the elasticities of {len(far):,} of {len(both):,} products moved "
        f"by more than {_JOINT:g} joint standard deviations{shown}. The two reports may share "
        "sales, which makes such moves rarer than by chance."
    )
    price = as_labels(prices)["price"].astype(float)  # as the file has it
    price = price.set_axis(prices.index.astype(str)).reindex(both)
    old = labels["price"].reindex(both)
    changed = both[~np.isclose(price, old, rtol=1e-9, atol=0, equal_nan=True)]
    shown = f": {listed(list(changed))}" if len(changed) else ""
    yield f"{len(changed):,} of their labels differ from those of the last report{shown}."
