"""Which modules may hold which: by the classes that a class names, through the files that define them."""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from paramlint.facts.classes import Class
from paramlint.facts.files import File
from paramlint.facts.memo import remember
from paramlint.syntax.outline import Unit

#: A class that reaches more than this is taken to hold anything.
MAX_REACHED = 200
_HANDED_OVER = re.compile(
    r"model|module|layer|encoder|decoder|backbone|net(?:work)?$|block|body|head|trunk|fn$|cls$|class"
)
#: `d_model`, `num_layers`, `block_size`: arguments that are numbers. `d_net` may be a discriminator.
_COUNT = re.compile(r"^d_model$|^(?:n|num)_|_(?:dim|dims|size|eps|depth)$")


def is_same(a: Class, b: Class) -> bool:
    """Whether two classes are one, though perhaps read twice."""
    return a is b or identity(a) == identity(b)


def identity(cls: Class) -> tuple[str, str]:
    """A class by its file and its name there."""
    return remember(cls, "identity", lambda: (os.path.abspath(cls.file.source.path), cls.qualname))


def may_hold(owner: Class, held: Class) -> bool:
    """Whether a module of one class may have one of another among its submodules, or be one.

    It may if its code names the class, or one that in turn does; and if other modules are handed to its constructor.
    """
    if any(is_same(owner, base) for base in held.mro) or any(is_same(held, base) for base in owner.mro):
        return True
    reached = _reached(owner)
    return reached is None or identity(held) in reached


def _reached(owner: Class) -> frozenset[tuple[str, str]] | None:
    return remember(owner, "reached", lambda: _search(owner))


def _search(owner: Class) -> frozenset[tuple[str, str]] | None:
    seen: set[tuple[str, str]] = set()
    waiting: list[Class] = [owner]
    while waiting:
        cls = waiting.pop()
        if identity(cls) in seen:
            continue
        seen.add(identity(cls))
        if len(seen) > MAX_REACHED or _takes_modules(cls):
            return None
        for base in cls.mro:
            waiting += _named_in(base)
    return frozenset(seen)


@dataclass(frozen=True)
class Owners:
    """The module classes of a file, by the classes that their instances may hold or be.

    Attributes:
        of_all: those that may hold anything.
        by_held: names by the identity of what is held.
    """

    of_all: frozenset[str]
    by_held: Mapping[tuple[str, str], list[str]]

    def of(self, cls: Class) -> Iterator[str]:
        """Those that may hold an instance of a class, or be one, without those that may hold anything."""
        yield from self.by_held.get(identity(cls), ())
        yield from (base.name for base in cls.mro if base.file is cls.file)


def owners_in(file: File) -> Owners:
    """The owners that a file defines."""
    of_all: set[str] = set()
    by_held: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in file.outline.classes:
        owner = file.lookup(name)
        if not isinstance(owner, Class) or not owner.is_module:
            continue
        reached = _reached(owner)
        if reached is None:
            of_all.add(name)
            continue
        for held in reached.union(map(identity, owner.mro)):
            by_held[held].append(name)
    return Owners(frozenset(of_all), by_held)


def _takes_modules(cls: Class) -> bool:
    units = cls.outline.methods.get("__init__", ())
    return any(
        _HANDED_OVER.search(arg.arg) and not _COUNT.search(arg.arg) and not isinstance(arg.annotation, ast.Constant)
        for unit in units
        for arg in (*unit.tree.args.args, *unit.tree.args.kwonlyargs)  # type: ignore[attr-defined]
        if not isinstance(arg.annotation, ast.Name) or arg.annotation.id not in ("int", "float", "bool", "str")
    )


def _named_in(cls: Class) -> list[Class]:
    """The project's classes that the own code of a class names."""

    def named() -> list[Class]:
        found = {id(c): c for unit in cls.outline.units for c in _named(cls.file, unit)}
        return list(found.values())

    return remember(cls, "named", named)


def _named(file: File, unit: Unit, depth: int = 0) -> list[Class]:
    """The project's classes that a piece of code names, itself or in the functions of its file that it calls."""
    found: list[Class] = []
    for name in {node.id for node in ast.walk(unit.tree) if isinstance(node, ast.Name)}:
        functions = file.outline.functions.get(name)
        if functions and depth < 2:
            found += _named(file, functions[-1], depth + 1)
        elif name[:1].isupper() or name.lstrip("_")[:1].isupper():
            symbol = file.lookup(name)
            if isinstance(symbol, Class):
                found.append(symbol)
    return found
