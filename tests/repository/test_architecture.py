"""The shape of the package: its rooms, what is public, and how long things are.

What may import what is written in ``pyproject.toml``, as contracts of import-linter.
"""

import ast
import inspect
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import elastic_tutorial as et

PACKAGE = Path(et.__file__).parent
HEAVY = {"jax", "jaxlib", "numpyro", "arviz", "pyfixest"}
ERRORS = {name for name in et.__all__ if name.endswith(("Error", "Warning"))} | {"NotEstimable"}
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
MODULES = [module for module in FILES if not module.endswith("__init__")]
ROOMS = [module.removesuffix(".__init__") for module in FILES if module.endswith(".__init__")]
PART_ONE = [module for module in MODULES if module.startswith("one_change.")]
PART_ONE += ["panels.datasets", "plots.plots"]


def parse(module):
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def imported(tree):
    """Full names of everything a module imports, at its top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(tree):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def code_lines(text):
    """Count the lines of a module that are not blank, comment or docstring."""
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent | {tokenize.ENDMARKER}:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def run(code, *arguments):
    """What a fresh interpreter prints for this code."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- Rooms


def test_imports_keep_the_contracts():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=PACKAGE.parent, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", FILES)
def test_only_python_names_begin_with_an_underscore(module):
    assert not module.rpartition(".")[2].startswith("_") or FILES[module].name.startswith("__")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_nothing_and_says_what_its_files_are_for(room):
    tree = parse(f"{room}.__init__")
    assert len(tree.body) == 1
    listed = re.findall(r"^- ``(\w+)``: .", ast.get_docstring(tree), flags=re.MULTILINE)
    files = [module.split(".")[1] for module in MODULES if module.startswith(f"{room}.")]
    assert sorted(listed) == sorted(files)


def test_the_package_says_what_its_rooms_are_for():
    listed = re.findall(r"^- ``(\w+)(?:\.py)?``: .", et.__doc__, flags=re.MULTILINE)
    assert sorted(listed) == sorted([*ROOMS, "validation"])


def test_the_labels_in_laplace_are_those_of_the_book():
    text = ast.get_docstring(parse("laplace.__init__"))
    labels = set(re.findall(r"\b(?:eq|thm|sec)-(?:whole|pooling)-\w+", text))
    book = "".join(path.read_text("utf-8") for path in PACKAGE.parent.glob("book/*.md"))
    assert len(labels) > 5
    missing = {each for each in labels if f":label: {each}\n" not in book}
    assert not {each for each in missing if f"({each})=\n" not in book}


def test_no_room_hides_a_public_name():
    assert sorted(ROOMS) == et._ROOMS
    assert not set(et._ROOMS) & set(et.__all__)
    assert all(getattr(et, room).__name__ == f"elastic_tutorial.{room}" for room in ROOMS)


@pytest.mark.parametrize("module", FILES)
def test_only_the_regressions_import_pyfixest_and_only_when_they_run(module):
    tree = parse(module)
    at_top = ast.Module([n for n in tree.body if not isinstance(n, ast.FunctionDef)], [])
    assert "pyfixest" not in {name.split(".")[0] for name in imported(at_top)}
    inside = {name.split(".")[0] for name in imported(tree)}
    assert module == "models.regression" or "pyfixest" not in inside


def test_one_file_sets_jax_to_64_bits_and_all_of_the_engine_import_it():
    switches = [module for module, path in FILES.items() if "enable_x64" in path.read_text("utf-8")]
    assert switches == ["models.arrays"]
    for module in MODULES:
        names = set(imported(parse(module)))
        if module.startswith(("models.", "laplace.")) and module not in switches:
            uses_jax = {name.split(".")[0] for name in names} & {"jax", "numpyro"}
            from_arrays = any(name.startswith("elastic_tutorial.models.arrays.") for name in names)
            assert not uses_jax or from_arrays, module


# --- What is loaded, and when


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
    assert min(float(seconds) for _, seconds in runs) < 0.1  # a few milliseconds


def test_part_one_loads_nothing_that_is_heavy():
    """Every example of every docstring is run, then the loaded modules are listed."""
    public = [name for name in et.__all__ if et._MODULE_OF[name] in PART_ONE]
    examples = [module for module in PART_ONE if module in et._PUBLIC]
    code = f"""
import doctest, sys
import matplotlib
matplotlib.use("agg")
import elastic_tutorial as et
for name in {PART_ONE}:
    module = __import__("elastic_tutorial." + name, fromlist=["_"])
    results = doctest.testmod(module)
    assert results.failed == 0 and (results.attempted or name not in {examples}), (name, results)
assert all(getattr(et, name) for name in {public})
print({{m.split(".")[0] for m in sys.modules}} & {HEAVY})
"""
    assert run(code) == "set()"


