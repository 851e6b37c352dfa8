"""A parameter made from another parameter shares its memory, but it is not the same parameter.

`nn.Parameter(other.weight)` is a new object on the old storage. The two look tied at first. But the optimizer gets
both, each with its own gradient and state, and `.to()`, `copy.deepcopy` and loading a checkpoint end the sharing.

Bad:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight = nn.Parameter(self.table.weight)

Good:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight = self.table.weight

Fix: unsafe. The two become one parameter, so the model has fewer parameters and the optimizer sees one gradient.
Leave it: the source is thrown away afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.ties import bare_parameter, in_one_model
from paramlint.knowledge import PARAMETER_CLASSES
from paramlint.model import Claim, Event, Model, Module, Place, Tensor
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM501", "tie-by-rewrap", group="bug", fix="unsafe", doc=__doc__, triggers=(Calls("Parameter"), Asks("Parameter"))
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor in model.parameters:
        source = _wrapped(tensor)
        if source is None or not tensor.trains.certain or tensor.made is None or tensor.made.author != "user":
            continue
        mine = _lasting(tensor)
        others = _lasting(source, but=mine)
        if (
            mine is not None
            and others is not None
            and _outermost(model, mine, tensor.made) & _outermost(model, others, tensor.made)
        ):
            names = f"`{tensor}` is a new parameter on the memory of `{source}`"
            message = f"{names}, so the two are trained and moved apart"
            yield Claim(tensor.trains, tensor.made.site, message, about=tensor)


def _wrapped(tensor: Tensor) -> Tensor | None:
    """The parameter whose memory a parameter was made on."""
    given = tensor.made.get("data_of") if tensor.made is not None else None
    while isinstance(given, Tensor) and given.role != "parameter":
        if given.view not in ("view", "transposed", "data", "detach"):
            return None
        given = given.base
    return given if isinstance(given, Tensor) and given.trains.yes else None


def _lasting(tensor: Tensor, but: Place | None = None) -> Place | None:
    """Where a module has it as a parameter until the end, but at a place that the one wrapped around it takes."""
    lasting = (p for p in tensor.places if p.registered and p.holds)
    return next((p for p in lasting if but is None or p.holder is not but.holder or p.key != but.key), None)


def _outermost(model: Model, place: Place, since: Event) -> set[int]:
    """The models that a parameter is in at the end; none once it is replaced in the method that wrapped it."""
    found = [place.holder]
    tops = set()
    for module in found:
        around = [p for p in module.places if p.registered and p.holds and not _is_replaced(model, p, since)]
        found += [p.holder for p in around if p.holder not in found and isinstance(p.holder, Module)]
        if not around:
            tops.add(id(module))
    return tops


def _is_replaced(model: Model, place: Place, since: Event) -> bool:
    changes = model.events("bound", "rebound", of=place.holder)
    return any(
        e.get("name") == place.key and e.get("inside") == since.get("inside") and model.follows(since, e).yes
        for e in changes
    )


#: Methods and attributes that give a view of the same memory.
_VIEWS = {"t", "T", "mT", "transpose", "view", "reshape", "permute"}


@rule.static(nodes.Assign)
def check(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    target, value = node.targets[0].target, node.value
    if not isinstance(target, nodes.Attribute) or not isinstance(value, nodes.Call):
        return
    if scope.qualified(value.func) not in PARAMETER_CLASSES or not value.args or _is_frozen(value, scope):
        return
    wrapped = value.args[0].value
    source = bare_parameter(scope, _viewed(wrapped))
    if source is None or not in_one_model(scope, target, source):
        return
    attribute, other = scope.text(target), scope.text(source)
    names = f"`{attribute}` is a new parameter on the memory of `{other}`"
    fix = None
    if _viewed(wrapped) is wrapped and len(node.targets) == 1:
        fix = Fix("Assign the parameter itself", (Change(value, value, other),), "unsafe")
    message = f"{names}, so the two are trained and moved apart"
    yield Finding(value, message, fix, attribute=attribute, others=(other,))


def _viewed(node: nodes.BaseExpression) -> nodes.BaseExpression:
    """`x` of `x.t()` and `x.T`."""
    inner = node.func if isinstance(node, nodes.Call) else node
    return inner.value if isinstance(inner, nodes.Attribute) and inner.attr.value in _VIEWS else node


def _is_frozen(call: nodes.Call, scope: Scope) -> bool:
    """Whether `requires_grad=False` makes it a view that is not trained."""
    flags = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "requires_grad"]
    return any(scope.text(flag) != "True" for flag in [*flags, *(arg.value for arg in call.args[1:2])])


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for alias in model.aliases:
        if len(alias.parameters) > 1 and not alias.by_data:
            first, second = alias.parameters[:2]
            message = f"`{second.name}` is a second parameter on the memory of `{first.name}`, not a tie"
            yield second.proof(message, names=alias.names, lost_by=model.lost_by(alias.names))


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.unaliased
