"""The graded assignments: what students get, and what their answers earn."""

import contextlib
import re
import shutil
import subprocess
import sys
import warnings
import zipfile
from types import SimpleNamespace

import assignment_data
import assignments
import jax
import nbformat
import notebooks
import pytest
import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the packages that otter imports
    import otter.assign  # noqa: F401
    from otter.nbmeta_config import NBMetadataConfig
    from otter.test_files import create_test_file
    from otter.test_files.exception_test import ExceptionTestFile

NAMES = assignments.names()
MISTAKES = yaml.safe_load((assignments.MASTERS / "wrong_solutions.yml").read_text("utf-8"))
QUIZZES = yaml.safe_load((assignments.ROOT / "book/course/quizzes.yml").read_text("utf-8"))
GUIDE = (assignments.ROOT / "book/course/grading.md").read_text("utf-8")
CHAPTER = re.compile(r"\[([^]]*)\]\(\.\./\.\./book/book/(\w+)\.html\)")  # the student's own copy
BLANKS = (..., None, "text", [1.0, "a"], {}, lambda *_: None, lambda *_: "text")
OTHER_SEED = 8_041_969


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    """Let JAX compile in half of the time; the numbers are the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # for kernels
        jax.config.update("jax_disable_most_optimizations", True)
        yield
        jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """Folder with all assignments, built once."""
    folder = tmp_path_factory.mktemp("course")
    assignments.build(folder)
    return folder


def edition(course, who, name):
    return course / who / "assignments" / name


def notebook(course, who, name):
    return nbformat.read(edition(course, who, name) / f"{name}.ipynb", as_version=4)


def code(book):
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def earned(cells, archive, folder, failed=None):
    """Points of each question when these cells are run here, with otter's tests of the archive.

    What the failing tests say, also those that are worth nothing, is put into ``failed``.
    A notebook in a kernel of its own takes many times as long; that this is the same is tested.
    """
    points = {}

    def check(question):
        file = create_test_file(f"tests/{question}.py", NBMetadataConfig())
        file.run(names)
        points[question] = file.score
        if failed is not None:
            failed.extend(each.message for each in file.test_case_results if not each.passed)

    names = {"grader": SimpleNamespace(check=check, export=lambda **_: None)}
    with zipfile.ZipFile(archive) as content:
        for each in content.namelist():
            if each.startswith("tests/") or each.count("/") == 1:
                target = folder / each.removeprefix("files/")
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(content.read(each))
    with contextlib.chdir(folder), warnings.catch_warnings(), helpers():
        warnings.simplefilter("ignore")
        for cell in cells:
            if not cell.startswith("# Initialize Otter"):
                with contextlib.suppress(Exception):
                    exec(cell, names)
    return points


@contextlib.contextmanager
def helpers():
    """Let tests import what travels with the autograder, from the current folder."""
    sys.path.insert(0, "")
    yield
    sys.path.remove("")
    for name in [each for each in sys.modules if each.startswith(("grading_", "form"))]:
        del sys.modules[name]


def solutions(name):
    """Source of the solution of each question that is graded by machine."""
    found, question, inside = {}, None, False
    for cell in notebooks.read_text(assignments.MASTERS / f"{name}.md").cells:
        if cell.cell_type == "raw":
            if cell.source.startswith("# BEGIN QUESTION"):
                question = yaml.safe_load(cell.source)["name"]
            inside = cell.source.startswith("# BEGIN SOLUTION")
        elif inside and cell.cell_type == "code":
            found[question] = cell.source
    return found


def worth(name):
    """Points of each question that is graded by machine."""
    machine = {k: v for k, v in assignments.questions(name).items() if not v.get("manual")}
    return {question: sum(settings["points"]) for question, settings in machine.items()}


# --- Scores


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_earns_all_points(course, name):
    folder = edition(course, "instructor", name)
    points = assignments.grade(folder / f"{name}.ipynb", folder / "autograder.zip")
    assert points == {question: (full, full) for question, full in worth(name).items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_earns_the_same_when_it_is_run_here(course, name, tmp_path):
    archive, failed = edition(course, "instructor", name) / "autograder.zip", []
    solution = code(notebook(course, "instructor", name))
    assert earned(solution, archive, tmp_path, failed) == worth(name)
    assert not failed  # nor do the checks that students see, which are worth no points


@pytest.mark.parametrize("name", NAMES)
def test_a_blank_notebook_earns_nothing(course, name, tmp_path):
    archive = edition(course, "instructor", name) / "autograder.zip"
    points = earned(code(notebook(course, "student", name)), archive, tmp_path)
    assert points == dict.fromkeys(worth(name), 0)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        pytest.param(name, wrong, id=f"{name}-{wrong['mistake'].replace(' ', '_')}")
        for name in NAMES
        for wrong in MISTAKES[name]
    ],
)
def test_a_wrong_solution_loses_the_points_meant_for_it(course, name, wrong, tmp_path):
    cells, right = code(notebook(course, "instructor", name)), solutions(name)
    for question, answer in wrong["answers"].items():
        cells[cells.index(right[question])] = answer
    points = earned(cells, edition(course, "instructor", name) / "autograder.zip", tmp_path)
    lost = {question: worth(name)[question] - points[question] for question in points}
    assert {question: n for question, n in lost.items() if n} == wrong["loses"]


@pytest.mark.parametrize("name", NAMES)
def test_with_another_seed_the_solution_earns_all_points(name, tmp_path):
    assignments.build(tmp_path / "course", [name], seed=OTHER_SEED)
    solution = code(notebook(tmp_path / "course", "instructor", name))
    archive, failed = edition(tmp_path / "course", "instructor", name) / "autograder.zip", []
    assert earned(solution, archive, tmp_path, failed) == worth(name)
    assert not failed


def test_check_names_the_questions_that_a_solution_fails(course, monkeypatch):
    monkeypatch.setattr(assignments, "grade", lambda *_: {"arc": (2, 3), "line": (3, 3)})
    with pytest.raises(assignments.AssignmentError, match="loses points in arc; take another"):
        assignments.check(course, NAMES[:1])


@pytest.mark.slow
def test_what_a_student_exports_can_be_graded(course, tmp_path):
    """The student's own way: answers in the notebook, checks, the last cell, the zip."""
    name = NAMES[0]
    shutil.copytree(edition(course, "student", name), tmp_path, dirs_exist_ok=True)
    book, solved = notebook(course, "student", name), solutions(name)
    answers = [cell for cell in book.cells if "otter_answer_cell" in cell.metadata.get("tags", ())]
    answers = [cell for cell in answers if cell.cell_type == "code"]
    for cell, source in zip(answers, solved.values(), strict=True):
        cell.source = source
    nbformat.write(book, tmp_path / f"{name}.ipynb")
    notebooks.execute(book, tmp_path)
    (submission,) = tmp_path.glob("*.zip")
    points = assignments.grade(submission, edition(course, "instructor", name) / "autograder.zip")
    assert sum(score for score, _ in points.values()) == 17


