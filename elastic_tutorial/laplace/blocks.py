"""A panel in blocks of products of one category, as the arrow needs it, and back."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils

from elastic_tutorial.laplace.arrow import Cells, perfect_fit

_SIZES = (512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
_WASTE = 1.15  # rows with padding over rows without, at most


class Blocks(NamedTuple):
    """Cells, and where each product stands in them."""

    cells: Cells
    place: np.ndarray  # (product,), position in the flattened (block, row)
    current: jax.Array  # (block, row): centred log price when last observed


def pack(panel, *, gamma, products=None, multiple=1):
    """Lay products out in blocks; log prices are centred, by product where intercepts are flat.

    ``multiple`` is what the number of blocks must be a multiple of, to be spread over devices.
    """
    products = np.arange(panel.n_products) if products is None else products
    category = panel.category[products]
    order = products[np.argsort(category, kind="stable")]
    counts = np.bincount(category, minlength=panel.n_categories)
    size = next(b for b in _SIZES if (-(-counts // b) * b).sum() <= _WASTE * len(products))
    starts = np.cumsum(-(-counts // size) * size) - (-(-counts // size) * size)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    place_of_order = starts[panel.category[order]] + rank
    n_blocks = -(-(-(-counts // size)).sum() // multiple) * multiple
    of_block = np.zeros(n_blocks, int)
    of_block[place_of_order // size] = panel.category[order]
    place = np.empty(panel.n_products, int)
    place[order] = place_of_order

    def lay(values):
        out = np.zeros((n_blocks * size, *values.shape[1:]), values.dtype)
        out[place_of_order] = values[order]
        return out.reshape(n_blocks, size, *values.shape[1:])

    log_price = panel.log_price
    centre = log_price[panel.observed].mean() if gamma else np.nanmean(log_price, 1, keepdims=True)
    log_price = np.where(panel.observed, log_price - centre, 0)
    last = panel.n_periods - 1 - panel.observed[:, ::-1].argmax(axis=1)
    current = log_price[np.arange(panel.n_products), last]
    features = [log_price, *(np.nan_to_num(each) for each in panel.covariates.values())]
    features = np.stack([lay(each) for each in features], axis=2)
    units = lay(np.nan_to_num(panel.units))
    cells = Cells(units, lay(panel.observed), features, of_block, perfect_fit(units))
    return Blocks(jax.tree.map(jnp.asarray, cells), place, jnp.asarray(lay(current)))


def spread(blocks, devices):
    """Spread the blocks over devices; what is computed from them follows."""
    mesh = jax.sharding.Mesh(np.asarray(devices), ("block",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("block"))
    move = lambda array: jax.device_put(array, sharding)  # noqa: E731
    return blocks._replace(cells=jax.tree.map(move, blocks.cells), current=move(blocks.current))


def fetch(tree):
    """Bring arrays to NumPy, gathering those whose parts other processes hold."""

    def one(array):
        here = not isinstance(array, jax.Array) or array.is_fully_addressable
        if here or array.is_fully_replicated:
            return np.asarray(array)
        return multihost_utils.process_allgather(array, tiled=True)

    return jax.tree.map(one, tree)
