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
from paramlint.model import Claim, Event, Model, Tensor, said
from paramlint.model.event import Site
from paramlint.model.questions.wholes import Wholes
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM502", "tie-by-data", group="bug", fix="unsafe", doc=__doc__, triggers=(Asks("data"),))


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A parameter that gets the memory of another one of its model, in a function that is given both too."""
    wholes = Wholes(model)
    for event in model.events("rebound"):
        tensor, value = event.of, event.get("value")
        source = value.base if isinstance(value, Tensor) and value.view in ("data", "detach") else value
        statement = event.site.statement
        if (
            not isinstance(tensor, Tensor)
            or not isinstance(source, Tensor)
            or source is tensor
            or event.author != "user"
        ):
            continue
        if not isinstance(statement, nodes.Assign) or len(statement.targets) != 1:
            continue
        if not _in_one_model(wholes, event, tensor, source):
            continue
        written = statement.targets[0].target
        if not isinstance(written, nodes.Attribute) or not isinstance(written.value, nodes.Attribute):
            continue  # one of several that a loop goes through
        given = _parameter(statement.value)
        other = event.site.text(given) if given is not None else str(source)
        message = f"`{event.site.text(written.value)}` gets the memory of `{other}` but stays a parameter of its own"
        yield Claim(
            said(True),
            event.site,
            f"{message}, so the two are trained and moved apart",
            tensor,
            written,
            _fix(event.site, written, statement.value),
            attribute=event.site.text(written.value),
            others=(str(source),),
        )


def _in_one_model(wholes: Wholes, event: Event, tensor: Tensor, source: Tensor) -> bool:
    """Whether two parameters are held by different modules of one model until the end."""
    first, second = tensor.owner, source.owner
    if first is None or second is None or first is second or {tensor.role, source.role} != {"parameter"}:
        return False
    return bool(wholes.of(first, event) & wholes.of(second, event))


def _parameter(value: nodes.BaseExpression) -> nodes.Attribute | None:
    """The parameter whose `.data` is taken, where it is written there as it is."""
    while isinstance(value, nodes.Call) and isinstance(value.func, nodes.Attribute):
        value = value.func.value
    if isinstance(value, nodes.Attribute) and value.attr.value == "data":
        value = value.value
    return value if isinstance(value, nodes.Attribute) else None


def _fix(site: Site, written: nodes.Attribute, value: nodes.BaseExpression) -> Fix | None:
    """Assign the parameter itself."""
    given = _parameter(value)
    if given is None:
        return None
    changes = (
        Change(written, written, site.text(written.value)),
        Change(site.statement.value, site.statement.value, site.text(given)),
    )
    return Fix("Assign the parameter itself", changes, "unsafe")


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
