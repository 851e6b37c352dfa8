"""One question about a training run a file; they read what was recorded and change nothing."""
