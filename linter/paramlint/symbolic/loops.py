"""Loops: rounds that are told apart where they are few, and one for all where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.program import names_of_target
from paramlint.symbolic.values import (
    Constant,
    Environment,
    Instance,
    Item,
    Items,
    Loop,
    Sequence_,
    Unknown,
    Value,
)


@contextmanager
def repeating(run: Interpreter, loops: tuple[Loop, ...]) -> Iterator[None]:
    """What is in it happens once for each round of the loops."""
    before = run.loops
    start, since = len(run.trace.events), run.trace.tick()
    run.loops = (*before, *loops)
    try:
        yield
    finally:
        run.loops = before
        for _ in loops:
            run.trace.repeat(start, since)


def go_through(run: Interpreter, items: Items, target: Any, body: Any, env: Environment, act: Callable[[], None]) -> None:
    """Do something for each item, with the target bound to it.

    Args:
        items: what is gone through.
        target: what is bound in each round; None for nothing.
        body: the nodes of a round, in which names are looked for that one round hands to the next.
        env: where names are bound.
        act: the round.
    """
    from paramlint.symbolic.statements import store

    has_forgotten = False
    frame = run.frame
    before = frame.unbroken, frame.unskipped

    def round_(value: Value) -> None:
        frame.unskipped = before[1]
        with run.under(frame.rest) as is_reached:
            if is_reached:
                if target is not None:
                    store(run, target, value, env, target)
                act()

    for row in items.rows:
        run.step()
        with run.under(row.guard) as is_possible:
            if not is_possible:
                continue
            if not row.loops:
                round_(row.value)
                continue
            if not has_forgotten:
                forget_carried(run, body, env, row.loops[-1])
                has_forgotten = True
            names = " ".join(names_of_target(target)) if target is not None else ""
            with repeating(run, (*row.loops[:-1], replace(row.loops[-1], target=names))):
                round_(_named(row.value, target, row.loops[-1]))
    if not items.known and not items.rows:
        loop = Loop(run.serial(), items.why_unknown or "?")
        forget_carried(run, body, env, loop)
        with repeating(run, (loop,)):
            round_(Unknown(f"{items.why_unknown or '?'}[...]", loop.number))
    frame.unbroken, frame.unskipped = before


def _named(value: Value, target: Any, loop: Loop) -> Value:
    """A number that a loop binds reads as its name."""
    if isinstance(value, Unknown) and value.loop == loop.number and value.text.startswith("each of "):
        names = list(names_of_target(target))
        if len(names) == 1:
            return Unknown(names[0], loop.number)
    if isinstance(value, Sequence_) and target.__class__.__name__ in ("Tuple", "List"):
        elements = [element.value for element in target.elements]
        plain = value.items.plain
        if plain is not None and len(plain) == len(elements):
            named = [_named(one, other, loop) for one, other in zip(plain, elements, strict=True)]
            if any(one is not other for one, other in zip(named, plain, strict=True)):
                made = Sequence_(value.kind, guard=value.guard, loops=value.loops, order=value.order, made=value.made)
                made.items.rows = [type(row)(row.guard, row.loops, v) for row, v in zip(value.items.rows, named, strict=True)]
                return made
    return value


def new_rounds(run: Interpreter, text: str) -> Items:
    """The rounds of a loop of which only a text is known."""
    loop = Loop(run.serial(), text)
    return Items([Item(ALWAYS, (loop,), Unknown(text, loop.number))])


def forget_carried(run: Interpreter, body: Any, env: Environment, loop: Loop) -> None:
    """Numbers that one round hands to the next are not known in a loop whose rounds are not told apart."""
    names, attributes = carried(run, body)
    for name in names:
        scope: Environment | None = env
        while scope is not None and name not in scope.cells:
            scope = scope.outer
        if scope is not None:
            held = run.read(scope.cells[name])
            if isinstance(held, (Constant, Unknown)) and held != Constant(None):
                run.write(scope.cells[name], Unknown(name, loop.number))
            elif isinstance(held, (Instance, Constant)) and held is not None:
                run.write(scope.cells[name], Unknown(name, loop.number))
    for owner, name in attributes:
        held_owner = env.cells.get(owner)
        instance = run.read(held_owner) if held_owner else None
        if isinstance(instance, Instance) and name in instance.attributes:
            held = run.read(instance.attributes[name])
            if isinstance(held, (Constant, Unknown)):
                run.write(instance.attributes[name], Unknown(f"{owner}.{name}", loop.number))


def carried(run: Interpreter, body: Any) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The names that a body gives values and may read before, and the attributes of names."""
    key = ("carried", id(body))
    if key not in run.memo:
        found = _Stores()
        found.visit(body)
        run.memo[key] = body, (frozenset(found.names), frozenset(found.attributes))
    result: tuple[frozenset[str], frozenset[tuple[str, str]]] = run.memo[key][1]
    return result


