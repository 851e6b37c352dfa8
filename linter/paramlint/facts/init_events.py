"""The initialisations of a function in their order: what each writes, and under which conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.init_calls import WRITE_NAMES, write_call
from paramlint.facts.memo import remember
from paramlint.nodes.branches import leaves
from paramlint.nodes.call_arguments import without_data
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Functions of graph libraries that initialise what they are given.
_HELPERS = ("glorot", "glorot_orthogonal")
#: The last names of all calls that are events.
EVENT_NAMES = (*WRITE_NAMES, *_HELPERS, "reset_parameters")

_CONSTANT = {"constant_", "zeros_", "ones_", "fill_", "zero_", "eye_", "dirac_"}


@dataclass(frozen=True, eq=False)
class InitEvent:
    """One call that gives a tensor, or the parameters of a module, new values.

    Attributes:
        function: its name, without what stands before it.
        target: the tensor or module.
        key: the target's text, in which a loop's variable is replaced by what the loop runs over.
        conditions: the texts of the conditions around the call.
    """

    scope: Scope
    node: nodes.Call
    function: str
    target: nodes.BaseExpression
    key: str
    conditions: frozenset[str]

    @property
    def is_constant(self) -> bool:
        """Whether all elements get the same value."""
        return self.function in _CONSTANT

    @property
    def is_copy(self) -> bool:
        """Whether the values were computed before."""
        return self.function == "copy_"

    @cached_property
    def names(self) -> frozenset[str]:
        """The local names that the target is spelled with."""
        return frozenset(n.value for n in walk(self.target) if isinstance(n, nodes.Name))


def init_events(scope: Scope) -> list[InitEvent]:
    """The initialisations in a scope, in the order of the text."""
    return remember(scope, "init events", lambda: list(_events(scope)))


def _events(scope: Scope) -> Iterator[InitEvent]:
    for call in scope.find(nodes.Call):
        found = write_call(scope, call)
        if found is not None:
            yield _event(scope, call, found.function, found.target)
            continue
        last = call.func.attr.value if isinstance(call.func, nodes.Attribute) else getattr(call.func, "value", "")
        if last == "reset_parameters" and isinstance(call.func, nodes.Attribute) and not call.args:
            yield _event(scope, call, last, call.func.value)
        elif last in _HELPERS and call.args and not call.args[0].star:
            yield _event(scope, call, str(last), without_data(call.args[0].value))


def _event(scope: Scope, call: nodes.Call, function: str, target: nodes.BaseExpression) -> InitEvent:
    return InitEvent(scope, call, function, target, key_of(scope, target), conditions_of(scope, call))


def key_of(scope: Scope, node: nodes.BaseExpression) -> str:
    """The text of an expression, in which a loop's variable is replaced by what the loop runs over."""
    node = without_data(node)
    if isinstance(node, nodes.Attribute):
        return f"{key_of(scope, node.value)}.{node.attr.value}"
    if isinstance(node, nodes.Name):
        for ancestor in scope.ancestors(node):
            if isinstance(ancestor, nodes.For) and any(
                isinstance(n, nodes.Name) and n.value == node.value for n in walk(ancestor.target)
            ):
                return f"each {scope.text(ancestor.target)} of {scope.text(ancestor.iter)}: {node.value}"
    return scope.text(node)


def conditions_of(scope: Scope, node: nodes.Node) -> frozenset[str]:
    """The texts of the conditions under which a node runs, `not ...` in the other branch."""
    found: set[str] = set()
    below = node
    ancestor: Any
    for ancestor in scope.ancestors(node):
        kind = ancestor.__class__
        if kind is nodes.If or kind is nodes.IfExp:
            if below is not ancestor.test:
                test = scope.text(ancestor.test)
                found.add(test if below is ancestor.body else f"not {test}")
        elif kind is nodes.ExceptHandler:
            found.add("an error")
        elif kind is nodes.MatchCase:
            found.add(f"case {scope.text(ancestor.pattern)}")
        elif kind is nodes.FunctionDef or kind is nodes.Lambda:
            break
        below = ancestor
    return frozenset(found)


def is_on_one_path(first: InitEvent, second: InitEvent) -> bool:
    """Whether the second runs after the first on every path on which one of the two conditions is met."""
    if not (first.conditions <= second.conditions or second.conditions <= first.conditions):
        return False
    scope = first.scope
    if scope.order(first.node) >= scope.order(second.node):
        return False
    around = list(scope.ancestors(second.node))
    if first.node in around:  # an argument is computed before the call
        return False
    for ancestor in scope.ancestors(first.node):
        if ancestor in around:
            return True
        if isinstance(ancestor, nodes.FunctionDef):
            return False
        if isinstance(ancestor, nodes.IndentedBlock) and leaves(ancestor):
            return False
    return True


def is_touched_between(first: InitEvent, second: InitEvent) -> bool:
    """Whether anything between two events reads or changes their target, or gives a name in it another value."""
    scope = first.scope
    start, end = scope.order(first.node), scope.order(second.node)
    if any(
        start < scope.order(b.node) < end and b.kind != "for" for n in first.names for b in scope.bindings.get(n, ())
    ):
        return True
    ignored = set(walk(first.node))
    for ancestor in scope.ancestors(second.node):
        if isinstance(ancestor, nodes.If):
            ignored.update(walk(ancestor.test))
        elif isinstance(ancestor, nodes.For):
            ignored.update(walk(ancestor.target))
    text = scope.text(first.target)
    return any(
        node.__class__ is first.target.__class__ and scope.text(node) == text
        for node in scope.nodes[start:end]
        if node not in ignored
    )
