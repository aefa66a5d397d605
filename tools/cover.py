"""Draw the picture of the README and the landing page: from daily sales to an elasticity."""

from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

import elastic_tutorial as et

PICTURE = Path(__file__).parents[1] / "book" / "_static" / "cover.png"


def draw():
    """Forty days at a price of 10, forty at 11, and what they say of the arc elasticity."""
    sales = et.simulate_price_change(
        np.random.default_rng(7), rate_before=10, rate_after=7, days_before=40, days_after=40
    )
    before, after = sales.groupby("period", sort=False)["units"].sum()
    change = et.PriceChange(10, 11, before, after, days_before=40, days_after=40)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    et.plot_daily_sales(sales, ax=left)
    left.legend(["price 10", "price 11"])
    et.plot_density(et.arc_elasticity_posterior(change), prob=0.95, ax=right)
    right.axvline(-1, color="0.4", lw=1)
    at_minus_one = {"xy": (-1, 0.98), "xycoords": ("data", "axes fraction")}
    offset = {"xytext": (-5, 0), "textcoords": "offset points", "ha": "right", "va": "top"}
    right.annotate("revenue\nunchanged", **at_minus_one, **offset, fontsize=9)
    right.set(xlabel="arc elasticity: posterior with its 95% interval")
    return fig


if __name__ == "__main__":
    plt.style.use("elastic_tutorial.style")
    draw().savefig(PICTURE, metadata={"Software": None})
    print(f"{PICTURE.name} written")
