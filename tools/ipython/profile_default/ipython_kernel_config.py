"""How a chapter's kernel draws: vector graphics that are the same each time."""

c = get_config()  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
c.InlineBackend.rc = {"svg.hashsalt": "elastic-tutorial"}  # or the ids in a drawing are random
c.HistoryManager.enabled = False
