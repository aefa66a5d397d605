"""The no-U-turn sampler, compiled once for all fits whose programs are the same."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun
from numpyro.infer import init_to_uniform
from numpyro.infer.hmc import hmc
from numpyro.infer.util import initialize_model
from numpyro.util import progress_bar_factory

from elastic_tutorial.models.arrays import Array, Key

# Half-width of the box, in unconstrained coordinates, where chains start. Stan takes 2; a narrower
# one keeps the demand of the start finite, and has chains that start less far apart.
_START_RADIUS = 1.0
_COMPILED_RUNS = 8  # programs kept compiled; more would only cost memory: no chapter fits as many
_BAR_UPDATES = 20  # of a progress bar; each is a call from the compiled program to Python


class View(NamedTuple):
    """What a model says at a point of the unconstrained coordinates of the sampler."""

    draws: dict  # all sites and deterministics by name
    start: dict  # another point, at random


class Run(NamedTuple):
    """How to run; two runs that are equal share a compilation."""

    n_warmup: int
    n_draws: int
    n_chains: int
    target_accept: float
    bar: object = None  # a new one for each run that shows a progress bar, else None
    blocks: tuple | None = None  # names of the sites in each block of a mass matrix that is given


class Program:
    """A model and its data, split into a program and the numbers that it works with.

    The model is run on the panel as it stands, so it may use NumPy; arrays that it met are the
    ``numbers``. Programs are equal if the text that XLA is to compile is, letter by letter.
    """

    def __init__(self, model: Callable, args: tuple, key: Key[Array, ""]):
        def initialize(key):
            strategy = init_to_uniform(radius=_START_RADIUS)
            return initialize_model(
                key, model, init_strategy=strategy, model_args=args, validate_grad=False
            )

        def density_at(point, key):
            with jax.ensure_compile_time_eval():  # what rests on data alone is computed here, once
                info = initialize(key)
                view = View(info.postprocess_fn(point), info.param_info.z)
                return info.potential_fn(point), view

        self.example = jax.eval_shape(lambda key: initialize(key).param_info.z, key)
        closed, shape = jax.make_jaxpr(density_at, return_shape=True)(self.example, key)
        self.numbers = [jnp.asarray(number) for number in closed.consts]
        jaxpr, tree = closed.jaxpr, jax.tree.structure(shape)

        def evaluate(numbers, point, key):
            run = jaxpr_as_fun(ClosedJaxpr(jaxpr, list(numbers)))
            return jax.tree.unflatten(tree, run(*jax.tree.leaves((point, key))))

        self.evaluate = evaluate  # minus the log density at a point, and a View
        gradient = jax.jit(jax.value_and_grad(evaluate, argnums=1, has_aux=True))
        lowered = gradient.lower(self.numbers, self.example, key)
        self._text = f"{self.example}\n{shape}\n{lowered.as_text()}"

    def __eq__(self, other):
        return self._text == other._text

    def __hash__(self):
        return hash(self._text)


def sample(
    program: Program,
    run: Run,
    key: Key[Array, ""],
    *,
    start: dict | None = None,
    mass: list | None = None,
) -> tuple[dict, dict]:
    """Draws and sampler statistics, shape (chain, draw, ...).

    ``start`` is a point for each chain, ``mass`` inverse mass matrices by block, to be kept.
    """
    chains = _compiled(program, run)
    keys = jax.random.split(key, run.n_chains)
    draws, stats, finite = chains(keys, start, program.numbers, mass)
    if not finite.all():
        raise RuntimeError(
            "the model has no finite density where its chains would start; "
            "see that its priors and the support of its likelihood fit the sales."
        )
    return draws, stats


@lru_cache(maxsize=_COMPILED_RUNS)
def _compiled(program, run):
    """Compile a run of chains side by side."""

    def chain(key, start, numbers, mass):
        keys = jax.random.split(key)
        if start is None:
            origin = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), program.example)
            start = program.evaluate(numbers, origin, keys[0])[1].start

        def potential(point):
            return program.evaluate(numbers, point, keys[0])[0]

        points, stats = _walk(potential, start, keys[1], mass, run)
        draws = jax.lax.map(
            lambda point: program.evaluate(numbers, point, keys[0])[1].draws, points
        )
        return draws, stats, jnp.isfinite(potential(start))

    if jax.local_device_count() >= run.n_chains:
        return jax.pmap(chain, in_axes=(0, 0, None, None))
    return jax.jit(jax.vmap(chain, in_axes=(0, 0, None, None)))


def _walk(potential, start, key, mass, run):
    """Warm up and draw one chain."""
    init, step = hmc(potential, algo="NUTS")
    inverse = None if mass is None else dict(zip(run.blocks, mass, strict=True))
    state = init(
        start,
        run.n_warmup,
        inverse_mass_matrix=inverse,
        adapt_mass_matrix=mass is None,
        dense_mass=[names for names, matrix in (inverse or {}).items() if matrix.ndim == 2],
        target_accept_prob=run.target_accept,
        rng_key=key,
    )

    def kept(state):
        stats = {
            "diverging": state.diverging,
            "n_steps": state.num_steps,
            "acceptance_rate": state.accept_prob,
        }
        return state.z, stats

    def body(i, carry):
        state, collection = carry
        state = step(state)
        row = jnp.maximum(i - run.n_warmup, 0)  # warmup overwrites the first
        return state, jax.tree.map(lambda all_, new: all_.at[row].set(new), collection, kept(state))

    def room(value):
        return jnp.zeros((run.n_draws, *jnp.shape(value)), jnp.result_type(value))

    carry, n_steps = (state, jax.tree.map(room, kept(state))), run.n_warmup + run.n_draws
    if run.bar is None:
        return jax.lax.fori_loop(0, n_steps, body, carry)[1]
    body = progress_bar_factory(n_steps, run.n_chains, max(1, n_steps // _BAR_UPDATES))(body)
    return jax.lax.fori_loop(0, n_steps, body, (carry, -1))[0][1]
