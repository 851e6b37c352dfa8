"""What ends a tie: one of the two places gets another parameter and the tie is not made again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.creation import is_creation
from paramlint.facts.materialization import files_with, is_same_definition
from paramlint.facts.memo import remember
from paramlint.facts.module_places import exclude_each_other
from paramlint.facts.passed_on import maker_of
from paramlint.knowledge import PARAMETER_CLASSES
from paramlint.knowledge.foreign import says_tied
from paramlint.nodes import operators

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Scope
    from paramlint.facts.ties import Tie

#: Functions that give a layer other parameters in place of its weight.
_REPLACING = {
    "torch.nn.utils.weight_norm", "torch.nn.utils.spectral_norm", "torch.nn.utils.parametrizations.weight_norm",
    "torch.nn.utils.parametrizations.spectral_norm", "torch.nn.utils.parametrizations.orthogonal",
}  # fmt: skip
#: An attribute that stands behind a plus sign; rows may end and comments stand between them.
_ADDED = re.compile(r"\+(?:[\s(\\]|#[^\n]*\n)*\w+\s*\.\s*(\w+)")

#: An attribute that is given a value, or a call that may replace parameters.
_GIVEN = re.compile(r"\.(\w+)\s*=[^=]|(_norm\(|orthogonal\()")


@dataclass(frozen=True)
class Replacement:
    """The statement that ends a tie: the node, what gets a new parameter, and the two sides of the tie."""

    node: nodes.Node
    what: str
    target: str
    source: str


def replaced_in_scope(scope: Scope, tie: Tie) -> Iterator[Replacement]:
    """What ends a tie further down in the scope that makes it."""
    for found in _replacements(scope, tie, scope):
        is_later = scope.order(found.node) > scope.order(tie.node)
        if is_later and not exclude_each_other(scope, tie.node, found.node):
            if not _is_made_again(scope, found.node):
                yield found


def replaced_in_class(scope: Scope, tie: Tie) -> Iterator[Replacement]:
    """What ends a tie of the constructor in another method, or in the constructor of a class that inherits from it."""
    cls = scope.cls
    if cls is None or scope.self_name is None or not _is_made_by_constructor(cls, scope):
        return
    constructor = cls.own_method("__init__")
    built = _called_on_self(constructor) if constructor is not None else set()
    for other in _methods(cls):
        if other is scope or other.name in built or (other.cls is cls and other.name == "__init__"):
            continue
        for found in _replacements(other, tie, scope):
            if not _is_made_again(other, found.node) and not _caller_ties(cls, other.name):
                yield found


def _methods(cls: Class) -> Iterator[Scope]:
    for units in cls.outline.methods.values():
        yield cls.file.scope(units[-1])
    for definitions in cls.file.outline.classes.values():
        other = cls.file.class_of(definitions[-1].unit)
        constructor = other.own_method("__init__") if other is not None and cls in other.bases else None
        if constructor is not None:
            yield constructor


def _is_made_by_constructor(cls: Class, scope: Scope) -> bool:
    constructor = cls.own_method("__init__")
    return scope is constructor or (constructor is not None and scope.name in _called_on_self(constructor))


def _called_on_self(scope: Scope) -> set[str]:
    def found() -> set[str]:
        return {name for call in scope.find(nodes.Call) if (name := scope.self_attribute(call.func)) is not None}

    return remember(scope, "called on self", found)


def _replacements(scope: Scope, tie: Tie, tied: Scope) -> Iterator[Replacement]:
    """Where a scope gives one side of a tie, or the module that holds it, something new."""
    target, source = tied.dotted(tie.target), tied.dotted(tie.source)
    if target is None or source is None:
        return
    sides = {*_prefixes(target), *_prefixes(source)}
    last = {side.rpartition(".")[2] for side in sides}
    if last.isdisjoint(given := _given(scope)) and not given & {"_norm(", "orthogonal("}:
        return
    written = _written(scope)
    found = [(node, side) for side in sides for node in written.get(side, ())]
    for node, side in sorted(found, key=lambda one: scope.order(one[0])):
        if isinstance(node, nodes.Assign):
            if node is not tie.node and is_creation(scope, node.value) and not _wraps(scope, node.value, sides):
                yield Replacement(node.targets[0].target, side, target, source)
        elif side in {target.rpartition(".")[0], source.rpartition(".")[0]}:
            yield Replacement(node, side, target, source)


def _given(scope: Scope) -> set[str]:
    """The attributes that a scope's text gives values, and what it calls that may replace parameters."""

    def found() -> set[str]:
        text = scope.file.source.lines(scope.unit.first, scope.unit.last)
        return {name or call for name, call in _GIVEN.findall(text)}

    return remember(scope, "given attributes", found)


def _written(scope: Scope) -> dict[str, list[nodes.Assign | nodes.Call]]:
    """The assignments of a scope by their target, and the calls that replace parameters by what they are given."""

    def found() -> dict[str, list[nodes.Assign | nodes.Call]]:
        by_name: dict[str, list[nodes.Assign | nodes.Call]] = {}
        for node in scope.find(nodes.Assign, nodes.Call):
            place = None
            if isinstance(node, nodes.Assign):
                place = node.targets[0].target
            elif isinstance(node, nodes.Call) and node.args and scope.qualified(node.func) in _REPLACING:
                place = node.args[0].value
            name = scope.dotted(place) if place is not None else None
            if name is not None and isinstance(node, (nodes.Assign, nodes.Call)):
                by_name.setdefault(name, []).append(node)
        return by_name

    return remember(scope, "written names", found)


