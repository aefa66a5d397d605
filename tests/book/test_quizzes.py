"""The quizzes of the course: their file, beside the chapters and the package."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import quiz_file
import quizzes
import toc
import yaml
from scipy import stats

import elastic_tutorial as et

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
FILE = BOOK / "course" / "quizzes.yml"

QUIZZES = quiz_file.load(FILE)
CONTENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CHAPTERS = [Path(name).name for name in toc.chapters()]
QUESTIONS = [
    pytest.param(chapter, question, id=f"{chapter}-{number}")
    for chapter, quiz in QUIZZES.items()
    for number, question in enumerate(quiz.questions, 1)
]
CHECKS = [each for each in QUESTIONS if each.values[1].check]
CELL = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
ROLE = re.compile(r"\{\w+\}`([^`<]*?)(?: <[^`]*>)?`")


def plain(text):
    """Text on one line, roles such as {term} read as the reader sees them."""
    return " ".join(ROLE.sub(r"\1", text).split())


def objectives(chapter):
    """Items of a chapter's list of what the reader will be able to do."""
    text = (BOOK / f"{chapter}.md").read_text(encoding="utf-8")
    listed = text.split("After this chapter you will be able to")[1].split("\n```")[0]
    return [plain(item).rstrip(",.") for item in listed.strip().removeprefix("- ").split("\n- ")]


def headings(chapter):
    """Headings of a chapter's sections, outside its cells."""
    text = CELL.sub("", (BOOK / f"{chapter}.md").read_text(encoding="utf-8"))
    return [plain(found) for found in re.findall(r"^##+ (.*)$", text, flags=re.MULTILINE)]


# --- The content


def test_every_chapter_has_a_quiz_and_no_other_file_has_one():
    assert list(QUIZZES) == CHAPTERS


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_objectives_are_those_of_the_chapter(chapter):
    assert list(map(plain, QUIZZES[chapter].objectives.values())) == objectives(chapter)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_sections_are_headings_of_the_chapter(chapter):
    assert {each.section for each in QUIZZES[chapter].questions} <= set(headings(chapter))


@pytest.mark.parametrize(("chapter", "question"), CHECKS)
def test_numbers_are_computed(chapter, question):
    names = {"et": et, "np": np, "stats": stats}
    assert eval(question.check, names) in (True, np.True_), question.check


def test_the_right_answer_stands_in_every_place():
    places = [[a.right for a in q.answers].index(True) for _, q in (p.values for p in QUESTIONS)]
    counts = np.bincount(places, minlength=4)
    assert counts.min() >= 0.15 * len(places), counts
    for chapter, quiz in QUIZZES.items():
        found = {[a.right for a in q.answers].index(True) for q in quiz.questions}
        assert len(found) >= 3, chapter


def test_the_right_answer_is_not_told_by_its_length():
    # Of four answers the longest is right one time in four; 0.15 is three standard errors of 75.
    for extreme in (max, min):
        right = [
            extreme(question.answers, key=lambda answer: len(answer.text)).right
            for _, question in (each.values for each in QUESTIONS)
        ]
        assert abs(np.mean(right) - 0.25) < 0.15, (extreme, np.mean(right))


def test_feedback_names_no_answer_by_its_place():
    for chapter, question in (each.values for each in QUESTIONS):
        for answer in question.answers:
            assert not re.search(r"\b(answer|option) [a-d]\b|\babove\b$", answer.feedback), chapter


@pytest.mark.parametrize(("chapter", "question"), QUESTIONS)
def test_formulas_are_closed(chapter, question):
    texts = [question.question]
    for answer in question.answers:
        texts += [answer.text, answer.feedback]
    for text in texts:
        assert text.count("$") % 2 == 0, text
        assert "$" not in quizzes.html_of(text), text
        assert "*" not in re.sub(r"\\\(.*?\\\)", "", quizzes.html_of(text)), text


# --- What is out of sight


@pytest.mark.parametrize(("chapter", "question"), QUESTIONS[:5])
def test_a_sealed_answer_tells_nothing_and_opens_with_its_key(chapter, question):
    for answer in question.answers:
        sealed = quizzes.seal("quiz-arc_elasticity-1-a", answer)
        assert answer.feedback[:20] not in sealed
        assert sealed != quizzes.seal("quiz-arc_elasticity-1-b", answer)


def test_the_key_stream_is_the_published_generator():
    # Marsaglia (2003), xorshift32 with shifts 13, 17, 5, from the FNV-1a hash of nothing.
    state, stream = 0x811C9DC5, quizzes.key_stream("")
    for _ in range(1000):
        for shift in (13, -17, 5):
            moved = state << shift if shift > 0 else state >> -shift
            state = (state ^ moved) % 2**32
        assert next(stream) == state % 256
    assert quizzes.fnv_1a("foobar") == 0xBF9CF968  # from the list of Fowler, Noll and Vo


