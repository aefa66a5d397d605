"""Pages of chapters, which are pairs of files (a small Sphinx extension).

A page is made from the ``.ipynb`` half of a chapter, which holds the outputs, so the ``.md`` half
is left out. But that is where the text is edited: the edit button has to open it. And
sphinx-exercise and sphinx-proof give the contents of every exercise, solution or theorem one and
the same id.
"""

from pathlib import Path

from docutils import nodes

BEFORE_THE_TOC, AFTER_THE_THEME = 400, 900  # Sphinx's default is 500; the theme's are below 510.
REPEATED_IDS = ("exercise-content", "solution-content", "proof-content")


def leave_out_the_text_half(app, config):
    """Read no text that has a notebook beside it."""
    source = Path(app.srcdir)
    texts = (path.with_suffix(".md") for path in (source / "book").glob("*.ipynb"))
    found = [path.relative_to(source).as_posix() for path in texts if path.exists()]
    config.exclude_patterns = [*config.exclude_patterns, *sorted(found)]


def edit_the_text_half(app, pagename, templatename, context, doctree):
    """Point the edit button of a chapter at its text."""
    groups = context.get("header_buttons", [])
    for button in (button for group in groups for button in group.get("buttons", [])):
        if button.get("label") == "source-edit-button":
            button["url"] = button["url"].replace(".ipynb", ".md")


def make_ids_unique(app, doctree):
    """Put the label of the exercise, solution or theorem before the id of its contents."""
    for section in doctree.findall(nodes.section):
        label = section.parent.get("label")
        if label and section["ids"] and section["ids"][0] in REPEATED_IDS:
            section["ids"] = [f"{label}-{section['ids'][0]}"]
    for proof in doctree.findall(nodes.admonition):
        if proof["ids"] == ["proof"]:
            proof["ids"] = []


def setup(app):
    """Connect the events; Sphinx calls this."""
    app.connect("config-inited", leave_out_the_text_half, priority=BEFORE_THE_TOC)
    app.connect("html-page-context", edit_the_text_half, priority=AFTER_THE_THEME)
    app.connect("doctree-read", make_ids_unique)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
