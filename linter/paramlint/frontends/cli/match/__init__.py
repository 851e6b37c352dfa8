"""`paramlint match`: a target and a checkpoint in, text out; they are compared in `symbolic`."""
