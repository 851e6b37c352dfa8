"""Lazy layers, whose parameters have no shape before the first call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.init_events import InitEvent
from paramlint.facts.type_tests import classes_proved
from paramlint.knowledge import module_class

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope
    from paramlint.facts.types import Type

_LAZY = "torch.nn.Lazy"
_DEPTH = 4


def lazy_classes(value: Type | None, depth: int = 0) -> frozenset[str]:
    """The lazy layers of torch that a module is or holds."""
    if value is None or depth > _DEPTH:
        return frozenset()
    if value.name.startswith(_LAZY):
        return frozenset({value.name})
    found = frozenset(name for part in (*value.parts, value.item) for name in lazy_classes(part, depth + 1))
    if value.cls is not None and value.is_module:
        for scope in value.cls.scopes_with(*_names()):
            for _, assignment in scope.assignments:
                if assignment.value is not None:
                    found |= lazy_classes(scope.type(assignment.value), depth + 1)
    return found


def lazy_layer(scope: Scope, node: nodes.BaseExpression) -> str | None:
    """The name of the lazy layer that an expression is: by its type, or as an item of what a `Sequential` was given."""
    known = scope.type(node)
    if known is not None and known.name.startswith(_LAZY):
        return known.name
    if not isinstance(node, nodes.Subscript) or not isinstance(node.value, nodes.Name):
        return None
    bindings = scope.bindings.get(node.value.value, [])
    made = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
    if not isinstance(made, nodes.Call) or scope.qualified(made.func) != "torch.nn.Sequential":
        return None
    place = scope.text(node).removeprefix(f"{node.value.value}[").removesuffix("]")
    if not re.fullmatch(r"-?\d+", place) or not -len(made.args) <= int(place) < len(made.args):
        return None
    return lazy_layer(scope, made.args[int(place)].value)


def _names() -> Iterator[str]:
    """The names of the lazy layers, as they are written behind the last dot."""
    dimensions = ("1d", "2d", "3d")
    yield "LazyLinear"
    for kind in ("LazyConv", "LazyConvTranspose", "LazyBatchNorm", "LazyInstanceNorm"):
        yield from (kind + dimension for dimension in dimensions)


def writes_lazy(event: InitEvent, subject: nodes.BaseExpression, lazy: frozenset[str]) -> bool:
    """Whether an initialisation under conditions on the class of `subject` reaches one of these lazy layers."""
    if any("type(" in test or "__class__" in test or "lazy" in test.lower() for test in event.conditions):
        return False
    if any("uninitialized" in test for test in event.conditions):
        return False
    for option in classes_proved(event.scope, subject):
        name = event.scope.qualified(option) or ""
        if any(layer == name or name in _bases(layer) for layer in lazy) and module_class(name) is not None:
            return name != "torch.nn.Module"
    return False


def _bases(name: str) -> tuple[str, ...]:
    known = module_class(name)
    return known.bases if known is not None else ()


def may_have_run(scope: Scope, module: str, before: nodes.Node) -> bool:
    """Whether a module, or what it is part of, is called, materialised or loaded before a node."""
    head = module.partition(".")[0]
    parts = re.compile(
        rf"(?:{re.escape(module)}|{re.escape(head)})(?:\.forward|\.initialize_parameters|\.load_state_dict)?"
    )
    for call in scope.find(nodes.Call):
        if scope.order(call) >= scope.order(before):
            return False
        text = scope.text(call.func)
        if parts.fullmatch(text) or text.endswith(("materialize", "materialize_params")):
            return True
        given = [scope.text(arg.value) for arg in call.args]
        if (module in given or head in given) and not _only_looks(text):
            return True
    return False


def _only_looks(text: str) -> bool:
    return text in ("isinstance", "print", "super", "len", "type", "id", "hasattr", "getattr")
