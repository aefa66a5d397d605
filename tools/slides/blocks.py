"""What a line in braces on a slide stands for: it is looked up in the chapters and drawn here."""

import functools
import re
from dataclasses import dataclass, field
from html import escape

import chapters
import pages
import quiz_file
from chapters import LookupFault, near

from slides.source import SlideFault
from slides.text import code_html, formula, html_of, line_of

COURSE = pages.ROOT / "book" / "course"
WIDTHS = {1: 1139, 2: 527}  # pixels for a line of code, by the number of columns


@dataclass
class Deck:
    """A part on its way to markup.

    Parameters
    ----------
    names : tuple of str
        Its chapters.
    chapter : chapters.Chapter, optional
        The one that was opened last; cells and quizzes are taken from it.
    drawings : dict
        Figures that were shown, by label.
    told : list of str
        What the notes of the present slide add to those that are written.
    """

    names: tuple
    chapter: chapters.Chapter | None = None
    drawings: dict = field(default_factory=dict)
    told: list = field(default_factory=list)

    def opened(self):
        """Return the chapter that cells and quizzes are of."""
        if self.chapter is None:
            raise LookupFault(f"no chapter is open; write {{chapter}} {self.names[0]} before")
        return self.chapter

    def find(self, kind, label):
        """Return an item of a chapter of this part."""
        return chapters.find(kind, label, self.names)

    def cell(self, name):
        """Return the cell that draws a figure, or that has a line which starts so."""
        if name.startswith("fig-"):
            return self.find("figure", name).cell
        return self.opened().cell(name)


# --- The guide and the quizzes


@functools.cache
def misconceptions():
    """Question that reveals each misconception, from the teaching guide."""
    guide = (COURSE / "teaching.md").read_text(encoding="utf-8")
    return dict(re.findall(r'^\| ([^|]+) \| ["“](.+?)["”] \|', guide, flags=re.MULTILINE))


@functools.cache
def quizzes():
    """Questions of each chapter's quiz by their text."""
    return {
        name: {" ".join(each.question.split()): each for each in quiz.questions}
        for name, quiz in quiz_file.load(COURSE / "quizzes.yml").items()
    }


def quiz_question(chapter, start):
    """Question of the quiz of a chapter that starts so."""
    asked = quizzes()[chapter.name]
    found = [each for text, each in asked.items() if text.startswith(start)]
    if len(found) == 1:
        return found[0]
    raise LookupFault(
        f"{len(found)} questions of the quiz of {chapter.name} start with {start!r}"
        f"{near(start, asked) if not found else '; give more'}"
    )


def answers_html(question, *, solved):
    """Answers of a question; once it is solved, the right one is marked."""
    items = []
    for letter, answer in zip("ABCD", question.answers, strict=False):
        mark = '<span class="mark">right</span>' if solved and answer.right else ""
        items.append(
            f'<li{" class=right" if mark else ""}><span class="letter">{letter}</span> '
            f"<span>{line_of(answer.text)}</span> {mark}</li>"
        )
    return f'<ul class="answers{" solved" if solved else ""}">{"".join(items)}</ul>'


# --- A function for each block; the width is the room for a line of code


def draw_text(deck, text, width):
    """Write a text."""
    return html_of(text)


def draw_chapter(deck, name, width):
    """Open a chapter with its question."""
    if name not in deck.names:
        raise LookupFault(f"this part has no chapter {name!r}{near(name, deck.names)}")
    deck.chapter = opened = chapters.chapters()[name]
    return (
        f'<p class="chapter-number">Chapter {opened.number}</p><h2>{line_of(opened.title)}</h2>'
        f'<p class="opening">{line_of(opened.question)}</p>'
    )


def draw_figure(deck, label, width):
    """Show a figure with its caption."""
    item = deck.find("figure", label)
    deck.drawings[label] = item.cell.data("image/svg+xml")
    alt = escape(item.cell.metadata["mystnb"]["image"]["alt"])
    return (
        f'<figure><img src="assets/figures/{label}.svg" alt="{alt}">'
        f"<figcaption><b>Figure {item.number}</b> {line_of(item.text)}</figcaption></figure>"
    )


def draw_equation(deck, label, width):
    """Show an equation with its number."""
    item = deck.find("equation", label)
    split = r"\\" in item.text and r"\begin" not in item.text
    tex = rf"\begin{{split}}{item.text}\end{{split}}" if split else item.text
    return (
        f'<div class="equation">{formula(tex, display=True)}'
        f'<span class="number">({item.number})</span></div>'
    )


