"""Parameters kept in a plain list, tuple or dict are invisible to the optimizer.

`nn.Module` registers attributes that are parameters, but it does not look inside a list, a tuple or a dict. So
`parameters()`, `to()` and `state_dict()` silently skip what such a container holds: it is used in `forward`, gets a
gradient, and never changes.

Bad:
    self.scales = [nn.Parameter(torch.ones(8)) for _ in range(3)]

Good:
    self.scales = nn.ParameterList([nn.Parameter(torch.ones(8)) for _ in range(3)])

Fix: unsafe. `state_dict()` gains keys, so that older checkpoints no longer load strictly.
Leave it: the optimizer is given the container's parameters by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Model
from paramlint.model.questions.plain_containers import described, registering, target
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM402",
    "parameters-in-plain-container",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks("Parameter", entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor in model.parameters:
        held = next((p for p in tensor.places if model.keeps_plainly(p)), None)
        if held is not None and tensor.known and not held.holder.hands_over(held.key).yes:
            lost = tensor.places.none(lambda p: p.registered and p.holds)
            is_right = lost.no or bool(tensor.groups.seen)
            text, fix = described(held, "parameter"), registering(held, "Parameter")
            yield Claim(lost, held.since.site, text, held, target(held), fix, is_right)


@rule.question
def ask_objects(model: Model) -> Iterator[Claim]:
    """Parameters of an object that is no module, with which `forward` computes."""
    for tensor in model.parameters:
        held = next((p for p in tensor.places if model.keeps_in_object(p)), None)
        if held is None or not tensor.known or not tensor.trains.yes or tensor.flags.seen or tensor.groups.seen:
            continue
        if any(read.get("inside") == "forward" and read.grad for read in tensor.reads):
            lost = tensor.places.none(lambda p: p.registered and p.holds)
            yield Claim(lost, held.since.site, described(held, "parameter"), held, target(held))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    yield from model.hidden("parameters")


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.registered_contents


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.hidden:
        if seen.words["kind"] == "parameter":
            message = f"`{seen.names[0]}` gets gradients in {seen.words['in']} and is no part of the model"
            yield run.proof(seen, message)
