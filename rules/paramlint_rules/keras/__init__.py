"""Family 8xx: parameters of Keras layers and models."""
