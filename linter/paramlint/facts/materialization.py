"""Deferred initialisation: code that builds a model on the meta device and gives it memory with `to_empty`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.package import package_of
from paramlint.facts.scopes import Scope

if TYPE_CHECKING:
    from paramlint.facts.files import File

_META = re.compile(r"""["']meta["']|\binit_empty_weights\b""")


def materializers(file: File) -> list[Scope]:
    """The scopes of the file's package that call `to_empty`."""
    found = []
    for scope in _scopes_with(file, "to_empty", re.compile(r"\.to_empty\(")):
        if any(isinstance(c.func, nodes.Attribute) and c.func.attr.value == "to_empty" for c in scope.find(nodes.Call)):
            found.append(scope)
    return found


def is_built_on_meta(file: File, builder: Class | Scope) -> bool:
    """Whether a scope of the package builds with this class or function on the meta device."""
    name = builder.name
    for scope in _scopes_with(file, name, re.compile(rf"\b{name}\(")):
        for call in scope.find(nodes.Call):
            if is_on_meta(scope, call) and is_same_definition(scope.resolve(call.func), builder):
                return True
    return False


def is_on_meta(scope: Scope, call: nodes.Call) -> bool:
    """Whether a call says that it builds on the meta device, or stands in a `with` that does."""
    devices = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "device"]
    if any(_META.search(scope.text(device)) for device in devices):
        return True
    return any(
        isinstance(ancestor, nodes.With) and any(_META.search(scope.text(item.item)) for item in ancestor.items)
        for ancestor in scope.ancestors(call)
    )


def is_same_definition(found: object, builder: Class | Scope) -> bool:
    """Whether two looks at the project have found the same definition; a file may have been read twice."""
    if not isinstance(found, (Class, Scope)) or type(found) is not type(builder):
        return False
    paths = {os.path.abspath(one.file.source.path) for one in (found, builder)}
    return len(paths) == 1 and found.qualname == builder.qualname


def _scopes_with(file: File, word: str, pattern: re.Pattern[str]) -> Iterator[Scope]:
    """The functions, and the code of modules, of a package whose text matches."""
    for found in files_with(file, word, pattern):
        for unit in found.outline.units:
            if unit.kind == "function" and pattern.search(found.source.lines(unit.first, unit.last)):
                yield found.scope(unit)
        module = found.scope(found.outline.module)
        if pattern.search(found.source.text) and any(pattern.search(module.text(c)) for c in module.find(nodes.Call)):
            yield module


def files_with(file: File, word: str, pattern: re.Pattern[str] | None = None) -> Iterator[File]:
    """A file itself, and those of its package that have a word, and text that matches a pattern of ASCII."""
    yield file
    package = package_of(file)
    if package is None:
        return
    own = os.path.abspath(file.source.path)
    paths = [path for path in package.paths_with(file, word) if os.path.abspath(path) != own]
    if pattern is not None:
        in_bytes = re.compile(pattern.pattern.encode())
        paths = [path for path in paths if in_bytes.search(package.text(path))]
    yield from package.files(paths)
