"""A panel in blocks of products of one category, as the arrow needs it, and back.

The end of sec-whole-arrow: the sum over a category's products is then one matrix product for each
block. All blocks have as many rows, so that one compiled program does for all; the last block of a
category is filled up with rows that observed nothing, which change no sum.

Left out: periods are not divided, and every process holds the whole panel (appendix "design
decisions"). Exact.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils

from elastic_tutorial.laplace.density import Cells, perfect_fit
from elastic_tutorial.models.arrays import Array, Float, Int, Num
from elastic_tutorial.panels.panel import Panel

# Rows of a block, the largest first. The larger, the better a processor is used, until its cache is
# full: 512 rows of 100 periods are 0.4 MB. Powers of two, since every shape is compiled anew.
_ROWS = (512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
# Rows with padding over rows without, at most: what is computed in vain against the speed of large
# blocks. Measure: seconds of ``bench.py``'s pass over the cells, for a store of many categories.
_MOST_PADDING = 1.15


class Blocks(NamedTuple):
    """Cells, and where each product stands in them."""

    cells: Cells
    position: Int[np.ndarray, " product"]  # in the flattened (block, row)
    current_price: Float[Array, "block row"]  # log, centred as the features are

    def per_product(self, values: Num[np.ndarray, "*draw block row"]) -> Num[np.ndarray, "..."]:
        """From the axes block, row to one axis of products."""
        return values.reshape(*values.shape[:-2], -1)[..., self.position]


class Seats(NamedTuple):
    """Which products share a block."""

    order: Int[np.ndarray, " seated"]  # products, by category
    position: Int[np.ndarray, " seated"]  # of each in the flattened (block, row)
    category: Int[np.ndarray, " block"]
    n_rows: int


def pack(
    panel: Panel, *, gamma: bool, products: Int[np.ndarray, " seated"] | None = None, multiple=1
) -> Blocks:
    """Lay products out in blocks; log prices are centred, by product where intercepts are flat.

    ``multiple`` is what the number of blocks must be a multiple of, to be spread over devices.
    """
    seats = _seat(panel, np.arange(panel.n_products) if products is None else products, multiple)
    log_price, current_price = _centred_log_prices(panel, over_panel=gamma)
    covariates = [np.nan_to_num(values) for values in panel.covariates.values()]
    features = np.stack([_lay(values, seats) for values in (log_price, *covariates)], axis=2)
    units, observed = _lay(np.nan_to_num(panel.units), seats), _lay(panel.observed, seats)
    arrays = (units, observed, features, seats.category, perfect_fit(units))
    cells = Cells(*map(jnp.asarray, arrays))
    position = np.empty(panel.n_products, int)
    position[seats.order] = seats.position
    current_price = jnp.asarray(_lay(current_price, seats))
    return Blocks(cells, position, current_price)


def _seat(panel, products, multiple):
    """Seat the products of a category next to each other, each category in blocks of its own."""
    category = panel.category[products]
    n_products = np.bincount(category, minlength=panel.n_categories)
    n_rows = next(n for n in _ROWS if _padded(n_products, n) <= _MOST_PADDING * len(products))
    n_blocks = -(-n_products // n_rows)
    first_row = n_rows * (np.cumsum(n_blocks) - n_blocks)
    first_product = np.cumsum(n_products) - n_products
    order = products[np.argsort(category, kind="stable")]
    category = panel.category[order]
    position = first_row[category] + np.arange(len(order)) - first_product[category]
    category_of_block = np.zeros(-(-n_blocks.sum() // multiple) * multiple, int)
    category_of_block[position // n_rows] = category
    return Seats(order, position, category_of_block, n_rows)


def _padded(n_products, n_rows):
    """Rows that all categories take in blocks of so many."""
    return (-(-n_products // n_rows) * n_rows).sum()


def _lay(values, seats):
    """Put what products have in the first axis into the axes block, row; padding is 0."""
    rows = np.zeros((len(seats.category) * seats.n_rows, *values.shape[1:]), values.dtype)
    rows[seats.position] = values[seats.order]
    return rows.reshape(-1, seats.n_rows, *values.shape[1:])


def _centred_log_prices(panel, *, over_panel):
    """Log prices less their mean over the panel or the product, and the last observed one."""
    log_price = panel.log_price
    if over_panel:
        centre = np.broadcast_to(log_price[panel.observed].mean(), panel.n_products)
    else:
        centre = np.nanmean(log_price, axis=1)
    centred = np.where(panel.observed, log_price - centre[:, None], 0)
    return centred, np.nan_to_num(np.log(panel.current_price) - centre)


def spread(blocks: Blocks, devices) -> Blocks:
    """Spread the blocks over devices; what is computed from them follows."""
    mesh = jax.sharding.Mesh(np.asarray(devices), ("block",))
    by_block = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("block"))
    cells, current_price = jax.device_put((blocks.cells, blocks.current_price), by_block)
    return blocks._replace(cells=cells, current_price=current_price)


def fetch(tree):
    """Bring arrays to NumPy, gathering those whose parts other processes hold."""
    return jax.tree.map(_fetch_one, tree)


def _fetch_one(array):
    here = not isinstance(array, jax.Array) or array.is_fully_addressable
    if here or array.is_fully_replicated:
        return np.asarray(array)
    return multihost_utils.process_allgather(array, tiled=True)
