"""The posterior of a whole store by nested Laplace approximation, with its structure written out.

For each product the intercept is integrated exactly and the elasticity by quadrature; time effects
and category elasticities by a Gaussian around their mode, whose Hessian is an arrow; category
scales on a grid; the remaining hyperparameters by a Gaussian, or by weighted points where a look
at their log density shows that it is none.
"""

import warnings
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from elastic_tutorial import validation as check
from elastic_tutorial.laplace import design, explore, hyper
from elastic_tutorial.models.labels import DIMS, SKEWED, labelled
from elastic_tutorial.models.poolings import LEVELS, _priors
from elastic_tutorial.panels.panel import Panel

LIKELIHOODS, INTERCEPTS = ("poisson", "negative_binomial"), ("gamma", "fixed")
_UNIT = {"elasticity_scale": 0.1, "shape": 0.2, "pivot": 0.5, "dispersion": 0.2}
_MANY_CELLS = 600_000  # above, hyperparameters are first learned on some of the products
_SOME_PRODUCTS = (1_000, 5_000)
_PARTS = 16  # of the draws, each with random numbers of its own
_MORE_DIMS = {"base_demand": ["product"], "category_level": ["category"]}


class ApproximationWarning(UserWarning):
    """A posterior that the approximation may describe poorly; the message says where."""


def fit_laplace(
    panel,
    *,
    key,
    likelihood="poisson",
    intercept="gamma",
    levels=LEVELS,
    category_scale=None,
    elasticity_scale=None,
    time_effects=True,
    priors=None,
    n_draws=1000,
    devices=None,
):
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
    options = {
        "levels": set(levels),
        "gamma": intercept == "gamma",
        "overdispersed": likelihood == "negative_binomial",
        "time_effects": time_effects,
        "scales": design.scales_of(levels, category_scale, elasticity_scale, _priors(priors)),
        "priors": _priors(priors),
    }
    blocks, model = design.lay_out(panel, options, devices=devices)
    # The matrices given to LAPACK are small; more threads spend their time waiting for each other.
    with threadpool_limits(1, user_api="blas"):
        peak, falls = _find_peak(panel, model, options)
        gaussian = explore.is_gaussian(falls[1], model.cells.units.size)
        integrate = explore.gaussian if gaussian else explore.points
        found = integrate(key, model, peak, *falls, blocks.current, n_draws)
    tree = _labelled(found, blocks, panel, model, options, key)
    _warn(found, tree)
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
    """Peak of the hyperparameters, and how the log density falls around it.

    In a large store they are first learned on some of the products, then on more, then on all.
    """
    sizes = [n for n in _SOME_PRODUCTS if 2 * n < panel.n_products]
    sizes *= model.cells.units.size > _MANY_CELLS
    stages = [design.lay_out(panel, options, products=_some(panel, n))[1] for n in sizes]
    stages = [*stages, model]
    peak = _first_peak(panel, stages[0], options)
    falls = explore.drops(stages[0], peak)
    for n, stage in zip([*sizes, panel.n_products][1:], stages[1:], strict=True):
        peak = _carried(stage, peak, sizes[0] / n)
    if not peak.mode.decrement < 1e-6:
        raise RuntimeError("the mode of the posterior was not found; simplify the model.")
    if not sizes:
        return peak, falls
    # The more products, the narrower and the more Gaussian.
    share = sizes[0] / panel.n_products
    narrower = 1 + (np.sqrt(2 / np.clip(falls[1], 0.5, 8)) - 1) * np.sqrt(share)
    return peak._replace(covariance=share * peak.covariance), (
        falls[0] * np.sqrt(share),
        2 / narrower**2,
    )


def _first_peak(panel, model, options):
    """Peak of the hyperparameters, from the start."""
    point = np.array([design.START[k] for k in model.names])
    logs = [k in hyper.LOGS for k in model.names]
    point[logs] = np.log(point[logs])
    unit = np.array([_UNIT[k] for k in model.names])
    start = hyper.start_of(model, design.levels_of_demand(panel, options))
    at = hyper.evaluate(model, point, start, model.prior.category_scale)
    scale = at.category_scale
    # Before the noise is known, elasticities would be taken for it: first the rest.
    rest = [k in ("shape", "dispersion") for k in model.names]
    point, at, _ = hyper.climb(model, point, at, scale, np.diag(rest * unit**2))
    point, at, _ = hyper.climb(model, point, at, scale, np.diag(unit**2))
    covariance = hyper.curvature(model, point, at.mode, scale, unit / 4)
    point, at, _ = hyper.climb(model, point, at, scale, covariance)
    return hyper.Peak(point, covariance, float(at.value), at.mode, at.category_scale)


