"""Who, outside a class's construction, may write one of its parameters: other methods, other classes, other files.

Nothing is walked here: a statement that may write the attribute of what may be an instance is enough.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.heirs import heirs_anywhere, said_of_others
from paramlint.facts.memo import remember
from paramlint.facts.mentions import units_with
from paramlint.facts.module_nesting import is_same, may_hold, owners_in
from paramlint.facts.package import Package, package_of
from paramlint.knowledge import TENSOR_ADJUSTING, TENSOR_INPLACE, module_class
from paramlint.knowledge.initializers import draws, may_fill
from paramlint.nodes import operators
from paramlint.nodes.call_arguments import without_data

if TYPE_CHECKING:
    from paramlint.facts.files import File
    from paramlint.facts.scopes import Scope
    from paramlint.facts.types import Type

#: Methods by which modules are initialised from outside; inherited ones are looked at too.
INIT_METHODS = (
    "_init_weights", "init_weights", "_initialize_weights", "initialize_weights", "initialize", "init_parameters",
    "_init_parameters", "initialize_parameters", "reset_parameters", "_reset_parameters", "param_init", "fill_weights",
)  # fmt: skip
#: A class that more files than these mention has a name that says little.
MAX_SEARCHED = 40
_RANK = re.compile(r"\.(?:ndim|dim\(\)|ndimension\(\))$|^len\(.*\.(?:shape|size\(\))\)$")
_ALL_PARAMETERS = ("parameters", "named_parameters", "_parameters", "state_dict")
_VIEWS = ("data", "T", "mT", "real", "imag", "detach", "view", "t", "transpose", "to", "float", "flatten", "reshape")


@dataclass(frozen=True)
class Wanted:
    """A parameter that somebody may write.

    Attributes:
        cls: the class whose instance holds it.
        name: the attribute.
        rank: its number of dimensions, where that is known.
    """

    cls: Class
    name: str
    rank: int | None = None


def writers_of(wanted: Wanted, entered: frozenset[Scope] = frozenset()) -> Iterator[Scope | None]:
    """The functions that may write a parameter, without those in `entered`: in the class, its file, its package.

    `None` stands for writers that may be anywhere, because too many files mention the class to search them all.
    """
    seen: set[Scope] = set()
    cls = wanted.cls
    words = (wanted.name, *_ALL_PARAMETERS)
    places = [*(base.scopes_with(*words) for base in cls.mro), _of_file(cls.file, wanted)]
    for scope in (scope for place in places for scope in place):
        if scope not in seen and scope not in entered:
            seen.add(scope)
            if may_write(scope, wanted) and not _is_replaced(scope, cls):
                yield scope
    yield from _in_package(wanted)


def _is_replaced(scope: Scope, cls: Class) -> bool:
    """Whether it is a method of a base that a class has its own of, and does not hand on to."""
    owner = next((base for base in cls.mro if base.own_method(scope.name) is scope), None)
    if owner is None or cls.method(scope.name) is scope:
        return False
    handed_on = re.compile(rf"\b(?:super\([^()]*\)|{re.escape(owner.name)})\.{re.escape(scope.name)}\b")
    above = (base for base in cls.mro if not any(is_same(base, one) for one in owner.mro))
    return not any(handed_on.search(base.text) for base in above)


def _in_package(wanted: Wanted) -> Iterator[Scope | None]:
    package = package_of(wanted.cls.file)
    if package is None:
        return
    own = os.path.abspath(wanted.cls.file.source.path)
    paths = sorted(_paths(package, wanted.cls) - {own})
    if len(paths) > MAX_SEARCHED:
        yield None
        return
    for file in package.files(paths):
        yield from (scope for scope in _of_file(file, wanted) if may_write(scope, wanted))


def _paths(package: Package, cls: Class) -> set[str]:
    """The files that mention the class, or one of its file that may hold it: there somebody may have an instance."""
    file = cls.file
    owners = remember(file, "owners", lambda: owners_in(file))

    def paths(name: str) -> set[str]:
        return remember(file, f"paths with {name}", lambda: set(package.paths_with(file, name)))

    found = set(remember(file, "paths with owners of all", lambda: set().union(*map(paths, owners.of_all))))
    names = {cls.name, *owners.of(cls)}
    return found.union(*map(paths, names))


def _of_file(file: File, wanted: Wanted) -> Iterator[Scope]:
    yield from map(file.scope, units_with(file, (wanted.name,), wanted.cls, of_parts=_ALL_PARAMETERS))
    yield from remember(file, "inherited writers", lambda: list(_inherited(file)))


def _inherited(file: File) -> Iterator[Scope]:
    """The methods that initialise, as far as the file's classes inherit them from other files."""
    seen: set[str] = set()
    for definitions in file.outline.classes.values():
        for written in definitions[-1].bases:
            if written is None or "." in written or written in seen or written in file.outline.classes:
                continue
            seen.add(written)
            symbol = file.lookup(written)
            if isinstance(symbol, Class) and symbol.is_module:
                yield from (m for name in INIT_METHODS if (m := symbol.method(name)) is not None)


