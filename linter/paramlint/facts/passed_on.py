"""The expression that makes a value, behind what only passes it on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.memo import remember

if TYPE_CHECKING:
    from paramlint.facts.scopes import Binding, Scope

#: A longer way is not followed.
_STEPS = 6
#: What makes something new each time.
_MAKING = (nodes.Call, nodes.List, nodes.Tuple, nodes.Dict, nodes.ListComp, nodes.DictComp)


def maker_of(scope: Scope, node: Any, bindings: dict[str, list[Binding]]) -> Any:
    """`nn.Linear(8, 8)` behind `(head := nn.Linear(8, 8))`, a name, `make_head()` of a local maker, `parts["head"]`.

    A name is given what is made once, and read nowhere else. A local maker is a function or lambda without parameters
    that only returns an expression, and is called once, since each call makes another value; parts are a display in
    which nothing is changed, and are taken once, since there is one of each. A choice between two expressions that are
    spelled alike is either.
    """
    for _ in range(_STEPS):
        inner = _behind(scope, node, bindings)
        if inner is None:
            break
        node = inner
    return node


def _behind(scope: Scope, node: Any, bindings: dict[str, list[Binding]]) -> nodes.BaseExpression | None:
    kind = node.__class__
    if kind is nodes.Name:
        return _made_for(scope, node, bindings)
    if kind is nodes.NamedExpr:
        return node.value  # type: ignore[no-any-return]
    if kind is nodes.IfExp:
        return node.body if scope.text(node.body) == scope.text(node.orelse) else None
    if kind is nodes.Call and node.func.__class__ is nodes.Name and not node.args:
        made = returned_by(scope, node.func.value, bindings)
        return made if made is not None and len(_reads(scope, node.func.value)) == 1 else None
    if kind is nodes.Subscript and node.value.__class__ is nodes.Name:
        return _part(scope, node, bindings)
    return None


def _made_for(scope: Scope, node: nodes.Name, bindings: dict[str, list[Binding]]) -> nodes.BaseExpression | None:
    """What a function makes under a local name that is read here alone."""
    bound = bindings.get(node.value, [])
    is_made = len(bound) == 1 and bound[0].kind == "assign" and bound[0].index is None
    value = bound[0].value if is_made and scope.kind == "function" else None
    return value if isinstance(value, _MAKING) and _reads(scope, node.value) == [node] else None


def returned_by(scope: Scope, name: str, bindings: dict[str, list[Binding]]) -> nodes.BaseExpression | None:
    """What a function that is made in this one, under a name that stands for nothing else, only returns."""
    bound = bindings.get(name, [])
    if len(bound) != 1 or scope.kind != "function":
        return None
    maker = bound[0].node
    if isinstance(maker, nodes.FunctionDef):
        return only_returned(maker)
    value = bound[0].value if bound[0].kind == "assign" else None
    return value.body if isinstance(value, nodes.Lambda) and not _has_parameters(value.params) else None


def only_returned(function: nodes.Node | None) -> nodes.BaseExpression | None:
    """The expression that a function returns, where it does nothing else."""
    if not isinstance(function, nodes.FunctionDef) or len(function.body.body) != 1:
        return None
    line = function.body.body[0]
    returned = line.body[0] if isinstance(line, nodes.SimpleStatementLine) else None
    return returned.value if isinstance(returned, nodes.Return) else None


def _has_parameters(params: nodes.Parameters) -> bool:
    return bool(params.params or params.posonly_params or params.kwonly_params or params.star_arg or params.star_kwarg)


def _part(scope: Scope, node: nodes.Subscript, bindings: dict[str, list[Binding]]) -> nodes.BaseExpression | None:
    """The part of a display that a literal key or place takes, where the display is only read, part by part."""
    assert isinstance(node.value, nodes.Name)
    name = node.value.value
    bound = bindings.get(name, [])
    key = _key(node)
    display = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" else None
    if key is None or display is None or not _is_taken_once(scope, name, key):
        return None
    if isinstance(display, nodes.Dict):
        found = [e.value for e in display.elements if isinstance(e, nodes.DictElement) and _constant(e.key) == key]
        is_whole = all(isinstance(e, nodes.DictElement) for e in display.elements)
        return found[0] if is_whole and len(found) == 1 else None
    if isinstance(display, (nodes.List, nodes.Tuple)) and isinstance(key, int) and key < len(display.elements):
        is_whole = all(isinstance(e, nodes.Element) for e in display.elements)
        return display.elements[key].value if is_whole else None
    return None


def _key(node: nodes.Subscript) -> object:
    """The text or number that a subscript takes; None for any other."""
    index = node.slice[0].slice if len(node.slice) == 1 else None
    return _constant(index.value) if isinstance(index, nodes.Index) else None


def _constant(node: nodes.BaseExpression) -> object:
    return node.evaluated_value if isinstance(node, (nodes.SimpleString, nodes.Integer)) else None


def spread_arguments(scope: Scope, call: nodes.Call) -> list[nodes.Arg]:
    """The arguments of a call, those of `*sizes` and `**options` written out where these are displays made for it."""
    found: list[nodes.Arg] = []
    for arg in call.args:
        parts = _parts_of(scope, arg) if arg.star else None
        found.extend([arg] if parts is None else parts)
    return found


def _parts_of(scope: Scope, arg: nodes.Arg) -> list[nodes.Arg] | None:
    display: nodes.BaseExpression | None = arg.value
    if isinstance(arg.value, nodes.Name):
        bound = scope.bindings.get(arg.value.value, [])
        is_made_for_it = len(bound) == 1 and bound[0].kind == "assign" and len(_reads(scope, arg.value.value)) == 1
        display = bound[0].value if is_made_for_it else None
    if arg.star == "**" and isinstance(display, nodes.Dict):
        keys = [_constant(e.key) if isinstance(e, nodes.DictElement) else None for e in display.elements]
        if not all(isinstance(key, str) for key in keys):
            return None
        return [nodes.Arg(nodes.Name(str(key)), e.value, "") for key, e in zip(keys, display.elements, strict=True)]
    if arg.star == "*" and isinstance(display, (nodes.Tuple, nodes.List)):
        is_whole = all(isinstance(e, nodes.Element) for e in display.elements)
        return [nodes.Arg(None, e.value, "") for e in display.elements] if is_whole else None
    return None


def _reads(scope: Scope, name: str) -> list[nodes.Name]:
    """The places where a name is read."""

    def by_name() -> dict[str, list[nodes.Name]]:
        found: dict[str, list[nodes.Name]] = {}
        for use in scope.find(nodes.Name):
            if not isinstance(scope.parent(use), (nodes.AssignTarget, nodes.FunctionDef)):
                found.setdefault(use.value, []).append(use)
        return found

    return remember(scope, "places where names are read", by_name).get(name, [])


def _is_taken_once(scope: Scope, name: str, key: object) -> bool:
    """Whether a name is used for nothing but its parts, to which nothing is assigned, and for this one once."""
    taken = []
    for use in _reads(scope, name):
        around = scope.parent(use)
        if not isinstance(around, nodes.Subscript) or around.value is not use:
            return False
        if isinstance(scope.parent(around), (nodes.AssignTarget, nodes.AugAssign, nodes.Del, nodes.Element)):
            return False
        taken.append(_key(around))
    return taken.count(key) == 1 and None not in taken
