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

import libcst as cst

from paramlint.facts import Scope
from paramlint.rule import Calls, Finding, Rule

rule = Rule(
    "PRM702",
    "ignored-missing-keys",
    group="pedantic",
    doc=__doc__,
    triggers=(Calls("load_state_dict"),),
)


@rule.static(cst.Call)
def check(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "load_state_dict":
        return
    if isinstance(scope.parent(node), cst.Expr) and _is_lenient(scope, node):
        model = scope.text(node.func.value)
        yield Finding(node, f"the keys that `{model}` lacks are dropped unread, so they keep their initial values")


def _is_lenient(scope: Scope, node: cst.Call) -> bool:
    """Whether `strict` is false, written here or as the default of the function's own argument."""
    given = [arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "strict"]
    if not given and len(node.args) > 1 and node.args[1].keyword is None and not node.args[1].star:
        given = [node.args[1].value]
    if not given or not isinstance(given[0], cst.Name):
        return False
    name = given[0].value
    bindings = scope.bindings.get(name, [])
    if bindings:
        return all(b.kind == "parameter" and _is_false(b.value) for b in bindings)
    return name == "False"


def _is_false(node: cst.BaseExpression | None) -> bool:
    return isinstance(node, cst.Name) and node.value == "False"
