"""Whether a class is so plain that a model of it need not be built: most small networks are.

A plain class derives from `nn.Module` and nothing else. Its `__init__` calls the base's first, and then only makes
layers of torch, each under a name of its own. Its `forward` computes without a branch, changes nothing in place, calls
each of the layers and uses each result. Whatever else a class does makes it one that is built.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cached_property

from paramlint.syntax.outline import Outline, Unit

#: What stands under `torch.nn` in capitals and is more than a layer, or is told what it holds.
_MORE_THAN_LAYERS = frozenset(
    {"Buffer", "DataParallel", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList",
     "UninitializedBuffer", "UninitializedParameter"}
)  # fmt: skip
#: Arguments of layers by which parameters are made elsewhere, or handed over.
_DEMANDING = frozenset({"_bias", "_weight", "device", "dtype", "freeze", "init_method", None})
#: Methods of tensors that give another one.
_METHODS = frozenset(
    {"abs", "chunk", "clamp", "contiguous", "dim", "exp", "expand", "flatten", "log_softmax", "max", "mean",
     "permute", "relu", "repeat", "reshape", "sigmoid", "size", "softmax", "split", "squeeze", "sum", "tanh",
     "transpose", "unsqueeze", "view"}
)  # fmt: skip
#: Names by which adapters are known, whose layers have to begin in a certain way.
_ADAPTER = "lora"
_SIMPLE = (ast.Constant, ast.Name, ast.Tuple, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context)


class PlainClasses:
    """Asks the units of a file; each class is looked at once."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._known: dict[Unit, bool] = {}

    def has(self, unit: Unit) -> bool:
        """Whether a unit is a plain class, or a method of one."""
        cls = unit.cls
        if cls is None:
            return False
        known = self._known.get(cls.unit)
        if known is None:
            known = self._known[cls.unit] = self._is_plain(cls.unit)
        return known

    def _is_plain(self, unit: Unit) -> bool:
        tree = unit.tree
        assert isinstance(tree, ast.ClassDef)
        if tree.keywords or tree.decorator_list or _ADAPTER in tree.name.lower() or len(tree.bases) != 1:
            return False
        if self._named(tree.bases[0]) != "torch.nn.Module":
            return False
        methods = [statement for statement in tree.body if not _is_text(statement)]
        if [getattr(one, "name", "") for one in methods] != ["__init__", "forward"]:
            return False
        make, run = methods
        if not (isinstance(make, ast.FunctionDef) and isinstance(run, ast.FunctionDef)):
            return False
        if not (_is_simply_called(make) and _is_simply_called(run)):
            return False
        layers = self._layers(make, tree.name)
        return bool(layers) and self._calls_all(run, frozenset(layers))

    def _layers(self, function: ast.FunctionDef, name: str) -> set[str]:
        """The names of the layers that an `__init__` makes; none where it does anything else."""
        instance, *parameters = (argument.arg for argument in function.args.args)
        begin, *others = (statement for statement in function.body if not _is_text(statement))
        if not _is_base_call(begin, instance, name):
            return set()
        found: set[str] = set()
        for statement in others:
            target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
            if not (isinstance(target, ast.Attribute) and _is_name(target.value, instance)):
                return set()
            if target.attr in found or _ADAPTER in target.attr.lower() or target.attr in _METHODS:
                return set()
            if not self._is_layer(statement.value, {instance, *parameters}):  # type: ignore[attr-defined]
                return set()
            found.add(target.attr)
        return found

    def _is_layer(self, node: ast.expr, local: set[str]) -> bool:
        """Whether an expression makes a layer of torch of plain values, or a sequence of such layers."""
        if not isinstance(node, ast.Call):
            return False
        module, _, layer = self._named(node.func, local).rpartition(".")
        if module != "torch.nn" or not layer[:1].isupper() or layer in _MORE_THAN_LAYERS or layer.startswith("Lazy"):
            return False
        if layer == "Sequential":
            return not node.keywords and bool(node.args) and all(self._is_layer(one, local) for one in node.args)
        if any(keyword.arg in _DEMANDING for keyword in node.keywords):
            return False
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return all(isinstance(part, _SIMPLE) for one in given for part in ast.walk(one))

    def _calls_all(self, function: ast.FunctionDef, layers: frozenset[str]) -> bool:
        """Whether a `forward` computes with its arguments and these layers alone, and calls each of them."""
        instance = function.args.args[0].arg
        *before, end = (statement for statement in function.body if not _is_text(statement))
        if not isinstance(end, ast.Return) or end.value is None:
            return False
        values = [end.value]
        local = {argument.arg for argument in function.args.args}
        unread: set[str] = set()
        for statement in before:
            if not isinstance(statement, ast.Assign) or not all(map(_is_variable, statement.targets)):
                return False
            names = {n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            unread -= _names_in(statement.value)
            if unread & names:
                return False
            unread |= names
            local |= names
            values.append(statement.value)
        if unread - _names_in(end.value):
            return False
        if instance in (name.id for s in before for name in ast.walk(s) if _is_stored(name)):  # type: ignore[attr-defined]
            return False
        called: set[str] = set()
        return all(self._computes(one, instance, local, layers, called) for one in values) and called == layers

    def _computes(
        self, node: ast.expr, instance: str, local: set[str], layers: frozenset[str], called: set[str]
    ) -> bool:
        """Whether an expression only computes; the layers that it calls are noted in `called`."""
        below: Iterable[ast.expr]
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):
            return node.id in local and node.id != instance
        if isinstance(node, ast.Attribute):
            return node.attr == "shape" and self._computes(node.value, instance, local, layers, called)
        if isinstance(node, ast.Call):
            below = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(keyword.arg is None for keyword in node.keywords):
                return False
            func = node.func
            if isinstance(func, ast.Attribute) and _is_name(func.value, instance):
                if func.attr not in layers:
                    return False
                called.add(func.attr)
            elif not _is_function(self._named(func, local)):
                if not (isinstance(func, ast.Attribute) and func.attr in _METHODS):
                    return False
                below = [func.value, *below]
        elif isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List, ast.Subscript, ast.Slice)):
            below = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        else:
            return False
        return all(self._computes(one, instance, local, layers, called) for one in below)

    def _named(self, node: ast.expr, local: Iterable[str] = ()) -> str:
        """What a dotted name of the file stands for in another module; empty for anything else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        outline = self._outline
        if not isinstance(node, ast.Name) or node.id in local or outline.star_imports:
            return ""
        if node.id in self._own:
            return ""
        return ".".join([outline.imports.get(node.id, ""), *reversed(parts)])

    @cached_property
    def _own(self) -> frozenset[str]:
        """The names that the file itself gives something else."""
        return self._outline.assigned.union(self._outline.functions, self._outline.classes)


def _is_function(name: str) -> bool:
    """Whether a name is one of torch's functions, `torch.cat` or `torch.nn.functional.relu`, that changes nothing."""
    module, _, function = name.rpartition(".")
    return module in ("torch", "torch.nn.functional") and function[:1].islower() and not function.endswith("_")


def _is_simply_called(function: ast.FunctionDef) -> bool:
    """Whether a method is one, and has plain parameters."""
    given = function.args
    if function.decorator_list or given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
        return False
    return bool(given.args) and all(isinstance(default, ast.Constant) for default in given.defaults)


def _is_base_call(node: ast.stmt, instance: str, name: str) -> bool:
    """Whether a statement is `super().__init__()`, or `super(Net, self).__init__()`."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"):
        return False
    base = call.func.value
    if call.args or call.keywords or not (isinstance(base, ast.Call) and _is_name(base.func, "super")):
        return False
    if base.keywords:
        return False
    return not base.args or (len(base.args) == 2 and all(map(_is_name, base.args, (name, instance))))


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _names_in(node: ast.expr) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _is_variable(node: ast.expr) -> bool:
    """Whether an assignment goes to local names alone."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return all(map(_is_variable, node.elts))
    return isinstance(node, ast.Name)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
