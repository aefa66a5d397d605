"""The shape of the package: what imports what, what is public, and how long things are."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import elastic_tutorial as et

PACKAGE = Path(et.__file__).parent
# A module imports only from modules that stand before it.
ORDER = (
    "_validation _distributions _planning _table elasticity price_change rate_ratio panel parquet "
    "datasets simulate store worlds regression sales models _nuts _precondition inference _rising "
    "_arrow _quadrature _blocks _marginal _posterior _hyper _layout _survey laplace summary audit "
    "_market _outcome _profit_curve _best_move pricing plots store_plots "
    "_read _clean sales_table _predict back_testing store_checks _folder _figures _words _page "
    "report _command __main__"
).split()
USES_JAX = set(
    (
        "sales models _nuts _precondition inference _rising _arrow _quadrature _blocks _marginal "
        "_posterior _hyper _layout _survey laplace back_testing _command"
    ).split()
)
HEAVY = {"jax", "jaxlib", "numpyro", "arviz", "pyfixest"}
PART_ONE = "elasticity price_change rate_ratio datasets simulate plots".split()
ERRORS = {name for name in et.__all__ if name.endswith(("Error", "Warning"))} | {"NotEstimable"}
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
PUBLIC_MODULES = [module for module in MODULES if not module.startswith("_")]


def parse(module):
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def imported(tree):
    """Full names of everything a module imports, at its top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "elastic_tutorial" if node.level else node.module
            base = f"{base}.{node.module}" if node.level and node.module else base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def functions(tree):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def run(code):
    """What a fresh interpreter prints for this code."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_module_has_its_place():
    assert set(MODULES) <= set(ORDER)
    assert not [path for path in PACKAGE.glob("*/") if (path / "__init__.py").exists()]


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_upward(module):
    above = ORDER[: ORDER.index(module)]
    for name in imported(parse(module)):
        if name.split(".")[0] == "elastic_tutorial":
            assert name.split(".")[1] in above, f"{module} imports {name}"


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_only_the_hierarchical_modules_import_jax(module):
    roots = {name.split(".")[0] for name in imported(parse(module))}
    assert module in USES_JAX or not roots & {"jax", "jaxlib", "numpyro"}


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_only_the_regressions_import_pyfixest_and_only_when_they_run(module):
    tree = parse(module)
    at_top = ast.Module([n for n in tree.body if not isinstance(n, ast.FunctionDef)], [])
    assert "pyfixest" not in {name.split(".")[0] for name in imported(at_top)}
    inside = {name.split(".")[0] for name in imported(tree)}
    assert module == "regression" or "pyfixest" not in inside


def test_importing_the_package_imports_nothing_else_and_is_quick():
    code = """
import sys, time
start = time.perf_counter()
import elastic_tutorial
seconds = time.perf_counter() - start
heavy = "numpy scipy pandas xarray narwhals matplotlib pyfixest jax numpyro arviz".split()
print([m for m in sys.modules if m.startswith("elastic_tutorial.") or m.split(".")[0] in heavy])
print(seconds)
"""
    runs = [run(code).splitlines() for _ in range(3)]
    assert [modules for modules, _ in runs] == ["[]"] * 3
    assert min(float(seconds) for _, seconds in runs) < 0.5


def test_part_one_loads_nothing_that_is_heavy():
    """Every example of every docstring is run, then the loaded modules are listed."""
    public = [name for name in et.__all__ if et._MODULE_OF[name] in PART_ONE]
    code = f"""
import doctest, sys
import matplotlib
matplotlib.use("agg")
import elastic_tutorial as et
for name in {PART_ONE}:
    module = __import__("elastic_tutorial." + name, fromlist=["_"])
    results = doctest.testmod(module)
    assert results.failed == 0 and (results.attempted or name.startswith("_")), (name, results)
assert all(getattr(et, name) for name in {public})
print({{m.split(".")[0] for m in sys.modules}} & {HEAVY})
"""
    assert run(code) == "set()"


def test_panel_store_and_regression_load_nothing_heavy_before_they_fit():
    code = f"""
import sys
import elastic_tutorial.panel, elastic_tutorial.store, elastic_tutorial.regression
print({{m.split(".")[0] for m in sys.modules}} & {HEAVY})
"""
    assert run(code) == "set()"


def test_public_names_are_those_that_modules_define_without_underscore():
    defined = {
        node.name
        for module in PUBLIC_MODULES
        for node in parse(module).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    assert defined | {"PanelError"} == set(et.__all__)  # that one stands in _table, which raises it


@pytest.mark.parametrize("name", et.__all__)
def test_a_public_name_comes_from_a_public_module(name):
    thing = getattr(et, name)
    module = thing.__module__.removeprefix("elastic_tutorial.")
    if name != "PanelError":
        assert module in PUBLIC_MODULES
        assert getattr(getattr(et, module), name) is thing
    assert name in dir(et)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'elastic_tutorial' has no attribute 'arc'"):
        _ = et.arc
    with pytest.raises(AttributeError, match="no attribute"):
        _ = et.__wrapped__


@pytest.mark.parametrize("name", sorted(set(et.__all__) - ERRORS))
def test_a_docstring_describes_every_parameter_and_has_an_example(name):
    thing = getattr(et, name)
    text = inspect.getdoc(thing)
    assert "\nExamples\n--------\n" in text
    assert ">>> " in text
    parameters = inspect.signature(thing).parameters
    if parameters:
        section = re.search(r"\nParameters\n-+\n(.*?)\n\n\w+\n-+\n", text, re.DOTALL)[1]
        heads = [line.split(" : ")[0] for line in section.splitlines() if line[:1] != " "]
        described = [head.strip("*") for line in heads for head in line.split(", ")]
        assert described == list(parameters)
    if inspect.isfunction(thing):
        assert "\nReturns\n-------\n" in text


@pytest.mark.parametrize("name", sorted(set(et.__all__) - ERRORS))
def test_no_random_argument_has_a_default(name):
    parameters = inspect.signature(getattr(et, name)).parameters
    for random in {"rng", "key", "seed"} & parameters.keys():
        assert parameters[random].default is inspect.Parameter.empty


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_modules_and_functions_are_short(module):
    text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    assert text.count("\n") < 300
    for function in functions(ast.parse(text)):
        has_docstring = ast.get_docstring(function) is not None
        body = function.body[1:] if has_docstring else function.body
        length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        assert length <= 40, f"{module}.{function.name} has {length} lines"


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_modules_print_nothing_and_touch_no_global_seed(module):
    calls = {
        ast.unparse(node.func) for node in ast.walk(parse(module)) if isinstance(node, ast.Call)
    }
    assert not calls & {"print", "np.random.seed", "warnings.simplefilter", "plt.show"}


def test_modules_can_be_imported_alone():
    for module in MODULES:
        assert import_module(f"elastic_tutorial.{module}").__doc__
