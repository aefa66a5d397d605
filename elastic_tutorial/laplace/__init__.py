"""The posterior of a whole store without sampling: the nested Laplace approximation, written out.

The chapter "The whole store at once" derives it, and the table of its section "What is exact, and
what is not" has a row for each integral. The files, in the order of the mathematics, each with what
it writes out: labels with ``whole`` are of that chapter, labels with ``pooling`` of the one that
states the model.

- ``log_gamma``: the log Gammas of thm-whole-integral and of negative binomial sales, where
  rounding would spoil them (Stirling's error, rising factorials)
- ``density``: the log posterior of eq-pooling-model with the intercepts of eq-whole-gamma, its
  gradient, and the curvature of each cell
- ``arrow``: its Hessian, eliminated from the products inwards (sec-whole-arrow); the integral over
  an intercept (thm-whole-integral)
- ``blocks``: a panel as arrays whose rows are the products of one category, so that the sum over
  them is one matrix product (end of sec-whole-arrow); over several devices
- ``product_integral``: the integral over one product's elasticity, whose log integrand is
  eq-whole-one, at 15 points around its peak
- ``categories``: the upper levels of eq-pooling-model: category elasticities and the store, given
  the time effects' elimination; the grid over their spread tau
- ``mode``: the mode given the hyperparameters, by Newton steps on the arrow; its tilt, by which it
  is that of the integral over the products
- ``marginal``: Laplace's formula eq-whole-laplace for time effects and category elasticities
- ``conditional``: mean, variance and draws of all that was integrated out, given the
  hyperparameters; the mean of the shared parameters corrected to first order
- ``hyper``: the log posterior of sigma, k, the pivot c and phi, and its slope by one more solve of
  the arrow
- ``peak``: the climb to its peak, by way of some of the products; how far it falls around it
- ``importance``: proposals and weights of points that stand for it, where it is no Gaussian
- ``explore``: the integral over them: whether it is Gaussian two standard deviations out, and
  weighted points where it is not
- ``design``: options to arrays: time effects, priors, which hyperparameters are learned (the pivot
  of eq-whole-pivot among them)
- ``fit``: ``fit_laplace``, all of these in turn; labelled draws, base demand drawn back from its
  Gamma (thm-whole-integral); ``ApproximationWarning``
"""
