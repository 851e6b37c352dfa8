"""Setting `requires_grad` on a module reaches none of its parameters.

`nn.Module` accepts any attribute. `encoder.requires_grad = False` therefore adds a flag that nothing reads, and the
optimizer goes on training what was meant to be frozen. The method `requires_grad_` passes the flag on.

Bad:
    encoder = nn.Linear(8, 8)
    encoder.requires_grad = False

Good:
    encoder = nn.Linear(8, 8)
    encoder.requires_grad_(False)

Fix: unsafe. The parameters really stop, or start, to train.
Leave it: the class reads a flag of this name itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge.foreign import names_part
from paramlint.model import Claim, Event, Guard, Model, Module, said
from paramlint.model.questions.training import below
from paramlint.model.questions.written_code import set_by_call
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM602",
    "requires-grad-on-module",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks("requires_grad"),),
)

#: What only modules have: methods, and their `weight` and `bias`.
_OF_MODULES = {
    "children", "eval", "modules", "named_children", "named_modules", "named_parameters", "parameters", "weight",
    "bias",
}  # fmt: skip
_PRETRAINED = re.compile(r"[\w.]*\.from_pretrained\(.*\)(#\d+)?")
_ITEM = re.compile(r"\[[^\[\]]*\]$")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for event in model.events("bound"):
        module, statement = event.of, event.site.statement
        if event.get("name") != "requires_grad" or event.author != "user" or not isinstance(module, Module):
            continue
        set_by = _target(statement, event.site.node)
        if set_by is None or not _owns(model, event):
            continue
        target, holder, flag = set_by
        owner = event.site.text(holder)
        if event.site.in_class and owner == "self":  # a flag of its own
            continue
        message = f"`{owner}` is a module, so its `requires_grad` attribute reaches none of its parameters"
        is_alone = len(assigned(statement)) <= 1
        call = f"{owner}.requires_grad_({event.site.text(flag)})"
        fix = Fix("Call `requires_grad_`", (Change(statement, statement, call),), "unsafe") if is_alone else None
        yield Claim(said(True), event.site, message, module, target, fix, attribute=owner)


def _target(
    statement: object, node: object
) -> tuple[nodes.BaseExpression, nodes.BaseExpression, nodes.BaseExpression] | None:
    """What sets the flag, on what, and to what: `layer.requires_grad = False`, `setattr(layer, ...)`."""
    if isinstance(statement, nodes.Assign):
        flags = [
            (target, target.value, value)
            for target, value in assigned(statement)
            if isinstance(target, nodes.Attribute) and target.attr.value == "requires_grad"
        ]
        return next((flag for flag in flags if flag[0] is node), flags[0] if flags else None)
    call = set_by_call(statement)
    return (call, call.args[0].value, call.args[2].value) if call is not None else None


def _owns(model: Model, event: Event) -> bool:
    """Whether what gets the attribute is a module with something to freeze, by its class or as a part of a model."""
    module = event.of
    if module.cls:
        return not module.has_own("requires_grad").yes and (
            module.parameters.some().yes or not all(part.known.yes for part in below(module))
        )
    text = str(module)
    if _is_said_to_be_tensor(text, event.guard):
        return False
    if text.endswith(".modules()") or _OF_MODULES & {*module.asked, *(place.key for place in module.holds)}:
        return True
    if getattr(event.get("value"), "value", None) is not False:
        return False
    if module.annotation.rpartition(".")[2] == "Module":
        return True
    if _PRETRAINED.fullmatch(text) is not None or _is_switched(module):
        return True
    while (item := _ITEM.search(text)) is not None:
        text = text[: item.start()]
    whole, _, part = text.rpartition(".")
    if not whole or "(" in part or not names_part(part):
        return False
    return module.part_of is not None or any(str(e.of) == whole for e in model.events("listed"))


def _is_switched(module: Module) -> bool:
    """Whether the code switches something between training and evaluation, as no tensor is."""
    return any(mode.author == "user" and mode.get("how") in ("train", "eval") for mode in module.modes)


def _is_said_to_be_tensor(text: str, guard: Guard) -> bool:
    """Whether a condition holds only for a tensor, or for what is no module, or what conditions say is lost."""
    if f"not (isinstance({text}, Module))" in str(guard) or guard.is_vague:
        return True
    asked = re.compile(rf"isinstance\({re.escape(text)}, (?:\w+ or )*(?:Parameter|Tensor)\b")
    return any(map(asked.match, guard.true_texts))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for name, flag in model.gradient_flags.items():
        message = f"`{name}` is a module, so `requires_grad = {flag}` reaches none of its parameters"
        yield model.proof_at(name, message)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.flags_that_hold
