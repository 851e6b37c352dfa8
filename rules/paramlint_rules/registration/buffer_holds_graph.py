"""A running buffer that is assigned a tensor with history keeps the graph of every batch so far.

`self.mean = 0.9 * self.mean + 0.1 * x.mean(0)` gives the buffer a history: it holds the graph of this batch, which
holds the buffer of the last one, and so on. Memory grows with every step, and `backward()` goes through graphs that
were freed, or whose values have changed since.

Bad:
    class Centre(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.register_buffer("mean", torch.zeros(n))

        def forward(self, x):
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0)
            return x - self.mean

Good:
    class Centre(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.register_buffer("mean", torch.zeros(n))

        def forward(self, x):
            self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
            return x - self.mean

Leave it: the tensor never requires a gradient, as raw input.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from paramlint.model import Answer, Claim, Event, Model, Module, Tensor
from paramlint.model.questions.reach import added, passes_gradient
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

rule = Rule(
    "PRM412",
    "buffer-holds-graph",
    group="bug",
    doc=__doc__,
    triggers=(Asks("register_buffer", "add_", "lerp_", entries=("class",)),),
)


#: Operations in place after which a buffer still depends on what it was.
_ADDS = frozenset({"add_", "sub_", "lerp_", "addcmul_", "mul_"})
#: Words of code that runs where autograd records nothing, whoever calls it.
_INFERENCE = ("inference", "generat", "decod", "stream", "cache")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    updates: dict[tuple[int, str, bool], list[Event]] = {}
    cut = {(id(_holder(event)), _key(event)) for event in model.events("registered", "read") if _cuts(event)}
    for event in model.events("registered", "written"):
        holder = _holder(event)
        if (id(holder), _key(event)) in cut:
            continue
        if _holds_graph(event) if event.kind == "registered" else _adds_graph(event):
            for_inference = any(site.says(*_INFERENCE) for site in (event.site, *event.site.stack))
            updates.setdefault((id(holder), event.site.function, for_inference), []).append(event)
    for (_, _, for_inference), (first, *others) in updates.items():  # what one method does is mended in one place
        names = list(dict.fromkeys(f"`self.{_key(event)}`" for event in (first, *others)))
        keep = f"{names[0]} keeps" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} keep"
        yield Claim(
            Answer("yes", (first, *others), first.guard),
            first.site,
            f"{keep} the graph of every batch, so memory grows and `backward()` goes through all",
            about=first.of,
            is_right=for_inference,
        )


def _holder(event: Event) -> Module | None:
    if event.kind == "registered":
        holder: Module | None = event.holder
        return holder
    return event.of.owner if isinstance(event.of, Tensor) else None


def _key(event: Event) -> str:
    return str(event.key if event.kind == "registered" else getattr(event.of, "key", ""))


def _cuts(event: Event) -> bool:
    """Whether a buffer is taken out of the graph that it holds: code outside calls the method that does so."""
    if event.kind == "registered":
        return event.role == "buffer" and isinstance(event.of, Tensor) and event.of.view == "detach"
    return event.get("how") == "detach_" and isinstance(event.of, Tensor) and event.of.role == "buffer"


def _adds_graph(event: Event) -> bool:
    """Whether something that trains is added to a buffer in place, or put into a part, while autograd records."""
    buffer = event.of
    if not isinstance(buffer, Tensor) or buffer.role != "buffer" or not buffer.known:
        return False
    if event.get("law") not in _ADDS and not (event.get("law") == "computed" and event.get("part")):
        return False  # what takes the place of all of it keeps nothing of what it was
    if event.get("inside") == "__init__" or not event.grad or event.author != "user" or event.get("through") == "data":
        return False
    given = [source for source in event.get("given") or () if isinstance(source, Tensor) and source is not buffer]
    return any(_may_train(one) for source in given for one in _with_history(source))


def _holds_graph(event: Event) -> bool:
    """Whether a buffer becomes a function of what it was and of what trains, while autograd records."""
    if event.role != "buffer" or event.how != "assigned" or event.inside == "__init__" or not event.grad:
        return False
    names = [p for p in event.holder.holds if p.key == event.key or "{" in p.key]
    before = [p.what for p in names if p.kind == "buffer" and p.what is not event.of]
    sources = set(_with_history(event.of))
    return event.author == "user" and not sources.isdisjoint(before) and any(_may_train(s) for s in sources - {*before})


def _with_history(tensor: Tensor) -> Iterator[Any]:
    """What a tensor is computed from, as far as gradients flow."""
    waiting, seen = [tensor], {id(tensor)}
    while waiting and len(seen) < 200:
        one = waiting.pop()
        passes = not isinstance(one, Tensor) or passes_gradient(one)
        if passes:
            yield one
        made_from = one.made_from if passes and isinstance(one, Tensor) else ()
        if isinstance(one, Tensor) and one.view == "index" and one.base is not None:
            made_from = (one.base,)  # nothing flows to an index
        for source in (*made_from, *(added(one) if isinstance(one, Tensor) and one.role == "plain" else ())):
            if id(source) not in seen:
                seen.add(id(source))
                waiting.append(source)


def _may_train(source: Any) -> bool:
    """Whether gradients flow to something: a parameter, the result of a layer, an argument that may be one."""
    if isinstance(source, Module):
        return not source.parameters.none().yes
    return isinstance(source, Tensor) and (source.role == "parameter" or source.factory == "argument")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if model.forward is None:
        return
    for name in model.forward.growing:
        message = f"`{name}` keeps the graph of every batch, so memory grows and `backward()` goes through all"
        yield model.by_name[name].proof(message)
