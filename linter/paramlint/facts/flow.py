"""Which expressions a value can come from, and which names stand for it: containers are looked through.

`self.blocks = list(layers)` makes `layers` flow into `self.blocks`; `for block in self.blocks` makes `block` flow out
of it. A container and what it holds are not told apart: whoever asks wants to know where either of them ends up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard

import libcst as cst

from paramlint.facts.scopes import Binding, Scope
from paramlint.syntax.containers_kept import ADDING, EXTENDING

#: Builtins whose result holds what their arguments hold.
CARRYING = {
    "list", "tuple", "set", "frozenset", "dict", "sorted", "reversed", "iter", "next", "enumerate", "zip", "filter",
    "collections.OrderedDict", "collections.deque", "collections.defaultdict", "itertools.chain",
    "itertools.chain.from_iterable", "itertools.islice", "itertools.cycle", "itertools.zip_longest",
}  # fmt: skip
#: Methods of containers whose result holds what the container holds.
GIVING = {"values", "items", "copy", "pop", "popitem", "popleft", "get", "setdefault", "__getitem__"}
#: Methods that put one argument, the one of this index, into a container.


def sources(scope: Scope, node: cst.BaseExpression, index: int | None = None) -> Iterator[cst.BaseExpression]:
    """The names, attributes and calls that a value, or what it holds, comes from.

    `index` is the place in a tuple target that the value is unpacked into by a loop over `node`.
    """
    found = _SOURCES.get(node.__class__)
    if found is not None:
        yield from found(scope, node)
    elif isinstance(node, cst.Call):
        yield from _of_call(scope, node, index)


Sources = Iterator[cst.BaseExpression]


def _of_itself(scope: Scope, node: cst.BaseExpression) -> Sources:  # noqa: ARG001
    yield node


def _of_elements(scope: Scope, node: cst.List | cst.Tuple | cst.Set | cst.Dict) -> Sources:
    for element in node.elements:
        yield from sources(scope, element.value)


def _of_comprehension(scope: Scope, node: cst.ListComp | cst.SetComp | cst.GeneratorExp) -> Sources:
    return sources(scope, node.elt)


def _of_value(scope: Scope, node: cst.DictComp | cst.NamedExpr | cst.Subscript) -> Sources:
    return sources(scope, node.value)


def _of_choice(scope: Scope, node: cst.IfExp) -> Sources:
    yield from sources(scope, node.body)
    yield from sources(scope, node.orelse)


def _of_sides(scope: Scope, node: cst.BooleanOperation | cst.BinaryOperation) -> Sources:
    if node.__class__ is cst.BooleanOperation or is_joined(node, scope):
        yield from sources(scope, node.left)
        yield from sources(scope, node.right)


_SOURCES: dict[type, Callable[[Scope, Any], Sources]] = {
    **dict.fromkeys((cst.Name, cst.Attribute), _of_itself),
    **dict.fromkeys((cst.List, cst.Tuple, cst.Set, cst.Dict), _of_elements),
    **dict.fromkeys((cst.ListComp, cst.SetComp, cst.GeneratorExp), _of_comprehension),
    **dict.fromkeys((cst.DictComp, cst.NamedExpr, cst.Subscript), _of_value),
    **dict.fromkeys((cst.BooleanOperation, cst.BinaryOperation), _of_sides),
    cst.IfExp: _of_choice,
}


def is_joined(node: cst.CSTNode, scope: Scope) -> TypeGuard[cst.BinaryOperation]:
    """Whether an expression adds up or repeats containers, rather than numbers or tensors."""
    if not isinstance(node, cst.BinaryOperation) or not isinstance(node.operator, (cst.Add, cst.Multiply, cst.BitOr)):
        return False
    kinds = {known.kind for side in (node.left, node.right) if (known := scope.type(side)) is not None}
    return "container" in kinds


def _of_call(scope: Scope, node: cst.Call, index: int | None) -> Iterator[cst.BaseExpression]:
    name = scope.qualified(node.func)
    if name in CARRYING:
        arguments = [arg.value for arg in node.args]
        if index is not None and name == "zip" and index < len(arguments):
            arguments = [arguments[index]]
        elif name == "enumerate":
            arguments = arguments[:1] if index != 0 else []
        for argument in arguments:
            yield from sources(scope, argument)
    elif name == "map" and node.args and isinstance(node.args[0].value, cst.Lambda):
        yield from sources(scope, node.args[0].value.body)
    elif isinstance(node.func, cst.Attribute) and node.func.attr.value in GIVING:
        if index != 0 or node.func.attr.value != "items":
            yield from sources(scope, node.func.value)
    else:
        yield node


class Carriers:
    """The names that stand, in one scope, for an attribute of `self`, for what it holds, or for what goes into it."""

    def __init__(self, scope: Scope, attribute: str, names: frozenset[str] = frozenset(), depth: int = 0) -> None:
        self.scope = scope
        #: How many calls lie between the code that was asked about and this scope.
        self.depth = depth
        self.attribute = attribute
        links = list(self._links())
        found = set(names)
        grown = True
        while grown:
            grown = False
            for linked, touches in links:
                if (touches or linked & found) and not linked <= found:
                    found |= linked
                    grown = True
        self.names = found

    def _links(self) -> Iterator[tuple[set[str], bool]]:
        """Names between which a value flows, and whether the attribute is among them."""
        for name, bindings in self.scope.bindings.items():
            for binding in bindings:
                if binding.value is not None and binding.kind in ("assign", "for", "unpack", "augmented"):
                    names, touches = self._ends(binding.value, binding.index)
                    yield names | {self._bound(name, binding)}, touches
        for _, assignment in ((n, a) for n, a in self.scope.assignments if n == self.attribute):
            if assignment.value is not None:
                yield self._ends(assignment.value)[0], True
        for put in puts(self.scope):
            names, touches = self._ends(put.value)
            to_names, to_touches = self._ends(put.receiver)
            yield names | to_names, touches or to_touches

    def _ends(self, node: cst.BaseExpression, index: int | None = None) -> tuple[set[str], bool]:
        found = list(sources(self.scope, node, index))
        ignored = {self.scope.self_name, "None", "True", "False"}
        names = {self._read(n) for n in found if isinstance(n, cst.Name) and n.value not in ignored}
        return names, any(self.is_attribute(n) for n in found)

    # A name that is bound again stands for another value from there on: `norm@1`.

    def _bound(self, name: str, binding: Binding) -> str:
        again = self._rebound.get(name)
        return f"{name}@{again.index(binding)}" if again is not None else name

    def _read(self, node: cst.Name) -> str:
        again = self._rebound.get(node.value)
        if again is None:
            return node.value
        around = {id(ancestor) for ancestor in self.scope.ancestors(node)}
        near = [i for i, b in enumerate(again) if id(self._block(b)) in around]
        # What an assignment reads is the value from before it; before the first, a loop brings the last.
        before = [i for i in near if self._is_before(again[i], node) and id(again[i].node) not in around]
        return f"{node.value}@{(before or near)[-1]}"

    def _is_before(self, binding: Binding, node: cst.CSTNode) -> bool:
        return self.scope.order(binding.node) < self.scope.order(node)

    def _block(self, binding: Binding) -> cst.CSTNode | None:
        return self.scope.parent(self.scope.statement(binding.node))

    @cached_property
    def _rebound(self) -> dict[str, list[Binding]]:
        """The names that are bound more than once, and used only in the blocks in which they are bound."""
        found: dict[str, list[Binding]] = {}
        for name, bindings in self.scope.bindings.items():
            if len(bindings) > 1 and all(b.kind == "assign" for b in bindings):
                found[name] = bindings
        blocks = {name: {id(self._block(b)) for b in bindings} for name, bindings in found.items()}
        for node in self.scope.find(cst.Name):
            if node.value in found and len(blocks[node.value] & {id(a) for a in self.scope.ancestors(node)}) != 1:
                del found[node.value]
        return found

    def is_attribute(self, node: cst.CSTNode) -> bool:
        """Whether a node is the attribute itself."""
        return self.scope.self_attribute(node) == self.attribute

    def includes(self, node: cst.CSTNode) -> bool:
        """Whether a node, where it is read, is the attribute or a name that stands for it."""
        if isinstance(node, cst.Attribute):
            return self.is_attribute(node)
        if not isinstance(node, cst.Name) or self._read(node) not in self.names:
            return False
        loops = [b for b in self.scope.bindings.get(node.value, ()) if b.kind == "for"]
        if len(loops) != len(self.scope.bindings.get(node.value, ())):
            return True
        return any(self._stands_in(node, loop) for loop in loops)

    def reach(self, node: cst.CSTNode) -> bool:
        """Whether an expression is the attribute, something in it, or a name for either."""
        return isinstance(node, cst.BaseExpression) and any(self.includes(s) for s in sources(self.scope, node))

    def _stands_in(self, node: cst.CSTNode, loop: Binding) -> bool:
        """Whether a node stands in a loop whose variable is one of the names because of what it runs over."""
        if loop.value is None:
            return False
        around = loop.node if isinstance(loop.node, cst.For) else self.scope.parent(loop.node)
        if not any(ancestor is around for ancestor in self.scope.ancestors(node)):
            return False
        names, touches = self._ends(loop.value, loop.index)
        return touches or not names or bool(names & self.names)


@dataclass(frozen=True)
class Put:
    """A place that puts a value into a container; `is_spread` when it is what the value holds that is put there."""

    receiver: cst.BaseExpression
    value: cst.BaseExpression
    is_spread: bool


def puts(scope: Scope) -> Iterator[Put]:
    """Where a scope puts something into a container: `append`, `update`, `x[key] = ...`, `+=`."""
    for node in scope.find(cst.Call, cst.Assign, cst.AugAssign):
        if isinstance(node, cst.Call):
            yield from _puts_of_call(node)
        elif isinstance(node, cst.Assign):
            for target in node.targets:
                if isinstance(target.target, cst.Subscript):
                    yield Put(target.target.value, node.value, isinstance(target.target.slice[0].slice, cst.Slice))
        elif isinstance(node, cst.AugAssign) and isinstance(node.operator, (cst.AddAssign, cst.BitOrAssign)):
            if isinstance(node.target, (cst.Name, cst.Attribute)):
                yield Put(node.target, node.value, True)


def _puts_of_call(node: cst.Call) -> Iterator[Put]:
    if not isinstance(node.func, cst.Attribute):
        return
    method = node.func.attr.value
    arguments = [arg.value for arg in node.args]
    if method in ADDING and len(arguments) > ADDING[method]:
        yield Put(node.func.value, arguments[ADDING[method]], False)
    elif method in EXTENDING:
        for argument in arguments:
            yield Put(node.func.value, argument, True)
