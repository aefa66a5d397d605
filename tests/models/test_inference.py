"""Fits against quadrature of the same posterior. Tolerances count Monte Carlo standard errors."""

import subprocess
import sys
from dataclasses import replace
from functools import partial

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from numpyro import distributions as dist
from scipy import special, stats

import elastic_tutorial as et
from elastic_tutorial.models import inference, nuts, precondition
from elastic_tutorial.models.labels import DIMS

NAN = np.nan
RARE = 1e-4  # p-value below which a fit is refused, about four standard errors
HIERARCHY = ("category_elasticity", "elasticity")
SHORT = dict(n_warmup=20, n_draws=10, n_chains=2)


def panel_of(units, price, *, category=None, **covariates):
    """Panel of arrays over (product, period); a cell whose units are NaN was not observed."""
    units = np.asarray(units, float)
    price = np.broadcast_to(price, units.shape)
    item, week = np.nonzero(~np.isnan(units))
    table = pd.DataFrame({"item": [f"p{i}" for i in item], "week": week})
    table = table.assign(sold=units[item, week], euro=price[item, week])
    names = dict(product="item", period="week", units="sold", price="euro")
    if category is not None:
        table["shelf"] = np.asarray(category)[item]
        names["category"] = "shelf"
    for name, values in covariates.items():
        table[name] = np.asarray(values, float)[item, week]
    return et.Panel.from_frame(table, **names, covariates=list(covariates))


PANEL = panel_of(
    [[9, 4, 14, 6], [20, NAN, 12, 30], [5, 6, 2, 4]],
    [[1.0, 1.5, 0.8, 1.1], [5.0, 5.0, 7.0, 4.0], [2.0, 1.5, 3.0, 2.5]],
    category=["tea", "jam", "tea"],
)
TEA, JAM = 1, 0  # categories are sorted
LONE = panel_of([[700, 300, 550]], [[1.0, 1.6, 1.2]])  # nearly normal
TIMELESS = partial(et.partial_pooling, time_effects=False)
LONE_MODEL = partial(et.complete_pooling, time_effects=False)
KEPT = partial(et.complete_pooling, intercept="kept", priors={"base_sd": 3.0, "time_sd": 0.5})
PAIR = panel_of([[12, 7], [3, 6]], [[1.0, 1.3], [2.0, 1.5]])
FIXED = {"category_scale": 0.4, "elasticity_scale": 0.3}


def log_prices(panel, product):
    """Log prices of the observed cells of a product, less their mean."""
    log_price = np.log(panel.price[product, panel.observed[product]])
    return log_price - log_price.mean()


def likelihood(panel, product, elasticity):
    """Multinomial probability of a product's sales at each elasticity."""
    units = panel.units[product, panel.observed[product]]
    share = special.softmax(np.multiply.outer(elasticity, log_prices(panel, product)), axis=-1)
    return stats.multinomial.pmf(units, units.sum(), share)


# Quadrature of two posteriors


def normal_nodes(n):
    """Points and weights that average over a standard normal."""
    points, weights = special.roots_hermitenorm(n)
    return points, weights / weights.sum()


def half_normal_nodes(n, scale):
    points, weights = special.roots_legendre(n)
    points = (points + 1) / 2 * 6 * scale
    weights = weights * stats.halfnorm.pdf(points, scale=scale)
    return points, weights / weights.sum()


def hierarchy_by_quadrature(panel, n=14):
    """Posterior mean and sd of every parameter of ``TIMELESS``, by nested Gauss quadrature."""
    z, w_z = normal_nodes(n)
    store = -1.5 + 0.5 * z
    scale, w_scale = half_normal_nodes(n, 0.5)
    # Axes: store, category scale, category (standardised), product scale, product (standardised).
    category = store[:, None, None] + scale[:, None] * z
    own = category[..., None, None] + scale[:, None] * z
    chances = [likelihood(panel, i, own) for i in range(panel.n_products)]
    plain = [chance @ w_z for chance in chances]

    def integrate(power=0, *, of=None, position=0, outer=1.0):
        """Integrate the joint density times a power of one parameter."""
        of_product = list(plain)
        if of == "elasticity":
            of_product[position] = (chances[position] * own**power) @ w_z
        of_category = []
        for c in range(panel.n_categories):
            joint = np.prod([of_product[i] for i in np.flatnonzero(panel.category == c)], axis=0)
            if of == "category_elasticity" and c == position:
                joint = joint * category[..., None] ** power
            of_category.append(np.einsum("gsct,c->gst", joint, w_z))
        return np.einsum("gst,g,s,t", np.prod(of_category, axis=0) * outer, w_z, w_scale, w_scale)

    total = integrate()

    def moments(**where):
        first, second = (integrate(k, **where) / total for k in (1, 2))
        return first, np.sqrt(second - first**2)

    def outer_moments(values):
        first, second = (integrate(outer=values**k) / total for k in (1, 2))
        return first, np.sqrt(second - first**2)

    return {
        "global_elasticity": outer_moments(store[:, None, None]),
        "category_scale": outer_moments(scale[:, None]),
        "elasticity_scale": outer_moments(scale),
        "category_elasticity": np.transpose(
            [moments(of="category_elasticity", position=c) for c in range(panel.n_categories)]
        ),
        "elasticity": np.transpose(
            [moments(of="elasticity", position=i) for i in range(panel.n_products)]
        ),
    }


