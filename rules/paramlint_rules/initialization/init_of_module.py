"""`nn.init` is given a module instead of a parameter, or the `weight` of something that has none.

The functions of `torch.nn.init` write into a tensor. A module has no `fill_` or `dim`, and a parameter has no `weight`,
so the call raises an `AttributeError`, often only on the day when the branch that it stands in is taken. So does one
for `lstm.weight`: the parameters of an `nn.LSTM` are called `weight_ih_l0` and so on.

Bad:
    self.proj = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.proj)

Good:
    self.proj = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.proj.weight)

Fix: safe. The call raises as it is; with the fix it initialises the weight.
Leave it: the function is no longer called by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from paramlint import nodes
from paramlint.facts.init_calls import WRITE_NAMES
from paramlint.knowledge import module_class
from paramlint.model import Answer, Claim, Event, Model, Module, Tensor
from paramlint.model.questions.written_code import target_of
from paramlint.rule import Asks, Change, Fix, Rule

rule = Rule(
    "PRM206",
    "init-of-module",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Asks(*WRITE_NAMES),),
)

_CONSTANTS = {"zeros_", "ones_", "constant_"}
#: Words of conditions that ask whether it is a tensor, has the attribute, or is of a class that is not known.
_NOTICED = re.compile(r"Tensor|Parameter|hasattr|getattr|isinstance\(<")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """What is written and is no tensor: a module, or an attribute that the module or parameter does not have."""
    rest = {f"{visit.of}.modules()" for visit in model.events("listed") if visit.get("what") == "list"}
    written = {id(write.site.node) for write in model.events("written")}
    at: dict[int, list[Event]] = {}
    for event in model.events("raised"):
        if "law" in event.data and not (isinstance(event.of, Module) and event.of.escaped) and not event.site.is_tried:
            at.setdefault(id(event.site.node), []).append(event)
    for key, events in at.items():
        sure = [e for e in events if not e.guard]
        if not sure and (key not in written or any(e.get("without") for e in events)):  # nothing else comes there
            sure = [e for e in events if not _NOTICED.search(str(e.guard))]
        found = (claim for event in sure if (claim := _said_of(event, rest)) is not None)
        yield from islice(found, 1)


def _said_of(event: Event, rest: set[str]) -> Claim | None:
    target, law = target_of(event), str(event.law)
    if target is None:
        return None
    text, answer = event.site.text(target), Answer("yes", (event,), event.guard)
    if event.get("cause") == "no tensor":
        message = f"`{text}` is no tensor but `{event.of}`, so `{law}` raises"
        return Claim(answer, event.site, message, event.of, target)
    if event.get("cause") == "init of a module":
        if not event.of.cls and not event.get("is_part") and (event.site.stack or str(event.of) not in rest):
            return None  # an argument may be a tensor in another call
        message = f"`{text}` is a module, not a tensor, so `{law}` raises"
        return Claim(answer, event.site, message, event.of, target, _weight_of(event.of, target, text, law))
    if not isinstance(target, nodes.Attribute) or target.attr.value != event.name:
        return None
    if isinstance(event.of, Tensor):
        inner = event.site.text(target.value)
        fix = Fix(f"Initialise `{inner}`", (Change(target, target, inner),), "safe")
        message = f"`{inner}` is a parameter and has no `{event.name}`, so `{law}` raises"
        return Claim(answer, event.site, message, event.of, target, fix, attribute=inner)
    layer = next(iter(event.get("without", ())), event.of.cls)
    known = module_class(layer)
    if known is None or event.name in (*known.parameters, *known.buffers, *known.submodules):
        return None  # some of its kind have it
    message = f"`{layer.replace('torch.nn.', 'nn.')}` has no parameter `{event.name}`, so `{law}` of `{text}` raises"
    return Claim(answer, event.site, message, event.of, target)


def _weight_of(layer: Module, target: nodes.BaseExpression, text: str, law: str) -> Fix | None:
    """Which of a module's parameters is meant: its weight, unless a constant could as well be for its bias."""
    known = module_class(layer.cls)
    if known is None or "weight" not in known.parameters or (law in _CONSTANTS and "bias" in known.parameters):
        return None
    return Fix(f"Initialise `{text}.weight`", (Change(target, target, f"{text}.weight"),), "safe")
