"""A teacher that the optimizer holds is trained along with its student.

`eval()` keeps its dropout and norms quiet and freezes nothing. Where its output is computed with gradients and its
parameters were handed to the optimizer, the loss pulls the teacher towards the student.

Setup:
    batches = torch.load("batches.pt")

Bad:
    student, teacher = nn.Linear(4, 2), nn.Linear(4, 2)
    teacher.eval()
    optimizer = torch.optim.SGD([*student.parameters(), *teacher.parameters()], lr=0.1)
    for x in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(student(x), teacher(x)).backward()
        optimizer.step()

Good:
    student, teacher = nn.Linear(4, 2), nn.Linear(4, 2)
    teacher.eval().requires_grad_(False)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
    for x in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(student(x), teacher(x)).backward()
        optimizer.step()

Leave it: both models are meant to learn, and one of them without dropout.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Module, Optimizer, said
from paramlint.model.questions.training import WORDS, fed_by, modules_with, only_evaluated, owners, reach_of, steps
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM714", "frozen-model-in-optimizer", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    claimed: set[int] = set()
    roots = {id(m): m for m in model.modules if m.calls.seen and not any(o.calls.seen for o in owners(m) if o is not m)}
    for optimizer, step in steps(model):
        mine = {id(t) for t in optimizer.tensors}
        held = [m for m in modules_with(model, mine) if id(m) in roots and _is_held(m, mine)]
        evaluated = [m for m in held if only_evaluated(m)] if len(held) > 1 else []
        feeding = fed_by(model, optimizer, step) if evaluated else ()
        reach = {id(t) for backward in feeding for t in reach_of(model, backward)}
        # What is made of the layers of a model in training has nothing of its own that should stay as it is.
        lent = {id(t) for m in held if m not in evaluated for t in m.parameters}
        frozen = [m for m in evaluated if _is_held(m, mine & reach - lent)]
        for module in frozen:
            student = next((m for m in held if m not in frozen and _share_input(m, module)), None)
            if student is not None and id(module) not in claimed:
                claimed.add(id(module))
                yield Claim(
                    said(True),
                    _where(model, optimizer, module).site,
                    f"`{module}` is only used in `eval()` mode beside `{student}`, and `{optimizer}` trains it too",
                    about=module,
                )


def _is_held(module: Module, tensors: set[int]) -> bool:
    return any(id(t) in tensors and t.trains.yes for t in module.parameters)


def _share_input(one: Module, other: Module) -> bool:
    """Whether both are given the same thing."""
    return any(_first(a) is not None and _first(a) == _first(b) for a in one.calls for b in other.calls)


def _first(call: Event) -> object:
    return call.arguments.get(0) if call.get("arguments") is not None else None


def _where(model: Model, optimizer: Optimizer, module: Module) -> Event:
    """Where the module's parameters were listed for the optimizer, else where that was made."""
    made = optimizer.made
    assert made is not None
    listed = [e for e in model.events("listed") if e.of is module and min(e.order) < min(made.order)]
    return listed[-1] if listed else made


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.trained_teachers:
        follows = "so its steps change it" if seen.words["moves"] else "which may change it"
        yield run.proof(seen, f"`{seen.words['teacher']}` is held fixed and is in the optimizer, {follows}")
