"""An initialisation writes into a tensor that nobody keeps.

Under weight norm, and under any parametrization, `weight` is computed from other parameters; what is written into it
lives until the next access or call. Indexing with a list, a mask or a tensor makes a copy, and so does `clone()`. The
parameter keeps its old values.

Bad:
    self.conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(8, 8, 3))
    nn.init.normal_(self.conv.weight, std=0.01)

Good:
    self.conv = nn.Conv1d(8, 8, 3)
    nn.init.normal_(self.conv.weight, std=0.01)
    nn.utils.parametrizations.weight_norm(self.conv)

Leave it: never; the call has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge import TENSOR_FACTORIES, WRITE_NAMES
from paramlint.model import Answer, Claim, Event, Model, Module, Site, Tensor
from paramlint.model.questions.written_code import target_of
from paramlint.rule import Asks, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


#: Functions that let a weight be computed.
_NORMS = ("weight_norm", "spectral_norm", "orthogonal", "register_parametrization", "parametrize", "parametrizations")

rule = Rule(
    "PRM218",
    "init-of-temporary",
    group="bug",
    doc=__doc__,
    triggers=(Asks(*_NORMS, *WRITE_NAMES),),
)

_LAWS = frozenset((*WRITE_NAMES, "copied"))
#: Functions and methods that put what they are given into new memory, and factories that do not.
_COPYING = {"torch.cat", "torch.concat", "torch.concatenate", "torch.stack", "torch.hstack", "torch.vstack",
            "clone", "repeat", "index_select", "masked_select", "abs"}  # fmt: skip
_SHARING = {"torch.from_numpy", "torch.as_tensor", "torch.asarray"}


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A statement that only writes into what it has just made."""
    for write in model.events("written"):
        target, call = target_of(write), write.site.node
        if target is None or write.author != "user" or getattr(write.site.statement, "value", None) is not call:
            continue
        if isinstance(write.site.statement, nodes.Expr) and write.get("law") in _LAWS and _is_copied(write, target):
            message = f"`{write.site.text(target)}` is a copy, so what `{_function(write)}` writes is lost"
            yield Claim(Answer("yes", (), write.guard), write.site, message, about=write.of, node=target)


def _is_copied(write: Event, target: nodes.Node) -> bool:
    """Whether what is written into is made by the expression that names it, in memory of its own."""
    if isinstance(target, nodes.Subscript):
        gathered: Site | None = write.get("gathered")
        return gathered is not None and any(node is gathered.node for node in walk(target))
    made = write.of
    if not isinstance(made, Tensor) or made.view or made.site is None or made.site.node is not target:
        return False
    if isinstance(target, nodes.BinaryOperation):
        return True
    return made.factory in _COPYING or (made.factory in TENSOR_FACTORIES and made.factory not in _SHARING)


@rule.question
def check_parametrized(model: Model) -> Iterator[Claim]:
    """A write, wherever it stands, into the weight of a layer that is computed from others by then."""
    for write in model.events("written"):
        weight = write.of
        if not isinstance(weight, Tensor) or weight.role != "plain" or write.author != "user":
            continue
        source = next(iter(weight.made_from), None)
        layer = source.owner if isinstance(source, Tensor) else source
        if isinstance(layer, Module) and _is_of_another_file(write, layer):
            continue  # there it is said, of the class that makes the layer and initialises it
        if write.get("law") not in _LAWS or not _is_parametrized(weight):
            continue
        if not _reaches_others(write, model) and not _is_called_in_time(write, model):
            yield _lost(write, _in_own_file(write))


def _lost(write: Event, site: Site) -> Claim:
    """What is said of a write, at the target where the code there names it by that; else at a call that leads there."""
    target = target_of(write)
    is_named = isinstance(target, nodes.Attribute) and target.attr.value == str(write.of).rpartition(".")[2]
    said = write.site.text(target) if target is not None and is_named else str(write.of)
    node = target if is_named and site is write.site else None
    message = f"`{said}` is computed from other parameters here, so what `{_function(write)}` writes is lost"
    return Claim(Answer("yes", (), write.guard), site, message, write.of.made_from[0], node)


def _function(write: Event) -> str:
    return "copy_" if write.law == "copied" else str(write.law)


def _is_parametrized(weight: Tensor) -> bool:
    """Whether a tensor is what weight norm or a parametrization has computed for a layer."""
    if weight.factory == "torch._weight_norm":
        return True
    return any(isinstance(s, Module) and s.is_a("ParametrizationList").yes for s in weight.made_from)


def _reaches_others(write: Event, model: Model) -> bool:
    """Whether the same call also writes parameters, of other layers or in other cases."""
    way = [site.node for site in write.way]
    return any(
        other.of.role == "parameter" and [site.node for site in other.way] == way
        for other in model.events("written")
        if isinstance(other.of, Tensor)
    )


def _is_of_another_file(write: Event, layer: Module) -> bool:
    """Whether the file from where the write is seen only makes an object that makes the layer."""
    return layer.made is not None and write.way[0].path not in (write.site.path, layer.made.site.path)


def _is_called_in_time(write: Event, model: Model) -> bool:
    """Whether a method is called by its constructor, before the layer is wrapped: that call is what it is for."""
    return any(
        other.site.node is write.site.node and other.get("inside") == "__init__" != write.get("inside")
        for other in model.events("written")
        if isinstance(other.of, Tensor) and other.of.role == "parameter"
    )


def _in_own_file(write: Event) -> Site:
    """Where something is written; where that is in another file, the call that leads there."""
    sites = write.way
    return next(site for site in reversed(sites) if site.path == sites[0].path)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for lost in model.lost_writes:
        write, name = lost.write, lost.meant[0] if lost.meant else lost.write.owner
        does, what = ("fills", "the initialisation of") if lost.is_filled else ("changes", "what it does to")
        message = f"`{write.call}` {does} a temporary that nobody keeps, so {what} `{name}` is lost"
        stds = {"std": lost.std, "expected_std": lost.expected_std}
        evidence = {"call": write.describe(), "shape": lost.shape, "count": lost.count, "meant": lost.meant[:8]}
        yield Proof(name, message, write.owner, "", write.filename, write.row, evidence | stds)
