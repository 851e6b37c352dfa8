"""A lazy layer is initialised before its first call, when its parameters have no shape yet.

`nn.LazyLinear` and its relatives learn their input size in the first call. Until then their weight is an
`UninitializedParameter`, and every function of `torch.nn.init` raises on it. `isinstance(m, nn.Linear)` is true for a
`nn.LazyLinear`, so an `apply(init_weights)` on a model that has not run yet raises as well. Through `.data` nothing
raises: an empty tensor is written, and the first call draws the weight as if nobody had.

Bad:
    self.fc = nn.LazyLinear(10)
    nn.init.xavier_uniform_(self.fc.weight)

Good:
    self.fc = nn.LazyLinear(10)
    self.fc(torch.zeros(1, 20))
    nn.init.xavier_uniform_(self.fc.weight)

Leave it: never; it cannot run, or does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Module, Tensor
from paramlint.model.questions.training import whole_of
from paramlint.model.questions.visits import is_in_visit
from paramlint.model.questions.written_code import filled
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM217",
    "lazy-parameter-initialized-early",
    group="bug",
    doc=__doc__,
    triggers=(
        Asks(*(f"Lazy{kind}{n}d" for kind in ("Conv", "ConvTranspose", "BatchNorm") for n in (1, 2, 3)), "LazyLinear"),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A write to a parameter of a lazy layer that nothing has called since it was made."""
    visits = [visit for visit in model.events("listed") if visit.get("what") == "apply"]
    for write in model.events("written"):
        layer = write.of.owner if isinstance(write.of, Tensor) and write.of.role == "parameter" else None
        target = filled(write)
        if layer is None or target is None or not layer.cls.startswith("torch.nn.Lazy") or not layer.known.yes:
            continue
        if write.author != "user" or _NOTICED.search(str(write.guard)) or not _runs_at_construction(model, write):
            continue
        if any(min(e.order) < min(write.order) for e in _uses(model, layer)):
            continue
        name, law, answer = layer.cls.rpartition(".")[2], str(write.get("law")), Answer("yes", (write,), write.guard)
        visit = next((visit for visit in visits if is_in_visit(write, visit)), None)
        if visit is not None and isinstance(visit.site.node, nodes.Call) and visit.site.node.args:
            whole, function = visit.site.node.func, visit.site.node.args[0].value
            owner = visit.site.text(whole.value) if isinstance(whole, nodes.Attribute) else str(visit.of)
            message = f"`{owner}` has a `{name}` without a shape yet, on which `{visit.site.text(function)}` raises"
            yield Claim(answer, visit.site, message, layer, visit.site.node, attribute=owner)
            continue
        is_lost = bool(write.get("through")) and not write.get("initializer")
        so = f"what `{law}` writes is lost" if is_lost else f"`{law}` raises"
        message = f"`{write.site.text(target)}` of a `{name}` has no shape before the first call, so {so}"
        yield Claim(answer, write.site, message, write.of, target)


def _runs_at_construction(model: Model, write: Event) -> bool:
    """Whether it runs before anybody else can have called the layer: in the constructor, or in what makes it."""
    return model.entry in ("function", "module") or write.get("inside") == "__init__"


#: Words of conditions that ask whether there is a shape yet.
_NOTICED = re.compile(r"lazy|uninitialized", re.IGNORECASE)


def _uses(model: Model, layer: Module) -> list[Event]:
    """What may give a layer its shape: a call of it or of what it is part of, what is loaded, what is unknown."""
    whole = whole_of(model, layer)
    return [e for e in model.events("called", "loaded", "escaped") if e.of in whole]


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for lazy in model.parameters:
        becomes = getattr(type(lazy.module), "cls_to_become", None)
        if lazy.status != "lazy" or becomes is None:
            continue
        alike = [p.init for p in model.parameters if type(p.module) is becomes and p.attribute == lazy.attribute]
        drawn = next((init for init in alike if init is not None and init.by_user and init.module), None)
        if drawn is not None:
            message = f"`{lazy.name}` is lazy still, so `{drawn.call}`, which its kind is given, does not reach it"
            yield lazy.proof(message, drawn)
