"""Family 1xx: reading and writing a parameter's value."""
