"""The slides of the three parts, in reading order.

- ``source``: slides as they are written in ``book/course/slides``.
- ``text``: texts, formulas, code and tables as markup.
- ``blocks``: what a line in braces stands for, taken from the chapters.
- ``lists``: the list of a deck's chapters, and its notes for paper.
- ``decks``: the pages of the decks, and their prints; ``python -m slides`` makes them.
"""
