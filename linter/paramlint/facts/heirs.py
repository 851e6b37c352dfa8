"""What subclasses have to say: methods that a class calls and leaves to them, and whether they see to something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.memo import remember
from paramlint.facts.module_nesting import identity, is_same
from paramlint.facts.package import package_of
from paramlint.facts.super_init import initializer_calls

if TYPE_CHECKING:
    from paramlint.facts.files import File
    from paramlint.facts.scopes import Scope

#: Heirs in other files that are looked for, and files in which the heirs of one class are: the rest is like them.
_MAX_ELSEWHERE = 20
_MAX_FILES = 40


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


def heirs_anywhere(cls: Class) -> list[Class]:
    """The classes that inherit from a class, those of its own file first, then those in other files of its package.

    The package is searched: to be asked only where there is something to say about the class.
    """
    return remember(cls, "heirs anywhere", lambda: [*heirs_of(cls), *_heirs_elsewhere(cls)])


def _heirs_elsewhere(cls: Class) -> Iterator[Class]:
    """Those in files that name the class, or one of its heirs."""
    found, seen = {identity(cls)}, {cls.file.path}
    waiting = [cls, *heirs_of(cls)]
    for base in waiting:
        for file in _files_that_name(base):
            if file.path in seen or len(seen) > _MAX_FILES:
                continue
            seen.add(file.path)
            for outline in (one for same in file.outline.classes.values() for one in same):
                heir = file.class_of(outline.unit)
                if heir is None or identity(heir) in found or not any(is_same(one, cls) for one in heir.mro):
                    continue
                found.add(identity(heir))
                yield heir
                waiting += [heir] if len(waiting) < _MAX_ELSEWHERE else []


def _files_that_name(cls: Class) -> Iterator[File]:
    """The other files of the package in which the name of a class stands, as far as they may have heirs of it."""
    package = package_of(cls.file)
    if package is not None:
        own = (cls.file.path, cls.file.source.path)
        yield from package.files([path for path in package.heirs_with(cls.file, cls.name) if path not in own])


def is_only_inherited(cls: Class) -> bool:
    """Whether a class has heirs, and neither its file nor another one of the package a call of it by its name."""
    return not is_called_in(cls, cls.file) and bool(heirs_anywhere(cls)) and not is_called_by_name(cls)


def is_called_by_name(cls: Class) -> bool:
    """Whether its file, or another one of the package, makes instances of a class by its name."""
    return any(is_called_in(cls, file) for file in (cls.file, *_files_that_name(cls)))


def is_called_in(cls: Class, file: File) -> bool:
    """Whether a file makes instances of a class by its name."""
    return re.search(rf"(?<!class )\b{re.escape(cls.name)}\(", file.source.text) is not None


def is_seen_to_by_heirs(cls: Class, sees_to: Callable[[Class], bool]) -> bool:
    """Whether a class is only there to be inherited from, and each that does sees to something."""
    return is_only_inherited(cls) and all(map(sees_to, heirs_anywhere(cls)))


def calls_left_to_heirs(scope: Scope) -> Iterator[nodes.Call]:
    """The calls of methods that the class does not have: code that cannot be seen from here, which may do anything."""
    cls = scope.cls
    if cls is None:
        return
    for call in scope.find(nodes.Call):
        name = scope.self_attribute(call.func)
        if name is not None and cls.lacks(name):
            yield call


def that_run_its_constructor(cls: Class) -> list[Class]:
    """The heirs that a class has whose instances are set up by its `__init__`, which theirs goes on to.

    Those that are only there to be inherited from in their turn are left out.
    """
    return [heir for heir in heirs_anywhere(cls) if _goes_on_to(heir, cls) and not is_only_inherited(heir)]


def _goes_on_to(heir: Class, cls: Class) -> bool:
    """Whether each constructor before that of a class, in the order of an heir's bases, calls the next one."""
    if cls.own_method("__init__") is None:
        return False
    above = [base for base in heir.mro if not any(is_same(base, one) for one in cls.mro)]
    constructors = [init for base in above if (init := base.own_method("__init__")) is not None]
    return all(initializer_calls(init) for init in constructors)


def said_of_others(cls: Class, name: str) -> set[int]:
    """Where in the file of a class `self.name` and `super().name` stand in classes that are none of its family."""
    family = {one.qualname for one in (*cls.mro, *heirs_of(cls))}
    stand = remember(cls.file, f"own {name} of classes", lambda: list(_own(cls.file, name)))
    return {place for place, qualname in stand if qualname not in family}


#: What a class calls its object.
_OBJECT = re.compile(r"def __init__\(\s*(\w+)")


def _own(file: File, name: str) -> Iterator[tuple[int, str]]:
    """Where classes of a file say `self.name`, whatever they call that, and `super().name`, and which."""
    lines = file.source.text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for same in file.outline.classes.values():
        for outline in same:
            first, last = starts[outline.unit.first - 1], starts[min(outline.unit.last, len(lines))]
            named = _OBJECT.search(file.source.text, first, last)
            itself = named[1] if named is not None else "self"
            own = re.compile(rf"(?:\b{itself}|\bsuper\([^()]*\))\.({re.escape(name)})\b")
            for match in own.finditer(file.source.text, first, last):
                yield match.start(1), outline.qualname
