"""A scope: the code of one function, class or module, with its names, parents and the types of its expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from paramlint import nodes
from paramlint.facts import infer
from paramlint.facts.annotations import type_of_annotation
from paramlint.facts.assignments import Assignment, assignments_in
from paramlint.facts.memo import remember
from paramlint.facts.passed_on import maker_of
from paramlint.facts.types import Type
from paramlint.knowledge import canonical
from paramlint.nodes import Node
from paramlint.syntax.draft import Draft
from paramlint.syntax.outline import Kind, Unit
from paramlint.syntax.walk import Survey, concrete, survey

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.files import File, Symbol
    from paramlint.syntax.parse import Segment

_WORD = re.compile(r"\w+")
_STORED = re.compile(r"\.(?=(\w+)\b[^=\n]{0,120}(?<![=!<>])=(?!=))")
_QUOTED = re.compile(r"[\"'](?=(\w+)[\"'])")

NodeT = TypeVar("NodeT", bound=Node)
BindingKind = Literal["assign", "for", "with", "parameter", "augmented", "unpack", "definition", "import", "other"]


@dataclass(frozen=True)
class Binding:
    """One place where a name gets a value.

    `value` is the assigned expression, the iterated one of a loop, the default of a parameter, or the context manager;
    `index` is the position inside a tuple target (`for name, p in ...`).
    """

    kind: BindingKind
    node: Node
    value: nodes.BaseExpression | None = None
    index: int | None = None
    annotation: nodes.BaseExpression | None = None


class Scope:
    """The code of a function (nested functions included), of a class (without methods) or of a module."""

    def __init__(self, file: File, unit: Unit) -> None:
        self.file = file
        self.unit = unit
        self._texts: dict[Node, str] = {}
        self._qualified: dict[str, str | None] = {}
        self.memo: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Scope({self.file.source.path}:{self.unit.first} {self.qualname or 'module'})"

    def let_go(self) -> None:
        """Forget the answers that name this scope; they are worked out again."""
        vars(self).pop("assignments", None)
        self.memo.clear()

    @property
    def kind(self) -> Kind:
        """`module`, `class` or `function`."""
        return self.unit.kind

    @property
    def name(self) -> str:
        """The function's or class's name; empty for a module."""
        return self.unit.name

    @cached_property
    def cls(self) -> Class | None:
        """The class that this is a method, or the code, of."""
        return self.file.class_of(self.unit)

    @property
    def qualname(self) -> str:
        """The dotted name within the file."""
        if self.unit.cls is None:
            return self.unit.name
        return self.unit.cls.qualname + (f".{self.unit.name}" if self.kind == "function" else "")

    @cached_property
    def segment(self) -> Segment | Draft:
        """The parsed text, or its draft; parsing happens on the first use."""
        return self.file.segment(self.unit)

    @cached_property
    def source(self) -> str:
        """The rows of the unit as they stand in the file; looking for a word here saves parsing."""
        return self.file.source.lines(self.unit.first, self.unit.last)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of that text."""
        return frozenset(_WORD.findall(self.source))

    @cached_property
    def stored(self) -> frozenset[str]:
        """The attributes to which the code may give values: by `=` or by their names in quotes; a class's own names."""
        if self.kind == "class" and self.unit.cls is not None:
            return self.unit.cls.stored
        return frozenset(_STORED.findall(self.source)) | frozenset(_QUOTED.findall(self.source))

    @property
    def node(self) -> Node:
        """The root of the code: a `FunctionDef`, `ClassDef` or `Module`."""
        return self.segment.node

    # Walking

    def enter(self, node: Node) -> bool:
        """Whether what is below a node belongs to this scope."""
        kind = node.__class__
        if kind is nodes.ClassDef or kind is nodes.FunctionDef:
            return node is self.node or (kind is nodes.FunctionDef and self.kind == "function")
        return True

    @cached_property
    def _survey(self) -> Survey:
        return survey(self.node, self.enter)

    @property
    def nodes(self) -> list[Node]:
        """Every node of the scope, in the order of the text."""
        return self._survey.nodes

    def find(self, *kinds: type[NodeT]) -> Iterator[NodeT]:
        """The nodes of these classes, in the order of the text."""
        by_kind = self._survey.by_kind
        wanted = concrete(kinds) & by_kind.keys()
        if len(wanted) == 1:
            found = by_kind[next(iter(wanted))]
            self.file.step(len(found), self.unit.first)
            yield from cast("list[NodeT]", found)
        elif wanted:
            self.file.step(len(self.nodes), self.unit.first)
            for node in self.nodes:
                if node.__class__ in wanted:
                    yield cast(NodeT, node)

    def parent(self, node: Node) -> Node | None:
        """The node around a node, `None` at the root."""
        return self._survey.parents.get(node)

    def ancestors(self, node: Node) -> Iterator[Node]:
        """The nodes around a node, the nearest first, the scope's root last."""
        parents = self._survey.parents
        current = parents.get(node)
        while current is not None:
            yield current
            current = parents.get(current)

    def statement(self, node: Node) -> Node:
        """The statement that a node is part of: a simple statement's line, or a compound statement."""
        for ancestor in (node, *self.ancestors(node)):
            if isinstance(ancestor, (nodes.SimpleStatementLine, nodes.BaseCompoundStatement)):
                return ancestor
        return node

    def order(self, node: Node) -> int:
        """The position of a node in the order of the text."""
        return self._positions[node]

    @cached_property
    def _positions(self) -> dict[Node, int]:
        return {node: index for index, node in enumerate(self.nodes)}

    def text(self, node: Node) -> str:
        """The source code of a node."""
        found = self._texts.get(node)
        if found is None:
            found = self._texts[node] = self.segment.text(node)
        return found

    def parentheses(self, node: Node) -> int:
        """How many pairs of parentheses stand around an expression."""
        return self.segment.parentheses(node)

    # Names

    @cached_property
    def self_name(self) -> str | None:
        """What a method calls its instance; `None` for anything else."""
        if self.kind != "function" or self.unit.cls is None or not isinstance(self.node, nodes.FunctionDef):
            return None
        for decorator in self.node.decorators:
            if isinstance(decorator.decorator, nodes.Name) and decorator.decorator.value in (
                "staticmethod",
                "classmethod",
            ):
                return None
        parameters = (*self.node.params.posonly_params, *self.node.params.params)
        return parameters[0].name.value if parameters else None

    def self_attribute(self, node: Node) -> str | None:
        """`x` of `self.x`."""
        current: Any = node  # as in `dotted`
        if current.__class__ is nodes.Attribute:
            owner = current.value
            if owner.__class__ is nodes.Name and owner.value == self.self_name:
                return str(current.attr.value)
        return None

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """Every place in this scope that gives a name a value; nested functions are not kept apart."""
        found: dict[str, list[Binding]] = {}
        for node in self.find(*_BINDING):
            if node is not self.node:
                for name, binding in _BINDING[node.__class__](node):
                    found.setdefault(name, []).append(binding)
        return {name: [self._behind(one, found) for one in several] for name, several in found.items()}

    def _behind(self, binding: Binding, bindings: dict[str, list[Binding]]) -> Binding:
        """The same, with what makes the value in the place of what passes it on."""
        if binding.kind != "assign" or binding.value is None:
            return binding
        value = maker_of(self, binding.value, bindings)
        return binding if value is binding.value else replace(binding, value=value)

    def dotted(self, node: Node) -> str | None:
        """`a.b.c` as written, when the node is a name or a chain of attributes on one."""
        current: Any = node  # asked for so often that `isinstance` would show
        if current.__class__ is nodes.Name:
            return current.value
        parts: list[str] = []
        while current.__class__ is nodes.Attribute:
            parts.append(current.attr.value)
            current = current.value
        if current.__class__ is not nodes.Name:
            return None
        parts.append(current.value)
        return ".".join(reversed(parts))

    def qualified(self, node: Node) -> str | None:
        """The canonical name of what an expression refers to: `torch.nn.Linear` for `nn.Linear`.

        Imports and aliases are followed. A name that this scope binds itself has none; a name of the file or of
        another module of the project is given as it is written there.
        """
        written = self.dotted(node)
        if written is None:
            return None
        if written not in self._qualified:
            self._qualified[written] = self._qualify(written)
        return self._qualified[written]

    def _qualify(self, written: str) -> str | None:
        head, _, rest = written.partition(".")
        if any(b.kind != "import" for b in self.bindings.get(head, ())):
            return self._behind_alias(head, rest)
        target = self.file.outline.imports.get(head)
        if target is None:
            found = self.file.lookup(written)
            return found if isinstance(found, str) else written
        dotted = f"{target}.{rest}" if rest else target
        if dotted.startswith("."):
            found = self.file.imported(dotted)
            return found if isinstance(found, str) else dotted
        return canonical(dotted)

    def _behind_alias(self, head: str, rest: str) -> str | None:
        """The name that a local one stands for: `init = nn.init.normal_`, given a value nowhere else."""
        bindings = self.bindings[head]
        value = bindings[0].value
        if len(bindings) > 1 or bindings[0].kind != "assign" or not isinstance(value, (nodes.Name, nodes.Attribute)):
            return None
        written = self.dotted(value)
        if written is None or written.partition(".")[0] not in self.file.outline.imports or head in written.split("."):
            return None
        found = self.qualified(value)
        return f"{found}.{rest}" if found is not None and rest else found

    def resolve(self, node: Node) -> Symbol | None:
        """The class or function of the project that an expression names, or a canonical name outside it."""
        written = self.dotted(node)
        if written is None:
            return None
        head = written.partition(".")[0]
        if any(b.kind not in ("import", "definition") for b in self.bindings.get(head, ())):
            return None
        return self.file.lookup(self._local(written))

    def _local(self, written: str) -> str:
        """A class defined in this function, by the name under which the outline has it."""
        if self.kind != "function":
            return written
        inner = f"{self.qualname}.<locals>.{written}"
        return inner if inner in self.file.outline.classes else written

    def spell(self, dotted: str) -> str:
        """How this file writes a dotted name: `nn.ModuleList` where it has `from torch import nn`."""
        best = dotted
        for alias, target in self.file.outline.imports.items():
            if dotted == target or dotted.startswith(target + "."):
                written = alias + dotted[len(target) :]
                if best == dotted or written.count(".") < best.count("."):
                    best = written
        return best

    # Types

    def type(self, node: Node) -> Type | None:
        """What is known of an expression's value; `None` when it is nothing certain."""
        return infer.type_of(self, node)

    def type_of_annotation(self, node: Node) -> Type | None:
        """What a value is according to its annotation."""
        return type_of_annotation(self, node)

    @cached_property
    def assignments(self) -> list[tuple[str, Assignment]]:
        """The attributes of its own class that this scope gives values, in the order of the text."""
        return list(assignments_in(self))

    def assignments_of(self, name: str) -> list[Assignment]:
        """Those of one attribute."""
        return remember(self, "assignments by name", self._assignments_by_name).get(name, [])

    def _assignments_by_name(self) -> dict[str, list[Assignment]]:
        found: dict[str, list[Assignment]] = {}
        for name, assignment in self.assignments:
            found.setdefault(name, []).append(assignment)
        return found

    @cached_property
    def returned(self) -> Type | None:
        """What a call of this function gives, when all its returns agree."""
        return infer.returned(self)


