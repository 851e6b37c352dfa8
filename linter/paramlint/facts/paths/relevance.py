"""Which statements and methods can touch the memory that a walk is about; the others are not walked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import libcst as cst

from paramlint.facts.paths.allocations import ALLOCATORS
from paramlint.facts.paths.values import Path, cells_in
from paramlint.knowledge.foreign import foreign_module
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Scope

_EXITS = frozenset({cst.Return, cst.Raise, cst.Break, cst.Continue})
#: Names by which code reaches parameters without naming them; `self)` is where it hands the instance on.
_GENERIC = frozenset(
    {"parameters", "named_parameters", "_parameters", "modules", "apply", "setattr", "getattr", "self)"}
)
_WORD = re.compile(r"\w+")


class Relevance:
    """Decides by words, before anything is parsed or walked."""

    def __init__(self, cls: Class) -> None:
        self._cls = cls
        self._functions: dict[Scope, frozenset[str]] = {}
        self._statements: dict[cst.CSTNode, tuple[frozenset[str], bool]] = {}

    def of_statement(self, scope: Scope, node: cst.CSTNode, path: Path) -> bool:
        """Whether a compound statement can leave the function, or touch memory that is being followed."""
        words, has_exit = self._words_of(scope, node)
        return has_exit or _concerns(words, path)

    def of_function(self, scope: Scope, path: Path) -> bool:
        """Whether a method or function, with the own methods that it calls, can."""
        return _concerns(self._words_of_function(scope), path)

    def _words_of(self, scope: Scope, node: cst.CSTNode) -> tuple[frozenset[str], bool]:
        known = self._statements.get(node)
        if known is not None:
            return known
        words: set[str] = set()
        has_exit = False
        inner: Any
        for inner in walk(node):
            kind = inner.__class__
            if kind is cst.Name:
                words.add(inner.value)
            elif kind is cst.Arg:
                if inner.value.__class__ is cst.Name and inner.value.value == scope.self_name:
                    words.add("self)")
            elif kind in _EXITS:
                has_exit = True
        self._statements[node] = self._with_methods(words), has_exit
        return self._statements[node]

    def _words_of_function(self, scope: Scope) -> frozenset[str]:
        known = self._functions.get(scope)
        if known is not None:
            return known
        self._functions[scope] = frozenset()
        text = scope.file.source.lines(scope.unit.first, scope.unit.last)
        words = set(_WORD.findall(text))
        if re.search(r"[(,=]\s*self\s*[,)]", text.partition("):")[2] or text):
            words.add("self)")
        self._functions[scope] = self._with_methods(words)
        return self._functions[scope]

    def _with_methods(self, words: set[str]) -> frozenset[str]:
        """The words, and those of the own methods among them."""
        for word in sorted(words):
            method = self._cls.method(word) if word != "__init__" else None
            if method is not None and not is_library(method.cls):
                words |= self._words_of_function(method)
        return frozenset(words)


def is_library(cls: Class | None) -> bool:
    """Whether a class is a base that whole libraries build on: what it does to its subclasses' parameters is known."""
    return cls is not None and (cls.canonical == "torch.nn.Module" or foreign_module(cls.canonical))


def _concerns(words: frozenset[str], path: Path) -> bool:
    if not words.isdisjoint(ALLOCATORS):
        return True
    if not path.cells:
        return False
    if not words.isdisjoint(_GENERIC):
        return True
    return any(word in names and cells_in(names[word]) for names in (path.names, path.attributes) for word in words)
