"""Long studies, whose tables stand in book/results; `make studies` computes them again.

Each file but this one is a study, and computes its table with ``python -m studies.NAME``. A table
says in its first line how it was made; a row depends on its number alone, so that a test can
recompute one.
"""

import importlib.metadata
import os
import platform
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "book" / "results"


def write(path, table, what):
    """Write a table under a line that says what, where and with which versions."""
    path.parent.mkdir(exist_ok=True)
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("jax", "numpyro")
    )
    machine = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    text = table.round(4).to_csv(index=False)
    path.write_text(f"# {what}; {versions}; {machine}\n{text}", encoding="utf-8")
