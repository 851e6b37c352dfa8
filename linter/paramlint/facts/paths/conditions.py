"""Which way a condition goes on a path: decided where it can be, else both ways, consistently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.paths.values import (
    EMPTY,
    Constant,
    Function,
    Instance,
    Items,
    Path,
    Symbol,
    Tensor,
    Thing,
    Value,
    cells_in,
)
from paramlint.knowledge import module_class
from paramlint.nodes import operators

if TYPE_CHECKING:
    from paramlint.facts.paths.constructor import Construction
    from paramlint.facts.scopes import Scope

Split = tuple[list[Path], list[Path]]

#: Comparisons that are the negation of another.
_NEGATED = {
    "NotEqual": "==",
    "IsNot": "is",
    "NotIn": "in",
    "LessThanEqual": ">",
    "GreaterThanEqual": "<",
}
_PLAIN = {"Equal": "==", "Is": "is", "In": "in", "GreaterThan": ">", "LessThan": "<"}
_RANK = ("dim", "ndim", "ndimension")


def branch(walk: Construction, scope: Scope, test: nodes.BaseExpression, path: Path) -> Split:
    """The paths on which a condition is true, and those on which it is false."""
    if isinstance(test, nodes.UnaryOperation) and isinstance(test.operator, operators.Not):
        true, false = branch(walk, scope, test.expression, path)
        return false, true
    if isinstance(test, nodes.BooleanOperation):
        first, other = branch(walk, scope, test.left, path)
        if isinstance(test.operator, operators.Or):
            first, other = other, first
        second = [branch(walk, scope, test.right, p) for p in walk.few(first)]
        true = [p for split in second for p in split[0]]
        false = [p for split in second for p in split[1]]
        if isinstance(test.operator, operators.And):
            return walk.few(true), walk.few(other + false)
        return walk.few(other + true), walk.few(false)
    known = _known(walk, scope, test, path)
    if known is not None:
        return ([path], []) if known else ([], [path])
    condition, is_negated = _condition(scope, test, path)
    truth = path.truth(condition)
    if truth is not None:
        return ([path], []) if truth is not is_negated else ([], [path])
    _forget_tested(test, path)
    walk.step()
    other_path = path.fork()
    path.decide(condition, not is_negated)
    other_path.decide(condition, is_negated)
    return [path], [other_path]


def text_of(scope: Scope, node: Any, path: Path) -> str:
    """The text of an expression with local names replaced by what they stand for."""
    kind = node.__class__
    if kind is nodes.Name:
        return _shown(path.names.get(node.value), node.value)
    if kind is nodes.Attribute:
        owner = path.names.get(node.value.value) if node.value.__class__ is nodes.Name else None
        if isinstance(owner, Instance):
            return _shown(path.attributes.get(node.attr.value), f"self.{node.attr.value}")
        return f"{text_of(scope, node.value, path)}.{node.attr.value}"
    if kind is nodes.Comparison and len(node.comparisons) == 1:
        condition, is_negated = _condition(scope, node, path)
        return f"not {condition}" if is_negated else condition
    if kind is nodes.Call:
        arguments = ", ".join(text_of(scope, arg.value, path) for arg in node.args)
        return f"{text_of(scope, node.func, path)}({arguments})"
    return scope.text(node)


def _shown(value: Value, otherwise: str) -> str:
    if isinstance(value, Symbol):
        return value.text
    return repr(value.value) if isinstance(value, Constant) else otherwise


def _condition(scope: Scope, test: nodes.Node, path: Path) -> tuple[str, bool]:
    """A condition in one spelling, and whether the test is its negation."""
    if isinstance(test, nodes.Comparison) and len(test.comparisons) == 1:
        right = test.comparisons[0]
        kind = type(right.operator).__name__
        operator = _PLAIN.get(kind) or _NEGATED.get(kind)
        if operator is not None:
            other = text_of(scope, right.comparator, path)
            if operator == "==" and other == "None":
                operator = "is"
            return f"{text_of(scope, test.left, path)} {operator} {other}", kind in _NEGATED
    return (scope.text(test), False) if isinstance(test, nodes.Comparison) else (text_of(scope, test, path), False)


def _forget_tested(test: nodes.BaseExpression, path: Path) -> None:
    """A test of a tensor, or of a parameter's name, that cannot be decided leaves open whether it is written."""
    names = [n.value for n in _names_in(test)]
    tested = frozenset(cell for name in names for cell in cells_in(path.names.get(name)))
    if any(isinstance(v := path.names.get(name), Constant) and isinstance(v.value, str) for name in names):
        tested |= frozenset(cell for value in path.names.values() for cell in cells_in(value))
    for cell in tested:
        if path.cells[cell] == EMPTY:
            path.cells[cell] = "unknown"


