"""What the hidden tests of assignment 3 compare with; it travels with the autograder only."""

import numpy as np
import pandas as pd
from scipy import stats

import elastic_tutorial as et


def store():
    """Read the sales that students were given."""
    columns = {"product": "product", "period": "week", "units": "units", "price": "price"}
    return et.Panel.from_frame(pd.read_csv("sales.csv"), **columns)


def estimates():
    """Each product's own elasticity and its standard error."""
    own = et.product_elasticities(store())
    return own["estimate"].to_numpy(), own["std_error"].to_numpy()


def pooled():
    """One elasticity for all products."""
    estimate, std_error = estimates()
    return np.average(estimate, weights=std_error**-2)


def best_spread():
    """Spread and centre of highest likelihood, on a fine grid."""
    estimate, std_error = estimates()
    grid = np.arange(0.005, 3, 0.005)
    total = np.sqrt(std_error**2 + grid[:, None] ** 2)
    centre = (estimate / total**2).sum(axis=1) / (1 / total**2).sum(axis=1)
    best = stats.norm.logpdf(estimate, centre[:, None], total).sum(axis=1).argmax()
    return grid[best], centre[best]


def partially_pooled():
    """Posterior mean and standard deviation of each product's elasticity."""
    estimate, std_error = estimates()
    spread, centre = best_spread()
    variance = 1 / (std_error**-2 + spread**-2)
    return variance * (estimate / std_error**2 + centre / spread**2), np.sqrt(variance)


def error(elasticity):
    """Mean square distance from the truth."""
    true = pd.read_csv("truth.csv")["elasticity"].to_numpy()
    return np.mean((np.asarray(elasticity, float) - true) ** 2)
