"""A parameter is registered and trainable, but the output does not depend on it.

The optimizer holds it, checkpoints carry it, `DistributedDataParallel` waits for its gradient, and nothing ever changes
it: a layer that is built and not called, or a branch that this configuration never takes. On a live model it is seen in
the autograd graph of one pass on the example input; in code where nothing says its name after it was made.

Bad:
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.position = nn.Parameter(torch.randn(width))
            self.mix = nn.Linear(width, width)

        def forward(self, x):
            return self.mix(x)

Good:
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.position = nn.Parameter(torch.randn(width))
            self.mix = nn.Linear(width, width)

        def forward(self, x):
            return self.mix(x + self.position)

Leave it: another input or another mode reaches the parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import NO, Answer, Claim, Event, Model, Module, Place, Tensor
from paramlint.model.questions.reach import computed_from, made_of
from paramlint.model.questions.training import below
from paramlint.rule import Asks, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun

rule = Rule(
    "PRM410",
    "parameter-without-gradient",
    group="risk",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks("forward", entries=("class",)),),
)

#: Words by which code says that something is there for another reason than to be used.
_ON_PURPOSE = ("dummy", "fake", "unused", "not used", "compat", "checkpoint", "legacy", "placeholder", "device", "load")


#: Values that are computed from a result that goes nowhere.
_MOST_COMPUTED = 100

#: Parts that are read for each that is not, where several are not.
_READ_FOR_EACH = 4


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for root in model.roots:
        if not root.known.yes or not root.is_a("Module").yes or root.escaped or "forward" not in root.methods:
            continue
        if not any(
            e.kind not in ("raised", "tested") and any(s.function == "forward" for s in e.way) for e in model.trace
        ):
            continue  # a pass that computes nothing is to be written yet, or never runs
        parts = [p for p in root.holds if _is_made_here(p)]
        unread = [p for p in parts if not _is_used(p.what, root) and not root.mentions(p.key).yes]
        trained = sum(_trains(p.what).yes for p in unread)
        read = sum(_trains(p.what).yes for p in parts) - trained
        for place in unread:
            # Where several are, the class is a sketch, or its pass is elsewhere.
            if place.guard:
                continue
            if trained == 1 or read >= _READ_FOR_EACH * trained:
                yield Claim(
                    ~root.mentions(place.key) & _trains(place.what),
                    place.since.site,
                    f"`self.{place.key}` is made and nothing reads it, so it is never trained",
                    about=place.what,
                )


@rule.question
def ask_dropped(model: Model) -> Iterator[Claim]:
    """A part that `forward` calls, and whose result goes nowhere: given a name that nothing reads, or none."""
    for root in model.roots:
        if not root.known.yes or not root.is_a("Module").yes or root.escaped or "forward" not in root.methods:
            continue
        children = made_of(model)
        kept = computed_from((*model.returned, *_left_elsewhere(model)))
        for place in root.holds:
            part = place.what
            if not isinstance(part, Module) or place.guard or not _is_made_here(place) or not _trains(part).yes:
                continue
            if part.calls.seen and all(_is_dropped(call, children, kept, model) for call in part.calls):
                yield Claim(
                    _trains(part),
                    place.since.site,
                    f"`self.{place.key}` is called and nothing uses what it gives, so it is never trained",
                    about=part,
                )


def _left_elsewhere(model: Model) -> Iterator[object]:
    """What is kept as an attribute, put into a container, or handed to code that is not known."""
    yield from (e.get("value") for e in model.events("bound"))
    yield from (e.of for e in model.events("escaped", "backward"))
    yield from (e.get("value") for e in model.events("rebound"))


def _is_dropped(
    call: Event, children: Mapping[int, Sequence[Tensor]], kept: Mapping[int, Tensor], model: Model
) -> bool:
    """Whether nothing that is computed from what a pass gives is ever read."""
    result = call.get("result")
    if not isinstance(result, Tensor) or call.guard or call.repeats or not call.grad or call.get("inside") != "forward":
        return False
    if call.site.stack:
        return False  # what the method gives back is up to who calls it
    found, waiting = {id(result): result}, [result]
    while waiting:
        for child in children.get(id(waiting.pop()), ()):
            if id(child) not in found:
                found[id(child)] = child
                waiting.append(child)
    if found.keys() & kept.keys() or len(found) > _MOST_COMPUTED:
        return False
    ends = [one for one in found.values() if not children.get(id(one))]
    return bool(ends) and all(_is_unread(end, call, model) for end in ends)


def _is_unread(end: Tensor, call: Event, model: Model) -> bool:
    """Whether a tensor has one name, which is not read behind the statement that gives it, or is the value of one."""
    names = [e for e in model.events("bound", of=end) if "value" not in e.data]
    if not names:
        line = call.site.statement
        return end is call.get("result") and isinstance(line, nodes.Expr) and line.value is call.site.node
    bound = names[0]
    if len(names) > 1 or bound.site.stack or bound.repeats or bound.guard:
        return False
    definition, statement = bound.site.definition, bound.site.statement
    if not isinstance(definition, nodes.FunctionDef) or not isinstance(definition.body, nodes.IndentedBlock):
        return False
    if any(isinstance(n, (nodes.Lambda, nodes.FunctionDef)) for n in walk(definition.body)):
        return False
    lines = [
        list(line.body) if isinstance(line, nodes.SimpleStatementLine) else [line] for line in definition.body.body
    ]
    flat = [one for line in lines for one in line]
    at = next((place for place, one in enumerate(flat) if one is statement), None)
    if at is None or bound.get("name") not in _given(statement):
        return False
    for later in flat[at + 1 :]:
        if any(isinstance(n, nodes.Name) and n.value == bound.get("name") for n in _read(later)):
            return False
        if bound.get("name") in _given(later):
            return True
    return True


def _given(statement: nodes.Node) -> set[str]:
    """The names that an assignment gives values, where it gives them to nothing else."""
    if not isinstance(statement, nodes.Assign) or len(statement.targets) != 1:
        return set()
    target = statement.targets[0].target
    targets = [e.value for e in target.elements] if isinstance(target, (nodes.Tuple, nodes.List)) else [target]
    names = {one.value for one in targets if isinstance(one, nodes.Name)}
    return names if len(names) == len(targets) else set()


def _read(statement: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes of a statement, without the name that it gives a value."""
    return walk(statement.value) if isinstance(statement, nodes.Assign) and _given(statement) else walk(statement)


