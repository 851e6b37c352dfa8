"""What a class, or an annotation that names one, says of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.types import MODULE, NONE, OTHER, PARAMETER, TENSOR, Type, join
from paramlint.knowledge import OPTIMIZERS, PARAMETER_CLASSES, module_class
from paramlint.knowledge.foreign import foreign_module
from paramlint.nodes import operators
from paramlint.syntax.expressions_from_ast import parse_expression

if TYPE_CHECKING:
    from paramlint.facts.files import Symbol
    from paramlint.facts.scopes import Scope

_PLAIN_TYPES = {"int", "float", "str", "bool", "bytes", "dict", "Dict"}


def instance_of(symbol: Symbol | None) -> Type | None:
    """A value of what a name stands for."""
    if isinstance(symbol, Class):
        return instance(symbol)
    if not isinstance(symbol, str):
        return None
    if symbol in PARAMETER_CLASSES:
        return PARAMETER
    if symbol == "torch.Tensor":
        return TENSOR
    known = module_class(symbol)
    if known is not None:
        return Type("module", known.name, owns={"always": True, "never": False}.get(known.owns))
    if foreign_module(symbol):
        return MODULE
    return Type("optimizer", symbol) if symbol in OPTIMIZERS else None


def instance(cls: Class) -> Type | None:
    """A value of a class of the project; a module's own parameters are counted only when somebody asks."""
    if cls.is_module:
        return Type("module", cls.canonical, cls)
    if cls.is_module is False:
        if cls.inherits("torch.optim.Optimizer"):
            return Type("optimizer", cls.canonical, cls)
        return Type("other", cls.canonical, cls)
    return None


def class_object(symbol: Symbol | None) -> Type | None:
    """The class itself that a name stands for."""
    if isinstance(symbol, Class):
        return Type("class", symbol.canonical, symbol)
    if isinstance(symbol, str) and (module_class(symbol) is not None or foreign_module(symbol)):
        return Type("class", symbol)
    return None


def type_of_annotation(scope: Scope, node: nodes.Node) -> Type | None:
    """What a value is according to its annotation: `nn.Linear`, `Optional[nn.Module]`, `list[nn.Parameter]`..."""
    if isinstance(node, nodes.SimpleString):
        parsed = parse_expression(str(node.evaluated_value))
        if parsed is None:
            return None
        node = parsed
    if isinstance(node, nodes.BinaryOperation) and isinstance(node.operator, operators.BitOr):
        return join([type_of_annotation(scope, node.left), type_of_annotation(scope, node.right)])
    if isinstance(node, nodes.Name) and node.value == "None":
        return NONE
    if isinstance(node, nodes.Subscript):
        return _generic(scope, node)
    if isinstance(node, nodes.Name) and node.value in _PLAIN_TYPES:
        return OTHER
    return instance_of(scope.resolve(node))


def _generic(scope: Scope, node: nodes.Subscript) -> Type | None:
    head = (scope.qualified(node.value) or "").rpartition(".")[2]
    inner = [e.slice.value for e in node.slice if isinstance(e.slice, nodes.Index)]
    if head == "Optional" and inner:
        return type_of_annotation(scope, inner[0])
    if head == "Union":
        return join([type_of_annotation(scope, i) for i in inner])
    if head in ("type", "Type") and inner:
        of = type_of_annotation(scope, inner[0])
        return Type("class", of.name, of.cls) if of is not None and of.is_module else None
    if head.lower() in ("list", "tuple", "sequence", "iterable", "set", "iterator", "collection") and inner:
        if isinstance(inner[-1], nodes.Ellipsis):
            inner.pop()
        item = join([type_of_annotation(scope, i) for i in inner])
        return Type("container", head, item=item, lazy=head in ("Iterator",)) if item is not None else None
    if head.lower() in ("dict", "mapping", "ordereddict", "mutablemapping") and len(inner) == 2:
        item = type_of_annotation(scope, inner[1])
        return Type("container", "dict", item=item) if item is not None else None
    return None
