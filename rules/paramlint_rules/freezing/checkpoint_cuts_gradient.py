"""A checkpointed part whose inputs need no gradient is not trained.

The reentrant kind of `torch.utils.checkpoint` gives its result a gradient only where one of its inputs has one. Behind
a frozen embedding or a detached encoder none has, so the parameters inside the checkpoint get no gradient, and all that
torch says is a warning. It is the old default; `use_reentrant=False` has no such condition.

Bad:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(10, 8)
            self.embed.requires_grad_(False)
            self.block = nn.Linear(8, 8)

        def forward(self, ids):
            return torch.utils.checkpoint.checkpoint(self.block, self.embed(ids), use_reentrant=True)

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(10, 8)
            self.embed.requires_grad_(False)
            self.block = nn.Linear(8, 8)

        def forward(self, ids):
            return torch.utils.checkpoint.checkpoint(self.block, self.embed(ids), use_reentrant=False)

Fix: safe. The outputs are the same, and the part is trained.
Leave it: the inputs get a gradient by `requires_grad_()` in code that cannot be seen from here.
Source: the documentation of `torch.utils.checkpoint`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.finding import Change, Fix
from paramlint.model import Answer, Claim, Event, Model, Module, Tensor
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule(
    "PRM605",
    "checkpoint-cuts-gradient",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Asks("checkpoint", "checkpoint_sequential"),),
)

#: Layers that are given indices, through which no gradient goes.
_LOOKED_UP = ("Embedding", "EmbeddingBag")
_FRESH = ("zeros", "ones", "randn", "rand", "arange", "full", "empty", "tensor", "eye", "randint", "linspace")

_MOST = 500


@rule.question
def check(model: Model) -> Iterator[Claim]:
    for event in model.events("wrapped"):
        part = event.of
        if event.get("how") != "checkpoint" or not isinstance(part, Module) or not event.grad:
            continue
        if not isinstance(event.site.node, nodes.Call) or _is_reentrant(event) is not True:
            continue
        given = event.get("given", ())[1:]
        if given and all(_needs_gradient(one) is False for one in given) and part.parameters.some(_trains).yes:
            yield Claim(
                Answer("yes", (event,), event.guard),
                event.site,
                f"no input of `{part}` needs a gradient, so the reentrant checkpoint cuts off its parameters",
                about=part,
                fix=_fix(event),
            )


def _trains(tensor: Tensor) -> bool:
    return tensor.trains.certain and tensor.trains.yes


def _is_reentrant(event: Event) -> bool | None:
    """What `use_reentrant` says; the old default is True, and None is for what is not known."""
    value = event.arguments.keywords.get("use_reentrant")
    if value is None:
        return None if event.arguments.unknown else True
    known = getattr(value, "value", None)
    return known if isinstance(known, bool) else None


def _needs_gradient(value: Any) -> bool | None:
    """Whether a gradient is asked of something; None where that is not known."""
    stack, seen = [value], set[int]()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if not isinstance(one, Tensor) and isinstance(getattr(one, "value", one), (bool, int, float, str, NoneType)):
            continue
        if not isinstance(one, Tensor) or len(seen) > _MOST:
            return None
        if not one.recorded or one.view in ("detach", "data"):
            continue
        if one.role != "parameter" and (one.flags.seen or one.trains.yes or one.escaped):
            return None
        if one.role == "parameter":
            if not one.trains.certain or one.trains.yes:
                return None
        elif one.role == "buffer" or one.factory.rpartition(".")[2] in _FRESH:
            continue
        elif one.made_from:
            layers = [part for part in one.made_from if isinstance(part, Module)]
            for layer in layers:
                if not layer.known.yes or not layer.parameters.closed.yes or layer.parameters.some(_may_train).yes:
                    return None
            if not any(layer.is_a(*_LOOKED_UP).yes for layer in layers):
                stack += [part for part in one.made_from if not isinstance(part, Module)]
        else:
            return None
    return False


def _may_train(tensor: Tensor) -> bool:
    return not (tensor.trains.certain and tensor.trains.no)


def _fix(event: Event) -> Fix | None:
    call = event.site.node
    text = "use_reentrant=False"
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == "use_reentrant":
            change = Change(arg.value, arg.value, "False")
            return Fix("Use the checkpoint that is not reentrant", (change,), "safe")
    last = call.args[-1].value if call.args and not call.args[-1].star and call.args[-1].keyword is None else None
    if last is None:
        return None
    change = Change(last, last, f"{event.site.text(last)}, {text}")
    return Fix("Use the checkpoint that is not reentrant", (change,), "safe")


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.cut_by_checkpoint:
        message = f"a reentrant checkpoint runs what holds {seen.said} without a graph, so it gets no gradient"
        yield run.proof(seen, message)
