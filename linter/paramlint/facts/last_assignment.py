"""What a name stands for at one place: its last assignment on the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from paramlint.facts.scopes import Binding, Scope


#: Statements that give their own names a value, or run what stands below a node before it.
_BINDING = (cst.For, cst.While, cst.With)


def latest_value(scope: Scope, name: str, node: cst.CSTNode) -> cst.BaseExpression | None:
    """The value that a name got last before a node, in the blocks around it; `None` where that is not certain."""
    bindings = scope.bindings.get(name, [])
    below = scope.statement(node)
    for ancestor in scope.ancestors(below):
        if isinstance(ancestor, (cst.IndentedBlock, cst.Module)):
            for statement in reversed(ancestor.body[: ancestor.body.index(below)]):
                last = _last_in(scope, statement, bindings)
                if last is not None:
                    is_plain = isinstance(statement, cst.SimpleStatementLine) and last.kind == "assign"
                    return last.value if is_plain else None
        elif isinstance(ancestor, _BINDING) and _last_in(scope, ancestor, bindings) is not None:
            return None
        below = ancestor
    return None


def _last_in(scope: Scope, statement: cst.CSTNode, bindings: list[Binding]) -> Binding | None:
    inside = [b for b in bindings if b.node is statement or statement in scope.ancestors(b.node)]
    return inside[-1] if inside else None