def may_write(scope: Scope, wanted: Wanted) -> bool:
    """Whether a function may write the parameter of what may be an instance of the class."""
    return any(
        _may_be(scope, target, wanted)
        and not _is_excluded(scope, node, wanted)
        and not _is_of_another(scope, target, wanted)
        for node, target in remember(scope, "written", lambda: [(n, t) for n in scope.nodes for t in written(scope, n)])
    )


def written(scope: Scope, node: nodes.Node) -> Iterator[nodes.BaseExpression]:
    """The expressions whose memory, or whose attribute, a statement or call may give new values.

    Arithmetic on the old ones, as for a moving average, gives none: they have begun somehow before.
    """
    if isinstance(node, nodes.Assign):
        for target in node.targets:
            yield from (one for one in _stored(target.target) if not _is_adjusted(scope, one, node.value))
    elif isinstance(node, nodes.AnnAssign) and node.value is not None:
        yield from _stored(node.target)
    elif isinstance(node, nodes.Call):
        yield from _written_by_call(scope, node)


def _is_adjusted(scope: Scope, target: nodes.BaseExpression, value: nodes.BaseExpression) -> bool:
    """Whether a value is a sum or product with what it is given to."""
    if not isinstance(value, nodes.BinaryOperation):
        return False
    text = scope.text(without_data(target))
    sides = (value.left, value.right)
    return any(scope.text(without_data(one)) == text or _is_adjusted(scope, target, one) for one in sides)


def _stored(target: nodes.BaseExpression) -> Iterator[nodes.BaseExpression]:
    if isinstance(target, (nodes.Tuple, nodes.List)):
        for element in target.elements:
            yield from _stored(element.value)
    elif isinstance(target, (nodes.Attribute, nodes.Subscript)):
        yield target


def _written_by_call(scope: Scope, node: nodes.Call) -> Iterator[nodes.BaseExpression]:
    func = node.func
    name = scope.qualified(func) or scope.dotted(func) or ""
    last = func.attr.value if isinstance(func, nodes.Attribute) else name.rpartition(".")[2]
    if last in TENSOR_ADJUSTING:
        return
    if last == "copy_" and isinstance(func, nodes.Attribute) and node.args:
        if _is_adjusted(scope, func.value, node.args[0].value):
            return
    if isinstance(func, nodes.Attribute) and (last in TENSOR_INPLACE or last in ("set_", "apply_")):
        yield func.value
    yield from (arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "out")
    is_init = name.startswith("torch.nn.init.") or may_fill(name)
    if is_init or last.endswith("_") or last in ("setattr", "register_parameter", "register_buffer"):
        yield from (arg.value for arg in node.args if arg.star == "")
    if last in ("setattr", "register_parameter", "register_buffer") and node.args:
        owner = node.args[0].value if last == "setattr" else getattr(func, "value", None)
        key = node.args[1].value if last == "setattr" and len(node.args) > 1 else node.args[0].value
        if isinstance(owner, nodes.BaseExpression):
            yield nodes.Call(nodes.Name("getattr"), (nodes.Arg(None, owner), nodes.Arg(None, key)))


