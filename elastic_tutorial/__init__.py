"""Price elasticity of demand, from two prices and two counts to a whole store.

Every public name is available as ``et.name`` after ``import elastic_tutorial as et``. A module is
imported when one of its names is first used, so that importing the package costs almost nothing.
"""

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
    "datasets": ("load_cheese", "load_orange_juice"),
    "simulate": ("simulate_price_change",),
    "plots": (
        "plot_arc",
        "plot_daily_sales",
        "plot_demand_curve",
        "plot_density",
        "plot_intervals",
        "plot_log_likelihoods",
    ),
}
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