def test_panel_store_and_regression_load_nothing_heavy_before_they_fit():
    code = f"""
import sys
import elastic_tutorial.panels.panel, elastic_tutorial.panels.store
import elastic_tutorial.models.regression
print({{m.split(".")[0] for m in sys.modules}} & {HEAVY})
"""
    assert run(code) == "set()"


ALONE = """
import importlib, os, sys
import arviz, jax, matplotlib.pyplot, narwhals, numpyro, pandas, scipy.stats, xarray

modules = sys.argv[1:]
assert len(modules) > 50 and not [m for m in sys.modules if m.startswith("elastic_tutorial")]
for module in modules:
    child = os.fork()
    if not child:
        try:
            assert importlib.import_module("elastic_tutorial." + module).__doc__, "no docstring"
        except BaseException as error:
            print(module, repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_a_module_can_be_imported_alone():
    """Each is the first of the package that a process sees; other packages are there already."""
    assert run(ALONE, *MODULES, *ROOMS) == ""


AFTER_ARVIZ = """
import sys
import arviz
import elastic_tutorial as et

getattr(et, sys.argv[1])
import numpyro
print(hasattr(numpyro.distributions, "distribution"))
"""


@pytest.mark.parametrize("name", ["CountSales", "partial_pooling", "fit_nuts"])
def test_numpyro_is_whole_where_arviz_is_loaded_first(name):
    """ArviZ loads NumPyro lazily, and "import numpyro.distributions" leaves that half-done."""
    assert run(AFTER_ARVIZ, name) == "True"


# --- What is public


def test_public_names_are_those_that_public_modules_define_without_underscore():
    defined = {
        node.name
        for module, names in et._PUBLIC.items()
        if set(names) - ERRORS  # others have an error to show, and no more
        for node in parse(module).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    assert defined | ERRORS == set(et.__all__)


@pytest.mark.parametrize("name", et.__all__)
def test_a_public_name_comes_from_the_module_of_the_table(name):
    thing = getattr(et, name)
    assert thing.__module__ == f"elastic_tutorial.{et._MODULE_OF[name]}"
    assert getattr(sys.modules[thing.__module__], name) is thing
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


TYPED = ("one_change", "panels", "checking", "prices", "plots", "report")
FUNCTIONS = [n for n in sorted(set(et.__all__) - ERRORS) if et._MODULE_OF[n].startswith(TYPED)]


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if inspect.isfunction(getattr(et, n))])
def test_a_public_function_says_the_types_of_what_it_takes_and_gives(name):
    signature = inspect.signature(getattr(et, name))
    kinds = [parameter.annotation for parameter in signature.parameters.values()]
    assert inspect.Signature.empty not in [*kinds, signature.return_annotation]


@pytest.mark.parametrize("name", sorted(set(et.__all__) - ERRORS))
def test_no_random_argument_has_a_default(name):
    parameters = inspect.signature(getattr(et, name)).parameters
    for random in {"rng", "key", "seed"} & parameters.keys():
        assert parameters[random].default is inspect.Parameter.empty


# --- How long things are, and what they leave alone


@pytest.mark.parametrize("module", FILES)
def test_modules_and_functions_are_short(module):
    text = FILES[module].read_text(encoding="utf-8")
    assert code_lines(text) <= 200
    for function in functions(ast.parse(text)):
        has_docstring = ast.get_docstring(function) is not None
        body = function.body[1:] if has_docstring else function.body
        length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        assert length <= 40, f"{module}.{function.name} has {length} lines"


@pytest.mark.parametrize("module", FILES)
def test_modules_print_nothing_and_touch_no_global_seed(module):
    calls = {
        ast.unparse(node.func) for node in ast.walk(parse(module)) if isinstance(node, ast.Call)
    }
    assert not calls & {"print", "np.random.seed", "warnings.simplefilter", "plt.show"}


def test_the_constants_of_the_appendix_are_in_their_files():
    text = (PACKAGE.parent / "book" / "a2_design_decisions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+\.\w+`.*?) \|", text, flags=re.M)
    assert len(rows) > 50
    names = {module.rpartition(".")[2]: module for module in MODULES}
    for row in rows:
        file = None
        for name in re.findall(r"`([\w.]+)`", row):
            owner, _, constant = name.rpartition(".")
            file = owner or file
            source = FILES[names[file]].read_text(encoding="utf-8")
            assert re.search(rf"^(\w+, )*{constant}(, \w+)* = ", source, re.M), name
