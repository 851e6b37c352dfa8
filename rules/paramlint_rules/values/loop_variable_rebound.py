"""Giving a loop variable a value does not write the parameter that it stood for.

`for p, q in zip(a.parameters(), b.parameters()): p = q` binds the name `p` to another object, and the next round
binds it anew: no parameter has changed. What is meant is `p.copy_(q)` under `torch.no_grad()`.

Bad:
    for p, q in zip(model.parameters(), nn.Linear(8, 8).parameters()):
        p = q

Good:
    with torch.no_grad():
        for p, q in zip(model.parameters(), nn.Linear(8, 8).parameters()):
            p.copy_(q)

Leave it: the name is read again in the same round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.nodes.assigned import assigned
from paramlint.rule import Finding, Mentions, Rule
from paramlint.syntax.walk import walk

#: Attributes that give parameters.
_NAMED = ("parameters", "named_parameters", "params", "state_dict", "ema_params")

#: Methods that give modules.
_MODULES = ("modules", "named_modules", "children", "named_children")
_GIVES_MODULES = re.compile(rf"\.(?:{'|'.join(_MODULES)})\(\)")

rule = Rule(
    "PRM109",
    "loop-variable-rebound",
    group="bug",
    doc=__doc__,
    triggers=(Mentions(*_NAMED, *_MODULES),),
)

#: An expression that gives parameters, as they are or side by side with others.
_GIVES = re.compile(r"^(?:(?:list|tuple|dict|zip|enumerate|iter)\()*[^()]*\.(?:named_)?parameters\(\)")
_PARAMETERS = ("parameters(", "params", "state_dict()")


@rule.static(nodes.For)
def check(node: nodes.For, scope: Scope) -> Iterator[Finding]:
    if not any(word in scope.text(node.iter) for word in _PARAMETERS) and not _is_kept(scope, node.iter):
        return
    if not any(one.attr.value in _NAMED for one in scope.find(nodes.Attribute)):
        return  # plain tensors that are given, as to the step of an optimizer
    bound = {name.value for name in walk(node.target) if isinstance(name, nodes.Name)}
    for small, name in _rebound_in(node.body, bound, []):
        message = f"`{name}` is only the loop's name for a parameter, so giving it a value writes nothing"
        yield Finding(small, message)


@rule.static(nodes.For)
def check_modules(node: nodes.For, scope: Scope) -> Iterator[Finding]:
    """A loop over layers that gives its own name another layer, as if that took the place of the one that is there."""
    if not _GIVES_MODULES.search(scope.text(node.iter)):
        return
    bound = {name.value for name in walk(node.target) if isinstance(name, nodes.Name)}
    for small, name in _rebound_in(node.body, bound, []):
        value = next((value for _, value in assigned(small)), None)
        known = scope.type(value) if isinstance(value, nodes.Call) else None
        if known is not None and known.is_module:
            message = f"`{name}` is only the loop's name for a module, so giving it another one replaces nothing"
            yield Finding(small, message)


def _is_kept(scope: Scope, iterated: nodes.BaseExpression) -> bool:
    """Whether names that are gone through stand for parameters and nothing else: `pairs = zip(a.parameters(), ...)`."""
    for name in walk(iterated):
        bindings = scope.bindings.get(name.value, ()) if isinstance(name, nodes.Name) else ()
        texts = [scope.text(b.value) if b.kind == "assign" and b.value is not None else "" for b in bindings]
        if texts and all(_GIVES.search(text) for text in texts):
            return True
    return False


def _rebound_in(
    block: nodes.BaseSuite, bound: set[str], after: list[nodes.Node]
) -> Iterator[tuple[nodes.BaseSmallStatement, str]]:
    """The statements of a block, and of its branches, that give one of some names a value that nothing reads."""
    statements = list(block.body)
    for place, statement in enumerate(statements):
        later = [*statements[place + 1 :], *after]
        if isinstance(statement, nodes.If):
            branch: nodes.If | nodes.Else | None = statement
            while branch is not None:
                yield from _rebound_in(branch.body, bound, later)
                branch = branch.orelse if isinstance(branch, nodes.If) else None
        if not isinstance(statement, nodes.SimpleStatementLine):
            continue
        for small in statement.body:
            name = _rebound(small)
            if name in bound and not any(_reads(one, name) for one in later):
                yield small, name


def _rebound(statement: nodes.BaseSmallStatement) -> str:
    """The plain name that a statement gives a value that is not made of what the name stood for."""
    pairs = assigned(statement)
    return pairs[0][0].value if len(pairs) == 1 and isinstance(pairs[0][0], nodes.Name) else ""


def _reads(statement: nodes.Node, name: str) -> bool:
    return any(isinstance(node, nodes.Name) and node.value == name for node in walk(statement))
