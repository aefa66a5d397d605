"""Models of a panel's sales: NumPyro functions of the data, and nothing else."""

from collections.abc import Collection, Mapping
from typing import cast

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from elastic_tutorial.models.arrays import Array, Float, Num
from elastic_tutorial.models.priors import LEVELS, check_levels, completed, scales_of
from elastic_tutorial.models.sales_laws import CountSales, GammaPoissonSales, MultinomialSales
from elastic_tutorial.panels.panel import Panel

INTERCEPTS = ("fixed", "kept", "gamma")
LIKELIHOODS = ("poisson", "negative_binomial")


def partial_pooling(
    panel: Panel,
    units: Num[Array | np.ndarray, "product period"] | None = None,
    *,
    levels: Collection[str] = LEVELS,
    category_scale: float | None = None,
    elasticity_scale: float | None = None,
    time_effects: bool = True,
    intercept: str = "fixed",
    likelihood: str = "poisson",
    priors: Mapping | None = None,
) -> Num[Array | np.ndarray, "product period"]:
    """Product elasticities drawn from their category's, categories' from the store's.

    Parameters
    ----------
    panel : Panel
        Covariates enter with one coefficient each.
    units : array, shape (product, period), optional
        Sales to condition on; None to simulate.
    levels : subset of ("global", "category", "product")
        Without "product" all products of a category share its elasticity; without "category"
        products are drawn from the store's; without "global" categories are independent.
    category_scale, elasticity_scale : float, optional
        Standard deviation of categories around the store and of products around their category;
        learned when None.
    time_effects : bool
        Category-by-period effects, as contrasts that sum to zero over the periods.
    intercept : {"fixed", "kept", "gamma"}
        What is known of a product's level of demand. "fixed": nothing; the model is conditional on
        its total. "kept": it is a parameter with a prior of its own, ``log_base_demand``. "gamma":
        it is its category's, ``category_level``, times a draw from a Gamma with mean 1 and shape
        ``shape``, at the log price ``pivot`` (less the mean log price of the panel); with Poisson
        sales that draw is integrated out, else it is the site ``base``.
    likelihood : {"poisson", "negative_binomial"}
        The latter has variance mean + ``dispersion`` * mean^2.
    priors : mapping, optional
        Replacements for entries of ``PRIORS``. Those of the intercepts are so wide that simulated
        sales may pass 2^53 units a period; they are then -1, and ``prior_predictive`` refuses.

    Returns
    -------
    array, shape (product, period)
        ``units``, or simulated ones.

    Raises
    ------
    ValueError
        If ``levels``, ``intercept``, ``likelihood`` or a name in ``priors`` is unknown, or fixed
        intercepts are asked for with negative binomial sales, whose total is not sufficient.

    Examples
    --------
    >>> from elastic_tutorial import simulate_store
    >>> size = {"n_products": 8, "n_categories": 2, "n_periods": 5}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> with numpyro.handlers.seed(rng_seed=1):
    ...     units = partial_pooling(store.panel)
    >>> units.shape
    (8, 5)
    """
    priors = completed(priors)
    _check_options(levels, intercept, likelihood)
    scales = scales_of(levels, category_scale, elasticity_scale, priors)
    above, elasticity = _elasticities(panel, levels, scales, priors)
    log_price = _log_price(panel, by_product=intercept != "gamma")
    log_demand = elasticity[:, None] * log_price
    if intercept == "gamma" and "product" in levels:
        pivot = _sample("pivot", dist.Normal(0, priors["pivot_sd"]))
        log_demand = log_demand - (elasticity - above)[:, None] * pivot
    for name, values in panel.covariates.items():
        effect = _sample(f"effect_of_{name}", dist.Normal(0, priors["covariate_sd"]))
        log_demand = log_demand + effect * np.where(panel.observed, np.nan_to_num(values), 0)
    if time_effects and panel.n_periods > 1:
        with numpyro.plate("category", panel.n_categories):
            contrast = dist.ZeroSumNormal(priors["time_sd"], (panel.n_periods,))
            effect = _sample("time_effect", contrast)
        log_demand = log_demand + effect[panel.category]
    if units is not None:
        units = jnp.where(panel.observed, jnp.nan_to_num(units), 0)
    law = _law(panel, log_demand, intercept, likelihood, priors)
    if law.event_shape:
        with numpyro.plate("product", panel.n_products):
            return _sample("units", law, obs=units)
    return _sample("units", law.mask(panel.observed), obs=units)


