"""Read the quizzes of the course, and say of a wrong file where, what, and what to do.

The format is described at the top of ``book/course/quizzes.yml``. Nothing here needs Sphinx.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

N_QUESTIONS = 5
N_ANSWERS = (3, 4)
CHAPTER_KEYS = {"objectives", "questions"}
QUESTION_KEYS = {"objective", "section", "question", "answers"}
ANSWER_KEYS = {"text", "right", "feedback"}
FORMULA_ALONE = re.compile(r"\$[^$]*\$")


class QuizError(ValueError):
    """What is wrong with a file of quizzes, a line for each fault."""


@dataclass(frozen=True)
class Answer:
    """An answer that a reader may choose, and what is said to those who do."""

    text: str
    right: bool
    feedback: str


@dataclass(frozen=True)
class Question:
    """A question; ``objectives`` are ids, ``section`` is a heading of the chapter."""

    objectives: tuple
    section: str
    question: str
    answers: tuple
    check: str = ""


@dataclass(frozen=True)
class Quiz:
    """Objectives of a chapter, by id, and the questions about them."""

    chapter: str
    objectives: dict
    questions: tuple


def load(path):
    """Quizzes by chapter.

    Parameters
    ----------
    path : str or pathlib.Path
        A file in the format of ``book/course/quizzes.yml``.

    Returns
    -------
    dict of Quiz
        By chapter, such as ``arc_elasticity``.

    Raises
    ------
    QuizError
        If anything in the file is not as it should be; the message names every fault.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise QuizError(
            f"{path} is not YAML: {error}; quote texts that hold ': ' or ' #'"
        ) from None
    if faults := list(find_faults(content)):
        raise QuizError("\n".join(f"{path}: {fault}" for fault in faults))
    return {chapter: quiz_of(chapter, quiz) for chapter, quiz in content.items()}


def objectives_of(question):
    """Ids of a question's objectives, of which there may be one or several."""
    named = question["objective"]
    return tuple(named) if isinstance(named, list) else (named,)


def quiz_of(chapter, quiz):
    """Quiz from the content of a file that has no faults."""
    questions = (
        Question(
            objectives_of(each),
            each["section"],
            each["question"],
            tuple(Answer(**answer) for answer in each["answers"]),
            each.get("check", ""),
        )
        for each in quiz["questions"]
    )
    return Quiz(chapter, dict(quiz["objectives"]), tuple(questions))


# --- Faults


def find_faults(content):
    """Everything that is wrong, each fault as a line that says where."""
    if not isinstance(content, dict):
        yield "holds no chapters; start with 'arc_elasticity:', and indent what belongs to it"
        return
    for chapter, quiz in content.items():
        faults = list(faults_of_keys(quiz, CHAPTER_KEYS, set())) or faults_of_chapter(quiz)
        yield from (f"chapter {chapter}: {fault}" for fault in faults)
    objectives = [each for quiz in content.values() for each in ids(quiz)]
    yield from repeated(objectives, "objective id", "give each its own")


def ids(quiz):
    """Ids of a chapter's objectives, as far as there are any."""
    objectives = quiz.get("objectives") if isinstance(quiz, dict) else None
    return list(objectives) if isinstance(objectives, dict) else []


def faults_of_keys(entry, needed, allowed):
    """Find what an entry lacks, and what it holds that has no meaning."""
    if not isinstance(entry, dict):
        yield f"is {entry!r}, where a mapping with {listed(needed)} should stand"
        return
    for key in sorted(needed - set(entry)):
        yield f"'{key}' is missing; add it"
    for key in sorted(set(map(str, entry)) - needed - allowed):
        yield f"'{key}' has no meaning; remove it or mend its spelling ({listed(needed | allowed)})"


def faults_of_chapter(quiz):
    """Faults of a chapter that has objectives and questions."""
    objectives, questions = quiz["objectives"], quiz["questions"]
    if not isinstance(objectives, dict) or not all(map(is_text, objectives.values())):
        yield "'objectives' is no mapping from ids to texts; write 'arc-1: say what ...'"
        return
    if not isinstance(questions, list) or len(questions) != N_QUESTIONS:
        n = len(questions) if isinstance(questions, list) else "no list of"
        yield f"has {n} questions; there must be exactly {N_QUESTIONS}"
        return
    for number, question in enumerate(questions, 1):
        faults = list(faults_of_keys(question, QUESTION_KEYS, {"check"}))
        faults = faults or faults_of_question(question, objectives)
        yield from (f"question {number}: {fault}" for fault in faults)
    whole = [each for each in questions if isinstance(each, dict) and "objective" in each]
    asked = {name for each in whole for name in map(str, objectives_of(each))}
    for name in objectives.keys() - asked:
        yield f"no question is about objective '{name}'; name it in the 'objective' of one"
    texts = [each.get("question") for each in whole if is_text(each.get("question"))]
    yield from repeated(texts, "question", "ask something else")


def faults_of_question(question, objectives):
    """Faults of a question that has all its keys."""
    for name in objectives_of(question):
        if name not in objectives:
            yield f"objective {name!r} is not of this chapter; choose from {listed(objectives)}"
    for key in ("section", "question", *({"check"} & set(question))):
        if not is_text(question[key]):
            yield f"'{key}' is {question[key]!r}; write a text"
    answers = question["answers"]
    if not isinstance(answers, list) or len(answers) not in N_ANSWERS:
        yield f"'answers' must be a list of {' or '.join(map(str, N_ANSWERS))}"
        return
    for letter, answer in zip("abcd", answers, strict=False):
        faults = list(faults_of_keys(answer, ANSWER_KEYS, set())) or faults_of_answer(answer)
        yield from (f"answer {letter}: {fault}" for fault in faults)
    whole = [each for each in answers if isinstance(each, dict)]
    if (n := sum(each.get("right") is True for each in whole)) != 1:
        yield f"{n} answers are right; mark exactly one with 'right: true'"
    for key, advice in (("text", "reword one"), ("feedback", "say what is wrong with this answer")):
        yield from repeated([each[key] for each in whole if is_text(each.get(key))], key, advice)


def faults_of_answer(answer):
    """Faults of an answer that has all its keys."""
    if not isinstance(answer["right"], bool):
        yield f"'right' is {answer['right']!r}; write true or false"
    for key in ("text", "feedback"):
        if not is_text(answer[key]):
            yield f"'{key}' is {answer[key]!r}; write a text (a number in quotes)"
    if is_text(answer["text"]) and FORMULA_ALONE.fullmatch(answer["text"].strip()):
        yield "'text' is a formula alone, which is no name that can be read out; add a word to it"


def is_text(value):
    """Whether a value is a text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def repeated(values, what, advice):
    """Find values that occur more than once."""
    for value in dict.fromkeys(value for value in values if values.count(value) > 1):
        yield f"{what} {value!r} stands here more than once; {advice}"


def listed(names):
    """Names in order, separated by commas."""
    return ", ".join(sorted(map(str, names)))
