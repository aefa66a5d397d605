"""Models of a panel's sales: NumPyro functions of the data, and nothing else.

Importing this module sets JAX to 64-bit floats: in 32 bits the likelihood of a large store rounds
away what distinguishes one elasticity from another, and samplers fail silently.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import gammaln, logsumexp
from numpyro.distributions import constraints

jax.config.update("jax_enable_x64", True)

LEVELS = ("global", "category", "product")
PRIORS = {
    "global_mean": -1.5,  # of the store's elasticity
    "global_sd": 0.5,
    "scale_sd": 0.5,  # half-normal, of both scales
    "time_sd": 2.0,  # of a category's log demand in a period
    "covariate_sd": 1.0,
    "base_sd": 10.0,  # of a product's log units a period, when its intercept is kept
}


class MultinomialSales(dist.Distribution):
    """Sales of a product over the periods, given its total.

    Independent Poisson sales with means ``exp(intercept + logits)``, conditional on their sum: the
    intercept is gone, as the base rate was in chapter 3.

    Parameters
    ----------
    total_units : array, shape (product,)
    logits : array, shape (product, period)
    observed : array of bool, shape (product, period)
        Cells that are not observed have no sales.
    validate_args : bool, optional
        As for every NumPyro distribution.

    Examples
    --------
    >>> logits = jnp.zeros((1, 2))
    >>> sales = MultinomialSales(jnp.array([3]), logits, jnp.ones((1, 2), bool))
    >>> jnp.exp(sales.log_prob(jnp.array([[1, 2]]))).round(3).tolist()  # 3 / 2^3
    [0.375]
    """

    arg_constraints = {  # noqa: RUF012
        "total_units": constraints.nonnegative,
        "logits": constraints.real_vector,
    }
    support = constraints.independent(constraints.nonnegative, 1)
    pytree_data_fields = ("total_units", "logits", "observed")

    def __init__(self, total_units, logits, observed, *, validate_args=None):
        self.total_units, self.logits, self.observed = total_units, logits, observed
        shape = jnp.shape(logits)
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def log_prob(self, value):
        """Log probability of a row of sales, shape (product,)."""
        log_total = logsumexp(self.logits, axis=-1, where=self.observed, keepdims=True)
        cells = value * (self.logits - log_total) - gammaln(value + 1)
        split = jnp.sum(jnp.where(self.observed, cells, 0), axis=-1)
        return split + gammaln(self.total_units + 1)

    def sample(self, key, sample_shape=()):
        """Split each total over the observed periods."""
        share = jax.nn.softmax(jnp.where(self.observed, self.logits, -jnp.inf), axis=-1)
        shape = sample_shape + jnp.shape(self.logits)
        total = jnp.broadcast_to(self.total_units, shape[:-1]).astype(share.dtype)
        return jax.random.multinomial(key, total, jnp.broadcast_to(share, shape))


def partial_pooling(
    panel,
    units=None,
    *,
    levels=LEVELS,
    category_scale=None,
    elasticity_scale=None,
    time_effects=True,
    intercept="eliminated",
    priors=None,
):
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
    intercept : {"eliminated", "kept"}
        Condition on each product's total, or keep its level of demand as a parameter.
    priors : mapping, optional
        Replacements for entries of ``PRIORS``.

    Returns
    -------
    array, shape (product, period)
        ``units``, or simulated ones.

    Raises
    ------
    ValueError
        If ``levels``, ``intercept`` or a name in ``priors`` is unknown.

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
    priors = _priors(priors)
    if not set(levels) <= set(LEVELS) or not levels:
        raise ValueError(f"levels must be some of {', '.join(LEVELS)}; got {levels!r}.")
    by_product = _elasticities(panel, levels, category_scale, elasticity_scale, priors)
    log_price, observed = _arrays(panel)
    logits = by_product[:, None] * log_price
    for name, values in panel.covariates.items():
        effect = numpyro.sample(f"effect_of_{name}", dist.Normal(0, priors["covariate_sd"]))
        logits = logits + effect * jnp.where(observed, jnp.nan_to_num(values), 0)
    if time_effects and panel.n_periods > 1:
        with numpyro.plate("category", panel.n_categories):
            contrast = dist.ZeroSumNormal(priors["time_sd"], (panel.n_periods,))
            effect = numpyro.sample("time_effect", contrast)
        logits = logits + effect[panel.category]
    return _sales(panel, logits, observed, units, intercept, priors)


def complete_pooling(panel, units=None, **options):
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


def no_pooling(panel, units=None, **options):
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


def _priors(priors):
    """Fill in the priors that were not replaced."""
    unknown = set(priors or {}) - set(PRIORS)
    if unknown:
        raise ValueError(f"priors must be among {', '.join(PRIORS)}; got {sorted(unknown)}.")
    return PRIORS | dict(priors or {})


def _scale(name, fixed, priors):
    """Return a scale that is given, or learn it."""
    if fixed is not None:
        return fixed
    return numpyro.sample(name, dist.HalfNormal(priors["scale_sd"]))


def _elasticities(panel, levels, category_scale, elasticity_scale, priors):
    """Sample the levels that there are; return the elasticity of each product."""
    centre, variance = priors["global_mean"], priors["global_sd"] ** 2
    if "global" in levels:
        prior = dist.Normal(centre, priors["global_sd"])
        centre, variance = numpyro.sample("global_elasticity", prior), None
    by_product = jnp.broadcast_to(centre, (panel.n_products,))
    if "category" in levels:
        # A level that is missing above adds its prior variance to this one.
        if variance is None:
            spread = _scale("category_scale", category_scale, priors)
        else:
            spread = np.sqrt(variance + _square(category_scale, priors))
        with numpyro.plate("category", panel.n_categories):
            of_category = numpyro.sample("category_elasticity", dist.Normal(centre, spread))
        by_product, variance = of_category[panel.category], None
    if "product" in levels:
        if variance is None:
            spread = _scale("elasticity_scale", elasticity_scale, priors)
        else:
            squares = _square(category_scale, priors) + _square(elasticity_scale, priors)
            spread = np.sqrt(variance + squares)
        with numpyro.plate("product", panel.n_products):
            return numpyro.sample("elasticity", dist.Normal(by_product, spread))
    return numpyro.deterministic("elasticity", by_product)


def _square(fixed, priors):
    """Prior mean of a squared scale."""
    return priors["scale_sd"] ** 2 if fixed is None else fixed**2


def _arrays(panel):
    """Log price centred by product, 0 where not observed, and the mask."""
    log_price = panel.log_price
    centred = log_price - np.nanmean(log_price, axis=1, keepdims=True)
    return jnp.asarray(np.nan_to_num(centred)), jnp.asarray(panel.observed)


def _sales(panel, logits, observed, units, intercept, priors):
    """Sales given the log demand of each cell, up to a product's intercept."""
    if units is not None:
        units = jnp.where(observed, jnp.nan_to_num(units), 0)
    if intercept == "eliminated":
        with numpyro.plate("product", panel.n_products):
            sales = MultinomialSales(jnp.asarray(panel.total_units), logits, observed)
            return numpyro.sample("units", sales, obs=units)
    if intercept != "kept":
        raise ValueError(f"intercept must be 'eliminated' or 'kept'; got {intercept!r}.")
    with numpyro.plate("product", panel.n_products):
        base = numpyro.sample("log_base_demand", dist.Normal(0, priors["base_sd"]))
    sales = dist.Poisson(jnp.exp(base[:, None] + logits)).mask(observed)
    return numpyro.sample("units", sales, obs=units)