def draw_theorem(deck, label, width):
    """Show what a theorem says."""
    item = deck.find("theorem", label)
    return (
        f'<div class="theorem"><p class="label">Theorem {item.number} ({line_of(item.title)})</p>'
        f"{html_of(item.text)}</div>"
    )


def draw_code(deck, name, width):
    """Show a cell and what it stored."""
    return code_html(deck.cell(name), width)


def draw_source(deck, name, width):
    """Show a cell."""
    return code_html(deck.cell(name), width, output=False)


def draw_output(deck, name, width):
    """Show what a cell stored."""
    return code_html(deck.cell(name), width, source=False)


def draw_ask(deck, name, width):
    """Ask the question that reveals a misconception."""
    if name not in misconceptions():
        raise LookupFault(
            f"the guide knows no misconception {name!r}{near(name, misconceptions())}"
        )
    deck.told.append(f"*Misconception:* {name}.")
    return f"<blockquote>{html_of(misconceptions()[name])}</blockquote>"


def draw_quiz(deck, start, width):
    """Put a question of the quiz to a vote."""
    question = quiz_question(deck.opened(), start)
    return (
        f'<p class="asked">{line_of(question.question)}</p>{answers_html(question, solved=False)}'
    )


def draw_answer(deck, start, width):
    """Show which answer is right, and why; the notes say what to tell the others."""
    question = quiz_question(deck.opened(), start)
    for letter, each in zip("ABCD", question.answers, strict=False):
        deck.told.append(f"*{letter}.* {each.feedback}")
    right = next(each for each in question.answers if each.right)
    return f'{answers_html(question, solved=True)}<p class="feedback">{line_of(right.feedback)}</p>'


def draw_objectives(deck, nothing, width):
    """List what the chapter has taught."""
    items = "".join(f"<li>{line_of(each)}</li>" for each in deck.opened().objectives)
    return f'<ul class="objectives">{items}</ul>'


def draw_exercises(deck, names, width):
    """List exercises by their labels, in the order of the chapter."""
    found = [deck.find("exercise", label) for label in names.split()]
    found.sort(key=lambda each: int(each.number.split(".")[1]))
    items = "".join(
        f"<li><b>Exercise {each.number}</b> {line_of(each.title)}</li>" for each in found
    )
    return f'<p class="label">For next time</p><ul class="exercises">{items}</ul>'


DRAW = {
    "text": draw_text,
    "chapter": draw_chapter,
    "figure": draw_figure,
    "equation": draw_equation,
    "theorem": draw_theorem,
    "code": draw_code,
    "source": draw_source,
    "output": draw_output,
    "ask": draw_ask,
    "quiz": draw_quiz,
    "answer": draw_answer,
    "objectives": draw_objectives,
    "exercises": draw_exercises,
}


# --- Slides


def block_html(deck, block, width):
    """Markup of a block."""
    if block.name not in DRAW:
        raise LookupFault(f"{{{block.name}}} means nothing here; there are {', '.join(DRAW)}")
    return DRAW[block.name](deck, block.argument, width)


def kind_of(slide):
    """Class of a slide, by which its look is chosen."""
    if slide.named("chapter"):
        return "opens"
    asks = slide.named("ask") or any(text.startswith("> ") for text in slide.named("text"))
    return "asks" if asks else "shows"


def slide_html(deck, slide):
    """Markup of a slide, its notes with it.

    Raises
    ------
    SlideFault
        If the chapters do not have what the slide names.
    """
    deck.told = []
    width = WIDTHS[len(slide.columns)]
    try:
        columns = [
            "".join(block_html(deck, each, width) for each in column) for column in slide.columns
        ]
        heading = f"<h2>{line_of(slide.title)}</h2>" if slide.title else ""
        notes = html_of("\n\n".join([slide.notes, *deck.told]))
    except LookupFault as fault:
        raise SlideFault(f"{slide.place}: {fault}") from None
    if slide.minutes:
        notes = f'<p class="minutes"><b>{slide.minutes} min</b></p>{notes}'
    kind = kind_of(slide)
    inside = "".join(f'<div class="column">{each}</div>' for each in columns)
    timing = f' data-timing="{60 * slide.minutes}"' if slide.minutes else ""
    address = f' id="{deck.opened().label}"' if kind == "opens" else ""
    return (
        f'<section{address} data-state="now-{kind}"{timing}><div class="slide {kind}">{heading}'
        f'<div class="body columns-{len(columns)}">{inside}</div></div>'
        f'<aside class="notes">{notes}</aside></section>'
    )
