"""Loops: rounds that are told apart where they are few, and one for all where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.code.bindings import names_of_target
from paramlint.symbolic.collections.carried import forget_carried
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    Cell,
    Environment,
    Instance,
    Item,
    Items,
    Loop,
    SequenceValue,
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


def go_through(
    run: Interpreter, items: Items, target: Any, body: Any, env: Environment, act: Callable[[], None]
) -> Guard | None:
    """Do something for each item, with the target bound to it.

    Args:
        items: what is gone through.
        target: what is bound in each round; None for nothing.
        body: the nodes of a round, in which names are looked for that one round hands to the next.
        env: where names are bound.
        act: the round.

    Returns:
        Where no `break` has ended it; None where one has for sure.
    """
    from paramlint.symbolic.language.assignment import store

    handed_on: list[tuple[Unknown, Cell]] | None = None
    frame = run.frame
    before = frame.unbroken, frame.unskipped

    def round_(value: Value) -> None:
        frame.unskipped = before[1]
        with run.under(frame.rest) as is_reached:
            if is_reached:
                if target is not None:
                    store(run, target, value, env, target)
                act()

    ordered = len(items.rows) if items.ordered is None else items.ordered
    rest = Loop(run.serial(), items.why_unknown or "?")
    rows = [*items.rows[:ordered], *([] if items.known else [_one_of(rest)]), *items.rows[ordered:]]
    for place, row in enumerate(rows):
        run.step()
        with run.under(row.guard) as is_possible, _unordered(run, place >= ordered and len(rows) > 1):
            if not is_possible:
                continue
            if not row.loops:
                round_(row.value)
                continue
            if handed_on is None:
                handed_on = forget_carried(run, body, env, row.loops[-1])
            names = " ".join(names_of_target(target)) if target is not None else ""
            with repeating(run, (*row.loops[:-1], replace(row.loops[-1], target=names))):
                round_(_named(row.value, target, row.loops[-1]))
            for carried, cell in handed_on:
                run.in_next_round[carried] = run.read(cell) or carried
    broken = frame.unbroken
    frame.unbroken, frame.unskipped = before
    return broken


def _one_of(loop: Loop) -> Item:
    """An item that nothing is known of."""
    return Item(ALWAYS, (loop,), Unknown(f"{loop.text}[...]", loop.number))


@contextmanager
def _unordered(run: Interpreter, is_so: bool) -> Iterator[None]:
    """What is put into containers stands somewhere in them."""
    run.unordered += is_so
    try:
        yield
    finally:
        run.unordered -= is_so


def _named(value: Value, target: Any, loop: Loop) -> Value:
    """A number that a loop binds reads as its name."""
    if isinstance(value, Unknown) and value.loop == loop.number and value.text.startswith("each of "):
        names = list(names_of_target(target))
        if len(names) == 1:
            return Unknown(names[0], loop.number)
    if isinstance(value, SequenceValue) and target.__class__.__name__ in ("Tuple", "List"):
        elements = [element.value for element in target.elements]
        plain = value.items.plain
        if plain is not None and len(plain) == len(elements):
            named = [_named(one, other, loop) for one, other in zip(plain, elements, strict=True)]
            if any(one is not other for one, other in zip(named, plain, strict=True)):
                made = SequenceValue(
                    value.kind, guard=value.guard, loops=value.loops, order=value.order, made=value.made
                )
                made.items.rows = [
                    type(row)(row.guard, row.loops, v) for row, v in zip(value.items.rows, named, strict=True)
                ]
                return made
    return value


def new_rounds(run: Interpreter, text: str) -> Items:
    """The rounds of a loop of which only a text is known."""
    loop = Loop(run.serial(), text)
    return Items([Item(ALWAYS, (loop,), Unknown(text, loop.number))])


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
    value = first if same or isinstance(first, (Instance, SequenceValue)) else Unknown(f"each of {count}", loop.number)
    return Items([Item(ALWAYS, (loop,), value)], items.known, items.why_unknown)
