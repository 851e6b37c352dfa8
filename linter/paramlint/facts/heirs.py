"""What subclasses have to say: methods that a class calls and leaves to them, and whether they see to something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.memo import remember
from paramlint.facts.module_nesting import identity, is_same

if TYPE_CHECKING:
    from paramlint.facts.files import File
    from paramlint.facts.scopes import Scope


def heirs_of(cls: Class) -> list[Class]:
    """The classes of its own file that inherit from a class: those of others would make each file depend on all."""
    return remember(cls.file, "heirs", lambda: _heirs_in(cls.file)).get(identity(cls), [])


def _heirs_in(file: File) -> dict[tuple[str, str], list[Class]]:
    """For each class from which one of a file inherits, those that do."""
    found: dict[tuple[str, str], list[Class]] = {}
    for same in file.outline.classes.values():
        for outline in same:
            heir = file.class_of(outline.unit)
            if heir is None:
                continue
            for base in heir.mro:
                if not is_same(base, heir):
                    found.setdefault(identity(base), []).append(heir)
    return found


def is_only_inherited(cls: Class) -> bool:
    """Whether a class has heirs, and its file no call of it by its name."""
    called = rf"(?<!class )\b{re.escape(cls.name)}\("
    return bool(heirs_of(cls)) and not re.search(called, cls.file.source.text)


def is_seen_to_by_heirs(cls: Class, sees_to: Callable[[Class], bool]) -> bool:
    """Whether a class is only there to be inherited from, and each that does sees to something."""
    return is_only_inherited(cls) and all(map(sees_to, heirs_of(cls)))


def calls_left_to_heirs(scope: Scope) -> Iterator[nodes.Call]:
    """The calls of methods that the class does not have: code that cannot be seen from here, which may do anything."""
    cls = scope.cls
    if cls is None:
        return
    for call in scope.find(nodes.Call):
        name = scope.self_attribute(call.func)
        if name is not None and cls.lacks(name):
            yield call


def with_same_constructor(cls: Class) -> list[Class]:
    """The heirs that a class has whose instances are set up by its own `__init__`."""
    own = cls.method("__init__")
    found = [(heir, heir.method("__init__")) for heir in heirs_of(cls)]
    return [h for h, init in found if own is not None and init is not None and init.qualname == own.qualname]
