"""A list with a module in it, times a number, holds one module many times.

`[nn.Linear(8, 8)] * 3` builds one layer and lists it three times. The three places share one weight: the model has a
third of the parameters that it seems to have, and each use trains the same ones. `state_dict()` hides it, because it
shows every place under its own name.

Bad:
    self.layers = nn.ModuleList([nn.Linear(8, 8)] * 3)

Good:
    self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

Fix: unsafe. The model gets the parameters that it lacks; checkpoints keep their keys.
Leave it: the places are meant to share; say so with `share`, `tie` or `same` in a name or a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import YES, Answer, Claim, Event, Model, Module, Site, Tensor
from paramlint.model.questions.intent import is_marked
from paramlint.model.questions.intent import sharing_is_meant as is_meant
from paramlint.nodes.branches import denied
from paramlint.rule import Asks, Change, Fix, Proof, Repeats, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "ParameterList")

rule = Rule(
    "PRM301",
    "repeated-module",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    beyond_plain=True,
    triggers=(
        Asks(*_CONTAINERS, made=False),
        Asks(*_CONTAINERS, entries=("class",)),
        Repeats(),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """What is repeated need not be made in the list that is repeated."""
    for event in model.events("kept"):
        what, site = event.of, event.site
        if event.get("how") != "repeated" or not isinstance(what, (Module, Tensor)) or what.made is None:
            continue
        if _is_multiplied_by_a_flag(event) or (isinstance(what, Tensor) and what.role != "parameter"):
            continue
        held = [p for p in what.places if p.holds and (p.registered or model.keeps_plainly(p))]
        places = [place for place in held if place.each_round or len(held) > 1]
        made = _made_in(what.made, site)
        if not places and not (made is not None and what.escaped):  # made for the list that is handed on
            continue
        kind = "module" if isinstance(what, Module) else "parameter"
        yield Claim(
            (what.owns if isinstance(what, Module) else YES) & Answer("yes", (event, *(p.since for p in places))),
            site,
            f"{_said(what, made, site)} one {kind} that is listed many times, so all places share its parameters",
            about=what,
            node=made,
            fix=_fix(site) if made is not None else None,
            is_right=is_meant(what, places) or is_marked(event),
        )


def _is_multiplied_by_a_flag(event: Event) -> bool:
    """Whether a list is there once or not at all, by what is true or false."""
    node = event.site.node
    sides = (node.left, node.right) if isinstance(node, nodes.BinaryOperation) else ()
    if getattr(event.get("times"), "annotation", "") == "bool":
        return True
    return any(_is_truth(side) for side in sides) or any(
        isinstance(side, nodes.Name) and event.site.default(side.value) in ("True", "False") for side in sides
    )


def _is_truth(count: nodes.BaseExpression) -> bool:
    """Whether an expression is true or false, by how it is written."""
    if isinstance(count, nodes.Call) and isinstance(count.func, nodes.Name):
        inner = count.args[0].value if len(count.args) == 1 else None
        return count.func.value == "bool" or (count.func.value == "int" and inner is not None and _is_truth(inner))
    return isinstance(count, nodes.Comparison) or denied(count) is not None


def _said(what: Module | Tensor, made: nodes.BaseExpression | None, site: Site) -> str:
    if isinstance(made, nodes.Call):
        return f"`{site.text(made.func)}` builds"
    return f"`{_short(what)}` is"


def _short(what: Module | Tensor) -> str:
    """The class of a module, or how something else reads."""
    return (what.cls.rpartition(".")[2] if isinstance(what, Module) else "") or repr(what)


def _made_in(event: Event, site: Site) -> nodes.BaseExpression | None:
    """What makes something within the statement of a site: the call of its class, or of a function that makes it."""
    return next((s.node for s in event.way if s.definition is site.definition and s.statement is site.statement), None)


def _fix(site: Site) -> Fix | None:
    """A comprehension in the place of a display times a number."""
    node = site.node
    if not isinstance(node, nodes.BinaryOperation):
        return None
    display, count = (node.left, node.right) if _is_display(node.left) else (node.right, node.left)
    if not isinstance(display, (nodes.List, nodes.Tuple)):
        return None
    names = {name.value for name in walk(node) if isinstance(name, nodes.Name)}
    if "_" in names or "item" in names or any(isinstance(e, nodes.StarredElement) for e in display.elements):
        return None
    times = f"for _ in range({_bare(count, site)})"
    built = [_bare(element.value, site) for element in display.elements]
    text = f"{built[0]} {times}" if len(built) == 1 else f"item {times} for item in ({', '.join(built)})"
    text = f"[{text}]" if isinstance(display, nodes.List) else f"tuple({text})"
    return Fix("Build one for each place", (Change(node, node, text),), "unsafe")


def _is_display(node: nodes.Node) -> bool:
    return isinstance(node, (nodes.List, nodes.Tuple))


def _bare(node: nodes.BaseExpression, site: Site) -> str:
    """The text of an expression without the parentheses around it."""
    parentheses = site.parentheses(node)
    return site.text(node).removeprefix("(" * parentheses).removesuffix(")" * parentheses)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for shared in model.shared_modules:
        if shared.fills is not None and not shared.is_meant and not shared.is_keyed:
            message = (
                f"the {len(shared.names)} places of `{shared.container}` hold one module, so they share its parameters"
            )
            yield shared.proof(message)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.distinct_places


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.joined:
        first, other = seen.names
        yield run.proof(seen, f"`{first}` and `{other}` were two parameters and became one, so they train as one")
