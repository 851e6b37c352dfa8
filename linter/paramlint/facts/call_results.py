"""What calls give: of classes, of functions, of torch's and Python's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.annotations import instance, instance_of
from paramlint.facts.classes import Class
from paramlint.facts.members import MODULE_ITERATORS, attribute_of, class_method, method_of, module_method
from paramlint.facts.passed_on import only_returned, returned_by, spread_arguments
from paramlint.facts.types import BUFFER, MODULE, OTHER, PARAMETER, TENSOR, Type, join
from paramlint.knowledge import (
    BUFFER_CLASSES,
    OPTIMIZERS,
    PARAMETER_CLASSES,
    TENSOR_FACTORIES,
    ModuleClass,
    module_class,
)
from paramlint.knowledge.foreign import foreign_module
from paramlint.nodes.call_arguments import arguments_of

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_COPIES = {"copy.deepcopy", "copy.copy", "deepcopy"}
#: Functions that give back the module they are given, changed in place or wrapped.
_SAME_MODULE = {
    "torch.compile", "torch.jit.script", "torch.nn.utils.weight_norm", "torch.nn.utils.spectral_norm",
    "torch.nn.utils.parametrizations.weight_norm", "torch.nn.utils.parametrizations.spectral_norm",
    "torch.nn.utils.parametrizations.orthogonal", "torch.nn.utils.remove_weight_norm",
}  # fmt: skip
_PARTIAL = {"functools.partial", "partial"}
_HOLD_PARAMETERS = {"torch.nn.ParameterList", "torch.nn.ParameterDict"}
_CONTAINERS = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"}
_LAZY = {"filter", "map", "zip", "iter", "itertools.chain"}


def result_of(scope: Scope, node: nodes.Call) -> Type | None:
    """What a call gives."""
    if isinstance(node.func, nodes.Attribute):
        receiver = scope.type(node.func.value)
        if receiver is not None and receiver.kind != "class":
            found = method_of(receiver, node.func.attr.value)
            if found is not None:
                return found
        elif receiver is not None and receiver.cls is not None:
            return class_method(receiver, node.func.attr.value)
        elif receiver is None and node.func.attr.value in MODULE_ITERATORS:
            return module_method(MODULE, node.func.attr.value)
    name = scope.qualified(node.func)
    if name is not None:
        found = _external(scope, node, name)
        if found is not None:
            return found
    symbol = scope.resolve(node.func)
    if isinstance(symbol, Class):
        return instance(symbol)
    if symbol is not None and not isinstance(symbol, str):
        return symbol.returned
    if isinstance(node.func, nodes.Name) and (made := _local_result(scope, node.func.value)) is not None:
        return made
    called = scope.type(node.func)
    if called is not None and called.kind == "class":
        if called.cls is not None:
            return instance(called.cls)
        known = module_class(called.name)
        return _module(scope, node, known) if known is not None else instance_of(called.name)
    return None


def _local_result(scope: Scope, name: str) -> Type | None:
    """What a function that is defined in this one gives, where it only returns an expression."""
    value = returned_by(scope, name, scope.bindings)
    return scope.type(value) if value is not None else None


def behind_call(scope: Scope, node: nodes.BaseExpression) -> tuple[Scope, nodes.BaseExpression]:
    """The expression that a function of the project only returns, with its scope, for a call of it; else the same."""
    if isinstance(node, nodes.NamedExpr):
        node = node.value
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Name):
        local = returned_by(scope, node.func.value, scope.bindings)
        if local is not None:
            return scope, local
        symbol = scope.resolve(node.func)
        if symbol is not None and not isinstance(symbol, (str, Class)):
            value = only_returned(symbol.node)
            if value is not None:
                return symbol, value
    own = scope.self_attribute(node.func) if isinstance(node, nodes.Call) else None
    method = scope.cls.method(own) if own is not None and scope.cls is not None else None
    value = only_returned(method.node) if method is not None else None
    return (method, value) if method is not None and value is not None else (scope, node)


def _external(scope: Scope, node: nodes.Call, name: str) -> Type | None:
    if name in PARAMETER_CLASSES:
        return PARAMETER
    if name in BUFFER_CLASSES:
        return BUFFER
    if name in OPTIMIZERS:
        return Type("optimizer", name)
    known = module_class(name)
    if known is not None:
        return _module(scope, node, known)
    if foreign_module(name):
        return MODULE
    arguments = [a.value for a in node.args if a.star == ""]
    first = arguments[0] if arguments else None
    if name in TENSOR_FACTORIES:
        return TENSOR
    if first is not None and name in _COPIES:
        return scope.type(first)
    if first is not None and name in _SAME_MODULE:
        return scope.type(first)
    if name.startswith("torch.nn.init."):
        return scope.type(first) if first is not None else None
    if name in _CONTAINERS and first is not None:
        source = scope.type(first)
        if source is not None and source.kind in ("container", "module"):
            return Type(
                "container",
                name,
                item=source.item,
                parts=source.parts,
                owns=source.owns,
                pairs=source.pairs,
                lazy=name in _LAZY,
            )
        return None
    if name in ("filter", "map", "itertools.chain"):
        return _lazy_call(scope, name, arguments)
    if name in ("dict", "collections.OrderedDict", "list", "tuple", "set") and not node.args:
        return Type("container", name.rpartition(".")[2])
    if name in _PARTIAL and first is not None:
        of = scope.type(first)
        return of if of is not None and of.kind == "class" else None
    if name in ("len", "int", "float", "str", "sum", "range", "isinstance", "max", "min"):
        return OTHER
    if name == "getattr" and len(arguments) >= 2 and isinstance(arguments[1], nodes.SimpleString):
        owner = scope.type(arguments[0])
        return attribute_of(owner, str(arguments[1].evaluated_value)) if owner is not None else None
    return None


def _lazy_call(scope: Scope, name: str, arguments: list[nodes.BaseExpression]) -> Type | None:
    if name == "filter" and len(arguments) == 2:
        source = scope.type(arguments[1])
        if source is not None and source.kind in ("container", "module"):
            return Type(
                "container", name, item=source.item, parts=source.parts, owns=source.owns, pairs=source.pairs, lazy=True
            )
        return None
    if name == "itertools.chain":
        sources = [scope.type(a) for a in arguments]
        items = [s.item if s is not None and s.kind == "container" else None for s in sources]
        return Type("container", name, item=join(items), lazy=True) if items else None
    return Type("container", name, lazy=True)


def _module(scope: Scope, node: nodes.Call, known: ModuleClass) -> Type:
    """An instance of one of torch's modules, and whether its arguments leave it parameters."""
    if known.owns == "always" or known.owns == "never":
        return Type("module", known.name, owns=known.owns == "always")
    if known.owns == "arguments":
        return Type("module", known.name, owns=_owns_by_arguments(scope, node, known))
    items: list[Type | None] = []
    for arg in spread_arguments(scope, node):
        value = scope.type(arg.value)
        if value is not None and (arg.star or value.kind == "container"):
            items.extend(value.parts or _appended(scope, arg.value) or (value.item or Type("module", owns=value.owns),))
        else:
            items.append(value)
    if known.name in _HOLD_PARAMETERS and not any(item is not None and item.is_module and item.name for item in items):
        parts = tuple(item for item in items if item is None or item.is_parameter)
        return Type("module", known.name, item=PARAMETER, parts=parts)
    return Type("module", known.name, item=join(items) if items else None, parts=tuple(items))


def _appended(scope: Scope, node: nodes.BaseExpression) -> list[Type | None]:
    """What a list that begins empty is given one by one."""
    bound = scope.bindings.get(node.value, []) if isinstance(node, nodes.Name) else []
    display = bound[0].value if len(bound) == 1 else None
    if not isinstance(node, nodes.Name) or not isinstance(display, nodes.List) or display.elements:
        return []
    calls = [c for c in scope.find(nodes.Call) if len(c.args) == 1 and isinstance(c.func, nodes.Attribute)]
    return [scope.type(c.args[0].value) for c in calls if scope.text(c.func) == f"{node.value}.append"]


def _owns_by_arguments(scope: Scope, node: nodes.Call, known: ModuleClass) -> bool | None:
    """Whether arguments such as `affine=False` leave the module without parameters."""
    args = spread_arguments(scope, node)
    given = arguments_of(args, known.arguments)
    flags = [(given[name], value) for name, value in known.without if name in given]
    if not flags:
        return None if any(arg.star for arg in args) else known.owns_by_default
    if any(scope.text(flag) == repr(value) for flag, value in flags):
        return False
    return True if all(scope.text(flag) in ("True", "False") for flag, _ in flags) else None
