"""Two repairs to the pages of chapters (a small Sphinx extension).

A page is made from the ``.ipynb`` half of a chapter, which holds the outputs, but its text
is edited in the ``.md`` half: the edit button has to open that one. And sphinx-exercise and
sphinx-proof give the contents of every exercise, solution or theorem one and the same id.
"""

from docutils import nodes

AFTER_THE_THEME = 900  # Sphinx's default priority is 500; the theme's own are below 510.
REPEATED_IDS = ("exercise-content", "solution-content", "proof-content")


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
    app.connect("html-page-context", edit_the_text_half, priority=AFTER_THE_THEME)
    app.connect("doctree-read", make_ids_unique)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
