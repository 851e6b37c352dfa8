"""Conditions that ask for the class of an object: `isinstance(m, C)`, `type(m) is C`, `m.__class__ in (C, D)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope


@dataclass(frozen=True, eq=False)
class TypeTest:
    """One test of an object's class.

    Attributes:
        node: the whole test.
        subject: the object.
        classes: the expressions that name the classes, any of which passes.
        exact: subclasses do not pass (`type(m) is C`).
    """

    node: cst.BaseExpression
    subject: cst.BaseExpression
    classes: tuple[cst.BaseExpression, ...]
    exact: bool


def type_test(scope: Scope, node: cst.CSTNode) -> TypeTest | None:
    """The test that an expression is by itself; negated ones are none."""
    if isinstance(node, cst.Call):
        if not isinstance(node.func, cst.Name) or node.func.value != "isinstance" or len(node.args) != 2:
            return None
        return TypeTest(node, node.args[0].value, _options(node.args[1].value), False)
    if not isinstance(node, cst.Comparison) or len(node.comparisons) != 1:
        return None
    right = node.comparisons[0]
    subject = class_asked(scope, node.left)
    if subject is None:
        return None
    if isinstance(right.operator, (cst.Is, cst.Equal)):
        return TypeTest(node, subject, (right.comparator,), True)
    return TypeTest(node, subject, _options(right.comparator), True) if isinstance(right.operator, cst.In) else None


def class_asked(scope: Scope, node: cst.BaseExpression) -> cst.BaseExpression | None:
    """`m` of `type(m)` and `m.__class__`, also under a local name."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "type":
        return node.args[0].value if len(node.args) == 1 else None
    if isinstance(node, cst.Attribute) and node.attr.value == "__class__":
        return node.value
    if isinstance(node, cst.Name):
        bindings = scope.bindings.get(node.value, [])
        if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
            value = bindings[0].value
            return None if isinstance(value, cst.Name) else class_asked(scope, value)
    return None


def classes_proved(scope: Scope, node: cst.BaseExpression) -> tuple[cst.BaseExpression, ...]:
    """The classes of which a name is one, because of the conditions around it; empty where none says so."""
    text, below = scope.text(node), node
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, (cst.If, cst.IfExp)) and below is ancestor.body:
            found = _proved(scope, ancestor.test, text)
            if found:
                return found
        if isinstance(ancestor, cst.FunctionDef):
            return ()
        below = ancestor  # type: ignore[assignment]
    return ()


def _proved(scope: Scope, test: cst.BaseExpression, text: str) -> tuple[cst.BaseExpression, ...]:
    if isinstance(test, cst.BooleanOperation):
        left, right = _proved(scope, test.left, text), _proved(scope, test.right, text)
        if isinstance(test.operator, cst.And):
            return left or right
        return (*left, *right) if left and right else ()
    found = type_test(scope, test)
    return found.classes if found is not None and scope.text(found.subject) == text else ()


def _options(node: cst.BaseExpression) -> tuple[cst.BaseExpression, ...]:
    if isinstance(node, (cst.Tuple, cst.List, cst.Set)):
        return tuple(element.value for element in node.elements)
    return (node,)
