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
from paramlint.facts import Binding, Scope, owns_parameters
from paramlint.facts.creation import is_creation
from paramlint.facts.intent import sharing_is_meant
from paramlint.model import Answer, Claim, Event, Model, Module
from paramlint.model.questions.intent import is_marked
from paramlint.model.questions.intent import sharing_is_meant as is_meant
from paramlint.nodes import operators
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Repeats, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")

rule = Rule(
    "PRM301",
    "repeated-module",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(
        Repeats(),
        Calls("repeat"),
        Asks(*_CONTAINERS, made=False),
        Asks(*_CONTAINERS, entries=("class",)),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """What is repeated need not be made in the list that is repeated."""
    for event in model.events("kept"):
        module = event.of
        if event.get("how") != "repeated" or not isinstance(module, Module) or module.made is None:
            continue
        if _is_multiplied_by_a_flag(event):
            continue
        places = [place for place in module.places if place.registered and place.holds and place.each_round]
        if places:
            yield Claim(
                module.owns & Answer("yes", (event, *(place.since for place in places))),
                event.site,
                f"`{_short(module)}` is one module that is listed many times, so all places share its parameters",
                about=module,
                is_right=is_meant(module, places) or is_marked(event),
            )


def _is_multiplied_by_a_flag(event: Event) -> bool:
    """Whether a list is there once or not at all, by what is true or false."""
    node = event.site.node
    sides = (node.left, node.right) if isinstance(node, nodes.BinaryOperation) else ()
    return any(_is_truth(side) for side in sides) or any(
        isinstance(side, nodes.Name) and event.site.default(side.value) in ("True", "False") for side in sides
    )


def _is_truth(count: nodes.BaseExpression) -> bool:
    """Whether an expression is true or false, by how it is written."""
    if isinstance(count, nodes.Call) and isinstance(count.func, nodes.Name):
        inner = count.args[0].value if len(count.args) == 1 else None
        return count.func.value == "bool" or (count.func.value == "int" and inner is not None and _is_truth(inner))
    return isinstance(count, nodes.Comparison) or (
        isinstance(count, nodes.UnaryOperation) and isinstance(count.operator, operators.Not)
    )


def _short(module: Module) -> str:
    return module.cls.rpartition(".")[2] or repr(module)


@rule.static(nodes.BinaryOperation)
def check(node: nodes.BinaryOperation, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.operator, operators.Multiply):
        return
    display, count = (node.left, node.right) if _is_display(node.left) else (node.right, node.left)
    if not isinstance(display, (nodes.List, nodes.Tuple)) or _is_at_most_once(scope, count) or _is_copied(node, scope):
        return
    for element in display.elements:
        if _shares(element.value, scope) and not sharing_is_meant(scope, node):
            yield Finding(element.value, _message(element.value, scope), _fix(node, display, count, scope))
            return


@rule.static(nodes.Call)
def check_itertools(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if scope.qualified(node.func) != "itertools.repeat" or not node.args or _is_copied(node, scope):
        return
    if len(node.args) > 1 and _is_at_most_once(scope, node.args[1].value):
        return
    if _shares(node.args[0].value, scope) and not sharing_is_meant(scope, node):
        yield Finding(node.args[0].value, _message(node.args[0].value, scope))


def _is_display(node: nodes.Node) -> bool:
    return isinstance(node, (nodes.List, nodes.Tuple))


def _is_at_most_once(scope: Scope, count: nodes.BaseExpression) -> bool:
    """Whether it is 0 or 1: such a number, or what is true or false."""
    if isinstance(count, nodes.Integer):
        return bool(count.evaluated_value < 2)
    if isinstance(count, nodes.Name):
        return any(_is_flag(scope, binding) for binding in scope.bindings.get(count.value, ()))
    return _is_truth(count)


def _is_flag(scope: Scope, binding: Binding) -> bool:
    """Whether an argument is a bool by its default or annotation."""
    if binding.kind != "parameter" or not isinstance(binding.node, nodes.Param):
        return False
    default, annotation = binding.node.default, binding.node.annotation
    says = scope.text(annotation.annotation) if annotation is not None else ""
    return says == "bool" or (isinstance(default, nodes.Name) and default.value in ("True", "False"))


def _shares(element: nodes.BaseExpression, scope: Scope) -> bool:
    """Whether an element is built in place and owns parameters."""
    return is_creation(scope, element) and owns_parameters(scope.type(element)) is True


def _is_copied(node: nodes.Node, scope: Scope) -> bool:
    """Whether a comprehension, or a loop, takes a copy of each item."""
    loop = scope.parent(node)
    if isinstance(loop, nodes.For) and loop.iter is node:
        return any(
            scope.qualified(call.func) == "copy.deepcopy"
            for call in scope.find(nodes.Call)
            if loop in scope.ancestors(call)
        )
    if not isinstance(loop, nodes.CompFor):
        return False
    whole = scope.parent(loop)
    return isinstance(whole, (nodes.ListComp, nodes.GeneratorExp)) and scope.is_call_of(whole.elt, "copy.deepcopy")


def _message(element: nodes.BaseExpression, scope: Scope) -> str:
    value = scope.type(element)
    kind = "parameter" if value is not None and value.is_parameter else "module"
    name = scope.text(element.func) if isinstance(element, nodes.Call) else scope.text(element)
    return f"`{' '.join(name.split())}` builds one {kind} that is listed many times, so all places share its parameters"


def _fix(
    node: nodes.BinaryOperation, display: nodes.List | nodes.Tuple, count: nodes.BaseExpression, scope: Scope
) -> Fix | None:
    names = {name.value for name in walk(node) if isinstance(name, nodes.Name)}
    if "_" in names or "item" in names or any(isinstance(e, nodes.StarredElement) for e in display.elements):
        return None
    times = f"for _ in range({_bare(count, scope)})"
    built = [_bare(element.value, scope) for element in display.elements]
    text = f"{built[0]} {times}" if len(built) == 1 else f"item {times} for item in ({', '.join(built)})"
    text = f"[{text}]" if isinstance(display, nodes.List) else f"tuple({text})"
    return Fix("Build one for each place", (Change(node, node, text),), "unsafe")


def _bare(node: nodes.BaseExpression, scope: Scope) -> str:
    """The text of an expression without the parentheses around it."""
    parentheses = scope.parentheses(node)
    return scope.text(node).removeprefix("(" * parentheses).removesuffix(")" * parentheses)


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
