"""The runtime side: builds a model and proves what its parameters are. Importing this package loads no torch."""