Bound = Iterator[tuple[str, Binding]]


def _of_assign(node: nodes.Assign) -> Bound:
    for target in node.targets:
        yield from _targets(target.target, "assign", node, node.value)


def _of_annotated(node: nodes.AnnAssign) -> Bound:
    if isinstance(node.target, nodes.Name):
        annotation = node.annotation.annotation
        yield node.target.value, Binding("assign", node, node.value, annotation=annotation)


def _of_augmented(node: nodes.AugAssign) -> Bound:
    if isinstance(node.target, nodes.Name):
        yield node.target.value, Binding("augmented", node, node.value)


def _of_walrus(node: nodes.NamedExpr) -> Bound:
    return _targets(node.target, "assign", node, node.value)


def _of_loop(node: nodes.For | nodes.CompFor) -> Bound:
    return _rounds(node.target, node, node.iter)


def _rounds(target: nodes.BaseExpression, node: nodes.For | nodes.CompFor, iterated: nodes.BaseExpression) -> Bound:
    """The names of a loop; that of `i, x` that `enumerate(layers)` gives is what `x` of `layers` is."""
    parts = _iterated_together(iterated)
    if parts is None or not isinstance(target, nodes.Tuple) or len(parts) != len(target.elements):
        yield from _targets(target, "for", node, iterated)
        return
    for index, (element, part) in enumerate(zip(target.elements, parts, strict=True)):
        if isinstance(element.value, nodes.Tuple) and part is not None:
            yield from _rounds(element.value, node, part)
        elif isinstance(element.value, nodes.Name):
            yield element.value.value, Binding("for", node, part or iterated, index if part is None else None)
        else:
            yield from _targets(element.value, "other", node, None)


