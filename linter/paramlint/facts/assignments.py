"""Where a class gives its attributes values: plain assignments and the calls that register."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from paramlint import nodes
from paramlint.facts.passed_on import maker_of

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope


@dataclass(frozen=True)
class Assignment:
    """One statement that gives an attribute a value.

    `how` is `assign` (`self.x = v`), `class` (in the body of the class), `parameter`, `buffer` or `module`
    (`register_parameter("x", v)`, `register_buffer`, `add_module`), `setattr`, or `augmented` (`self.x += v`).
    `target` is what stands for the attribute: `self.x`, or its name in quotes in a call.
    """

    scope: Scope
    node: nodes.Node
    value: nodes.BaseExpression | None
    how: Literal["assign", "class", "parameter", "buffer", "module", "setattr", "augmented"]
    annotation: nodes.BaseExpression | None = None
    target: nodes.Node | None = None


_REGISTER: dict[str, Literal["parameter", "buffer", "module"]] = {
    "register_parameter": "parameter",
    "register_buffer": "buffer",
    "add_module": "module",
    "register_module": "module",
}


def assignments_in(scope: Scope) -> Iterator[tuple[str, Assignment]]:
    """The attributes of its own class that a scope gives values, in the order of the text."""
    node: Any
    for node in scope.find(nodes.Assign, nodes.AnnAssign, nodes.AugAssign, nodes.Call):
        kind = node.__class__
        if kind is nodes.Call:
            yield from _registration(scope, node)
        elif kind is nodes.Assign:
            for target in node.targets:
                yield from _targets(scope, target.target, node, node.value)
        elif kind is nodes.AugAssign:
            name = scope.self_attribute(node.target)
            if name is not None:
                yield name, Assignment(scope, node, node.value, "augmented", target=node.target)
        else:
            annotation = node.annotation.annotation
            name = scope.self_attribute(node.target)
            if name is not None:
                yield name, Assignment(scope, node, node.value, "assign", annotation, node.target)
            elif scope.kind == "class" and isinstance(node.target, nodes.Name):
                yield node.target.value, Assignment(scope, node, node.value, "class", annotation, node.target)


def _targets(
    scope: Scope, target: nodes.Node, node: nodes.Node, value: nodes.BaseExpression | None
) -> Iterator[tuple[str, Assignment]]:
    name = scope.self_attribute(target)
    if name is not None:
        yield name, Assignment(scope, node, _maker(scope, value), "assign", target=target)
    elif scope.kind == "class" and isinstance(target, nodes.Name):
        yield target.value, Assignment(scope, node, value, "class", target=target)
    elif isinstance(target, (nodes.Tuple, nodes.List)):
        values: list[nodes.BaseExpression | None] = [None] * len(target.elements)
        if isinstance(value, (nodes.Tuple, nodes.List)) and len(value.elements) == len(target.elements):
            values = [element.value for element in value.elements]
        for element, part in zip(target.elements, values, strict=True):
            yield from _targets(scope, element.value, node, part)


def _registration(scope: Scope, node: nodes.Call) -> Iterator[tuple[str, Assignment]]:
    """`self.register_parameter("x", v)` and its like, and `setattr(self, "x", v)`."""
    method = scope.self_attribute(node.func) or _of_super(node.func)
    how = _REGISTER.get(method or "")
    is_setattr = scope.dotted(node.func) == "setattr"
    if how is None and not is_setattr and method != "__setattr__":  # most calls
        return
    arguments = [arg.value for arg in node.args if arg.keyword is None and arg.star == ""]
    if method == "__setattr__" and len(arguments) == 2 and (name := _literal(arguments[0])) is not None:
        yield name, Assignment(scope, node, _maker(scope, arguments[1]), "setattr", target=arguments[0])
    keywords = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
    if is_setattr and len(arguments) == 3:
        if isinstance(arguments[0], nodes.Name) and arguments[0].value == scope.self_name:
            name = _literal(arguments[1])
            if name is not None:
                yield name, Assignment(scope, node, _maker(scope, arguments[2]), "setattr", target=arguments[1])
    if how is None:
        return
    first = arguments[0] if arguments else keywords.get("name")
    second = arguments[1] if len(arguments) > 1 else None
    for key in ("param", "tensor", "module"):
        second = second if second is not None else keywords.get(key)
    name = _literal(first) if first is not None else None
    if name is not None:
        yield name, Assignment(scope, node, _maker(scope, second), how, target=first)


def _of_super(func: nodes.BaseExpression) -> str | None:
    """`x` of `super().x`."""
    owner = func.value if isinstance(func, nodes.Attribute) else None
    is_super = isinstance(owner, nodes.Call) and isinstance(owner.func, nodes.Name) and owner.func.value == "super"
    return func.attr.value if is_super and isinstance(func, nodes.Attribute) else None


def _maker(scope: Scope, value: nodes.BaseExpression | None) -> nodes.BaseExpression | None:
    return maker_of(scope, value, scope.bindings) if value is not None else None


def _literal(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.SimpleString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None
