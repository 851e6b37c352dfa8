"""An iterator of parameters is gone through twice, and is empty the second time.

`parameters()`, `filter(...)`, `map(...)` and generator expressions give each item once. Whoever comes second, an
optimizer or a gradient clipper, gets nothing, mostly without a word.

Bad:
    params = filter(lambda p: p.requires_grad, model.parameters())
    print(sum(p.numel() for p in params))
    optimizer = torch.optim.SGD(params, lr=0.1)

Good:
    params = [p for p in model.parameters() if p.requires_grad]
    print(sum(p.numel() for p in params))
    optimizer = torch.optim.SGD(params, lr=0.1)

Fix: safe. The same parameters in the same order, kept in a list.
Leave it: the second use is meant to go on where the first one stopped.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Binding, Class, Scope
from paramlint.facts.iterators import consumes, excludes, is_parameter_iterator, repeating_loops, uses
from paramlint.facts.training import is_inside
from paramlint.model import Answer, Claim, Event, Model, Site
from paramlint.nodes import operators
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Rule

rule = Rule(
    "PRM705",
    "exhausted-parameter-iterator",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Calls("parameters", "named_parameters"), Asks("parameters", "named_parameters")),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    passes: dict[int, list[Event]] = {}
    for event in model.events("read"):
        if event.get("how") == "gone through" and event.get("gives") == "parameters" and event.get("made") is not None:
            passes.setdefault(id(event.of), []).append(event)
    for found in passes.values():
        second = _second_pass(model, found)
        if second is None:
            continue
        made = found[0].made
        if found[0].get("inside") != second.get("inside"):
            message = f"`{_shown(made, made.node)}` is an iterator that is used up before `{second.get('inside')}`"
            yield Claim(Answer("yes", (second,)), made, message)
            continue
        call = second.site.node
        given = call.args[0].value if isinstance(call, nodes.Call) and call.args else call
        yield Claim(Answer("yes", (second,)), second.site, _message(_shown(second.site, given)), node=given)


def _shown(site: Site, node: nodes.Node) -> str:
    return " ".join(site.text(node).split())


def _second_pass(model: Model, found: list[Event]) -> Event | None:
    """The first time that somebody goes through an iterator that has surely given all before."""
    for index, second in enumerate(found):
        if second.again and second.repeats:
            return second
        for first in found[:index]:
            if first.site.node is not second.site.node and model.follows(first, second).yes:
                return second
    return None


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for name, bindings in scope.bindings.items():
        if not all(b.kind == "assign" and is_parameter_iterator(scope, b.value) for b in bindings):
            continue
        second = _second_use(scope, name, bindings)
        if second is not None:
            yield Finding(second, _message(name), _fix([b.value for b in bindings if b.value is not None], scope))


@rule.static_scope
def check_attributes(scope: Scope) -> Iterator[Finding]:
    """Iterators kept on the instance, seen from the method that makes them."""
    for name, assignment in scope.assignments if scope.cls is not None else ():
        if assignment.how != "assign" or not is_parameter_iterator(scope, assignment.value):
            continue
        if scope.cls is None or len(scope.cls.assignments(name)) != 1 or assignment.value is None:
            continue
        places = _uses_in_class(scope.cls, name)
        if len(places) < 2 or not consumes(*places[0]):
            continue
        own = [use for place, use in places[1:] if place is scope]
        if own:
            yield Finding(own[0], _message(f"{scope.self_name}.{name}"), _fix([assignment.value], scope))
        else:
            others = f"`{places[-1][0].name}`"
            message = f"`{scope.self_name}.{name}` is an iterator that `{places[0][0].name}` uses up before {others}"
            yield Finding(assignment.value, message, _fix([assignment.value], scope))


@rule.static(nodes.Comparison)
def check_membership(node: nodes.Comparison, scope: Scope) -> Iterator[Finding]:
    """`id(p) not in ids` for each of many, where the first test uses up `ids = map(id, head.parameters())`."""
    for target in node.comparisons:
        held = target.comparator
        if not isinstance(target.operator, (operators.In, operators.NotIn)) or not isinstance(held, nodes.Name):
            continue
        bindings = scope.bindings.get(held.value, [])
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        if value is None or not is_parameter_iterator(scope, value) or not _repeats(scope, node):
            continue
        yield Finding(
            held,
            f"`{held.value}` is an iterator that the first test uses up, so all others find nothing in it",
            _fix([value], scope),
        )


def _repeats(scope: Scope, node: nodes.Node) -> bool:
    """Whether something is asked in a small function, for each that `filter` or `map` gives it."""
    return any(isinstance(around, nodes.Lambda) for around in scope.ancestors(node))


def _message(name: str) -> str:
    return f"`{name}` is an iterator that has been gone through already, so it gives no parameters here"


def _second_use(scope: Scope, name: str, bindings: list[Binding]) -> nodes.Node | None:
    """The first use that follows one which has used the iterator up."""
    found = uses(scope, name)
    for second in found:
        for loop in repeating_loops(scope, second):
            if consumes(scope, second) and not any(is_inside(scope, b.node, loop) for b in bindings):
                return second
        for first in found:
            if scope.order(first) >= scope.order(second) or not consumes(scope, first):
                continue
            between = (scope.order(first) < scope.order(b.node) < scope.order(second) for b in bindings)
            if not any(between) and not excludes(scope, first, second):
                return second
    return None


def _uses_in_class(cls: Class, name: str) -> list[tuple[Scope, nodes.Node]]:
    return [
        (scope, use)
        for scope in cls.scopes_with(name)
        if scope.self_name is not None
        for use in uses(scope, f"{scope.self_name}.{name}")
    ]


def _fix(values: list[nodes.BaseExpression], scope: Scope) -> Fix:
    return Fix("Keep the parameters in a list", tuple(_kept(value, scope) for value in values), "safe")


def _kept(value: nodes.BaseExpression, scope: Scope) -> Change:
    """The list of what an iterator gives; a generator becomes a list by its brackets."""
    text, parentheses = scope.text(value), scope.parentheses(value)
    if isinstance(value, nodes.GeneratorExp) and parentheses:
        return Change(value, value, "[]", "enclosed")
    bare = text[parentheses:-parentheses].strip() if parentheses else text
    return Change(value, value, f"list({bare})")
