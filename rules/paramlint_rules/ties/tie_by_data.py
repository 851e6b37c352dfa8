"""Giving one parameter the `.data` of another shares memory, but the two stay two parameters.

After `a.weight.data = b.weight.data` both read the same numbers. But the optimizer gets both, each with a gradient and
state of its own, so the shared memory is updated twice. And `.to()`, `copy.deepcopy` and loading a checkpoint end the
sharing silently.

Bad:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight.data = self.table.weight.data

Good:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight = self.table.weight

Fix: unsafe. The two become one parameter, so the model has fewer parameters and the optimizer sees one gradient.
Leave it: the source is thrown away afterwards, or only its values were wanted: then copy them under `torch.no_grad()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.ties import bare_parameter, in_one_model
from paramlint.model import Claim, Model, Module, Tensor, said
from paramlint.model.questions.training import owners
from paramlint.rule import Asks, Change, Finding, Fix, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM502", "tie-by-data", group="bug", fix="unsafe", doc=__doc__, triggers=(Stores("data"), Asks("data")))


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A parameter that gets the memory of another one of its model, in a function that is given both too."""
    for event in model.events("rebound"):
        tensor, value = event.of, event.get("value")
        source = value.base if isinstance(value, Tensor) and value.view in ("data", "detach") else None
        statement = event.site.statement
        if not isinstance(tensor, Tensor) or source is None or source is tensor or event.author != "user":
            continue
        if not isinstance(statement, nodes.Assign) or len(statement.targets) != 1:
            continue
        if not _in_one_model(tensor, source) or _is_replaced(model, source.owner):
            continue
        written = statement.targets[0].target
        if not isinstance(written, nodes.Attribute) or not isinstance(written.value, nodes.Attribute):
            continue  # one of several that a loop goes through
        message = f"`{tensor}` gets the memory of `{source}` but stays a parameter of its own"
        yield Claim(
            said(True),
            event.site,
            f"{message}, so the two are trained and moved apart",
            tensor,
            written,
        )


def _in_one_model(tensor: Tensor, source: Tensor) -> bool:
    """Whether two parameters are held by different modules of one model until the end."""
    first, second = tensor.owner, source.owner
    if first is None or second is None or first is second or not (tensor.known and source.known):
        return False
    others = {id(m) for m in owners(second)}
    return any(id(m) in others for m in owners(first))


@rule.static(nodes.Assign)
def check(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    written = node.targets[0].target
    if not isinstance(written, nodes.Attribute) or written.attr.value != "data" or len(node.targets) != 1:
        return
    target, source = bare_parameter(scope, written), bare_parameter(scope, node.value)
    if target is None or source is None or not in_one_model(scope, target, source):
        return
    attribute, other = scope.text(target), scope.text(source)
    names = f"`{attribute}` gets the memory of `{other}` but stays a parameter of its own"
    changes = (Change(written, written, attribute), Change(node.value, node.value, other))
    fix = Fix("Assign the parameter itself", changes, "unsafe")
    message = f"{names}, so the two are trained and moved apart"
    yield Finding(written, message, fix, attribute=attribute, others=(other,))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for alias in model.aliases:
        if len(alias.parameters) > 1 and alias.by_data:
            first, second = alias.parameters[:2]
            message = f"`{second.name}` got the memory of `{first.name}` through `.data`, which is not a tie"
            yield second.proof(message, names=alias.names, lost_by=model.lost_by(alias.names))


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.unaliased


def _is_replaced(model: Model, module: Module | None) -> bool:
    """Whether something else takes the place of a module."""
    places = {(id(p.holder), p.key) for p in module.places} if module is not None else set()
    registered = model.events("registered")
    return any(e.of is not module and (id(e.holder), e.key) in places for e in registered)
