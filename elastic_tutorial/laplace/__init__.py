"""The posterior of a whole store without sampling: the nested Laplace approximation, written out.

The chapter "The whole store at once" derives it, and the table of its section "What is exact, and
what is not" has a row for each integral. The files, in the order of the mathematics, each with what
it writes out: labels with ``whole`` are of that chapter, labels with ``pooling`` of the one that
states the model.

- ``log_gamma``: the log Gammas of thm-whole-integral and of negative binomial sales, where
  rounding would spoil them (Stirling's error, rising factorials)
- ``arrow``: the log posterior of eq-pooling-model with the intercepts of eq-whole-gamma, its
  gradient, and its Hessian, eliminated from the products inwards (sec-whole-arrow); the integral
  over an intercept (thm-whole-integral)
- ``blocks``: a panel as arrays whose rows are the products of one category, so that the sum over
  them is one matrix product (end of sec-whole-arrow); over several devices
- ``product_integral``: the integral over one product's elasticity, whose log integrand is
  eq-whole-one, at 15 points around its peak
- ``marginal``: the mode given the hyperparameters, by Newton steps on the arrow; Laplace's formula
  eq-whole-laplace for time effects and category elasticities; the grid over their spread tau
- ``conditional``: mean, variance and draws of all that was integrated out, given the
  hyperparameters; the mean of the shared parameters corrected to first order
- ``hyper``: the log posterior of sigma, k, the pivot c and phi, its slope by one more solve of the
  arrow, and the climb to its peak
- ``explore``: the integral over them: whether it is Gaussian two standard deviations out, and
  weighted points where it is not
- ``design``: options to arrays: which levels there are and what a missing one leaves behind
  (eq-pooling-correlation), time effects, priors, the pivot of eq-whole-pivot
- ``fit``: ``fit_laplace``, all of these in turn; labelled draws, base demand drawn back from its
  Gamma (thm-whole-integral); ``ApproximationWarning``
"""