def _names_in(node: nodes.Node) -> list[Any]:
    from paramlint.syntax.walk import walk

    return [n for n in walk(node) if n.__class__ is nodes.Name]


# What can be decided


def _known(walk: Construction, scope: Scope, test: nodes.BaseExpression, path: Path) -> bool | None:
    if isinstance(test, nodes.Comparison) and len(test.comparisons) == 1:
        return _comparison(walk, scope, test.left, test.comparisons[0], path)
    if isinstance(test, nodes.Call):
        return _call(walk, scope, test, path)
    if isinstance(test, nodes.Attribute) and test.attr.value == "requires_grad":
        if isinstance(_value(walk, scope, test.value, path), Tensor):
            return True
    if isinstance(test, (nodes.Name, nodes.Attribute)):
        return _truth(_value(walk, scope, test, path))
    return None


def _value(walk: Construction, scope: Scope, node: nodes.BaseExpression, path: Path) -> Value:
    """What a name, attribute or literal is; it has no effects."""
    if isinstance(node, (nodes.Name, nodes.Attribute, nodes.SimpleString, nodes.Integer)):
        return walk.value(scope, node, path)
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Name) and node.func.value == "getattr":
        return walk.value(scope, node, path)
    return None


def _truth(value: Value) -> bool | None:
    if isinstance(value, Constant):
        return bool(value.value)
    return None if value is None or isinstance(value, Symbol) else True


def _comparison(
    walk: Construction, scope: Scope, left: nodes.BaseExpression, right: nodes.ComparisonTarget, path: Path
) -> bool | None:
    operator, other = right.operator, walk.value(scope, right.comparator, path)
    rank = _rank(walk, scope, left, path)
    if rank is not None and isinstance(other, Constant) and isinstance(other.value, int):
        return _compare(operator, rank, other.value)
    first = _value(walk, scope, left, path)
    if isinstance(other, Constant) and other.value is None:
        if first is None or isinstance(first, Symbol):
            return None
        is_none = isinstance(first, Constant) and first.value is None
        return is_none if isinstance(operator, (operators.Is, operators.Equal)) else not is_none
    if isinstance(first, Constant) and isinstance(other, Constant):
        return _compare(operator, first.value, other.value)
    if (
        isinstance(operator, (operators.In, operators.NotIn))
        and isinstance(first, Constant)
        and isinstance(other, Items)
    ):
        if all(isinstance(item, Constant) for item in other.values):
            return (first in other.values) is isinstance(operator, operators.In)
    return None


def _compare(operator: operators.ComparisonOperator, a: object, b: object) -> bool | None:
    if isinstance(operator, (operators.Equal, operators.Is)):
        return a == b
    if isinstance(operator, (operators.NotEqual, operators.IsNot)):
        return a != b
    if isinstance(a, str) and isinstance(b, str) and isinstance(operator, (operators.In, operators.NotIn)):
        return (a in b) is isinstance(operator, operators.In)
    if isinstance(a, int) and isinstance(b, int):
        ordered: dict[type, bool] = {
            operators.GreaterThan: a > b,
            operators.GreaterThanEqual: a >= b,
            operators.LessThan: a < b,
            operators.LessThanEqual: a <= b,
        }
        return ordered.get(type(operator))
    return None


