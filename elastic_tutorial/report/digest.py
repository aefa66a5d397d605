"""A report for programs: one JSON object with what matters, and nothing to read between lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from elastic_tutorial.report.report import Report


def digest(report: Report) -> str:
    """Write the object; of a sum that is not given, and a price that is not advised, null."""
    if report.prices is None:
        raise ValueError("a digest says today's sales and the labels: the report needs prices.")
    table, attrs = report.elasticities, report.prices.attrs
    ends = {end: table.attrs[f"middle_{end}"] for end in ("lower", "upper")}
    checks = report.checks
    found = {
        "products": len(table),
        "periods": int(report.panel.n_periods),
        "today": {name: attrs[f"today_{name}"] for name in ("units", "revenue", "profit")},
        "elasticity": {
            "middle": float(table["elasticity"].median()),
            "low": ends["lower"],
            "high": ends["upper"],
        },
        "promised": _promised(report.prices, report.promise_withheld),
        "looks": [str(name) for name in checks.index[checks["verdict"] == "look"]],
        "labels": [
            {
                "product": product.item() if isinstance(product, np.generic) else product,
                "price": None if pd.isna(price) else float(price),
                "why": why,
            }
            for product, price, why in report.prices[["price", "why"]].itertuples()
        ],
    }
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _promised(prices, withheld):
    """Sum of the gains, or None where there is none to give."""
    if withheld or prices["price"].isna().all():
        return None
    attrs = prices.attrs
    ends = {"gain": "total_gain", "lower": "total_gain_lower", "upper": "total_gain_upper"}
    return {key: attrs[name] for key, name in ends.items()} | {
        "unit": f"{attrs['objective']} a period"
    }
