"""`paramlint diff`: two versions in, what became of their parameters out; they are compared in `symbolic`."""
