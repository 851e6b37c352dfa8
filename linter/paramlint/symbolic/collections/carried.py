"""What one round of a loop hands to the next: in a loop whose rounds are not told apart, that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from paramlint.symbolic.code.bindings import names_of_target
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    Cell,
    Environment,
    Function,
    Instance,
    Loop,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
)

#: Methods that are looked into for what a loop changes through them.
_MOST_METHODS = 24
#: Why more may be in a container that grows in a loop: it stands before what this round puts there.
OTHER_ROUNDS = "what other rounds put into"
_GROWING = frozenset({"append", "extend", "insert"})


def forget_carried(run: Interpreter, body: Any, env: Environment, loop: Loop) -> None:
    """Say that what a round reads and then changes is not known in it."""
    stores = _stores(run, body)
    for name, is_rebound in stores.carried.items():
        cell = _cell(env, name)
        if cell is not None:
            held = run.read(cell)
            if held is not None and (is_rebound or not _is_changed_in_place(held)):
                if not is_rebound and isinstance(held, SequenceValue):
                    run.write(cell, _grown(held, name))
                    continue
                carried = _of_a_round(run, name, loop)
                run.in_first_round[carried] = held
                run.write(cell, carried)
    for name in stores.grown & stores.used:
        cell = _cell(env, name)
        held = run.read(cell) if cell is not None and not stores.stored.get(name) else None
        if isinstance(held, SequenceValue) and held.kind != "tuple":
            held.items.forget(f"{OTHER_ROUNDS} {name}")
    asked = {owner for owner, _ in stores.methods} | stores.handed
    for owner, name in stores.attributes:
        if (owner, name) in stores.read_attributes or owner in asked:
            _forget_attribute(run, owner, name, env, loop, is_rebound=stores.attributes[owner, name])
    _forget_through_calls(run, stores, env, loop)


def forget_shared(run: Interpreter, function: Function) -> None:
    """Say that names around a function, to which it gives values, are not known."""
    for name in _stores(run, function.node.body).shared if function.env is not None else ():
        cell = _cell(function.env, name)
        if cell is not None:
            run.write(cell, run.unknown_call(name))


def _cell(scope: Environment | None, name: str) -> Cell | None:
    """What holds the value of a name in a scope; None for a name at module level."""
    while scope is not None:
        if name in scope.cells:
            return scope.cells[name]
        scope = scope.outer
    return None


def _of_a_round(run: Interpreter, name: str, loop: Loop) -> Unknown:
    """What a name stands for in some round: not what an argument or name elsewhere does that is called so."""
    run.carried.add(name)
    return Unknown(name, loop.number)


def _is_changed_in_place(value: Value) -> bool:
    """Whether `x += y` leaves it the object that it is."""
    if isinstance(value, SequenceValue):
        return value.kind != "tuple"
    return isinstance(value, TensorValue) or (isinstance(value, Instance) and bool(value.container))


def _grown(held: SequenceValue, name: str) -> SequenceValue:
    """A tuple to which other rounds have added items: `x += (one,)`."""
    items = held.items.copy()
    items.forget(f"{OTHER_ROUNDS} {name}")
    return SequenceValue(held.kind, items, guard=held.guard, loops=held.loops, made=held.made)


def _forget_attribute(
    run: Interpreter, owner: str, name: str, env: Environment, loop: Loop, is_rebound: bool = True
) -> None:
    cell = _cell(env, owner)
    held = run.read(cell) if cell else None
    instance = run.stand_ins.get(held) if isinstance(held, Unknown) else held
    if isinstance(instance, Instance) and name in instance.attributes:
        held = run.read(instance.attributes[name])
        if not is_rebound and isinstance(held, Instance) and held.container:
            return  # `+=` puts items into it
        if isinstance(held, SequenceValue) and held.kind == "tuple" and not is_rebound:
            run.write(instance.attributes[name], _grown(held, name))
        elif held is not None and not (isinstance(held, SequenceValue) and held.kind != "tuple"):
            run.write(instance.attributes[name], _of_a_round(run, f"{owner}.{name}", loop))


def _forget_through_calls(run: Interpreter, stores: _Stores, env: Environment, loop: Loop) -> None:
    """The same for what methods of an object, and functions with names of their own around them, change."""
    from paramlint.symbolic.definitions import classes

    seen: set[tuple[str, str]] = set()
    waiting = [("", name) for name in stores.called] + sorted(stores.methods)
    while waiting and len(seen) < _MOST_METHODS:
        owner, name = waiting.pop()
        if (owner, name) in seen:
            continue
        seen.add((owner, name))
        cell = _cell(env, owner or name)
        held = run.read(cell) if cell else None
        if (
            not owner
            and isinstance(held, Function)
            and held.node.__class__.__name__ == "FunctionDef"
            and held.env is not None
        ):
            inner = _stores(run, held.node.body)
            for outer in inner.shared & held.env.cells.keys():
                run.write(held.env.cells[outer], _of_a_round(run, outer, loop))
        elif owner and isinstance(held, Instance) and held.cls is not None and classes.has_method(run, held.cls, name):
            method = classes.member(run, held.cls, name, held)
            if isinstance(method, Function) and method.node.__class__.__name__ == "FunctionDef":
                inner = _stores(run, method.node.body)
                own = _first_parameter(method.node)
                for (who, attribute), is_rebound in inner.attributes.items():
                    if who == own:
                        _forget_attribute(run, owner, attribute, env, loop, is_rebound)
                waiting += [(owner, called) for who, called in sorted(inner.methods) if who == own]


def _first_parameter(node: Any) -> str:
    parameters = [*node.params.posonly_params, *node.params.params]
    name: str = parameters[0].name.value if parameters else ""
    return name


def _stores(run: Interpreter, body: Any) -> _Stores:
    """What a body stores, found once for all runs."""
    known = run.program.memo.get(id(body))
    if known is None:
        found = _Stores()
        found.block(body, set())
        known = run.program.memo[id(body)] = (body, found)
    stores: _Stores = known[1]
    return stores


class _Stores:
    """What a body stores to.

    Attributes:
        carried: names that it may read before it gives them a value, and whether it does so by more than `+=`.
        attributes: attributes of names that it gives values, and whether by more than `+=`.
        read_attributes: those that it reads.
        handed: names whose object it uses other than by its attributes.
        shared: names of functions around it, or of the module, that it gives values.
        grown: names of lists that it puts something into. used: names whose items it may read.
        stored: names that it gives values, and whether by more than `+=`.
        called: functions that it calls by their name. methods: methods that it calls of something that has a name.
    """

    def __init__(self) -> None:
        self.carried: dict[str, bool] = {}
        self.attributes: dict[tuple[str, str], bool] = {}
        self.read_attributes: set[tuple[str, str]] = set()
        self.handed: set[str] = set()
        self.shared: set[str] = set()
        self.grown: set[str] = set()
        self.used: set[str] = set()
        self.called: set[str] = set()
        self.methods: set[tuple[str, str]] = set()
        self._read: set[str] = set()
        self.stored: dict[str, bool] = {}

    def block(self, body: Any, sure: set[str]) -> None:
        """Go through statements in order; `sure` are the names that have a value of this round."""
        held = getattr(body, "body", None)
        statements: Iterable[Any] = body if isinstance(body, (list, tuple)) else held if held is not None else (body,)
        for statement in statements:
            if isinstance(statement.__class__.__name__, str):
                self._statement(statement, sure)
        self.carried = {name: self.stored[name] for name in self.stored if name in self._read}

    def _statement(self, node: Any, sure: set[str]) -> None:
        kind = node.__class__.__name__
        if kind in ("SimpleStatementLine", "SimpleStatementSuite", "IndentedBlock"):
            self.block(node.body, sure)
        elif kind == "Assign":
            self._reads(node.value, sure, () if not grows(node) else names_of_target(node.targets[0].target))
            for target in node.targets:
                self._store(target.target, sure, is_rebound=not grows(node))
        elif kind == "AnnAssign":
            if node.value is not None:
                self._reads(node.value, sure)
                self._store(node.target, sure)
        elif kind == "AugAssign":
            self._reads(node.value, sure)
            names = set(names_of_target(node.target))
            unused = names - self.used
            self._reads(node.target, sure)
            self.used -= unused  # `+=` itself asks for no item
            self.grown |= names
            self._store(node.target, sure, is_rebound=False)
        elif kind in ("Nonlocal", "Global"):
            self.shared.update(item.name.value for item in node.names)
        elif kind == "FunctionDef":
            self._reads(node.body, sure)
            self.stored.setdefault(node.name.value, True)
            sure.add(node.name.value)
        elif kind == "If":
            self._reads(node.test, sure)
            self._branches(sure, node.body, node.orelse)
        elif kind in ("For", "While"):
            self._reads(node.iter if kind == "For" else node.test, sure)
            inner = set(sure)
            if kind == "For":
                self._store(node.target, inner)
            self.block(node.body, inner)
            self._optional(node.orelse, sure)
        elif kind == "With":
            for item in node.items:
                self._reads(item.item, sure)
                if item.asname is not None:
                    self._store(item.asname.name, sure)
            self.block(node.body, sure)
        elif kind in ("Try", "TryStar"):
            self.block(node.body, set(sure))
            for handler in node.handlers:
                self.block(handler.body, set(sure))
            self._optional(node.orelse, set(sure))
            self._optional(node.finalbody, sure)
        elif kind == "Match":
            self._reads(node.subject, sure)
            for case in node.cases:
                self.block(case.body, set(sure))
        else:
            self._reads(node, sure)

    def _branches(self, sure: set[str], body: Any, orelse: Any) -> None:
        one, other = set(sure), set(sure)
        self.block(body, one)
        self._optional(orelse, other)
        sure |= one & other

    def _optional(self, part: Any, sure: set[str]) -> None:
        if part is not None:
            if part.__class__.__name__ == "If":
                self._statement(part, sure)
            else:
                self.block(part.body, sure)

    def _store(self, target: Any, sure: set[str], is_rebound: bool = True) -> None:
        kind = target.__class__.__name__
        if kind == "Attribute" and target.value.__class__.__name__ == "Name":
            known = self.attributes.get((target.value.value, target.attr.value), False)
            self.attributes[target.value.value, target.attr.value] = known or is_rebound
        elif kind in ("Attribute", "Subscript"):
            self._reads(target, sure)
        for name in names_of_target(target):
            self.stored[name] = self.stored.get(name, False) or is_rebound
            sure.add(name)

    def _reads(self, node: Any, sure: set[str], besides: Iterable[str] = ()) -> None:
        """Note the names in an expression, and what it calls."""
        skipped, counted = set(besides), set[int]()
        stack = [node]
        while stack:
            one = stack.pop()
            if isinstance(one, (list, tuple)):
                stack.extend(one)
                continue
            kind = one.__class__.__name__
            if kind == "Name":
                self.handed.add(one.value)
                if id(one) not in counted:
                    self.used.add(one.value)
                if one.value not in sure and one.value not in skipped:
                    self._read.add(one.value)
                continue
            if kind == "Attribute":
                if one.value.__class__.__name__ == "Name":
                    self.read_attributes.add((one.value.value, one.attr.value))
                    if one.value.value not in sure and one.value.value not in skipped:
                        self._read.add(one.value.value)
                else:
                    stack.append(one.value)
                continue
            if kind == "Call":
                self._calls(one.func)
                if one.func.__class__.__name__ == "Name" and one.func.value == "len":
                    counted.update(id(argument.value) for argument in one.args)  # which asks for no item
            elif kind == "NamedExpr":
                self.stored.setdefault(one.target.value, True)
            slots = _FIELDS.get(kind)
            if slots is None:
                slots = _FIELDS[kind] = _fields(one)
            stack.extend(part for name in slots if (part := getattr(one, name, None)) is not None)

    def _calls(self, function: Any) -> None:
        if function.__class__.__name__ == "Name":
            self.called.add(function.value)
        elif function.__class__.__name__ == "Attribute" and function.value.__class__.__name__ == "Name":
            self.methods.add((function.value.value, function.attr.value))
            if function.attr.value in _GROWING:
                self.grown.add(function.value.value)


_PARTS = frozenset(
    {"value", "func", "args", "elements", "left", "right", "comparisons", "comparator", "expression", "test", "body",
     "orelse", "slice", "lower", "upper", "step", "parts", "elt", "for_in", "iter", "ifs", "inner_for_in", "key",
     "item", "target", "handlers", "finalbody", "cases", "targets", "items", "subject", "exc", "cause", "msg",
     "default"}
)  # fmt: skip
_FIELDS: dict[str, tuple[str, ...]] = {}


def _fields(node: Any) -> tuple[str, ...]:
    """The fields of a kind of node that hold expressions; names of keywords and attributes are none."""
    if isinstance(node, (str, int, float, bool)):
        return ()
    kind = node.__class__
    names = getattr(kind, "__struct_fields__", None) or getattr(kind, "__dataclass_fields__", None) or ()
    return tuple(name for name in names if name in _PARTS)


def grows(node: Any) -> bool:
    """Whether it is `x = x + [...]`, which keeps what was there."""
    if len(node.targets) != 1:
        return False
    target, value = node.targets[0].target, node.value
    if target.__class__.__name__ != "Name" or value.__class__.__name__ != "BinaryOperation":
        return False
    is_same = value.left.__class__.__name__ == "Name" and value.left.value == target.value
    return is_same and value.operator.__class__.__name__ == "Add" and value.right.__class__.__name__ in _LISTS


_LISTS = ("List", "ListComp", "Tuple")
