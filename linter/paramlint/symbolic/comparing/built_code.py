"""The part of a definition from which a model is built: two that are the same in it build the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

#: Methods that are called with inputs, or to be printed; a constructor that does so has to name them.
_CALLED = frozenset({"forward", "extra_repr", "__repr__"})
#: Arguments that say where tensors are and of which type, not how many there are or what is in them.
_FACTORY = frozenset({"device", "dtype"})
_WORD = re.compile(r"\.(\w+)")


def builds_the_same(old: str, new: str) -> bool:
    """Whether two statements say the same of what is built, whatever their layout, comments and annotations.

    The arguments `device` and `dtype`, None by default, are left out where they are only handed on: a class that takes
    them is the same for who does not give them.
    """
    try:
        one, other = ast.parse(old), ast.parse(new)
    except SyntaxError:  # `a = 1; b = 2` beside others on its rows
        return old == new
    return _Comparison(old, new).same(one, other)


def only_called(statement: ast.ClassDef, text: str) -> Iterator[ast.FunctionDef]:
    """The methods of a class that only who calls its instances comes to; no other code of it names them."""
    methods = [node for node in statement.body if isinstance(node, ast.FunctionDef) and node.name in _CALLED]
    if not methods:
        return
    rows = text.splitlines()
    first = min([statement.lineno, *(node.lineno for node in statement.decorator_list)])
    for method in methods:
        for row in range(method.lineno - first, (method.end_lineno or method.lineno) - first + 1):
            rows[row] = ""
    named = set(_WORD.findall("\n".join(rows)))
    yield from (method for method in methods if method.name not in named)


class _Comparison:
    """Compares two trees node by node, up to the first difference."""

    def __init__(self, old: str, new: str) -> None:
        self._texts = old, new
        self._handed: tuple[set[str], set[str]] = set(), set()

    def same(self, old: ast.AST, new: ast.AST) -> bool:
        if type(old) is not type(new):
            return False
        for name in old._fields:
            if name in ("annotation", "returns", "type_comment", "kind"):
                continue
            one, other = self._part(old, name, 0), self._part(new, name, 1)
            if isinstance(one, list) and isinstance(other, list):
                if len(one) != len(other) or not all(map(self._same_part, one, other)):
                    return False
            elif not self._same_part(one, other):
                return False
        return True

    def _same_part(self, one: object, other: object) -> bool:
        if isinstance(one, ast.AST) and isinstance(other, ast.AST):
            return self.same(one, other)
        return type(one) is type(other) and one == other

    def _part(self, node: ast.AST, name: str, side: int) -> object:
        """A field of a node, without what says nothing of what is built."""
        value = getattr(node, name, None)
        if name == "body" and isinstance(value, list):
            left_out = list(only_called(node, self._texts[side])) if isinstance(node, ast.ClassDef) else []
            return [one for one in value if one not in left_out and not self._is_silent(one, side)]
        if isinstance(node, ast.Call) and name == "keywords":
            return [keyword for keyword in node.keywords if not self._is_handed_on(keyword, side)]
        if isinstance(node, ast.arguments):
            return _arguments(node)[name]
        return value

    def _is_silent(self, statement: ast.stmt, side: int) -> bool:
        """Whether a statement is a text that stands alone, or only puts arguments together that are handed on."""
        handed = _handed(statement)
        if handed:
            self._handed[side].add(handed)
            return True
        return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)

    def _is_handed_on(self, keyword: ast.keyword, side: int) -> bool:
        if keyword.arg is None:
            return isinstance(keyword.value, ast.Name) and keyword.value.id in self._handed[side]
        return keyword.arg in _FACTORY and _is_factory(keyword.value)


def _handed(node: ast.AST) -> str:
    """The name of a dictionary of such arguments, `dd = {"device": device, "dtype": dtype}`; empty for others."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return ""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    value = node.value
    if isinstance(value, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in value.keys]
        values = list(value.values)
    elif (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict" and not value.args
    ):
        keys = [keyword.arg for keyword in value.keywords]
        values = [keyword.value for keyword in value.keywords]
    else:
        return ""
    is_factory = bool(keys) and set(keys) <= _FACTORY and all(map(_is_factory, values))
    return target.id if is_factory and isinstance(target, ast.Name) else ""


def _is_factory(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _FACTORY


def _arguments(node: ast.arguments) -> dict[str, object]:
    """The fields of the arguments of a function, without `device=None` and `dtype=None`."""
    places = len(node.args) - len(node.defaults)
    defaults = [None] * places + list(node.defaults) if places >= 0 else None
    found: dict[str, object] = {name: getattr(node, name) for name in node._fields}
    if defaults is not None:
        kept = [(a, d) for a, d in zip(node.args, defaults, strict=True) if not _is_left_out(a, d)]
        found["args"] = [argument for argument, _ in kept]
        found["defaults"] = [default for _, default in kept if default is not None]
    only = [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if not _is_left_out(a, d)]
    found["kwonlyargs"], found["kw_defaults"] = [a for a, _ in only], [d for _, d in only]
    return found


def _is_left_out(argument: ast.arg, default: ast.expr | None) -> bool:
    return argument.arg in _FACTORY and isinstance(default, ast.Constant) and default.value is None
