"""What code of Keras and Gluon does, read in order: what is made, called and stored; nothing here knows a rule."""

from paramlint.facts.reading.events import Called, Event, Rebound, Repeated, Stored, Taken
from paramlint.facts.reading.trace import Said, Trace
from paramlint.facts.reading.values import (
    UNKNOWN,
    Choice,
    ClassValue,
    Const,
    Derived,
    Function,
    Held,
    Named,
    Parameter,
    Part,
    Result,
    Thing,
    Value,
    flat,
    options,
)

__all__ = [
    "UNKNOWN",
    "Called",
    "Choice",
    "ClassValue",
    "Const",
    "Derived",
    "Event",
    "Function",
    "Held",
    "Named",
    "Parameter",
    "Part",
    "Rebound",
    "Repeated",
    "Result",
    "Said",
    "Stored",
    "Taken",
    "Thing",
    "Trace",
    "Value",
    "flat",
    "options",
]
