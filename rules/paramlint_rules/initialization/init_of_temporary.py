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
from paramlint.facts import Scope
from paramlint.facts.init_calls import WRITE_NAMES, write_call
from paramlint.facts.recomputed import recomputed
from paramlint.knowledge import TENSOR_FACTORIES
from paramlint.model import Answer, Claim, Event, Model, Module, Site, Tensor
from paramlint.model.questions.written_code import filled
from paramlint.rule import Asks, Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


#: Functions that let a weight be computed.
_NORMS = ("weight_norm", "spectral_norm", "orthogonal", "register_parametrization", "parametrize", "parametrizations")

rule = Rule("PRM218", "init-of-temporary", group="bug", doc=__doc__, triggers=(Calls(*WRITE_NAMES), Asks(*_NORMS)))

#: Functions that put tensors together in new memory.
_JOINING = {"torch.cat", "torch.concat", "torch.concatenate", "torch.stack", "torch.hstack", "torch.vstack"}
_COPYING = {"clone", "repeat", "index_select", "masked_select", "abs"}
#: Calls that make a tensor of indices with at least one dimension.
_INDICES = {"torch.arange", "torch.randperm", "torch.LongTensor", "torch.nonzero", "torch.where"}


@rule.static(nodes.Call)
def check_write(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    found = write_call(scope, node)
    if found is None or not isinstance(scope.parent(node), nodes.Expr):
        return
    target, text = found.target, scope.text(found.target)
    if isinstance(target, nodes.Attribute):
        what = recomputed(scope, target.value, target.attr.value, node)
        if what is not None:
            message = f"`{text}` is computed by {what}, so what `{found.function}` writes is lost"
            yield Finding(target, message)
        return
    if _is_copy(scope, target):
        yield Finding(target, f"`{text}` is a copy, so what `{found.function}` writes is lost")


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
        if write.get("law") not in WRITE_NAMES or not _is_parametrized(weight):
            continue
        if not _reaches_others(write, model) and not _is_called_in_time(write, model):
            yield Claim(
                Answer("yes", (), write.guard),
                _in_own_file(write),
                f"`{_said(write)}` is computed from other parameters here, so what `{write.law}` writes is lost",
                about=weight.made_from[0],
            )


def _said(write: Event) -> str:
    """What is written into, as the code says it where it does; else by the name that the model has for it."""
    target = filled(write)
    is_it = target is not None and target.attr.value == str(write.of).rpartition(".")[2]
    return write.site.text(target) if is_it else str(write.of)


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


def _is_copy(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an expression certainly makes a new tensor."""
    if isinstance(node, nodes.Call):
        name = scope.qualified(node.func)
        if name in _JOINING:
            return True
        if name is not None:
            return name in TENSOR_FACTORIES and name not in ("torch.from_numpy", "torch.as_tensor", "torch.asarray")
        is_method = isinstance(node.func, nodes.Attribute) and node.func.attr.value in _COPYING
        return is_method and _is_tensor(scope, node.func.value)  # type: ignore[attr-defined]
    if isinstance(node, nodes.BinaryOperation):
        return _is_tensor(scope, node.left) or _is_tensor(scope, node.right)
    if isinstance(node, nodes.Subscript) and _is_tensor(scope, node.value):
        return any(isinstance(e.slice, nodes.Index) and _gathers(scope, e.slice.value) for e in node.slice)
    return False


def _gathers(scope: Scope, index: nodes.BaseExpression) -> bool:
    """Whether indexing with an expression copies: a list, a mask, or a tensor of indices."""
    if isinstance(index, nodes.List):
        return not any(_is_slice(element.value) for element in index.elements)
    if isinstance(index, nodes.ListComp):
        return not _is_slice(index.elt)
    if isinstance(index, nodes.Comparison):
        return any(_is_tensor(scope, side) for side in (index.left, index.comparisons[0].comparator))
    if isinstance(index, nodes.Call):
        name = scope.qualified(index.func)
        if name == "torch.tensor":
            return bool(index.args) and isinstance(index.args[0].value, nodes.List)
        return name in _INDICES
    if isinstance(index, nodes.Name):
        bindings = scope.bindings.get(index.value, [])
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        return value is not None and not isinstance(value, nodes.Name) and _gathers(scope, value)
    return False


def _is_slice(node: nodes.BaseExpression) -> bool:
    """Whether torch takes a list with this in it for a tuple, one index for each dimension, which gives a view."""
    if isinstance(node, nodes.Call):
        return isinstance(node.func, nodes.Name) and node.func.value == "slice"
    return isinstance(node, nodes.Ellipsis) or (isinstance(node, nodes.Name) and node.value == "None")


def _is_tensor(scope: Scope, node: nodes.BaseExpression) -> bool:
    known = scope.type(node)
    return known is not None and known.kind in ("parameter", "buffer", "tensor")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for lost in model.lost_writes:
        write, name = lost.write, lost.meant[0] if lost.meant else lost.write.owner
        does, what = ("fills", "the initialisation of") if lost.is_filled else ("changes", "what it does to")
        message = f"`{write.call}` {does} a temporary that nobody keeps, so {what} `{name}` is lost"
        stds = {"std": lost.std, "expected_std": lost.expected_std}
        evidence = {"call": write.describe(), "shape": lost.shape, "count": lost.count, "meant": lost.meant[:8]}
        yield Proof(name, message, write.owner, "", write.filename, write.row, evidence | stds)
