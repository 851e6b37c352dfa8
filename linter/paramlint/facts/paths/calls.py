"""Calls on a path of a constructor: allocations, initialisers, registrations, own methods, helpers, and the unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.paths.allocations import allocation_of
from paramlint.facts.paths.joined import MAX_PATHS
from paramlint.facts.paths.relevance import is_library
from paramlint.facts.paths.values import (
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
    holds_instance,
)
from paramlint.knowledge import MODULE_METHODS, PARAMETER_CLASSES, TENSOR_INPLACE, module_class
from paramlint.knowledge.foreign import foreign_module

if TYPE_CHECKING:
    from paramlint.facts.paths.constructor import Construction, Outcomes
    from paramlint.facts.scopes import Scope

Arguments = list[tuple[str, Value]]

_CONTAINERS = {
    "torch.nn.ParameterList", "torch.nn.ParameterDict", "torch.nn.ModuleList", "torch.nn.ModuleDict",
    "torch.nn.Sequential", "list", "tuple", "set", "dict", "iter", "reversed", "sorted", "copy.deepcopy", "copy.copy",
    "collections.OrderedDict", "itertools.chain",
}  # fmt: skip
#: Functions that look at what they are given and leave it as it is.
_HARMLESS = {
    "len", "isinstance", "issubclass", "print", "range", "int", "float", "str", "bool", "repr", "type", "id",
    "min", "max", "sum", "abs", "round", "hasattr", "callable", "super", "any", "all", "hash", "vars", "dir",
    "locals", "warn",
}  # fmt: skip
_HARMLESS_MODULES = ("torch.", "math.", "numpy.", "warnings.", "logging.", "logger.", "inspect.", "weakref.", "typing.")
#: Methods of a tensor that give it, or a view or copy of it, back.
_SAME_MEMORY = {
    "to", "cuda", "cpu", "float", "half", "double", "bfloat16", "type", "type_as", "detach", "view", "view_as",
    "reshape", "t", "transpose", "permute", "unsqueeze", "squeeze", "expand", "expand_as", "flatten",
    "contiguous", "clone", "narrow", "chunk", "split", "unbind", "select", "requires_grad_", "unsqueeze_",
    "squeeze_", "t_", "transpose_", "detach_", "share_memory_", "pin_memory", "diagonal", "repeat", "mul",
    "div", "add", "sub",
}  # fmt: skip
_REGISTERING = {"register_parameter", "register_buffer", "add_module", "register_module"}
_OWN_PARAMETERS = {"parameters": False, "named_parameters": True, "buffers": False, "named_buffers": True}
_ADDING = {"append", "add", "extend", "insert", "update", "register"}
#: Classes of torch whose `reset_parameters` goes through `self.parameters()`.
_WRITING_ALL = {"RNNBase", "RNNCellBase"}


def call(walk: Construction, scope: Scope, node: nodes.Call, path: Path) -> Outcomes:
    """The values that a call can have, each with the path on which it has it."""
    allocation = allocation_of(scope, node)
    if allocation is not None:
        return [(walk.allocate(allocation, path), path)]
    if isinstance(node.func, nodes.Attribute):
        return _method_call(walk, scope, node, node.func, path)
    name = scope.qualified(node.func) if isinstance(node.func, nodes.Name) else None
    found: Outcomes = []
    for function, arguments, p in _function_and_arguments(walk, scope, node, path):
        if isinstance(function, Function):
            found += _project_call(walk, function, arguments, p)
        else:
            found += _plain_call(walk, scope, node, name, arguments, p)
    return found


def _function_and_arguments(
    walk: Construction, scope: Scope, node: nodes.Call, path: Path
) -> list[tuple[Value, Arguments, Path]]:
    return [
        (function, arguments, q)
        for function, p in walk.evaluate(scope, node.func, path)
        for arguments, q in _arguments(walk, scope, node, p)
    ]


def _arguments(walk: Construction, scope: Scope, node: nodes.Call, path: Path) -> list[tuple[Arguments, Path]]:
    """The arguments as (keyword or "", value) pairs; a starred one that is not known stands for nothing."""
    found: list[tuple[Arguments, Path]] = [([], path)]
    for arg in node.args:
        longer: list[tuple[Arguments, Path]] = []
        for before, p in found:
            for value, q in walk.evaluate(scope, arg.value, p):
                if arg.star:
                    more = [("", v) for v in value.values] if isinstance(value, Items) else []
                else:
                    shown = value if value is not None else Symbol(scope.text(arg.value))
                    more = [(arg.keyword.value if arg.keyword is not None else "", shown)]
                longer.append(([*before, *more], q))
        found = _few(walk, longer)
    return found


def _few(walk: Construction, found: list[tuple[Arguments, Path]]) -> list[tuple[Arguments, Path]]:
    """The same, or one row of arguments for each way in which they are given, where they are too many."""
    if len(found) <= MAX_PATHS:
        return found
    by: dict[tuple[str, ...], list[tuple[tuple[Value, ...], Path]]] = {}
    for arguments, path in found:
        by.setdefault(tuple([key for key, _ in arguments]), []).append((tuple([v for _, v in arguments]), path))
    few = [(keys, *row) for keys, rows in by.items() for row in walk.few_rows(rows)]
    return [(list(zip(keys, values, strict=True)), path) for keys, values, path in few]


def _positional(arguments: Arguments) -> list[Value]:
    return [value for keyword, value in arguments if not keyword]


# Methods


def _method_call(walk: Construction, scope: Scope, node: nodes.Call, func: nodes.Attribute, path: Path) -> Outcomes:
    if (
        isinstance(func.value, nodes.Call)
        and isinstance(func.value.func, nodes.Name)
        and func.value.func.value == "super"
    ):
        return _super_call(walk, scope, node, func.attr.value, path)
    found: Outcomes = []
    for owner, p in walk.evaluate(scope, func.value, path):
        for arguments, q in _arguments(walk, scope, node, p):
            found += _method_of(walk, scope, node, func, owner, arguments, q)
    return found


def _method_of(
    walk: Construction,
    scope: Scope,
    node: nodes.Call,
    func: nodes.Attribute,
    owner: Value,
    arguments: Arguments,
    path: Path,
) -> Outcomes:
    name = func.attr.value
    if isinstance(owner, Instance):
        return _own_method(walk, name, arguments, path)
    if isinstance(owner, Tensor):
        return [(_tensor_method(owner, name, path), path)]
    if isinstance(owner, Items):
        return [(_container_method(walk, scope, func, owner, arguments, path), path)]
    return _plain_call(walk, scope, node, scope.qualified(func), arguments, path)


def _tensor_method(owner: Tensor, name: str, path: Path) -> Value:
    if name in TENSOR_INPLACE or name in ("set_", "apply_", "resize_as_"):
        path.write(owner)
        return owner
    return owner if name in _SAME_MEMORY or name.endswith("_") else Symbol(f"tensor.{name}")


def _container_method(
    walk: Construction, scope: Scope, func: nodes.Attribute, owner: Items, arguments: Arguments, path: Path
) -> Value:
    name = func.attr.value
    if name in ("values", "parameters", "copy", "modules", "children", "buffers"):
        return owner
    if name in ("items", "named_parameters", "named_modules", "named_children", "named_buffers"):
        return Items(tuple(Items((None, value)) for value in owner.values))
    if name in _ADDING:
        values = [value for _, value in arguments]
        added = [v for value in values for v in (value.values if isinstance(value, Items) else (value,))]
        walk.replace(scope, func.value, Items((*owner.values, *added)), path)
        return owner
    hand_over([owner, *(value for _, value in arguments)], path)
    return None


def _own_method(walk: Construction, name: str, arguments: Arguments, path: Path) -> Outcomes:
    """A call on the instance: a method of the project, one of every module, or a stored callable."""
    method = walk.cls.method(name)
    if name in path.attributes:
        stored = path.attributes[name]
        if isinstance(stored, Function):
            return _project_call(walk, stored, arguments, path)
        hand_over([value for _, value in arguments], path)
        return [(None, path)]
    if method is not None and not is_library(method.cls):
        return _project_method(walk, method, arguments, path)
    if name == "post_init":
        return _post_init(walk, path)
    if name in MODULE_METHODS:
        return _module_method(walk, name, arguments, path)
    known = [module_class(base) for base in walk.cls.known_bases]
    if name == "reset_parameters" and any(known):
        return [(_torch_reset(walk, path), path)]
    if walk.cls.assignments(name):  # a submodule or a stored callable
        hand_over([value for _, value in arguments], path)
    else:
        path.write_all(certain=False)
    return [(None, path)]


def _project_method(walk: Construction, method: Scope, arguments: Arguments, path: Path) -> Outcomes:
    given = [value for _, value in arguments]
    if not walk.relevance.of_function(method, path) and not any(cells_in(v) or holds_instance(v) for v in given):
        return [(None, path)]
    if not isinstance(method.node, nodes.FunctionDef):
        return [(None, path)]
    decorators = {d.decorator.value for d in method.node.decorators if isinstance(d.decorator, nodes.Name)}
    return walk.call(Function(method, method.node, is_bound="staticmethod" not in decorators), arguments, path)


def _post_init(walk: Construction, path: Path) -> Outcomes:
    """transformers' `post_init` gives each module of the model, itself included, to `_init_weights`."""
    method = walk.cls.method("_init_weights")
    if method is None or is_library(method.cls):
        return [(None, path)]
    return _project_method(walk, method, [("", Instance())], path)


