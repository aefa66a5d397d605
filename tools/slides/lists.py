"""What is made of a deck's slides besides the deck: the list of its chapters, and its notes."""

from dataclasses import dataclass
from html import escape

from bs4 import BeautifulSoup

KEYS = (
    "Space leads through all slides, S opens the speaker’s window, F fills the screen, "
    "Esc shows the slides smaller, a few side by side, ? lists the other keys."
)


@dataclass(frozen=True)
class Entry:
    """A slide as the lists name it: its number on the screen, and what belongs to it."""

    number: int
    title: str
    label: str
    minutes: int
    notes: str

    @property
    def opens(self):
        """Whether a chapter begins here."""
        return bool(self.label)


def inner(node):
    """Markup within a node; empty where there is no node."""
    return node.decode_contents() if node else ""


def entries(markup):
    """Slides of a deck, in order, without the one that has the title of the part.

    Parameters
    ----------
    markup : str
        Sections of the deck.
    """
    sections = BeautifulSoup(markup, "html.parser").select("section:not(:has(section))")
    found = []
    for number, section in enumerate(sections[1:], 2):
        title = inner(section.h2)
        if chapter := section.select_one(".chapter-number"):
            title = f"{inner(chapter)}: {title}"
        found.append(
            Entry(
                number,
                title,
                section.get("id", ""),
                int(section.get("data-timing", 0)) // 60,
                inner(section.select_one(".notes")),
            )
        )
    return found


def by_chapter(listed):
    """Slides of each chapter, as lists."""
    found = []
    for entry in listed:
        if entry.opens:
            found.append([])
        found[-1].append(entry)
    return found


def minutes_of(listed):
    """Minutes that slides take together."""
    return sum(entry.minutes for entry in listed)


# --- The list of the decks


def deck_entry(number, caption, markup, printed):
    """Name a deck with its chapters, each linked to its first slide."""
    paper = f'<a href="part_{number}.pdf">PDF</a>, ' if printed else ""
    items = "".join(
        f'<li><a href="part_{number}.html#/{slides[0].label}">{slides[0].title}</a>, '
        f"{minutes_of(slides)} min</li>"
        for slides in by_chapter(entries(markup))
    )
    return (
        f'<h2><a href="part_{number}.html">{escape(caption)}</a></h2>'
        f'<p>On paper: {paper}<a href="part_{number}_notes.html">the speaker’s notes</a></p>'
        f"<ul>{items}</ul>"
    )


def index_body(title, listed):
    """Body of the page that lists the decks."""
    return f'<body><main class="index"><h1>{escape(title)}</h1><p>{KEYS}</p>{listed}</main></body>'


# --- The notes on paper


def notes_body(caption, markup):
    """Body of the page with the notes of a deck."""
    parts = [f"<h1>Speaker’s notes: {escape(caption)}</h1>"]
    for slides in by_chapter(entries(markup)):
        opening = slides[0]
        parts.append(f"<h2>{opening.title}, {minutes_of(slides)} min</h2>")
        for each in slides:
            title = "The chapter’s question" if each.opens else each.title
            parts.append(
                f'<section class="on-paper"><h3><span class="number">{each.number}</span> '
                f"{title}</h3>{each.notes}</section>"
            )
    return f'<body><main class="index notes-on-paper">{"".join(parts)}</main></body>'
