"""Family 7xx: what is optimised, kept and loaded."""