def _module_method(walk: Construction, name: str, arguments: Arguments, path: Path) -> Outcomes:
    """A method of every module."""
    positional = _positional(arguments)
    given = dict(arguments)
    if name in _REGISTERING:
        _register(walk, positional, given, path)
        return [(None, path)]
    if name in _OWN_PARAMETERS:
        return [(_own_tensors(walk, path, named=_OWN_PARAMETERS[name]), path)]
    if name == "modules":
        return [(Items((Instance(),)), path)]
    if name == "named_modules":
        return [(Items((Items((Constant(""), Instance())),)), path)]
    if name == "apply":
        return _apply(walk, positional[0] if positional else given.get("fn"), path)
    if name in ("load_state_dict", "to_empty", "_load_from_state_dict", "__setstate__"):
        path.write_all(certain=False)
    return [(Instance(), path)]


def _register(walk: Construction, positional: list[Value], given: dict[str, Value], path: Path) -> None:
    name = positional[0] if positional else given.get("name")
    value = positional[1] if len(positional) > 1 else None
    for key in ("param", "tensor", "module"):
        value = value if value is not None else given.get(key)
    if isinstance(name, Constant) and isinstance(name.value, str):
        path.attributes[name.value] = value if value is not None else Thing()
    else:
        walk.lose(value, path)


