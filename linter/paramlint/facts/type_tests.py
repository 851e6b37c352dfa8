"""Conditions that ask for the class of an object: `isinstance(m, C)`, `type(m) is C`, `m.__class__ in (C, D)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.case_classes import classes_of_case
from paramlint.nodes import operators
from paramlint.nodes.branches import denied, guards_above

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope


@dataclass(frozen=True, eq=False)
class TypeTest:
    """One test of an object's class.

    Attributes:
        node: the whole test.
        subject: the object.
        classes: the expressions that name the classes, any of which passes.
    """

    node: nodes.Node
    subject: nodes.BaseExpression
    classes: tuple[nodes.BaseExpression, ...]


def _type_test(scope: Scope | None, node: nodes.Node) -> TypeTest | None:
    """The test that an expression is by itself; negated ones are none."""
    if isinstance(node, nodes.Call):
        if not isinstance(node.func, nodes.Name) or node.func.value != "isinstance" or len(node.args) != 2:
            return None
        return TypeTest(node, node.args[0].value, _options(node.args[1].value))
    if not isinstance(node, nodes.Comparison) or len(node.comparisons) != 1:
        return None
    right = node.comparisons[0]
    subject = _class_asked(scope, node.left)
    if subject is None:
        return None
    if isinstance(right.operator, (operators.Is, operators.Equal)):
        return TypeTest(node, subject, (right.comparator,))
    return TypeTest(node, subject, _options(right.comparator)) if isinstance(right.operator, operators.In) else None


def case_test(scope: Scope, case: nodes.MatchCase) -> TypeTest | None:
    """The test that a case of a `match` is: `case nn.Linear():`."""
    match = scope.parent(case)
    classes = classes_of_case(scope, case, scope.text(match.subject)) if isinstance(match, nodes.Match) else ()
    return TypeTest(case.pattern, match.subject, classes) if isinstance(match, nodes.Match) and classes else None


def _class_asked(scope: Scope | None, node: nodes.BaseExpression) -> nodes.BaseExpression | None:
    """`m` of `type(m)` and `m.__class__`, also under a local name."""
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Name) and node.func.value == "type":
        return node.args[0].value if len(node.args) == 1 else None
    if isinstance(node, nodes.Attribute) and node.attr.value == "__class__":
        return node.value
    if isinstance(node, nodes.Name) and scope is not None:
        bindings = scope.bindings.get(node.value, [])
        if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
            value = bindings[0].value
            return None if isinstance(value, nodes.Name) else _class_asked(scope, value)
    return None


def classes_proved(scope: Scope, node: nodes.BaseExpression) -> tuple[nodes.BaseExpression, ...]:
    """The classes of which a name is one, because of the conditions around it; empty where none says so."""
    text = scope.text(node)
    below: nodes.Node = node
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, (nodes.If, nodes.IfExp)) and below is ancestor.body:
            found = _proved(scope, ancestor.test, text)
            if found:
                return found
        elif isinstance(ancestor, nodes.MatchCase) and below is not ancestor.pattern:
            found = classes_of_case(scope, ancestor, text)
            if found:
                return found
        else:
            found = _proved_above(scope, ancestor, below, text)
            if found:
                return found
        if isinstance(ancestor, nodes.FunctionDef):
            return ()
        below = ancestor
    return ()


def _proved_above(scope: Scope, block: nodes.Node, below: nodes.Node, text: str) -> tuple[nodes.BaseExpression, ...]:
    """The same by what leaves others out before: `if not isinstance(m, nn.Linear): continue`."""
    for guard in guards_above(block, below):
        test = denied(guard.test)
        found = _proved(scope, test, text) if test is not None else ()
        bound = scope.bindings.get(text.partition(".")[0], ())
        if found and not any(scope.order(guard) < scope.order(b.node) < scope.order(below) for b in bound):
            return found
    return ()


def _proved(scope: Scope, test: nodes.BaseExpression, text: str) -> tuple[nodes.BaseExpression, ...]:
    if isinstance(test, nodes.BooleanOperation):
        left, right = _proved(scope, test.left, text), _proved(scope, test.right, text)
        if isinstance(test.operator, operators.And):
            return left or right
        return (*left, *right) if left and right else ()
    found = _type_test(scope, test)
    return found.classes if found is not None and scope.text(found.subject) == text else ()


def _options(node: nodes.BaseExpression) -> tuple[nodes.BaseExpression, ...]:
    if isinstance(node, (nodes.Tuple, nodes.List, nodes.Set)):
        return tuple(element.value for element in node.elements)
    return (node,)


def alternatives(scope: Scope, test: nodes.BaseExpression) -> list[TypeTest]:
    """The type tests of which a condition is true when any is; empty for a condition that asks anything else too."""
    if isinstance(test, nodes.BooleanOperation) and isinstance(test.operator, operators.Or):
        left, right = alternatives(scope, test.left), alternatives(scope, test.right)
        return left + right if left and right else []
    found = _type_test(scope, test)
    return [found] if found is not None else []
