"""From a file of sales to a folder to take home: tables as CSV and one page.

The files, in reading order:

- ``tables``: ``elasticity_table``, a row for each product
- ``price_labels``: ``price_table``, the best allowed price of each product, or why it has none
- ``sentences``: what was found, in plain language
- ``figures``: its figures, for light and dark pages
- ``page``: page and CSV files as text, the page by the template ``report.html.j2``
- ``comparison``: what changed since the last report
- ``digest``: the same for programs, as JSON
- ``report``: the type ``Report``, and ``write_report``
- ``folder``: a folder that is written whole or not at all
- ``settings``: options of ``python -m elastic_tutorial`` in a file
- ``reading``: the first steps of ``python -m elastic_tutorial``, whose options are in ``__main__``
- ``command``: its other steps, from the checks to the folder
"""
