"""Whether a method may give its instance a plain container with modules or parameters in it, read off `ast`.

Most containers that a class keeps hold numbers or names, and most helpers that it calls give none: their methods need
not be looked at more closely. Whatever cannot be told here is taken for a container of modules.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from paramlint.syntax.outline import DEFINITIONS, statements

if TYPE_CHECKING:
    from paramlint.syntax.outline import Outline, Unit

#: Methods of containers that put one argument, the one of this index, into them.
ADDING = {"append": 0, "add": 0, "appendleft": 0, "insert": 1, "setdefault": 1, "__setitem__": 1}
#: Methods that put all that their argument holds into a container.
EXTENDING = {"extend", "update", "extendleft"}

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_CONSTRUCTORS = {
    "OrderedDict", "defaultdict", "deque", "dict", "filter", "frozenset", "iter", "list", "map", "reversed", "set",
    "sorted", "tuple", "zip",
}  # fmt: skip
#: Builtins whose results are not modules, nor hold any.
_PLAIN_CALLS = {"abs", "bool", "float", "int", "len", "max", "min", "pow", "range", "round", "str", "sum", "type"}
_BUILTINS = frozenset(dir(builtins))
#: Annotations of what is neither a module nor a parameter.
_PLAIN_TYPES = {
    "bool", "bytes", "complex", "Dict", "dict", "float", "int", "List", "list", "Literal", "None", "NoneType",
    "Optional", "Sequence", "str", "Tuple", "tuple", "Union",
}  # fmt: skip
_CONTAINS = re.compile(r"list|tuple|set|dict|sequence|iter|collection|mapping", re.IGNORECASE)


_METHODS = "|".join((*ADDING, *EXTENDING))
#: An attribute that something is put into: an item assigned, `+=`, or a method of containers.
_GROWS = re.compile(rf"\.(?=(\w+)\b *(?:\[.{{0,200}}\] *=(?!=)|[+|]=|(?:\[.{{0,200}}\])? *\.(?:{_METHODS})\b))")
_GIVEN = re.compile(r"\.(?=(\w+)\b *(?::[^=\n]*)?=(?!=))")


def grows(text: str, name: str) -> bool:
    """Whether the text of a class could put something into an attribute, or make it anew."""
    return name in _growing(text)


@lru_cache(maxsize=8)
def _growing(text: str) -> frozenset[str]:
    given = Counter(_GIVEN.findall(text))
    return frozenset(_GROWS.findall(text)).union(name for name, count in given.items() if count > 1)


class Keeping:
    """What the methods of one file may keep on `self`.

    Args:
        outline: what the file defines.
        follow: what a name of the file that is no function of it is: one of another file, with what that file keeps.
    """

    def __init__(self, outline: Outline, follow: Callable[[str], tuple[Keeping, Unit] | None]) -> None:
        self._outline = outline
        self._follow = follow
        self._attributes: dict[Unit, frozenset[str]] = {}
        self._texts: dict[Unit, str] = {}
        self._arguments: dict[Unit, dict[str, ast.expr | None]] = {}
        self._assigned: dict[Unit, dict[str, list[ast.expr]]] = {}
        self._returning: dict[Unit, bool] = {}
        self._busy: set[ast.AST] = set()

    def attributes(self, unit: Unit) -> frozenset[str]:
        """The attributes of `self` to which a unit may give a container that holds a module, or will hold one."""
        if unit.cls is None:
            return frozenset()
        if unit not in self._attributes:
            self._attributes[unit] = frozenset(
                name for target, value in _assigned(unit) for name in self._kept(unit, target, value)
            )
        return self._attributes[unit]

    def _kept(self, unit: Unit, target: ast.expr, value: ast.expr) -> Iterator[str]:
        """The attributes of one assignment; a tuple takes the elements of another one by one."""
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                for inner, part in zip(target.elts, value.elts, strict=True):
                    yield from self._kept(unit, inner, part)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            if any(self._may_be_container(unit, part) for part in _parts(value)):
                if self._may_hold(unit, value) or grows(self._text(unit), target.attr):
                    yield target.attr

    def _text(self, unit: Unit) -> str:
        """The text of the class of a method."""
        assert unit.cls is not None
        own = unit.cls.unit
        if own not in self._texts:
            self._texts[own] = self._outline.source.lines(own.first, own.last)
        return self._texts[own]

    def _may_be_container(self, unit: Unit, node: ast.expr) -> bool:
        if isinstance(node, (*_DISPLAYS, *_COMPREHENSIONS)):
            return True
        if isinstance(node, ast.Name):
            return self._is_container_name(unit, node.id)
        if not isinstance(node, ast.Call):
            return False
        func = node.func
        if isinstance(func, ast.Name):
            return self._is_constructor(func.id) or self._gives_container(unit, func.id)
        if not isinstance(func, ast.Attribute):
            return False
        if self._is_constructor(func.attr):
            return True
        return isinstance(func.value, ast.Name) and func.value.id == "self" and self._method_gives(func.attr)

    def _is_constructor(self, name: str) -> bool:
        return self._outline.imports.get(name, name).rpartition(".")[2] in _CONSTRUCTORS

    def _gives_container(self, unit: Unit, name: str) -> bool:
        """Whether a function of this name may give a container; a class or what an argument gives is none."""
        if name[:1].isupper() or name in _BUILTINS:
            return False
        if name in self._of_arguments(unit) or name in self._of_assignments(unit):
            return False
        functions = self._outline.functions.get(name)
        keeping, function = (self, functions[-1]) if functions else self._follow(name) or (self, None)
        return function is not None and keeping.may_return_container(function)

    def _method_gives(self, name: str) -> bool:
        units = [m[-1] for classes in self._outline.classes.values() for c in classes if (m := c.methods.get(name))]
        return not units or any(self.may_return_container(unit) for unit in units)

    def may_return_container(self, unit: Unit) -> bool:
        """Whether what a function gives may be a container of modules."""
        if unit not in self._returning:
            self._returning[unit] = self._may_return_container(unit)
        return self._returning[unit]

    def _may_return_container(self, unit: Unit) -> bool:
        tree = unit.tree
        if not isinstance(tree, _FUNCTIONS) or tree in self._busy:
            return False
        if tree.returns is not None and _may_be_of_modules(tree.returns):
            return True
        self._busy.add(tree)
        try:
            values = [s.value for s in statements(tree.body) if isinstance(s, ast.Return) and s.value is not None]
            return any(self._may_give(unit, part) for value in values for part in _parts(value))
        finally:
            self._busy.discard(tree)

    def _may_give(self, unit: Unit, node: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Whether what a function returns may be a container, by whatever way it came to it."""
        if not isinstance(node, ast.Name):
            is_reached = isinstance(node, (ast.Attribute, ast.Subscript, ast.Await))
            is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            return is_reached or is_method or self._may_be_container(unit, node)
        if node.id in seen or node.id in ("None", "True", "False"):
            return False
        values = self._of_assignments(unit).get(node.id)
        if values is None:  # a loop, a `with` or an argument
            return node.id not in self._of_arguments(unit) or self._is_container_name(unit, node.id)
        seen = seen | {node.id}
        return any(self._may_give(unit, part, seen) for value in values for part in _parts(value))

    def _is_container_name(self, unit: Unit, name: str) -> bool:
        """Whether a unit gives a name a container, or has a parameter of this name that is annotated as one."""
        annotation = self._of_arguments(unit).get(name)
        if annotation is not None and _may_be_of_modules(annotation):
            return True
        return any(
            isinstance(part, (*_DISPLAYS, *_COMPREHENSIONS))
            or (isinstance(part, ast.Call) and self._is_constructor(_last_name(part.func)))
            for value in self._of_assignments(unit).get(name, ())
            for part in _parts(value)
        )

    def _may_hold(self, unit: Unit, value: ast.expr) -> bool:
        """Whether what a value is made of has something that may be a module or parameter in it."""
        return any(self._may_be_module(unit, node) for node in _items(value))

    def _may_be_module(self, unit: Unit, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return not (isinstance(node.func, ast.Name) and node.func.id in _PLAIN_CALLS)
        if isinstance(node, ast.Name):
            annotation = self._of_arguments(unit).get(node.id)
            return annotation is None or node.id in self._of_assignments(unit) or not _is_plain(annotation)
        return isinstance(node, (ast.Attribute, ast.Subscript, ast.Await))

    def _of_arguments(self, unit: Unit) -> dict[str, ast.expr | None]:
        """The parameters of a unit with their annotations."""
        if unit not in self._arguments:
            self._arguments[unit] = {argument.arg: argument.annotation for argument in arguments(unit.tree)}
        return self._arguments[unit]

    def _of_assignments(self, unit: Unit) -> dict[str, list[ast.expr]]:
        """The values that a unit gives to each of its names."""
        if unit not in self._assigned:
            found: dict[str, list[ast.expr]] = {}
            for node in statements(getattr(unit.tree, "body", [])):
                if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                        if isinstance(target, ast.Name):
                            found.setdefault(target.id, []).append(node.value)
            self._assigned[unit] = found
        return self._assigned[unit]


def arguments(tree: ast.AST) -> list[ast.arg]:
    """The named parameters of a function; of anything else none."""
    if not isinstance(tree, _FUNCTIONS):
        return []
    return [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]


def _assigned(unit: Unit) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The targets and values of a unit's assignments; what other units hold is left out."""
    others = ast.ClassDef if unit.kind == "function" else DEFINITIONS
    for node in statements(getattr(unit.tree, "body", []), lambda statement: not isinstance(statement, others)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield target, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield node.target, node.value


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    """The expressions that a value may be: both sides of a condition and of an operator between containers."""
    stack = [value]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.IfExp):
            stack += (node.body, node.orelse)
        elif isinstance(node, ast.BoolOp):
            stack += node.values
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult, ast.BitOr)):
            stack += (node.left, node.right)
        elif isinstance(node, ast.NamedExpr):
            stack.append(node.value)


def _items(value: ast.expr) -> Iterator[ast.expr]:
    """What a value is made of, containers opened."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            stack += node.elts
        elif isinstance(node, ast.Dict):
            stack += node.values
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            stack.append(node.elt)
        elif isinstance(node, (ast.DictComp, ast.Starred)):
            stack.append(node.value)
        elif isinstance(node, (ast.IfExp, ast.BoolOp, ast.BinOp, ast.NamedExpr)):
            stack += (part for part in _parts(node) if part is not node)
        elif isinstance(node, ast.Call) and _last_name(node.func) in _CONSTRUCTORS:
            stack += [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Lambda):
            stack.append(node.body)
        else:
            yield node


def _last_name(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def _words(annotation: ast.expr) -> Iterator[str]:
    """The names in an annotation; of a quoted one, its text."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant):
            yield str(node.value)


def _is_plain(annotation: ast.expr) -> bool:
    return all(word in _PLAIN_TYPES or word in ("typing", "Ellipsis") for word in _words(annotation))


def _may_be_of_modules(annotation: ast.expr) -> bool:
    """Whether an annotation may be that of a container of modules or parameters."""
    return not _is_plain(annotation) and any(_CONTAINS.search(word) for word in _words(annotation))
