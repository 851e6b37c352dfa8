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

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.contents import Held
from paramlint.facts.wrapping import wrap
from paramlint.model import Claim, Model
from paramlint.rule import Asks, Finding, Keeps, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM402",
    "parameters-in-plain-container",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Keeps(), Asks("Parameter", entries=("class",))),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor in model.parameters:
        held = next((p for p in tensor.places if model.keeps_plainly(p)), None)
        if held is not None and tensor.known:
            lost = tensor.places.none(lambda p: p.registered and p.holds)
            message = f"`self.{held.key}` is a plain {held.container}, so its parameters are not trained"
            yield Claim(lost, held.since.site, message, about=held, is_right=lost.no or bool(tensor.groups.seen))


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for container in scope.plain_containers:
        if not any(_is_lost(held) for held in container.held) or container.fates:
            continue
        assert container.first.target is not None
        what, parameters, are = f"a plain {container.kind}", "parameters", "are"
        if container.trailing_comma is not None:
            what, parameters, are = "a tuple because of a trailing comma", "parameter", "is"
        message = f"`self.{container.name}` is {what}, so its {parameters} {are} not trained"
        yield Finding(container.first.target, message, wrap(container, "Parameter"))


def _is_lost(held: Held) -> bool:
    """Whether a parameter is made here and registered nowhere."""
    return held.type.is_parameter and held.is_made and isinstance(held.node, nodes.Call)


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
