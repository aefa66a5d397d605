"""Stores to teach with, each known by its name and made for one lesson."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elastic_tutorial.panels.store import simulate_store

if TYPE_CHECKING:
    import numpy as np

    from elastic_tutorial.panels.store import Store

# Demand is calm and Poisson, so that each store shows its own lesson and no other.
_CALM: dict[str, Any] = {
    "trend": (0.0, 0.0),
    "volatility": (0.0, 0.02),
    "period_noise": 0.0,
    "price_step": 0.2,
    "initial_price": (1.0, 4.0),
}
_WORLDS: dict[str, dict[str, Any]] = {
    "corner shop": {
        "n_products": 30,
        "n_categories": 2,
        "n_periods": 52,
        "price_change_prob": 0.06,
        "base_demand": (20.0, 40.0),
    },
    "supermarket": {
        "n_products": 300,
        "n_categories": 10,
        "n_periods": 104,
        "price_change_prob": 0.25,
        "base_demand": (2_000.0, 8_000.0),
    },
    "discounter": {
        "n_products": 200,
        "n_categories": 4,
        "n_periods": 52,
        "price_change_prob": 0.15,
        "base_demand": (300.0, 900.0),
        "fixed_price_share": 0.7,
    },
}


def simulate_world(name: str, rng: np.random.Generator) -> Store:
    """Store for a class, with a known lesson.

    The ``"corner shop"`` (30 products, a handful of units a week, prices that hardly move) cannot
    be estimated one product at a time: what its products share is most of what is known, and the
    prior is felt. In the ``"supermarket"`` (300 products, hundreds of units a week, prices that
    move often) each product speaks for itself, and pooling changes little. In the ``"discounter"``
    (200 products) seven prices of ten never move: of those products the data say nothing, and
    their intervals are as wide as the spread of their category.

    Parameters
    ----------
    name : str
        One of the three.
    rng : numpy.random.Generator

    Returns
    -------
    Store
        ``panel`` (periods are weeks) and ``truth``, as of ``simulate_store``.

    Raises
    ------
    TypeError
        If ``rng`` is not a Generator.
    ValueError
        If there is no store of that name; the message lists them.

    Examples
    --------
    >>> import numpy as np
    >>> store = simulate_world("discounter", np.random.default_rng(1))
    >>> store.panel.units.shape
    (200, 52)
    """
    if name not in _WORLDS:
        raise ValueError(f"name must be one of {', '.join(map(repr, _WORLDS))}; got {name!r}.")
    return simulate_store(rng, **_CALM, **_WORLDS[name])
