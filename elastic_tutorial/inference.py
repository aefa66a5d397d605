"""The only place that samples or optimises a NumPyro model; all results are labelled alike."""

import sys

import arviz as az
import jax
import numpy as np
import xarray as xr
from numpyro import handlers, optim
from numpyro.infer import MCMC, NUTS, SVI, Predictive, Trace_ELBO, init_to_median
from numpyro.infer.autoguide import AutoNormal
from numpyro.infer.reparam import LocScaleReparam

from elastic_tutorial import _validation as check
from elastic_tutorial.panel import Panel

jax.config.update("jax_enable_x64", True)

HIERARCHY = ("category_elasticity", "elasticity")
DIMS = {
    "elasticity": ["product"],
    "log_base_demand": ["product"],
    "category_elasticity": ["category"],
    "time_effect": ["category", "period"],
    "units": ["product", "period"],
}
STATS = {"diverging": "diverging", "num_steps": "n_steps", "accept_prob": "acceptance_rate"}


def fit_nuts(
    model,
    panel,
    *,
    key,
    n_warmup=1000,
    n_draws=1000,
    n_chains=4,
    target_accept=0.98,
    centered=(),
    progress_bar=None,
):
    """Sample the posterior of a model with the no-U-turn sampler, in 64-bit floats.

    Parameters
    ----------
    model : callable
        ``model(panel, units)``; options are set with ``functools.partial``.
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
    progress_bar : bool, optional
        By default only at a terminal.

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
        If ``centered`` names another site.

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
    unknown = set(centered) - set(HIERARCHY)
    if unknown:
        raise ValueError(f"centered must name some of {', '.join(HIERARCHY)}; got {unknown}.")
    config = {site: LocScaleReparam(0) for site in HIERARCHY if site not in centered}
    kernel = NUTS(
        handlers.reparam(model, config=config),
        target_accept_prob=target_accept,
        init_strategy=init_to_median(num_samples=5),
    )
    mcmc = MCMC(
        kernel,
        num_warmup=n_warmup,
        num_samples=n_draws,
        num_chains=n_chains,
        chain_method="parallel" if jax.local_device_count() >= n_chains else "vectorized",
        progress_bar=sys.stderr.isatty() if progress_bar is None else progress_bar,
    )
    mcmc.run(key, panel, panel.units, extra_fields=tuple(STATS))
    stats = mcmc.get_extra_fields(group_by_chain=True)
    groups = {
        "posterior": mcmc.get_samples(group_by_chain=True),
        "sample_stats": {name: stats[field] for field, name in STATS.items()},
    }
    return _labelled(groups, panel)


def fit_svi(model, panel, *, key, n_steps, step_size=0.01, n_draws=1000):
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
    guide = AutoNormal(model, init_loc_fn=init_to_median(num_samples=5))
    decay = 0.01 ** (1 / n_steps)
    svi = SVI(model, guide, optim.Adam(lambda step: step_size * decay**step), Trace_ELBO())
    result = svi.run(key_fit, n_steps, panel, panel.units, progress_bar=False)
    draws = guide.sample_posterior(key_draw, result.params, sample_shape=(n_draws,))
    draws = {name: values[None] for name, values in draws.items()}
    tree = _labelled({"posterior": draws}, panel)
    tree["sample_stats"] = xr.Dataset({"loss": ("step", np.asarray(result.losses))})
    return tree


def prior_predictive(model, panel, *, key, n_draws=500):
    """Draw parameters from the prior and sales from the parameters.

    Parameters
    ----------
    model, panel, key
        As in ``fit_nuts``. Of the panel prices and labels are used and, where intercepts are
        eliminated, the totals.
    n_draws : int

    Returns
    -------
    xarray.DataTree
        Groups ``prior`` and ``prior_predictive`` (``units``, NaN where the panel has no cell), with
        one chain.

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
    draws["units"] = np.where(panel.observed, draws["units"], np.nan)
    return _labelled({"prior": draws, "prior_predictive": {"units": draws.pop("units")}}, panel)


def posterior_predictive(model, posterior, panel, *, key):
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
    return _labelled({"posterior_predictive": {"units": units}}, panel)


def _labelled(groups, panel):
    """Put draws under the names of the model and the labels of the panel."""
    kept = {
        group: {k: np.asarray(v) for k, v in draws.items() if not k.endswith("_decentered")}
        for group, draws in groups.items()
    }
    coords = {
        "product": panel.products,
        "category": panel.categories,
        "period": panel.periods,
    }
    used = {dim for draws in kept.values() for name in draws for dim in DIMS.get(name, ())}
    coords = {dim: labels for dim, labels in coords.items() if dim in used}
    return az.from_dict(kept, dims=DIMS, coords=coords)