# Does whoever holds it draw it again?

#: What goes over all parts of a module.
_VISITING = re.compile(r"\.apply\(|\.(?:named_)?(?:parameters|modules)\(")
#: Methods of other libraries' models that do both.
_INHERITED = re.compile(r"\bself\.(post_init|init_weights)\(")


def is_drawn_by_owner(cls: Class) -> bool:
    """Whether a class that may hold an instance initialises what it holds, in the file or where the package uses it."""
    return remember(cls, "drawn by owner", lambda: any(map(_draws_all, _owners_code(cls))))


def _draws_all(text: str) -> bool:
    inherited = _INHERITED.search(text)
    if inherited is not None and f"def {inherited[1]}" not in text:
        return True
    return _VISITING.search(text) is not None and draws(text)


def _owners_code(cls: Class) -> Iterator[str]:
    """The code of classes that may hold an instance, with what they inherit from, and of functions that name one."""
    package = package_of(cls.file)
    paths = sorted(_paths(package, cls) - {os.path.abspath(cls.file.source.path)}) if package is not None else []
    others = package.files(paths[:MAX_SEARCHED]) if package is not None else ()
    for file in (cls.file, *others):
        owners = remember(file, "owners", partial(owners_in, file))
        names = {*owners.of_all, *owners.of(cls)}
        for owner in map(file.lookup, names):
            if isinstance(owner, Class) and not is_same(owner, cls):
                units = [(base.file.source, base.outline.unit) for base in owner.mro]
                yield "\n".join(source.lines(unit.first, unit.last) for source, unit in units)
        named = re.compile(rf"\b(?:{'|'.join(map(re.escape, {cls.name, *names}))})\(")
        for unit in (unit for units in file.outline.functions.values() for unit in units):
            text = file.source.lines(unit.first, unit.last)
            if named.search(text):
                yield text


# Is it the parameter?


def _may_be(scope: Scope, node: nodes.BaseExpression, wanted: Wanted, depth: int = 0) -> bool:
    """Whether an expression may be the parameter, or a view of it."""
    if depth > 6:
        return True
    if isinstance(node, nodes.Subscript):
        return _may_be(scope, node.value, wanted, depth + 1)
    if isinstance(node, nodes.Attribute):
        if node.attr.value == wanted.name and _is_instance(scope.type(node.value), wanted):
            return True
        return node.attr.value in (*_VIEWS, "weight", "bias") and _may_be(scope, node.value, wanted, depth + 1)
    if isinstance(node, nodes.Name):
        return _name_may_be(scope, node, wanted, depth)
    if isinstance(node, nodes.Call):
        return _call_may_be(scope, node, wanted, depth)
    if isinstance(node, (nodes.Tuple, nodes.List, nodes.Set)):
        return any(_may_be(scope, element.value, wanted, depth + 1) for element in node.elements)
    if isinstance(node, nodes.BinaryOperation):
        return any(_may_be(scope, side, wanted, depth + 1) for side in (node.left, node.right))
    if isinstance(node, (nodes.ListComp, nodes.GeneratorExp)):
        return any(_may_be(scope, part, wanted, depth + 1) for part in (node.elt, node.for_in.iter))
    if isinstance(node, nodes.IfExp):
        return any(_may_be(scope, part, wanted, depth + 1) for part in (node.body, node.orelse))
    return False


def _name_may_be(scope: Scope, node: nodes.Name, wanted: Wanted, depth: int) -> bool:
    return any(
        _may_be(scope, binding.value, wanted, depth + 1)
        for binding in scope.bindings.get(node.value, ())
        if binding.kind in ("assign", "for", "unpack") and binding.value is not None
    )


