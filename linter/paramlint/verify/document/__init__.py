"""The data that a verification leaves for reports; reading it takes no torch."""
