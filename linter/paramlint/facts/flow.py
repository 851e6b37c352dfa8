"""Which expressions a value can come from, and which names stand for it: containers are looked through.

`self.blocks = list(layers)` makes `layers` flow into `self.blocks`; `for block in self.blocks` makes `block` flow out
of it. A container and what it holds are not told apart: whoever asks wants to know where either of them ends up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard, TypeVar

from paramlint import nodes
from paramlint.facts.memo import remember
from paramlint.facts.scopes import Binding, Scope
from paramlint.nodes import operators
from paramlint.syntax.containers_kept import ADDING, EXTENDING

FoundT = TypeVar("FoundT")
#: Builtins whose result holds what their arguments hold.
CARRYING = {
    "list", "tuple", "set", "frozenset", "dict", "sorted", "reversed", "iter", "next", "enumerate", "zip", "filter",
    "collections.OrderedDict", "collections.deque", "collections.defaultdict", "itertools.chain",
    "itertools.chain.from_iterable", "itertools.islice", "itertools.cycle", "itertools.zip_longest",
}  # fmt: skip
#: Methods of containers whose result holds what the container holds.
GIVING = {"values", "items", "copy", "pop", "popitem", "popleft", "get", "setdefault", "__getitem__"}
#: Methods that put one argument, the one of this index, into a container.


def sources(scope: Scope, node: nodes.BaseExpression, index: int | None = None) -> Iterator[nodes.BaseExpression]:
    """The names, attributes and calls that a value, or what it holds, comes from.

    `index` is the place in a tuple target that the value is unpacked into by a loop over `node`.
    """
    found = _SOURCES.get(node.__class__)
    if found is not None:
        yield from found(scope, node)
    elif isinstance(node, nodes.Call):
        yield from _of_call(scope, node, index)


Sources = Iterator[nodes.BaseExpression]


def _of_itself(scope: Scope, node: nodes.BaseExpression) -> Sources:  # noqa: ARG001
    yield node


def _of_elements(scope: Scope, node: nodes.List | nodes.Tuple | nodes.Set | nodes.Dict) -> Sources:
    for element in node.elements:
        yield from sources(scope, element.value)


def _of_comprehension(scope: Scope, node: nodes.ListComp | nodes.SetComp | nodes.GeneratorExp) -> Sources:
    return sources(scope, node.elt)


def _of_value(scope: Scope, node: nodes.DictComp | nodes.NamedExpr | nodes.Subscript) -> Sources:
    return sources(scope, node.value)


def _of_choice(scope: Scope, node: nodes.IfExp) -> Sources:
    yield from sources(scope, node.body)
    yield from sources(scope, node.orelse)


def _of_sides(scope: Scope, node: nodes.BooleanOperation | nodes.BinaryOperation) -> Sources:
    if node.__class__ is nodes.BooleanOperation or is_joined(node, scope):
        yield from sources(scope, node.left)
        yield from sources(scope, node.right)


_SOURCES: dict[type, Callable[[Scope, Any], Sources]] = {
    **dict.fromkeys((nodes.Name, nodes.Attribute), _of_itself),
    **dict.fromkeys((nodes.List, nodes.Tuple, nodes.Set, nodes.Dict), _of_elements),
    **dict.fromkeys((nodes.ListComp, nodes.SetComp, nodes.GeneratorExp), _of_comprehension),
    **dict.fromkeys((nodes.DictComp, nodes.NamedExpr, nodes.Subscript), _of_value),
    **dict.fromkeys((nodes.BooleanOperation, nodes.BinaryOperation), _of_sides),
    nodes.IfExp: _of_choice,
}


def is_joined(node: nodes.Node, scope: Scope) -> TypeGuard[nodes.BinaryOperation]:
    """Whether an expression adds up or repeats containers, rather than numbers or tensors."""
    if not isinstance(node, nodes.BinaryOperation) or not isinstance(
        node.operator, (operators.Add, operators.Multiply, operators.BitOr)
    ):
        return False
    kinds = {known.kind for side in (node.left, node.right) if (known := scope.type(side)) is not None}
    return "container" in kinds


def carries(name: str | None, call: nodes.Call) -> bool:
    """Whether the result of a builtin holds what its arguments hold: `list(x)`, `sum(zip(x, y), ())`."""
    if name == "sum" and len(call.args) == 2:
        return isinstance(call.args[1].value, (nodes.List, nodes.Tuple))
    return name in CARRYING


def _of_call(scope: Scope, node: nodes.Call, index: int | None) -> Iterator[nodes.BaseExpression]:
    name = scope.qualified(node.func)
    if carries(name, node):
        arguments = [arg.value for arg in node.args]
        if index is not None and name == "zip" and index < len(arguments):
            arguments = [arguments[index]]
        elif name == "enumerate":
            arguments = arguments[:1] if index != 0 else []
        for argument in arguments:
            yield from sources(scope, argument)
    elif name == "map" and node.args and isinstance(node.args[0].value, nodes.Lambda):
        yield from sources(scope, node.args[0].value.body)
    elif isinstance(node.func, nodes.Attribute) and node.func.attr.value in GIVING:
        if index != 0 or node.func.attr.value != "items":
            yield from sources(scope, node.func.value)
    else:
        yield node


@dataclass(frozen=True)
class _Link:
    """Names between which a value flows, and the attributes of `self` that are among them."""

    names: frozenset[str]
    attributes: frozenset[str]


class _Rebound:
    """The values of a name that is bound more than once, by the block in which it is."""

    def __init__(self, scope: Scope, bindings: list[Binding]) -> None:
        self.numbers = {id(binding): number for number, binding in enumerate(bindings)}
        self.nodes = [binding.node for binding in bindings]
        self.by_block: dict[nodes.Node | None, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for number, binding in enumerate(bindings):
            orders, numbers = self.by_block[scope.parent(scope.statement(binding.node))]
            orders.append(scope.order(binding.node))
            numbers.append(number)

    def read(self, scope: Scope, node: nodes.Name) -> int:
        """The number of the value that is read."""
        around = list(scope.ancestors(node))
        orders, numbers = self.by_block[next(block for block in around if block in self.by_block)]
        # What an assignment reads is the value from before it; before the first, a loop brings the last.
        place = bisect_left(orders, scope.order(node))
        while place and any(ancestor is self.nodes[numbers[place - 1]] for ancestor in around):
            place -= 1
        return numbers[place - 1] if place else numbers[-1]


class Flow:
    """Between which names of a scope values flow: worked out once, whatever is asked."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.links: list[_Link] = []
        #: The links by the names and the attributes in them, an attribute with a dot before it.
        self.by_key: dict[str, list[int]] = defaultdict(list)
        for link in self._links():
            for key in (*link.names, *map(".{}".format, link.attributes)):
                self.by_key[key].append(len(self.links))
            self.links.append(link)

    def _links(self) -> Iterator[_Link]:
        for name, bindings in self.scope.bindings.items():
            for binding in bindings:
                if binding.value is not None and binding.kind in ("assign", "for", "unpack", "augmented"):
                    names, attributes = self.ends(binding.value, binding.index)
                    yield _Link(names | {self._bound(name, binding)}, attributes)
        for name, assignment in self.scope.assignments:
            if assignment.value is not None:
                yield _Link(self.ends(assignment.value)[0], frozenset((name,)))
        for put in puts(self.scope):
            names, attributes = self.ends(put.value)
            to_names, to_attributes = self.ends(put.receiver)
            yield _Link(names | to_names, attributes | to_attributes)

    def ends(self, node: nodes.BaseExpression, index: int | None = None) -> tuple[frozenset[str], frozenset[str]]:
        """The names and the attributes of `self` that a value comes from."""
        found = list(sources(self.scope, node, index))
        ignored = {self.scope.self_name, "None", "True", "False"}
        names = {self.read(n) for n in found if isinstance(n, nodes.Name) and n.value not in ignored}
        attributes = {attribute for n in found if (attribute := self.scope.self_attribute(n)) is not None}
        return frozenset(names), frozenset(attributes)

    # A name that is bound again stands for another value from there on: `norm@1`.

    def _bound(self, name: str, binding: Binding) -> str:
        again = self._rebound.get(name)
        return f"{name}@{again.numbers[id(binding)]}" if again is not None else name

    def read(self, node: nodes.Name) -> str:
        """The name of the value that a name stands for where it is read."""
        again = self._rebound.get(node.value)
        return f"{node.value}@{again.read(self.scope, node)}" if again is not None else node.value

    @cached_property
    def _rebound(self) -> dict[str, _Rebound]:
        """The names that are bound more than once, and used only in the blocks in which they are bound."""
        found = {
            name: _Rebound(self.scope, bindings)
            for name, bindings in self.scope.bindings.items()
            if len(bindings) > 1 and all(b.kind == "assign" for b in bindings)
        }
        for node in self.scope.find(nodes.Name):
            again = found.get(node.value)
            if again is not None and sum(block in again.by_block for block in self.scope.ancestors(node)) != 1:
                del found[node.value]
        return found

    # What mentions a name or an attribute.

    @cached_property
    def mentions(self) -> dict[str, list[nodes.Node]]:
        """The names and attributes of `self`, by what they are called."""
        found: dict[str, list[nodes.Node]] = defaultdict(list)
        for node in self.scope.find(nodes.Name, nodes.Attribute):
            if (key := self._key(node)) is not None:
                found[key].append(node)
        return found

    @cached_property
    def puts(self) -> dict[str, list[Put]]:
        """What is put into something, by the names and attributes that its receiver comes from."""
        found: dict[str, list[Put]] = defaultdict(list)
        for put in puts(self.scope):
            for key in self._keys(put.receiver):
                found[key].append(put)
        return found

    @cached_property
    def calls(self) -> dict[str, list[nodes.Call]]:
        """The calls, by the names and attributes that what is called comes from."""
        found: dict[str, list[nodes.Call]] = defaultdict(list)
        for call in self.scope.find(nodes.Call):
            for key in self._keys(call.func):
                found[key].append(call)
        return found

    def _keys(self, node: nodes.BaseExpression) -> set[str]:
        return {key for source in sources(self.scope, node) if (key := self._key(source)) is not None}

    def _key(self, node: nodes.Node) -> str | None:
        if isinstance(node, nodes.Name):
            return node.value
        attribute = self.scope.self_attribute(node)
        return f".{attribute}" if attribute is not None else None


