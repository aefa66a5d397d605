"""The student edition: the whole of it, and nothing of the solutions."""

import ast
import functools
import html
import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import notebooks
import numpy as np
import pytest
import student
import toc
from bs4 import BeautifulSoup

CHAPTERS = notebooks.chapters(notebooks.ROOT / "book")
NAMES = [path.stem for path in CHAPTERS]
TEXTS = {".html", ".ipynb", ".js", ".json", ".md", ".txt", ".csv", ".svg", ".css", ".inv", ".py"}
NAMED = ast.FunctionDef | ast.ClassDef | ast.ExceptHandler
N_FRAGMENTS, SHORTEST = 200, 30  # characters: shorter ones are found elsewhere by chance


def words(text):
    """Text on one line."""
    return " ".join(text.split())


def split_cells(path):
    """Cells of a stored chapter in two: the parts of the edition, and those of solutions."""
    open_, solved = [], []
    inside = False
    for cell in nbformat.read(path.with_suffix(".ipynb"), as_version=nbformat.NO_CONVERT).cells:
        if cell.cell_type == "code":
            (solved if inside else open_).append(cell)
            continue
        for piece in re.split(r"(?=^```\{solution-(?:start|end)\})", cell.source, flags=re.M):
            inside = inside or piece.startswith("```{solution-start}")
            if piece.startswith("```{solution-end}"):
                inside = False
            (solved if inside else open_).append(nbformat.v4.new_markdown_cell(piece))
    return open_, solved


def fragments_of(cell):
    """Pieces of plain text of a cell and of what it puts out, by their kind."""
    if cell.cell_type == "markdown":
        text = re.sub(r"^(```.*|:\w+:.*)$", "`", cell.source, flags=re.M)
        for piece in re.split(r"\$[^$]*\$|[*`\"'<>&{}\[\]()]", words(text)):
            yield "prose", piece.strip()
        return
    for line in cell.source.splitlines():
        yield "code", words(line)
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        for line in text.splitlines():
            yield "output", words(line)
    figure = cell.metadata.get("mystnb", {})
    for text in [figure.get("image", {}).get("alt"), figure.get("figure", {}).get("caption")]:
        yield "figure", words(text or "")


@functools.cache
def fragments():
    """Fragments of solutions that stand nowhere else in the book: (chapter, kind, text)."""
    cells = {path.stem: split_cells(path) for path in CHAPTERS}
    public = {text for open_, _ in cells.values() for c in open_ for _, text in fragments_of(c)}
    shown = words(" ".join(cell.source for open_, _ in cells.values() for cell in open_))
    found = {
        text: (chapter, kind, text)
        for chapter, (_, solved) in cells.items()
        for cell in solved
        for kind, text in fragments_of(cell)
        if len(text) >= SHORTEST and text not in public and text not in shown
    }
    return list(found.values())


@functools.cache
def sample():
    """Draw 200 of the fragments, of all chapters and kinds; of the few of figures take all."""
    rng = np.random.default_rng(20)
    drawn = [fragments()[i] for i in rng.choice(len(fragments()), N_FRAGMENTS, replace=False)]
    return list(dict.fromkeys(drawn + [each for each in fragments() if each[1] == "figure"]))


@pytest.fixture(scope="session")
def edition(tmp_path_factory):
    """Build the student edition."""
    folder = tmp_path_factory.mktemp("student")
    student.build(folder / "student", folder / "source")
    return folder / "student"


