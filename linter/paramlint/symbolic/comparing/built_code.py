"""The part of a definition from which a model is built: two that are the same in it build the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator

#: Methods that are called with inputs, or to be printed; a constructor that does so has to name them.
_CALLED = frozenset({"forward", "extra_repr", "__repr__"})
#: Arguments that say where tensors are and of which type, not how many there are or what is in them.
_FACTORY = frozenset({"device", "dtype"})


def what_is_built(text: str) -> str:
    """What a statement says of what is built, whatever its layout, comments and annotations.

    The arguments `device` and `dtype`, None by default, are left out where they are only handed on: a class that takes
    them is the same for who does not give them.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:  # `a = 1; b = 2` beside others on its rows
        return text
    handed = {target for node in ast.walk(tree) for target in _handed(node)}
    return ast.dump(_Built(handed).visit(tree))


def only_called(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The methods of a class that only who calls its instances comes to."""
    if not isinstance(statement, ast.ClassDef):
        return
    methods = [node for node in statement.body if isinstance(node, ast.FunctionDef) and node.name in _CALLED]
    others = [node for node in statement.body if node not in methods]
    named = {node.attr for other in others for node in ast.walk(other) if isinstance(node, ast.Attribute)}
    yield from (method for method in methods if method.name not in named)


def _handed(node: ast.AST) -> Iterator[str]:
    """The name of a dictionary of such arguments: `dd = {"device": device, "dtype": dtype}`."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return
    value = node.value
    if isinstance(value, ast.Dict):
        keys = {key.value for key in value.keys if isinstance(key, ast.Constant)}
        values = [*value.values]
        is_whole = len(keys) == len(value.keys)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        keys = {keyword.arg for keyword in value.keywords}
        values = [keyword.value for keyword in value.keywords]
        is_whole = not value.args
    else:
        return
    if is_whole and keys and keys <= _FACTORY and all(map(_is_factory, values)):
        yield node.targets[0].id


def _is_factory(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _FACTORY


class _Built(ast.NodeTransformer):
    def __init__(self, handed: set[str]) -> None:
        self._handed = handed

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        return None if any(name in self._handed for name in _handed(node)) else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        places = len(node.args) - len(node.defaults)
        defaults = [None] * places + list(node.defaults)
        kept = [(a, d) for a, d in zip(node.args, defaults, strict=True) if not _is_left_out(a, d)]
        node.args = [argument for argument, _ in kept]
        node.defaults = [default for _, default in kept if default is not None]
        only = [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if not _is_left_out(a, d)]
        node.kwonlyargs, node.kw_defaults = [a for a, _ in only], [d for _, d in only]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [keyword for keyword in node.keywords if not self._is_handed_on(keyword)]
        return self.generic_visit(node)

    def _is_handed_on(self, keyword: ast.keyword) -> bool:
        if keyword.arg is None:
            return isinstance(keyword.value, ast.Name) and keyword.value.id in self._handed
        return keyword.arg in _FACTORY and _is_factory(keyword.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        left_out = list(only_called(node))
        node.body = [one for one in node.body if one not in left_out]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _is_left_out(argument: ast.arg, default: ast.expr | None) -> bool:
    return argument.arg in _FACTORY and isinstance(default, ast.Constant) and default.value is None
