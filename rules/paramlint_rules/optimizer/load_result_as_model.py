"""The result of `load_state_dict` is taken for the model.

`load_state_dict` changes the model in place and returns the keys that did not fit, a named tuple. A name bound to it
is no model, and the model itself may be lost.

Bad:
    model = model.load_state_dict(torch.load("weights.pt"))

Good:
    model.load_state_dict(torch.load("weights.pt"))

Fix: safe. The model that was loaded keeps its name; before, the first use of that name as a model raised.
Leave it: the class overrides `load_state_dict` and returns itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.classes import classes_in_reach
from paramlint.facts.usage import is_used_as_module
from paramlint.rule import Calls, Change, Finding, Fix, Rule

rule = Rule(
    "PRM703",
    "load-result-as-model",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Calls("load_state_dict"),),
)

#: What may be done with the result.
_OF_RESULT = {"missing_keys", "unexpected_keys", "count", "index"}


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "load_state_dict":
        return
    if _returns_itself(scope, node.func.value):
        return
    parent = scope.parent(node)
    if isinstance(parent, nodes.Attribute):
        if parent.attr.value not in _OF_RESULT and not parent.attr.value.startswith("_"):
            message = f"`load_state_dict` returns keys, not the model, so `.{parent.attr.value}` is called on no module"
            yield Finding(node, message)
    elif isinstance(parent, nodes.Assign) and len(parent.targets) == 1:
        yield from _check_assigned(scope, node, node.func.value, parent)


def _check_assigned(
    scope: Scope, node: nodes.Call, owner: nodes.BaseExpression, assign: nodes.Assign
) -> Iterator[Finding]:
    target = assign.targets[0].target
    name, model = scope.dotted(target), scope.text(owner)
    if name is None:
        return
    is_lost = isinstance(owner, nodes.Call) and _is_constructed(scope, owner)
    if name != model and not is_lost and not is_used_as_module(scope, target):
        return
    message = f"`{name}` is the result of `load_state_dict`, which is the keys that did not fit, not the model"
    if name == model:
        changes: tuple[Change, ...] = (Change(assign, assign, scope.text(node)),)
    elif is_lost:
        start = scope.text(node)[len(model) :]
        line = scope.statement(assign)
        changes = (Change(node, node, model), Change(line, line, f"{name}{start}", "after"))
    else:
        line = scope.statement(assign)
        changes = (Change(node, node, model), Change(line, line, scope.text(node), "before"))
    yield Finding(target, message, Fix("Load on a line of its own", changes, "safe"))


def _is_constructed(scope: Scope, owner: nodes.Call) -> bool:
    found = scope.type(owner)
    return found is not None and found.is_module


def _returns_itself(scope: Scope, owner: nodes.BaseExpression) -> bool:
    """Whether the owner is of a class of the project with a `load_state_dict` of its own, or might be."""
    found = scope.type(owner)
    if found is None:
        return any(map(_has_its_own, classes_in_reach(scope.file)))
    if found.cls is None:
        return not found.is_module
    return _has_its_own(found.cls)


def _has_its_own(cls: Class) -> bool:
    method = cls.method("load_state_dict")
    return method is not None and (method.cls is None or method.cls.canonical != "torch.nn.Module")
