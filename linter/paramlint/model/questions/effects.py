"""What a write leaves in a tensor, so that two of them can be compared, and whether anybody uses it in between."""

from __future__ import annotations

from paramlint.knowledge.initializers import INIT_DEFAULTS
from paramlint.model.event import Event
from paramlint.model.model import Model

_NUMBERS = {"zeros_": 0, "zero_": 0, "ones_": 1}


def effect(write: Event) -> tuple[object, ...]:
    """What a write leaves: one number, or a law with its arguments, those too that are not written out."""
    given = write.get("arguments")
    arguments = (*given.positional, *given.keywords.values()) if given is not None else ()
    if write.law in _NUMBERS:
        return (_NUMBERS[write.law],)
    if write.law in ("constant_", "fill_") and len(arguments) == 1:
        return (getattr(arguments[0], "value", arguments[0]),)
    figures = dict(INIT_DEFAULTS.get(write.law, {}))
    if given is None or not figures or len(given.positional) > len(figures) or set(given.keywords) - set(figures):
        return (write.law, *map(str, arguments))
    named = {**dict(zip(figures, given.positional, strict=False)), **given.keywords}
    return (write.law, *(_figure(named.get(name, default)) for name, default in figures.items()))


def _figure(value: object) -> object:
    """A number or text as it is, and the text that computes what is not known."""
    known = getattr(value, "value", value)
    return known if isinstance(known, (int, float, str)) or known is None else str(value)


def is_used_between(model: Model, first: Event, second: Event) -> bool:
    """Whether anything reads the tensor, or calls its layer, in between."""
    tensor = second.of

    def is_use(event: Event) -> bool:
        return (event.of is tensor and event.get("how") != "data") or event.of is tensor.owner

    return not model.between(first, second, ("read", "called"), is_use).no
