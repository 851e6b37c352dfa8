"""What statements do, a function a kind of node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.reading.expressions import bind, element_of, items_in_order
from paramlint.facts.reading.values import Const, Derived, Function, Held, Value
from paramlint.nodes import operators
from paramlint.nodes.branches import is_branch

if TYPE_CHECKING:
    from paramlint.facts.reading.reader import Reader


def run_block(reader: Reader, body: nodes.Node) -> None:
    """Read statements in order, up to one after which nothing is reached."""
    guards = reader.guards
    for statement in body.body:  # type: ignore[attr-defined]
        if reader.frame.is_over:
            break
        reader.step()
        handler = _HANDLERS.get(statement.__class__)
        if handler is not None:
            handler(reader, statement)
    reader.guards = guards


def _line(reader: Reader, node: nodes.SimpleStatementLine) -> None:
    for small in node.body:
        if reader.frame.is_over:
            return
        handler = _HANDLERS.get(small.__class__)
        if handler is not None:
            handler(reader, small)


def _expression(reader: Reader, node: nodes.Expr) -> None:
    reader.evaluate(node.value)


def _assign(reader: Reader, node: nodes.Assign) -> None:
    value = reader.evaluate(node.value)
    for target in node.targets:
        bind(reader, target.target, value, node)


def _annotated(reader: Reader, node: nodes.AnnAssign) -> None:
    if node.value is not None:
        bind(reader, node.target, reader.evaluate(node.value), node)


def _augmented(reader: Reader, node: nodes.AugAssign) -> None:
    value = reader.evaluate(node.value)
    before = reader.evaluate(node.target)
    if isinstance(node.operator, operators.AddAssign) and isinstance(before, Held) and isinstance(value, Held):
        before.items.extend(value.items)
        return
    made = Derived((before, value))
    target = node.target
    if isinstance(target, nodes.Attribute):
        reader.store(node, reader.evaluate(target.value), target.attr.value, made, augmented=True)
    elif isinstance(target, nodes.Subscript):
        from paramlint.facts.reading.expressions import key_of

        owner = reader.evaluate(target.value)
        key = key_of(reader, target)
        reader.store(node, owner, "[]" if key is not None else "[:]", made, key=key, augmented=True)
    else:
        reader.frame.looped.discard(getattr(target, "value", ""))  # it may change what the name stands for in place
        bind(reader, target, made, node)


def _return(reader: Reader, node: nodes.Return) -> None:
    reader.frame.returned.append(reader.evaluate(node.value) if node.value is not None else Const(None))
    reader.frame.is_over = True


def _raise(reader: Reader, node: nodes.Raise) -> None:
    reader.evaluate(node.exc)
    reader.frame.is_over = True


def _leave(reader: Reader, _: nodes.Node) -> None:
    reader.frame.is_over = True


def _assert(reader: Reader, node: nodes.Assert) -> None:
    reader.evaluate(node.test)


def _delete(reader: Reader, node: nodes.Del) -> None:
    if isinstance(node.target, nodes.Name):
        reader.frame.names.pop(node.target.value, None)


def _branches(reader: Reader, node: nodes.Node, blocks: Sequence[Callable[[], None]]) -> None:
    """Read alternatives from one state, and go on from all in which something is still reached."""
    start, guards = reader.snapshot(), reader.guards
    if len(reader.stack) < 2:
        reader.tests[node] = reader.frame.scope
    ends, arms = [], []
    for arm, block in enumerate(blocks):
        reader.restore(start)
        reader.guards = (*guards, (node, arm))
        reader.frame.is_over = False
        block()
        if not reader.frame.is_over:
            ends.append(reader.snapshot())
            arms.append(arm)
    reader.guards = guards
    reader.frame.is_over = not ends
    reader.join(ends)
    if len(arms) == 1 and len(blocks) == 2:
        reader.guards = (*guards, (node, arms[0]))  # the other one has left: what follows is in this branch


def _if(reader: Reader, node: nodes.If) -> None:
    test = reader.evaluate(node.test)
    orelse = node.orelse

    def otherwise() -> None:
        if isinstance(orelse, nodes.If):
            _if(reader, orelse)
        elif orelse is not None:
            run_block(reader, orelse.body)

    if isinstance(test, Const) and (reader.follows or not isinstance(node.test, nodes.Name)):
        if test.value:
            run_block(reader, node.body)
        else:
            otherwise()
        return
    _branches(reader, node, [lambda: run_block(reader, node.body), otherwise])


def _for(reader: Reader, node: nodes.For) -> None:
    values = reader.evaluate(node.iter)
    known = items_in_order(reader, values) if reader.follows else None
    if known is not None:
        for value in known:
            bind(reader, node.target, value, node)
            _round(reader, node)
        _end_of_loop(reader, node)
        return
    loops = reader.loops
    reader.loops = (*loops, node)
    bind(reader, node.target, element_of(reader, values), node, looped=True)
    _round(reader, node)
    reader.loops = loops
    _end_of_loop(reader, node)


def _while(reader: Reader, node: nodes.While) -> None:
    loops = reader.loops
    reader.loops = (*loops, node)
    reader.evaluate(node.test)
    _round(reader, node)
    reader.loops = loops
    _end_of_loop(reader, node)


def _round(reader: Reader, node: nodes.For | nodes.While) -> None:
    run_block(reader, node.body)
    reader.frame.is_over = False


def _end_of_loop(reader: Reader, node: nodes.For | nodes.While) -> None:
    if node.orelse is not None:
        run_block(reader, node.orelse.body)


def _with(reader: Reader, node: nodes.With) -> None:
    for item in node.items:
        value = reader.evaluate(item.item)
        if item.asname is not None:
            bind(reader, item.asname.name, value, node)
    run_block(reader, node.body)


def _try(reader: Reader, node: nodes.Try) -> None:
    def tried() -> None:
        run_block(reader, node.body)
        if node.orelse is not None and not reader.frame.is_over:
            run_block(reader, node.orelse.body)

    if is_branch(node, node.body):
        handlers = [partial(run_block, reader, handler.body) for handler in node.handlers]
        _branches(reader, node, [tried, *handlers])
    else:
        tried()
    if node.finalbody is not None:
        is_over, reader.frame.is_over = reader.frame.is_over, False
        run_block(reader, node.finalbody.body)
        reader.frame.is_over = is_over or reader.frame.is_over


def _match(reader: Reader, node: nodes.Match) -> None:
    reader.evaluate(node.subject)
    blocks = [partial(run_block, reader, case.body) for case in node.cases]
    _branches(reader, node, [*blocks, lambda: None])


def _function(reader: Reader, node: nodes.FunctionDef) -> None:
    frame = reader.frame
    if frame.scope.kind == "function":
        names = frame.names  # what it sees is what the names are when it is called
        outer: dict[str, Value] = {**frame.outer, **names}
        function = Function(frame.scope, node, outer, None, frame.cls)
        outer[node.name.value] = function
        names[node.name.value] = function


def _class(reader: Reader, node: nodes.ClassDef) -> None:
    reader.frame.names.pop(node.name.value, None)


_HANDLERS: dict[type[nodes.Node], Callable[[Reader, Any], None]] = {
    nodes.SimpleStatementLine: _line,
    nodes.SimpleStatementSuite: _line,
    nodes.Expr: _expression,
    nodes.Assign: _assign,
    nodes.AnnAssign: _annotated,
    nodes.AugAssign: _augmented,
    nodes.Return: _return,
    nodes.Raise: _raise,
    nodes.Break: _leave,
    nodes.Continue: _leave,
    nodes.Assert: _assert,
    nodes.Del: _delete,
    nodes.If: _if,
    nodes.For: _for,
    nodes.While: _while,
    nodes.With: _with,
    nodes.Try: _try,
    nodes.TryStar: _try,
    nodes.Match: _match,
    nodes.FunctionDef: _function,
    nodes.ClassDef: _class,
}
