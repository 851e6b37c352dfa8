"""An optimizer is given names, pairs or whole iterators where it expects parameters.

`named_parameters()` gives (name, parameter) pairs. An optimizer takes them only when all of its groups have names,
and never takes a generator that stands inside a list, a dict, or the names alone.

Bad:
    optimizer = torch.optim.SGD([model.parameters()], lr=0.1)

Good:
    optimizer = torch.optim.SGD([*model.parameters()], lr=0.1)

Fix: safe. The optimizer gets the parameters; before, building it raised.
Leave it: the function that takes the pairs unpacks them itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.optimizers import OPTIMIZER_NAMES, group_value, groups, optimizer_calls, value_of
from paramlint.model import Claim, Model, said
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Rule

rule = Rule(
    "PRM706",
    "named-parameters-as-parameters",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Calls(*OPTIMIZER_NAMES, "named_parameters"), Asks("named_parameters", made=False)),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Groups of pairs beside groups without names, whatever they were gathered by."""
    for optimizer in model.optimizers:
        groups = optimizer.groups.seen
        if not any(group.tensors.seen and group.named.no for group in groups):
            continue
        for group in groups:
            if group.named.yes:
                site, given = group.site, group_value(group.site.node) or group.site.node
                if group.given is not None and group.given.definition is not site.definition:
                    site, given = group.given, group.given.node  # a function made it
                text = site.text(given)
                message = f"`{text}` gives pairs of name and parameter, where the other groups hold parameters"
                yield Claim(said(True), site, message, group.tensors.seen[0], given)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for _, given in optimizer_calls(scope):
        held = groups(scope, given)
        named = [value for value in held if _gives_pairs(scope, value)]
        if len(named) < len(held):
            for value in named:
                yield _pairs_finding(scope, value)
        for value in held:
            yield from _check_value(scope, value_of(scope, value))


@rule.static(nodes.Return)
def check_returned(node: nodes.Return, scope: Scope) -> Iterator[Finding]:
    """Pairs that a nested function returns to code that puts its results into groups."""
    nested = any(a is not scope.node and isinstance(a, nodes.FunctionDef) for a in scope.ancestors(node))
    if node.value is None or not nested or not _gives_pairs(scope, node.value):
        return
    if any(isinstance(group_value(group), nodes.Call) for group in scope.find(nodes.Dict)):
        yield _pairs_finding(scope, node.value)


def _check_value(scope: Scope, value: nodes.BaseExpression) -> Iterator[Finding]:
    if isinstance(value, (nodes.List, nodes.Tuple)):
        for element in value.elements:
            found = scope.type(element.value) if isinstance(element, nodes.Element) else None
            if found is None or found.kind != "container" or found.item is None or not found.item.is_parameter:
                continue
            text = scope.text(element.value)
            message = f"`{text}` stands in a list as one object, so the optimizer gets no parameters from it"
            change = Change(element.value, element.value, f"*{text}")
            yield Finding(element.value, message, Fix("Unpack it", (change,), "safe"))
    elif isinstance(value, (nodes.ListComp, nodes.GeneratorExp)):
        yield from _check_comprehension(scope, value)
    elif isinstance(value, nodes.Call) and scope.qualified(value.func) == "dict" and len(value.args) == 1:
        if _gives_pairs(scope, value.args[0].value):
            message = f"`{scope.text(value)}` gives its keys, so the optimizer gets names"
            change = Change(value, value, f"{scope.text(value)}.values()")
            yield Finding(value, message, Fix("Give the values", (change,), "safe"))


def _check_comprehension(scope: Scope, value: nodes.ListComp | nodes.GeneratorExp) -> Iterator[Finding]:
    """`[n for n, p in model.named_parameters()]`."""
    target = value.for_in.target
    if not isinstance(target, nodes.Tuple) or len(target.elements) != 2 or not _gives_pairs(scope, value.for_in.iter):
        return
    name, parameter = (element.value for element in target.elements)
    if isinstance(value.elt, nodes.Name) and isinstance(name, nodes.Name) and value.elt.value == name.value:
        message = f"`{name.value}` is the parameter's name, so the optimizer gets strings"
        change = Change(value.elt, value.elt, scope.text(parameter))
        yield Finding(value.elt, message, Fix("Give the parameter", (change,), "safe"))


def _gives_pairs(scope: Scope, node: nodes.BaseExpression) -> bool:
    found = scope.type(node)
    return (
        found is not None
        and found.kind == "container"
        and found.pairs
        and found.item is not None
        and found.item.is_parameter
    )


def _pairs_finding(scope: Scope, value: nodes.BaseExpression) -> Finding:
    text = scope.text(value)
    message = f"`{text}` gives pairs of name and parameter, where the other groups hold parameters"
    change = Change(value, value, f"(p for _, p in {text})")
    return Finding(value, message, Fix("Take the parameters from the pairs", (change,), "safe"))