def kept_intercepts_on_a_grid():
    """Posterior mean and sd of every parameter of ``KEPT`` given ``PAIR``, by brute force."""
    elasticity = np.linspace(-4.5, 1.5, 121)[:, None, None]
    contrast = np.linspace(-2.5, 2.5, 101)[:, None]  # of the first period; the second has minus it
    base = np.linspace(-3, 6, 181)
    # Normal(0, 0.5) along the direction (1, -1) / sqrt 2.
    log_outer = stats.norm.logpdf(elasticity, -1.5, 0.5)
    log_outer = log_outer + stats.norm.logpdf(contrast * np.sqrt(2), 0, 0.5)
    joint, firsts, seconds = np.exp(log_outer[..., 0]), [], []
    for product in range(2):
        before, after = log_prices(PAIR, product)
        logits = [elasticity * before + contrast, elasticity * after - contrast]
        log_density = stats.norm.logpdf(base, 0, 3) + sum(
            stats.poisson.logpmf(units, np.exp(base + logit))
            for units, logit in zip(PAIR.units[product], logits, strict=True)
        )
        density = np.exp(log_density)
        mass = density.sum(axis=-1)
        joint = joint * mass
        firsts.append((density @ base) / mass)
        seconds.append((density @ base**2) / mass)
    joint /= joint.sum()

    def moments(first, second):
        mean = (joint * first).sum()
        return mean, np.sqrt((joint * second).sum() - mean**2)

    b, u = elasticity[..., 0], contrast[:, 0]
    effect = moments(u, u**2)
    return {
        "global_elasticity": moments(b, b**2),
        "time_effect": ([[effect[0], -effect[0]]], [[effect[1]] * 2]),
        "log_base_demand": np.transpose([moments(*m) for m in zip(firsts, seconds, strict=True)]),
    }


def assert_moments(posterior, expected):
    """Means and sds lie within 4.5 Monte Carlo standard errors; at most twelve are compared."""
    draws = posterior["posterior"].dataset
    over = ("chain", "draw")
    for name, (mean, sd) in expected.items():
        values = draws[[name]]
        error = az.mcse(values, method="mean")[name]
        assert (abs(values.mean(over)[name] - mean) < 4.5 * error).all(), name
        error = az.mcse(values, method="sd")[name]
        assert (abs(values.std(over)[name] - sd) < 4.5 * error).all(), name


@pytest.fixture(scope="module")
def reference():
    return hierarchy_by_quadrature(PANEL)


@pytest.fixture(scope="module")
def posterior():
    return et.fit_nuts(TIMELESS, PANEL, key=jax.random.key(1))


# NUTS


def test_the_quadrature_has_converged(reference):
    finer = hierarchy_by_quadrature(PANEL, n=18)
    for name in reference:
        # A hundredth of the Monte Carlo error of the fits that it judges.
        assert_allclose(reference[name], finer[name], rtol=2e-4)


def test_the_hierarchy_agrees_with_quadrature(posterior, reference):
    assert posterior["posterior"].data_vars.keys() == reference.keys()
    assert_moments(posterior, reference)


def test_centred_sites_have_the_same_posterior(reference):
    # Categories stay as they are: centred around a scale learned from two, they mix badly.
    fit = et.fit_nuts(
        TIMELESS, PANEL, key=jax.random.key(2), centered=["elasticity"], n_draws=2_000
    )
    assert fit["posterior"].data_vars.keys() == reference.keys()
    assert_moments(fit, reference)


def test_kept_intercepts_and_time_effects_agree_with_a_grid():
    fit = et.fit_nuts(KEPT, PAIR, key=jax.random.key(3))
    expected = kept_intercepts_on_a_grid()
    assert fit["posterior"].data_vars.keys() == expected.keys() | {"elasticity"}
    assert_moments(fit, expected)
    draws = fit["posterior"]
    assert draws["time_effect"].dims == ("chain", "draw", "category", "period")
    assert draws["period"].values.tolist() == [0, 1]
    assert draws["category"].values.tolist() == ["all"]
    assert_array_equal(draws["elasticity"].sel(product="p1"), draws["global_elasticity"])
    assert_allclose(draws["time_effect"].sum("period"), 0, atol=1e-12)


def test_results_carry_labels_and_64_bit_floats(posterior):
    draws = posterior["posterior"]
    sizes = {name: dict(values.sizes) for name, values in draws.data_vars.items()}
    run = {"chain": 4, "draw": 1_000}
    assert sizes == {
        "global_elasticity": run,
        "category_scale": run,
        "elasticity_scale": run,
        "category_elasticity": run | {"category": 2},
        "elasticity": run | {"product": 3},
    }
    assert draws["elasticity"].dims == ("chain", "draw", "product")
    assert draws["product"].values.tolist() == ["p0", "p1", "p2"]
    assert draws["category"].values.tolist() == ["jam", "tea"]
    assert {str(values.dtype) for values in draws.data_vars.values()} == {"float64"}


