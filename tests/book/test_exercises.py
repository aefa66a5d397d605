"""The exercises of the chapters, and the map of what practises what."""

import re
from pathlib import Path

import course_map
import exercises
import pytest
import quiz_file

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"

QUIZZES = quiz_file.load(course_map.QUIZZES)
PATHS = [BOOK / f"{name}.md" for name in QUIZZES]
EXERCISES = {path.stem: exercises.read(path) for path in PATHS}
ASSIGNED = course_map.assigned()
SOLUTION = re.compile(
    r"^```\{solution-start\} (\S+)\n(.*?)^```\{solution-end\}", re.DOTALL | re.MULTILINE
)
HEADER = "```{exercise-start} A border case\n:label: ex-a\n:class: warm-up arc-3\n```\n"


@pytest.mark.parametrize("chapter", EXERCISES)
def test_exercises_are_graded_from_warm_up_to_project(chapter):
    levels = [list(exercises.LEVELS).index(each.level) for each in EXERCISES[chapter]]
    assert len(levels) >= 5
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 3)
    assert levels.count(3) == 1


@pytest.mark.parametrize("chapter", EXERCISES)
def test_exercises_name_objectives_of_their_chapter(chapter):
    for each in EXERCISES[chapter]:
        assert 1 <= len(each.objectives) <= 3, each.label
        assert set(each.objectives) <= set(QUIZZES[chapter].objectives), each.label


@pytest.mark.parametrize("path", PATHS, ids=list(EXERCISES))
def test_every_exercise_has_a_solution_that_is_run(path):
    found = dict(SOLUTION.findall(path.read_text(encoding="utf-8")))
    assert list(found) == [each.label for each in EXERCISES[path.stem]]
    for label, text in found.items():
        assert "```{code-cell}" in text, label


@pytest.mark.parametrize("chapter", QUIZZES)
def test_no_objective_is_left_without_a_question(chapter):
    quiz = QUIZZES[chapter]
    asked = {each for question in quiz.questions for each in question.objectives}
    assert asked == set(quiz.objectives)


@pytest.mark.parametrize("chapter", QUIZZES)
def test_most_objectives_are_practised(chapter):
    """All but one of a chapter at most: some can only be asked for."""
    practised = {each for exercise in EXERCISES[chapter] for each in exercise.objectives}
    assert len(set(QUIZZES[chapter].objectives) - practised) <= 1


def test_the_assignments_assess_objectives_that_there_are():
    known = {each for quiz in QUIZZES.values() for each in quiz.objectives}
    assert len({name for name, *_ in ASSIGNED}) == 4
    for name, question, ids in ASSIGNED:
        assert ids, (name, question)
        assert set(ids) <= known, (name, question)


# --- The map


def test_the_map_has_a_row_for_every_objective_and_all_that_serves_it():
    text = course_map.write()
    for chapter, quiz in QUIZZES.items():
        for objective, said in quiz.objectives.items():
            (row,) = [line for line in text.splitlines() if line.startswith(f"| {said} |")]
            for each in EXERCISES[chapter]:
                assert (f"{{ref}}`{each.label}`" in row) == (objective in each.objectives)
            for number, question in enumerate(quiz.questions, 1):
                anchor = f'#quiz-{chapter}-{number}"'
                assert (anchor in row) == (objective in question.objectives)
            for name, question, ids in ASSIGNED:
                cells = row.split(" | ")[-1].removesuffix(" |").split(", ")
                assert (f"{name[0]}.{question}" in cells) == (objective in ids)


def test_the_map_reads_the_assignments_as_the_tool_that_builds_them_does():
    import assignments

    listed = [
        (name, number, ids)
        for name, questions in assignments.objectives().items()
        for number, ids in enumerate(questions.values(), 1)
    ]
    assert ASSIGNED == listed


def test_times_are_counted():
    text = "```{math}\nx\n```\n" + "word " * 300 + "\n```{code-cell} ipython3\nx\n```\n"
    assert course_map.reading_minutes(text) == 300 / 150 + 1 + 0.5
    assert course_map.reading_minutes(text + "\n## Exercises\n" + "word " * 300) == 3.5
    assert [course_map.told(m) for m in (31, 35, 119, 120, 200)] == [
        "35 minutes",
        "35 minutes",
        "120 minutes",
        "2 hours",
        "3.5 hours",
    ]


# --- Reading


def test_the_header_of_an_exercise_is_read(tmp_path):
    path = tmp_path / "chapter.md"
    path.write_text(HEADER)
    (found,) = exercises.read(path)
    assert found == exercises.Exercise("ex-a", "A border case", "warm-up", ("arc-3",))
    assert found.minutes == 5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (HEADER.replace(":label: ex-a\n", ""), "'A border case' has no label; add a line"),
        (HEADER.replace("warm-up ", ""), "needs one level in its line ':class:'.*got none"),
        (HEADER.replace("warm-up", "warm-up project"), "got warm-up project"),
        (HEADER.replace(":class: warm-up arc-3\n", ""), "one of warm-up, practice, .*got none"),
    ],
)
def test_a_wrong_header_is_named(tmp_path, wrong, message):
    path = tmp_path / "chapter.md"
    path.write_text(wrong)
    with pytest.raises(exercises.ExerciseError, match=message):
        exercises.read(path)
