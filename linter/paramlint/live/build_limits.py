"""Limits of a build, light enough for a process without torch."""

#: Bytes of parameters up to which a model is built for real.
BUILD_LIMIT = 2 << 30
#: Objects that are made before the collector looks at them; 700 is Python's own measure.
COLLECTED_AFTER = 20_000
