"""The map of the course, made of its sources (a Sphinx extension, for ``book/course/map.md``).

It says which section, exercise, quiz question and question of an assignment serves an objective.
"""

import math
import re
from html import escape
from pathlib import Path

import exercises
import quiz_file
from docutils.nodes import make_id
from sphinx.errors import ExtensionError

BOOK = Path(__file__).resolve().parent.parent
QUIZZES = BOOK / "course" / "quizzes.yml"
MASTERS = BOOK / "course" / "assignments"
PAGE, PLACE = "book/course/map", "<!-- the map -->"
HEADER = "| A student can | treated in | exercises | quiz | assignments |\n|---|---|---|---|---|"
FAULTS = (exercises.ExerciseError, quiz_file.QuizError)

# What of a chapter takes a reader how many minutes: see the page.
WORDS_A_MINUTE = 150
MINUTES = {"equation": 1, "figure": 1, "cell": 0.5}
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
EQUATION = re.compile(r"^\$\$$.*?^\$\$$|^```\{math\}.*?^```$", re.DOTALL | re.MULTILINE)
LABEL = re.compile(r"^\((?P<label>[\w-]+)\)=\n# (?P<title>.+)$", re.MULTILINE)
QUESTION = re.compile(r"^# BEGIN QUESTION\n# objectives: (?P<ids>[\w -]+)$", re.MULTILINE)


# --- Reading


def assigned(folder=MASTERS):
    """Objectives of every question of the assignments: (assignment, number of question, ids)."""
    return [
        (path.stem, number, found["ids"].split())
        for path in sorted(folder.glob("[0-9]_*.md"))
        for number, found in enumerate(QUESTION.finditer(path.read_text(encoding="utf-8")), 1)
    ]


def reading_minutes(text):
    """Minutes for reading a chapter up to its exercises."""
    body = text.split("\n## Exercises\n")[0]
    counts = {
        "equation": len(EQUATION.findall(body)),
        "figure": len(re.findall(r"^    name: fig-", body, re.MULTILINE)),
        "cell": body.count("```{code-cell}"),
    }
    words = len(FENCE.sub("", body).split())
    return words / WORDS_A_MINUTE + sum(MINUTES[kind] * n for kind, n in counts.items())


def told(minutes):
    """Say a time as one plans it: to five minutes, and in hours from two hours on."""
    if minutes < 120:
        return f"{5 * math.ceil(minutes / 5)} minutes"
    return f"{round(minutes / 30) / 2:g} hours"


# --- Writing


def link(chapter, anchor, text):
    """Link to a place in a chapter, from the page of the map."""
    return f'<a href="../{chapter}.html#{anchor}">{escape(text)}</a>'


def row(objective, text, quiz, practised, assignments):
    """Write the row of an objective."""
    asked = [(n, each) for n, each in enumerate(quiz.questions, 1) if objective in each.objectives]
    sections = dict.fromkeys(question.section for _, question in asked)
    done = [each for each in practised if objective in each.objectives]
    graded = [f"{name[0]}.{question}" for name, question, ids in assignments if objective in ids]
    cells = [
        text,
        ", ".join(link(quiz.chapter, make_id(title), title) for title in sections),
        ", ".join(f"{{ref}}`{each.label}`" for each in done),
        ", ".join(link(quiz.chapter, f"quiz-{quiz.chapter}-{n}", str(n)) for n, _ in asked),
        ", ".join(graded),
    ]
    return f"| {' | '.join(cells)} |"


def part(quiz, assignments):
    """Write what the map says of a chapter."""
    path = BOOK / f"{quiz.chapter}.md"
    text = path.read_text(encoding="utf-8")
    practised = exercises.read(path)
    minutes = sum(each.minutes for each in practised if each.level != "project")
    rows = [row(*each, quiz, practised, assignments) for each in quiz.objectives.items()]
    return "\n".join(
        [
            f"## {LABEL.search(text)['title']}\n",
            f"{{ref}}`The chapter <{LABEL.search(text)['label']}>` takes about "
            f"{told(reading_minutes(text))} to read, its exercises {told(minutes)} "
            "without the project.\n",
            HEADER,
            *rows,
        ]
    )


def write():
    """Write the map of all chapters, in Markdown."""
    assignments = assigned()
    return "\n\n".join(part(quiz, assignments) for quiz in quiz_file.load(QUIZZES).values())


def fill_in(app, docname, source):
    """Put the map into its page."""
    if docname != PAGE:
        return
    for path in [QUIZZES, *BOOK.glob("*.md"), *MASTERS.glob("*.md")]:
        app.env.note_dependency(str(path))
    try:
        source[0] = source[0].replace(PLACE, write())
    except FAULTS as error:
        raise ExtensionError(str(error)) from None


def setup(app):
    """Connect the event; Sphinx calls this."""
    app.connect("source-read", fill_in)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
