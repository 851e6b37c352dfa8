"""Family 6xx: parameters that must not change."""
