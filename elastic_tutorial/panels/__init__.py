"""Many products over many periods: the type ``Panel``, and every road that leads to one.

The files, in reading order; from ``sales_file`` on they read a sales file of one's own, as people
export it:

- ``panel``: ``Panel``, checked at construction, made by ``from_frame``, narrowed by ``select``
- ``columns``: columns of a table, checked and turned into arrays; ``PanelError``
- ``cells``: what labels and numbers of a panel must be, and what is said where they are not
- ``layout``: how the table looked, so that ``to_frame`` gives it back
- ``parquet``: a panel from Parquet files that are larger than memory
- ``datasets``: the cheese and the orange juice that are shipped in ``data``
- ``store``: a simulated store and its truth, ``simulate_store``
- ``worlds``: three such stores with names, for classes
- ``sales_file``: ``read_sales`` and ``SalesTable``, a file of sales as a tidy table; ``unit_costs``
- ``sifting``: the steps from the cells of that file to its rows in use
- ``raw_file``: its encoding and its columns
- ``raw_header``: where its headings stand, what separates them, and whether the table is wide
- ``raw_sheets``: the sheets of an Excel workbook, each as the text of a CSV file
- ``raw_cells``: its labels; which rows are no sales, and which are masked
- ``raw_numbers``: its numbers, in any form that leaves no doubt
- ``raw_periods``: its periods, likewise
- ``period_forms``: how people write a period
- ``row_checks``: which rows are left out for their numbers, and which are wrong
- ``faults``: what is wrong, gathered, so that one run names all of it
- ``receipts``: rows added up by period, zeros filled, weights rounded
"""
