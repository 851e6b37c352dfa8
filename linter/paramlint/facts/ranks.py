"""The number of dimensions of a tensor, where the code shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.init_calls import arguments_of, without_data
from paramlint.facts.type_tests import classes_proved
from paramlint.knowledge import PARAMETER_CLASSES, module_class
from paramlint.knowledge.ranks import parameter_rank
from paramlint.nodes import operators

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope
    from paramlint.facts.types import Type

#: Factories whose positional arguments are sizes, and those that take the sizes as one argument.
_SIZED = {"torch.zeros", "torch.ones", "torch.empty", "torch.rand", "torch.randn", "torch.Tensor", "torch.FloatTensor"}
_SIZE_FIRST = {"torch.full", "torch.randint"}
_SIZED_METHODS = {"new_zeros", "new_ones", "new_empty"}
#: Methods that keep the number of dimensions.
_KEEPING = {
    "clone", "contiguous", "cpu", "cuda", "detach", "double", "float", "half", "requires_grad_", "t", "to", "transpose",
    "normal_", "uniform_", "fill_", "zero_",
}  # fmt: skip
_DEPTH = 8


def rank_of(scope: Scope, node: nodes.BaseExpression, depth: int = 0) -> int | None:
    """The number of dimensions of a tensor expression; `None` where it is not certain."""
    if depth > _DEPTH:
        return None
    node = without_data(node)
    if isinstance(node, nodes.Name):
        return _of_name(scope, node, depth)
    if isinstance(node, nodes.Attribute):
        return _of_attribute(scope, node, depth)
    if isinstance(node, nodes.Subscript):
        return _of_subscript(scope, node, depth)
    if isinstance(node, nodes.Call):
        return _of_call(scope, node, depth)
    if isinstance(node, nodes.BinaryOperation) and isinstance(node.operator, (operators.Multiply, operators.Divide)):
        for factor, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(factor, (nodes.Float, nodes.Integer)):
                return rank_of(scope, other, depth + 1)
    return None


def _of_name(scope: Scope, node: nodes.Name, depth: int) -> int | None:
    bindings = scope.bindings.get(node.value, [])
    if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
        return rank_of(scope, bindings[0].value, depth + 1)
    return None


def _of_attribute(scope: Scope, node: nodes.Attribute, depth: int) -> int | None:
    name = node.attr.value
    owner = scope.type(node.value)
    if owner is not None and owner.is_module:
        found = _of_member(owner, name, depth)
        if found is not None:
            return found
    classes = [scope.qualified(c) for c in classes_proved(scope, node.value)]
    return _same([parameter_rank(c, name) if c is not None else None for c in classes])


def _of_member(owner: Type, name: str, depth: int) -> int | None:
    if owner.cls is None:
        return parameter_rank(owner.name, name)
    assignments = [a for a in owner.cls.assignments(name) if a.how != "augmented"]
    if assignments:
        given = [a for a in assignments if a.value is not None and not _is_none(a.value)]
        return _same([rank_of(a.scope, a.value, depth + 1) for a in given if a.value is not None])
    return _same([parameter_rank(base, name) for base in owner.cls.known_bases if base != "torch.nn.Module"])


def _of_subscript(scope: Scope, node: nodes.Subscript, depth: int) -> int | None:
    inner = rank_of(scope, node.value, depth + 1)
    if inner is None:
        return None
    for element in node.slice:
        index = element.slice
        if isinstance(index, nodes.Slice):
            continue
        if not isinstance(index, nodes.Index) or not is_integer(scope, index.value):
            return None
        inner -= 1
    return inner if inner >= 0 else None


def _of_call(scope: Scope, node: nodes.Call, depth: int) -> int | None:
    name = scope.qualified(node.func)
    if name in PARAMETER_CLASSES:
        value = arguments_of(node, ("data",)).get("data")
        return rank_of(scope, value, depth + 1) if value is not None else None
    method = node.func.attr.value if isinstance(node.func, nodes.Attribute) else ""
    if name in _SIZED or (name is None and method in _SIZED_METHODS):
        return _of_sizes(scope, [a for a in node.args if a.keyword is None or a.keyword.value == "size"])
    if name in _SIZE_FIRST:
        size = arguments_of(node, ("size",)).get("size")
        return _of_sizes(scope, [nodes.Arg(None, size)]) if isinstance(size, (nodes.Tuple, nodes.List)) else None
    if name is None and isinstance(node.func, nodes.Attribute) and method in _KEEPING:
        return rank_of(scope, node.func.value, depth + 1)
    return None


def _of_sizes(scope: Scope, sizes: list[nodes.Arg]) -> int | None:
    if not sizes or any(arg.star for arg in sizes):
        return None
    if len(sizes) > 1:
        return len(sizes)
    only = sizes[0].value
    if isinstance(only, (nodes.Tuple, nodes.List)):
        starred = any(isinstance(element, nodes.StarredElement) for element in only.elements)
        return None if starred else len(only.elements)
    return 1 if is_integer(scope, only) else None


# Whole numbers


def is_integer(scope: Scope, node: nodes.BaseExpression, depth: int = 0) -> bool:
    """Whether an expression is certainly one whole number, not a shape."""
    if depth > _DEPTH:
        return False
    if isinstance(node, nodes.Integer):
        return True
    if isinstance(node, nodes.UnaryOperation):
        return is_integer(scope, node.expression, depth + 1)
    if isinstance(node, nodes.BinaryOperation):
        if isinstance(node.operator, (operators.FloorDivide, operators.Subtract, operators.Modulo, operators.Power)):
            return True
        return is_integer(scope, node.left, depth + 1) and is_integer(scope, node.right, depth + 1)
    if isinstance(node, nodes.Call):
        return scope.qualified(node.func) in ("int", "len", "round")
    if isinstance(node, nodes.Attribute):
        return _is_integer_attribute(scope, node, depth)
    return isinstance(node, nodes.Name) and _is_integer_name(scope, node, depth)


def _is_integer_attribute(scope: Scope, node: nodes.Attribute, depth: int) -> bool:
    name = scope.self_attribute(node)
    if name is None or scope.cls is None:
        return False
    if _is_size_elsewhere(scope, node):
        return True
    values = scope.cls.own_assignments(name)
    return bool(values) and all(
        a.how == "assign" and a.value is not None and is_integer(a.scope, a.value, depth + 1) for a in values
    )


def _is_integer_name(scope: Scope, node: nodes.Name, depth: int) -> bool:
    bindings = scope.bindings.get(node.value, [])
    if not bindings:
        return False
    for binding in bindings:
        if binding.kind == "parameter":
            if _is_star(scope, node.value):
                return False  # `*sizes: int` are several
            annotation = scope.text(binding.annotation) if binding.annotation is not None else ""
            if annotation == "int" or (binding.value is not None and isinstance(binding.value, nodes.Integer)):
                continue
            if annotation or not _is_size_elsewhere(scope, node):
                return False
        elif binding.kind == "for":
            if not isinstance(binding.value, nodes.Call) or scope.qualified(binding.value.func) != "range":
                return False
        elif binding.kind != "assign" or binding.value is None or not is_integer(scope, binding.value, depth + 1):
            return False
    return True


def _is_star(scope: Scope, name: str) -> bool:
    params = getattr(scope.node, "params", None)
    star = params.star_arg if params is not None else None
    return isinstance(star, nodes.Param) and star.name.value == name


def _is_size_elsewhere(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether the same expression is one of several sizes, or a layer's number of features, somewhere in the scope."""
    text = scope.text(node)
    for call in scope.find(nodes.Call):
        called = scope.qualified(call.func)
        if called is None:
            continue
        placed = [a.value for a in call.args if a.keyword is None and not a.star]
        if called in _SIZED and len(placed) == 1 and isinstance(placed[0], (nodes.Tuple, nodes.List)):
            placed = [element.value for element in placed[0].elements]
        sizes = placed if called in _SIZED and len(placed) > 1 else []
        known = module_class(called)
        if known is not None and known.arguments[:1] in (("in_features",), ("in_channels",), ("num_embeddings",)):
            sizes = placed[:2]
        if any(size.__class__ is node.__class__ and scope.text(size) == text for size in sizes):
            return True
    return False


def _is_none(node: nodes.BaseExpression) -> bool:
    return isinstance(node, nodes.Name) and node.value == "None"


def _same(ranks: list[int | None]) -> int | None:
    return ranks[0] if ranks and len(set(ranks)) == 1 else None