def _is_made_here(place: Place) -> bool:
    """Whether the class's own `__init__` makes it, once, and for no other reason."""
    what = place.what
    made = what.made if isinstance(what, (Module, Tensor)) and place.registered and place.holds else None
    if made is None or made.author != "user" or not _is_under_a_name(place) or what.loops:
        return False
    site = place.since.site
    is_own = not site.stack and place.since.get("inside") == "__init__" and not what.escaped
    return is_own and not site.says(*_ON_PURPOSE) and len(what.places.seen) == 1


def _is_under_a_name(place: Place) -> bool:
    """Whether it is assigned to an attribute, or registered by a call that has the name in quotes."""
    call = place.since.site.node
    named = call.args[0].value if isinstance(call, nodes.Call) and call.args else None
    return place.how in ("assigned", "") or isinstance(named, nodes.SimpleString)


def _trains(what: Module | Tensor) -> Answer:
    if isinstance(what, Module):
        return what.owns
    return what.trains if what.role == "parameter" and 0 not in (what.shape or ()) else NO


def _is_used(what: Module | Tensor, root: Module) -> bool:
    """Whether a pass goes through it, or something is computed from what it holds."""
    tensors = [what] if isinstance(what, Tensor) else [*what.parameters, *what.buffers]
    if isinstance(what, Module) and any(module.calls.seen for module in below(what)):
        return True
    inside = [root, *(below(what) if isinstance(what, Module) else ())]
    places = [place for part in inside[1:] for place in part.places]
    if any(p.holder is root and not p.registered and not root.mentions(p.key).no for p in places):
        return True  # kept in a plain container too, which is what is read
    if any(place.holder not in inside for tensor in tensors for place in tensor.places):
        return True  # tied to what is used
    return any(read.get("inside") != "__init__" for tensor in tensors for read in tensor.reads)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if model.forward is None:
        return
    for name in model.forward.without_gradient:
        if name in model.forward.read_without_gradient or name in model.mirrors:
            continue
        if not model.may_be_used_otherwise(name):
            lost = name in model.forward.lost
            why = (
                "is used, but no gradient of the output reaches"
                if lost
                else "is registered, but the output does not depend on"
            )
            yield model.by_name[name].proof(f"`{name}` {why} it, so it is never trained")
    for name in model.forward.blocked:
        message = f"the output depends on `{name}`, but the backward pass gives it no gradient, so it is never trained"
        yield model.by_name[name].proof(message)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.without_gradient:
        yield run.proof(
            seen, f"{seen.said} is in the optimizer and got no gradient in any step, so it is never trained"
        )
