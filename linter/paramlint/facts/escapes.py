"""What becomes of a container and of what it holds: registered by something, or taken by code that is not followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from paramlint import nodes
from paramlint.facts.flow import GIVING, Carriers, carries, is_joined
from paramlint.facts.handed_on import parameter_given
from paramlint.facts.scopes import Scope
from paramlint.knowledge import MODULE_SELF_METHODS, OPTIMIZERS, module_class
from paramlint.syntax.containers_kept import ADDING, EXTENDING

Fate = Literal["registered", "taken"]

#: Functions that keep nothing of what they are given.
_HARMLESS = {
    "len", "print", "isinstance", "issubclass", "range", "str", "repr", "type", "id", "any", "all", "bool", "max",
    "min", "sum", "hash", "hasattr", "getattr", "super", "copy.deepcopy", "copy.copy",
}  # fmt: skip
_REGISTERING = {"add_module", "register_module", "register_parameter", "__setattr__"}
#: What code calls on modules and parameters that it cares for by hand.
_CARING = {"parameters", "named_parameters", "state_dict", "load_state_dict", "to", "cuda", "cpu"}
#: What code reads that takes modules over by hand.
_INNER = {"_modules", "_parameters", "_buffers", "__dict__"}


def fates_of(carriers: Carriers) -> Iterator[Fate]:
    for node in carriers.mentions:
        fate = _fate(carriers, node)
        if fate is not None:
            yield fate


def _fate(carriers: Carriers, node: nodes.Node) -> Fate | None:
    """What the code around a carrier does with it, seen from the inside out."""
    scope = carriers.scope
    parent = scope.parent(node)
    while parent is not None:
        if isinstance(parent, nodes.Attribute):
            if node is parent.value and parent.attr.value in _INNER:
                return "taken"
            call = scope.parent(parent)
            if node is parent.attr or not isinstance(call, nodes.Call) or call.func is not parent:
                return None
            if parent.attr.value in _CARING:
                return "taken"
            if parent.attr.value not in GIVING and parent.attr.value not in MODULE_SELF_METHODS:
                return None
            node, parent = call, scope.parent(call)
        elif isinstance(parent, nodes.Arg):
            call = scope.parent(parent)
            if node is parent.keyword or not isinstance(call, nodes.Call):
                return None
            if not _carries_on(scope, call):
                return _given(carriers, call, parent)
            node, parent = call, scope.parent(call)
        elif isinstance(parent, (nodes.Assign, nodes.AnnAssign)):
            return _stored(carriers, parent) if node is parent.value else None
        elif isinstance(parent, nodes.AugAssign):
            is_value = node is parent.value and not isinstance(parent.target, nodes.Name)
            return "taken" if is_value and not carriers.reach(parent.target) else None
        elif _passes_on(scope, parent, node):
            node, parent = parent, scope.parent(parent)
        else:
            return None
    return None


def _passes_on(scope: Scope, parent: nodes.Node, node: nodes.Node) -> bool:
    """Whether an expression is, or holds, its part `node`."""
    if isinstance(parent, nodes.Subscript):
        return node is parent.value
    if isinstance(parent, (nodes.ListComp, nodes.SetComp, nodes.GeneratorExp)):
        return node is parent.elt
    if isinstance(parent, (nodes.DictComp, nodes.DictElement)):
        return node is parent.value
    if isinstance(parent, nodes.IfExp):
        return node is not parent.test
    if isinstance(parent, nodes.BinaryOperation):
        return is_joined(parent, scope)
    carrying = (
        nodes.List, nodes.Tuple, nodes.Set, nodes.Dict, nodes.Element, nodes.StarredElement, nodes.StarredDictElement,
        nodes.BooleanOperation, nodes.NamedExpr,
    )  # fmt: skip
    return isinstance(parent, carrying)


def _carries_on(scope: Scope, call: nodes.Call) -> bool:
    name = scope.qualified(call.func)
    return carries(name, call) or name == "map" or (name is not None and name.startswith("torch.nn.utils.param"))


def _given(carriers: Carriers, call: nodes.Call, arg: nodes.Arg) -> Fate | None:
    """What a call does with a carrier among its arguments."""
    scope = carriers.scope
    name = scope.qualified(call.func)
    if name in _HARMLESS:
        return None
    if name == "setattr" or (isinstance(call.func, nodes.Attribute) and call.func.attr.value in _REGISTERING):
        owner = call.args[0].value if name == "setattr" else call.func.value  # type: ignore[attr-defined]
        return "registered" if isinstance(owner, nodes.Name) and owner.value == scope.self_name else "taken"
    if isinstance(call.func, nodes.Attribute) and call.func.attr.value in (*ADDING, *EXTENDING):
        return None if carriers.reach(call.func.value) else "taken"
    if name is not None and name.startswith("torch.") and module_class(name) is None and name not in OPTIMIZERS:
        return None
    return _given_to_function(carriers, call, arg)


def _given_to_function(carriers: Carriers, call: nodes.Call, arg: nodes.Arg) -> Fate | None:
    """What a function or method of the project does with an argument; what is not followed takes it."""
    scope = carriers.scope
    method = scope.self_attribute(call.func)
    called = scope.cls.method(method) if method is not None and scope.cls is not None else scope.resolve(call.func)
    name = parameter_given(called, call, arg) if isinstance(called, Scope) and called is not scope else None
    if name is None or not isinstance(called, Scope) or carriers.depth > 2:
        return "taken"
    inner = Carriers(called, carriers.attribute, frozenset({name}), carriers.depth + 1)
    fates = set(fates_of(inner))
    return "taken" if "taken" in fates else ("registered" if fates else None)


def _stored(carriers: Carriers, node: nodes.Assign | nodes.AnnAssign) -> Fate | None:
    targets = [t.target for t in node.targets] if isinstance(node, nodes.Assign) else [node.target]
    for target in targets:
        if isinstance(target, (nodes.Name, nodes.Tuple, nodes.List)) or carriers.is_attribute(target):
            continue
        if not (isinstance(target, nodes.Subscript) and carriers.reach(target)):
            return "taken"
    return None
