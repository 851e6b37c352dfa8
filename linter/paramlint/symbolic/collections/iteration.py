"""What goes through iterables: Python's `range`, `zip`, `enumerate`, `map`, `sorted`, ... and `itertools`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.collections import containers
from paramlint.symbolic.collections.loops import repeating
from paramlint.symbolic.collections.zipping import tuple_of, zipped
from paramlint.symbolic.interpreter import Handler, Interpreter
from paramlint.symbolic.limits import MAX_ITEMS, MAX_UNROLLED_ITEMS
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Choice,
    Constant,
    Item,
    Items,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    small_constants,
    text_of,
)

#: Names of what makes an optimizer, or is the class of one.
_MAKES_OPTIMIZER = re.compile(r"(^|_)opt(im|imizer)?s?(_|$)|Optim|Adam|SGD")


def _new(run: Interpreter, kind: str, node: Any, source: Value | None = None) -> SequenceValue:
    made = SequenceValue(kind, **run.made(node))
    if isinstance(source, SequenceValue):
        made.source = source.source
    return made


def _given(arguments: Arguments) -> list[Value]:
    return [v.value if isinstance(v, Item) else v for v in arguments.positional]


def take_over(items: Items, given: Items) -> None:
    """Say of items that were taken from others what is not known of those."""
    if not given.known:
        items.forget(given.why_unknown)
    if given.ordered is not None:
        items.shuffle(given.ordered)


def to(kind: str) -> Handler:
    """`list(x)`, `tuple(x)`, `set(x)`."""

    def handler(run: Interpreter, arguments: Arguments, node: Any) -> Value:
        first = arguments.get(0)
        made = _new(run, kind, node, first)
        if first is not None:
            containers.extend(run, made.items, first, node)
        if kind == "set":
            containers.unite(made.items)
        return made

    return handler


def iterator(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`iter(x)`."""
    first = arguments.get(0)
    if isinstance(first, SequenceValue) and first.is_iterator:
        return first
    return to("iterator")(run, arguments, node)


def take_next(run: Interpreter, owner: SequenceValue, node: Any) -> Value:
    """`next(iterator)`: what it gives is gone from it."""
    owner.used.append(node)
    items = owner.items
    first = items.rows[0] if items.rows and items.ordered != 0 else None
    if first is None or first.guard or first.loops:
        owner.items = Items([], known=False, why_unknown="what an iterator has left")
        return first.value if first is not None and not first.guard else run.unknown_call(f"next({text_of(owner)})")
    rest = Items(items.rows[1:], items.known, items.why_unknown, items.ordered - 1 if items.ordered else items.ordered)
    if run.guard.minus(owner.guard) or run.loops[len(owner.loops) :]:
        rest = Items([], known=False, why_unknown="what an iterator has left")
        if run.loops[len(owner.loops) :] and len(items.rows) > 1:
            owner.items = rest
            return run.unknown_call(f"next({text_of(owner)})")
    owner.items = rest
    return first.value


