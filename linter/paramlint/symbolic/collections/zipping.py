"""Rows of what goes through several iterables side by side, their lengths unknown too."""

from __future__ import annotations

from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.collections import containers
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    NONE,
    Instance,
    Item,
    Items,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
)


def zipped(run: Interpreter, made: SequenceValue, columns: list[Items], node: Any, fill: Value | None) -> None:
    plain = [column.plain for column in columns]
    known = [p for p in plain if p is not None]
    if known and (fill is None or len(known) == len(columns)):
        unknown = [_counted(column) for column, values in zip(columns, plain, strict=True) if values is None]
        for place in range((max if fill is not None else min)(map(len, known))):
            row = []
            guard = _reached(run, unknown, place)
            for column, values in zip(columns, plain, strict=True):
                if values is None:
                    row.append(_nth(run, column, place))
                else:
                    row.append(values[place] if place < len(values) else fill or NONE)
            if guard is not None:
                containers.add(run, made.items, Item(guard, (), tuple_of(run, row, node)))
        return
    if all(column.known for column in columns) and columns and len({len(c.rows) for c in columns}) == 1:
        shapes = [[(r.guard, tuple(lp.text for lp in r.loops)) for r in c.rows] for c in columns]
        if all(shape == shapes[0] for shape in shapes):
            for rows in zip(*(c.rows for c in columns), strict=True):
                value = tuple_of(run, [r.value for r in rows], node)
                containers.add(run, made.items, Item(rows[0].guard, rows[0].loops, value))
            return
    loop = containers.new_loop(run, " and ".join(dict.fromkeys(_counted(c) for c in columns)) or "?")
    values = [_nth(run, column, None, loop.number) for column in columns]
    containers.add(run, made.items, Item(ALWAYS, (loop,), tuple_of(run, values, node)))


def _reached(run: Interpreter, counts: list[str], place: int) -> Guard | None:
    """Where columns of unknown length are longer than a place."""
    guard: Guard | None = ALWAYS
    for count in counts:
        longer, _ = run.opaque(f"{count} > {place}")
        guard = guard & longer if guard is not None and longer is not None else None
    return guard


def _counted(items: Items) -> str:
    if len(items.rows) == 1 and items.rows[0].loops:
        return items.rows[0].loops[0].text
    return items.why_unknown or "?"


def _nth(run: Interpreter, items: Items, place: int | None, loop: int = 0) -> Value:
    if len(items.rows) == 1:
        value = items.rows[0].value
        if isinstance(value, Unknown) and value.loop:
            text = value.text if place is None else value.text.replace("[...]", f"[{place}]")
            return Unknown(text, loop)
        return value
    if place is None and items.rows and all(row.value == items.rows[0].value for row in items.rows):
        return items.rows[0].value
    for row in items.rows:
        if isinstance(row.value, (Instance, TensorValue)):
            row.value.escaped = True  # which of them it is gets lost here, and with that where they are put
    return Unknown(f"{items.why_unknown or 'item'}[{'...' if place is None else place}]#{run.serial()}", loop)


def tuple_of(run: Interpreter, values: list[Value], node: Any) -> SequenceValue:
    return SequenceValue("tuple", Items([Item(ALWAYS, (), v) for v in values]), **run.made(node))
