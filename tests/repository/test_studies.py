"""The stored tables of long studies: what they claim, and one row of each computed again."""

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from studies import calibration as study

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "book" / "results"


@pytest.fixture(scope="module")
def calibration():
    return pd.read_csv(RESULTS / "sbc_partial_pooling.csv", comment="#", index_col="replication")


def test_the_calibration_has_enough_replications(calibration):
    assert calibration.index.to_list() == list(range(len(calibration)))
    assert len(calibration) >= 200


def test_the_shares_of_the_calibration_are_uniform(calibration):
    """No bin strays further than a simultaneous 95% band over bins and quantities."""
    shares = calibration.drop(columns="divergences")
    n = len(shares)
    chance = np.random.default_rng(1).multinomial(n, np.full(10, 0.1), size=100_000)
    reach = np.quantile(np.abs(chance - n / 10).max(axis=1), 1 - 0.05 / shares.shape[1])
    for name in shares:
        counts, _ = np.histogram(shares[name], bins=10, range=(0, 1))
        assert np.abs(counts - n / 10).max() <= reach, name


def test_make_computes_every_study():
    made = subprocess.run(["make", "-n", "studies"], cwd=ROOT, capture_output=True, text=True)
    paths = list((ROOT / "tools" / "studies").glob("[a-z]*.py"))
    assert len(paths) >= 5
    for path in paths:
        assert path.stem in made.stdout.split(" in ")[1].split(";")[0].split()
        assert 'if __name__ == "__main__":' in path.read_text(encoding="utf-8"), path


def test_a_table_says_how_it_was_made():
    for path in RESULTS.glob("*.csv"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# ")
        assert "jax " in first
        assert "Python 3." in first


@pytest.mark.slow
def test_a_row_of_the_calibration_is_found_again(calibration):
    stored = calibration.loc[7].drop("divergences")
    again = pd.Series(study.calibration_row(7))[stored.index]
    # Shares of draws below the truth, from two runs of 400 independent draws at the least.
    error = np.sqrt(2 * stored * (1 - stored) / 400)
    assert ((again - stored).abs() <= 5 * error + 0.01).all()


LAPLACE = RESULTS / "sbc_fit_laplace.csv"


@pytest.mark.parametrize("intercept, likelihood", study.LAPLACE_MODELS)
def test_the_shares_of_the_calibration_of_fit_laplace_are_uniform(intercept, likelihood):
    """No bin strays further than a simultaneous 95% band over bins and quantities."""
    table = pd.read_csv(LAPLACE, comment="#")
    table = table[(table["intercept"] == intercept) & (table["likelihood"] == likelihood)]
    assert table["replication"].to_list() == list(range(200))
    shares = table.drop(columns=["intercept", "likelihood", "replication", "warned"])
    shares = shares.dropna(axis="columns", how="all")
    assert shares.notna().all(axis=None) and shares.shape[1] >= 14
    chance = np.random.default_rng(1).multinomial(200, np.full(10, 0.1), size=100_000)
    reach = np.quantile(np.abs(chance - 20).max(axis=1), 1 - 0.05 / shares.shape[1])
    for name in shares:
        counts, _ = np.histogram(shares[name], bins=10, range=(0, 1))
        assert np.abs(counts - 20).max() <= reach, name


@pytest.mark.slow
def test_a_row_of_the_calibration_of_fit_laplace_is_found_again():
    table = pd.read_csv(LAPLACE, comment="#", index_col=["intercept", "likelihood", "replication"])
    again = study.laplace_calibration_row("fixed", "poisson", 7)
    stored = table.loc[("fixed", "poisson", 7)].drop("warned").dropna()
    # Shares of a thousand draws, whose hyperparameters come from weighted points.
    assert all(abs(again[name] - value) < 0.05 for name, value in stored.items())
