"""What makes a finding the same one after the code around it has moved."""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from paramlint.finding import Diagnostic
from paramlint.source.text import Source


class Identity(NamedTuple):
    """Rule, path, the class and function it is in, and its line with every run of white space as one space.

    `nth` tells apart findings that agree in all of that: the second one in a file is another finding.
    """

    code: str
    path: str
    name: str
    line: str
    nth: int = 1

    @property
    def fingerprint(self) -> str:
        """The same as 32 hexadecimal digits."""
        import hashlib

        return hashlib.sha256("\0".join(map(str, self)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def identify(source: Source | None, diagnostics: Iterable[Diagnostic], root: str = ".") -> Iterator[Identity]:
    """The identity of each finding of one file, whose paths are taken relative to a folder."""
    seen: Counter[Identity] = Counter()
    names = Names(source)
    for diagnostic in diagnostics:
        row = source.row_of(diagnostic) if source is not None else diagnostic.start.row
        line = ""
        if source is not None and row <= len(source.line_starts):
            line = " ".join(source.line(row).split())
        path = relative(diagnostic.path, root)
        plain = Identity(diagnostic.code, path, names.of(row), line)
        seen[plain] += 1
        yield plain._replace(nth=seen[plain])


def relative(path: str, root: str = ".") -> str:
    """A path from a folder, with forward slashes; absolute where it is not below that folder."""
    try:
        below = os.path.relpath(path, root)
    except ValueError:  # on another drive
        below = ".."
    if below.split(os.sep)[0] == "..":
        below = os.path.abspath(path)
    return below.replace(os.sep, "/")


class Names:
    """The dotted names of the classes and functions of a file, by row."""

    def __init__(self, source: Source | None) -> None:
        self._spans: list[tuple[int, int, str]] = []
        try:
            self._collect(ast.parse(source.text).body if source is not None else [], "")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self._spans = []

    def _collect(self, body: Iterable[ast.stmt], prefix: str) -> None:
        for node in body:
            name = prefix
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{prefix}.{node.name}" if prefix else node.name
                self._spans.append((node.lineno, node.end_lineno or node.lineno, name))
            self._collect((child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)), name)

    def of(self, row: int) -> str:
        """The innermost one around a row, empty outside of all."""
        around = [(last - first, -len(name), name) for first, last, name in self._spans if first <= row <= last]
        return min(around)[2] if around else ""
