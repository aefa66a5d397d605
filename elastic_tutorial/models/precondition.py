"""Another posterior of the same sites, in the coordinates that the sampler moves in."""

from collections.abc import Callable, Collection

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpyro import distributions as dist
from numpyro import handlers

from elastic_tutorial.models.arrays import Float
from elastic_tutorial.panels.panel import Panel

# Draws that are looked at. Each is one run of the model in Python's order, compiled: time grows
# with them, and 2,000 know a variance to 3% (1 / sqrt(1,000)), finer than a mass matrix needs.
_MOST_DRAWS = 2_000
# Draws for each dimension of a dense covariance. The condition number of a sample covariance of
# n draws in d dimensions is ((1 + sqrt(d/n)) / (1 - sqrt(d/n)))^2 (Marchenko and Pastur): 9 at 4.
_DRAWS_PER_DIMENSION = 4
# Draws' worth of trust in the diagonal alone: Stan's warmup shrinks its covariance by as many.
_DIAGONAL_DRAWS = 5
# Draws without which no covariance is taken. Twice the 5 of the shrinkage: fewer, and the diagonal
# of so few draws would be what most of the matrix rests on.
_FEWEST_DRAWS = 10
# Variance of a standardised distance, 1 in the prior: at 0.5 sales and prior say equally much
# (thm-pooling-weight), below it the sales say more.
_INFORMED = 0.5


def coordinates(
    model: Callable, panel: Panel, posterior: xr.DataTree, standardised: Collection[str]
) -> tuple[dict, dict]:
    """Draws of each site of a model, unconstrained: two dicts of arrays, shape (draw, ...).

    The second holds the ``standardised`` sites once more, as distances from their mean in units of
    their scale. Draws that leave the support are dropped.
    """
    draws = _draws(posterior, panel)

    def unconstrained(draw):
        known = handlers.substitute(handlers.seed(model, jax.random.key(0)), draw)
        sites = handlers.trace(known).get_trace(panel, panel.units)
        plain, distance = {}, {}
        for name, site in sites.items():
            if site["type"] != "sample" or site["is_observed"]:
                continue
            if name not in draw:
                raise ValueError(f"precondition has no draws of {name}, which the model samples.")
            plain[name] = dist.biject_to(site["fn"].support).inv(site["value"])
            if name in standardised:
                law = _location_scale(site["fn"])
                distance[name] = (site["value"] - law.loc) / law.scale
        return plain, distance

    both = jax.tree.map(np.asarray, jax.jit(jax.vmap(unconstrained))(draws))
    finite = np.all(
        [np.isfinite(_flat(values)).all(axis=1) for values in jax.tree.leaves(both)], axis=0
    )
    if finite.sum() < _FEWEST_DRAWS:
        raise ValueError(f"only {finite.sum()} draws of precondition lie in the model's support.")
    return jax.tree.map(lambda values: values[finite], both)


def informed(distances: dict) -> list[str]:
    """Sites that the draws know much better than the hierarchy does, which suits centring."""
    variance = {name: np.median(draws.var(axis=0)) for name, draws in distances.items()}
    return [name for name in distances if variance[name] < _INFORMED]


def mass_of(points: dict) -> tuple[tuple, list]:
    """Inverse mass matrices: names of the sites of each block, and a matrix or a diagonal.

    The smallest sites go in one dense block, as long as the draws outnumber its dimension enough.
    """
    dense = _dense_sites(points)
    blocks, mass = [], []
    if dense:
        blocks.append(dense)
        mass.append(_covariance(np.concatenate([_flat(points[name]) for name in dense], axis=1)))
    for name in sorted(set(points) - set(dense)):
        blocks.append((name,))
        mass.append(_flat(points[name]).var(axis=0))
    variances = [np.diag(matrix) if matrix.ndim == 2 else matrix for matrix in mass]
    if not all(variance.all() for variance in variances):
        raise ValueError("precondition has a site that never moves; its draws set the scale.")
    return tuple(blocks), mass


def _dense_sites(points):
    """Sites, the smallest first, as many as there are draws enough for a dense covariance."""
    sizes = {name: values[0].size for name, values in points.items()}
    order = sorted(sizes, key=lambda name: (sizes[name], name))
    room = len(points[order[0]]) // _DRAWS_PER_DIMENSION
    filled = np.cumsum([sizes[name] for name in order])
    return tuple(np.array(order)[filled <= room].tolist())


def _covariance(draws: Float[np.ndarray, "draw number"]) -> Float[np.ndarray, "number number"]:
    """Covariance of draws, shrunk towards its diagonal as in Stan's warmup."""
    covariance = np.atleast_2d(np.cov(draws.T))
    weight = _DIAGONAL_DRAWS / (len(draws) + _DIAGONAL_DRAWS)
    return (1 - weight) * covariance + weight * np.diag(np.diag(covariance))


def _draws(posterior, panel):
    """Draws in one row, thinned to what is needed, if they belong to the panel."""
    table = posterior["posterior"].dataset
    labels = {"product": panel.products, "category": panel.categories, "period": panel.periods}
    for dim, expected in labels.items():
        if dim in table.coords and list(table[dim].values) != list(expected):
            raise ValueError(
                f"precondition and panel must hold the same {dim} labels in one order."
            )
    draws = {}
    for name, values in table.data_vars.items():
        flat = values.values.reshape(-1, *values.shape[2:])
        rows = np.linspace(0, len(flat) - 1, min(len(flat), _MOST_DRAWS)).astype(int)
        draws[name] = jnp.asarray(flat[rows])
    return draws


def _location_scale(law):
    """Unwrap a law until it has a location."""
    while not hasattr(law, "loc"):
        law = law.base_dist
    return law


def _flat(values):
    return values.reshape(len(values), -1)
