"""A fast posterior held against a slow one that is trusted."""

from __future__ import annotations

import arviz as az
import xarray as xr

from elastic_tutorial.checking.intervals import of_draws
from elastic_tutorial.checking.summary import elasticity_summary
from elastic_tutorial.models.labels import draws_of

_PROB = 0.95  # of the intervals whose ends are compared: those that reports most often show


def compare_posteriors(posterior: xr.DataTree, reference: xr.DataTree) -> xr.Dataset:
    """How far a posterior of the elasticities is from a reference, product by product.

    Parameters
    ----------
    posterior : xarray.DataTree
        From any ``fit_*``; mean, sd and interval are those of ``elasticity_summary``.
    reference : xarray.DataTree
        With draws, as from ``fit_nuts`` of the same panel.

    Returns
    -------
    xarray.Dataset over product
        ``z``: difference of the means over the reference's Monte Carlo standard error of its mean;
        ``distance``: the same over the reference's standard deviation; ``sd_ratio``: standard
        deviation over the reference's; ``lower_difference`` and ``upper_difference``: of the ends
        of the central 95% intervals, in standard deviations of the reference.

    Raises
    ------
    ValueError
        If the products of the two do not agree.

    References
    ----------
    Vehtari et al. (2021), Bayesian Analysis 16, 667-718, for the Monte Carlo standard error.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(1).normal(-2, 0.1, size=(4, 500, 1))
    >>> trees = [
    ...     az.from_dict({"posterior": {"elasticity": d}}, dims={"elasticity": ["product"]})
    ...     for d in (draws, -2 + 2 * (draws + 2))
    ... ]
    >>> compare_posteriors(trees[1], trees[0])["sd_ratio"].round(2).values
    array([2.])
    """
    draws = draws_of(reference)["elasticity"]
    found, expected = elasticity_summary(posterior, prob=_PROB), of_draws(draws, _PROB)
    ours, theirs = (set(table["product"].values.tolist()) for table in (found, expected))
    if ours != theirs:
        odd = str(sorted(ours ^ theirs, key=str)[0])
        raise ValueError(
            "posterior and reference must hold the same products; "
            f"{len(ours ^ theirs)} are in one alone, {odd!r} among them."
        )
    found = found.sel(product=expected["product"])
    error = az.mcse(draws.to_dataset(name="elasticity"), method="mean")["elasticity"]
    sd, difference = expected["sd"], found - expected
    return xr.Dataset(
        {
            "z": difference["mean"] / error,
            "distance": difference["mean"] / sd,
            "sd_ratio": found["sd"] / sd,
            "lower_difference": difference["lower"] / sd,
            "upper_difference": difference["upper"] / sd,
        }
    )
