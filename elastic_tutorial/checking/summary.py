"""From a posterior to small labelled tables."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import arviz as az
import numpy as np
import xarray as xr

from elastic_tutorial import validation as check
from elastic_tutorial.checking import intervals
from elastic_tutorial.models.labels import SKEWED, draws_of

if TYPE_CHECKING:
    import pandas as pd

    from elastic_tutorial.panels.panel import Panel

_TAILS = (0.05, 0.95)  # quantiles whose effective sample size counts, as in Vehtari et al. (2021)


class ConvergenceError(RuntimeError):
    """A sampler that has not converged; the message names the worst parameter and the remedy."""


def check_convergence(
    posterior: xr.DataTree,
    *,
    max_rhat: float = 1.01,
    min_ess: float = 400,
    max_divergences: int = 0,
) -> xr.Dataset:
    """Raise unless the chains of a fit agree, have drawn enough and met no divergence.

    Parameters
    ----------
    posterior : xarray.DataTree
        As from ``fit_nuts``, with two chains or more.
    max_rhat : float
        Largest rank-normalised split R-hat that is accepted; 1.01 is the limit of Vehtari et al.
    min_ess : float
        Smallest bulk and tail effective sample size that is accepted; 400 are a hundred in each of
        four chains, from which Vehtari et al. trust the diagnostics themselves.
    max_divergences : int

    Returns
    -------
    xarray.Dataset
        The worst ``rhat``, ``ess_bulk`` and ``ess_tail`` of each variable (dim ``variable``).

    Raises
    ------
    ConvergenceError
        Names the worst parameter, its value and what to do.
    ValueError
        If there is only one chain.

    References
    ----------
    Vehtari et al. (2021), Bayesian Analysis 16, 667-718.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(4, 500))
    >>> tree = az.from_dict({"posterior": {"global_elasticity": draws}})
    >>> check_convergence(tree)["variable"].values.tolist()
    ['global_elasticity']
    """
    draws = posterior["posterior"].dataset
    if draws.sizes.get("chain", 1) < 2:
        raise ValueError("convergence needs two chains or more; sample again with n_chains=4.")
    _refuse_what_cannot_be_judged(draws)
    statistics = _diagnostics(draws)
    _refuse_divergences(posterior, max_divergences)
    name, value = _worst(statistics["rhat"], "max")
    if value > max_rhat:
        raise ConvergenceError(
            f"R-hat of {name} is {value:.3f}, above {max_rhat}: the chains disagree; increase "
            "n_warmup, or change what is centered."
        )
    for kind in ("bulk", "tail"):
        name, value = _worst(statistics[f"ess_{kind}"], "min")
        if value < min_ess:
            raise ConvergenceError(
                f"{kind} ESS of {name} is {value:.0f}, below {min_ess}: too few independent "
                "draws; increase n_draws, or change what is centered."
            )
    extremes = {"rhat": "max", "ess_bulk": "min", "ess_tail": "min"}
    return xr.Dataset({k: _extremes(statistics[k], kind) for k, kind in extremes.items()})


def elasticity_summary(posterior: xr.DataTree, *, prob: float) -> xr.Dataset:
    """Mean, standard deviation and central interval of each product's elasticity.

    Parameters
    ----------
    posterior : xarray.DataTree
        From any ``fit_*``. Where it has a group ``analytic``, as from ``fit_laplace``, mean and sd
        are taken from there, and the interval is that of a normal, unless the elasticity is far
        from normal (``skewness`` beyond 1 in size): then its interval is taken from the draws.
        Without that group all come from the draws.
    prob : float
        Probability of the interval.

    Returns
    -------
    xarray.Dataset over product
        ``mean``, ``sd``, ``lower``, ``upper``; ``prob`` is an attribute.

    Raises
    ------
    ValueError
        If ``prob`` is not a probability.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(-2, 0.1, size=(2, 500, 3))
    >>> dims = {"elasticity": ["product"]}
    >>> tree = az.from_dict({"posterior": {"elasticity": draws}}, dims=dims)
    >>> elasticity_summary(tree, prob=0.9)["mean"].round(1).values
    array([-2., -2., -2.])
    """
    check.probability("prob", prob)
    if "analytic" not in posterior:
        return intervals.of_draws(draws_of(posterior)["elasticity"], prob)
    analytic = draws_of(posterior, "analytic")
    table = intervals.of_normal(analytic["mean"], analytic["sd"], prob)
    return _take_ends_from_draws(table, posterior)


def _take_ends_from_draws(table, posterior):
    """Put the draws' interval in place of the normal's where an elasticity is far from normal."""
    if "skewness" not in posterior["analytic"]:
        return table
    far = np.abs(posterior["analytic"]["skewness"].values) > SKEWED
    if far.any():
        draws = posterior["posterior"]["elasticity"].isel(product=far)
        lower, upper = (table[name].values.copy() for name in ("lower", "upper"))
        lower[far], upper[far] = intervals.ends_of_draws(draws, table.attrs["prob"])
        table = table.assign(lower=("product", lower), upper=("product", upper))
    return table


def shrinkage(posterior: xr.DataTree, separate: pd.DataFrame, *, panel: Panel) -> xr.Dataset:
    """How far the hierarchy pulled each product from its own estimate to its category's.

    Parameters
    ----------
    posterior : xarray.DataTree
        Of a model with categories.
    separate : pandas.DataFrame
        From ``product_elasticities`` of the same panel: ``estimate`` and ``std_error``.
    panel : Panel

    Returns
    -------
    xarray.Dataset over product
        ``separate`` and ``std_error`` (the product's own), ``category`` and ``pooled`` (posterior
        means), ``information`` (1 / std_error^2, 0 where there is no estimate) and ``weight``: the
        share of the way from the category to the product's own estimate at which the posterior
        mean stands, NaN where there is no estimate.

    Raises
    ------
    ValueError
        If the products of the three do not agree, or the model has no categories.

    Examples
    --------
    >>> from elastic_tutorial import Panel, product_elasticities
    >>> import pandas as pd
    >>> table = pd.DataFrame({"item": ["a"] * 2, "week": [1, 2], "sold": [9, 4], "euro": [1.0, 2]})
    >>> panel = Panel.from_frame(table, product="item", period="week", units="sold", price="euro")
    >>> value = np.full((2, 5, 1), -1.0)
    >>> draws = {"elasticity": 1.1 * value, "category_elasticity": value}
    >>> dims = {"elasticity": ["product"], "category_elasticity": ["category"]}
    >>> coords = {"product": ["a"], "category": ["all"]}
    >>> tree = az.from_dict({"posterior": draws}, dims=dims, coords=coords)
    >>> shrinkage(tree, product_elasticities(panel), panel=panel)["weight"].round(2).values
    array([0.59])
    """
    draws = draws_of(posterior)
    labels = [list(draws["product"].values), list(separate.index), list(panel.products)]
    if not labels[0] == labels[1] == labels[2]:
        raise ValueError("posterior, separate and panel must hold the same products in one order.")
    if "category_elasticity" not in draws:
        raise ValueError(
            "shrinkage needs a model with categories; the posterior has no category_elasticity."
        )
    over = ("chain", "draw")
    category = draws["category_elasticity"].mean(over).values[panel.category]
    pooled = draws["elasticity"].mean(over).values
    own, error = separate["estimate"].to_numpy(), separate["std_error"].to_numpy()
    columns = {
        "separate": own,
        "std_error": error,
        "category": category,
        "pooled": pooled,
        "information": np.nan_to_num(1 / error**2),
        "weight": (pooled - category) / (own - category),
    }
    return xr.Dataset(
        {name: ("product", values) for name, values in columns.items()},
        coords={"product": panel.products},
    )


def interval_coverage(summary: xr.Dataset, truth: xr.DataArray) -> tuple[float, float]:
    """Share of intervals that contain the truth, with its standard error.

    Parameters
    ----------
    summary : xarray.Dataset over product
        With ``lower`` and ``upper``, as from ``elasticity_summary``.
    truth : xarray.DataArray over product
        Aligned by label; every product of the summary must be in it.

    Returns
    -------
    coverage, std_error : float
        The standard error is binomial.

    Raises
    ------
    ValueError
        If a product has no truth.

    Examples
    --------
    >>> coords = {"product": ["a", "b"]}
    >>> ends = {"lower": ("product", [-2.0, -2.0]), "upper": ("product", [-1.0, -1.0])}
    >>> truth = xr.DataArray([-1.5, -3.0], coords)
    >>> interval_coverage(xr.Dataset(ends, coords), truth)[0]
    0.5
    """
    missing = set(summary["product"].values) - set(truth["product"].values)
    if missing:
        first = str(sorted(missing)[0])
        raise ValueError(f"truth lacks {len(missing)} products, {first!r} among them.")
    truth = truth.sel(product=summary["product"])
    inside = (summary["lower"] <= truth) & (truth <= summary["upper"])
    share = float(inside.mean())
    return share, float(np.sqrt(share * (1 - share) / inside.size))


def _refuse_what_cannot_be_judged(draws):
    """Raise for entries that are not finite or that never moved; constants at 0 are structure."""
    for name, values in draws.data_vars.items():
        first = values.isel(chain=0, draw=0)
        over = ("chain", "draw")
        stuck = (values == first).all(over) & (first != 0)
        for bad, what in (
            (~np.isfinite(values).all(over), "is not finite"),
            (stuck, "never moved"),
        ):
            if bad.any():
                raise ConvergenceError(
                    f"{_entry(name, bad, 'max')} {what}: the sampler broke down; "
                    "rescale the data, or start anew with another key."
                )


def _diagnostics(draws):
    """R-hat and effective sample sizes; entries that are constant by construction have none."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        return {
            "rhat": az.rhat(draws),
            "ess_bulk": az.ess(draws, method="bulk"),
            "ess_tail": az.ess(draws, method="tail", prob=_TAILS),
        }