def test_the_advice_follows_the_public_address(tmp_path, monkeypatch):
    places = {"repository": "https://github.com/me/mine", "name": "me/mine"}
    places["pages"] = "https://me.github.io/mine/"
    monkeypatch.setattr(assignments.address, "addresses", lambda _: places)
    assignments.build(tmp_path, NAMES[:1])
    advice = (edition(tmp_path, "student", NAMES[0]) / "README.md").read_text("utf-8")
    assert "pip install git+https://github.com/me/mine\n" in advice


def test_what_cannot_be_graded_is_told_in_one_line(course, tmp_path):
    other = edition(course, "student", NAMES[1]) / f"{NAMES[1]}.ipynb"
    archive = edition(course, "instructor", NAMES[0]) / "autograder.zip"
    with pytest.raises(assignments.AssignmentError, match=r"be graded: .*this is assignment"):
        assignments.grade(other, archive)


# --- What students are told


def defined(course, who, name, folder):
    """What a notebook defines when all of its cells are run, in a copy of the student's folder."""
    shutil.copytree(edition(course, "student", name), folder, dirs_exist_ok=True)
    names = {"grader": SimpleNamespace(check=lambda _: None, export=lambda **_: None)}
    for cell in code(notebook(course, who, name)):
        if not cell.startswith("# Initialize Otter"):
            with contextlib.suppress(Exception):
                exec(cell, names)
    return names


def complaint(source, question, names):
    """What a public check says when it fails."""
    check = ExceptionTestFile.from_string(source)
    check.source = source
    check.run(names)
    (result,) = check.test_case_results
    assert not result.passed, f"{question} passes"
    return result.message


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_form_is_told_in_a_sentence(course, name, tmp_path):
    """Whether a question is blank, or an answer is of another kind altogether."""
    tests = notebook(course, "student", name).metadata.otter.tests
    with contextlib.chdir(tmp_path), helpers():
        blank = defined(course, "student", name, tmp_path)
        for question, source in tests.items():
            answers = re.search(r"def test_form\((.*?)\)", source)[1].split(", ")
            answers = [each for each in answers if each not in ("changes", "own", "products")]
            wrong = [dict.fromkeys(answers, value) for value in BLANKS]
            for each in [{}, *wrong]:
                message = complaint(source, question, blank | each)
                told = re.search(r"^AssertionError: \S+( \S+){3,}", message, re.M)
                assert told, f"{question}, {each}: {message}"