def _iterated_together(iterated: nodes.BaseExpression) -> list[nodes.BaseExpression | None] | None:
    """What the parts of each round of `enumerate` and `zip` are taken from; None for other loops."""
    if not isinstance(iterated, nodes.Call) or not isinstance(iterated.func, nodes.Name) or not iterated.args:
        return None
    given = [arg.value for arg in iterated.args if not arg.star and arg.keyword is None]
    if iterated.func.value == "enumerate" and given:
        return [None, given[0]]
    return [*given] if iterated.func.value == "zip" and len(given) == len(iterated.args) else None


def _of_with(node: nodes.WithItem) -> Bound:
    if node.asname is not None:
        yield from _targets(node.asname.name, "with", node, node.item)


def _of_parameter(node: nodes.Param) -> Bound:
    said = node.annotation.annotation if node.annotation is not None else None
    yield node.name.value, Binding("parameter", node, node.default, annotation=said)


def _of_definition(node: nodes.FunctionDef | nodes.ClassDef) -> Bound:
    yield node.name.value, Binding("definition", node)


def _of_handler(node: nodes.ExceptHandler) -> Bound:
    if node.name is not None:
        yield from _targets(node.name.name, "other", node, None)


def _of_import(node: nodes.Import | nodes.ImportFrom) -> Bound:
    if isinstance(node.names, nodes.ImportStar):
        return
    for alias in node.names:
        name: Any = alias.asname.name if alias.asname is not None else alias.name
        while isinstance(name, nodes.Attribute):
            name = name.value
        yield name.value, Binding("import", node)


