"""Family 9xx: parameters of Gluon blocks."""
