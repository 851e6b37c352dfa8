"""Deferred initialisation: what a project builds on the meta device, and which code gives it values after `to_empty`.

`to_empty` allocates every parameter and buffer anew, without values. What counts is the code that runs afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from paramlint.facts.classes import Class
from paramlint.facts.files import File
from paramlint.facts.materialization import files_with, is_on_meta, materializers
from paramlint.facts.memo import remember
from paramlint.facts.module_nesting import identity, is_same, named_by, reached_by
from paramlint.facts.package import package_of
from paramlint.facts.scopes import Scope

MAX_SCOPES = 80
#: Places of a package that say `meta` to a device.
MAX_PLACES = 60
_META_CALL = re.compile(r"""["']meta["']|\binit_empty_weights\b""")
_META_BYTES = re.compile(_META_CALL.pattern.encode())
_LOADS = {"load_state_dict", "load_checkpoint", "load_model", "load"}


@dataclass(frozen=True)
class Deferred:
    """How one project materialises its models.

    Attributes:
        built: the classes that it constructs on the meta device.
        writers: the functions and methods that run after `to_empty`.
        called: the names of what is called right after it, as far as the project defines them.
    """

    built: tuple[Class, ...]
    writers: tuple[Scope, ...]
    called: tuple[str, ...]

    def concerns(self, cls: Class) -> bool:
        """Whether instances of a class are among what is built on meta."""
        return any(is_same(cls, root) or identity(cls) in reached_by(root) for root in self.built)


def deferred_initialization(file: File) -> Deferred | None:
    """The protocol of a file's project; `None` where it has none, or where values are loaded afterwards."""
    package = package_of(file)
    if package is not None and package.is_package:
        return package.remember(file, "deferred", lambda: _protocol(file))
    if b"to_empty" not in file.source.data:
        return None
    return remember(file, "deferred", lambda: _protocol(file))


def _protocol(file: File) -> Deferred | None:
    sites = materializers(file)
    if not sites:
        return None
    built = _built_on_meta(file)
    if not built or any(_names_called(site) & _LOADS for site in sites):
        return None
    reachable = [*built, *(cls for root in built for cls in named_by(root))]
    started = [name for site in sites for name in sorted(_names_after(site))]
    writers = _closure(sites, reachable)
    known = {scope.name for scope in writers if scope not in sites}
    called = tuple(dict.fromkeys(name for name in started if name in known))
    return Deferred(tuple(built), tuple(writers), called) if called else None


def _built_on_meta(file: File) -> list[Class]:
    """The project's classes that are constructed on the meta device, in functions or in the code of modules."""
    found: list[Class] = []
    package = package_of(file)
    if package is not None and package.count(file, _META_BYTES) > MAX_PLACES:
        return found  # a package that is itself about devices; which of its models are meant cannot be told
    for other in files_with(file, "meta", _META_CALL):
        for unit in other.outline.units:
            if unit.kind == "class" or not _META_CALL.search(other.source.lines(unit.first, unit.last)):
                continue
            scope = other.scope(unit)
            for call in scope.find(cst.Call):
                if is_on_meta(scope, call):
                    found += _constructed(scope, call)
    return found


def _constructed(scope: Scope, call: cst.Call) -> list[Class]:
    symbol = scope.resolve(call.func)
    if isinstance(symbol, Class):
        return [symbol] if symbol.is_module else []
    made = symbol.returned if isinstance(symbol, Scope) else None
    return [made.cls] if made is not None and made.cls is not None else []


def _names_called(scope: Scope) -> set[str]:
    return {name for call in scope.find(cst.Call) if (name := _last_name(call))}


def _names_after(scope: Scope) -> set[str]:
    """The last names of what is called after `to_empty`, in the order of the text."""
    found: set[str] = set()
    is_after = False
    for call in scope.find(cst.Call):
        name = _last_name(call)
        if is_after and name:
            found.add(name)
        is_after = is_after or name == "to_empty"
    handed = {n.value for n in scope.find(cst.Name)} if "apply" in found else set()
    return found | handed


def _last_name(call: cst.Call) -> str:
    if isinstance(call.func, cst.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, cst.Name) else ""


def _closure(sites: list[Scope], classes: list[Class]) -> list[Scope]:
    """The sites, and all functions and methods of those names that they lead to."""
    found: dict[Scope, None] = dict.fromkeys(sites)
    waiting = [(site, _names_after(site)) for site in sites]
    while waiting and len(found) < MAX_SCOPES:
        scope, names = waiting.pop()
        for other in _defined(scope, names, classes):
            if other not in found:
                found[other] = None
                waiting.append((other, _names_called(other) | {n.attr.value for n in other.find(cst.Attribute)}))
    return list(found)


def _defined(scope: Scope, names: set[str], classes: list[Class]) -> Iterator[Scope]:
    for name in sorted(names - {"__init__", "forward", "super"}):
        symbol = scope.file.lookup(name)
        if isinstance(symbol, Scope):
            yield symbol
        for cls in classes:
            for base in cls.mro:
                method = base.own_method(name)
                if method is not None:
                    yield method
