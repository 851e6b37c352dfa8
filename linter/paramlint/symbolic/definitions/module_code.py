"""What the names at module level stand for: constants, containers, models, decorated functions and classes, registries.

A name is computed when somebody asks for it, from the one statement that gives it a value. What else the module does to
a container (`A.append(x)`, `@A.register`) is done when that container is first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.code.program import Branch, ClassValue, Place, SourceFile
from paramlint.symbolic.definitions.decorators import decorated
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    Cell,
    Constant,
    Dictionary,
    Environment,
    Function,
    Instance,
    SequenceValue,
    Unknown,
    Value,
)

#: Statements and decorators of a module that are run for the sake of one container.
_MOST_EFFECTS = 64


def module_name(run: Interpreter, file: SourceFile, name: str) -> Value | None:
    """What a module-level name of a file stands for."""
    key = (file.path, name)
    known = run.globals.get(key)
    if known is None:
        if name == "__name__":
            return Constant(file.module or "<module>")
        found = run.program.lookup(file, name)
        known = known_value(run, found)
        if known is None:
            return None
        run.globals[key] = known
    return known


def known_value(run: Interpreter, found: Value | tuple[SourceFile, str] | None) -> Value | None:
    """A value that was looked up: computed where only code can tell it, behind its decorators where it has some."""
    if isinstance(found, tuple):
        return module_value(run, *found)
    if isinstance(found, (ClassValue, Function)):
        return _of_branches(run, found) if found.env is None else behind_decorators(run, found)
    return found


def _of_branches(run: Interpreter, value: ClassValue | Function) -> Value:
    """What a definition at module level leaves, where other branches of an `if` define the same name."""
    file = value.place.file
    name = value.outline.qualname if isinstance(value, ClassValue) else value.name
    branches = file.branches.get(name, []) if not file.is_stub else []
    is_one_of_them = any(branch.value.place.node is value.place.node for branch in branches)
    if not is_one_of_them or not any(branch.tests for branch in branches):
        return behind_decorators(run, value)
    key = ("branches", file, name)
    if key not in run.memo:
        run.memo[key] = behind_decorators(run, value)
        run.memo[key] = _chosen(run, file, branches) or run.memo[key]
    result: Value = run.memo[key]
    return result


def _chosen(run: Interpreter, file: SourceFile, branches: Sequence[Branch]) -> Value | None:
    from paramlint.symbolic.language.truth import test

    cell: Cell = []
    with _code_of(run, file.module_place):
        for branch in branches:
            guard: Guard | None = ALWAYS
            for node, truth in branch.tests:
                env = Environment(file.module_place)
                true, false = test(run, node, env) if node is not None else run.opaque(f"a test#{run.serial()}")
                answer = true if truth else false
                guard = guard & answer if guard is not None and answer is not None else None
            with run.under(guard) as is_possible:
                if is_possible:
                    run.write(cell, behind_decorators(run, branch.value))
        return run.read(cell)


def behind_decorators(run: Interpreter, value: ClassValue | Function) -> Value:
    """A class or function as its decorators leave it."""
    place = value.place
    decorators = getattr(place.node, "decorators", ())
    if not decorators or place.file.is_stub:
        return value
    key = ("decorated", place, value.env)
    if key not in run.memo:
        run.memo[key] = value
        held: Value = value
        env = Environment(place.file.module_place, value.env)
        with _code_of(run, place.file.module_place):
            for decorator in reversed(decorators):
                held = decorated(run, held, run.evaluate(decorator.decorator, env), decorator)
        run.memo[key] = held
    result: Value = run.memo[key]
    return result


@contextmanager
def _code_of(run: Interpreter, place: Place) -> Iterator[None]:
    """Run code at module level, whenever that is: a function that asks for it may stand under `no_grad`."""
    run.frames.append(Frame(place.node, place, None, ALWAYS, is_entry=True))
    recorded, run.records_gradient = run.records_gradient, True
    try:
        with run.at(ALWAYS, ()):
            yield
    finally:
        run.records_gradient = recorded
        run.frames.pop()


def module_value(run: Interpreter, file: SourceFile, name: str) -> Value:
    """The value that the code of a module gives a name, where one statement does."""
    key = (file.path, name)
    if key in run.globals:
        return run.globals[key]
    statements = file.assigned.get(name, [])
    value: Value = Unknown(name)
    if len(statements) == 1 and key not in run.busy and statements[0].__class__.__name__ in ("Assign", "AnnAssign"):
        statement = statements[0]
        run.busy.add(key)
        try:
            with _code_of(run, file.module_place):
                held = run.evaluate(statement.value, Environment(file.module_place))
                value = _target_value(statement, name, held)
        finally:
            run.busy.discard(key)
    if isinstance(value, Constant) and (name in file.changed or _is_rebound(file, name)):
        value = Unknown(name)
    run.globals[key] = value
    if isinstance(value, (SequenceValue, Dictionary, Instance)) and not file.is_stub:
        _do_effects(run, file, name)
        _forget_others(value, name, file)
    return value


def _target_value(statement: Any, name: str, value: Value) -> Value:
    targets = [t.target for t in statement.targets] if statement.__class__.__name__ == "Assign" else [statement.target]
    for target in targets:
        if target.__class__.__name__ == "Name":
            if target.value == name:
                return value
        elif isinstance(value, SequenceValue) and value.items.plain is not None:
            for element, part in zip(target.elements, value.items.plain, strict=False):
                if getattr(element.value, "value", None) == name:
                    return part
    return Unknown(name)


# What a module does to a container


def _do_effects(run: Interpreter, file: SourceFile, name: str) -> None:
    """Run what this file and that of the entry do to a container at module level: statements and decorators."""
    from paramlint.symbolic.language.statements import run_block

    entry = run.frames[0].place.file if run.frames else file
    count = 0
    for one in dict.fromkeys((file, entry)):
        roots = {root for effect in one.effects for root in effect.names}
        concerned = {root for root in roots if _concerns(run, one, root, file, name)}
        for effect in one.effects:
            if concerned.isdisjoint(effect.names):
                continue
            count += 1
            if count > _MOST_EFFECTS:
                _forget(run.globals[file.path, name], f"{name} is changed in its module")
                return
            if isinstance(effect.what, str):
                definition = one.definition(effect.what)
                if isinstance(definition, (ClassValue, Function)):
                    behind_decorators(run, definition)
            else:
                env = Environment(one.module_place)
                env.cells = run.global_cells.setdefault(one.path, {})
                with _code_of(run, one.module_place):
                    run_block(run, [effect.what], env)


def _concerns(run: Interpreter, file: SourceFile, root: str, home: SourceFile, name: str) -> bool:
    """Whether what names something changes a container: that is the container, or a function that does."""
    if root == name and (file is home or _leads_to(run, file, root, home)):
        return True
    found = run.program.lookup(file, root)
    return isinstance(found, Function) and found.place.file is home and _mentions(found.place, name)


def _leads_to(run: Interpreter, file: SourceFile, name: str, home: SourceFile) -> bool:
    found = run.program.lookup(file, name)
    return isinstance(found, tuple) and found == (home, name)


def _mentions(place: Place, name: str) -> bool:
    text = place.file.facts.source.lines(place.unit.first, place.unit.last)
    return name in text and _word(name).search(text) is not None


@lru_cache(maxsize=1024)
def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(name)}\b")


def _forget_others(value: Value, name: str, file: SourceFile) -> None:
    """Others may have changed a container where functions of its file do; of an object that holds some, these."""
    text = file.facts.source.text
    if isinstance(value, Instance):
        for attribute, cell in value.attributes.items():
            for _, held in cell:
                if isinstance(held, (SequenceValue, Dictionary)) and is_changed(text, attribute):
                    _forget(held, f"{name}.{attribute} is changed elsewhere")
    elif is_changed_in_functions(file, name):
        _forget(value, f"{name} is changed elsewhere")


def _forget(value: Value, why: str) -> None:
    if isinstance(value, SequenceValue):
        value.items.forget(why)
    elif isinstance(value, Dictionary):
        value.forget(why)


_CHANGES = r"\.(?:append|extend|insert|add|update|setdefault|pop|popitem|remove|discard|clear|register\w*)\("


@lru_cache(maxsize=4096)
def _changing(name: str) -> re.Pattern[str]:
    name = re.escape(name)
    return re.compile(rf"\b{name}\s*(?:\[[^=\n]*\]\s*=(?!=)|{_CHANGES}|[-+|&]=)|\bdel\s+(?:\w+\.)*{name}\[")


def is_changed(text: str, name: str) -> bool:
    """Whether some code changes a container that is called so, or an attribute of that name."""
    return name in text and _changing(name).search(text) is not None


def is_changed_in_functions(file: SourceFile, name: str) -> bool:
    """Whether a function or method of a file changes a container at its module level."""
    source = file.facts.source
    if not is_changed(source.text, name):
        return False
    changing = _changing(name)
    return any(
        unit.kind == "function" and any(changing.search(source.line(row)) for row in range(unit.first, unit.last + 1))
        for unit in file.facts.outline.units
    )


def _is_rebound(file: SourceFile, name: str) -> bool:
    """Whether a function says `global name`."""
    text = file.facts.source.text
    return (
        "global " in text and re.search(rf"^\s+global\s+[^#\n]*\b{re.escape(name)}\b", text, re.MULTILINE) is not None
    )
