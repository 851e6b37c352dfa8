"""What a write leaves in a tensor, so that two of them can be compared."""

from __future__ import annotations

from paramlint.model.event import Event

_NUMBERS = {"zeros_": 0, "zero_": 0, "ones_": 1}


def effect(write: Event) -> tuple[object, ...]:
    """What a write leaves: one number, or a law with its arguments."""
    given = write.get("arguments")
    arguments = (*given.positional, *given.keywords.values()) if given is not None else ()
    if write.law in _NUMBERS:
        return (_NUMBERS[write.law],)
    if write.law in ("constant_", "fill_") and len(arguments) == 1:
        return (getattr(arguments[0], "value", arguments[0]),)
    return (write.law, *map(str, arguments))
