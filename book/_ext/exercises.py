"""The exercises of the chapters: what each is for, and its level on the page (a Sphinx extension).

The class option of an exercise holds its level and the objectives that it exercises, by their ids
in ``book/course/quizzes.yml``: ``:class: warm-up arc-3``. Reading them needs no Sphinx.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes

LEVELS = {  # from the easiest on; what a page calls it, and minutes to plan for
    "warm-up": ("Warm-up", 5),
    "practice": ("Practice", 15),
    "challenge": ("Challenge", 40),
    "project": ("Open project", 240),
}
START = re.compile(
    r"^```\{exercise-start\} (?P<title>.+)\n(?P<options>(?::\w+:.*\n)*)```", re.MULTILINE
)
OPTION = re.compile(r"^:(\w+): *(.*?) *$", re.MULTILINE)


class ExerciseError(ValueError):
    """What is wrong with the header of an exercise."""


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter; ``objectives`` are ids."""

    label: str
    title: str
    level: str
    objectives: tuple

    @property
    def minutes(self):
        """Minutes to plan for it."""
        return LEVELS[self.level][1]


def read(path):
    """Exercises of a chapter, in order.

    Parameters
    ----------
    path : str or pathlib.Path
        Text of a chapter.

    Returns
    -------
    list of Exercise

    Raises
    ------
    ExerciseError
        If one has no label, or not one level; the message names it.
    """
    return exercises_of(Path(path).read_text(encoding="utf-8"), path)


def exercises_of(text, path):
    """Exercises of a text, in order; ``path`` is for messages."""
    return [exercise_of(found, path) for found in START.finditer(text)]


def exercise_of(found, path):
    """Read the header of an exercise."""
    options = dict(OPTION.findall(found["options"]))
    where = f"{path}: exercise {found['title']!r}"
    if "label" not in options:
        raise ExerciseError(f"{where} has no label; add a line such as ':label: ex-arc-name'")
    classes = options.get("class", "").split()
    levels = [name for name in classes if name in LEVELS]
    if len(levels) != 1:
        raise ExerciseError(
            f"{where} needs one level in its line ':class:', one of {', '.join(LEVELS)}; "
            f"got {' '.join(levels) or 'none'}"
        )
    objectives = tuple(name for name in classes if name not in LEVELS)
    return Exercise(options["label"], found["title"], levels[0], objectives)


# --- The page


def name_levels(app, doctree):
    """Begin the text of every exercise with its level."""
    for node in doctree.findall(nodes.Element):
        if not node.tagname.startswith("exercise_") or not node.get("label"):
            continue
        for level in LEVELS.keys() & set(node["classes"]):
            name = nodes.paragraph("", LEVELS[level][0], classes=["exercise-level"])
            node[-1].insert(0, name)


def setup(app):
    """Connect the event; Sphinx calls this."""
    app.connect("doctree-read", name_levels)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
