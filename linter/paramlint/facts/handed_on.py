"""To which functions of the project a scope hands a value after a place: what they do to it, they do for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope


def parameter_given(called: Scope, call: nodes.Call, arg: nodes.Arg) -> str | None:
    """The name under which a function has an argument of a call."""
    if not isinstance(called.node, nodes.FunctionDef) or any(a.star for a in call.args):
        return None
    params = [p.name.value for p in (*called.node.params.posonly_params, *called.node.params.params)]
    if arg.keyword is not None:
        names = [*params, *(p.name.value for p in called.node.params.kwonly_params)]
        return arg.keyword.value if arg.keyword.value in names else None
    index = call.args.index(arg) + (1 if called.self_name is not None else 0)
    return params[index] if index < len(params) else None


#: Functions that a value goes through.
_MAX_FUNCTIONS = 8


def handed_on(scope: Scope, after: nodes.Node, name: str) -> Iterator[tuple[Scope, str]]:
    """The functions of the project that get a value after a node, each with the name that it has there.

    Args:
        scope: where the value is.
        after: the node.
        name: the text that stands for the value.
    """
    found = dict.fromkeys(_handed_on(scope, scope.order(after), name))
    waiting = list(found)
    while waiting and len(found) < _MAX_FUNCTIONS:
        function, parameter = waiting.pop()
        new = [one for one in _handed_on(function, -1, parameter) if one not in found]
        found |= dict.fromkeys(new)
        waiting += new
    yield from found


def _handed_on(scope: Scope, start: int, name: str) -> Iterator[tuple[Scope, str]]:
    """Those that get it from this scope itself, in calls behind a place in it."""
    for call in scope.find(nodes.Call):
        given = next((arg for arg in call.args if scope.text(arg.value) == name), None)
        if given is None or scope.order(call) <= start:
            continue
        method = scope.self_attribute(call.func)
        known = scope.cls.method(method) if method is not None and scope.cls is not None else scope.resolve(call.func)
        if isinstance(known, Class):
            yield from _to_object(known, call, given)
        elif isinstance(known, scope.__class__):
            parameter = parameter_given(known, call, given)
            if parameter is not None:
                yield known, parameter


def _to_object(cls: Class, call: nodes.Call, given: nodes.Arg) -> Iterator[tuple[Scope, str]]:
    """The methods of an object that is made with it: the constructor, and all that have what that keeps."""
    init = cls.method("__init__")
    parameter = parameter_given(init, call, given) if init is not None else None
    if init is None or parameter is None:
        return
    yield init, parameter
    for name, assignments in cls.own_attributes.items():
        if any(a.scope is init and isinstance(a.value, nodes.Name) and a.value.value == parameter for a in assignments):
            yield from ((method, f"{method.self_name}.{name}") for method in cls.scopes_with(name) if method.self_name)


def is_handed_to(scope: Scope, after: nodes.Node, name: str, says: re.Pattern[str]) -> bool:
    """Whether a function that is given the value after a node has code that a pattern matches."""
    return any(says.search(function.source) for function, _ in handed_on(scope, after, name))
