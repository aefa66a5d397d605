"""The only place that samples or optimises a NumPyro model; all results are labelled alike."""

import sys
from collections.abc import Callable, Collection, Mapping

import jax
import numpy as np
import xarray as xr
from numpyro import handlers, optim
from numpyro.infer import SVI, Predictive, Trace_ELBO, init_to_median
from numpyro.infer.autoguide import AutoNormal
from numpyro.infer.reparam import LocScaleReparam

from elastic_tutorial import validation as check
from elastic_tutorial.models.arrays import Array, Key
from elastic_tutorial.models.labels import dims_of, labelled
from elastic_tutorial.models.nuts import Program, Run, sample
from elastic_tutorial.models.precondition import coordinates, informed, mass_of
from elastic_tutorial.panels.panel import Panel

HIERARCHY = ("category_elasticity", "elasticity")  # sites that may be centred or not
_ADAM_DECAY = 0.01  # last step size over the first: the noise of the last steps falls with it
_START_DRAWS = 5  # of the prior, whose median a variational fit starts from


def fit_nuts(
    model: Callable,
    panel: Panel,
    *,
    key: Key[Array, ""],
    n_warmup: int = 1000,
    n_draws: int = 1000,
    n_chains: int = 4,
    target_accept: float = 0.98,
    centered: Collection[str] | None = None,
    precondition: xr.DataTree | None = None,
    dims: Mapping | None = None,
    progress_bar: bool | None = None,
) -> xr.DataTree:
    """Sample the posterior of a model with the no-U-turn sampler, in 64-bit floats.

    Parameters
    ----------
    model : callable
        ``model(panel, units)``; options are set with ``functools.partial``. Fits whose models
        differ in numbers only, on panels of one shape, share a compilation.
    panel : Panel
    key : jax.random.key
    n_warmup, n_draws, n_chains : int
        Draws per chain; chains run side by side.
    target_accept : float
        Between 0 and 1; the higher, the smaller the steps.
    centered : sequence of str
        Hierarchical sites (``elasticity``, ``category_elasticity``) to sample as they stand in the
        model. By default they are sampled as standardised distances from their mean, which suits
        products with little data; with much data for each product centring samples better.
    precondition : xarray.DataTree, optional
        A posterior with draws of the model's sites, as from ``fit_laplace``, to scale by: chains
        start at some of its draws, its covariances are the mass matrix (dense where the draws
        suffice), and warmup has but the step size to learn: 200 draws will do. By default a site
        is then centred if it knows more than its prior. What is sampled stays the same.
    dims : mapping from str to sequence of str, optional
        Dims of sites that a model of your own names: of each some of "product", "category" and
        "period", in the order of its axes. Other names are taken as they come.
    progress_bar : bool, optional
        By default only at a terminal, where each chain has a processor of its own.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` and ``sample_stats``, with dims chain, draw and product, category,
        period as they apply.

    Raises
    ------
    TypeError
        If ``panel`` is not a Panel.
    ValueError
        If ``centered`` names another site, ``dims`` another dim, or ``precondition`` does not fit
        the model and the panel.
    RuntimeError
        If the model has no finite density where a chain starts.

    References
    ----------
    Hoffman and Gelman (2014), JMLR 15; Papaspiliopoulos et al. (2007), Statistical Science 22(1).

    Examples
    --------
    >>> from elastic_tutorial import complete_pooling, simulate_store
    >>> size = {"n_products": 8, "n_categories": 2, "n_periods": 5}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> draws = {"n_warmup": 50, "n_draws": 20, "n_chains": 2}
    >>> posterior = fit_nuts(complete_pooling, store.panel, key=jax.random.key(1), **draws)
    >>> dict(posterior["posterior"]["elasticity"].sizes)
    {'chain': 2, 'draw': 20, 'product': 8}
    """
    check.instance("panel", panel, Panel)
    dims = dims_of(dims)
    key_program, key_run, key_start = jax.random.split(key, 3)
    centered, points = _coordinates(model, panel, centered, precondition)
    start, blocks, mass = None, None, None
    if points is not None:
        start = _some_of(points, key_start, n_chains)
        blocks, mass = mass_of(points)
    config = {site: LocScaleReparam(0) for site in HIERARCHY if site not in centered}
    shown = sys.stderr.isatty() if progress_bar is None else progress_bar
    run = Run(n_warmup, n_draws, n_chains, target_accept, object() if shown else None, blocks)
    program = Program(handlers.reparam(model, config=config), (panel, panel.units), key_program)
    draws, stats = sample(program, run, key_run, start=start, mass=mass)
    groups = {"posterior": draws, "sample_stats": stats}
    return labelled(groups, panel, dims)