def test_sampler_statistics_have_one_entry_a_draw(posterior):
    stats_of = posterior["sample_stats"]
    assert stats_of.data_vars.keys() == {"diverging", "n_steps", "acceptance_rate"}
    assert all(values.dims == ("chain", "draw") for values in stats_of.data_vars.values())
    assert all(values.shape == (4, 1_000) for values in stats_of.data_vars.values())
    assert stats_of["diverging"].dtype == bool
    assert (stats_of["n_steps"] >= 1).all()
    assert (stats_of["acceptance_rate"] >= 0).all() and (stats_of["acceptance_rate"] <= 1).all()
    # The step size was tuned to accept 98%.
    assert 0.95 < stats_of["acceptance_rate"].mean() < 1


def test_chains_and_draws_differ(posterior):
    draws = posterior["posterior"]["global_elasticity"].values
    assert len(np.unique(draws)) > 0.9 * draws.size


def test_fits_are_repeated_by_their_key_and_print_nothing(capfd):
    one_chain = SHORT | {"n_chains": 1}
    first, again, other = (
        et.fit_nuts(LONE_MODEL, LONE, key=jax.random.key(k), **one_chain)["posterior"]
        for k in (5, 5, 6)
    )
    assert first["elasticity"].shape == (1, 10, 1)
    assert_array_equal(first["elasticity"], again["elasticity"])
    assert (first["elasticity"] != other["elasticity"]).any()
    assert capfd.readouterr() == ("", "")


def test_more_chains_than_devices_can_be_run():
    more = SHORT | {"n_chains": jax.local_device_count() + 1}
    fit = et.fit_nuts(LONE_MODEL, LONE, key=jax.random.key(1), **more)
    assert fit["posterior"]["elasticity"].shape == (more["n_chains"], 10, 1)
    assert fit["sample_stats"]["diverging"].shape == (more["n_chains"], 10)


class Stop(Exception):
    """Raised in place of sampling."""


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("asked", [None, True, False])
def test_the_progress_bar_shows_at_a_terminal_or_when_asked_for(monkeypatch, terminal, asked):
    def record(program, run, key, **options):
        assert (run.bar is not None) is (terminal if asked is None else asked)
        raise Stop

    monkeypatch.setattr(inference, "sample", record)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    with pytest.raises(Stop):
        et.fit_nuts(et.complete_pooling, LONE, key=jax.random.key(1), progress_bar=asked)


@pytest.mark.filterwarnings("ignore:IProgress not found")
def test_a_progress_bar_that_is_asked_for_counts_every_draw(capfd):
    for _ in range(2):  # it shows again where a fit like this one was compiled before
        et.fit_nuts(LONE_MODEL, LONE, key=jax.random.key(1), progress_bar=True, **SHORT)
        assert capfd.readouterr().err.count("30/30") == 2


# Labels of a reader's sites


def sited_model(panel, units=None):
    with numpyro.plate("product", panel.n_products):
        level = numpyro.sample("level", dist.Normal(0, 5))
    effect = numpyro.sample("effect", dist.Normal(0, 1).expand([panel.n_categories, 4]).to_event(2))
    log_mean = level[:, None] + effect[panel.category]
    units = None if units is None else np.nan_to_num(units)
    numpyro.sample("units", et.CountSales(log_mean).mask(panel.observed), obs=units)


def test_sites_of_a_reader_carry_the_labels_they_are_given():
    dims = {"level": ["product"], "effect": ("category", "period")}
    fit = et.fit_nuts(sited_model, PANEL, key=jax.random.key(1), dims=dims, **SHORT)["posterior"]
    assert fit["level"].dims == ("chain", "draw", "product")
    assert fit["level"]["product"].values.tolist() == ["p0", "p1", "p2"]
    assert fit["effect"].dims == ("chain", "draw", "category", "period")
    assert fit["effect"]["category"].values.tolist() == ["jam", "tea"]
    bare = et.fit_nuts(sited_model, PANEL, key=jax.random.key(1), **SHORT)["posterior"]
    assert bare["level"].dims == ("chain", "draw", "level_dim_0")
    assert "level" not in DIMS


@pytest.mark.parametrize("bad", ["product", ["shop"], ["product", "week"]])
def test_dims_of_a_site_must_be_known(bad):
    message = r"^dims of level must be some of product, category, period; got "
    with pytest.raises(ValueError, match=message):
        et.fit_nuts(sited_model, PANEL, key=jax.random.key(1), dims={"level": bad})


# Compilation