def trains(run: Interpreter, body: Any) -> bool:
    """Whether a loop takes optimizer steps: its rounds are then never told apart, however few they are."""
    key = ("trains", id(body))
    if key not in run.memo:
        run.memo[key] = body, _calls_method(body, ("backward", "step"))
    result: bool = run.memo[key][1]
    return result


def _calls_method(body: Any, names: tuple[str, ...]) -> bool:
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, (list, tuple)):
            stack.extend(node)
            continue
        kind = node.__class__.__name__
        if kind == "Call" and node.func.__class__.__name__ == "Attribute":
            if node.func.attr.value in names:
                return True
            stack.append(node.func.value)
        for name in ("body", "orelse", "handlers", "finalbody", "cases", "value", "expression"):
            part = getattr(node, name, None)
            if part is not None and not isinstance(part, (str, int, float, bool)):
                stack.append(part)
    return False


def as_one_round(run: Interpreter, items: Items) -> Items:
    """The items of a loop, with no round told apart."""
    if not items.rows or any(row.loops or row.guard for row in items.rows):
        return items
    count = len(items.rows)
    loop = Loop(run.serial(), str(count), count if items.known else None)
    first = items.rows[0].value
    same = all(row.value == first for row in items.rows)
    value = first if same or isinstance(first, (Instance, Sequence_)) else Unknown(f"each of {count}", loop.number)
    return Items([Item(ALWAYS, (loop,), value)], items.known, items.why_unknown)


class _Stores:
    """Collects what a body stores to, lists that grow left aside."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()

    def visit(self, node: Any) -> None:
        if isinstance(node, (list, tuple)):
            for one in node:
                self.visit(one)
            return
        kind = node.__class__.__name__
        if kind == "Assign":
            for target in node.targets:
                if not self._grows(target.target, node.value):
                    self._store(target.target)
        elif kind == "AugAssign" or (kind == "AnnAssign" and node.value is not None):
            self._store(node.target)
        elif kind in ("If", "For", "While", "With", "Try", "TryStar", "Else", "Finally", "ExceptHandler", "IndentedBlock",
                      "SimpleStatementLine", "SimpleStatementSuite", "Match", "MatchCase"):  # fmt: skip
            for name in ("body", "orelse", "handlers", "finalbody", "cases"):
                part = getattr(node, name, None)
                if part is not None:
                    self.visit(part)

    def _grows(self, target: Any, value: Any) -> bool:
        """Whether it is `x = x + [...]`, which keeps what was there."""
        if target.__class__.__name__ != "Name" or value.__class__.__name__ != "BinaryOperation":
            return False
        lists = ("List", "ListComp", "Tuple")
        return value.left.__class__.__name__ == "Name" and value.left.value == target.value and (
            value.right.__class__.__name__ in lists
        )

    def _store(self, target: Any) -> None:
        kind = target.__class__.__name__
        if kind == "Attribute" and target.value.__class__.__name__ == "Name":
            self.attributes.add((target.value.value, target.attr.value))
        else:
            self.names.update(names_of_target(target))
