"""Laws of a product's sales over the periods, with its intercept integrated out or in place."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, logsumexp
from numpyro import distributions as dist

from elastic_tutorial.models.arrays import Array, Float, Num, RawKey

LARGEST = 2.0**53  # units a period; whole numbers above it are not told apart by 64-bit floats


class MultinomialSales(dist.Distribution):
    """Sales of a product over the periods, given its total.

    Independent Poisson sales with means ``exp(intercept + logits)``, conditional on their sum: the
    intercept is gone, as the base rate was in chapter 3. Sales that do not add up to the total, or
    that stand in cells which were not observed, have probability 0.

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
        "total_units": dist.constraints.nonnegative,
        "logits": dist.constraints.real_vector,
    }
    support = dist.constraints.independent(dist.constraints.nonnegative, 1)
    pytree_data_fields = ("total_units", "logits", "observed")

    def __init__(self, total_units, logits, observed, *, validate_args=None):
        self.total_units, self.logits, self.observed = total_units, logits, observed
        shape = jnp.shape(logits)
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def log_prob(self, value: Num[Array | np.ndarray, "*row period"]) -> Float[Array, "..."]:
        """Log probability of a row of sales, shape (product,)."""
        log_total = logsumexp(self.logits, axis=-1, where=self.observed, keepdims=True)
        possible = _possible(value, self.observed)
        value = jnp.where(self.observed, value, 0)
        possible = possible & (jnp.sum(value, axis=-1) == self.total_units)
        cells = value * (self.logits - log_total) - gammaln(value + 1)
        split = jnp.sum(jnp.where(self.observed, cells, 0), axis=-1)
        return jnp.where(possible, split + gammaln(self.total_units + 1), -jnp.inf)

    def sample(self, key: RawKey, sample_shape: tuple = ()) -> Num[Array, "..."]:
        """Split each total over the observed periods."""
        share = jax.nn.softmax(jnp.where(self.observed, self.logits, -jnp.inf), axis=-1)
        shape = sample_shape + jnp.shape(self.logits)
        total = jnp.broadcast_to(self.total_units, shape[:-1]).astype(share.dtype)
        return jax.random.multinomial(key, total, jnp.broadcast_to(share, shape))


class GammaPoissonSales(dist.Distribution):
    """Sales of a product over the periods, its base demand drawn from a Gamma and integrated out.

    Given ``g``, which is Gamma(shape, rate=shape) and so has mean 1, sales are independent Poisson
    with means ``g * exp(log_demand)``: chapter 3's integral, once for each product. Sales in cells
    which were not observed have probability 0.

    Parameters
    ----------
    shape : float or array, shape (product,)
        Above 0; 1 / shape is the variance of ``g``.
    log_demand : array, shape (product, period)
    observed : array of bool, shape (product, period)
        Cells that are not observed have no sales.
    validate_args : bool, optional
        As for every NumPyro distribution.

    Examples
    --------
    >>> seen = jnp.ones((1, 1), bool)
    >>> sales = GammaPoissonSales(1.0, jnp.zeros((1, 1)), seen)
    >>> jnp.exp(sales.log_prob(jnp.array([[2]]))).round(3).tolist()  # geometric: 1 / 2^3
    [0.125]
    """

    arg_constraints = {  # noqa: RUF012
        "shape_": dist.constraints.positive,
        "log_demand": dist.constraints.real_vector,
    }
    support = dist.constraints.independent(dist.constraints.nonnegative, 1)
    pytree_data_fields = ("shape_", "log_demand", "observed")

    def __init__(self, shape, log_demand, observed, *, validate_args=None):
        batch, event = jnp.shape(log_demand)[:-1], jnp.shape(log_demand)[-1:]
        self.shape_ = jnp.broadcast_to(jnp.asarray(shape, float), batch)
        self.log_demand, self.observed = log_demand, observed
        super().__init__(batch, event, validate_args=validate_args)

    def log_prob(self, value: Num[Array | np.ndarray, "*row period"]) -> Float[Array, "..."]:
        """Log probability of a row of sales, shape (product,)."""
        shape, possible = self.shape_, _possible(value, self.observed)
        value = jnp.where(self.observed, value, 0)
        total = jnp.sum(value, axis=-1)
        log_mean = logsumexp(self.log_demand, axis=-1, where=self.observed)  # of the total
        cells = value * self.log_demand - gammaln(value + 1)
        cells = jnp.sum(jnp.where(self.observed, cells, 0), axis=-1)
        log_shape = jnp.log(shape)
        integral = shape * log_shape - gammaln(shape) + gammaln(total + shape)
        integral = integral - (total + shape) * jnp.logaddexp(log_shape, log_mean)
        return jnp.where(possible, cells + integral, -jnp.inf)

    def sample(self, key: RawKey, sample_shape: tuple = ()) -> Num[Array, "..."]:
        """Draw a base demand and its sales; -1 where their mean is above 2^53."""
        key_base, key_sales = jax.random.split(key)
        log_base = jax.random.loggamma(key_base, self.shape_, sample_shape + self.batch_shape)
        log_base = log_base - jnp.broadcast_to(jnp.log(self.shape_), jnp.shape(log_base))
        shape = sample_shape + jnp.shape(self.log_demand)
        log_demand, observed = (
            jnp.broadcast_to(each, shape) for each in (self.log_demand, self.observed)
        )
        return jnp.where(observed, _counts(key_sales, log_base[..., None] + log_demand), 0)


