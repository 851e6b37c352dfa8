"""Limits of a build, light enough for a process without torch."""

#: Bytes of parameters up to which a model is built for real.
BUILD_LIMIT = 2 << 30
