"""Whether a unit may put a module that it has made into several places."""

from __future__ import annotations

import ast
import builtins
from typing import Any

from paramlint.engine.nominate.quick_walk import DEFINITIONS, last_name, walk
from paramlint.syntax.outline import Unit, statements

_BUILTINS = frozenset(dir(builtins))
_LOOPS = frozenset({ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp})
_LEAVES = frozenset({ast.Name, ast.Constant, ast.Load, ast.Store, ast.Pass, str, int, bool, type(None)})
_NOT_MODULES = {
    "Any", "Callable", "Dict", "Iterable", "List", "Literal", "Optional", "Sequence", "Tensor", "Tuple", "Type",
    "Union",
}  # fmt: skip


def _may_be_modules(unit: Unit) -> set[str]:
    """Names, and attributes such as `self.act`, that get the result of a call; parameters annotated with some class."""
    found: set[str] = set()
    for argument in _arguments(unit.tree):
        words = (
            [last_name(n) for n in walk(argument.annotation) if isinstance(n, ast.expr)] if argument.annotation else []
        )
        if any(w[:1].isupper() and w not in _NOT_MODULES and not w.endswith("Config") for w in words):
            found.add(argument.arg)
    for node in statements(getattr(unit.tree, "body", []), lambda node: not _is_elsewhere(unit, node)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if last_name(node.value.func) not in _BUILTINS:
                found.update(name for target in node.targets if (name := _handle(target)) is not None)
    return found


def _is_elsewhere(unit: Unit, node: ast.AST) -> bool:
    """Whether a definition inside a unit is one by itself."""
    return node.__class__ in DEFINITIONS and any(
        first <= node.lineno <= last  # type: ignore[attr-defined]
        for first, last in unit.holes
    )


def _handle(node: ast.expr) -> str | None:
    """A name, or an attribute of one, as it is written."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def reuses(unit: Unit) -> bool:
    """Whether a name that may be a module is an argument or an element twice, or once in a loop or comprehension."""
    names = _may_be_modules(unit)
    seen: set[str] = set()
    stack: list[tuple[Any, bool]] = [(unit.tree, False)] if names else []
    while stack:
        node, in_loop = stack.pop()
        kind = node.__class__
        if kind in DEFINITIONS and _is_elsewhere(unit, node):
            continue
        handed: list[ast.expr] = []
        if kind is ast.Call:
            handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif kind is ast.List or kind is ast.Tuple:
            handed = node.elts
        elif kind is ast.Dict:
            handed = node.values
        elif kind is ast.ListComp or kind is ast.GeneratorExp:
            handed = [node.elt]
        for value in handed:
            name = _handle(value)
            if name is not None and name in names:
                if in_loop or name in seen or kind is ast.ListComp or kind is ast.GeneratorExp:
                    return True
                seen.add(name)
        inside = in_loop or kind in _LOOPS
        for field in node._fields:
            below: Any = getattr(node, field, None)
            if below.__class__ is list:
                stack.extend([(item, inside) for item in below if item.__class__ not in _LEAVES])
            elif below.__class__ not in _LEAVES:
                stack.append((below, inside))
    return False


def _arguments(tree: ast.AST) -> list[ast.arg]:
    """The named parameters of a function; of anything else none."""
    if not isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    return [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]