def fit_svi(
    model: Callable,
    panel: Panel,
    *,
    key: Key[Array, ""],
    n_steps: int,
    step_size: float = 0.01,
    n_draws: int = 1000,
) -> xr.DataTree:
    """Fit a model by mean-field variational inference: independent normals, by Adam.

    Parameters
    ----------
    model, panel, key
        As in ``fit_nuts``.
    n_steps : int
    step_size : float
        Of Adam; it decays by a factor of 100 over the run.
    n_draws : int
        Draws from the fitted normals.

    Returns
    -------
    xarray.DataTree
        As from ``fit_nuts``, with one chain; ``sample_stats`` has the ``loss`` of each step (the
        negative evidence lower bound).

    References
    ----------
    Kucukelbir et al. (2017), JMLR 18.

    Examples
    --------
    >>> from elastic_tutorial import complete_pooling, simulate_store
    >>> size = {"n_products": 8, "n_categories": 2, "n_periods": 5}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> posterior = fit_svi(complete_pooling, store.panel, key=jax.random.key(1), n_steps=50)
    >>> posterior["sample_stats"]["loss"].sizes["step"]
    50
    """
    check.instance("panel", panel, Panel)
    key_fit, key_draw = jax.random.split(key)
    guide = AutoNormal(model, init_loc_fn=init_to_median(num_samples=_START_DRAWS))
    decay = _ADAM_DECAY ** (1 / n_steps)
    svi = SVI(model, guide, optim.Adam(lambda step: step_size * decay**step), Trace_ELBO())
    with jax.numpy_rank_promotion("allow"):  # NumPyro's draws, several at once, broadcast silently
        result = svi.run(key_fit, n_steps, panel, panel.units, progress_bar=False)
        draws = guide.sample_posterior(key_draw, result.params, sample_shape=(n_draws,))
    draws = {name: values[None] for name, values in draws.items()}
    tree = labelled({"posterior": draws}, panel)
    tree["sample_stats"] = xr.Dataset({"loss": ("step", np.asarray(result.losses))})
    return tree


def prior_predictive(
    model: Callable, panel: Panel, *, key: Key[Array, ""], n_draws: int = 500
) -> xr.DataTree:
    """Draw parameters from the prior and sales from the parameters.

    Parameters
    ----------
    model, panel, key
        As in ``fit_nuts``. Of the panel prices and labels are used and, where intercepts are
        fixed, the totals.
    n_draws : int

    Returns
    -------
    xarray.DataTree
        Groups ``prior`` and ``prior_predictive`` (``units``, NaN where the panel has no cell), with
        one chain.

    Raises
    ------
    ValueError
        If the prior leads to means above 2^53 units a period, where counts are no longer exact.

    Examples
    --------
    >>> from elastic_tutorial import complete_pooling, simulate_store
    >>> size = {"n_products": 8, "n_categories": 2, "n_periods": 5}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> tree = prior_predictive(complete_pooling, store.panel, key=jax.random.key(1), n_draws=10)
    >>> tree["prior_predictive"]["units"].shape
    (1, 10, 8, 5)
    """
    check.instance("panel", panel, Panel)
    draws = Predictive(model, num_samples=n_draws)(key, panel)
    draws = {name: values[None] for name, values in draws.items()}
    share = float(np.mean(draws["units"][..., panel.observed] == -1))
    if share:
        raise ValueError(
            f"{share:.2%} of the simulated sales have means above 2^53 units a period; narrow the "
            "prior of the level of demand, as with priors={'base_sd': 3.0, 'level_sd': 3.0}."
        )
    draws["units"] = np.where(panel.observed, draws["units"], np.nan)
    return labelled({"prior": draws, "prior_predictive": {"units": draws.pop("units")}}, panel)


def posterior_predictive(
    model: Callable, posterior: xr.DataTree, panel: Panel, *, key: Key[Array, ""]
) -> xr.DataTree:
    """Draw new sales for each posterior draw.

    Parameters
    ----------
    model
        As in ``fit_nuts``.
    posterior : xarray.DataTree
        From ``fit_nuts`` or ``fit_svi`` of the same model.
    panel, key
        As in ``fit_nuts``; the panel may have other prices than the one that was fitted.

    Returns
    -------
    xarray.DataTree
        Group ``posterior_predictive`` (``units``); NaN where the panel has no cell.

    Examples
    --------
    >>> from elastic_tutorial import complete_pooling, simulate_store
    >>> size = {"n_products": 8, "n_categories": 2, "n_periods": 5}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> fit = fit_svi(complete_pooling, store.panel, key=jax.random.key(1), n_steps=50, n_draws=9)
    >>> new = posterior_predictive(complete_pooling, fit, store.panel, key=jax.random.key(2))
    >>> new["posterior_predictive"]["units"].shape
    (1, 9, 8, 5)
    """
    check.instance("panel", panel, Panel)
    draws = {name: values.values for name, values in posterior["posterior"].data_vars.items()}
    units = Predictive(model, posterior_samples=draws, batch_ndims=2)(key, panel)["units"]
    units = np.where(panel.observed, units, np.nan)
    return labelled({"posterior_predictive": {"units": units}}, panel)


def _coordinates(model, panel, centered, precondition):
    """Sites to centre and, given a posterior to scale by, its draws as the sampler sees them."""
    unknown = set(centered or ()) - set(HIERARCHY)
    if unknown:
        raise ValueError(f"centered must name some of {', '.join(HIERARCHY)}; got {unknown}.")
    if precondition is None:
        return centered or (), None
    points, distances = coordinates(model, panel, precondition, HIERARCHY)
    if centered is None:
        centered = informed(distances)
    for name in set(distances) - set(centered):
        points[f"{name}_decentered"] = distances[name]
        del points[name]
    return centered, points


def _some_of(points, key, n_chains):
    """Pick a draw for each chain to start from."""
    rows = jax.random.choice(key, len(next(iter(points.values()))), (n_chains,))
    return {name: values[rows] for name, values in points.items()}