def reader_model(panel, units=None):
    """A model that uses NumPy on the panel, as readers do."""
    log_price = np.log(np.nan_to_num(panel.price / np.nanmean(panel.price), nan=1.0))
    slope = numpyro.sample("slope", dist.Normal(-2, 1))
    level = numpyro.sample("level", dist.Normal(np.log(np.nanmean(panel.units)), 1))
    units = None if units is None else np.nan_to_num(units)
    sales = dist.Poisson(jnp.exp(level + slope * log_price)).mask(panel.observed)
    numpyro.sample("units", sales, obs=units)


@pytest.mark.parametrize("model", [TIMELESS, reader_model], ids=["own", "reader"])
def test_fits_of_panels_of_one_shape_share_a_compilation(model):
    other = replace(PANEL, units=PANEL.units[::-1], price=2.5 * PANEL.price[::-1])
    other = replace(other, observed=PANEL.observed[::-1])
    first = et.fit_nuts(model, PANEL, key=jax.random.key(1), **SHORT)
    before = nuts._compiled.cache_info()
    et.fit_nuts(model, PANEL, key=jax.random.key(2), **SHORT)
    shared = et.fit_nuts(model, other, key=jax.random.key(1), **SHORT)
    again = et.fit_nuts(model, PANEL, key=jax.random.key(1), **SHORT)
    after = nuts._compiled.cache_info()
    # The reader's takes a mean of the units as a plain number, which is part of its program.
    assert after.misses - before.misses == 0
    nuts._compiled.cache_clear()
    alone = et.fit_nuts(model, other, key=jax.random.key(1), **SHORT)
    for name, values in alone["posterior"].data_vars.items():
        assert_allclose(shared["posterior"][name], values, rtol=1e-9)
        assert_array_equal(first["posterior"][name], again["posterior"][name])
        assert (shared["posterior"][name] != first["posterior"][name]).any()


def test_programs_are_told_apart_by_what_they_compute():
    options = [{}, {"likelihood": "poisson"}, {"intercept": "kept"}, {"levels": ("product",)}]
    models = [partial(et.partial_pooling, time_effects=False, **each) for each in options]
    args = (PAIR, PAIR.units)
    first, again, *others = (nuts.Program(model, args, jax.random.key(1)) for model in models)
    assert first == again and hash(first) == hash(again)
    assert len({first, *others}) == 3


def test_priors_are_numbers_of_a_program():
    # One compilation serves all of these, and each posterior is that of its own prior.
    means = []
    for prior_mean in (-1.5, -6.0):
        priors = {"global_mean": prior_mean, "global_sd": 0.01}
        fit = et.fit_nuts(
            partial(LONE_MODEL, priors=priors), LONE, key=jax.random.key(1), n_warmup=200
        )
        means.append(float(fit["posterior"]["global_elasticity"].mean()))
    # Sales know the elasticity ten times less well than this prior does.
    assert_allclose(means, [-1.5, -6.0], atol=0.1)


def test_constants_of_a_program_are_compared_in_full():
    # XLA's text would serve no purpose if it left out the middle of long arrays.
    values = np.random.default_rng(1).normal(size=2_000)
    texts = [
        jax.jit(lambda x, shift=shift: x + shift).lower(values).as_text()
        for shift in (values, np.where(np.arange(2_000) == 1_000, 0, values))
    ]
    assert texts[0] != texts[1]


def test_a_model_that_cannot_hold_is_refused():
    def model(panel, units=None):
        level = numpyro.sample("level", dist.Normal(0, 1))
        numpyro.factor("never", -jnp.inf * jnp.exp(level))

    with pytest.raises(RuntimeError, match=r"^the model has no finite density where its chains"):
        et.fit_nuts(model, LONE, key=jax.random.key(1), **SHORT)


# A posterior to scale by

FIFTH = dict(n_warmup=200, n_draws=1_000)


def test_a_posterior_to_scale_by_changes_the_path_and_not_the_posterior(posterior, reference):
    fit = et.fit_nuts(TIMELESS, PANEL, key=jax.random.key(4), precondition=posterior, **FIFTH)
    assert fit["posterior"].data_vars.keys() == reference.keys()
    assert_moments(fit, reference)
    # Draws of twice the spread, two units off, are a poor guide, and do no harm but that.
    draws = posterior["posterior"].dataset
    slopes = ["elasticity", "category_elasticity", "global_elasticity"]
    off = {name: draws[name] + (draws[name] - draws[name].mean()) + 2 for name in slopes}
    poor = xr.DataTree.from_dict({"posterior": draws.assign(off)})
    fit = et.fit_nuts(TIMELESS, PANEL, key=jax.random.key(5), precondition=poor, **FIFTH)
    assert_moments(fit, reference)


def test_chains_start_and_run_with_keys_of_their_own(monkeypatch):
    guide, used = et.fit_nuts(TIMELESS, PANEL, key=jax.random.key(1), **SHORT), []
    for module, name, position in ((jax.random, "choice", 0), (inference, "sample", 2)):
        function = getattr(module, name)

        def record(*args, function=function, position=position, **options):
            used.append(tuple(jax.random.key_data(args[position]).tolist()))
            return function(*args, **options)

        monkeypatch.setattr(module, name, record)
    et.fit_nuts(TIMELESS, PANEL, key=jax.random.key(2), precondition=guide, **SHORT)
    assert len(used) == len(set(used)) == 2