@pytest.mark.parametrize(
    ("question", "function"),
    [("arc", "arc"), ("line", "point"), ("revenue", "revenue_rose"), ("bound", "bound")],
)
def test_a_function_for_numbers_alone_is_told_that_arrays_come(
    course, question, function, tmp_path
):
    source = notebook(course, "student", NAMES[0]).metadata.otter.tests[question]
    with contextlib.chdir(tmp_path), helpers():
        names = defined(course, "instructor", NAMES[0], tmp_path)
        right = names[function]
        names[function] = lambda *values: right(*map(float, values))
        message = complaint(source, question, names)
    assert f"AssertionError: {function} must take arrays, but fails with TypeError" in message


# --- What students get


@pytest.mark.parametrize("name", NAMES)
def test_students_get_notebook_data_form_and_advice_only(course, name):
    given = assignment_data.tables(name, assignment_data.SEED).given
    files = {path.name for path in edition(course, "student", name).iterdir()}
    assert files == {f"{name}.ipynb", "README.md", "form.py", *given}


@pytest.mark.parametrize("name", NAMES)
def test_students_get_no_solution_no_hidden_test_and_no_seed(course, name):
    folder, book = edition(course, "student", name), notebook(course, "student", name)
    text = "\n".join(path.read_text("utf-8") for path in folder.iterdir())
    text = "\n".join([text, *code(book), *book.metadata.otter.tests.values()])
    for source in solutions(name).values():
        own = {line.strip() for line in source.splitlines() if "SOLUTION" not in line}
        assert not [line for line in own if len(line) > 5 and line[:4] != "def " and line in text]
    for source in book.metadata.otter.tests.values():
        assert re.findall(r"^def (\w+)|hidden=(\w+)", source, re.M) == [
            ("", "False"),
            ("test_form", ""),
        ]
    hidden = [
        path.read_text() for path in (edition(course, "instructor", name) / "tests").iterdir()
    ]
    found = re.findall(r"hidden=True\)\s+(def \w+)", "\n".join(hidden))
    assert len(found) >= len(worth(name))
    assert not [each for each in found if f"{each}(" in text]
    for secret in ("SOLUTION", "HIDDEN", "truth.csv", "grading_", str(assignment_data.SEED)):
        assert secret not in text


@pytest.mark.parametrize("name", NAMES)
def test_no_table_for_students_has_a_column_of_the_truth(name):
    given, kept = assignment_data.tables(name, assignment_data.SEED)
    for table in given.values():
        for hidden in kept.values():
            for column in hidden.columns.difference(["product"]):
                shown = set(table.select_dtypes("number").to_numpy().ravel())
                assert not set(hidden[column]) & shown


@pytest.mark.parametrize("name", NAMES)
def test_the_student_notebook_is_clean(course, name):
    book = notebook(course, "student", name)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]
    for source in code(book):
        assert not re.search(r"pip|https?:|requests|urllib|subprocess", source), source
    assert not re.search(r"20\d\d-\d\d-\d\d|\d\d:\d\d", nbformat.writes(book))


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_named_in_its_question(course, name):
    """What a public test takes as an argument stands in the text or in a cell above."""
    book = notebook(course, "student", name)
    text = "\n".join(cell.source for cell in book.cells)
    for question, source in book.metadata.otter.tests.items():
        for argument in re.search(r"def test_form\((.*?)\)", source)[1].split(", "):
            named = re.search(rf"`{argument}[`(]|^{argument} = |, {argument} = ", text, re.M)
            assert named, f"{question} does not say what {argument} is"


def test_a_second_build_gives_the_same_bytes(course, tmp_path):
    assignments.build(tmp_path, NAMES[:1])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 8
    for path in files:
        assert path.read_bytes() == (course / path.relative_to(tmp_path)).read_bytes(), path


def test_another_seed_gives_other_data_and_the_same_seed_the_same():
    for name in NAMES:
        once, twice, other = (assignment_data.tables(name, seed) for seed in (5, 5, 6))
        for kind in ("given", "kept"):
            for file, table in getattr(once, kind).items():
                assert table.equals(getattr(twice, kind)[file])
                assert not table.equals(getattr(other, kind)[file])


# --- The masters


@pytest.mark.parametrize("name", NAMES)
def test_every_question_assesses_objectives_of_the_book(name):
    known = {each for chapter in QUIZZES.values() for each in chapter["objectives"]}
    listed = assignments.objectives()[name]
    assert list(listed) == list(assignments.questions(name))
    for question, ids in listed.items():
        assert ids, f"{question} names no objective"
        assert set(ids) <= known, f"{question}: {set(ids) - known}"


