"""Put the index of subjects at the end of the table of contents.

Sphinx knows ``genindex`` in a table of contents; sphinx-external-toc, which makes one from
``_toc.yml``, takes files only.
"""

from sphinx import addnodes

AFTER_THE_TOC = 900  # Sphinx's default priority, which sphinx-external-toc has, is 500.


def add_the_index(app, doctree):
    """Append the index to the last part that the root document lists."""
    if app.env.docname == app.config.root_doc:
        *_, last = doctree.findall(addnodes.toctree)
        last["entries"].append((None, "genindex"))


def setup(app):
    """Connect the event; Sphinx calls this."""
    app.connect("doctree-read", add_the_index, priority=AFTER_THE_TOC)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