def _call_may_be(scope: Scope, node: nodes.Call, wanted: Wanted, depth: int) -> bool:
    func = node.func
    if isinstance(func, nodes.Name):
        if func.value == "getattr" and len(node.args) > 1:
            key = node.args[1].value
            is_named = not isinstance(key, nodes.SimpleString) or key.evaluated_value == wanted.name
            return is_named and _is_instance(scope.type(node.args[0].value), wanted)
        if func.value in ("list", "tuple", "enumerate", "zip", "reversed", "filter", "sorted", "vars", "iter", "next"):
            return any(_may_be(scope, arg.value, wanted, depth + 1) for arg in node.args)
        return False
    if not isinstance(func, nodes.Attribute):
        return False
    name = func.attr.value
    if name in _ALL_PARAMETERS or name == "get_parameter":
        return _may_hold(scope.type(func.value), wanted)
    if name in ("items", "values", "get") or name in _VIEWS or name.endswith("_"):
        if isinstance(func.value, nodes.Attribute) and func.value.attr.value == "_parameters":
            return True
        return _may_be(scope, func.value, wanted, depth + 1)
    return False


def _is_instance(owner: Type | None, wanted: Wanted) -> bool:
    """Whether a value may be an instance of the class; what is not known may be one."""
    if owner is None:
        return True
    if owner.kind == "container":
        return _is_instance(owner.item, wanted)
    if owner.kind != "module":
        return False
    if owner.cls is not None:
        return any(is_same(owner.cls, base) for base in wanted.cls.mro) or any(
            is_same(wanted.cls, base) for base in owner.cls.mro
        )
    known = module_class(owner.name) if owner.name else None
    if known is None or known.name == "torch.nn.Module":
        return True
    return known.owns == "children" or known.name in wanted.cls.outside


def _may_hold(owner: Type | None, wanted: Wanted) -> bool:
    """Whether the parameters of a value may include those of an instance."""
    if owner is None or owner.kind == "container":
        return True
    if owner.cls is not None:
        return may_hold(owner.cls, wanted.cls)
    return owner.kind == "module" and _is_instance(owner, wanted)


def _is_of_another(scope: Scope, target: nodes.BaseExpression, wanted: Wanted) -> bool:
    """Whether a method writes a part of its own object, whose class can hold no instance of the class."""
    if scope.cls is None or not scope.cls.is_module or may_hold(scope.cls, wanted.cls):
        return False
    return _comes_from_self(scope, target, frozenset())


def _comes_from_self(scope: Scope, node: nodes.BaseExpression, seen: frozenset[str]) -> bool:
    """Whether an expression takes something out of `self`, by attributes, items, methods and loops over those."""
    while not isinstance(node, nodes.Name):
        if isinstance(node, (nodes.Attribute, nodes.Subscript)):
            node = node.value
        elif isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
            node = node.func
        elif isinstance(node, nodes.Call) and node.args and scope.dotted(node.func) in _THROUGH:
            node = node.args[0].value
        else:
            return False
    if node.value == scope.self_name:
        return True
    bound, key = scope.bindings.get(node.value, ()), f"{scope.name} {node.value}"
    if not bound or key in seen:
        return False
    seen |= {key}
    if [b.kind for b in bound] == ["parameter"]:
        return _is_given_own_parts(scope, node.value, seen)
    return all(
        b.kind in ("assign", "for", "unpack") and b.value is not None and _comes_from_self(scope, b.value, seen)
        for b in bound
    )