def test_coordinates_are_those_of_the_sampler(posterior):
    draws = posterior["posterior"].dataset
    thin = xr.DataTree.from_dict({"posterior": draws.isel(draw=slice(0, 200))})
    plain, distance = precondition.coordinates(TIMELESS, PANEL, thin, HIERARCHY)
    values = {
        name: each.values[:, :200].reshape(800, *each.shape[2:]) for name, each in draws.items()
    }
    scale = values["elasticity_scale"][:, None]
    above = values["category_elasticity"][:, PANEL.category]
    assert_allclose(distance["elasticity"], (values["elasticity"] - above) / scale, rtol=1e-9)
    store = values["global_elasticity"][:, None]
    expected = (values["category_elasticity"] - store) / values["category_scale"][:, None]
    assert_allclose(distance["category_elasticity"], expected, rtol=1e-9)
    assert_allclose(plain["elasticity_scale"], np.log(scale[:, 0]))
    assert_allclose(plain["elasticity"], values["elasticity"])
    assert plain.keys() == values.keys()


def test_small_sites_share_a_dense_matrix_and_large_ones_have_a_diagonal():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(3, 3))
    small = rng.normal(size=(400, 3)) @ root
    points = {"b": small[:, :2], "a": small[:, 2], "large": rng.normal(0, 3, (400, 99))}
    blocks, mass = precondition.mass_of(points)
    assert blocks == (("a", "b"), ("large",))
    assert_allclose(mass[0], np.cov(small[:, [2, 0, 1]].T), rtol=0.05, atol=0.05)
    assert_allclose(mass[1], points["large"].var(axis=0))
    blocks, _ = precondition.mass_of(
        {name: each[:, :97] for name, each in points.items() if name == "large"}
    )
    assert blocks == (("large",),)


def test_what_the_draws_know_well_is_centred():
    rng = np.random.default_rng(1)
    distances = {
        "elasticity": 0.2 * rng.normal(size=(500, 9)),
        "category_elasticity": rng.normal(size=(500, 4)),
    }
    assert precondition.informed(distances) == ["elasticity"]


def test_a_posterior_to_scale_by_must_fit_model_and_panel(posterior):
    key = jax.random.key(1)
    with pytest.raises(ValueError, match=r"^precondition has no draws of time_effect, which the"):
        et.fit_nuts(et.partial_pooling, PANEL, key=key, precondition=posterior)
    other = PANEL.select(products=["p0", "p1"])
    with pytest.raises(ValueError, match=r"^precondition and panel must hold the same product lab"):
        et.fit_nuts(TIMELESS, other, key=key, precondition=posterior)
    draws = posterior["posterior"].dataset
    gone = xr.DataTree.from_dict(
        {"posterior": draws.assign(category_scale=-draws["category_scale"])}
    )
    with pytest.raises(ValueError, match=r"^only 0 draws of precondition lie in the model's supp"):
        et.fit_nuts(TIMELESS, PANEL, key=key, precondition=gone)
    stuck = draws.assign(global_elasticity=0 * draws["global_elasticity"])
    with pytest.raises(ValueError, match=r"^precondition has a site that never moves"):
        et.fit_nuts(
            TIMELESS, PANEL, key=key, precondition=xr.DataTree.from_dict({"posterior": stuck})
        )


@pytest.mark.slow
def test_a_posterior_to_scale_by_saves_steps():
    size = dict(n_products=30, n_categories=3, n_periods=30, price_change_prob=0.3)
    panel = et.simulate_store(np.random.default_rng(42), **size).panel
    plain = et.fit_nuts(et.partial_pooling, panel, key=jax.random.key(1))
    scaled = et.fit_nuts(
        et.partial_pooling, panel, key=jax.random.key(2), precondition=plain, **FIFTH
    )

    def steps_of_a_draw(fit):
        ess = az.ess(fit["posterior"].dataset, method="bulk")
        worst = min(float(each.min()) for each in ess.data_vars.values())
        return int(fit["sample_stats"]["n_steps"].sum()) / worst

    # It took 46 steps instead of 64 an effective draw.
    assert steps_of_a_draw(scaled) < 0.9 * steps_of_a_draw(plain)
    et.check_convergence(scaled)
    table = et.compare_posteriors(scaled, plain)
    assert (abs(table["z"]) < 4.5 * np.sqrt(2)).all()
    assert_allclose(table["sd_ratio"], 1, atol=0.1)


# Variational inference


def lone_by_quadrature():
    """Posterior mean, sd and evidence of one product's elasticity, without time effects."""
    elasticity = np.linspace(-3.5, 0.5, 4_001)
    joint = stats.norm.pdf(elasticity, -1.5, 0.5) * likelihood(LONE, 0, elasticity)
    evidence = joint.sum() * (elasticity[1] - elasticity[0])
    weight = joint / joint.sum()
    mean = weight @ elasticity
    return mean, np.sqrt(weight @ (elasticity - mean) ** 2), evidence