@pytest.mark.parametrize("name", NAMES)
def test_an_assignment_is_worth_what_its_first_lines_say(name):
    text = (assignments.MASTERS / f"{name}.md").read_text("utf-8")
    points = sum(worth(name).values()), 3
    assert points == (17, 3)
    title = text.split("# Assignment ")[1].splitlines()[0][3:]
    assert f"| {name[0]} | {title} | 17 + 3 |" in GUIDE
    assert f"questions, {sum(points)} points. Seventeen are graded by machine" in text
    numbers = re.findall(r"^## (\d+)\. ", text, re.M)
    assert numbers == [str(n) for n in range(1, len(assignments.questions(name)) + 1)]
    assert 5 <= len(numbers) <= 8


@pytest.mark.parametrize("name", NAMES)
def test_a_link_to_a_chapter_has_its_title(name):
    master = (assignments.MASTERS / f"{name}.md").read_text("utf-8")
    links = CHAPTER.findall(master)
    assert len(links) == master.count("](") > 0  # none leads to the public pages, with solutions
    for title, chapter in links:
        text = (assignments.ROOT / "book" / f"{chapter}.md").read_text("utf-8")
        assert re.search(r"^# (.*)$", text, re.M)[1] == title


@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_master_is_in_the_style_of_the_book(name, tmp_path):
    path = tmp_path / f"{name}.ipynb"
    book = notebooks.read_text(assignments.MASTERS / f"{name}.md")
    for cell in book.cells:  # a test is a function alone, and imports what it needs
        cell.source = cell.source.removeprefix("# HIDDEN\n")
    nbformat.write(book, path)
    settings = ["--config", str(assignments.ROOT / "pyproject.toml"), str(path)]
    ignored = ["--ignore", "B018,B905,D,E402,F811"]  # as in chapters; each question has its own
    for command in (["check", "--no-cache", *ignored], ["format", "--diff", "--no-cache"]):
        ruff = [sys.executable, "-m", "ruff", *command, *settings]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_guide_lists_every_wrong_solution_and_its_points():
    for name, wrong in MISTAKES.items():
        assert len(wrong) >= 3
        for each in wrong:
            lost = ", ".join(f"`{question}` {n}" for question, n in each["loses"].items())
            assert f"| {name[0]} | {each['mistake']} | {lost} |" in GUIDE


@pytest.mark.parametrize("name", NAMES)
def test_an_instructor_has_what_the_solution_reads(course, name):
    given = {path.name for path in edition(course, "student", name).iterdir()}
    there = {path.name for path in edition(course, "instructor", name).iterdir()}
    assert given - {"README.md"} <= there


# --- The autograder


@pytest.mark.parametrize("name", NAMES)
def test_the_autograder_has_the_pins_of_the_lock_and_the_package(course, name):
    with zipfile.ZipFile(edition(course, "instructor", name) / "autograder.zip") as content:
        environment = yaml.safe_load(content.read("environment.yml"))
        files = content.namelist()
    (pins,) = (each["pip"] for each in environment["dependencies"] if isinstance(each, dict))
    lock = (assignments.ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert set(pins) <= set(lock)
    packages = {pin.split("==")[0] for pin in pins}
    assert {"otter-grader", "numpy", "jax", "numpyro", "pyfixest", "playwright"} <= packages
    assert not packages & {"jupyter-book", "pytest", "ruff"}
    modules = assignments.PACKAGE.rglob("*.py")
    modules = {f"files/{path.relative_to(assignments.ROOT).as_posix()}" for path in modules}
    assert modules <= set(files)
    assert "files/elastic_tutorial/data/cheese.csv" in files


# --- The command


def test_the_command_refuses_an_assignment_that_does_not_exist(tmp_path, capsys):
    assert assignments.main(["5_sell_the_store", "--target", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("assignments: there is no '5_sell_the_store'; there are 1_arc")
    assert error.count("\n") == 1


def test_a_slip_in_a_master_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    text = (assignments.MASTERS / "1_arc_elasticity.md").read_text("utf-8")
    masters = tmp_path / "masters"
    masters.mkdir()
    (masters / "1_arc_elasticity.md").write_text(text.replace("# END TESTS", "# END TEST", 1))
    (masters / "common.yml").write_text((assignments.MASTERS / "common.yml").read_text())
    monkeypatch.setattr(assignments, "MASTERS", masters)
    assert assignments.main(["--target", str(tmp_path / "course")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("assignments: 1_arc_elasticity cannot be built: ")
    assert error.count("\n") == 1


def test_the_command_builds_what_is_named(tmp_path, capsys):
    assert assignments.main([NAMES[0], "--target", str(tmp_path), "--seed", "3"]) == 0
    assert [path.name for path in (tmp_path / "student" / "assignments").iterdir()] == NAMES[:1]
    assert str(tmp_path) in capsys.readouterr().out
