"""One product and one price change: two prices, two counts of sales (part I of the book).

Formulas and SciPy; JAX is never loaded. The files, in reading order:

- ``elasticity``: point and arc elasticity of arrays of prices and quantities, and back
- ``log_poisson``: the log Poisson probability, accurate for large counts
- ``price_change``: the type ``PriceChange`` and its four likelihoods of the rate ratio
- ``arc_distribution``: the distribution of an arc elasticity when the rate ratio has a posterior
- ``rate_ratio``: intervals and posteriors of rate ratio and arc elasticity, and ``days_needed``
- ``days``: the searches behind ``days_needed``, for a width and for a power
- ``simulate``: daily sales around a price change whose truth is known
"""