def test_svi_finds_a_nearly_normal_posterior_and_its_evidence():
    fit = et.fit_svi(LONE_MODEL, LONE, key=jax.random.key(1), n_steps=3_000, n_draws=4_000)
    mean, sd, evidence = lone_by_quadrature()
    draws = fit["posterior"]["elasticity"].values.ravel()
    # Besides four standard errors of 4,000 draws, 0.02 sd for the optimiser's own noise and 2%
    # for the posterior's departure from a normal.
    assert abs(draws.mean() - mean) < (4 / np.sqrt(4_000) + 0.02) * sd
    assert_allclose(draws.std(), sd, rtol=4 / np.sqrt(2 * 4_000) + 0.02)
    assert stats.kstest((draws - draws.mean()) / draws.std(), stats.norm.cdf).pvalue > RARE
    # For a normal posterior the bound is attained, and its estimate has no noise.
    loss = fit["sample_stats"]["loss"].values
    assert_allclose(loss[-300:].mean(), -np.log(evidence), atol=0.01)
    assert loss[:10].mean() > loss[-300:].mean()


def test_svi_results_are_labelled_like_those_of_nuts(posterior):
    fit = et.fit_svi(TIMELESS, PANEL, key=jax.random.key(1), n_steps=60, n_draws=7)
    draws, like = fit["posterior"], posterior["posterior"]
    assert draws.data_vars.keys() == like.data_vars.keys()
    for name, values in draws.data_vars.items():
        assert values.dims == like[name].dims and values.dtype == "float64"
        assert values.sizes["chain"] == 1 and values.sizes["draw"] == 7
    assert draws["product"].values.tolist() == ["p0", "p1", "p2"]
    assert draws["category"].values.tolist() == ["jam", "tea"]
    assert fit["sample_stats"]["loss"].dims == ("step",)
    assert fit["sample_stats"]["loss"].shape == (60,)
    assert (draws["category_scale"] > 0).all() and (draws["elasticity_scale"] > 0).all()


def test_svi_is_repeated_by_its_key():
    model = partial(et.no_pooling, time_effects=False)
    fits = [
        et.fit_svi(model, LONE, key=jax.random.key(k), n_steps=20, n_draws=5) for k in (1, 1, 2)
    ]
    first, again, other = (fit["posterior"]["elasticity"].values for fit in fits)
    assert_array_equal(first, again)
    assert (first != other).any()


# Predictive draws


def test_prior_predictive_draws_parameters_and_sales():
    n_draws = 4_000
    model = partial(et.partial_pooling, **FIXED)
    tree = et.prior_predictive(model, PANEL, key=jax.random.key(1), n_draws=n_draws)
    prior, units = tree["prior"], tree["prior_predictive"]["units"]
    names = {"global_elasticity", "category_elasticity", "elasticity", "time_effect"}
    assert prior.data_vars.keys() == names
    assert {str(values.dtype) for values in prior.data_vars.values()} == {"float64"}
    assert prior["elasticity"].dims == ("chain", "draw", "product")
    assert prior["time_effect"].dims == ("chain", "draw", "category", "period")
    assert units.dims == ("chain", "draw", "product", "period")
    assert units.shape == (1, n_draws, 3, 4)
    assert units["product"].values.tolist() == ["p0", "p1", "p2"]
    assert units["period"].values.tolist() == [0, 1, 2, 3]
    total = np.broadcast_to(PANEL.total_units, (1, n_draws, 3))
    assert_array_equal(units.sum("period"), total)
    elasticity = prior["elasticity"].values[0]
    assert (np.abs(elasticity.mean(axis=0) + 1.5) < 4 * np.sqrt(0.5 / n_draws)).all()
    assert_allclose(elasticity.var(axis=0), 0.5, rtol=4 * np.sqrt(2 / n_draws))
    # Two products of a category share its draw and the store's, of other categories the store's.
    correlation = np.corrcoef(elasticity.T)
    expected = np.array([[1, 0.5, 0.82], [0.5, 1, 0.5], [0.82, 0.5, 1]])
    assert_allclose(correlation, expected, atol=4 * (1 - 0.5**2) / np.sqrt(n_draws))


def test_covariates_have_one_coefficient_each():
    panel = panel_of(PANEL.units, PANEL.price, promotion=[[0, 1, 0, 1]] * 3)
    tree = et.prior_predictive(et.no_pooling, panel, key=jax.random.key(1), n_draws=20)
    assert tree["prior"]["effect_of_promotion"].dims == ("chain", "draw")