def complete_pooling(
    panel: Panel, units: Num[Array | np.ndarray, "product period"] | None = None, **options
) -> Num[Array | np.ndarray, "product period"]:
    """One elasticity for all products of the store.

    Parameters
    ----------
    panel, units
        As in ``partial_pooling``.
    **options
        Those of ``partial_pooling`` other than ``levels``.

    Returns
    -------
    array, shape (product, period)
        ``units``, or simulated ones.

    Examples
    --------
    >>> from elastic_tutorial import simulate_store
    >>> size = {"n_products": 8, "n_categories": 2, "n_periods": 5}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> with numpyro.handlers.seed(rng_seed=1):
    ...     units = complete_pooling(store.panel)
    """
    return partial_pooling(panel, units, levels=("global",), **options)


def no_pooling(
    panel: Panel, units: Num[Array | np.ndarray, "product period"] | None = None, **options
) -> Num[Array | np.ndarray, "product period"]:
    """One elasticity for each product, none learning from another.

    The prior of each has the mean and the variance that ``partial_pooling`` implies for a single
    product.

    Parameters
    ----------
    panel, units
        As in ``partial_pooling``.
    **options
        Those of ``partial_pooling`` other than ``levels``.

    Returns
    -------
    array, shape (product, period)
        ``units``, or simulated ones.

    Examples
    --------
    >>> from elastic_tutorial import simulate_store
    >>> size = {"n_products": 8, "n_categories": 2, "n_periods": 5}
    >>> store = simulate_store(np.random.default_rng(1), **size, price_change_prob=0.5)
    >>> with numpyro.handlers.seed(rng_seed=1):
    ...     units = no_pooling(store.panel)
    """
    return partial_pooling(panel, units, levels=("product",), **options)


def _check_options(levels, intercept, likelihood):
    """Refuse options that are unknown or do not go together."""
    check_levels(levels)
    for name, known, value in (
        ("intercept", INTERCEPTS, intercept),
        ("likelihood", LIKELIHOODS, likelihood),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}.")
    if intercept == "fixed" and likelihood == "negative_binomial":
        raise ValueError(
            "fixed intercepts leave negative binomial sales only in Poisson form; use "
            "intercept='gamma' or intercept='kept' with likelihood='negative_binomial'."
        )


def _elasticities(panel, levels, scales, priors):
    """Sample the levels that there are; return what is above each product, and its elasticity."""
    store = priors["global_mean"]
    if "global" in levels:
        store = _sample("global_elasticity", dist.Normal(store, scales.store))
    above = jnp.broadcast_to(store, (panel.n_products,))
    if "category" in levels:
        spread = _learned_or_given("category_scale", scales.category)
        with numpyro.plate("category", panel.n_categories):
            of_category = _sample("category_elasticity", dist.Normal(store, spread))
        above = of_category[panel.category]
    if "product" not in levels:
        return above, numpyro.deterministic("elasticity", above)
    spread = _learned_or_given("elasticity_scale", scales.product)
    with numpyro.plate("product", panel.n_products):
        return above, _sample("elasticity", dist.Normal(above, spread))


def _sample(name, law, obs=None) -> Array:
    """Sample from a law of arrays; by its signature NumPyro may return a number instead."""
    return cast("Array", numpyro.sample(name, law, obs=obs))


def _learned_or_given(name, scale):
    """Sample a scale that is learned."""
    if not scale.learned:
        return scale.value
    return _sample(name, dist.HalfNormal(scale.value))


def _log_price(panel: Panel, *, by_product: bool) -> Float[np.ndarray, "product period"]:
    """Log price centred by product or over the panel, 0 where not observed."""
    log_price = panel.log_price
    centre = np.nanmean(log_price, axis=1, keepdims=True) if by_product else np.nanmean(log_price)
    return np.nan_to_num(log_price - centre)


def _law(panel, log_demand, intercept, likelihood, priors):
    """Law of the sales, given the log demand of each cell up to a product's intercept."""
    poisson = likelihood == "poisson"
    if intercept == "fixed":
        return MultinomialSales(panel.total_units, log_demand, panel.observed)
    dispersion = None
    if not poisson:
        dispersion = _sample("dispersion", dist.HalfNormal(priors["dispersion_sd"]))
    if intercept == "kept":
        with numpyro.plate("product", panel.n_products):
            base = _sample("log_base_demand", dist.Normal(0, priors["base_sd"]))
        return CountSales(base[:, None] + log_demand, dispersion)
    with numpyro.plate("category", panel.n_categories):
        level = _sample("category_level", dist.Normal(0, priors["level_sd"]))
    log_demand = log_demand + level[panel.category][:, None]
    prior = dist.LogNormal(priors["shape_log_mean"], priors["shape_log_sd"])
    shape = _sample("shape", prior)
    if poisson:
        return GammaPoissonSales(shape, log_demand, panel.observed)
    with numpyro.plate("product", panel.n_products):
        base = _sample("base", dist.Gamma(shape, shape))
    return CountSales(jnp.log(base)[:, None] + log_demand, dispersion)
