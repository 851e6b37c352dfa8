"""A constant tensor as a plain attribute stays behind when the module moves.

`to()`, `cuda()` and `half()` move parameters and buffers, not other attributes. Used in `forward`, the tensor is then
on the wrong device or of the wrong type and the call raises; on the CPU nobody notices. A buffer moves along, and with
`persistent=False` it adds nothing to `state_dict()`.

Bad:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean = torch.tensor([0.4, 0.5, 0.6])

        def forward(self, x):
            return x - self.mean

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]), persistent=False)

        def forward(self, x):
            return x - self.mean

Fix: unsafe. The tensor changes its device and type with the module.
Leave it: the module never leaves the CPU, or the tensor must not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.knowledge import TENSOR_FACTORIES
from paramlint.model import Claim, Event, Model, Place, Tensor, said
from paramlint.model.questions.kept_tensors import (
    comes_from,
    escapes,
    has_dimensions,
    is_constant,
    is_moved,
    is_viewed,
    kept,
    kept_in_containers,
    stays_among_constants,
    uses,
)
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


_FACTORIES = {"Tensor", *(name.rpartition(".")[2] for name in TENSOR_FACTORIES)}

#: Methods that set a module up, or hand its values to other programs.
_AROUND = re.compile(r"init|reset|load|save|build|setup|export|numpy|plot|show|state")

rule = Rule(
    "PRM408",
    "tensor-instead-of-buffer",
    group="risk",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks(*_FACTORIES, entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in (*kept(model), *kept_in_containers(model)):
        if place.holder.overrides("_apply").yes or not (has_dimensions(tensor) or is_viewed(model, tensor)):
            continue
        yield from _ask_running(model, tensor, place)
        if not _is_made_at_first(tensor, place):
            continue
        others = [p for p in place.holder.holds if p.key == place.key and p is not place]
        if not all(isinstance(p.what, Tensor) and _is_made_at_first(p.what, p) for p in others):
            continue
        changes = model.events("bound", of=place.holder)
        if any(e.get("name") == place.key and e.get("inside") != "__init__" for e in changes):
            continue
        found = uses(model, tensor)
        if any(map(is_moved, found)) or escapes(model, tensor) or stays_among_constants(model, tensor):
            continue
        if any(_is_in_pass(e, place) and e.get("how") != "number" and not _is_number(e) for e in found):
            what = "is a plain tensor, so it does" if place.kind == "attribute" else "holds plain tensors, so they do"
            yield Claim(
                ~tensor.trains & said(not any(p.registered for p in tensor.places)),
                place.since.site,
                f"`self.{place.key}` {what} not move with the module",
                about=place,
                fix=_fix(place),
            )


def _is_number(use: Event) -> bool:
    """Whether what is read is one number of a vector, as far as is known: that may stay on the CPU."""
    item = use.of
    if not isinstance(item, Tensor) or item.view != "index":
        return False
    node = item.site.node if item.site is not None and item.shape is None else None
    at = node.slice[0].slice if isinstance(node, nodes.Subscript) and len(node.slice) == 1 else None
    return item.shape == () or (isinstance(at, nodes.Index) and isinstance(at.value, nodes.Integer))


def _ask_running(model: Model, tensor: Tensor, place: Place) -> Iterator[Claim]:
    """A value that each pass computes from that of the pass before, and that starts as a constant."""
    changes = [e for e in model.events("bound", of=place.holder) if e.get("name") == place.key]
    first, made = place.since, tensor.made
    if first.get("inside") != "__init__" or made is None or made.kind != "allocated" or "reset" in first.site.function:
        return
    later = [e for e in changes if e.site.node is not first.site.node]
    passed = [e for e in later if e.get("inside") == "forward"]
    if not passed or {id(e.site.node) for e in later} != {id(e.site.node) for e in passed}:
        return
    later = passed  # a method that the pass calls is entered by itself, too
    values = [value for e in later for value in e.get("options", [e.get("value")])]
    if not tensor.known or not all(isinstance(v, Tensor) and comes_from(v, tensor) for v in values):
        return
    if any(map(is_moved, uses(model, tensor))) or escapes(model, tensor) or any(e.guard for e in later):
        return
    yield Claim(
        said(not any(p.registered for p in tensor.places)),
        place.since.site,
        f"`self.{place.key}` goes from one pass to the next in a plain tensor, so it is neither moved nor saved",
        about=place,
    )


def _is_in_pass(use: Event, place: Place) -> bool:
    """Whether a use is in the pass of the module, or in what others call of one that has no pass of its own."""
    inside = str(use.get("inside"))
    if "forward" in place.holder.methods:
        return inside == "forward"
    return not inside.startswith("_") and _AROUND.search(inside) is None


def _fix(place: Place) -> Fix | None:
    """A buffer in the place of the assignment, where that is one to this attribute alone."""
    site = place.since.site
    statement = site.statement
    if place.kind != "attribute" or not isinstance(statement, nodes.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0].target
    if not isinstance(target, nodes.Attribute) or target.attr.value != place.key:
        return None
    owner, value = site.text(target.value), site.text(statement.value)
    new = f'{owner}.register_buffer("{place.key}", {value}, persistent=False)'
    return Fix("Register it as a buffer", (Change(statement, statement, new),))


def _is_made_at_first(tensor: Tensor, place: Place) -> bool:
    """Whether it is a constant that `__init__` makes and keeps: what is put into its list later is data."""
    times = (place.since, tensor.made) if tensor.made is not None else (place.since,)
    return all(event.get("inside") == "__init__" for event in times) and is_constant(tensor)


#: What is asked of a tensor without computing with it, or to move it by hand.
_ASKED = {"shape", "size", "dim", "numel", "dtype", "device", "tolist", "item", "numpy", "ndim", "is_cuda"}
_MOVED = {"to", "cuda", "type_as", "cpu", "clone", "data", "expand_as", "copy_"}


def _is_computed_with(cls: Class, name: str, inside: str) -> bool:
    """Whether `forward`, or a method that it calls, computes with the attribute as it is, and nothing moves it.

    Args:
        inside: of what the attribute holds, the field or the key that is meant: `.cos`, `['cos']`.
    """
    reached = _reached(cls)
    uses = [(scope, _use(scope, node)) for scope, node in _mentions(cls, name, inside)]
    if any(use in ("moved", "unknown") for _, use in uses):
        return False
    return any(use == "computed" and scope.name in reached for scope, use in uses)


def _is_moved_nowhere(cls: Class, name: str) -> bool:
    return not any(_use(scope, node) == "moved" for scope, node in _mentions(cls, name, ""))


def _mentions(cls: Class, name: str, inside: str) -> Iterator[tuple[Scope, nodes.Node]]:
    """The places at which the code of a class reads what is `inside` of an attribute; and all that of it is moved."""
    for base in cls.mro:
        for scope in base.scopes_with(name):
            for node in scope.find(nodes.Attribute):
                if scope.self_attribute(node) != name:
                    continue
                around = scope.parent(node)
                if not inside or _use(scope, node) == "moved":
                    yield scope, node
                elif isinstance(around, (nodes.Attribute, nodes.Subscript)) and node is around.value:
                    if scope.text(around).replace('"', "'").endswith(inside):
                        yield scope, around
                elif not isinstance(around, nodes.AssignTarget):
                    yield scope, node  # handed on as a whole


def _reached(cls: Class) -> set[str]:
    """The names of `forward` and of the methods that it calls, directly or not."""
    found: set[str] = set()
    waiting = ["forward"]
    while waiting:
        name = waiting.pop()
        method = cls.method(name)
        if name in found or method is None or (method.cls is not None and method.cls.canonical == "torch.nn.Module"):
            continue
        found.add(name)
        waiting.extend(called for call in method.find(nodes.Call) if (called := method.self_attribute(call.func)))
    return found


def _use(scope: Scope, node: nodes.Node) -> str:
    """`moved`, `computed`, `unknown`, or empty for what needs no device."""
    parent = scope.parent(node)
    if isinstance(parent, nodes.Attribute):
        if parent.attr.value in _MOVED:
            return "moved"
        call = scope.parent(parent)
        is_called = isinstance(call, nodes.Call) and call.func is parent
        beyond = call if is_called else parent
        if beyond is not None and _use(scope, beyond) == "moved":
            return "moved"
        return "" if parent.attr.value in _ASKED else "computed"
    if isinstance(parent, nodes.Subscript) and node is parent.value:
        return _use(scope, parent)
    if isinstance(parent, nodes.Arg):
        call = scope.parent(parent)
        if isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute) and call.func.attr.value in _MOVED:
            return "moved"
        is_torch = isinstance(call, nodes.Call) and (scope.qualified(call.func) or "").startswith("torch.")
        is_method = isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute)
        return "computed" if is_torch or is_method else "unknown"
    if isinstance(parent, nodes.UnaryOperation):
        return "" if scope.text(parent).startswith("not") else "computed"
    if isinstance(parent, (nodes.BinaryOperation, nodes.Comparison, nodes.ComparisonTarget)):
        return "computed"
    return "" if isinstance(parent, (nodes.AssignTarget, nodes.AnnAssign, nodes.Index)) else "unknown"


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for found in model.plain_tensors_used:
        if found.through not in ("attribute", "container", "object"):
            continue
        if model.has_passed:
            is_left = partial(_is_moved_nowhere, name=found.attribute)
        else:
            is_left = partial(_is_computed_with, name=found.attribute, inside=found.inside)
        if model.source_says(type(found.owner), is_left):
            message = f"`{found.path}` is a tensor used in forward but no buffer, so `to()` does not move it"
            yield found.proof(message)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.registered