def _own_tensors(walk: Construction, path: Path, *, named: bool) -> Items:
    """The parameters that are known to be on the instance; those that are not need no writing here."""
    found: list[Value] = []
    for name, value in path.attributes.items():
        parts = value.values if isinstance(value, Items) else (value,)
        for part in parts:
            if isinstance(part, Tensor) and part.cells & walk.parameters:
                text = Constant(name) if part is value else Symbol(name)
                found.append(Items((text, part)) if named else part)
    return Items(tuple(found))


def _apply(walk: Construction, function: Value, path: Path) -> Outcomes:
    if isinstance(function, Function):
        return walk.call(function, [("", Instance())], path)
    path.write_all(certain=False)
    return [(Instance(), path)]


def _super_call(walk: Construction, scope: Scope, node: nodes.Call, name: str, path: Path) -> Outcomes:
    found: Outcomes = []
    for arguments, p in _arguments(walk, scope, node, path):
        method = _next_method(walk.cls, scope.cls, name)
        if method is not None and not is_library(method.cls):
            found += _project_method(walk, method, arguments, p)
        elif name in MODULE_METHODS and name != "__init__":
            found += _module_method(walk, name, arguments, p)
        elif name == "reset_parameters" and walk.cls.known_bases:
            found.append((_torch_reset(walk, p), p))
        else:
            if name not in ("__init__", "_init_weights", "reset_parameters") and not walk.cls.is_complete:
                p.write_all(certain=False)
            found.append((None, p))
    return found


def _next_method(cls: Class, after: Class | None, name: str) -> Scope | None:
    if after not in cls.mro:
        return None
    for base in cls.mro[cls.mro.index(after) + 1 :]:
        method = base.own_method(name)
        if method is not None:
            return method
    return None


def _torch_reset(walk: Construction, path: Path) -> Value:
    """`reset_parameters` of one of torch's modules writes the parameters of that module; a recurrent one writes all."""
    for base in walk.cls.known_bases:
        known = module_class(base)
        names = (base, *known.bases) if known is not None else (base,)
        if any(name.rpartition(".")[2] in _WRITING_ALL for name in names):
            path.write_all(certain=True)
        for name in known.parameters if known is not None else ():
            path.write(path.attributes.get(name))
    return None


# Functions


def _project_call(walk: Construction, function: Function, arguments: Arguments, path: Path) -> Outcomes:
    return walk.call(function, arguments, path)


def _plain_call(
    walk: Construction, scope: Scope, node: nodes.Call, name: str | None, arguments: Arguments, path: Path
) -> Outcomes:
    positional = _positional(arguments)
    first = positional[0] if positional else None
    given = dict(arguments)
    if name is not None:
        if name.startswith("torch.nn.init."):
            target = first if positional else given.get("tensor")
            path.write(target)
            return [(target, path)]
        if name in PARAMETER_CLASSES:
            return [(_parameter(walk, scope, node, first if positional else given.get("data"), path), path)]
        known = _builtin(walk, name, arguments, path)
        if known is not None:
            return known
        path.write(given.get("out"))
        if name in _HARMLESS or name.startswith(_HARMLESS_MODULES):
            return [(Thing() if name.startswith("torch.") else None, path)]
    return _by_symbol(walk, scope, node, arguments, path)


