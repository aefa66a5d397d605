"""``fit_laplace`` spread over processes finds what one process finds."""

import socket
import subprocess
import sys

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

import elastic_tutorial as et

STORE = {"n_products": 60, "n_categories": 3, "n_periods": 12, "price_change_prob": 0.4}
FIT = {"intercept": "fixed", "n_draws": 50}
GIVEN = {"elasticity_scale": 0.3, "category_scale": 0.5}
WORKER = """
import os, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=1"
import jax
import numpy as np

number, address, path = int(sys.argv[1]), *sys.argv[2:]
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(address, 2, number)

import elastic_tutorial as et

panel = et.simulate_store(np.random.default_rng(3), **{store}).panel
fit = et.fit_laplace(panel, key=jax.random.key(1), devices=jax.devices(), **{fit})
np.savez(path, **{{name: fit["analytic"][name].values for name in ("mean", "sd")}})
"""


@pytest.mark.parametrize(
    "scales",
    [pytest.param(GIVEN, id="given"), pytest.param({}, id="learned", marks=pytest.mark.slow)],
)
def test_two_processes_find_what_one_finds(tmp_path, scales):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    worker = WORKER.format(store=STORE, fit=FIT | scales)
    paths = [tmp_path / f"{number}.npz" for number in range(2)]
    commands = [
        [sys.executable, "-c", worker, str(n), address, path] for n, path in enumerate(paths)
    ]
    processes = [subprocess.Popen(each, stderr=subprocess.PIPE, text=True) for each in commands]
    try:
        for process in processes:
            _, errors = process.communicate(timeout=400)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    panel = et.simulate_store(np.random.default_rng(3), **STORE).panel
    alone = et.fit_laplace(panel, key=jax.random.key(1), **FIT, **scales)["analytic"]
    for path in paths:
        found = np.load(path)
        for name in ("mean", "sd"):
            assert_allclose(found[name], alone[name], rtol=0, atol=1e-8)