class CountSales(dist.Distribution):
    """Independent sales of each cell: Poisson, or negative binomial with more spread.

    Parameters
    ----------
    log_mean : array
        Log of the mean units a period.
    dispersion : float, optional
        The variance is mean + dispersion * mean^2; without it sales are Poisson.
    validate_args : bool, optional
        As for every NumPyro distribution.

    Examples
    --------
    >>> jnp.exp(CountSales(jnp.zeros(1)).log_prob(jnp.array([0]))).round(3).tolist()  # 1 / e
    [0.368]
    >>> sales = CountSales(jnp.zeros(1), 1.0)
    >>> jnp.exp(sales.log_prob(jnp.array([2]))).round(3).tolist()  # geometric: 1 / 2^3
    [0.125]
    """

    arg_constraints = {"log_mean": dist.constraints.real}  # noqa: RUF012
    support = dist.constraints.nonnegative_integer
    pytree_data_fields = ("log_mean", "dispersion")

    def __init__(self, log_mean, dispersion=None, *, validate_args=None):
        self.log_mean, self.dispersion = log_mean, dispersion
        super().__init__(jnp.shape(log_mean), validate_args=validate_args)

    def log_prob(self, value: Num[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """Log probability of each cell."""
        log_power = value * self.log_mean - gammaln(value + 1)
        if self.dispersion is None:
            return log_power - jnp.exp(self.log_mean)
        shape = 1 / self.dispersion
        log_sum = jnp.logaddexp(jnp.log(shape), self.log_mean)
        integral = gammaln(value + shape) - gammaln(shape) + shape * jnp.log(shape)
        return log_power + integral - (value + shape) * log_sum

    def sample(self, key: RawKey, sample_shape: tuple = ()) -> Num[Array, "..."]:
        """Draw sales; -1 where their mean is above 2^53."""
        shape = sample_shape + self.batch_shape
        log_mean = jnp.broadcast_to(self.log_mean, shape)
        if self.dispersion is not None:
            key, key_spread = jax.random.split(key)
            spread = jax.random.loggamma(key_spread, 1 / self.dispersion, shape)
            log_mean = log_mean + spread + jnp.log(self.dispersion)
        return _counts(key, log_mean)


def _possible(value, observed):
    """Whether a row has no negative sales, and none where nothing was observed."""
    return jnp.all(jnp.where(observed, value >= 0, ~(value > 0)), axis=-1)


def _counts(key, log_mean):
    """Poisson draws, -1 where the mean is too large for them to be whole numbers."""
    mean = jnp.exp(log_mean)
    counts = jax.random.poisson(key, jnp.where(mean < LARGEST, mean, 0))
    return jnp.where(mean < LARGEST, counts, -1)
