"""Family 4xx: what a module knows to be its own."""