def flow_of(scope: Scope) -> Flow:
    """The flow between the names of a scope."""
    return remember(scope, "flow", lambda: Flow(scope))


class Carriers:
    """The names that stand, in one scope, for an attribute of `self`, for what it holds, or for what goes into it."""

    def __init__(self, scope: Scope, attribute: str, names: frozenset[str] = frozenset(), depth: int = 0) -> None:
        self.scope = scope
        #: How many calls lie between the code that was asked about and this scope.
        self.depth = depth
        self.attribute = attribute
        self._flow = flow_of(scope)
        self.names = set(names)
        waiting = [f".{attribute}", *names]
        seen: set[int] = set()
        while waiting:
            for number in self._flow.by_key.get(waiting.pop(), ()):
                if number not in seen:
                    seen.add(number)
                    new = self._flow.links[number].names - self.names
                    self.names |= new
                    waiting += new

    def _among(self, found: Mapping[str, list[FoundT]]) -> list[FoundT]:
        """What was found under the attribute or under one of the names, each once."""
        keys = dict.fromkeys([f".{self.attribute}", *(name.partition("@")[0] for name in sorted(self.names))])
        return list({id(one): one for key in keys for one in found.get(key, ())}.values())

    @property
    def mentions(self) -> list[nodes.Node]:
        """Where the attribute, or a name that stands for it, is mentioned."""
        return [node for node in self._among(self._flow.mentions) if self.includes(node)]

    @property
    def put_in(self) -> list[Put]:
        """What is put into it."""
        return [put for put in self._among(self._flow.puts) if self.reach(put.receiver)]

    @property
    def calls(self) -> list[nodes.Call]:
        """The calls of it, or of what it holds."""
        return [call for call in self._among(self._flow.calls) if self.reach(call.func)]

    def is_attribute(self, node: nodes.Node) -> bool:
        """Whether a node is the attribute itself."""
        return self.scope.self_attribute(node) == self.attribute

    def includes(self, node: nodes.Node) -> bool:
        """Whether a node, where it is read, is the attribute or a name that stands for it."""
        if isinstance(node, nodes.Attribute):
            return self.is_attribute(node)
        if not isinstance(node, nodes.Name) or self._flow.read(node) not in self.names:
            return False
        bindings = self.scope.bindings.get(node.value, ())
        loops = [b for b in bindings if b.kind == "for"]
        if len(loops) != len(bindings):
            return True
        return any(self._stands_in(node, loop) for loop in loops)

    def reach(self, node: nodes.Node) -> bool:
        """Whether an expression is the attribute, something in it, or a name for either."""
        return isinstance(node, nodes.BaseExpression) and any(self.includes(s) for s in sources(self.scope, node))

    def _stands_in(self, node: nodes.Node, loop: Binding) -> bool:
        """Whether a node stands in a loop whose variable is one of the names because of what it runs over."""
        if loop.value is None:
            return False
        around = loop.node if isinstance(loop.node, nodes.For) else self.scope.parent(loop.node)
        if not any(ancestor is around for ancestor in self.scope.ancestors(node)):
            return False
        names, attributes = self._flow.ends(loop.value, loop.index)
        return self.attribute in attributes or not names or bool(names & self.names)