def test_prior_predictive_sales_follow_from_the_prior():
    n_draws = 4_000
    model = partial(et.no_pooling, time_effects=False, **FIXED)
    tree = et.prior_predictive(model, LONE, key=jax.random.key(1), n_draws=n_draws)
    units = tree["prior_predictive"]["units"].values[0, :, 0]
    elasticity, weight = normal_nodes(40)
    elasticity = -1.5 + np.sqrt(0.5) * elasticity
    share = special.softmax(np.multiply.outer(elasticity, log_prices(LONE, 0)), axis=1)
    mean, square = weight @ share, weight @ share**2
    total = LONE.total_units[0]
    variance = total * (mean - square) + total**2 * (square - mean**2)
    assert (np.abs(units.mean(axis=0) - total * mean) < 4 * np.sqrt(variance / n_draws)).all()
    spread = np.sqrt((stats.kurtosis(units, fisher=False) - 1) / n_draws)
    assert (np.abs(units.var(axis=0) / variance - 1) < 4 * spread).all()


@pytest.mark.parametrize("options", [{"intercept": "kept"}, {"intercept": "gamma"}])
def test_a_prior_of_absurd_demand_is_refused(options):
    model = partial(et.no_pooling, **options, priors={"base_sd": 60.0, "level_sd": 60.0})
    message = r"^\d+\.\d\d% of the simulated sales have means above 2\^53 units a period; narrow"
    with pytest.raises(ValueError, match=message):
        et.prior_predictive(model, PANEL, key=jax.random.key(1), n_draws=50)


@pytest.mark.parametrize("intercept", ["fixed", "kept"])
def test_prior_predictive_sales_are_nan_where_nothing_was_observed(intercept):
    tree = et.prior_predictive(with_gap(intercept), PANEL, key=jax.random.key(1), n_draws=6)
    assert_gap(tree["prior_predictive"]["units"])


@pytest.mark.parametrize("intercept", ["fixed", "kept"])
def test_posterior_predictive_sales_are_nan_where_nothing_was_observed(intercept):
    model = with_gap(intercept)
    draws = et.prior_predictive(model, PANEL, key=jax.random.key(1), n_draws=6)["prior"]
    new = et.posterior_predictive(model, {"posterior": draws}, PANEL, key=jax.random.key(2))
    assert_gap(new["posterior_predictive"]["units"])


def with_gap(intercept):
    return partial(et.no_pooling, intercept=intercept, priors={"base_sd": 1.0})


def assert_gap(units):
    hidden = np.broadcast_to(~PANEL.observed, (1, 6, 3, 4))
    assert_array_equal(np.isnan(units), hidden)
    seen = units.values[~hidden]
    assert (seen >= 0).all() and (seen == np.round(seen)).all()


def posterior_of(**draws):
    """Tree that holds these draws under their names."""
    return az.from_dict({"posterior": draws}, dims=DIMS)


def test_posterior_predictive_sales_are_drawn_for_each_draw():
    # One product and two periods, so that sales of the first are binomial.
    panel = panel_of([[30, 20]], [[1.0, 1.5]])
    elasticity = np.repeat([[-3.0, 1.0], [-1.0, -6.0]], 1_500, axis=1)
    tree = posterior_of(elasticity=elasticity[..., None])
    model = partial(et.no_pooling, time_effects=False)
    new = et.posterior_predictive(model, tree, panel, key=jax.random.key(1))
    units = new["posterior_predictive"]["units"]
    assert units.dims == ("chain", "draw", "product", "period")
    assert units.shape == (2, 3_000, 1, 2)
    assert units["product"].values.tolist() == ["p0"]
    assert_array_equal(units.sum("period"), np.full((2, 3_000, 1), 50))
    first = units.values[:, :, 0, 0]
    for value in np.unique(elasticity):
        law = stats.binom(50, 1 / (1 + 1.5**value))
        counts = np.bincount(first[elasticity == value].astype(int), minlength=51)
        chance = law.pmf(np.arange(51)) * 1_500
        common = chance > 5
        observed, expected = (np.append(x[common], x[~common].sum()) for x in (counts, chance))
        assert stats.chisquare(observed, expected).pvalue > RARE


def test_posterior_predictive_takes_new_prices_and_kept_intercepts():
    n_draws = 3_000
    panel = replace(PANEL, price=PANEL.price * np.array([1.0, 1.0, 0.5, 1.0]))
    effect = np.array([[0.5, -0.5, 0.2, -0.2], [0.0, 0.3, -0.3, 0.0]])
    values = {
        "global_elasticity": np.array(-2.0),
        "log_base_demand": np.array([3.0, 1.0, 6.0]),
        "time_effect": effect,
    }
    draws = {k: np.broadcast_to(v, (1, n_draws, *v.shape)) for k, v in values.items()}
    model = partial(et.complete_pooling, intercept="kept")
    new = et.posterior_predictive(model, posterior_of(**draws), panel, key=jax.random.key(1))
    units = new["posterior_predictive"]["units"].values[0]
    log_price = np.log(panel.price)
    log_price -= np.nanmean(log_price, axis=1, keepdims=True)
    base = values["log_base_demand"][:, None]
    mean = np.exp(base - 2 * log_price + effect[[TEA, JAM, TEA]])
    seen = panel.observed
    error = np.sqrt(mean / n_draws)[seen]
    assert (np.abs(units.mean(axis=0)[seen] - mean[seen]) < 4 * error).all()
    spread = np.sqrt((2 + 1 / mean[seen]) / n_draws)  # of a Poisson variance
    assert (np.abs(units.var(axis=0)[seen] / mean[seen] - 1) < 4 * spread).all()
    assert np.isnan(units[:, ~seen]).all()


