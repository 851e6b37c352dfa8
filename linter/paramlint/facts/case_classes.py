"""The classes that a case of a `match` asks for: `case nn.Linear():` is `isinstance(m, nn.Linear)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramlint import nodes

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope


def classes_of_case(scope: Scope, case: nodes.MatchCase, text: str) -> tuple[nodes.BaseExpression, ...]:
    """The expressions that name the classes of which something is one in a case; empty where it asks otherwise."""
    match = scope.parent(case)
    if not isinstance(match, nodes.Match) or scope.text(match.subject) != text:
        return ()
    return _classes(case.pattern)


def _classes(pattern: nodes.MatchPattern) -> tuple[nodes.BaseExpression, ...]:
    if isinstance(pattern, nodes.MatchAs) and pattern.pattern is not None:
        return _classes(pattern.pattern)
    if isinstance(pattern, nodes.MatchClass):
        return (pattern.cls,)
    if isinstance(pattern, nodes.MatchOr):
        parts = [_classes(one.pattern) for one in pattern.patterns]
        return tuple(cls for part in parts for cls in part) if all(parts) else ()
    return ()
