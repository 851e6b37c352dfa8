"""What `.to()`, `.cuda()` or arithmetic makes of a parameter is a plain tensor.

`nn.Parameter(t).cuda()` is the result of a computation: it is no parameter itself, so the module does not register it.
`parameters()` and `state_dict()` skip it, no optimizer trains it, and its gradient stays `None`. On a machine where the
call has nothing to do the code works, which hides the fault. The conversion belongs inside: `nn.Parameter(t.cuda())`.

Bad:
    self.scale = nn.Parameter(torch.randn(8)) * 0.02

Good:
    self.scale = nn.Parameter(torch.randn(8) * 0.02)

Fix: unsafe. The attribute becomes a parameter: it is trained, and `state_dict()` gains a key.
Leave it: the value is meant to be a constant; then a buffer says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.knowledge import PARAMETER_CLASSES
from paramlint.model import Answer, Claim, Model, Tensor
from paramlint.model.questions.kept_tensors import kept
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM403",
    "non-leaf-parameter",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(
        Calls(*(name.rpartition(".")[2] for name in PARAMETER_CLASSES)),
        Asks("Parameter", entries=("class",)),
    ),
)

#: These give the parameter itself back unless somebody has changed the default device or type.
_MOSTLY_NOTHING = {"contiguous", "cpu", "float"}
_ATOMS = (nodes.Name, nodes.Attribute, nodes.Call, nodes.Subscript, nodes.Integer, nodes.Float)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in kept(model):
        source = _lost_source(tensor)
        if source is None or any(p.registered for p in tensor.places) or tensor.escaped or source.groups.seen:
            continue
        if source.trains.no:
            continue  # what is computed from a parameter that is not trained need not be
        others = [p for p in place.holder.holds if p.key == place.key and p is not place]
        others = [p for p in (*others, *source.places) if p.since.guard.fits(place.since.guard)]  # no other branch
        if any(p.registered for p in others) or source.made is None or source.escaped:
            continue
        message = f"`self.{place.key}` is computed from a parameter and is none itself, so it is not trained"
        yield Claim(Answer("yes", (source.made,)), place.since.site, message, about=place)


def _lost_source(tensor: Tensor) -> Tensor | None:
    """The parameter that a tensor is computed from by something that surely gives another one."""
    changes = False
    line = list(_line_of(tensor))
    for one, part in zip_longest(line, line[1:]):
        if one.role == "parameter":
            return one if changes and one.known else None
        if one.view in ("data", "detach") or one.factory == "call":
            return None
        if part is None or one.factory.startswith("torch."):
            return None
        changes = changes or one.factory not in _MOSTLY_NOTHING
        if one.factory in _MOVED and (_is_made_elsewhere(part) or _MOVED & _factories(part)):
            return None
    return None


_MOVED = {"to", "cuda"}
#: Tensors made of each other that are followed.
_DEEPEST = 12


def _factories(tensor: Tensor) -> set[str]:
    """What a tensor comes from, as far as it is known: moving it a second time may change nothing."""
    return {one.factory for one in _line_of(tensor)}


def _is_made_elsewhere(tensor: Tensor) -> bool:
    """Whether the call that makes it is told a device."""
    given = [one.made.get("arguments") for one in _line_of(tensor) if one.made is not None]
    return any(arguments is not None and "device" in arguments.keywords for arguments in given)


def _line_of(tensor: Tensor) -> Iterator[Tensor]:
    """A tensor, the one tensor that it was made from, and so on."""
    for _ in range(_DEEPEST):
        yield tensor
        parts = [part for part in tensor.made_from if isinstance(part, Tensor)]
        if len(parts) != 1:
            return
        tensor = parts[0]


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    if scope.cls is None or not scope.cls.is_module:
        return
    for name, assignment in scope.assignments:
        if assignment.how != "assign" or assignment.value is None:
            continue
        value = _through_a_name(scope, assignment.value)
        call = _parameter_in(scope, value)
        if call is None or _changes_nothing(value, call) or _is_there_already(scope, value, call):
            continue
        known = scope.type(value)
        if known is None or known.kind != "tensor" or known.leaf:
            continue
        if any(
            (t := a.scope.type(a.value)) and t.is_parameter for a in scope.cls.assignments(name) if a.value is not None
        ):
            continue
        message = f"`self.{name}` is computed from a parameter and is none itself, so it is not trained"
        yield Finding(value, message, _fix(scope, value, call))


def _through_a_name(scope: Scope, node: nodes.BaseExpression) -> nodes.BaseExpression:
    """What a local name stands for, when it is given a value once."""
    bindings = scope.bindings.get(node.value, []) if isinstance(node, nodes.Name) else []
    if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
        return bindings[0].value
    return node


def _parameter_in(scope: Scope, node: nodes.BaseExpression) -> nodes.Call | None:
    """The `nn.Parameter(...)` from which an expression is computed."""
    if isinstance(node, nodes.Call):
        if scope.qualified(node.func) in PARAMETER_CLASSES:
            return node
        return _parameter_in(scope, node.func.value) if isinstance(node.func, nodes.Attribute) else None
    if isinstance(node, nodes.Subscript):
        return _parameter_in(scope, node.value)
    if isinstance(node, nodes.UnaryOperation):
        return _parameter_in(scope, node.expression)
    if isinstance(node, nodes.BinaryOperation):
        return _parameter_in(scope, node.left) or _parameter_in(scope, node.right)
    return None


def _changes_nothing(node: nodes.BaseExpression, call: nodes.Call) -> bool:
    """Whether all that is called on the parameter is something like `.cpu()`."""
    while isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and node is not call:
        if node.func.attr.value not in _MOSTLY_NOTHING:
            return False
        node = node.func.value
    return node is call


def _is_there_already(scope: Scope, node: nodes.BaseExpression, call: nodes.Call) -> bool:
    """Whether the parameter is made of what was moved to the same place before, so that moving it gives it back."""
    if not (isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and node.func.value is call):
        return False
    data = _through_a_name(scope, call.args[0].value) if call.args and not call.args[0].star else None
    moves = scope.text(node).removeprefix(scope.text(call))
    if not isinstance(data, nodes.Call) or node.func.attr.value not in ("to", "cuda"):
        return False
    is_made_there = any(a.keyword is not None and a.keyword.value == "device" for a in data.args)
    asked = scope.text(node.args[0].value) if len(node.args) == 1 else ""
    return scope.text(data).endswith(moves) or (
        is_made_there and any(scope.text(a.value) == asked for a in data.args if a.keyword is not None)
    )


def _fix(scope: Scope, value: nodes.BaseExpression, call: nodes.Call) -> Fix | None:
    """Move the computation into the call."""
    if (
        not call.args
        or call.args[0].star
        or (call.args[0].keyword is not None and call.args[0].keyword.value != "data")
    ):
        return None
    data = call.args[0].value
    whole, inner, text = scope.text(value), scope.text(call), scope.text(data)
    if whole.count(inner) != 1:
        return None
    if scope.parentheses(call) and f"({inner})" in whole:
        inner = f"({inner})"
    computed = whole.replace(inner, text if isinstance(data, _ATOMS) or scope.parentheses(data) else f"({text})")
    arguments = ", ".join([computed, *(_argument(scope, arg) for arg in call.args[1:])])
    new = f"{scope.text(call.func)}({arguments})"
    return Fix("Compute the value inside `nn.Parameter`", (Change(value, value, new),))


def _argument(scope: Scope, arg: nodes.Arg) -> str:
    name = f"{arg.keyword.value}=" if arg.keyword is not None else ""
    return arg.star + name + scope.text(arg.value)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for found in model.unregistered:
        if not found.is_module and not found.is_leaf:
            message = f"`{found.path}` is computed from a parameter that the module does not hold, so it is not trained"
            yield found.proof(message)
