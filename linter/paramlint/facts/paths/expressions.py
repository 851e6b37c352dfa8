"""Expressions on a path of a constructor: what they stand for, and what evaluating them writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.paths import calls
from paramlint.facts.paths.conditions import branch
from paramlint.facts.paths.values import (
    Constant,
    Function,
    Instance,
    Items,
    Path,
    Symbol,
    Tensor,
    Value,
    one_of,
)

if TYPE_CHECKING:
    from paramlint.facts.paths.constructor import Construction, Outcomes
    from paramlint.facts.scopes import Scope

_CONSTANTS: dict[str, bool | None] = {"None": None, "True": True, "False": False}
#: Attributes of a tensor that are the same memory; it has no `weight`, but who writes that means the tensor.
_VIEWS = {"data", "T", "mT", "H", "mH", "real", "imag", "weight"}
_LITERALS = frozenset({nodes.Integer, nodes.SimpleString})
_SEQUENCES = frozenset({nodes.Tuple, nodes.List, nodes.Set})


def look(walk: Construction, scope: Scope, node: Any, path: Path) -> Value:
    """What a name, an attribute, an element or a literal stands for; nothing is executed."""
    kind = node.__class__  # asked for so often that `isinstance` would show
    if kind is nodes.Name:
        if node.value in _CONSTANTS:
            return Constant(_CONSTANTS[node.value])
        return path.names.get(node.value)
    if kind is nodes.Attribute:
        return _attribute(walk, look(walk, scope, node.value, path), node.attr.value, path)
    if kind in _LITERALS:
        value = node.evaluated_value
        return Constant(value) if isinstance(value, (str, int)) else None
    if kind is nodes.Subscript:
        return _subscript(walk, scope, node, look(walk, scope, node.value, path), path)
    if kind in _SEQUENCES:
        return Items(tuple([look(walk, scope, e.value, path) for e in node.elements]))
    if kind is nodes.Call and node.func.__class__ is nodes.Name and node.func.value == "getattr":
        values = [look(walk, scope, arg.value, path) for arg in node.args]
        return calls.get_attribute(walk, values, path)
    return None


def _attribute(walk: Construction, owner: Value, name: str, path: Path) -> Value:
    if isinstance(owner, Instance):
        return attribute_of_instance(walk, name, path)
    if isinstance(owner, Tensor):
        return owner if name in _VIEWS else None
    return Symbol(f"{owner.text}.{name}") if isinstance(owner, Symbol) else None


def attribute_of_instance(walk: Construction, name: str, path: Path) -> Value:
    """`self.name`: what was assigned, a method, or a symbol of that text."""
    if name in path.attributes:
        return path.attributes[name]
    method = walk.cls.method(name)
    if method is not None and isinstance(method.node, nodes.FunctionDef):
        decorators = {d.decorator.value for d in method.node.decorators if isinstance(d.decorator, nodes.Name)}
        if "property" in decorators or "cached_property" in decorators:
            return Symbol(f"self.{name}")
        return Function(method, method.node, is_bound="staticmethod" not in decorators)
    return Symbol(f"self.{name}")


def _subscript(walk: Construction, scope: Scope, node: nodes.Subscript, owner: Value, path: Path) -> Value:
    if isinstance(owner, Tensor):
        if walk.depth_of_loops or not any(_is_part(walk, scope, element.slice, path) for element in node.slice):
            return owner
        return Tensor(owner.cells, scope.text(node).partition("[")[2])
    if not isinstance(owner, Items):
        return None
    index = node.slice[0].slice
    if len(node.slice) == 1 and isinstance(index, nodes.Index):
        position = look(walk, scope, index.value, path)
        if isinstance(position, Constant) and isinstance(position.value, int):
            if -len(owner.values) <= position.value < len(owner.values):
                return owner.values[position.value]
        return one_of(owner)
    return owner


def _is_part(walk: Construction, scope: Scope, index: nodes.BaseSlice, path: Path) -> bool:
    """Whether an index leaves something out; one that is a call or a comparison may well cover everything."""
    if isinstance(index, nodes.Slice):
        bounds = [bound for bound in (index.lower, index.upper, index.step) if bound is not None]
        return any(not _may_be_none(scope, bound, look(walk, scope, bound, path)) for bound in bounds)
    if not isinstance(index, nodes.Index):
        return False
    if not isinstance(index.value, (nodes.Integer, nodes.UnaryOperation, nodes.Attribute, nodes.Name)):
        return False
    return look(walk, scope, index.value, path) != Constant(None)


def _may_be_none(scope: Scope, bound: nodes.BaseExpression, value: Value) -> bool:
    """Whether a bound is None, or a name of which it is only known that some branch makes it None."""
    if not isinstance(bound, nodes.Name) or value != Symbol(f"{bound.value}'"):
        return value == Constant(None)
    given = [b.value for b in scope.bindings.get(bound.value, ()) if b.kind == "assign"]
    return any(isinstance(one, nodes.Name) and one.value == "None" for one in given)


# Evaluation


def evaluate(walk: Construction, scope: Scope, node: nodes.BaseExpression, path: Path) -> Outcomes:
    """The values that an expression can have, each with the path on which it has it."""
    evaluated = _EXPRESSIONS.get(node.__class__)
    return [(look(walk, scope, node, path), path)] if evaluated is None else evaluated(walk, scope, node, path)


def _conditional(walk: Construction, scope: Scope, node: nodes.IfExp, path: Path) -> Outcomes:
    true, false = branch(walk, scope, node.test, path)
    chosen = [(node.body, p) for p in true] + [(node.orelse, p) for p in false]
    return [outcome for part, p in chosen for outcome in walk.evaluate(scope, part, p)]


def _lambda(walk: Construction, scope: Scope, node: nodes.Lambda, path: Path) -> Outcomes:  # noqa: ARG001
    return [(Function(scope, node), path)]


def _boolean(walk: Construction, scope: Scope, node: nodes.BooleanOperation, path: Path) -> Outcomes:
    return [(None, p) for _, p in evaluate_all(walk, scope, [node.left, node.right], path)]


def _unary(walk: Construction, scope: Scope, node: nodes.UnaryOperation, path: Path) -> Outcomes:
    return walk.evaluate(scope, node.expression, path)


def _attribute_of(walk: Construction, scope: Scope, node: nodes.Attribute, path: Path) -> Outcomes:
    outcomes = walk.evaluate(scope, node.value, path)
    return [(_attribute(walk, owner, node.attr.value, p), p) for owner, p in outcomes]


def _item_of(walk: Construction, scope: Scope, node: nodes.Subscript, path: Path) -> Outcomes:
    outcomes = walk.evaluate(scope, node.value, path)
    return [(_subscript(walk, scope, node, owner, p), p) for owner, p in outcomes]


def evaluate_all(
    walk: Construction, scope: Scope, expressions: Iterable[nodes.BaseExpression], path: Path
) -> list[tuple[tuple[Value, ...], Path]]:
    """The values of several expressions, evaluated in order."""
    found: list[tuple[tuple[Value, ...], Path]] = [((), path)]
    for node in expressions:
        found = [((*before, value), q) for before, p in found for value, q in walk.evaluate(scope, node, p)]
        found = walk.few_rows(found)
    return found


def _display(
    walk: Construction, scope: Scope, node: nodes.Tuple | nodes.List | nodes.Set | nodes.Dict, path: Path
) -> Outcomes:
    parts: list[nodes.BaseElement | nodes.BaseDictElement] = list(node.elements)
    found: Outcomes = []
    for values, p in evaluate_all(walk, scope, [part.value for part in parts], path):
        walk.step(len(values))
        items: list[Value] = []
        for part, value in zip(parts, values, strict=True):
            is_star = isinstance(part, (nodes.StarredElement, nodes.StarredDictElement))
            items.extend(value.values if is_star and isinstance(value, Items) else (value,))
        found.append((Items(tuple(items)), p))
    return found


def _comprehension(
    walk: Construction,
    scope: Scope,
    node: nodes.ListComp | nodes.SetComp | nodes.GeneratorExp | nodes.DictComp,
    path: Path,
) -> Outcomes:
    element = node.value if isinstance(node, nodes.DictComp) else node.elt
    loop = node.for_in
    found: Outcomes = []
    for iterated, start in walk.evaluate(scope, loop.iter, path):
        items = iterated.values if isinstance(iterated, Items) and iterated.values else (None,)
        outcomes: list[tuple[tuple[Value, ...], Path]] = [((), start)]
        walk.depth_of_loops += 1
        for item in items:
            for _, p in outcomes:
                walk.store(scope, loop.target, item, loop.iter, p)
            outcomes = [((*before, v), q) for before, p in outcomes for v, q in walk.evaluate(scope, element, p)]
            outcomes = walk.few_rows(outcomes)
        walk.depth_of_loops -= 1
        found += [(Items(values), p) for values, p in outcomes]
    return found


def _arithmetic(walk: Construction, scope: Scope, node: nodes.BinaryOperation, path: Path) -> Outcomes:
    """Memory computed from unwritten memory is as good as unwritten; a repeated list holds what the list holds."""
    found: Outcomes = []
    for values, p in evaluate_all(walk, scope, [node.left, node.right], path):
        items = [v for v in values if isinstance(v, Items)]
        tensors = [v for v in values if isinstance(v, Tensor)]
        if items:
            found.append((Items(tuple(item for v in items for item in v.values)), p))
        else:
            found.append((tensors[0] if tensors else None, p))
    return found


def _named(walk: Construction, scope: Scope, node: nodes.NamedExpr, path: Path) -> Outcomes:
    outcomes = walk.evaluate(scope, node.value, path)
    for value, p in outcomes:
        walk.store(scope, node.target, value, node.value, p)
    return outcomes


_EXPRESSIONS: dict[type, Callable[[Construction, Scope, Any, Path], Outcomes]] = {
    nodes.Call: calls.call,
    nodes.IfExp: _conditional,
    **dict.fromkeys((nodes.Tuple, nodes.List, nodes.Set, nodes.Dict), _display),
    **dict.fromkeys((nodes.ListComp, nodes.SetComp, nodes.GeneratorExp, nodes.DictComp), _comprehension),
    nodes.Lambda: _lambda,
    nodes.BinaryOperation: _arithmetic,
    nodes.BooleanOperation: _boolean,
    nodes.UnaryOperation: _unary,
    nodes.NamedExpr: _named,
    nodes.Attribute: _attribute_of,
    nodes.Subscript: _item_of,
}