def _rank(walk: Construction, scope: Scope, node: nodes.BaseExpression, path: Path) -> int | None:
    """The rank that `p.dim()`, `p.ndim` or `len(p.shape)` gives."""
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Name) and node.func.value == "len" and node.args:
        inner = node.args[0].value
        inner = inner.func if isinstance(inner, nodes.Call) else inner
        attributes: tuple[str, ...] = ("shape", "size")
    else:
        inner = node.func if isinstance(node, nodes.Call) else node
        attributes = _RANK
    if not isinstance(inner, nodes.Attribute) or inner.attr.value not in attributes:
        return None
    owner = inner.value
    if isinstance(owner, nodes.Attribute) and owner.attr.value == "data":
        owner = owner.value
    value = _value(walk, scope, owner, path)
    if not isinstance(value, Tensor) or len(value.cells) != 1 or value.part:
        return None
    return walk.allocations[next(iter(value.cells))].rank


def _call(walk: Construction, scope: Scope, test: nodes.Call, path: Path) -> bool | None:
    arguments = [arg.value for arg in test.args]
    if isinstance(test.func, nodes.Name) and len(arguments) == 2:
        subject = _value(walk, scope, arguments[0], path)
        if test.func.value == "isinstance":
            return is_instance(walk.cls, scope, subject, arguments[1])
        if test.func.value == "hasattr" and isinstance(subject, Instance):
            name = walk.value(scope, arguments[1], path)
            return _has(walk.cls, path, str(name.value)) if isinstance(name, Constant) else None
    if isinstance(test.func, nodes.Attribute) and len(arguments) == 1:
        subject = _value(walk, scope, test.func.value, path)
        text = walk.value(scope, arguments[0], path)
        if isinstance(subject, Constant) and isinstance(text, Constant):
            if isinstance(subject.value, str) and isinstance(text.value, str):
                if test.func.attr.value == "endswith":
                    return subject.value.endswith(text.value)
                if test.func.attr.value == "startswith":
                    return subject.value.startswith(text.value)
    if isinstance(test.func, nodes.Name) and test.func.value == "callable" and arguments:
        subject = _value(walk, scope, arguments[0], path)
        return True if isinstance(subject, Function) else None
    return None


def _has(cls: Class, path: Path, name: str) -> bool | None:
    if name in path.attributes or cls.method(name) is not None:
        return True
    return None


def is_instance(cls: Class, scope: Scope, subject: Value, classes: nodes.BaseExpression) -> bool | None:
    """What `isinstance(subject, classes)` gives for the module under construction, or for one of its tensors."""
    options = [e.value for e in classes.elements] if isinstance(classes, nodes.Tuple) else [classes]
    found = [_matches(cls, scope, subject, option) for option in options]
    if any(found):
        return True
    return None if None in found else False


def _matches(cls: Class, scope: Scope, subject: Value, option: nodes.BaseExpression) -> bool | None:
    symbol = scope.resolve(option)
    if symbol is None:
        return None
    if isinstance(subject, Tensor):
        return True if symbol in ("torch.nn.Parameter", "torch.Tensor") else None
    if isinstance(subject, Thing) or not isinstance(subject, Instance):
        return None
    return is_subclass(cls, symbol)


def is_subclass(cls: Class, symbol: object) -> bool | None:
    """Whether a class of the project inherits from a symbol; `None` where a base is unknown."""
    if isinstance(symbol, Class):
        if symbol in cls.mro:
            return True
    elif symbol == "torch.nn.Module" or symbol in cls.outside:
        return True
    elif isinstance(symbol, str):
        bases = [module_class(base) for base in cls.known_bases]
        if any(known is not None and symbol in known.bases for known in bases):
            return True
    return False if cls.is_complete else None