#: What gives the names that a node of a kind binds.
_BINDING: dict[type[Node], Callable[[Any], Bound]] = {
    nodes.AnnAssign: _of_annotated,
    nodes.Assign: _of_assign,
    nodes.AugAssign: _of_augmented,
    nodes.ClassDef: _of_definition,
    nodes.CompFor: _of_loop,
    nodes.ExceptHandler: _of_handler,
    nodes.For: _of_loop,
    nodes.FunctionDef: _of_definition,
    nodes.Import: _of_import,
    nodes.ImportFrom: _of_import,
    nodes.NamedExpr: _of_walrus,
    nodes.Param: _of_parameter,
    nodes.WithItem: _of_with,
}


def _targets(target: Any, kind: BindingKind, node: Node, value: nodes.BaseExpression | None) -> Bound:
    if target.__class__ is nodes.Name:
        yield target.value, Binding(kind, node, value)
        return
    if not isinstance(target, (nodes.Tuple, nodes.List)):
        return
    values: list[nodes.BaseExpression] | None = None
    if kind == "assign" and isinstance(value, (nodes.Tuple, nodes.List)):
        if len(value.elements) == len(target.elements):
            values = [e.value for e in value.elements]
    for index, element in enumerate(target.elements):
        inner = element.value
        if values is not None:
            yield from _targets(inner, kind, node, values[index])
        elif isinstance(inner, nodes.Name):
            shown: BindingKind = "unpack" if kind == "assign" else kind
            yield inner.value, Binding(shown, node, value, index)
        else:
            for name, _ in _targets(inner, "other", node, None):
                yield name, Binding("other", node)