def _parameter(walk: Construction, scope: Scope, node: nodes.Call, data: Value, path: Path) -> Value:
    """The parameter made from a tensor; one that is not trained is somebody else's concern."""
    if not isinstance(data, Tensor):
        return Thing()
    walk.parameters.update(data.cells)
    flags = [a.value for i, a in enumerate(node.args) if i == 1 or (a.keyword and a.keyword.value == "requires_grad")]
    if any(scope.text(flag) == "False" for flag in flags):
        path.write(data)
    return Tensor(data.cells)  # one of a part of the memory has no more to be written than that part


def _builtin(walk: Construction, name: str, arguments: Arguments, path: Path) -> Outcomes | None:
    """Python's own functions that pass values on."""
    positional = _positional(arguments)
    first = positional[0] if positional else None
    if name in _CONTAINERS:
        if isinstance(first, (Tensor, Instance)):
            return [(first, path)]
        kept = [v for value in positional for v in (value.values if isinstance(value, Items) else (value,))]
        if name == "torch.nn.ParameterList":
            walk.parameters |= cells_in(Items(tuple(kept)))
        return [(Items(tuple(kept)), path)]
    if name == "enumerate" and isinstance(first, Items):
        return [(Items(tuple(Items((None, value)) for value in first.values)), path)]
    if name == "zip" and isinstance(first, Items):
        columns = [v.values if isinstance(v, Items) else (None,) * len(first.values) for v in positional]
        return [(Items(tuple(Items(tuple(row)) for row in zip(*columns, strict=False))), path)]
    if name == "getattr":
        return [(get_attribute(walk, positional, path), path)]
    if name == "setattr":
        _set_attribute(walk, positional, path)
        return [(None, path)]
    if name in ("functools.partial", "partial") and isinstance(first, Function):
        return [(_partial(first, arguments), path)]
    return None


def _partial(function: Function, arguments: Arguments) -> Value:
    if len(_positional(arguments)) > 1:
        return None
    keywords = tuple((k, v) for k, v in arguments if k)
    return Function(function.scope, function.node, function.is_bound, function.given + keywords)


def get_attribute(walk: Construction, arguments: list[Value], path: Path) -> Value:
    """`getattr(owner, name)`; with a name that is not known it may be any of the instance's tensors."""
    from paramlint.facts.paths.expressions import attribute_of_instance

    if len(arguments) < 2 or not isinstance(arguments[0], Instance):
        return None
    name = arguments[1]
    if isinstance(name, Constant) and isinstance(name.value, str):
        return attribute_of_instance(walk, name.value, path)
    cells = frozenset(cell for value in path.attributes.values() for cell in cells_in(value))
    return Tensor(cells) if cells else None


def _set_attribute(walk: Construction, arguments: list[Value], path: Path) -> None:
    if len(arguments) == 3 and isinstance(arguments[0], Instance) and isinstance(arguments[1], Constant):
        if isinstance(arguments[1].value, str):
            path.attributes[arguments[1].value] = arguments[2]
            return
    if arguments:
        walk.lose(arguments[-1], path)
        if isinstance(arguments[0], Instance):
            path.write_all(certain=False)


def _by_symbol(walk: Construction, scope: Scope, node: nodes.Call, arguments: Arguments, path: Path) -> Outcomes:
    """A function or class that is found by its name, or the unknown."""
    values = [value for _, value in arguments]
    concerned = any(cells_in(value) or holds_instance(value) for value in values)
    is_local = isinstance(node.func, nodes.Name) and not isinstance(
        path.names.get(node.func.value), (Symbol, type(None))
    )
    symbol = None if is_local else scope.resolve(node.func)
    if isinstance(symbol, Class):
        if concerned:
            _keep(walk, values, path)
        return [(Thing(), path)]
    if isinstance(symbol, str):
        if module_class(symbol) is not None or foreign_module(symbol):
            for value in values:
                walk.lose(value, path)
            return [(Thing(), path)]
    elif symbol is not None and isinstance(symbol.node, nodes.FunctionDef):
        if concerned or _allocates(symbol):
            function = Function(symbol, symbol.node, is_bound=False)
            return walk.call(function, arguments, path)
        return [(None, path)]
    if concerned:
        hand_over(values, path)
    return [(None, path)]


def _keep(walk: Construction, values: Iterable[Value], path: Path) -> None:
    """Another object of the project keeps what it is given, and may do anything with it."""
    for value in values:
        walk.lose(value, path)
    if any(holds_instance(value) for value in values):
        path.write_all(certain=False)


def _allocates(function: Scope) -> bool:
    from paramlint.facts.paths.allocations import ALLOCATORS

    text = function.file.source.lines(function.unit.first, function.unit.last)
    return any(name in text for name in ALLOCATORS)


def hand_over(values: Iterable[Value], path: Path) -> None:
    """Give values to a call that cannot be followed: a tensor is taken for initialised there, a module for open."""
    for value in values:
        if holds_instance(value) and not isinstance(value, Function):
            path.write_all(certain=False)
        path.write(value)