def _prefixes(dotted: str) -> list[str]:
    """`self.a.weight` and `self.a` of `self.a.weight`: what may be replaced without replacing the root."""
    parts = dotted.split(".")
    return [".".join(parts[:end]) for end in range(2, len(parts) + 1)]


def _wraps(scope: Scope, value: nodes.BaseExpression, sides: set[str]) -> bool:
    """Whether a new parameter is made from one of the sides; that is another rule's business."""
    if not isinstance(value, nodes.Call) or scope.qualified(value.func) not in PARAMETER_CLASSES:
        return False
    return any(side in scope.text(value) for side in sides)


def _is_made_again(scope: Scope, after: nodes.Node) -> bool:
    """Whether a scope ties again further down: an assignment of one weight to another, or a call that says so."""
    for node in scope.find(nodes.Assign, nodes.Call):
        if scope.order(node) <= scope.order(after):
            continue
        if isinstance(node, nodes.Call):
            name = node.func.attr if isinstance(node.func, nodes.Attribute) else node.func
            if isinstance(name, nodes.Name) and (says_tied(name.value) or "post_init" in name.value):
                return True
        elif isinstance(node, nodes.Assign) and isinstance(node.value, nodes.Attribute):
            target = node.targets[0].target
            if isinstance(target, nodes.Attribute) and target.attr.value == node.value.attr.value:
                return True
    return False


def _caller_ties(cls: Class, method: str) -> bool:
    """Whether a function of the file calls the method and ties again."""
    for unit in cls.file.outline.units:
        text = cls.file.source.lines(unit.first, unit.last)
        if unit.kind == "function" and f".{method}(" in text and says_tied(" ".join(re.findall(r"\b\w+(?=\()", text))):
            return True
    return False


def bias_without_place(scope: Scope, target: nodes.Node, value: nodes.Node) -> str | None:
    """The layer that a bias of its own is added to, where the package ties that bias to the layer's.

    A head keeps `self.bias = nn.Parameter(...)` beside `self.decoder = nn.Linear(..., bias=False)`. Code elsewhere that
    resizes the layer's bias and assigns it to the head's, finds no bias, so the head's keeps its old size.
    """
    name = scope.self_attribute(target)
    made = maker_of(scope, value, scope.bindings)
    if name is None or scope.cls is None or scope.name != "__init__" or not isinstance(made, nodes.Call):
        return None
    if scope.qualified(made.func) not in PARAMETER_CLASSES:
        return None
    layer = _layer_before(scope.cls, name)
    if layer is None or not _is_without_bias(scope.cls, layer) or _is_tied_here(scope, name, layer):
        return None
    return f"self.{layer}" if _is_assigned_elsewhere(scope, name) else None


def _layer_before(cls: Class, name: str) -> str | None:
    """`decoder` of `self.decoder(x) + self.bias` in `forward`."""
    forward = cls.own_method("forward")
    if forward is None or name not in _ADDED.findall(forward.source):
        return None
    for node in forward.find(nodes.BinaryOperation):
        if isinstance(node.operator, operators.Add) and forward.self_attribute(node.right) == name:
            if isinstance(node.left, nodes.Call):
                return forward.self_attribute(node.left.func)
    return None


def _is_without_bias(cls: Class, layer: str) -> bool:
    found = cls.assignments(layer)
    value = found[0].value if len(found) == 1 else None
    if not isinstance(value, nodes.Call):
        return False
    flags = {arg.keyword.value: arg.value for arg in value.args if arg.keyword is not None}
    flag = flags.get("bias")
    return isinstance(flag, nodes.Name) and flag.value == "False"


def _is_tied_here(scope: Scope, name: str, layer: str) -> bool:
    tied = re.compile(rf"\.{layer}\.bias\s*=\s*\w+\.{name}\b|\.{name}\s*=\s*\w+\.{layer}\.bias\b")
    return tied.search(scope.file.source.text) is not None


def _is_assigned_elsewhere(scope: Scope, name: str) -> bool:
    """Whether a class that holds such a head gives it the bias of a layer: `self.head.offset = out.bias`.

    The statement may stand in a class that the holder inherits from.
    """
    head = scope.cls
    if head is None:
        return False
    assigned = re.compile(rf"\.{name}\s*=\s*[\w.]+\.bias\b")
    for file in files_with(scope.file, head.name):
        for definitions in file.outline.classes.values():
            holder = file.class_of(definitions[-1].unit)
            if holder is None or not re.search(rf"\b{head.name}\(", holder.text):
                continue
            for method in _methods_with(holder, assigned):
                if any(_gives_bias(method, node, name, holder, head) for node in method.find(nodes.Assign)):
                    return True
    return False


def _methods_with(cls: Class, pattern: re.Pattern[str]) -> Iterator[Scope]:
    """The methods of a class, inherited ones included, whose text matches."""
    for one in cls.mro:
        if pattern.search(one.text):
            for scope in one.scopes:
                if pattern.search(one.file.source.lines(scope.unit.first, scope.unit.last)):
                    yield scope


def _gives_bias(method: Scope, node: nodes.Assign, name: str, holder: Class, head: Class) -> bool:
    """Whether an assignment is `self.head.name = x.bias`, where `self.head` of the holder is a `head`."""
    target = method.dotted(node.targets[0].target)
    if target is None or not isinstance(node.value, nodes.Attribute) or node.value.attr.value != "bias":
        return False
    root, *path = target.split(".")
    if root != method.self_name or len(path) < 2 or path[-1] != name:
        return False
    cls: Class | None = holder
    for part in path[:-1]:
        value = cls.attribute(part) if cls is not None else None
        cls = value.cls if value is not None else None
    return cls is not None and is_same_definition(cls, head)
