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
from paramlint.model import Claim, Model, Place, Tensor
from paramlint.model.event import Site
from paramlint.model.questions.wholes import Wholes
from paramlint.rule import Asks, Change, Fix, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM501", "tie-by-rewrap", group="bug", fix="unsafe", doc=__doc__, triggers=(Asks("Parameter"),))


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    wholes = Wholes(model)
    deleted: dict[object, list[str]] = {}
    for tensor in model.parameters:
        source = _wrapped(tensor)
        if source is None or not tensor.trains.certain or tensor.made is None or tensor.made.author != "user":
            continue
        mine = _lasting(tensor)
        others = _lasting(source, but=mine)
        if mine is None or others is None:
            continue
        around = tensor.made.site.definition
        if around not in deleted:
            deleted[around] = _deleted(tensor.made.site)
        if any("._parameters[" in text or text.endswith(f".{others.key}") for text in deleted[around]):
            continue  # by a key, which may be that of the place
        if wholes.of(mine.holder, tensor.made) & wholes.of(others.holder, tensor.made):
            names = f"`{tensor}` is a new parameter on the memory of `{source}`"
            message = f"{names}, so the two are trained and moved apart"
            site = tensor.made.site
            fix = _fix(site, source)
            yield Claim(tensor.trains, site, message, about=tensor, fix=fix, others=(str(source),))


def _wrapped(tensor: Tensor) -> Tensor | None:
    """The parameter whose memory a parameter was made on."""
    given = tensor.made.get("data_of") if tensor.made is not None else None
    while isinstance(given, Tensor) and given.role != "parameter":
        if given.view not in ("view", "transposed", "data", "detach"):
            return None
        given = given.base
    if not isinstance(given, Tensor) or not (given.trains.yes or not given.known):
        return None
    return given


def _lasting(tensor: Tensor, but: Place | None = None) -> Place | None:
    """Where a module has it as a parameter until the end, but at a place that the one wrapped around it takes."""
    lasting = (p for p in tensor.places if p.registered and p.holds)
    return next((p for p in lasting if but is None or p.holder is not but.holder or p.key != but.key), None)


def _deleted(site: Site) -> list[str]:
    """The statements of the function around a site that delete something."""
    around = walk(site.definition) if site.definition is not None else ()
    return [site.text(node) for node in around if isinstance(node, nodes.Del)]


def _fix(site: Site, source: Tensor) -> Fix | None:
    """Assign the parameter itself, where it is written there as it is."""
    statement = site.statement
    wrapped = site.node.args[0].value if site.node.args else None
    if not isinstance(statement, nodes.Assign) or len(statement.targets) != 1 or statement.value is not site.node:
        return None
    while isinstance(wrapped, nodes.Call) and isinstance(wrapped.func, nodes.Attribute):
        wrapped = wrapped.func.value if wrapped.func.attr.value == "detach" and not wrapped.args else None
    if isinstance(wrapped, nodes.Attribute) and wrapped.attr.value == "data":
        wrapped = wrapped.value
    if not isinstance(wrapped, nodes.Attribute) or wrapped.attr.value != source.key:
        return None
    return Fix("Assign the parameter itself", (Change(site.node, site.node, site.text(wrapped)),), "unsafe")


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
