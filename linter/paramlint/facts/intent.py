"""Marks of intent: code that says, in a name, a condition or a comment, that parameters are meant to be shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge.foreign import says_shared

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Functions that keep a value under the name that they are given.
_STORING = frozenset({"setattr", "add_module", "register_module", "register_parameter", "register_buffer"})


def sharing_is_meant(scope: Scope, node: nodes.Node, *names: str) -> bool:
    """Whether the code around a node marks the sharing of parameters there as meant.

    A mark is one of the words of `knowledge.foreign` in the name of an enclosing function or class, in a
    name that the statement gives a value to, in an enclosing condition, in the keyword that the node is passed as, in
    a comment at the statement or above a loop around it, or in `names`; or `_tied_weights_keys` in the class.
    """
    if any(says_shared(text) for text in (*names, *_texts(scope, node))):
        return True
    return scope.cls is not None and bool(scope.cls.assignments("_tied_weights_keys"))


def _texts(scope: Scope, node: nodes.Node) -> Iterator[str]:
    """What stands around a node and could hold a mark."""
    yield scope.qualname
    for ancestor in (node, *scope.ancestors(node)):
        if isinstance(ancestor, nodes.Arg) and ancestor.keyword is not None:
            yield ancestor.keyword.value
        elif isinstance(ancestor, (nodes.If, nodes.IfExp)):
            yield scope.text(ancestor.test)
        elif isinstance(ancestor, nodes.Call) and _called(ancestor) in _STORING:
            yield " ".join(scope.text(arg.value) for arg in ancestor.args if isinstance(arg.value, nodes.SimpleString))
        elif isinstance(ancestor, nodes.FunctionDef):
            yield ancestor.name.value
        elif isinstance(ancestor, nodes.Assign):
            yield " ".join(scope.text(target.target) for target in ancestor.targets)
        elif isinstance(ancestor, (nodes.AnnAssign, nodes.AugAssign, nodes.NamedExpr)):
            yield scope.text(ancestor.target)
        elif isinstance(ancestor, nodes.SimpleStatementLine):
            yield scope.segment.comments(ancestor)
        elif isinstance(ancestor, nodes.For):
            yield scope.segment.comments_above(ancestor)


def _called(call: nodes.Call) -> str:
    """The last name of what is called."""
    if isinstance(call.func, nodes.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, nodes.Name) else ""