def read(path):
    """All that a reader or a program finds in a file, on one line."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".html":
        text += BeautifulSoup(text, "html.parser").get_text()
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=nbformat.NO_CONVERT).cells
        pieces = [piece for cell in cells for piece in fragments_of(cell)]
        text += " ".join([cell.source for cell in cells] + [piece for _, piece in pieces])
    return words(html.unescape(text))


@pytest.fixture(scope="session")
def everything(edition):
    """All texts of the edition."""
    paths = [path for path in edition.rglob("*") if path.suffix in TEXTS]
    return {path.relative_to(edition): read(path) for path in paths}


def test_the_sample_is_of_all_chapters_and_kinds():
    assert len(sample()) >= N_FRAGMENTS
    assert {kind for _, kind, _ in sample()} == {"prose", "code", "output", "figure"}
    chapters = {chapter for chapter, *_ in fragments()}
    assert chapters == {Path(name).name for name in toc.chapters()}


def test_the_fragments_are_found_in_the_book_itself():
    """Otherwise the next test could not fail."""
    texts = {path.stem: read(path.with_suffix(".ipynb")) for path in CHAPTERS}
    assert not [found for found in sample() if found[2] not in texts[found[0]]]


def test_no_fragment_of_a_solution_is_in_the_edition(everything):
    assert len(everything) > 60
    leaks = [
        (chapter, kind, text, str(path))
        for chapter, kind, text in sample()
        for path, content in everything.items()
        if text in content
    ]
    assert not leaks


def test_no_trace_of_a_solution_cell_remains(everything):
    ids = {
        cell.id for path in CHAPTERS for cell in split_cells(path)[1] if cell.cell_type == "code"
    }
    assert len(ids) > 80
    for path, content in everything.items():
        assert not [each for each in ids if f'"id": "{each}"' in content], path
        if path.suffix in {".ipynb", ".html", ".txt"}:
            assert "solution-start" not in content, path
            assert "{solution" not in content, path
        assert not re.search(r'(id|href)="[^"]*#?sol-', content), path


def test_the_search_knows_no_word_that_only_solutions_use(edition):
    index = (edition / "book" / "searchindex.js").read_text(encoding="utf-8")
    terms = set(json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))["terms"])
    known, secret = set(), set()
    for path in CHAPTERS:
        open_, solved = split_cells(path)
        known |= {w for cell in open_ for w in re.findall(r"[a-z]{6,}", cell.source.lower())}
        secret |= {w for cell in solved for w in re.findall(r"[a-z]{6,}", cell.source.lower())}
    others = [p for p in notebooks.ROOT.glob("book/*.md") if p not in CHAPTERS]
    for path in [*others, *notebooks.ROOT.glob("elastic_tutorial/**/*.py")]:
        known |= set(re.findall(r"[a-z]{6,}", path.read_text(encoding="utf-8").lower()))
    secret = {word for word in secret - known if not any(word[:6] == k[:6] for k in known)}
    assert len(secret) > 30
    assert not {term for term in terms if term in secret}


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_the_rest_of_a_chapter_is_all_there(path):
    made = nbformat.reads(student.notebook(path, answers=False), as_version=nbformat.NO_CONVERT)
    open_, _ = split_cells(path)
    sources = [cell.source for cell in open_ if cell.cell_type == "code"]
    assert [cell.source for cell in notebooks.code_cells(made)] == sources
    outputs = [cell.outputs for cell in open_ if cell.cell_type == "code"]
    plain = [[o.get("text") or o.get("data") for o in each] for each in outputs]
    kept = [[o.get("text") or o.get("data") for o in c.outputs] for c in notebooks.code_cells(made)]
    assert kept == plain
    prose = words(" ".join(cell.source for cell in open_ if cell.cell_type == "markdown"))
    prose = prose.replace("```{solution-end} ```", "")
    kept = words(" ".join(cell.source for cell in made.cells if cell.cell_type == "markdown"))
    assert kept == words(prose)


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_a_student_has_a_cell_for_each_answer(path):
    text = path.read_text(encoding="utf-8")
    made = nbformat.reads(student.notebook(path, answers=True), as_version=nbformat.NO_CONVERT)
    empty = [c for c in notebooks.code_cells(made) if c.source.startswith("# Your answer: ")]
    assert len(empty) == text.count("```{exercise-start}")
    assert not any(cell.outputs for cell in empty)
    nbformat.validate(made)


def python(cell):
    """Tree of a cell's Python; lines for IPython become none."""
    return ast.parse(re.sub(r"^(\s*)%.*$", r"\1pass", cell.source, flags=re.MULTILINE))


def names_in(cells, context):
    """Names that cells set (``ast.Store``, imports and functions, too) or use (``ast.Load``)."""
    found = set()
    for cell in cells:
        for node in ast.walk(python(cell)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, context):
                found.add(node.id)
            elif context is ast.Store and isinstance(node, NAMED) and node.name:
                found.add(node.name)
            elif context is ast.Store and isinstance(node, ast.alias):
                found.add((node.asname or node.name).split(".")[0])
    return found


def arguments(cells):
    """Names of the arguments of functions that cells define."""
    nodes = [node for cell in cells for node in ast.walk(python(cell))]
    return {node.arg for node in nodes if isinstance(node, ast.arg)}


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_no_cell_needs_what_a_solution_defines(path):
    open_, solved = (
        [cell for cell in cells if cell.cell_type == "code"] for cells in split_cells(path)
    )
    only_solved = names_in(solved, ast.Store) - names_in(open_, ast.Store)
    assert not names_in(open_, ast.Load) & (only_solved - arguments(open_))


def test_pages_for_instructors_are_left_out(edition):
    assert not (edition / "book" / "book" / "course").exists()
    assert not (edition / "book" / "book" / "downloads.html").exists()
    page = (edition / "book" / "book" / "index.html").read_text(encoding="utf-8")
    assert "To teach" not in page
    assert "To learn" in page
    for path in (edition / "book" / "book").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "https://mybinder.org" not in text, path
        assert 'href="https://colab' not in text, path
        assert "/blob/main/book/" not in text


def test_links_within_the_edition_lead_somewhere(edition):
    for page in (edition / "book").rglob("*.html"):
        if "_static" in page.parts:
            continue
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for link in soup.select("a[href]"):
            address = urlsplit(link["href"])
            if not address.scheme and address.path:
                assert (page.parent / unquote(address.path)).exists(), (page.name, link["href"])


def test_the_readme_names_every_folder_that_there_is():
    for name in ("book/index.html", "notebooks/", "assignments/", "requirements.txt"):
        assert name in student.README


def test_a_page_may_have_words_for_students_only():
    text = "a\n% for instructors\nb\n% for all\n% for students: c\n[d](https://mybinder.org/v2)\n"
    assert student.for_students(text) == "a\nc\n"


def test_an_open_solution_is_an_error():
    text = "a\n```{solution-start} ex-a\n```\nsecret\n"
    with pytest.raises(student.StudentError, match=r"here.md: a solution is not closed .* line 2"):
        student.without_solutions(text, "here.md")


def test_what_a_student_installs_is_the_readers_lock_the_grader_and_the_package():
    lines = student.requirements().splitlines()
    lock = (notebooks.ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
    assert lines[:-2] == lock.splitlines()
    assert lines[-2] in (notebooks.ROOT / "requirements.txt").read_text().splitlines()
    assert lines[-2].startswith("otter-grader==")
    assert re.fullmatch(r"elastic-tutorial @ git\+https://\S+", lines[-1])
