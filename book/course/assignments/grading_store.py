"""What the hidden tests of assignment 4 know: true demand. It travels with the autograder only."""

import numpy as np
import pandas as pd


def share_of_gain(prices):
    """Share of the attainable gain over today's profit that these prices earn.

    Raises
    ------
    AssertionError
        If a price is missing, not a number, or outside its bounds.
    """
    product = pd.read_csv("products.csv", index_col="product")
    prices = prices.reindex(product.index).astype(float)
    assert prices.notna().all(), "every product needs a price"
    low, high = product["lower"], product["upper"]
    assert prices.between(low - 1e-6, high + 1e-6).all(), "a price is outside its bounds"
    today = profit(product["price"], product)
    return (profit(prices, product) - today) / (profit(best(product), product) - today)


def profit(prices, product):
    """Profit a week of the whole store."""
    true = pd.read_csv("truth.csv", index_col="product")
    sold = true["base_demand"] * (prices / product["price"]) ** true["elasticity"]
    return (sold * (prices - product["unit_cost"])).sum()


def best(product):
    """Price of highest profit within the bounds, for each product."""
    elasticity = pd.read_csv("truth.csv", index_col="product")["elasticity"]
    with np.errstate(divide="ignore"):
        peak = product["unit_cost"] * elasticity / (1 + elasticity)
    return peak.where(elasticity < -1, np.inf).clip(product["lower"], product["upper"])
