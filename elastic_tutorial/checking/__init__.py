"""Whether sales can be fitted, and whether a fit can be trusted."""
