"""Family 5xx: two names for one parameter, on purpose."""