def test_draws_of_nuts_can_be_checked_against_the_sales(posterior):
    new = et.posterior_predictive(TIMELESS, posterior, PANEL, key=jax.random.key(1))
    units = new["posterior_predictive"]["units"]
    assert units.shape == (4, 1_000, 3, 4)
    # Expected sales of each draw, by hand; a mean over draws of sales less their expectation.
    for product in range(3):
        own = posterior["posterior"]["elasticity"].values[..., product]
        share = special.softmax(np.multiply.outer(own, log_prices(PANEL, product)), axis=-1)
        total = PANEL.total_units[product]
        gap = units.values[:, :, product, PANEL.observed[product]] - total * share
        error = np.sqrt((total * share * (1 - share)).mean(axis=(0, 1)) / 4_000)
        assert (np.abs(gap.mean(axis=(0, 1))) < 4 * error).all()


def test_predictive_draws_are_repeated_by_their_key():
    tree = posterior_of(global_elasticity=np.full((1, 20), -2.0))
    draws = [
        et.posterior_predictive(LONE_MODEL, tree, LONE, key=jax.random.key(k))[
            "posterior_predictive"
        ]
        for k in (1, 1, 2)
    ]
    assert_array_equal(draws[0]["units"], draws[1]["units"])
    assert (draws[0]["units"] != draws[2]["units"]).any()
    draws = [
        et.prior_predictive(LONE_MODEL, LONE, key=jax.random.key(k), n_draws=20)["prior"]
        for k in (1, 1, 2)
    ]
    assert_array_equal(draws[0]["elasticity"], draws[1]["elasticity"])
    assert (draws[0]["elasticity"] != draws[2]["elasticity"]).any()


# Errors


@pytest.mark.parametrize(
    "call",
    [
        lambda panel, key: et.fit_nuts(et.no_pooling, panel, key=key),
        lambda panel, key: et.fit_svi(et.no_pooling, panel, key=key, n_steps=5),
        lambda panel, key: et.prior_predictive(et.no_pooling, panel, key=key),
        lambda panel, key: et.posterior_predictive(et.no_pooling, None, panel, key=key),
    ],
    ids=["fit_nuts", "fit_svi", "prior_predictive", "posterior_predictive"],
)
def test_a_panel_is_needed(call):
    with pytest.raises(TypeError, match=r"^panel must be a Panel"):
        call(PANEL.to_frame(), jax.random.key(1))


@pytest.mark.parametrize("centered", [["global_elasticity"], ["elasticity", "slope"], "elasticity"])
def test_only_hierarchical_sites_can_be_centred(centered):
    message = r"^centered must name some of category_elasticity, elasticity; got "
    with pytest.raises(ValueError, match=message):
        et.fit_nuts(TIMELESS, PANEL, key=jax.random.key(1), centered=centered)


def test_every_key_is_given_by_name():
    for fit in (et.fit_nuts, et.fit_svi, et.prior_predictive):
        with pytest.raises(TypeError, match="key"):
            fit(et.no_pooling, PANEL)


# A store


STORE = """
import sys, time
import arviz as az, jax, numpy as np
import elastic_tutorial as et

et.fit_nuts  # before JAX begins, so that chains run side by side
size = dict(n_products=120, n_categories=5, n_periods=52, price_change_prob=0.3)
panel = et.simulate_store(np.random.default_rng(42), **size).panel
for key in jax.random.split(jax.random.key(1), 10):
    began = time.perf_counter()
    posterior = et.fit_nuts(et.partial_pooling, panel, key=key)
    seconds = time.perf_counter() - began
    draws = posterior["posterior"].dataset
    hyper = draws[["global_elasticity", "category_scale", "elasticity_scale"]]
    bulk = az.ess(draws, method="bulk")
    tail = az.ess(draws, method="tail", prob=(0.05, 0.95))
    figures = [
        max(float(v.max()) for v in az.rhat(draws).data_vars.values()),
        max(float(v.max()) for v in az.rhat(hyper).data_vars.values()),
        min(float(v.min()) for v in bulk.data_vars.values()),
        min(float(v.min()) for v in tail.data_vars.values()),
        int(posterior["sample_stats"]["diverging"].sum()),
    ]
    print(*figures, seconds, flush=True)
"""


@pytest.mark.slow
def test_a_store_of_120_products_converges_under_every_key():
    run = subprocess.run([sys.executable, "-c", STORE], capture_output=True, text=True, check=True)
    print(run.stdout)
    figures = np.array([line.split() for line in run.stdout.splitlines()], float)
    rhat, hyper_rhat, bulk, tail, divergences, _ = figures.T
    assert len(figures) == 10
    assert rhat.max() <= 1.02 and hyper_rhat.max() <= 1.01
    assert bulk.min() >= 400 and tail.min() >= 400
    assert divergences.max() == 0
