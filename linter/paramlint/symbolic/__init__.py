"""Builds models from their source, by interpreting it: nothing of what it reads is run, and torch is not needed."""
