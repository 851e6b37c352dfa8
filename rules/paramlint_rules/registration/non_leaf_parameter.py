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
from paramlint.model import Answer, Claim, Model, Place, Site, Tensor
from paramlint.model.questions.kept_tensors import kept
from paramlint.model.questions.reach import passes_gradient
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM403",
    "non-leaf-parameter",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks("Parameter", entries=("class",)),),
)

#: These give the parameter itself back unless somebody has changed the default device or type.
_MOSTLY_NOTHING = {"contiguous", "cpu", "float"}
_ATOMS = (nodes.Name, nodes.Attribute, nodes.Call, nodes.Subscript, nodes.Integer, nodes.Float)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in kept(model):
        source = _lost_source(tensor)
        if source is None or source.made is None or any(p.registered for p in tensor.places) or source.groups.seen:
            continue
        site = _kept_at(model, tensor, place)
        is_made_here = source.made.site.statement is site.statement
        if source.trains.no and not is_made_here:
            continue  # what is computed from a parameter that is not trained need not be
        if _is_there_already(model, source, site, place) if is_made_here else _may_be_there(tensor):
            continue
        others = [p for p in place.holder.holds if p.key == place.key and p is not place]
        others = [p for p in (*others, *source.places) if p.since.guard.fits(place.since.guard)]  # no other branch
        if any(p.registered for p in others) or source.escaped:
            continue
        message = f"`self.{place.key}` is computed from a parameter and is none itself, so it is not trained"
        value = _value(site, place) if is_made_here else None
        fix = _fix(site, value, source.made.site.node) if value is not None else None
        site = site if is_made_here else place.since.site
        yield Claim(Answer("yes", (source.made,)), site, message, place, value, fix)


def _lost_source(tensor: Tensor) -> Tensor | None:
    """The parameter that a tensor is computed from by something that surely gives another one."""
    changes = False
    line = list(_line_of(tensor))
    for one, part in zip_longest(line, line[1:]):
        if one.role == "parameter":
            return one if changes and one.known else None
        if one.view in ("data", "detach") or one.factory == "call":
            return None
        if part is None or (one.factory.startswith("torch.") and not _computes(one)):
            return None
        changes = changes or one.factory not in _MOSTLY_NOTHING
    return None


def _computes(tensor: Tensor) -> bool:
    """Whether a function of torch computed a tensor and kept the graph, as `exp` does, not `zeros_like`."""
    return tensor.factory.rpartition(".")[2] not in ("tensor", "as_tensor") and passes_gradient(tensor)


_MOVED = {"to", "cuda"}
#: Tensors made of each other that are followed.
_DEEPEST = 12


def _may_be_there(tensor: Tensor) -> bool:
    """Whether it was moved twice, or made on a device: moving it may have changed nothing."""
    moves = [one for one in _line_of(tensor) if one.factory in _MOVED]
    made = [one.made.get("arguments") for one in _line_of(tensor) if one.made is not None]
    return bool(moves) and (len(moves) > 1 or any(a is not None and "device" in a.keywords for a in made))


def _line_of(tensor: Tensor) -> Iterator[Tensor]:
    """A tensor, the one tensor that it was made from, and so on."""
    for _ in range(_DEEPEST):
        yield tensor
        parts = [part for part in tensor.made_from if isinstance(part, Tensor)]
        if len(parts) != 1:
            return
        tensor = parts[0]


def _kept_at(model: Model, tensor: Tensor, place: Place) -> Site:
    """Where a tensor is kept, or gets the one name under which the parameter is made too."""
    names = [e for e in model.events("bound") if "value" not in e.data and e.get("inside") == place.since.get("inside")]
    named = next((e for e in names if e.of is tensor), None)
    if named is None or sum(e.get("name") == named.get("name") for e in names) > 1:
        return place.since.site
    return named.site


def _value(site: Site, place: Place | None = None) -> nodes.BaseExpression | None:
    """What a statement assigns, to the attribute of a place where it assigns to several."""
    given = assigned(site.statement)
    if len(given) > 1:
        given = [
            (to, value)
            for to, value in given
            if place is not None and isinstance(to, nodes.Attribute) and to.attr.value == place.key
        ]
    return given[0][1] if len(given) == 1 else None


def _is_there_already(model: Model, source: Tensor, site: Site, place: Place) -> bool:
    """Whether the parameter is made of what was moved to the same place before, so that moving it gives it back."""
    value, call = _value(site, place), source.made.site.node if source.made is not None else None
    if not isinstance(call, nodes.Call) or not isinstance(value, nodes.Call):
        return False
    if not isinstance(value.func, nodes.Attribute) or value.func.value is not call:
        return False
    if value.func.attr.value not in ("to", "cuda") or not call.args or call.args[0].star:
        return False
    data, given = call.args[0].value, source.made.get("data_of") if source.made is not None else None
    if isinstance(data, nodes.Name):
        named = next((e for e in model.events("bound", of=given) if "value" not in e.data), None)
        data = (_value(named.site) if named is not None else None) or data
    if not isinstance(data, nodes.Call):
        return False
    devices = [a.value for a in data.args if a.keyword is not None and a.keyword.value == "device"]
    asked = site.text(value.args[0].value) if len(value.args) == 1 else ""
    moves = site.text(value).removeprefix(site.text(call))
    return site.text(data).endswith(moves) or any(site.text(device) == asked for device in devices)


def _fix(site: Site, value: nodes.BaseExpression, call: nodes.Node) -> Fix | None:
    """Move the computation into the call."""
    if (
        not isinstance(call, nodes.Call)
        or not call.args
        or call.args[0].star
        or (call.args[0].keyword is not None and call.args[0].keyword.value != "data")
    ):
        return None
    data = call.args[0].value
    whole, inner, text = site.text(value), site.text(call), site.text(data)
    if whole.count(inner) != 1:
        return None
    if site.parentheses(call) and f"({inner})" in whole:
        inner = f"({inner})"
    computed = whole.replace(inner, text if isinstance(data, _ATOMS) or site.parentheses(data) else f"({text})")
    arguments = ", ".join([computed, *(_argument(site, arg) for arg in call.args[1:])])
    new = f"{site.text(call.func)}({arguments})"
    return Fix("Compute the value inside `nn.Parameter`", (Change(value, value, new),))


def _argument(site: Site, arg: nodes.Arg) -> str:
    name = f"{arg.keyword.value}=" if arg.keyword is not None else ""
    return arg.star + name + site.text(arg.value)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for found in model.unregistered:
        if not found.is_module and not found.is_leaf:
            message = f"`{found.path}` is computed from a parameter that the module does not hold, so it is not trained"
            yield found.proof(message)
