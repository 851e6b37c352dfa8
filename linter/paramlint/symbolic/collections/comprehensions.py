"""Comprehensions and generator expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paramlint.model.guard import Guard
from paramlint.symbolic.collections.containers import add, items_of, unite
from paramlint.symbolic.collections.iteration import later
from paramlint.symbolic.collections.loops import go_through
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_ITEMS, MAX_UNROLLED_ITEMS
from paramlint.symbolic.values import Constant, Dictionary, Environment, Item, SequenceValue, Value
from paramlint.syntax.walk import walk

_KINDS = {"ListComp": "list", "SetComp": "set", "GeneratorExp": "iterator"}

#: Methods of tensors, and functions, that give a number for a size: only their sum is asked for.
_COUNTS = frozenset({"numel", "nelement", "element_size", "size", "dim", "prod"})


class _FullError(Exception):
    """There are as many items as are told apart, and more rounds would leave nothing else."""


def list_comprehension(run: Interpreter, node: Any, env: Environment) -> Value:
    """`[f(x) for x in xs if c]`, and a set or generator written so."""
    made = SequenceValue(_KINDS[node.__class__.__name__], **run.made(node))
    first = run.evaluate(node.for_in.iter, env)

    def fill(made: SequenceValue) -> None:
        def put(inner: Environment) -> None:
            value = run.evaluate(node.elt, inner)
            add(run, made.items, Item(run.guard.minus(made.guard), run.loops[len(made.loops) :], value))

        _go(run, node.for_in, first, _inner(env), put, made, node)

    if made.kind == "iterator":
        made.fill = later(run, fill)
    else:
        fill(made)
        if made.kind == "set":
            unite(made.items)
    return made


def _inner(env: Environment) -> Environment:
    inner = Environment(env.place, env)
    inner.is_comprehension = True
    return inner


def dict_comprehension(run: Interpreter, node: Any, env: Environment) -> Value:
    """`{k: f(x) for x in xs}`."""
    from paramlint.symbolic.collections.containers import set_entry

    made = Dictionary(**run.made(node))

    def put(inner: Environment) -> None:
        key, value = run.evaluate(node.key, inner), run.evaluate(node.value, inner)
        loops = run.loops[len(made.loops) :]
        if isinstance(key, Constant) and not loops:
            set_entry(run, made, key, value)
        else:
            made.rest.append(Item(run.guard.minus(made.guard), loops, value, key))

    _go(run, node.for_in, run.evaluate(node.for_in.iter, env), _inner(env), put, made, node)
    return made


def _go(
    run: Interpreter,
    loop: Any,
    iterable: Value,
    env: Environment,
    put: Callable[[Environment], None],
    made: SequenceValue | Dictionary,
    whole: Any,
) -> None:
    """Go through one `for` of a comprehension, and those inside it."""
    from paramlint.symbolic.language.truth import test

    made_items = made.items if isinstance(made, SequenceValue) else made
    items = items_of(run, iterable, loop.iter)
    calls = _called_in(whole)
    full = MAX_UNROLLED_ITEMS if calls and calls <= _COUNTS else MAX_ITEMS

    def round_() -> None:
        if _number_of(made) >= full and calls <= _COUNTS:
            raise _FullError
        guard: Guard | None = run.guard
        for condition in loop.ifs:
            with run.under(guard) as is_possible:
                if not is_possible:
                    return
                true, _ = test(run, condition.test, env)
                guard = run.guard & true if true is not None else None
        with run.under(guard) as is_possible:
            if is_possible:
                if loop.inner_for_in is not None:
                    inner = run.evaluate(loop.inner_for_in.iter, env)
                    _go(run, loop.inner_for_in, inner, env, put, made, whole)
                else:
                    put(env)

    try:
        go_through(run, items, loop.target, whole, env, round_)
    except _FullError:
        made_items.forget("too many items to tell apart")
        return
    if not items.known:
        made_items.forget(items.why_unknown)


def _number_of(made: SequenceValue | Dictionary) -> int:
    return len(made.items.rows) if isinstance(made, SequenceValue) else len(made.cells) + len(made.rest)


def _called_in(whole: Any) -> set[str]:
    """The names of what a comprehension calls, or binds outside: more rounds may leave more behind than items."""
    found: set[str] = set()
    for node in walk(whole):
        kind = node.__class__.__name__
        if kind == "Call":
            found.add(node.func.attr.value if node.func.__class__.__name__ == "Attribute" else "")
        elif kind in ("NamedExpr", "Await", "Yield"):
            found.add("")
    return found