@dataclass(frozen=True)
class Put:
    """A place that puts a value into a container; `is_spread` when it is what the value holds that is put there."""

    receiver: nodes.BaseExpression
    value: nodes.BaseExpression
    is_spread: bool


def puts(scope: Scope) -> Iterator[Put]:
    """Where a scope puts something into a container: `append`, `update`, `x[key] = ...`, `+=`."""
    for node in scope.find(nodes.Call, nodes.Assign, nodes.AugAssign):
        if isinstance(node, nodes.Call):
            yield from _puts_of_call(node)
        elif isinstance(node, nodes.Assign):
            for target in node.targets:
                if isinstance(target.target, nodes.Subscript):
                    yield Put(target.target.value, node.value, isinstance(target.target.slice[0].slice, nodes.Slice))
        elif isinstance(node, nodes.AugAssign) and isinstance(
            node.operator, (operators.AddAssign, operators.BitOrAssign)
        ):
            if isinstance(node.target, (nodes.Name, nodes.Attribute)):
                yield Put(node.target, node.value, True)


def _puts_of_call(node: nodes.Call) -> Iterator[Put]:
    if not isinstance(node.func, nodes.Attribute):
        return
    method = node.func.attr.value
    arguments = [arg.value for arg in node.args]
    if method in ADDING and len(arguments) > ADDING[method]:
        yield Put(node.func.value, arguments[ADDING[method]], False)
    elif method in EXTENDING:
        for argument in arguments:
            yield Put(node.func.value, argument, True)
