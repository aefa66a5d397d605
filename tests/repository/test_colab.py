"""Colab: it opens one notebook without the repository, on a machine with packages of its own."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import address
import nbformat
import notebooks
import pytest
from IPython.core.interactiveshell import InteractiveShell
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = address.addresses(ROOT)["repository"]
CHAPTERS = notebooks.chapters(ROOT / "book")
READERS = [path for path in CHAPTERS if 'Path("results' in path.read_text(encoding="utf-8")]

# Runs cells in an empty folder. What is asked of the repository's address comes from a folder of
# this machine; any other address, or a file that is not there, raises an error.
ALONE = """
import email
import json
import sys
import urllib.request
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

repository, folder, cells = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])


class Mirror(urllib.request.HTTPSHandler):
    def https_open(self, request):
        start = f"{repository}/raw/main/"
        assert request.full_url.startswith(start), request.full_url
        stream = open(folder / request.full_url.removeprefix(start), "rb")
        reply = urllib.request.addinfourl(stream, email.message_from_string(""), None, 200)
        reply.msg = "OK"
        print("asked for", request.full_url.removeprefix(start))
        return reply


urllib.request.install_opener(urllib.request.build_opener(Mirror))
shell = InteractiveShell.instance()
for cell in cells:
    shell.run_cell(cell).raise_error()
"""


def install_cell(path):
    """First code cell of a chapter."""
    return next(cell for cell in notebooks.read_text(path).cells if cell.cell_type == "code")


def reading_cells(path):
    """Cells of a notebook that import, and those that read tables of the book."""
    sources = [
        cell.source
        for cell in nbformat.read(path.with_suffix(".ipynb"), as_version=4).cells
        if cell.cell_type == "code" and "%pip" not in cell.source
    ]
    found = re.compile(r'Path\("results|\bresults\("')
    return [source for source in sources if found.search(source) or starts_with_import(source)]


def starts_with_import(source):
    return isinstance(ast.parse(source).body[0], ast.Import | ast.ImportFrom)


def test_every_chapter_installs_the_package_in_the_same_way():
    cells = {path.stem: install_cell(path) for path in CHAPTERS}
    assert len({cell.source for cell in cells.values()}) == 1, "the first cells differ"
    for name, cell in cells.items():
        assert cell.metadata["tags"] == ["remove-cell"], name


@pytest.mark.parametrize("there", [True, False])
def test_the_first_cell_installs_the_package_where_it_is_not_there(there, monkeypatch):
    asked = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name if there else None)
    shell = InteractiveShell()
    shell.register_magic_function(asked.append, magic_name="pip")
    shell.run_cell(install_cell(CHAPTERS[0]).source).raise_error()
    constraints = f"{REPOSITORY}/raw/main/binder/colab.txt"
    assert asked == ([] if there else [f"install -q -c {constraints} git+{REPOSITORY}"])
    assert (ROOT / "binder/colab.txt").exists()


@pytest.mark.parametrize("path", READERS, ids=lambda path: path.stem)
def test_a_notebook_alone_reads_the_tables_of_the_book(path, tmp_path):
    cells = reading_cells(path)
    command = [sys.executable, "-W", "ignore", "-c", ALONE]
    done = subprocess.run(
        [*command, REPOSITORY, ROOT, json.dumps(cells)],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "asked for book/results/" in done.stdout


# --- Whose versions Colab gets

# What a machine of Colab has, some versions back from the book's: its kernel has loaded NumPy and
# IPython before the first cell runs, so that neither may be replaced.
COLAB_HAS = (
    "ipython==7.34.0",
    "ipykernel==6.17.1",
    "numpy==2.0.2",
    "pandas==2.2.2",
    "scipy==1.16.3",
    "matplotlib==3.10.0",
    "jax==0.7.2",
    "jaxlib==0.7.2",
    "pyarrow==18.1.0",
    "psutil==5.9.5",
)


def bounds():
    """Name to bound of each package in the constraints."""
    lines = (ROOT / "binder/colab.txt").read_text().splitlines()
    asked = [Requirement(line) for line in lines if not line.startswith("#")]
    return {requirement.name: str(requirement.specifier) for requirement in asked}


def lock():
    """Name to version of each package in the lock of Binder."""
    text = (ROOT / "binder/requirements.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, flags=re.MULTILINE))


def test_colab_gets_nothing_newer_than_the_lock():
    versions = lock()
    assert bounds() == {name: f"<={versions[name]}" for name in bounds()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {Requirement(each).name for each in project["dependencies"]} <= set(bounds())


def test_the_bounds_leave_the_servers_of_notebooks_alone():
    assert not {"ipykernel", "tornado", "jupyter-server", "pyzmq", "notebook"} & set(bounds())


@pytest.mark.slow
def test_what_colab_has_stays_and_the_rest_is_the_lock(tmp_path):
    setup = subprocess.run([ROOT / "tools/setup.sh", "uv"], capture_output=True, text=True)
    uv, report, source = setup.stdout.strip(), tmp_path / "report.json", tmp_path / "source"
    shutil.copytree(ROOT / "elastic_tutorial", source / "elastic_tutorial")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    python = tmp_path / "colab/bin/python"
    subprocess.run(
        [uv, "venv", "-q", "--seed", "-p", sys.executable, tmp_path / "colab"], check=True
    )
    subprocess.run([uv, "pip", "install", "-q", "-p", python, *COLAB_HAS], check=True)
    install = [python, "-m", "pip", "install", "-q", "--dry-run", "--report", report]
    subprocess.run([*install, "-c", ROOT / "binder/colab.txt", source], check=True)
    found = [each["metadata"] for each in json.loads(report.read_text())["install"]]
    new = {canonicalize_name(each["name"]): each["version"] for each in found}
    assert new.pop("elastic-tutorial")
    assert {"numpyro", "arviz", "pyfixest"} <= set(new)
    assert new.items() <= lock().items()
    assert not {Requirement(each).name for each in COLAB_HAS} & set(new)


# --- A new address does not ask for new outputs


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("/raw/main/", "/raw/newer/", True),
        ("# In Colab", "# There", True),
        ("    %pip", "    import jax; %pip", True),
        ("is None:", 'is None:\n    print("one")\nprint("two")\nif False:', False),
        ("import importlib.util", "import importlib.util\nimport jax", False),
        ("import matplotlib.pyplot as plt", "import matplotlib", False),
    ],
)
def test_only_what_is_not_run_may_differ_from_the_code_of_the_outputs(old, new, kept, tmp_path):
    for suffix in (".md", ".ipynb"):
        shutil.copy(CHAPTERS[0].with_suffix(suffix), tmp_path)
    path = tmp_path / CHAPTERS[0].name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    if kept:
        assert notebooks.write(path, run=False)
        notebooks.check(path)
    else:
        with pytest.raises(notebooks.ChapterError, match="has other code"):
            notebooks.write(path, run=False)
