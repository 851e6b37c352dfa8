"""Family 3xx: one parameter, or module, in several places."""
