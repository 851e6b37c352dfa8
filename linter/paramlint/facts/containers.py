"""Plain containers that a class keeps on `self`: what is put into them, and whether something else registers that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import libcst as cst

from paramlint.facts.assignments import Assignment
from paramlint.facts.classes import Class
from paramlint.facts.flow import ADDING, CARRYING, EXTENDING, GIVING, Carriers, is_joined, puts, sources
from paramlint.facts.scopes import Scope
from paramlint.facts.types import Type
from paramlint.knowledge import MODULE_SELF_METHODS, OPTIMIZERS, PARAMETER_CLASSES, module_class

Fate = Literal["registered", "taken"]

_DISPLAYS = (cst.List, cst.Tuple, cst.Set, cst.Dict, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)
_KINDS = {
    cst.List: "list", cst.ListComp: "list", cst.Tuple: "tuple", cst.Set: "set", cst.SetComp: "set", cst.Dict: "dict",
    cst.DictComp: "dict", cst.GeneratorExp: "generator",
}  # fmt: skip
_CONSTRUCTORS = {
    "list": "list", "tuple": "tuple", "set": "set", "frozenset": "set", "dict": "dict", "sorted": "list",
    "collections.OrderedDict": "dict", "collections.defaultdict": "dict", "collections.deque": "deque",
    "reversed": "iterator", "map": "iterator", "filter": "iterator", "zip": "iterator", "iter": "iterator",
}  # fmt: skip
#: Functions that keep nothing of what they are given.
_HARMLESS = {
    "len", "print", "isinstance", "issubclass", "range", "str", "repr", "type", "id", "any", "all", "bool", "max",
    "min", "sum", "hash", "hasattr", "getattr", "super", "copy.deepcopy", "copy.copy",
}  # fmt: skip
_REGISTERING = {"add_module", "register_module", "register_parameter", "__setattr__"}
#: What code calls on modules and parameters that it cares for by hand.
_CARING = {"parameters", "named_parameters", "state_dict", "load_state_dict", "to", "cuda", "cpu"}
#: What code reads that takes modules over by hand.
_INNER = {"_modules", "_parameters", "_buffers", "__dict__"}
#: Methods by which a module says itself what belongs to it.
_OWN_BOOKKEEPING = {"parameters", "named_parameters", "state_dict", "_apply", "children", "named_children"}


@dataclass(frozen=True)
class Held:
    """One value that is put into a container.

    `is_made` is false where it is known to belong to a module already: `self.conv`, a layer of another model.
    `is_exact` is true for an instance of just this class, not of a subclass.
    """

    scope: Scope
    node: cst.BaseExpression
    type: Type
    is_made: bool
    is_exact: bool


class PlainContainer:
    """An attribute of a module that is a list, tuple, set or dict wherever the class gives it a value.

    Args:
        cls: the class of `self`.
        name: the attribute.
        first: where it is first given a container.
    """

    def __init__(self, cls: Class, name: str, first: Assignment) -> None:
        self.cls = cls
        self.name = name
        self.first = first

    @property
    def kind(self) -> str:
        """`list`, `tuple`, `set`, `dict`..."""
        assert self.first.value is not None
        return _kind(self.first.scope, self.first.value)

    @cached_property
    def _carriers(self) -> list[Carriers]:
        return [Carriers(scope, self.name) for c in self.cls.mro for scope in c.scopes_with(self.name)]

    @cached_property
    def held(self) -> list[Held]:
        """The modules and parameters that are put into it."""
        found: dict[cst.BaseExpression, Held] = {}
        for carriers in self._carriers:
            for value in _values(carriers):
                for held in _made(carriers.scope, value):
                    found.setdefault(held.node, held)
        return list(found.values())

    @property
    def trailing_comma(self) -> cst.BaseExpression | None:
        """The one value that a comma behind it has made a tuple."""
        value = self.first.value
        if isinstance(value, cst.Tuple) and not value.lpar and len(value.elements) == 1:
            return value.elements[0].value
        return None

    @property
    def hides_one(self) -> bool:
        """Whether it is `[module]` around an argument: the usual way to keep a module without registering it."""
        value = self.first.value
        if not isinstance(value, (cst.List, cst.Tuple)) or len(value.elements) != 1 or len(self.held) != 1:
            return False
        return self.held[0].node is value.elements[0].value and isinstance(self.held[0].node, cst.Name)

    @cached_property
    def is_flat(self) -> bool:
        """Whether its items themselves are all modules or parameters, none of them unknown or a container."""
        scope, value = self.first.scope, self.first.value
        items: list[tuple[Scope, cst.BaseExpression]] = []
        if isinstance(value, (cst.List, cst.Tuple)):
            items += [(scope, e.value) for e in value.elements if isinstance(e, cst.Element)]
        elif isinstance(value, cst.Dict):
            items += [(scope, e.value) for e in value.elements if isinstance(e, cst.DictElement)]
        elif isinstance(value, (cst.ListComp, cst.GeneratorExp)):
            items.append((scope, value.elt))
        for carriers in self._carriers:
            own = [p for p in puts(carriers.scope) if _reaches(carriers, p.receiver) and not p.is_spread]
            if any(isinstance(p.receiver, cst.Subscript) for p in own):
                return False
            items += [(carriers.scope, p.value) for p in own]
        types = [s.type(node) for s, node in items]
        return all(t is not None and t.kind in ("module", "parameter") for t in types)

    @cached_property
    def is_called(self) -> bool:
        """Whether what it holds is called somewhere, as modules are."""
        return any(
            _reaches(carriers, call.func)
            for carriers in self._carriers
            for call in carriers.scope.find(cst.Call)
            if isinstance(call.func, (cst.Name, cst.Subscript))
        )

    @cached_property
    def fates(self) -> set[Fate]:
        """What else becomes of it or its content.

        `registered`: each item with `add_module`, `setattr` or the like. `taken`: given to a module, an optimizer or
        code that is not followed, stored elsewhere, or cared for by hand.
        """
        if any(self.cls.own_method(name) is not None for name in _OWN_BOOKKEEPING):
            return {"taken"}
        return {fate for carriers in self._carriers for fate in _fates(carriers)}


def plain_containers(scope: Scope) -> Iterator[PlainContainer]:
    """The plain containers that a method is the first to make, with a chance to hold modules or parameters."""
    if scope.cls is None or not scope.cls.is_module:
        return
    for name in dict.fromkeys(n for n, a in scope.assignments if a.how == "assign" and a.value is not None):
        values = [a.value for n, a in scope.assignments if n == name and a.value is not None]
        if not any(_kind(scope, value) for value in values):
            continue
        known = [source for value in values for source in sources(scope, value)]
        if not known and not _grows(scope.cls, name):
            continue
        found = plain_container(scope.cls, name)
        if found is not None and found.first.scope is scope:
            yield found


def _grows(cls: Class, name: str) -> bool:
    """Whether the text of a class could put something into the attribute, or make it anew."""
    unit = cls.outline.unit
    text = cls.file.source.lines(unit.first, unit.last)
    if re.search(rf"\.{name}\b *(?:\[.*\] *=(?!=)|[+|]=|(?:\[.*\])? *\.(?:{'|'.join((*ADDING, *EXTENDING))})\b)", text):
        return True
    return len(re.findall(rf"\.{name}\b *(?::[^=\n]*)?=(?!=)", text)) > 1


def plain_container(cls: Class, name: str) -> PlainContainer | None:
    """An attribute that every assignment in the class makes a plain container (or `None`)."""
    first: Assignment | None = None
    for assignment in sorted(cls.assignments(name), key=_in_constructor_first):
        if assignment.how == "augmented" or assignment.value is None:
            continue
        if assignment.how not in ("assign", "class"):
            return None
        known = assignment.scope.type(assignment.value)
        if known is not None and known.kind == "none":
            continue
        if not _kind(assignment.scope, assignment.value):
            return None
        if first is None and assignment.how == "assign":
            first = assignment
    return PlainContainer(cls, name, first) if first is not None else None


def _in_constructor_first(assignment: Assignment) -> bool:
    return assignment.scope.name != "__init__"


def _kind(scope: Scope, node: cst.BaseExpression) -> str:
    """What kind of plain container an expression makes; empty where it is none."""
    displayed = _kind_of_display(scope, node)
    if displayed:
        return displayed
    if is_joined(node, scope):
        return _kind(scope, node.left) or _kind(scope, node.right)
    if isinstance(node, cst.IfExp):
        return _kind(scope, node.body) or _kind(scope, node.orelse)
    if not _is_local(scope, node) and not _is_helper_call(scope, node):
        return ""
    known = scope.type(node)
    if known is None or known.kind != "container":
        return ""
    return known.name.lower() if known.name.lower() in _KINDS.values() else "container"


def _kind_of_display(scope: Scope, node: cst.BaseExpression) -> str:
    if node.__class__ in _KINDS:
        return _KINDS[node.__class__]
    if isinstance(node, cst.Call):
        made = _CONSTRUCTORS.get(scope.qualified(node.func) or "")
        if made:
            return made
    return ""


def _is_local(scope: Scope, node: cst.BaseExpression) -> bool:
    """Whether a name is a parameter that is annotated, or is given a container in this function."""
    bindings = scope.bindings.get(node.value, []) if isinstance(node, cst.Name) else []
    return any(
        b.annotation is not None if b.kind == "parameter" else b.value is not None and _kind_of_display(scope, b.value)
        for b in bindings
    )


def _is_helper_call(scope: Scope, node: cst.BaseExpression) -> bool:
    """Whether a function or a method of `self` is called, rather than a class."""
    if not isinstance(node, cst.Call):
        return False
    if isinstance(node.func, cst.Name):
        return not node.func.value[:1].isupper()
    return scope.self_attribute(node.func) is not None


# What is put in


def _values(carriers: Carriers) -> Iterator[cst.BaseExpression]:
    for name, assignment in carriers.scope.assignments:
        if name == carriers.attribute and assignment.value is not None and assignment.how != "augmented":
            yield assignment.value
    for put in puts(carriers.scope):
        if _reaches(carriers, put.receiver):
            yield put.value


def _made(scope: Scope, value: cst.BaseExpression, seen: frozenset[str] = frozenset()) -> Iterator[Held]:
    """The modules and parameters that a value is or holds."""
    for node in sources(scope, value):
        if isinstance(node, cst.Name) and node.value not in seen:
            bindings = [b for b in scope.bindings.get(node.value, ()) if b.value is not None and b.kind != "parameter"]
            for binding in bindings:
                assert binding.value is not None
                followed = list(sources(scope, binding.value, binding.index))
                for source in followed:
                    yield from _made(scope, source, seen | {node.value})
            if bindings:
                continue
        known = scope.type(node)
        while known is not None and known.kind == "container":
            known = known.item
        if known is not None and known.kind in ("module", "parameter"):
            yield Held(scope, node, known, _is_made(scope, node), _is_exact(scope, node))


def _is_exact(scope: Scope, node: cst.BaseExpression) -> bool:
    if not isinstance(node, cst.Call):
        return False
    return isinstance(scope.resolve(node.func), Class) or module_class(scope.qualified(node.func) or "") is not None


def _is_made(scope: Scope, node: cst.BaseExpression, depth: int = 0) -> bool:
    """Whether a value is made for this place, or handed in from outside, rather than owned by a module already."""
    if depth > 5:
        return False
    if isinstance(node, cst.Name):
        bindings = scope.bindings.get(node.value, [])
        if any(b.kind == "parameter" for b in bindings):
            return True
        values = [s for b in bindings if b.value is not None for s in sources(scope, b.value, b.index)]
        return bool(values) and all(_is_made(scope, value, depth + 1) for value in values)
    if not isinstance(node, cst.Call):
        return False
    name = scope.qualified(node.func)
    if name in PARAMETER_CLASSES or name in ("copy.deepcopy", "copy.copy"):
        return True
    symbol = scope.resolve(node.func)
    if isinstance(symbol, Class) or (isinstance(symbol, str) and module_class(symbol) is not None):
        return not any(_is_own_module(scope, arg.value) for arg in node.args)
    if isinstance(node.func, cst.Attribute):
        method = node.func.attr.value
        if method in MODULE_SELF_METHODS:
            return _is_made(scope, node.func.value, depth + 1)
        owner = scope.type(node.func.value)
        if owner is not None and owner.cls is not None:
            symbol = owner.cls.method(method)
        if owner is not None and owner.cls is None and owner.kind == "module":
            return False  # children(), get_submodule()...
    if isinstance(symbol, Scope):
        returned = [r.value for r in symbol.find(cst.Return) if r.value is not None]
        values = [s for value in returned for s in sources(symbol, value)]
        return bool(values) and all(_is_made(symbol, value, depth + 1) for value in values)
    return isinstance(node.func, (cst.Name, cst.Subscript))


def _is_own_module(scope: Scope, node: cst.BaseExpression) -> bool:
    """Whether an argument is a module that `self` registers."""
    if scope.self_attribute(node) is None:
        return False
    known = scope.type(node)
    return known is not None and known.kind == "module"


# What becomes of it


def _fates(carriers: Carriers) -> Iterator[Fate]:
    for node in carriers.scope.nodes:
        if node.__class__ in (cst.Name, cst.Attribute) and carriers.includes(node):
            fate = _fate(carriers, node)
            if fate is not None:
                yield fate


def _fate(carriers: Carriers, node: cst.CSTNode) -> Fate | None:
    """What the code around a carrier does with it, seen from the inside out."""
    scope = carriers.scope
    parent = scope.parent(node)
    while parent is not None:
        if isinstance(parent, cst.Attribute):
            if node is parent.value and parent.attr.value in _INNER:
                return "taken"
            call = scope.parent(parent)
            if node is parent.attr or not isinstance(call, cst.Call) or call.func is not parent:
                return None
            if parent.attr.value in _CARING:
                return "taken"
            if parent.attr.value not in GIVING and parent.attr.value not in MODULE_SELF_METHODS:
                return None
            node, parent = call, scope.parent(call)
        elif isinstance(parent, cst.Arg):
            call = scope.parent(parent)
            if node is parent.keyword or not isinstance(call, cst.Call):
                return None
            if not _carries_on(scope, call):
                return _given(carriers, call, parent)
            node, parent = call, scope.parent(call)
        elif isinstance(parent, (cst.Assign, cst.AnnAssign)):
            return _stored(carriers, parent) if node is parent.value else None
        elif isinstance(parent, cst.AugAssign):
            is_value = node is parent.value and not isinstance(parent.target, cst.Name)
            return "taken" if is_value and not _reaches(carriers, parent.target) else None
        elif _passes_on(scope, parent, node):
            node, parent = parent, scope.parent(parent)
        else:
            return None
    return None


def _passes_on(scope: Scope, parent: cst.CSTNode, node: cst.CSTNode) -> bool:
    """Whether an expression is, or holds, its part `node`."""
    if isinstance(parent, cst.Subscript):
        return node is parent.value
    if isinstance(parent, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
        return node is parent.elt
    if isinstance(parent, (cst.DictComp, cst.DictElement)):
        return node is parent.value
    if isinstance(parent, cst.IfExp):
        return node is not parent.test
    if isinstance(parent, cst.BinaryOperation):
        return is_joined(parent, scope)
    carrying = (
        cst.List, cst.Tuple, cst.Set, cst.Dict, cst.Element, cst.StarredElement, cst.StarredDictElement,
        cst.BooleanOperation, cst.NamedExpr,
    )  # fmt: skip
    return isinstance(parent, carrying)


def _carries_on(scope: Scope, call: cst.Call) -> bool:
    name = scope.qualified(call.func)
    return name in CARRYING or name == "map" or (name is not None and name.startswith("torch.nn.utils.param"))


def _given(carriers: Carriers, call: cst.Call, arg: cst.Arg) -> Fate | None:
    """What a call does with a carrier among its arguments."""
    scope = carriers.scope
    name = scope.qualified(call.func)
    if name in _HARMLESS:
        return None
    if name == "setattr" or (isinstance(call.func, cst.Attribute) and call.func.attr.value in _REGISTERING):
        owner = call.args[0].value if name == "setattr" else call.func.value  # type: ignore[attr-defined]
        return "registered" if isinstance(owner, cst.Name) and owner.value == scope.self_name else "taken"
    if isinstance(call.func, cst.Attribute) and call.func.attr.value in (*ADDING, *EXTENDING):
        return None if _reaches(carriers, call.func.value) else "taken"
    if name is not None and name.startswith("torch.") and module_class(name) is None and name not in OPTIMIZERS:
        return None
    return _given_to_function(carriers, call, arg)


def _given_to_function(carriers: Carriers, call: cst.Call, arg: cst.Arg) -> Fate | None:
    """What a function or method of the project does with an argument; what is not followed takes it."""
    scope = carriers.scope
    method = scope.self_attribute(call.func)
    called = scope.cls.method(method) if method is not None and scope.cls is not None else scope.resolve(call.func)
    name = _parameter(called, call, arg) if isinstance(called, Scope) and called is not scope else None
    if name is None or not isinstance(called, Scope) or carriers.depth > 2:
        return "taken"
    inner = Carriers(called, carriers.attribute, frozenset({name}), carriers.depth + 1)
    fates = set(_fates(inner))
    return "taken" if "taken" in fates else ("registered" if fates else None)


def _parameter(called: Scope, call: cst.Call, arg: cst.Arg) -> str | None:
    """The name under which a function has an argument of a call."""
    if not isinstance(called.node, cst.FunctionDef) or any(a.star for a in call.args):
        return None
    params = [p.name.value for p in (*called.node.params.posonly_params, *called.node.params.params)]
    if arg.keyword is not None:
        names = [*params, *(p.name.value for p in called.node.params.kwonly_params)]
        return arg.keyword.value if arg.keyword.value in names else None
    index = call.args.index(arg) + (1 if called.self_name is not None else 0)
    return params[index] if index < len(params) else None


def _stored(carriers: Carriers, node: cst.Assign | cst.AnnAssign) -> Fate | None:
    targets = [t.target for t in node.targets] if isinstance(node, cst.Assign) else [node.target]
    for target in targets:
        if isinstance(target, (cst.Name, cst.Tuple, cst.List)) or carriers.is_attribute(target):
            continue
        if not (isinstance(target, cst.Subscript) and _reaches(carriers, target)):
            return "taken"
    return None


def _reaches(carriers: Carriers, node: cst.BaseExpression | cst.BaseAssignTargetExpression) -> bool:
    """Whether an expression is the container, something in it, or a name for either."""
    assert isinstance(node, cst.BaseExpression)
    return any(carriers.includes(source) for source in sources(carriers.scope, node))
