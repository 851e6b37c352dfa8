"""Ways to build a model: for real with marked memory, or without values; what is asked of it is not here."""
