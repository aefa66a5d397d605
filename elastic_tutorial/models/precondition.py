"""Another posterior of the same sites, in the coordinates that the sampler moves in."""

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import handlers
from numpyro.distributions import biject_to

jax.config.update("jax_enable_x64", True)

_MOST_DRAWS = 2_000
_DRAWS_PER_DIMENSION = 4  # of a covariance that is trusted
_INFORMED = (
    0.5  # variance of a standardised distance, below which the sales say more than the prior
)


def coordinates(model, panel, posterior, standardised):
    """Draws of each site of a model, unconstrained: two dicts of arrays, shape (draw, ...).

    The second holds the ``standardised`` sites once more, as distances from their mean in units of
    their scale. Draws that leave the support are dropped.
    """
    draws = _draws(posterior, panel)

    def place(draw):
        known = handlers.substitute(handlers.seed(model, jax.random.key(0)), draw)
        sites = handlers.trace(known).get_trace(panel, panel.units)
        plain, distance = {}, {}
        for name, site in sites.items():
            if site["type"] != "sample" or site["is_observed"]:
                continue
            if name not in draw:
                raise ValueError(f"precondition has no draws of {name}, which the model samples.")
            plain[name] = biject_to(site["fn"].support).inv(site["value"])
            if name in standardised:
                law = _location_scale(site["fn"])
                distance[name] = (site["value"] - law.loc) / law.scale
        return plain, distance

    placed = jax.tree.map(np.asarray, jax.jit(jax.vmap(place))(draws))
    finite = np.all(
        [np.isfinite(_flat(values)).all(axis=1) for values in jax.tree.leaves(placed)], axis=0
    )
    if finite.sum() < 10:
        raise ValueError(f"only {finite.sum()} draws of precondition lie in the model's support.")
    return jax.tree.map(lambda values: values[finite], placed)


def informed(distances):
    """Sites that the draws know much better than the hierarchy does, which suits centring."""
    return [name for name, each in distances.items() if np.median(each.var(axis=0)) < _INFORMED]


def mass_of(points):
    """Inverse mass matrices: names of the sites of each block, and a matrix or a diagonal.

    The smallest sites go in one dense block, as long as the draws outnumber its dimension enough.
    """
    sizes = {name: values[0].size for name, values in points.items()}
    n_draws = len(next(iter(points.values())))
    dense, room = [], n_draws // _DRAWS_PER_DIMENSION
    for name in sorted(sizes, key=lambda name: (sizes[name], name)):
        room -= sizes[name]
        if room >= 0:
            dense.append(name)
    blocks, mass = [], []
    if dense:
        block = np.concatenate([_flat(points[name]) for name in dense], axis=1)
        covariance = np.atleast_2d(np.cov(block.T))
        # As in warmup, a few draws' worth of trust in the diagonal alone.
        weight = 5 / (n_draws + 5)
        blocks.append(tuple(dense))
        mass.append((1 - weight) * covariance + weight * np.diag(np.diag(covariance)))
    for name in sorted(set(sizes) - set(dense)):
        blocks.append((name,))
        mass.append(_flat(points[name]).var(axis=0))
    if not all(np.diag(each).all() if each.ndim == 2 else each.all() for each in mass):
        raise ValueError("precondition has a site that never moves; its draws set the scale.")
    return tuple(blocks), mass


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
