"""Figures: summaries and axes in, axes out, no arithmetic.

The style ``elastic_tutorial.style`` stands on top of the package, where Matplotlib finds it. The
files, in reading order:

- ``axes``: axes that may be given or new, and marks that may be many
- ``plots``: demand curves, arcs, daily sales, likelihoods, densities, intervals (part I)
- ``store_plots``: the elasticities of a whole store, estimates beside truth, shrinkage
"""
