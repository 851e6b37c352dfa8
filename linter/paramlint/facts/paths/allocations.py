"""Tensors allocated without values: which call makes one, of what rank."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.memo import remember
from paramlint.knowledge import EMPTY_FACTORIES, LEGACY_CONSTRUCTORS, STORAGE_DTYPES

if TYPE_CHECKING:
    from paramlint.facts.assignments import Assignment
    from paramlint.facts.scopes import Scope

#: The last names of all calls that can allocate without values; rare enough to nominate a class by.
ALLOCATORS = tuple(sorted({name.rpartition(".")[2] for name in EMPTY_FACTORIES} - {"new"}))

_WHOLE_NUMBERS = ("BoolTensor", "ByteTensor", "CharTensor", "IntTensor", "LongTensor", "ShortTensor")
_LIKE = {"torch.empty_like", "new"}
_DATA_NAME = re.compile(r"(?:weights?|array|data|vectors?|values?|embeddings?|matrix|mean|std|init|table|tensor)$")


@dataclass(frozen=True, eq=False)
class Allocation:
    """One call that gives memory nobody has written.

    Attributes:
        node: the call.
        rank: the number of dimensions, where the call shows it.
    """

    scope: Scope
    node: nodes.Call
    rank: int | None = None


def allocation_of(scope: Scope, node: nodes.Call) -> Allocation | None:
    """The allocation that a call is.

    `None` for calls that copy data, for sizes that hold no element, for the meta device and for types that are only
    stored and never trained (integers, fp8).
    """
    name = _allocator(scope, node)
    if name is None or name.endswith(_WHOLE_NUMBERS):
        return None
    given = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
    sizes = [arg for arg in node.args if arg.keyword is None]
    if _is_stored_only(scope, given) or _is_meta(scope, given):
        return None
    if name in _LIKE:
        return Allocation(scope, node) if sizes and name != "new" else None
    if "size" in given:
        sizes = [nodes.Arg(None, given["size"])]
    if not sizes or (name in LEGACY_CONSTRUCTORS and "size" not in given and _is_data(scope, sizes)):
        return None
    shape = _shape(sizes)
    if shape is not None and any(isinstance(size, nodes.Integer) and size.evaluated_value == 0 for size in shape):
        return None
    return Allocation(scope, node, len(shape) if shape is not None else None)


def is_allocator(scope: Scope, node: nodes.Call) -> bool:
    """Whether a call has the last name of an allocator, by itself or where it is imported."""
    name = node.func.attr.value if isinstance(node.func, nodes.Attribute) else getattr(node.func, "value", "")
    return name in ALLOCATORS or scope.file.outline.imports.get(name, "").rpartition(".")[2] in ALLOCATORS


def _allocator(scope: Scope, node: nodes.Call) -> str | None:
    last = node.func.attr.value if isinstance(node.func, nodes.Attribute) else getattr(node.func, "value", "")
    name = scope.qualified(node.func)
    if name in EMPTY_FACTORIES:
        return name
    is_method = isinstance(node.func, nodes.Attribute) and last in ("new_empty", "new_empty_strided")
    return str(last) if is_method else None


def _is_stored_only(scope: Scope, given: dict[str, nodes.BaseExpression]) -> bool:
    return "dtype" in given and scope.qualified(given["dtype"]) in STORAGE_DTYPES


def _is_meta(scope: Scope, given: dict[str, nodes.BaseExpression]) -> bool:
    return "device" in given and "meta" in scope.text(given["device"])


def _shape(sizes: list[nodes.Arg]) -> list[nodes.BaseExpression] | None:
    """The sizes of a call's dimensions, where it lists them."""
    if any(arg.star for arg in sizes):
        return None
    if len(sizes) > 1:
        return [arg.value for arg in sizes]
    only = sizes[0].value
    if not isinstance(only, (nodes.Tuple, nodes.List)):
        return [only] if isinstance(only, (nodes.Integer, nodes.BinaryOperation)) else None
    if any(isinstance(element, nodes.StarredElement) for element in only.elements):
        return None
    return [element.value for element in only.elements]


def _is_data(scope: Scope, sizes: list[nodes.Arg]) -> bool:
    """Whether a legacy constructor is given values to copy; several arguments are always sizes."""
    if len(sizes) != 1 or sizes[0].star:
        return False
    return _holds_values(scope, sizes[0].value)


def _holds_values(scope: Scope, node: nodes.BaseExpression) -> bool:
    if isinstance(node, (nodes.List, nodes.ListComp, nodes.Dict, nodes.Subscript)):
        return True
    if isinstance(node, nodes.Tuple):  # `torch.Tensor((2, 3))` copies two numbers, as a list does
        return True
    if isinstance(node, nodes.Call):
        name = scope.qualified(node.func) or scope.dotted(node.func) or ""
        return not name.startswith(("int", "len", "max", "min", "sum", "math."))
    if isinstance(node, nodes.BinaryOperation):
        return _holds_values(scope, node.left) or _holds_values(scope, node.right)
    if isinstance(node, nodes.Attribute):
        return _DATA_NAME.search(node.attr.value) is not None
    if isinstance(node, nodes.Name):
        return _is_data_name(scope, node)
    return False


def _is_data_name(scope: Scope, node: nodes.Name) -> bool:
    known = scope.type(node)
    if known is not None and known.kind in ("tensor", "container", "parameter", "buffer"):
        return True
    for binding in scope.bindings.get(node.value, ()):
        if binding.kind == "parameter":
            annotation = scope.text(binding.annotation) if binding.annotation is not None else ""
            if annotation and annotation != "int":
                return True
        elif binding.value is None or binding.kind != "assign" or _holds_values(scope, binding.value):
            return True
    return _DATA_NAME.search(node.value) is not None


def stored_at(scope: Scope, node: nodes.Call, name: str) -> nodes.Node:
    """Where an allocation becomes the attribute `name`: the assignment's target, the registered name, else the call."""
    for assignment in _storing(scope, node, name):
        if isinstance(assignment.node, nodes.Assign):
            return assignment.node.targets[0].target
        if isinstance(assignment.node, nodes.AnnAssign):
            return assignment.node.target
        if isinstance(assignment.node, nodes.Call):
            return assignment.node.args[0].value
    return node


def _storing(scope: Scope, node: nodes.Call, name: str) -> Iterator[Assignment]:
    """The assignments of an attribute that contain a call, or come after the one that gives its result a local name."""
    starts, by_node, assignments = remember(scope, f"places of assignments to {name}", lambda: _places(scope, name))
    around = list(scope.ancestors(node))
    for statement in reversed(around):
        yield from by_node.get(statement, ())
    if any(isinstance(a, nodes.Assign) and isinstance(a.targets[0].target, nodes.Name) for a in around):
        yield from islice(assignments, bisect_right(starts, scope.order(node)), None)


def _places(scope: Scope, name: str) -> tuple[list[int], dict[nodes.Node, list[Assignment]], list[Assignment]]:
    """Where an attribute is assigned, in the order of the text; the assignments by node; all of them in order."""
    by_node: dict[nodes.Node, list[Assignment]] = {}
    assignments = sorted(scope.assignments_of(name), key=lambda a: scope.order(a.node))
    for assignment in assignments:
        by_node.setdefault(assignment.node, []).append(assignment)
    return [scope.order(a.node) for a in assignments], by_node, assignments
