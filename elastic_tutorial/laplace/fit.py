"""The posterior of a whole store by nested Laplace approximation, with its structure written out.

For each product the intercept is integrated exactly and the elasticity by quadrature; time effects
and category elasticities by a Gaussian around their mode, whose Hessian is an arrow; category
scales on a grid; the remaining hyperparameters by a Gaussian, or by weighted points where a look
at their log density shows that it is none.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from elastic_tutorial import validation as check
from elastic_tutorial.laplace import design, explore
from elastic_tutorial.laplace.hyper import LOGS
from elastic_tutorial.laplace.peak import find_peak
from elastic_tutorial.models.arrays import Array, Float, Key, generator_of
from elastic_tutorial.models.labels import labelled, product_table
from elastic_tutorial.models.priors import LEVELS
from elastic_tutorial.panels.panel import Panel

LIKELIHOODS, INTERCEPTS = ("poisson", "negative_binomial"), ("gamma", "fixed")
# Skewness above which a product's mean and sd mislead: at 1 both ends of a Gaussian's 95% interval
# are half a standard deviation off (Cornish and Fisher's first term, (z^2 - 1) / 6).
_SKEWED = 1.0
# Pareto k above which importance sampling is not to be trusted, at any number of points that is
# practical (Vehtari et al. 2024, section 3).
_WORST_PARETO_K = 0.7
# Parts of the draws, each with random numbers of its own, so that threads share them: a constant,
# so that results do not depend on the number of processors.
_PARTS = 16


class ApproximationWarning(UserWarning):
    """A posterior that the approximation may describe poorly; the message says where."""


def fit_laplace(
    panel: Panel,
    *,
    key: Key[Array, ""],
    likelihood: str = "poisson",
    intercept: str = "gamma",
    levels: Collection[str] = LEVELS,
    category_scale: float | None = None,
    elasticity_scale: float | None = None,
    time_effects: bool = True,
    priors: Mapping | None = None,
    n_draws: int = 1000,
    devices: Sequence[jax.Device] | None = None,
) -> xr.DataTree:
    """Posterior of the elasticities of a whole store, without sampling.

    Parameters
    ----------
    panel : Panel
        Covariates enter with one coefficient each.
    key : jax.random.key
        For the draws; mean and standard deviation do not depend on it.
    likelihood : {"poisson", "negative_binomial"}
        The latter has variance mean + dispersion * mean^2.
    intercept : {"gamma", "fixed"}
        A product's level of demand: Gamma-distributed around its category's, independent of its
        elasticity at one price (the pivot) that is learned; or flat, which conditions on the
        product's total. Products without sales, or whose price never moved, teach nothing with
        "fixed" and keep their prior; ``analytic.informed`` marks the others.
    levels, category_scale, elasticity_scale, time_effects, priors
        As in ``partial_pooling``.
    n_draws : int
    devices : sequence of jax.Device, optional
        To spread the products over.

    Returns
    -------
    xarray.DataTree
        Group ``posterior`` as from ``fit_nuts``, with one chain, and ``base_demand`` (product):
        units a period at the last observed price, covariates 0 and the average time effect, NaN
        where "fixed" leaves it unknown. Group ``analytic`` (product): ``mean`` and ``sd`` of the
        elasticity, ``skewness``, and ``informed``.

    Raises
    ------
    ValueError
        If an option is unknown, nothing was sold, or a product without sales meets
        "negative_binomial" with "fixed".
    RuntimeError
        If the mode is not found.

    Warns
    -----
    ApproximationWarning
        If the posterior is far from what the approximation can describe.

    References
    ----------
    Rue, Martino and Chopin (2009), Journal of the Royal Statistical Society B 71(2), 319-392.

    Examples
    --------
    >>> from elastic_tutorial import simulate_store
    >>> size = {"n_products": 40, "n_categories": 2, "n_periods": 10}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> options = {"intercept": "fixed", "n_draws": 100}
    >>> posterior = fit_laplace(store.panel, key=jax.random.key(1), **options)
    >>> dict(posterior["posterior"]["elasticity"].sizes)
    {'chain': 1, 'draw': 100, 'product': 40}
    """
    check.instance("panel", panel, Panel)
    _check_options(panel, likelihood, intercept, n_draws)
    key_draws, key_points, key_base = jax.random.split(key, 3)
    options = design.options_of(
        levels,
        category_scale,
        elasticity_scale,
        gamma=intercept == "gamma",
        overdispersed=likelihood == "negative_binomial",
        time_effects=time_effects,
        priors=priors,
    )
    blocks, model = design.lay_out(panel, options, devices=devices)
    # The matrices given to LAPACK are small; more threads spend their time waiting for each other.
    with threadpool_limits(1, user_api="blas"):
        peak, look = _find_peak(panel, model, options)
        gaussian = explore.is_gaussian(look, model.cells.units.size)
        integrate = explore.gaussian if gaussian else explore.points
        keys = key_draws, key_points
        posterior = integrate(*keys, model, peak, look, blocks.current_price, n_draws)
    tree = _tree(posterior, blocks, panel, model, options, key_base)
    _warn(posterior.pareto_k, tree)
    return tree


def _check_options(panel, likelihood, intercept, n_draws):
    """Refuse what has no posterior."""
    if likelihood not in LIKELIHOODS:
        raise ValueError(f"likelihood must be one of {LIKELIHOODS}; got {likelihood!r}.")
    if intercept not in INTERCEPTS:
        raise ValueError(f"intercept must be one of {INTERCEPTS}; got {intercept!r}.")
    if check.whole_count("n_draws", n_draws) < 2:
        raise ValueError(f"n_draws must be 2 or more; got {n_draws!r}.")
    unsold = panel.products[panel.total_units == 0]
    if len(unsold) == panel.n_products:
        raise ValueError("no product sold a unit: there is nothing to learn from.")
    if len(unsold) and likelihood == "negative_binomial" and intercept == "fixed":
        raise ValueError(
            f"{len(unsold)} products sold nothing, {str(unsold[0])!r} among them, and a flat "
            "intercept has no proper posterior there: use intercept='gamma', or drop them with "
            "panel.select(min_units=1)."
        )


def _find_peak(panel, model, options):
    """Peak of the hyperparameters and a look around it, by way of some of the products first."""
    parts = design.first_parts(panel, model.cells.units.size)
    stages = [design.lay_out(panel, options, products=part)[1] for part in parts.values()]
    log_level = design.levels_of_demand(panel, options)
    return find_peak([*stages, model], [*parts, panel.n_products], log_level)


def _tree(posterior, blocks, panel, model, options, key_base):
    """Put draws and moments under the labels of the panel."""
    sold, per_product = panel.total_units > 0, blocks.per_product
    values = {"elasticity": per_product(posterior.draws.elasticity)}
    base = per_product(posterior.draws.log_base)
    curvature = per_product(posterior.intercept_curvature)
    _draw_base(generator_of(key_base), base, np.broadcast_to(curvature, base.shape))
    if not options.gamma:
        base[:, ~sold] = np.nan
    values["base_demand"] = base
    values |= _shared_draws(posterior.draws, panel, model, options)
    values |= dict(zip(model.names, _natural(posterior.points, model.names), strict=True))
    groups = {"posterior": {name: draws[None] for name, draws in values.items()}}
    tree = labelled(groups, panel)
    analytic = {name: per_product(getattr(posterior, name)) for name in ("mean", "sd", "skewness")}
    analytic["informed"] = (sold & _moved(panel)) | options.gamma
    tree["analytic"] = product_table(analytic, panel)
    return tree


def _moved(panel):
    """Whether a product had more than one price."""
    highest = np.where(panel.observed, panel.price, -np.inf).max(axis=1)
    return highest > np.where(panel.observed, panel.price, np.inf).min(axis=1)


def _draw_base(
    noise: np.random.Generator,
    base: Float[np.ndarray, "draw product"],
    curvature: Float[np.ndarray, "draw product"],
) -> None:
    """Turn logs at the mode of the intercepts into draws from their Gamma, in place.

    By thm-whole-integral its shape is n + k, the ``curvature`` of the log intercept, and its mean
    is the mode of the log.
    """

    def draw(part):
        noise, demands, shapes = part
        np.exp(demands, out=demands)
        for demand, shape in zip(demands, shapes, strict=True):
            demand *= noise.standard_gamma(shape) / shape

    parts = (np.array_split(rows, _PARTS) for rows in (base, curvature))
    with ThreadPoolExecutor() as pool:  # NumPy's generators let other threads run
        list(pool.map(draw, zip(noise.spawn(_PARTS), *parts, strict=True)))


def _shared_draws(draws, panel, model, options):
    """Draws of what products share."""
    values = {}
    if options.scales.store > 0:
        values["global_elasticity"] = draws.centre
    if "category" in options.levels:
        values["category_elasticity"] = draws.coef[:, :, 0]
    if model.prior.learned:
        values["category_scale"] = draws.category_scale
    for position, name in enumerate(panel.covariates, start=1):
        values[f"effect_of_{name}"] = draws.coef[:, 0, position]
    time = draws.gamma @ np.asarray(model.prior.time.basis).T
    level = time.mean(axis=2)
    if options.gamma:
        values["category_level"] = level
    if options.time_effects and panel.n_periods > 1:
        values["time_effect"] = time - level[:, :, None]
    return values


def _natural(points, names):
    """Hyperparameters on their natural scales, one row each."""
    logs = [name in LOGS for name in names]
    return np.where(logs, np.exp(points), points).T


def _warn(pareto_k, tree):
    """Say where the approximation should not be trusted."""
    if pareto_k > _WORST_PARETO_K:
        warnings.warn(
            f"The hyperparameters' posterior is hard to describe (Pareto k of its points is "
            f"{pareto_k:.2f}, above {_WORST_PARETO_K}): check against fit_nuts.",
            ApproximationWarning,
            stacklevel=3,
        )
    skewness = np.abs(tree["analytic"]["skewness"])
    skewed = tree["analytic"]["product"].values[skewness.values > _SKEWED]
    if len(skewed):
        warnings.warn(
            f"{len(skewed)} products have elasticities far from normal, {str(skewed[0])!r} among "
            "them: take their intervals from the draws.",
            ApproximationWarning,
            stacklevel=3,
        )