def following(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`next(x)`, `next(x, otherwise)`."""
    first = arguments.get(0)
    if isinstance(first, SequenceValue):
        if arguments.get(1) is not None and first.items.known and not first.items.rows:
            return arguments.get(1) or NONE
        return take_next(run, first, node)
    return run.unknown_call(f"next({text_of(first) if first is not None else ''})")


def backwards(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`reversed(x)`."""
    made = _new(run, "iterator", node)
    first = arguments.get(0)
    if first is not None:
        containers.extend(run, made.items, first, node)
        made.items.rows.reverse()
        if not made.items.known or made.items.ordered is not None:
            made.items.shuffle()
    return made


def in_order(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`sorted(x, key=f, reverse=True)`."""
    made = _new(run, "list", node)
    first = arguments.get(0)
    if first is None:
        return made
    containers.extend(run, made.items, first, node)
    if len(made.items.rows) <= 1 and made.items.known:
        return made
    ranks = _ranks(run, made.items, arguments.keywords.get("key"), node)
    backward = arguments.keywords.get("reverse", Constant(False))
    if ranks is not None and isinstance(backward, Constant):
        try:
            order = sorted(range(len(ranks)), key=ranks.__getitem__, reverse=bool(backward.value))
        except TypeError:
            made.items.shuffle()
            return made
        made.items.rows = [made.items.rows[i] for i in order]
    else:
        made.items.shuffle()
    return made


def _ranks(run: Interpreter, items: Items, key: Value | None, node: Any) -> list[Any] | None:
    plain = items.plain
    if plain is None:
        return None
    if key is not None and key != NONE:
        plain = [run.call(key, Arguments([value]), node) for value in plain]
    left = [8 * MAX_ITEMS]
    ranks = [_comparable(value, left) for value in plain]
    return None if any(rank is None for rank in ranks) else ranks


def _comparable(value: Value, left: list[int]) -> Any:
    left[0] -= 1  # a list in itself, and in that again, is as many as it is written out
    if left[0] < 0:
        return None
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, SequenceValue) and value.items.plain:
        parts = [_comparable(one, left) for one in value.items.plain]
        # Of tuples the first parts decide where these differ; others are not compared then.
        return tuple(parts) if all(part is not None for part in parts) else None
    return None


def numbers(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`range(...)`."""
    values = arguments.positional
    plain = [v.value for v in values if isinstance(v, Constant) and isinstance(v.value, int)]
    if len(plain) == len(values):
        found = small_constants.range_of(plain)
        return Constant(found) if found is not None else run.unknown_call("range()")
    options = [i for i, v in enumerate(values) if isinstance(v, Choice)]
    # Where a number is not known in one case, all cases are told as one loop, whose body is gone through once.
    if len(options) == 1 and all(
        isinstance(v, Constant) for value in _given(arguments) for _, v in alternatives(value)
    ):
        place = options[0]

        def with_one(value: Value) -> Value:
            return numbers(run, Arguments([*values[:place], value, *values[place + 1 :]]), node)

        return run.each(_given(arguments)[place], with_one)
    for value in values:
        if isinstance(value, Unknown):
            run.numbers.add(value.text)
    made = _new(run, "range", node)
    said = [text_of(v) for v in arguments.values()]
    count = said[0] if len(said) == 1 else f"{said[1]} - {said[0]}" if said[0] != "0" else said[1]
    made.items = containers.one_for_each(run, count if len(said) < 3 else f"range({', '.join(said)})")
    return made


# Side by side


def side_by_side(run: Interpreter, arguments: Arguments, node: Any, fill: Value | None = None) -> Value:
    """`zip(a, b)`, and `zip_longest` with what it fills the shorter with."""
    made = _new(run, "iterator", node)
    if arguments.unknown_positional:
        made.items.forget("zip(*...)")
    columns = [containers.items_of(run, value, node) for value in _given(arguments)]
    zipped(run, made, columns, node, fill)
    sources = [v.source for v in arguments.positional if isinstance(v, SequenceValue) and v.source is not None]
    made.source = sources[0] if sources else None
    return made


def longest(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`itertools.zip_longest(a, b, fillvalue=None)`."""
    return side_by_side(run, Arguments(arguments.positional), node, arguments.keywords.get("fillvalue", NONE))


def numbered(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`enumerate(x, start)`."""
    first = arguments.get(0, "iterable")
    start = arguments.get(1, "start")
    made = _new(run, "iterator", node, first)
    if first is None:
        return made
    if isinstance(first, Choice):
        rest = arguments.positional[1:]
        return run.each(first, lambda one: numbered(run, Arguments([one, *rest], arguments.keywords), node))
    items = containers.items_of(run, first, node)
    base = start.value if isinstance(start, Constant) and isinstance(start.value, int) else 0 if start is None else None
    number: int | None = base
    for row in items.rows if items.ordered is None else items.rows[: items.ordered]:
        index: Value
        if row.loops:
            index = Unknown(f"each of {row.loops[-1].text}", row.loops[-1].number)
            number = None
        else:
            index = Constant(number) if number is not None else run.unknown_call("index")
            number = number + 1 if number is not None and not row.guard else None
        containers.add(run, made.items, Item(row.guard, row.loops, tuple_of(run, [index, row.value], node)))
    for row in items.rows[len(made.items.rows) :]:
        containers.add(
            run, made.items, Item(row.guard, row.loops, tuple_of(run, [run.unknown_call("index"), row.value], node))
        )
    take_over(made.items, items)
    return made


# With functions


def mapped(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`map(f, a, b)`: calls when somebody goes through it."""
    made = _new(run, "iterator", node)
    function = arguments.get(0)
    given = _given(arguments)[1:]
    if function is None or not given:
        return made
    if len(given) > 1:
        given = [side_by_side(run, Arguments(list(given)), node)]
    source = given[0].source if isinstance(given[0], SequenceValue) else None
    if source is not None and source[0] in ("parameters", "named_parameters"):
        made.source = source

    def fill(made: SequenceValue) -> None:
        items = containers.items_of(run, given[0], node)
        for row in items.rows:
            with run.under(row.guard) as is_possible, repeating(run, row.loops):
                if is_possible:
                    rows = (
                        row.value.items.plain
                        if len(arguments.positional) > 2 and isinstance(row.value, SequenceValue)
                        else None
                    )
                    value = run.call(function, Arguments(list(rows) if rows is not None else [row.value]), node)
                    containers.add(run, made.items, Item(row.guard, row.loops, value))
        take_over(made.items, items)

    made.fill = later(run, fill)
    return made


def reduced(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`functools.reduce(f, items, start)`: each item is taken together with what came of those before."""
    function, given, value = arguments.get(0), arguments.get(1), arguments.get(2)
    if function is None or not isinstance(given, Value):
        return run.unknown_call("functools.reduce()")
    items = containers.items_of(run, given, node)
    for row in items.rows:
        with run.under(row.guard) as is_possible, repeating(run, row.loops):
            if is_possible:
                value = row.value if value is None else run.call(function, Arguments([value, row.value]), node)
    is_whole = items.known and isinstance(value, Value) and not any(row.guard for row in items.rows)
    return value if is_whole and isinstance(value, Value) else run.unknown_call("functools.reduce()")


def makes_optimizer(name: str) -> bool:
    """Whether a function or class is one that makes an optimizer, by its name."""
    return _MAKES_OPTIMIZER.search(name) is not None


def use_iterators(run: Interpreter, name: str, arguments: Arguments, node: Any) -> None:
    """Note that a function goes through the iterators that it is given, where its name says so."""
    if name not in ("extend", "update") and not makes_optimizer(name):
        return
    for value in arguments.values():
        for _, one in alternatives(value):
            if isinstance(one, SequenceValue) and one.is_iterator:
                containers.items_of(run, one, node)


def later(run: Interpreter, fill: Callable[[SequenceValue], None]) -> Callable[[SequenceValue], None]:
    """Fills an iterator where it is asked for its items: what is made then is made there.

    By then the function that made it may have returned, or gone on to the next round: that ends no generator.
    """
    frames, gradient = list(run.frames), run.records_gradient

    def filled(made: SequenceValue) -> None:
        made.guard, made.loops = run.guard, run.loops
        alive = [replace(frame, alive=ALWAYS, unbroken=ALWAYS, unskipped=ALWAYS) for frame in frames[-1:]]
        before, run.frames = run.frames, [*frames[:-1], *alive]
        recorded, run.records_gradient = run.records_gradient, gradient
        around, run.loops_of_fill = run.loops_of_fill, run.loops
        try:
            fill(made)
        finally:
            run.frames, run.records_gradient, run.loops_of_fill = before, recorded, around

    return filled


def chosen(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`filter(f, x)`."""
    function, iterable = arguments.get(0), arguments.get(1)
    made = _new(run, "iterator", node, iterable)
    if function is None or iterable is None:
        return made
    items = containers.items_of(run, iterable, node)
    for row in items.rows:
        with run.under(row.guard) as is_possible, repeating(run, row.loops):
            if not is_possible:
                continue
            result = run.call(function, Arguments([row.value]), node) if function != NONE else row.value
            true, _ = run.truth(result)
            joined = row.guard & true if true is not None else None
            if joined is not None:
                containers.add(run, made.items, Item(joined, row.loops, row.value))
    take_over(made.items, items)
    if isinstance(iterable, SequenceValue) and iterable.kind == "parameters":
        made.kind = "parameters"
    return made


def total(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`sum(x, start)` of lists or tensors; of numbers in `functions`."""
    from paramlint.symbolic.external.external_functions import computed

    first, start = arguments.get(0), arguments.get(1, "start")
    if isinstance(start, SequenceValue):
        made = _new(run, start.kind, node)
        made.items = start.items.copy()
        for row in containers.items_of(run, first, node).rows if first is not None else ():
            containers.extend(run, made.items, row.value, node)
        return made
    if isinstance(first, SequenceValue) and any(isinstance(r.value, TensorValue) for r in first.items.rows):
        return run.derived(node, [r.value for r in first.items.rows])
    return computed(run, sum, "sum", arguments)


# itertools


def chain(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`itertools.chain(a, b)`."""
    made = _new(run, "iterator", node)
    for value in _given(arguments):
        containers.extend(run, made.items, value, node)
    if any(isinstance(v, SequenceValue) and v.kind == "parameters" for v in arguments.positional):
        made.kind = "parameters"
        made.source = ("chain", NONE)
    if arguments.unknown_positional:
        made.items.forget("chain(*...)")
    return made


def chain_of(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`itertools.chain.from_iterable(x)`."""
    made = _new(run, "iterator", node)
    first = arguments.get(0)
    if first is not None:
        items = containers.items_of(run, first, node)
        for row in items.rows:
            with run.under(row.guard) as is_possible, repeating(run, row.loops):
                if is_possible:
                    containers.extend(run, made.items, row.value, node, made)
        take_over(made.items, items)
    return made


def _plain(name: str, compute: Callable[..., Any]) -> Handler:
    """A function of itertools, where all items and numbers are known; the items of others are not."""

    def first_of(*given: Any, **keywords: Any) -> list[Any]:
        return list(itertools.islice(compute(*given, **keywords), MAX_UNROLLED_ITEMS + 1))

    def handler(run: Interpreter, arguments: Arguments, node: Any) -> Value:
        made = _new(run, "iterator", node)
        given: list[Any] = []
        for value in _given(arguments):
            if isinstance(value, Constant) and not isinstance(value.value, (range, tuple, str)):
                given.append(value.value)
            else:
                plain = containers.items_of(run, value, node).plain
                given.append(plain if plain is not None else ...)
        keywords = {k: v.value if isinstance(v, Constant) else ... for k, v in arguments.keywords.items()}
        if ... not in given and ... not in keywords.values() and not arguments.unknown:
            found = small_constants.computed(first_of, given, name, **keywords)
            if found is not None and len(found.value) <= MAX_UNROLLED_ITEMS:  # type: ignore[arg-type]
                for one in found.value:  # type: ignore[attr-defined]
                    held = tuple_of(run, list(one), node) if isinstance(one, tuple) else one
                    containers.add(
                        run, made.items, Item(ALWAYS, (), held if isinstance(held, Value) else Constant(held))
                    )
                return made
        loop = containers.new_loop(run, f"len({name}(...))")
        values = [text_of(v) for v in _given(arguments)]
        made.items.rows.append(Item(ALWAYS, (loop,), Unknown(f"{name}({', '.join(values)})[...]", loop.number)))
        return made

    return handler


def repeated(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`itertools.repeat(x, n)`: the same object each time."""
    first, times = arguments.get(0, "object"), arguments.get(1, "times")
    made = _new(run, "iterator", node)
    if first is None:
        return made
    once = SequenceValue("iterator", Items([Item(ALWAYS, (), first)]), **run.made(node))
    result = containers.repeated(run, once, times if times is not None else Unknown("?"), node)
    assert isinstance(result, SequenceValue)
    return result


HANDLERS: Mapping[str, Handler] = {
    "list": to("list"),
    "tuple": to("tuple"),
    "set": to("set"),
    "frozenset": to("set"),
    "collections.deque": to("list"),
    "iter": iterator,
    "next": following,
    "reversed": backwards,
    "sorted": in_order,
    "range": numbers,
    "zip": side_by_side,
    "enumerate": numbered,
    "map": mapped,
    "filter": chosen,
    "sum": total,
    "functools.reduce": reduced,
    "itertools.zip_longest": longest,
    "itertools.chain": chain,
    "itertools.chain.from_iterable": chain_of,
    "itertools.repeat": repeated,
    "itertools.islice": _plain("islice", itertools.islice),
    "itertools.product": _plain("product", itertools.product),
    "itertools.pairwise": _plain("pairwise", pairwise),
    "itertools.combinations": _plain("combinations", itertools.combinations),
    "itertools.permutations": _plain("permutations", itertools.permutations),
    "itertools.cycle": _plain("cycle", itertools.cycle),
    "itertools.count": _plain("count", itertools.count),
}
