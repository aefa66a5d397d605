"""The posterior of a whole store by nested Laplace approximation."""
