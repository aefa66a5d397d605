"""Price elasticity of demand, from two prices and two counts to a whole store.

Every public name is available as ``et.name`` after ``import elastic_tutorial as et``. A module is
imported when one of its names is first used, so that importing the package costs almost nothing.

Data takes one road through the rooms, and a room imports only from those before it:

- ``validation.py``: arguments checked, errors worded
- ``one_change``: two prices and two counts of sales, by formula (part I of the book)
- ``panels``: many products over many periods, from a table, a file or a simulation
- ``models``: what might have made the sales, as regressions and NumPyro models, and their fit
- ``laplace``: the fit of a whole store without sampling, its mathematics written out
- ``checking``: summaries of a fit, and whether to trust it
- ``prices``: from a fit to prices
- ``plots``: figures, without arithmetic
- ``report``: tables, a page and the terminal command ``python -m elastic_tutorial``

The docstring of a room lists its files in the order in which to read them.
"""

import os
from importlib import import_module

_PUBLIC = {
    "one_change.elasticity": (
        "arc_elasticity",
        "arc_elasticity_from_ratio",
        "point_elasticity",
        "quantity_after",
    ),
    "one_change.price_change": (
        "PriceChange",
        "conditional_log_likelihood",
        "joint_log_likelihood",
        "marginal_log_likelihood",
        "profile_log_likelihood",
    ),
    "one_change.rate_ratio": (
        "arc_elasticity_posterior",
        "days_needed",
        "rate_ratio_interval",
        "rate_ratio_posterior",
    ),
    "one_change.simulate": ("simulate_price_change",),
    "panels.panel": ("Panel",),
    "panels.columns": ("PanelError",),
    "panels.parquet": ("panel_from_parquet",),
    "panels.datasets": ("load_cheese", "load_orange_juice"),
    "panels.store": ("Store", "simulate_store"),
    "panels.worlds": ("simulate_world",),
    "panels.sales_file": ("SalesTable", "read_sales", "unit_costs"),
    "models.regression": (
        "NotEstimable",
        "category_elasticities",
        "pooled_elasticity",
        "product_elasticities",
    ),
    "models.sales_laws": ("CountSales", "GammaPoissonSales", "MultinomialSales"),
    "models.poolings": ("complete_pooling", "no_pooling", "partial_pooling"),
    "models.inference": ("fit_nuts", "fit_svi", "posterior_predictive", "prior_predictive"),
    "laplace.fit": ("ApproximationWarning", "fit_laplace"),
    "checking.summary": (
        "ConvergenceError",
        "check_convergence",
        "elasticity_summary",
        "interval_coverage",
        "shrinkage",
    ),
    "checking.audit": ("compare_posteriors",),
    "checking.back_test": ("back_test",),
    "checking.before_fit": ("check_store",),
    "checking.after_fit": ("check_fit",),
    "prices.pricing": ("ExtrapolationWarning", "best_price", "expected_profit", "expected_revenue"),
    "plots.plots": (
        "plot_arc",
        "plot_daily_sales",
        "plot_demand_curve",
        "plot_density",
        "plot_intervals",
        "plot_log_likelihoods",
    ),
    "plots.store_plots": ("plot_elasticities", "plot_estimates", "plot_shrinkage"),
    "report.tables": ("elasticity_table",),
    "report.price_labels": ("price_table",),
    "report.report": ("Report", "write_report"),
}
# Lets four chains run side by side on a CPU. JAX reads it when it starts, so it must stand here.
_DEVICES = "--xla_force_host_platform_device_count"
if _DEVICES not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_DEVICES}=4".strip()

_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names}
_ROOMS = sorted({module.split(".")[0] for module in _PUBLIC})

__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_ROOMS, *__all__])
