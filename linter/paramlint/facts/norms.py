"""Which modules normalise: torch's own, and classes of the project that inherit from one or say so in their name."""

from __future__ import annotations

import re

from paramlint.facts.types import Type, owns_parameters
from paramlint.knowledge import module_class

_NAME = re.compile(r"(?:Batch|Layer|Group|Instance|RMS)Norm|Norm(?:[123]d)?$")


def is_norm(value: Type | None) -> bool:
    """Whether a value is a normalisation layer with a learnt scale."""
    if value is None or not value.is_module:
        return False
    names = [value.name] if value.cls is None else [value.cls.name, *value.cls.known_bases]
    if not any(_NAME.search(name.rpartition(".")[2]) for name in names):
        return False
    owns = owns_parameters(value)
    if owns is None and value.cls is not None:
        bases = [module_class(base) for base in value.cls.known_bases]
        return any(base is not None and base.owns_by_default for base in bases)
    return owns is True
