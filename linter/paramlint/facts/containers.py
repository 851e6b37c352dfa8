"""Plain containers that a class keeps on `self`: what is put into them, and whether something else registers that."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from paramlint import nodes
from paramlint.facts.assignments import Assignment
from paramlint.facts.classes import Class
from paramlint.facts.contents import Held, made_modules, values_put
from paramlint.facts.escapes import Fate, fates_of
from paramlint.facts.flow import Carriers, is_joined, sources
from paramlint.facts.heirs import calls_left_to_heirs, is_seen_to_by_heirs
from paramlint.facts.scopes import Scope
from paramlint.syntax.containers_kept import grows

_KINDS = {
    nodes.List: "list", nodes.ListComp: "list", nodes.Tuple: "tuple", nodes.Set: "set", nodes.SetComp: "set",
    nodes.Dict: "dict", nodes.DictComp: "dict", nodes.GeneratorExp: "generator",
}  # fmt: skip
_CONSTRUCTORS = {
    "list": "list", "tuple": "tuple", "set": "set", "frozenset": "set", "dict": "dict", "sorted": "list",
    "collections.OrderedDict": "dict", "collections.defaultdict": "dict", "collections.deque": "deque",
    "reversed": "iterator", "map": "iterator", "filter": "iterator", "zip": "iterator", "iter": "iterator",
}  # fmt: skip
#: Methods by which a module says itself what belongs to it.
_OWN_BOOKKEEPING = {"parameters", "named_parameters", "state_dict", "_apply", "children", "named_children"}


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
        found: dict[nodes.BaseExpression, Held] = {}
        for carriers in self._carriers:
            for value in values_put(carriers):
                for held in made_modules(carriers.scope, value):
                    found.setdefault(held.node, held)
        return list(found.values())

    @property
    def trailing_comma(self) -> nodes.BaseExpression | None:
        """The one value that a comma behind it has made a tuple."""
        value = self.first.value
        if isinstance(value, nodes.Tuple) and len(value.elements) == 1 and not self.first.scope.parentheses(value):
            return value.elements[0].value
        return None

    @property
    def hides_one(self) -> bool:
        """Whether it is `[module]` around an argument: the usual way to keep a module without registering it."""
        value = self.first.value
        if not isinstance(value, (nodes.List, nodes.Tuple)) or len(value.elements) != 1 or len(self.held) != 1:
            return False
        return self.held[0].node is value.elements[0].value and isinstance(self.held[0].node, nodes.Name)

    @cached_property
    def is_flat(self) -> bool:
        """Whether its items themselves are all modules or parameters, none of them unknown or a container."""
        scope, value = self.first.scope, self.first.value
        items: list[tuple[Scope, nodes.BaseExpression]] = []
        if isinstance(value, (nodes.List, nodes.Tuple)):
            items += [(scope, e.value) for e in value.elements if isinstance(e, nodes.Element)]
        elif isinstance(value, nodes.Dict):
            items += [(scope, e.value) for e in value.elements if isinstance(e, nodes.DictElement)]
        elif isinstance(value, (nodes.ListComp, nodes.GeneratorExp)):
            items.append((scope, value.elt))
        for carriers in self._carriers:
            own = [p for p in carriers.put_in if not p.is_spread]
            if any(isinstance(p.receiver, nodes.Subscript) for p in own):
                return False
            items += [(carriers.scope, p.value) for p in own]
        types = [s.type(node) for s, node in items]
        return all(t is not None and t.kind in ("module", "parameter") for t in types)

    @cached_property
    def is_called(self) -> bool:
        """Whether what it holds is called somewhere, as modules are."""
        return any(
            isinstance(call.func, (nodes.Name, nodes.Subscript))
            for carriers in self._carriers
            for call in carriers.calls
        )

    @cached_property
    def fates(self) -> set[Fate]:
        """What else becomes of it or its content.

        `registered`: each item with `add_module`, `setattr` or the like. `taken`: given to a module, an optimizer or
        code that is not followed, stored elsewhere, or cared for by hand.
        """
        if _keeps_books(self.cls) or is_seen_to_by_heirs(self.cls, _keeps_books):
            return {"taken"}
        if any(True for _ in calls_left_to_heirs(self.first.scope)):
            return {"taken"}
        return {fate for carriers in self._carriers for fate in fates_of(carriers)}


def _keeps_books(cls: Class) -> bool:
    """Whether a class says itself what belongs to it."""
    return any(cls.own_method(name) is not None for name in _OWN_BOOKKEEPING)


def plain_containers(scope: Scope) -> Iterator[PlainContainer]:
    """The plain containers that a method is the first to make, with a chance to hold modules or parameters."""
    if scope.cls is None or not scope.cls.is_module:
        return
    names = dict.fromkeys(n for n, a in scope.assignments if a.how == "assign" and a.value is not None)
    worth_trying = scope.file.keeping.attributes(scope.unit) if scope.file.is_draft else names.keys()
    for name in names:
        if name not in worth_trying:
            continue
        values = [a.value for a in scope.assignments_of(name) if a.value is not None]
        if not any(_kind(scope, value) for value in values):
            continue
        known = [source for value in values for source in sources(scope, value)]
        if not known and not _grows(scope.cls, name):
            continue
        found = plain_container(scope.cls, name)
        if found is not None and found.first.scope is scope:
            yield found


def _grows(cls: Class, name: str) -> bool:
    unit = cls.outline.unit
    return grows(cls.file.source.lines(unit.first, unit.last), name)


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


def _kind(scope: Scope, node: nodes.BaseExpression) -> str:
    """What kind of plain container an expression makes; empty where it is none."""
    if isinstance(node, nodes.NamedExpr):
        return _kind(scope, node.value)
    displayed = _kind_of_display(scope, node)
    if displayed:
        return displayed
    if is_joined(node, scope):
        return _kind(scope, node.left) or _kind(scope, node.right)
    if isinstance(node, nodes.IfExp):
        return _kind(scope, node.body) or _kind(scope, node.orelse)
    if not _is_local(scope, node) and not _is_helper_call(scope, node):
        return ""
    known = scope.type(node)
    if known is None or known.kind != "container":
        return ""
    return known.name.lower() if known.name.lower() in _KINDS.values() else "container"


def _kind_of_display(scope: Scope, node: nodes.BaseExpression) -> str:
    if node.__class__ in _KINDS:
        return _KINDS[node.__class__]
    if isinstance(node, nodes.Call):
        made = _CONSTRUCTORS.get(scope.qualified(node.func) or "")
        if made:
            return made
    return ""


def _is_local(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether a name is a parameter that is annotated, or is given a container in this function."""
    bindings = scope.bindings.get(node.value, []) if isinstance(node, nodes.Name) else []
    return any(
        b.annotation is not None if b.kind == "parameter" else b.value is not None and _kind_of_display(scope, b.value)
        for b in bindings
    )


def _is_helper_call(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether a function or a method of `self` is called, rather than a class."""
    if not isinstance(node, nodes.Call):
        return False
    if isinstance(node.func, nodes.Name):
        return not node.func.value[:1].isupper()
    return scope.self_attribute(node.func) is not None
