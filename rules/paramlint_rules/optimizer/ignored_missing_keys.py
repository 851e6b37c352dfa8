"""`load_state_dict(strict=False)` says what it could not load, and nobody looks.

Without `strict`, keys that do not fit are skipped in silence: a renamed layer keeps its random values. The call
returns the missing and unexpected keys, so they can be compared with what is expected.

Bad:
    model.load_state_dict(torch.load("weights.pt"), strict=False)

Good:
    found = model.load_state_dict(torch.load("weights.pt"), strict=False)
    assert not found.unexpected_keys

Leave it: some keys are meant to be missing, such as those of a new head, and a test covers the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.rule import Calls, Finding, Rule

rule = Rule(
    "PRM702",
    "ignored-missing-keys",
    group="pedantic",
    doc=__doc__,
    triggers=(Calls("load_state_dict"),),
)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "load_state_dict":
        return
    place = _lenient(scope, node) if isinstance(scope.parent(node), nodes.Expr) else None
    if place is not None:
        model = scope.text(node.func.value)
        message = f"the keys that `{model}` lacks are dropped unread, so they keep their initial values"
        yield Finding(place, message, attribute=model)


def _lenient(scope: Scope, node: nodes.Call) -> nodes.Node | None:
    """The call whose `strict` is false, or the argument of the function around it that is false by default."""
    given = [arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "strict"]
    if not given and len(node.args) > 1 and node.args[1].keyword is None and not node.args[1].star:
        given = [node.args[1].value]
    if not given or not isinstance(given[0], nodes.Name):
        return None
    name = given[0].value
    bindings = scope.bindings.get(name, [])
    if not bindings:
        return node if name == "False" else None
    if len(bindings) > 1 or bindings[0].kind != "parameter" or not _is_false(bindings[0].value):
        return None
    return bindings[0].node


def _is_false(node: nodes.BaseExpression | None) -> bool:
    return isinstance(node, nodes.Name) and node.value == "False"
