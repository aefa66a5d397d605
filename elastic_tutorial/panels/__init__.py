"""Many products over many periods: the type ``Panel``, and every road that leads to one.

The files, in reading order; the last three read a sales file of one's own, as people export it:

- ``panel``: ``Panel``, checked at construction, made by ``from_frame``, narrowed by ``select``
- ``columns``: columns of a table, checked and turned into arrays; ``PanelError``
- ``cells``: what labels and numbers of a panel must be, and what is said where they are not
- ``layout``: how the table looked, so that ``to_frame`` gives it back
- ``parquet``: a panel from Parquet files that are larger than memory
- ``datasets``: the cheese and the orange juice that are shipped in ``data``
- ``store``: a simulated store and its truth, ``simulate_store``
- ``worlds``: three such stores with names, for classes
- ``sales_file``: ``read_sales`` and ``SalesTable``, a file of sales as a tidy table; ``unit_costs``
- ``raw_file``: encoding, separator and columns of that file
- ``raw_cells``: its cells as labels, periods and numbers, and which rows are masked
"""
