"""What a class would hold that was not built to its end: the names that its code gives, by its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.definitions.classes import mro
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import Choice, Instance, Unknown, Value

_ASSIGNED = re.compile(r"\bself\.(\w+)(?:\s*,\s*self\.\w+)*\s*(?::[^=\n]+)?=(?!=)")
_REGISTERED = re.compile(r"\bself\.(?:add_module|register_\w+)\(\s*[rf]?[\"']([\w{}]+)[\"']")


def names_to_come(run: Interpreter, module: Instance) -> Iterator[str]:
    """Patterns for what may be missing at and below the names of a module."""
    found: dict[str, None] = {}
    for cls in mro(run, module.cls) if module.cls is not None else ():
        if isinstance(cls, ClassValue) and not cls.file.is_stub:
            text = cls.file.facts.source.lines(cls.outline.unit.first, cls.outline.unit.last)
            found |= dict.fromkeys(match[1] for match in chain(_ASSIGNED.finditer(text), _REGISTERED.finditer(text)))
    for name in found:
        cell = module.attributes.get(name)
        if cell is None:
            yield name
        if cell is None or any(_may_grow(value) for _, value in cell):
            yield f"{name}.**"


def _may_grow(value: Value) -> bool:
    """Whether more may come to be below a value."""
    if isinstance(value, Choice):
        return any(_may_grow(one) for _, one in value.options)
    return isinstance(value, (Instance, Unknown))
