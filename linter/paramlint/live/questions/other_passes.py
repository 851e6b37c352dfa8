"""Whether another pass may use what the pass on the example left out: then it is not known to be never trained."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any

from torch import nn

from paramlint.live.observe.memory import address_of
from paramlint.live.observe.writes import is_torchs, is_users
from paramlint.live.questions.forward import Forward
from paramlint.live.tensor import LiveTensor

#: Registries that code may look into by a name that it was given.
_BY_NAME = frozenset({"_modules", "_parameters"})
_LOADS = ("LOAD_ATTR", "LOAD_METHOD")
#: Stands for every attribute.
_ANY = "*"


def may_be_used_otherwise(
    model: nn.Module,
    forward: Forward,
    parameter: LiveTensor,
    parameters: Iterable[LiveTensor],
    ran: Collection[tuple[str, int]],
) -> bool:
    """Whether another pass may use a parameter, such as of an expert in turn, or a method that none has called.

    Args:
        ran: the files and first rows of the functions that ran while the model was built.
    """
    if _is_one_of_several(model, forward, parameter, parameters) or _is_behind_a_hook(model, forward, parameter.name):
        return True
    is_read = address_of(parameter.tensor) in forward.read
    parts = parameter.name.split(".")
    for depth, attribute in enumerate(parts):
        if ".".join(parts[: depth + 1]) in forward.called:
            continue
        methods = _methods(type(model.get_submodule(".".join(parts[:depth]))))
        waiting = tuple(method for method in methods if not _has_run(method, ran))
        if any(attribute in _named(m, *_LOADS) for m in waiting if m.__name__ != "forward"):
            return True
        if not is_read and {attribute, _ANY} & _up_to_the_input(methods, waiting):
            return True
    return False


def _is_one_of_several(
    model: nn.Module, forward: Forward, parameter: LiveTensor, parameters: Iterable[LiveTensor]
) -> bool:
    """Whether a parameter is in an element of a container that the pass left out, and went through another one.

    So it is with experts that take turns, and with layers that are dropped at random.
    """
    owner = parameter.module
    if isinstance(owner, (nn.ParameterList, nn.ParameterDict)):
        held = [one for one in parameters if one.module is owner]
        return any(one.name not in forward.without_gradient for one in held)
    parts = parameter.name.split(".")
    for depth in range(1, len(parts)):
        container, element = ".".join(parts[: depth - 1]), ".".join(parts[:depth])
        if element in forward.called:
            continue
        beside = _in_turn_with(model.get_submodule(container), parts[depth - 1])
        if beside is not None:
            start = f"{container}." if container else ""
            return any(f"{start}{key}" in forward.called for key in beside)
    return False


def _is_behind_a_hook(model: nn.Module, forward: Forward, name: str) -> bool:
    """Whether what a part gives is dropped because a hook of the user's takes what he wants from inside of it."""
    if name not in forward.lost:
        return False
    return any(_has_users_hook(module) for module in model.modules())


def _has_users_hook(module: nn.Module) -> bool:
    hooks = module.__dict__.get("_forward_hooks", {}).values()
    codes = (getattr(getattr(hook, "func", hook), "__code__", None) for hook in hooks)
    return any(code is not None and is_users(code.co_filename) for code in codes)


def _in_turn_with(holder: nn.Module, key: str) -> list[str] | None:
    """The parts of a module that one container holds, this one among them; None where none does.

    A plain list or dictionary registers nothing, but what stands in it may be registered one by one, and read there.
    """
    if isinstance(holder, (nn.ModuleList, nn.ModuleDict)):
        return [*holder._modules]
    part = holder._modules[key]
    read = {
        name for method in _methods(type(holder)) for name in _named(method, *_LOADS) if method.__name__ != "__init__"
    }
    for name in vars(holder).keys() & read - _BY_NAME:
        value = vars(holder)[name]
        listed = list(value.values()) if type(value) is dict else value
        if type(listed) in (list, tuple) and any(one is part for one in listed):
            return [other for other, module in holder._modules.items() if any(one is module for one in listed)]
    return None


def _methods(cls: type) -> tuple[FunctionType, ...]:
    """The functions that a class and its bases define, torch's own left out."""
    defined = (one for base in cls.__mro__ for one in vars(base).values() if isinstance(one, FunctionType))
    functions = map(inspect.unwrap, defined)
    return tuple(one for one in functions if isinstance(one, FunctionType) and not is_torchs(one.__code__.co_filename))


def _has_run(method: FunctionType, ran: Collection[tuple[str, int]]) -> bool:
    """Whether a method has been called when the model was built."""
    code = method.__code__
    return code.co_name == "__init__" or (code.co_filename, code.co_firstlineno) in ran


@lru_cache(maxsize=1024)
def _named(method: FunctionType, *operations: str) -> frozenset[str]:
    """The attributes with which a function does one of these operations."""
    return frozenset(one.argval for one in dis.get_instructions(method.__code__) if one.opname in operations)


