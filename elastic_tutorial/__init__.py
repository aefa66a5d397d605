"""Price elasticity of demand, from two prices and two counts to a whole store.

Every public name is available as ``et.name`` after ``import elastic_tutorial as et``. A module is
imported when one of its names is first used, so that importing the package costs almost nothing.
"""

import os
from importlib import import_module

_PUBLIC = {
    "elasticity": (
        "arc_elasticity",
        "arc_elasticity_from_ratio",
        "point_elasticity",
        "quantity_after",
    ),
    "price_change": (
        "PriceChange",
        "conditional_log_likelihood",
        "joint_log_likelihood",
        "marginal_log_likelihood",
        "profile_log_likelihood",
    ),
    "rate_ratio": (
        "arc_elasticity_posterior",
        "days_needed",
        "rate_ratio_interval",
        "rate_ratio_posterior",
    ),
    "panel": ("Panel", "PanelError"),
    "parquet": ("panel_from_parquet",),
    "datasets": ("load_cheese", "load_orange_juice"),
    "simulate": ("simulate_price_change",),
    "store": ("Store", "simulate_store"),
    "worlds": ("simulate_world",),
    "regression": (
        "NotEstimable",
        "category_elasticities",
        "pooled_elasticity",
        "product_elasticities",
    ),
    "sales": ("CountSales", "GammaPoissonSales", "MultinomialSales"),
    "models": ("complete_pooling", "no_pooling", "partial_pooling"),
    "inference": ("fit_nuts", "fit_svi", "posterior_predictive", "prior_predictive"),
    "laplace": ("ApproximationWarning", "fit_laplace"),
    "summary": (
        "ConvergenceError",
        "check_convergence",
        "elasticity_summary",
        "interval_coverage",
        "shrinkage",
    ),
    "audit": ("compare_posteriors",),
    "pricing": ("ExtrapolationWarning", "best_price", "expected_profit", "expected_revenue"),
    "plots": (
        "plot_arc",
        "plot_daily_sales",
        "plot_demand_curve",
        "plot_density",
        "plot_intervals",
        "plot_log_likelihoods",
    ),
    "store_plots": ("plot_elasticities", "plot_estimates", "plot_shrinkage"),
    "sales_table": ("SalesTable", "read_sales", "unit_costs"),
    "back_testing": ("back_test",),
    "store_checks": ("check_fit", "check_store"),
    "report": ("Report", "elasticity_table", "price_table", "write_report"),
}
# Lets four chains run side by side on a CPU. JAX reads it when it starts, so it must stand here.
_DEVICES = "--xla_force_host_platform_device_count"
if _DEVICES not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_DEVICES}=4".strip()

_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name in _PUBLIC:
        return import_module(f"{__name__}.{name}")
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_PUBLIC, *__all__])
