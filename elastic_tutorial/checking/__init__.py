"""Whether sales can be fitted, what a fit says, and whether to trust it.

The files, in reading order:

- ``intervals``: moments and central interval of draws, and of a normal
- ``summary``: mean, standard deviation and interval of each product's elasticity; shrinkage;
  coverage of a known truth; convergence of chains
- ``audit``: a fast posterior compared with a slow one, product by product
- ``moves``: how much of the moves of prices is left beside covariates and effects
- ``before_fit``: ``check_store``, what usually goes wrong in a table of sales
- ``predict``: the units that a posterior expects in cells of a panel, and draws of them
- ``coverage``: whether a share of intervals holds, fails, or so few cannot tell
- ``back_test``: periods that are hidden from a fit, and how often its intervals hold them
- ``residuals``: what a fit leaves unexplained, and what goes along with it
- ``common_moves``: whether products of a category take sales from each other
- ``after_fit``: ``check_fit``, whether a fit describes the sales
"""
