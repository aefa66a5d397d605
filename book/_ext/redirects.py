"""Pages at addresses that chapters once had, which lead to those they have now (an extension).

A reader gets on to the same place of the new page: fragment and query are kept. The pages hold
all that they need and load nothing, so that they work from disk as well.
"""

import posixpath
from html import escape
from pathlib import Path

from sphinx.errors import ExtensionError

# Names of documents that were renamed, and of what they are now.
NOW_AT = {
    "book/01_arc_elasticity": "book/arc_elasticity",
    "book/02_counting_sales": "book/counting_sales",
    "book/03_marginal_likelihood": "book/marginal_likelihood",
    "book/04_elasticity_with_error_bars": "book/elasticity_with_error_bars",
    "book/05_a_simulated_store": "book/a_simulated_store",
    "book/06_pooled_or_separate": "book/pooled_or_separate",
    "book/07_partial_pooling": "book/partial_pooling",
    "book/08_fitting_and_checking": "book/fitting_and_checking",
    "book/09_the_whole_store": "book/the_whole_store",
    "book/10_real_cheese": "book/real_cheese",
    "book/11_real_orange_juice": "book/real_orange_juice",
    "book/12_choosing_prices": "book/choosing_prices",
    "book/13_when_it_breaks": "book/when_it_breaks",
    "book/14_price_experiments": "book/price_experiments",
    "book/15_your_own_sales": "book/your_own_sales",
}
# The names of a quiz's questions held the number of their chapter, and hold its name now.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="canonical" href="{public}">
<script>
location.replace("{target}" + location.search
  + location.hash.replace(/^#quiz-\\d\\d-/, "#quiz-{name}-"));
</script>
<noscript><meta http-equiv="refresh" content="0; url={target}"></noscript>
</head>
<body>
<main>
<h1>{title}</h1>
<p>This chapter has another address now: <a href="{target}">{title}</a></p>
</main>
</body>
</html>
"""


def page(old, new, title, base):
    """Write the page at an old address of a document."""
    target = posixpath.relpath(f"{new}.html", posixpath.dirname(old))
    return PAGE.format(
        title=escape(title), public=f"{base}{new}.html", target=target, name=Path(new).name
    )


def lead_on(app, exception):
    """Write the pages at all old addresses."""
    if exception or app.builder.name != "html":
        return
    for old, new in NOW_AT.items():
        if new not in app.env.titles:
            raise ExtensionError(f"redirects: {old} should lead to {new}, which is no document")
        path = Path(app.outdir) / f"{old}.html"
        text = page(old, new, app.env.titles[new].astext(), app.config.html_baseurl)
        path.write_text(text, encoding="utf-8")


def setup(app):
    """Connect the event; Sphinx calls this."""
    app.connect("build-finished", lead_on)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
