"""Load the script of the interactive figures on the pages that have one (a Sphinx extension).

A page has one where its text holds ``<div class="interactive-figure" data-figure="...">``. What
stands inside is what a reader without scripts sees: in a notebook, on GitHub, in an ePub.
"""

from docutils import nodes


def has_figure(doctree):
    """Tell whether a page holds a place for an interactive figure."""
    raws = doctree.findall(nodes.raw) if doctree else ()
    return any('class="interactive-figure"' in raw.astext() for raw in raws)


def load_script(app, pagename, templatename, context, doctree):
    """Add script and style sheet to a page that needs them; an ePub runs no scripts."""
    if app.builder.name != "epub" and has_figure(doctree):
        app.add_js_file("js/interactive.js", loading_method="defer")
        app.add_css_file("interactive.css")


def setup(app):
    """Connect the event; Sphinx calls this."""
    app.connect("html-page-context", load_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