def _carried(model, peak, share):
    """Carry a peak from a share of the products to more of them; keep its covariance."""
    rows = jnp.zeros(model.cells.units.shape[:2])
    fresh = lambda state: state._replace(delta=rows, z=rows)  # noqa: E731
    start = peak.mode._replace(state=fresh(peak.mode.state), tilt=fresh(peak.mode.tilt))
    start = start._replace(decrement=jnp.full((), jnp.inf))
    at = hyper.evaluate(model, peak.point, start, peak.category_scale)
    climb = model, peak.point, at, peak.category_scale, share * peak.covariance
    point, at, _ = hyper.climb(*climb)
    return hyper.Peak(point, peak.covariance, float(at.value), at.mode, at.category_scale)


def _some(panel, n):
    """Evenly spaced products of every category."""
    order = np.argsort(panel.category, kind="stable")
    return np.sort(order[:: panel.n_products // n])


def _labelled(found, blocks, panel, model, options, key):
    """Put draws and moments under the labels of the panel."""
    per_product = lambda values: values.reshape(*values.shape[:-2], -1)[..., blocks.place]  # noqa: E731
    draws = found.draws
    values = {"elasticity": per_product(draws.elasticity)}
    base = per_product(draws.log_base)
    _spread_base(base, np.broadcast_to(per_product(found.own), base.shape), key)
    sold = panel.total_units > 0
    if not options["gamma"]:
        base[:, ~sold] = np.nan
    values["base_demand"] = base
    values |= _shared_draws(draws, panel, model, options)
    values |= dict(zip(model.names, _natural(found.points, model.names), strict=True))
    highest = np.where(panel.observed, panel.price, -np.inf).max(axis=1)
    moves = highest > np.where(panel.observed, panel.price, np.inf).min(axis=1)
    analytic = {
        "mean": per_product(found.mean),
        "sd": per_product(found.sd),
        "skewness": per_product(found.skewness),
        "informed": (sold & moves) | options["gamma"],
    }
    groups = {"posterior": {name: each[None] for name, each in values.items()}}
    tree = labelled(groups, panel, DIMS | _MORE_DIMS)
    table = {name: ("product", each) for name, each in analytic.items()}
    tree["analytic"] = xr.Dataset(table, coords={"product": panel.products})
    return tree


def _spread_base(base, own, key):
    """Turn logs at the mode of the intercepts into draws, in place; ``own`` is their curvature."""

    def spread(part):
        noise, demands, shapes = part
        np.exp(demands, out=demands)
        for demand, shape in zip(demands, shapes, strict=True):
            demand *= noise.standard_gamma(shape) / shape

    noise = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel()).spawn(_PARTS)
    parts = (np.array_split(each, _PARTS) for each in (base, own))
    with ThreadPoolExecutor() as pool:  # NumPy's generators let other threads run
        list(pool.map(spread, zip(noise, *parts, strict=True)))


def _shared_draws(draws, panel, model, options):
    """Draws of what products share."""
    values, scales = {}, options["scales"]
    if scales["global"] > 0:
        values["global_elasticity"] = draws.centre
    if options["levels"] & {"category"}:
        values["category_elasticity"] = draws.coef[:, :, 0]
    if model.prior.learned:
        values["category_scale"] = draws.category_scale
    for position, name in enumerate(panel.covariates, start=1):
        values[f"effect_of_{name}"] = draws.coef[:, 0, position]
    time = draws.gamma @ np.asarray(model.prior.time.basis).T
    level = time.mean(axis=2)
    if options["gamma"]:
        values["category_level"] = level
    if options["time_effects"] and panel.n_periods > 1:
        values["time_effect"] = time - level[:, :, None]
    return values


def _natural(points, names):
    """Hyperparameters on their natural scales, one row each."""
    logs = [name in hyper.LOGS for name in names]
    return np.where(logs, np.exp(points), points).T


def _warn(found, tree):
    """Say where the approximation should not be trusted."""
    if found.pareto_k > 0.7:
        warnings.warn(
            f"The hyperparameters' posterior is hard to describe (Pareto k of its points is "
            f"{found.pareto_k:.2f}, above 0.7): check against fit_nuts.",
            ApproximationWarning,
            stacklevel=3,
        )
    skewness = np.abs(tree["analytic"]["skewness"])
    skewed = tree["analytic"]["product"].values[skewness.values > SKEWED]
    if len(skewed):
        warnings.warn(
            f"{len(skewed)} products have elasticities far from normal, {str(skewed[0])!r} among "
            "them: elasticity_summary takes their intervals from the draws.",
            ApproximationWarning,
            stacklevel=3,
        )