# --- A wrong file


def broken(tmp_path, change):
    """What is said of a file with the first chapter's quiz after a change of its content."""
    content = {"arc_elasticity": copy.deepcopy(CONTENT["arc_elasticity"])}
    change(content)
    path = tmp_path / "quizzes.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(quiz_file.QuizError) as error:
        quiz_file.load(path)
    return str(error.value)


FIRST = "chapter arc_elasticity"
FAULTS = {
    "a question too few": (
        lambda quiz: quiz["questions"].pop(),
        f"{FIRST}: has 4 questions; there must be exactly 5",
    ),
    "no questions": (
        lambda quiz: quiz.pop("questions"),
        f"{FIRST}: 'questions' is missing; add it",
    ),
    "questions are no list": (
        lambda quiz: quiz.update(questions="many"),
        f"{FIRST}: has no list of questions; there must be exactly 5",
    ),
    "objectives are a list": (
        lambda quiz: quiz.update(objectives=["say"]),
        f"{FIRST}: 'objectives' is no mapping from ids to texts; write 'arc-1: say what ...'",
    ),
    "an objective nobody asks about": (
        lambda quiz: quiz["objectives"].update({"arc-9": "fly"}),
        f"{FIRST}: no question is about objective 'arc-9'; name it in the 'objective' of one",
    ),
    "an objective of another chapter": (
        lambda quiz: quiz["questions"][1].update(objective="count-1"),
        f"{FIRST}: question 2: objective 'count-1' is not of this chapter; choose from arc-1,",
    ),
    "a slip in a key": (
        lambda quiz: quiz["questions"][1].update(chek="1 == 1"),
        f"{FIRST}: question 2: 'chek' has no meaning; remove it or mend its spelling",
    ),
    "no feedback": (
        lambda quiz: quiz["questions"][2]["answers"][0].pop("feedback"),
        f"{FIRST}: question 3: answer a: 'feedback' is missing; add it",
    ),
    "a number as text": (
        lambda quiz: quiz["questions"][2]["answers"][1].update(text=50),
        f"{FIRST}: question 3: answer b: 'text' is 50; write a text (a number in quotes)",
    ),
    "a formula without a word": (
        lambda quiz: quiz["questions"][2]["answers"][1].update(text="$-1$"),
        f"{FIRST}: question 3: answer b: 'text' is a formula alone, which is no name",
    ),
    "a verdict that is none": (
        lambda quiz: quiz["questions"][2]["answers"][1].update(right="maybe"),
        f"{FIRST}: question 3: answer b: 'right' is 'maybe'; write true or false",
    ),
    "two right answers": (
        lambda quiz: [answer.update(right=True) for answer in quiz["questions"][0]["answers"]],
        f"{FIRST}: question 1: 4 answers are right; mark exactly one with 'right: true'",
    ),
    "two answers": (
        lambda quiz: quiz["questions"][0].update(answers=quiz["questions"][0]["answers"][:2]),
        f"{FIRST}: question 1: 'answers' must be a list of 3 or 4",
    ),
    "an answer that is no mapping": (
        lambda quiz: quiz["questions"][0]["answers"].__setitem__(0, "yes"),
        f"{FIRST}: question 1: answer a: is 'yes', where a mapping with feedback, right, text",
    ),
    "the same answer twice": (
        lambda quiz: [answer.update(text="Yes") for answer in quiz["questions"][0]["answers"]],
        f"{FIRST}: question 1: text 'Yes' stands here more than once; reword one",
    ),
    "the same question twice": (
        lambda quiz: quiz["questions"].__setitem__(0, copy.deepcopy(quiz["questions"][1])),
        "stands here more than once; ask something else",
    ),
    "an empty question": (
        lambda quiz: quiz["questions"][3].update(question=" "),
        f"{FIRST}: question 4: 'question' is ' '; write a text",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place_and_remedy(fault, tmp_path):
    change, message = FAULTS[fault]
    assert message in broken(tmp_path, lambda content: change(content["arc_elasticity"]))


def test_an_id_of_two_chapters_is_a_fault(tmp_path):
    def change(content):
        content["counting_sales"] = copy.deepcopy(content["arc_elasticity"])

    message = "objective id 'arc-1' stands here more than once; give each its own"
    assert message in broken(tmp_path, change)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "holds no chapters"), ("a: [", "is not YAML"), ("arc:\n", "arc: is None, where a")],
)
def test_a_file_that_is_none_is_refused(text, message, tmp_path):
    path = tmp_path / "quizzes.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(quiz_file.QuizError, match=message):
        quiz_file.load(path)
