"""Models of a panel's sales, regressions, and the sampler that fits the models."""
