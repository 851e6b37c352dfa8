"""Family 2xx: what a parameter holds before training."""
