"""Where the functions, classes and imports of a file are: read off `ast`, which is ten times cheaper than LibCST.

The outline decides nothing. It says which rows hold which function, so that LibCST parses only those that matter.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, cast
from weakref import ref

from paramlint.source.text import Source

Kind = Literal["module", "class", "function"]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
#: Statements without blocks, imports left out: most are of these kinds.
SIMPLE = frozenset(
    {ast.AnnAssign, ast.Assert, ast.Assign, ast.AugAssign, ast.Break, ast.Continue, ast.Delete, ast.Expr, ast.Global,
     ast.Nonlocal, ast.Pass, ast.Raise, ast.Return}
)  # fmt: skip
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


class NotInAstError(Exception):
    """`ast` does not tell; the code has to be parsed with LibCST."""


class Syntax:
    """A file's `ast`: the node of each unit, in the order of the outline's units.

    It takes most of the memory that a file takes, so it can be let go of; for whoever asks later it is parsed again.

    Attributes:
        before_parsing: called before it is parsed again.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._nodes: list[ast.AST] = []
        self.before_parsing: Callable[[], None] = lambda: None

    @property
    def nodes(self) -> list[ast.AST]:
        """The module's node first."""
        if not self._nodes:
            self.before_parsing()
            self._nodes = outline(ast.parse(self._source.text), self._source).syntax.nodes
        return self._nodes

    def add(self, node: ast.AST) -> int:
        """Note the node of the next unit, and give its place."""
        self._nodes.append(node)
        return len(self._nodes) - 1

    def let_go(self) -> None:
        """Forget the tree; that the units point to each other does not keep it."""
        self._nodes = []


@dataclass(eq=False)
class Unit:
    """A piece that is parsed and checked by itself.

    The code of a module is one unit, without its functions and classes; the code of a class is one, without its
    methods; each function or method is one, its nested functions included, without the classes defined in it.
    """

    kind: Kind
    name: str
    first: int
    last: int
    syntax: Syntax
    place: int
    #: Row spans inside it that belong to other units.
    holes: list[tuple[int, int]] = field(default_factory=list)
    _cls: ref[ClassOutline] | None = None
    _sorted: list[tuple[int, int]] = field(default_factory=list)

    def leaves_out(self, row: int) -> bool:
        """Whether a row belongs to another unit inside it."""
        if len(self._sorted) != len(self.holes):
            self._sorted = sorted(self.holes)
        place = bisect_left(self._sorted, (row + 1, 0)) - 1
        return place >= 0 and row <= self._sorted[place][1]

    @property
    def cls(self) -> ClassOutline | None:
        """The class that it is, or is a method of; the outline keeps it, so that the two make no circle."""
        return self._cls() if self._cls is not None else None

    @cls.setter
    def cls(self, cls: ClassOutline) -> None:
        self._cls = ref(cls)

    @property
    def tree(self) -> ast.AST:
        """Its node."""
        return self.syntax.nodes[self.place]


@dataclass(eq=False)
class ClassOutline:
    """A class: its own code and its methods. A name defined twice keeps all its definitions, in order."""

    name: str
    qualname: str
    unit: Unit
    #: Its bases as dotted names, without subscripts; `None` for an expression.
    bases: list[str | None]
    #: The keywords of its header, and what they are given, in the same way.
    keywords: list[tuple[str | None, str | None]]
    #: The names that its own code gives values.
    stored: frozenset[str]
    methods: dict[str, list[Unit]] = field(default_factory=dict)
    #: The unit in which the class stands.
    enclosing: Unit | None = None

    @property
    def tree(self) -> ast.ClassDef:
        """Its node."""
        return cast("ast.ClassDef", self.unit.tree)

    @property
    def units(self) -> Iterator[Unit]:
        """The class's own code, then its methods in the order of the text."""
        yield self.unit
        for definitions in self.methods.values():
            yield from definitions


@dataclass(eq=False)
class Outline:
    """What a file defines and imports."""

    module: Unit
    source: Source
    syntax: Syntax
    classes: dict[str, list[ClassOutline]] = field(default_factory=dict)
    functions: dict[str, list[Unit]] = field(default_factory=dict)
    #: Name in this file to dotted name; relative imports keep their leading dots.
    imports: dict[str, str] = field(default_factory=dict)
    #: Modules of `from m import *`.
    star_imports: list[str] = field(default_factory=list)
    #: Names that a module-level `name = other.name` makes, each assigned once, and what they stand for.
    aliases: dict[str, str] = field(default_factory=dict)
    #: All units, in the order of the text; the module's own first.
    units: list[Unit] = field(default_factory=list)

    @cached_property
    def assigned(self) -> frozenset[str]:
        """The names that the module's own code gives values: found once, as a table in it may be large."""
        return assigned_names(cast("ast.Module", self.module.tree).body)

    @cached_property
    def local_classes(self) -> frozenset[str]:
        """The names of the classes that are defined in functions."""
        return frozenset(name.rpartition(".")[2] for name in self.classes if "<locals>" in name)