def _is_given_own_parts(scope: Scope, name: str, seen: frozenset[str]) -> bool:
    """Whether only the class itself calls a method, and gives it parts of its own for an argument in each call."""
    cls, node = scope.cls, scope.node
    if cls is None or not isinstance(node, nodes.FunctionDef) or node.decorators or _is_called_by_torch(scope.name):
        return False
    if cls.own_method(scope.name) is not scope or any(heir.file is not cls.file for heir in heirs_anywhere(cls)):
        return False
    params = [param.name.value for param in node.params.params[1:]]
    if name not in params:
        return False
    handed = [
        (other, given)
        for other in cls.scopes_with(scope.name)
        for call in other.find(nodes.Call)
        for given in _given(other, call, scope.name, params, name)
    ]
    mention = re.compile(rf"(?<!def )\b{re.escape(scope.name)}\b")
    others = said_of_others(cls, scope.name)
    said = [m for m in mention.finditer(cls.file.source.text) if m.start() not in others]
    return (
        0 < len(handed) == len(said)
        and all(_comes_from_self(other, given, seen) for other, given in handed)
        and not _is_called_elsewhere(cls.file, scope.name)
    )


def _is_called_by_torch(method: str) -> bool:
    """Whether a method is called where its name does not stand: `layer(x)`, `Layer(x)`."""
    return method.startswith("__") or method == "forward"


def _given(scope: Scope, call: nodes.Call, method: str, params: list[str], name: str) -> Iterator[nodes.BaseExpression]:
    """What a call gives a method of its own object for an argument: `self.init(layer)`, `self.fc.apply(self.init)`."""
    if scope.self_attribute(call.func) == method:
        place = params.index(name)
        if any(arg.star for arg in call.args):
            return
        named = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == name]
        plain = [arg.value for arg in call.args if arg.keyword is None]
        yield from named or plain[place : place + 1]
    elif isinstance(call.func, nodes.Attribute) and call.func.attr.value == "apply" and len(call.args) == 1:
        if scope.self_attribute(call.args[0].value) == method and params[0] == name:
            yield call.func.value


def _is_called_elsewhere(file: File, method: str) -> bool:
    """Whether another file of the package may call a method of this name of what is not its own object."""
    package = package_of(file)
    if package is None:
        return file.is_cut_off
    called = re.compile(rf"(?<!def )(?<!self\.)(?<!super\(\)\.)\b{re.escape(method)}\b".encode())
    own = (file.path, file.source.path)
    return any(called.search(package.text(path)) for path in package.paths_with(file, method) if path not in own)


_THROUGH = ("enumerate", "list", "tuple", "reversed", "iter", "next", "getattr")


# Conditions that leave it out


def _is_excluded(scope: Scope, node: nodes.Node, wanted: Wanted) -> bool:
    """Whether an `if` around a write, on the rank of the tensor or the name of the class, leaves the parameter out."""
    below = node
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, nodes.If) and below is ancestor.body and _is_false(scope, ancestor.test, wanted):
            return True
        below = ancestor
    return False


def _is_false(scope: Scope, test: nodes.BaseExpression, wanted: Wanted) -> bool:
    if isinstance(test, nodes.BooleanOperation):
        sides = [_is_false(scope, test.left, wanted), _is_false(scope, test.right, wanted)]
        return any(sides) if isinstance(test.operator, operators.And) else all(sides)
    if not isinstance(test, nodes.Comparison) or len(test.comparisons) != 1:
        return False
    left, right = test.left, test.comparisons[0]
    text = scope.text(right.comparator)
    if isinstance(left, nodes.SimpleString) and text.endswith("__class__.__name__"):
        return isinstance(right.operator, operators.In) and str(left.evaluated_value) not in wanted.cls.name
    if scope.text(left).endswith("__class__.__name__") and isinstance(right.comparator, nodes.SimpleString):
        return isinstance(right.operator, operators.Equal) and right.comparator.evaluated_value != wanted.cls.name
    is_rank = _RANK.search(scope.text(left))
    if wanted.rank is None or not is_rank or not isinstance(right.comparator, nodes.Integer):
        return False
    limit = right.comparator.evaluated_value
    if isinstance(right.operator, operators.GreaterThan):
        return wanted.rank <= limit
    if isinstance(right.operator, operators.GreaterThanEqual):
        return wanted.rank < limit
    return isinstance(right.operator, operators.Equal) and wanted.rank != limit
