"""Statements: a small function for each kind of node, and what an assignment does to its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.collections import containers, indexing
from paramlint.symbolic.collections.carried import forget_carried, grows
from paramlint.symbolic.collections.loops import as_one_round, go_through, new_rounds, trains
from paramlint.symbolic.definitions.attributes import delete_attribute, get_attribute
from paramlint.symbolic.definitions.decorators import decorated
from paramlint.symbolic.definitions.module_code import known_value, module_name
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.language.assignment import store, store_name
from paramlint.symbolic.language.binary_operations import binary
from paramlint.symbolic.language.expressions import index_of
from paramlint.symbolic.language.patterns import matches
from paramlint.symbolic.language.truth import note, test
from paramlint.symbolic.library import module_containers, tensors
from paramlint.symbolic.limits import MAX_UNROLLED
from paramlint.symbolic.values import (
    NONE,
    Dictionary,
    Environment,
    External,
    Function,
    Instance,
    Items,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
)

_NO_GRADIENT = frozenset(
    {"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad", "torch.autograd.inference_mode"}
)
_GRADIENT = frozenset({"torch.enable_grad", "torch.autograd.enable_grad"})


def run_block(run: Interpreter, body: Any, env: Environment) -> None:
    """Run the statements of a suite or list, as far as they are reached.

    Raises:
        OverBudgetError: no steps are left.
    """
    statements: Sequence[Any] = body if isinstance(body, (list, tuple)) else body.body
    for statement in statements:
        kind = statement.__class__.__name__
        if kind in ("SimpleStatementLine", "SimpleStatementSuite", "IndentedBlock"):
            run_block(run, statement.body, env)
            continue
        with run.under(run.frame.rest) as is_reached:
            if not is_reached:
                return
            run.step()
            handler = _HANDLERS.get(kind)
            if handler is not None:
                handler(run, statement, env)


def _expression(run: Interpreter, node: Any, env: Environment) -> None:
    run.evaluate(node.value, env)


def _assign(run: Interpreter, node: Any, env: Environment) -> None:
    if grows(node):
        held = run.evaluate(node.value.left, env)
        if isinstance(held, SequenceValue) and run.loops[len(held.loops) :]:
            # The list of the round before, and more: as if one list grew.
            made = SequenceValue(
                held.kind, held.items.copy(), **run.made(node) | {"guard": held.guard, "loops": held.loops}
            )
            containers.extend(run, made.items, run.evaluate(node.value.right, env), node, made)
            store(run, node.targets[0].target, made, env, node)
            return
    pairs = _pairs(node)
    if pairs:
        for target, value in zip(node.targets[0].target.elements, [run.evaluate(v, env) for v in pairs], strict=True):
            store(run, target.value, value, env, node)
        return
    value = run.evaluate(node.value, env)
    for target in node.targets:
        store(run, target.target, value, env, node)


def _pairs(node: Any) -> list[Any]:
    """The values of `a, b = x, y`, which no tuple keeps; none where one has to be made."""
    target, value = node.targets[0].target, node.value
    if len(node.targets) > 1 or any(side.__class__.__name__ not in ("Tuple", "List") for side in (target, value)):
        return []
    elements = [*target.elements, *value.elements]
    if len(target.elements) != len(value.elements) or any(e.__class__.__name__ == "StarredElement" for e in elements):
        return []
    return [element.value for element in value.elements]


def _annotated(run: Interpreter, node: Any, env: Environment) -> None:
    if node.value is not None:
        store(run, node.target, run.evaluate(node.value, env), env, node)
    elif env.place.unit.kind == "function":
        run.why_false = "a function evaluates no annotation"
        note(run, node, (None, ALWAYS))  # a colon in place of `if`


def _augmented(run: Interpreter, node: Any, env: Environment) -> None:
    old, value = run.evaluate(node.target, env), run.evaluate(node.value, env)
    kind = node.operator.__class__.__name__.removesuffix("Assign")

    def change(held: Value) -> Value:
        if kind == "Add" and isinstance(held, SequenceValue) and held.kind == "list":
            containers.extend(run, held.items, value, node, held)
            return held
        if kind == "Add" and isinstance(held, Instance) and held.container:
            run.build(held)
            module_containers.extend(run, held, value, node)
            return held
        if kind == "BitOr" and isinstance(held, Dictionary):
            containers.update(run, held, value)
            return held
        if isinstance(held, TensorValue):
            tensors.changed_in_place(run, held, kind, [value], node)
            return held
        return binary(run, kind, held, value, node)

    changed = run.each(old, change)
    if changed is not old or not isinstance(old, (TensorValue, SequenceValue, Instance)):
        store(run, node.target, changed, env, node)
    elif node.target.__class__.__name__ == "Attribute" and isinstance(old, TensorValue):
        pass  # the attribute is set to what it holds already


def _return(run: Interpreter, node: Any, env: Environment) -> None:
    value = run.evaluate(node.value, env) if node.value is not None else NONE
    run.frame.returns.append((run.guard.minus(run.frame.entry), value))
    run.kill()


def _raise(run: Interpreter, node: Any, env: Environment) -> None:
    run.fail()


def _assert(run: Interpreter, node: Any, env: Environment) -> None:
    _, false = test(run, node.test, env)
    if false is None:
        return
    with run.under(false) as is_possible:
        if is_possible and run.guard.minus(run.frame.entry):
            run.fail()


def _if(run: Interpreter, node: Any, env: Environment) -> None:
    true, false = test(run, node.test, env)
    if true is not None:
        with run.under(true) as is_possible:
            if is_possible:
                run_block(run, node.body, env)
    if false is not None and node.orelse is not None:
        with run.under(false) as is_possible:
            if is_possible:
                if node.orelse.__class__.__name__ == "If":
                    _if(run, node.orelse, env)
                else:
                    run_block(run, node.orelse.body, env)


def _for(run: Interpreter, node: Any, env: Environment) -> None:
    iterable = run.evaluate(node.iter, env)
    items = containers.items_of(run, iterable, node.iter)
    if trains(run, node.body):
        items = as_one_round(run, items)
    unbroken = go_through(run, items, node.target, node.body, env, lambda: run_block(run, node.body, env))
    if isinstance(iterable, SequenceValue) and iterable.is_iterator and unbroken != run.frame.unbroken:
        iterable.items = Items([], known=False, why_unknown="what an iterator has left")
    _unless_broken(run, node.orelse, unbroken, env)


def _unless_broken(run: Interpreter, orelse: Any, unbroken: Guard | None, env: Environment) -> None:
    """The `else` of a loop."""
    if orelse is not None:
        with run.under(unbroken) as is_possible:
            if is_possible:
                run_block(run, orelse.body, env)


def _while(run: Interpreter, node: Any, env: Environment) -> None:
    frame = run.frame
    before = frame.unbroken, frame.unskipped
    for _ in range(0 if trains(run, node.body) else MAX_UNROLLED):
        with run.under(frame.rest) as is_reached:
            true, false = test(run, node.test, env) if is_reached else (None, ALWAYS)
            if false is not None:
                break
            run_block(run, node.body, env)
            frame.unskipped = before[1]
    else:
        true = ALWAYS
    if true is not None:
        _rounds_of_while(run, node, env)
    unbroken = frame.unbroken
    frame.unbroken, frame.unskipped = before
    _unless_broken(run, node.orelse, unbroken, env)


def _rounds_of_while(run: Interpreter, node: Any, env: Environment) -> None:
    """The rounds of a loop that nobody can count. A loop that trains has some: its test is no condition of its body."""
    is_run = trains(run, node.body)

    def round_() -> None:
        true, _ = test(run, node.test, env)
        with run.under(ALWAYS if is_run and true is not None else true) as is_possible:
            if is_possible:
                run_block(run, node.body, env)

    rounds = new_rounds(run, "while")
    go_through(run, rounds, None, node.body, env, round_)
    forget_carried(run, node.body, env, rounds.rows[0].loops[0])


def _with(run: Interpreter, node: Any, env: Environment) -> None:
    before = run.records_gradient
    for item in node.items:
        value = run.evaluate(item.item, env)
        records = _records_gradient(run, value)
        if records is not None:
            run.records_gradient = records
        if item.asname is not None:
            store(run, item.asname.name, _entered(run, value, node), env, node)
    try:
        run_block(run, node.body, env)
    finally:
        run.records_gradient = before


def _records_gradient(run: Interpreter, value: Value) -> bool | None:
    """Whether a context manager switches the recording of gradients on or off."""
    if isinstance(value, Unknown):
        name = value.text.partition("(")[0]
        if name in _NO_GRADIENT:
            return False
        if name in _GRADIENT:
            return True
        if name.endswith("set_grad_enabled"):
            return "(False" not in value.text
    return None


def _entered(run: Interpreter, value: Value, node: Any) -> Value:
    if isinstance(value, Instance) and value.made:
        from paramlint.symbolic.definitions.attributes import get_member
        from paramlint.symbolic.values import Arguments

        method = get_member(run, value, "__enter__")
        if method is not None:
            return run.call(method, Arguments(), node)
    return value


def _try(run: Interpreter, node: Any, env: Environment) -> None:
    frame = run.frame
    alive, assumed = frame.alive, run.assumed
    run_block(run, node.body, env)
    if node.handlers:
        # What raises in the body goes to a handler, and demands nothing of whoever builds the model.
        run.assumed = assumed
        returned = frame.alive
        for handler in node.handlers:
            guard, _ = run.opaque(f"exception#{run.serial()}")
            frame.alive = alive
            with run.under(guard) as is_possible:
                if is_possible:
                    if handler.name is not None:
                        store(run, handler.name.name, run.unknown_call("exception"), env, node)
                    run_block(run, handler.body, env)
        frame.alive = returned if returned is not None else alive
        run.assumed = assumed
    if node.orelse is not None:
        run_block(run, node.orelse.body, env)
    if node.finalbody is not None:
        run_block(run, node.finalbody.body, env)


def _match(run: Interpreter, node: Any, env: Environment) -> None:
    subject = run.evaluate(node.subject, env)
    rest: Guard | None = ALWAYS
    for case in node.cases:
        with run.under(rest) as is_possible:
            if not is_possible:
                return
            bound: list[tuple[str, Value]] = []
            run.why_false = ""
            true, _ = result = matches(run, subject, case.pattern, env, bound)
            note(run, case.pattern, result)
            with run.under(true) as is_taken:
                if not is_taken:
                    continue
                for name, value in bound:
                    store_name(run, name, value, env)
                inner, _ = test(run, case.guard, env) if case.guard is not None else (ALWAYS, None)
                with run.under(inner) as is_let:
                    if is_let:
                        run_block(run, case.body, env)
        taken = true & inner if true is not None and inner is not None else None
        gone = taken.negated() if taken is not None else ALWAYS
        rest = rest & gone if rest is not None and gone is not None else None


def _definition(run: Interpreter, node: Any, env: Environment) -> None:
    function: Value = Function(node, env.place, env)
    for decorator in reversed(node.decorators):
        function = decorated(run, function, run.evaluate(decorator.decorator, env), decorator)
    store(run, node.name, function, env, node)


def _delete_attribute(run: Interpreter, name: str, node: Any, value: Value) -> Value:
    return delete_attribute(run, value, name, node)


def _delete_item(run: Interpreter, index: Value, node: Any, value: Value) -> Value:
    return indexing.delete_item(run, value, index, node)


def _delete(run: Interpreter, node: Any, env: Environment) -> None:
    targets = [e.value for e in node.target.elements] if node.target.__class__.__name__ == "Tuple" else [node.target]
    for target in targets:
        kind = target.__class__.__name__
        if kind == "Attribute":
            owner = run.evaluate(target.value, env)
            run.each(owner, partial(_delete_attribute, run, target.attr.value, node))
        elif kind == "Subscript":
            owner, index = run.evaluate(target.value, env), index_of(run, target, env)
            run.each(owner, partial(_delete_item, run, index, node))
        elif kind == "Name" and target.value in env.cells and not run.guard.minus(run.frame.entry):
            del env.cells[target.value]


def _global(run: Interpreter, node: Any, env: Environment) -> None:
    env.globals.update(item.name.value for item in node.names)


def _nonlocal(run: Interpreter, node: Any, env: Environment) -> None:
    for item in node.names:
        scope = env.outer
        while scope is not None:
            if item.name.value in scope.cells:
                env.cells[item.name.value] = scope.cells[item.name.value]  # one cell, two names
                break
            scope = scope.outer


def _import(run: Interpreter, node: Any, env: Environment) -> None:
    for alias in node.names:
        dotted = _dotted(alias.name)
        name = alias.asname.name.value if alias.asname is not None else dotted.partition(".")[0]
        found = run.program.imported(dotted if alias.asname is not None else name, env.place.file)
        store_name(run, name, _resolved(run, found), env)


def _import_from(run: Interpreter, node: Any, env: Environment) -> None:
    if node.names.__class__.__name__ == "ImportStar":
        return
    base = "." * len(node.relative) + (_dotted(node.module) if node.module is not None else "")
    for alias in node.names:
        name = alias.asname.name.value if alias.asname is not None else alias.name.value
        dotted = base + alias.name.value if base.endswith(".") else f"{base}.{alias.name.value}"
        store_name(run, name, _resolved(run, run.program.imported(dotted, env.place.file)), env)


def _resolved(run: Interpreter, found: Any) -> Value:
    if isinstance(found, tuple):
        file, name = found
        head, _, rest = name.partition(".")
        value = module_name(run, file, head) or External(name)
        for part in rest.split(".") if rest else ():
            value = get_attribute(run, value, part, None)
        return value
    return known_value(run, found) or External("?")


def _dotted(node: Any) -> str:
    return node.value if node.__class__.__name__ == "Name" else f"{_dotted(node.value)}.{node.attr.value}"


# Targets


_HANDLERS: dict[str, Callable[[Interpreter, Any, Environment], None]] = {
    "Expr": _expression,
    "Assign": _assign,
    "AnnAssign": _annotated,
    "AugAssign": _augmented,
    "Return": _return,
    "Raise": _raise,
    "Assert": _assert,
    "If": _if,
    "For": _for,
    "While": _while,
    "With": _with,
    "Try": _try,
    "TryStar": _try,
    "Match": _match,
    "FunctionDef": _definition,
    "Del": _delete,
    "Global": _global,
    "Nonlocal": _nonlocal,
    "Import": _import,
    "ImportFrom": _import_from,
    "Break": lambda run, node, env: run.leave_loop(),
    "Continue": lambda run, node, env: run.skip_round(),
}
