"""One product, one price change: part I of the book, without JAX."""
