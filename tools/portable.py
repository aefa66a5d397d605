"""A test bench for processors: notebooks and unit tests as other machines would compute them.

Each setting takes something away from this machine: vector instructions from XLA, NumPy or
OpenBLAS, or threads. It proves that it took effect by the bits of a few computations, a chain of
the sampler among them, in which any difference grows. A setting that changes no bit is reported as
"same as the default here", since running the tests with it would show nothing. The others are run
together, as an old processor and one of the middle would have them; named, each by itself.
"""

import argparse
import json
import os
import subprocess
import sys

import checks

SETTINGS = {
    "xla-sse4.2": {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"},
    "xla-avx2": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    "numpy-baseline": {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"},
    "openblas-nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "one-thread": {
        "OPENBLAS_NUM_THREADS": "1",
        "NPROC": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    },
    "four-threads": {"OPENBLAS_NUM_THREADS": "4", "NPROC": "4"},
}
RUNS = {
    "an old processor": ["xla-sse4.2", "numpy-baseline", "openblas-nehalem", "one-thread"],
    "a processor of the middle": ["xla-avx2", "four-threads"],
}
STAGES = ("unit", "notebooks")

# Bits of what chapters compute: elementwise functions, sums, factors, fits by both engines.
BITS = """
import hashlib, json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
import elastic_tutorial as et
import jax, jax.numpy as jnp
from elastic_tutorial import inference  # switches JAX to 64-bit floats
from scipy import linalg

def digest(*arrays):
    return hashlib.sha256(b"".join(np.asarray(each).tobytes() for each in arrays)).hexdigest()[:12]

x = np.linspace(-3, 7, 100_003)
square = np.sin(np.arange(300.0 * 300)).reshape(300, 300)
definite = square @ square.T + 500 * np.eye(300)
smooth = jax.jit(lambda x: (jnp.exp(x), jnp.log1p(jnp.abs(x)), jnp.sum(jnp.sin(x)), jnp.tanh(x)))
size = {"n_products": 12, "n_categories": 2, "n_periods": 10, "price_change_prob": 0.5}
panel = et.simulate_store(np.random.default_rng(1), **size).panel
chain = {"n_warmup": 60, "n_draws": 20, "n_chains": 2, "progress_bar": False}
draws = et.fit_nuts(et.partial_pooling, panel, key=jax.random.key(1), **chain)["posterior"]
fast = et.fit_laplace(panel, key=jax.random.key(1), n_draws=10)["analytic"]
json.dump({
    "numpy": digest(np.exp(x), np.log1p(np.abs(x)), np.sin(x), x.sum(), square.sum(axis=0)),
    "linear algebra": digest(square @ square, linalg.cholesky(definite)),
    "xla": digest(*smooth(x), jax.jit(jnp.matmul)(square, square)),
    "fit_nuts": digest(draws["elasticity"]),
    "fit_laplace": digest(fast["mean"], fast["sd"]),
}, sys.stdout)
"""


def bits(setting):
    """Digest of each kind of computation, in a process of its own with these settings."""
    own = checks.environment() | setting
    command = [sys.executable, "-c", BITS]
    done = subprocess.run(
        command, cwd=checks.ROOT, env=own, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(lines[-1])
    return json.loads(done.stdout)


def effect(name, default):
    """Say in words what a setting changes, and whether it changes anything that can be run."""
    try:
        found = bits(SETTINGS[name])
    except RuntimeError as error:
        return f"does not run on this machine ({error})", False
    differs = [kind for kind in default if found[kind] != default[kind]]
    return f"changes {', '.join(differs)}" if differs else "same as the default here", bool(differs)


def together(names):
    """Variables of some settings in one environment; flags for XLA are strung together."""
    variables = {}
    for name in names:
        for variable, value in SETTINGS[name].items():
            variables[variable] = f"{variables.get(variable, '')} {value}".strip()
    return variables


def main(arguments=None):
    """Run the settings; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("setting", nargs="*", help=f"some of {', '.join(SETTINGS)}")
    chosen = parser.parse_args(arguments).setting
    if unknown := set(chosen) - set(SETTINGS):
        parser.error(f"no setting {', '.join(unknown)}; there are {', '.join(SETTINGS)}")
    runs = {name: [name] for name in chosen} or RUNS
    default, told, failed = bits({}), [], False
    stages = [stage for stage in checks.STAGES if stage.name in STAGES]
    for title, names in runs.items():
        effects = {name: effect(name, default) for name in names}
        told += [f"{name}: {words}" for name, (words, _) in effects.items()]
        variables = together(name for name, (_, differs) in effects.items() if differs)
        if variables:
            print(f"== {title}: {variables}", flush=True)
            os.environ.update(variables)
            outcomes = checks.run_stages(stages)
            for variable in variables:
                del os.environ[variable]
            told += [f"as {title}:", *(f"  {line}" for line in checks.report(outcomes))]
            failed |= any(done.failures for done in outcomes.values())
    print(*told, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
