"""Read the slides of a part from ``book/course/slides/part_N.md``.

The file is Markdown. ``---`` on a line of its own ends a slide, ``--`` ends one whose successor
belongs to it (an answer to its question). A slide is a title (``## ...``), then blocks: short
texts, and lines such as ``{figure} fig-chord`` that name something of the chapters. ``|||`` on a
line of its own starts a second column. From a line ``Note: 3 min`` on follow the speaker's notes.
What stands between ``<!--`` and ``-->`` is left out.
"""

import re
from dataclasses import dataclass

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
REFERENCE = re.compile(r"\{(\w+)\}(?: +(.+?))? *")
NOTE = re.compile(r"Note:(?: *(\d+) min)? *(.*)")
COLUMN = "|||"


class SlideFault(ValueError):
    """What is wrong with a slide, and where, in one line."""


@dataclass(frozen=True)
class Block:
    """A text, or what a line in braces asks for: its name and what follows it."""

    name: str
    argument: str


@dataclass(frozen=True)
class Slide:
    """A slide as it is written."""

    place: str
    title: str
    columns: tuple
    notes: str
    minutes: int | None

    def named(self, name):
        """Arguments of all blocks of this name."""
        return [each.argument for column in self.columns for each in column if each.name == name]


def divided(lines, mark):
    """Parts of a list of lines between those that hold nothing but a mark."""
    parts = [[]]
    for line in lines:
        if line.strip() == mark:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def blocks(lines):
    """Blocks of a column: each reference by itself, the lines between two as one text."""
    found, text = [], []

    def end_of_text():
        if whole := "\n".join(text).strip():
            found.append(Block("text", whole))
        text.clear()

    for line in lines:
        if match := REFERENCE.fullmatch(line):
            end_of_text()
            found.append(Block(match[1], match[2] or ""))
        else:
            text.append(line)
    end_of_text()
    return tuple(found)


def slide(lines, place):
    """Slide from its lines."""
    lines = "\n".join(lines).strip().splitlines()
    notes, minutes = [], None
    for i, line in enumerate(lines):
        if match := NOTE.fullmatch(line):
            minutes = int(match[1]) if match[1] else None
            lines, notes = lines[:i], [match[2], *lines[i + 1 :]]
            break
    title = lines.pop(0)[3:].strip() if lines and lines[0].startswith("## ") else ""
    columns = tuple(blocks(each) for each in divided(lines, COLUMN))
    if len(columns) > 2:
        raise SlideFault(f"{place}: has {len(columns)} columns; two is the most")
    return Slide(
        f"{place} ({title})" if title else place, title, columns, "\n".join(notes), minutes
    )


def stacks(text, name):
    """Slides of a file: a tuple for each run of slides that belong together.

    Parameters
    ----------
    text : str
        Content of the file.
    name : str
        Its name, for messages.
    """
    found, count = [], 0
    for run in divided(COMMENT.sub("", text).splitlines(), "---"):
        together = []
        for lines in divided(run, "--"):
            count += 1
            together.append(slide(lines, f"{name}, slide {count}"))
        found.append(tuple(together))
    return found