def first_row(node: ast.stmt, source: Source) -> int:
    """The row on which a statement begins, its decorators included."""
    decorators = getattr(node, "decorator_list", None)
    if not decorators:
        return node.lineno
    row: int = decorators[0].lineno
    while row > 1 and not source.line(row).lstrip().startswith("@"):  # parentheses opened on a row above
        row -= 1
    return row


def last_row(node: ast.stmt) -> int:
    """The row on which a statement ends."""
    return node.end_lineno or node.lineno


def statements(body: list[ast.stmt], enter: Callable[[ast.stmt], bool] = lambda _: True) -> Iterator[ast.stmt]:
    """The statements of a block and of the blocks in it, without looking into expressions.

    What is below a statement is left out, with the statement, where `enter` says so.
    """
    stack = list(body)
    while stack:
        node = stack.pop()
        if not enter(node):
            continue
        yield node
        if node.__class__ in SIMPLE:
            continue
        for name in ("body", "orelse", "finalbody"):
            stack.extend(getattr(node, name, ()))
        for name in ("handlers", "cases"):
            for item in getattr(node, name, ()):
                stack.extend(item.body)


def assigned_names(body: list[ast.stmt]) -> frozenset[str]:
    """The names that a block gives values, without the functions and classes that it defines."""
    found: set[str] = set()
    for statement in statements(body, lambda node: not isinstance(node, DEFINITIONS)):
        found.update(n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return frozenset(found)


def outline(tree: ast.Module, source: Source) -> Outline:
    """Read the outline off a parsed file."""
    syntax = Syntax(source)
    module = Unit("module", "", 1, len(source.line_starts), syntax, syntax.add(tree))
    found = Outline(module, source, syntax, units=[module])
    _read_block(found, tree.body, module, None, "")
    found.aliases = _aliases(tree.body)
    return found


def _read_block(found: Outline, body: list[ast.stmt], unit: Unit, cls: ClassOutline | None, prefix: str) -> None:
    for node in body:
        if node.__class__ in SIMPLE:
            continue
        if isinstance(node, ast.ClassDef):
            _read_class(found, node, unit, prefix)
        elif isinstance(node, _FUNCTIONS):
            _read_function(found, node, unit, cls, prefix)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            _read_import(found, node)
        else:
            for block in _blocks(node):
                _read_block(found, block, unit, cls, prefix)


def _read_class(found: Outline, node: ast.ClassDef, outer: Unit, prefix: str) -> None:
    first, last = first_row(node, found.source), last_row(node)
    outer.holes.append((first, last))
    unit = Unit("class", node.name, first, last, found.syntax, found.syntax.add(node))
    bases = [_dotted(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases]
    keywords = [(keyword.arg, _dotted(keyword.value)) for keyword in node.keywords]
    cls = ClassOutline(node.name, prefix + node.name, unit, bases, keywords, assigned_names(node.body), enclosing=outer)
    unit.cls = cls
    found.classes.setdefault(cls.qualname, []).append(cls)
    found.units.append(unit)
    _read_block(found, node.body, unit, cls, cls.qualname + ".")


def _read_function(
    found: Outline,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    outer: Unit,
    cls: ClassOutline | None,
    prefix: str,
) -> None:
    if outer.kind == "function":  # a nested function is part of the function around it
        _read_block(found, node.body, outer, cls, prefix)
        return
    first, last = first_row(node, found.source), last_row(node)
    if outer.kind == "class" and first <= outer.first + len(outer.tree.decorator_list):  # type: ignore[attr-defined]
        return  # `class A: def f(self): ...` on the rows of the header cannot be cut out
    outer.holes.append((first, last))
    unit = Unit("function", node.name, first, last, found.syntax, found.syntax.add(node))
    found.units.append(unit)
    if cls is not None:
        unit.cls = cls
        cls.methods.setdefault(node.name, []).append(unit)
    else:
        found.functions.setdefault(prefix + node.name, []).append(unit)
    _read_block(found, node.body, unit, cls, f"{prefix}{node.name}.<locals>.")


def _read_import(found: Outline, node: ast.Import | ast.ImportFrom) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            head = alias.name.partition(".")[0]
            found.imports.setdefault(alias.asname or head, alias.name if alias.asname else head)
        return
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            found.star_imports.append(module)
        else:
            joined = module + alias.name if module.endswith(".") else f"{module}.{alias.name}"
            found.imports.setdefault(alias.asname or alias.name, joined)


def _aliases(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str | None] = {}
    for statement in body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = None if target.id in found else _dotted(statement.value)
    return {name: dotted for name, dotted in found.items() if dotted is not None}


def _dotted(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    while isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        yield node.body  # an `elif` is inside the one before, and there may be thousands
        node = node.orelse[0]
    for name in _BLOCKS:
        block = getattr(node, name, None)
        if not isinstance(block, list):
            continue
        if name in ("handlers", "cases"):
            for item in block:
                yield item.body
        else:
            yield block