@lru_cache(maxsize=256)
def _up_to_the_input(methods: tuple[FunctionType, ...], waiting: tuple[FunctionType, ...]) -> frozenset[str]:
    """The attributes that a `forward` reads in branches that another input, or another state, may take.

    Args:
        waiting: those of the methods that may still be called, and change the state.
    """
    states = {name for method in waiting for name in _named(method, "STORE_ATTR")}
    passes = [tree for method in methods if method.__name__ == "forward" and (tree := _tree(method)) is not None]
    return frozenset(name for tree in passes for name in _Branches(tree, states).read())


def _tree(method: FunctionType) -> ast.FunctionDef | None:
    try:
        (statement,) = ast.parse(textwrap.dedent(inspect.getsource(method))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    return statement if isinstance(statement, ast.FunctionDef) else None


class _Branches:
    """What a function reads only where a condition holds that is not the model's configuration alone.

    Args:
        states: attributes to which methods other than the constructor give values.
    """

    def __init__(self, function: ast.FunctionDef, states: Collection[str]) -> None:
        given = function.args
        self._body = function.body
        self._states = states
        self._names = {one.arg for one in [*given.posonlyargs, *given.args][1:] + given.kwonlyargs}
        self._names |= {one.arg for one in (given.vararg, given.kwarg) if one is not None}
        self._follow(function)

    def read(self) -> Iterator[str]:
        """The names of attributes; `*` where an input says which."""
        yield from self._in_block(self._body, varies=False)

    def _follow(self, function: ast.FunctionDef) -> None:
        """Find the names that get values from what varies."""
        bound: list[tuple[list[ast.AST], ast.AST | None]] = []
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                bound.append(([*node.targets], node.value))
            elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
                bound.append(([node.target], node.value))
            elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
                bound.append(([node.target], node.iter))
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                bound.append(([node.optional_vars], node.context_expr))
        before = -1
        while before != len(self._names):
            before = len(self._names)
            for targets, value in bound:
                if value is not None and self._varies(value):
                    names = (one for target in targets for one in ast.walk(target))
                    self._names |= {one.id for one in names if isinstance(one, ast.Name)}

    def _varies(self, expression: ast.AST) -> bool:
        """Whether the value of an expression may be another one in another pass; a call's may, of whatever."""
        for node in ast.walk(expression):
            if isinstance(node, ast.Name) and node.id in self._names:
                return True
            if isinstance(node, ast.Attribute) and node.attr in self._states:
                return True
            if isinstance(node, ast.Call):
                if not isinstance(node.func, ast.Name) or not hasattr(builtins, node.func.id):
                    return True
        return False

    def _in_block(self, statements: Sequence[ast.stmt], varies: bool) -> Iterator[str]:
        for statement in statements:
            yield from self._in(statement, varies)
            varies = varies or self._may_leave(statement)

    def _may_leave(self, statement: ast.stmt) -> bool:
        """Whether the rest of a block may not run; what raises ends the pass."""
        branches = (node for node in ast.walk(statement) if isinstance(node, ast.If) and self._varies(node.test))
        leaves = (ast.Return, ast.Continue, ast.Break) if isinstance(statement, ast.If) else ast.Return
        return any(isinstance(inner, leaves) for branch in branches for inner in ast.walk(branch))

    def _in(self, node: ast.AST, varies: bool) -> Iterator[str]:
        if isinstance(node, (ast.If, ast.While)):
            yield from self._in(node.test, varies)
            inner = varies or self._varies(node.test)
            yield from self._in_block(node.body, inner)
            yield from self._in_block(node.orelse, inner)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            yield from self._in(node.iter, varies)
            yield from self._in_block(node.body, varies or self._varies(node.iter))
            yield from self._in_block(node.orelse, varies)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                yield from self._in(item, varies)
            yield from self._in_block(node.body, varies)
        elif isinstance(node, ast.Try):
            yield from self._in_block([*node.body, *node.orelse, *node.finalbody], varies)
            yield from self._each(node.handlers, varies=True)
        elif isinstance(node, ast.Match):
            yield from self._in(node.subject, varies)
            yield from self._each(node.cases, varies or self._varies(node.subject))
        elif isinstance(node, ast.IfExp):
            yield from self._in(node.test, varies)
            yield from self._each([node.body, node.orelse], varies or self._varies(node.test))
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._in(value, varies)
                varies = varies or self._varies(value)
        elif isinstance(node, (ast.Lambda, ast.FunctionDef, ast.ClassDef)):
            yield from self._each(ast.iter_child_nodes(node), varies=True)
        else:
            yield from self._named(node, varies)
            if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                sources = [one for part in node.generators for one in (part.iter, *part.ifs)]
                varies = varies or any(map(self._varies, sources))
            yield from self._each(ast.iter_child_nodes(node), varies)

    def _each(self, nodes: Iterable[ast.AST], varies: bool) -> Iterator[str]:
        for node in nodes:
            yield from self._in(node, varies)

    def _named(self, node: ast.AST, varies: bool) -> Iterator[str]:
        """The attribute that an expression reads, where it may not; every one, where what varies says which."""
        if varies and isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        key: Any = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            key = node.args[1] if len(node.args) > 1 else None
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr in _BY_NAME:
            key = node.slice
        if key is not None and self._varies(key):
            yield _ANY
