"""What might have made the sales of a panel, and the fits that draw from its posterior.

The files, in reading order:

- ``regression``: log-log and Poisson regressions: one slope for all, for a category, for a product
- ``arrays``: types of arrays with their axes; 64-bit floats for all that names one
- ``sales_laws``: distributions of a product's sales over the periods, with its intercept
  conditioned away, integrated out, or kept
- ``priors``: the levels of the hierarchy, their priors, and what a level that is missing leaves to
  the next (eq-pooling-correlation)
- ``poolings``: ``partial_pooling`` and its two limits as NumPyro functions
- ``inference``: ``fit_nuts``, ``fit_svi``, prior and posterior predictive draws
- ``nuts``: the no-U-turn sampler, compiled once for all fits of one shape
- ``precondition``: starts and mass matrices for it, from another posterior
- ``labels``: names of the dims of draws, and their labels; ``fit_laplace`` uses it too
"""