def _extremes(statistic, kind):
    """Reduce a statistic to its worst entry in each variable."""
    names = list(statistic.data_vars)
    values = [float(getattr(statistic[name], kind)()) for name in names]
    return xr.DataArray(values, {"variable": names})


def _worst(statistic, kind):
    """Name with labels and value of the worst entry of a statistic."""
    extremes = _extremes(statistic, kind)
    position = int(np.nanargmax(extremes) if kind == "max" else np.nanargmin(extremes))
    name = str(extremes["variable"].values[position])
    return _entry(name, statistic[name], kind), float(extremes[position])


def _entry(name, values, kind):
    """Name with labels of the largest or smallest entry of a variable."""
    where = getattr(values, f"arg{kind}")(...)
    labels = [str(values[dim].values[int(i)]) for dim, i in where.items()]
    return f"{name}[{', '.join(labels)}]" if labels else name


def _refuse_divergences(posterior, most):
    """Raise when the sampler diverged too often."""
    if "sample_stats" not in posterior.children or "diverging" not in posterior["sample_stats"]:
        return
    count = int(posterior["sample_stats"]["diverging"].sum())
    if count > most:
        raise ConvergenceError(
            f"{count} divergent transitions, more than {most}: the sampler missed a narrow part of "
            "the posterior; increase target_accept, or change what is centered."
        )
