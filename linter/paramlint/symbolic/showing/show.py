"""What `paramlint show` does: build a class, or call a function, and say what the model holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.building import entry
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.calls import parameters_of
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_SHOWN_STEPS
from paramlint.symbolic.showing.layers.show_layers import (
    is_of_layers_alone,
    names_layers,
    show_layers,
    shows_layers,
)
from paramlint.symbolic.showing.places import USED_UP
from paramlint.symbolic.showing.show_document import ShownClass, UnknownPart
from paramlint.symbolic.showing.show_targets import Subject, TargetError, close_to
from paramlint.symbolic.showing.table import Heading, table
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Function,
    Instance,
    Partial,
    Unknown,
    Value,
    alternatives,
    text_of,
)
from paramlint.symbolic.values.wording import told


def show_class(
    program: Program, cls: ClassValue, arguments: Mapping[str, object] | None = None, *, defaults: bool = False
) -> ShownClass:
    """The table of a class.

    Args:
        program: where its names are looked up.
        cls: the class.
        arguments: plain values of some arguments by name; the others stay unknown.
        defaults: give those others their defaults instead, where they have one.
    """
    run = Interpreter(program, MAX_SHOWN_STEPS)
    instance = entry.build_class(run, cls, arguments, defaults)
    entry.finish(run)
    place = cls.place
    with entry.deep_recursion():
        return table(run, [(ALWAYS, instance)], Heading(cls.outline.qualname, cls.file.path, place.row(place.node)))


def show(subject: Subject, arguments: Mapping[str, object] | None = None, *, defaults: bool = False) -> ShownClass:
    """The table of what a target stands for; of a function, that of what it returns.

    Raises:
        TargetError: there is no such argument, or a function returns no module.
    """
    value, run = subject.value, subject.run
    given = dict(arguments or {})
    _check_arguments(subject, given)
    layers = _layers(subject, given, defaults=defaults)
    if layers is not None:
        return layers
    if isinstance(value, ClassValue):
        return show_class(subject.file.program, value, given, defaults=defaults)
    if isinstance(value, Function):
        heading = Heading(subject.name, value.place.file.path, value.place.row(value.node))
        result = entry.run_function(run, value, given, defaults)
    else:
        heading = Heading(subject.name, subject.file.path, _row(subject))
        result = value if not isinstance(value, Partial) else _called(run, value, given)
    entry.finish(run)
    return _of_result(run, result, heading)


def _layers(subject: Subject, given: Mapping[str, object], *, defaults: bool) -> ShownClass | None:
    """The table of a model of Keras or Gluon; None for any other."""
    value = subject.value
    if isinstance(value, ClassValue):
        file, unit = value.file, value.outline.unit
        if not shows_layers(file.facts, unit):
            return None
    elif isinstance(value, Function):
        file, unit = value.place.file, value.place.unit
    else:
        file, unit = subject.file, subject.file.module_place.unit
    if not names_layers(file.facts):
        return None
    row = unit.first if unit.kind != "module" else _row(subject)
    heading = (subject.name, file.path, row)
    found = show_layers(file.facts, unit, heading, given, defaults=defaults, name=subject.name)
    if found is None and is_of_layers_alone(file.facts):
        raise TargetError(f"`{subject.name}` gives no layer, block or model that can be told from its source")
    return found


def _called(run: Interpreter, function: Partial, given: Mapping[str, object]) -> Value:
    arguments = Arguments(keywords={name: entry.as_value(one) for name, one in given.items()}, unknown_keywords=True)
    with entry.deep_recursion():
        return run.call(function, arguments, run.frame.place.node)


def _of_result(run: Interpreter, result: Value | None, heading: Heading) -> ShownClass:
    """The table of what a function returned; what of it is no module that is known is unknown."""
    roots: list[tuple[Guard, Instance]] = []
    unknown: list[UnknownPart] = []
    if result is None:
        unknown.append(UnknownPart(name="**", why=USED_UP, filename=heading.filename, row=heading.row))
        result = NONE
    for guard, one in alternatives(result):
        if isinstance(one, Instance) and one.is_module:
            roots.append((guard, one))
        elif not isinstance(one, Constant):
            why = f"made by {told(text_of(one))}" if isinstance(one, Unknown) else f"it is {told(text_of(one))}"
            unknown.append(UnknownPart(name="**", why=why, filename=heading.filename, row=heading.row))
    if not roots and not unknown:
        raise TargetError(f"`{heading.name}` returns no module")
    with entry.deep_recursion():
        shown = table(run, roots, heading)
    return msgspec.structs.replace(shown, unknown=(*shown.unknown, *unknown)) if unknown else shown


def _row(subject: Subject) -> int:
    statements = subject.file.assigned.get(subject.name, [])
    return subject.file.module_place.row(statements[0]) if statements else 1


def _check_arguments(subject: Subject, given: Mapping[str, object]) -> None:
    """Refuse names that the constructor or function does not have."""
    function: Any = subject.value
    if isinstance(function, Instance) and given:
        raise TargetError(f"`{subject.name}` is a module, so it takes no arguments")
    if isinstance(function, ClassValue):
        function = classes.member(subject.run, function, "__init__")
    if not isinstance(function, Function):
        return
    positional, only, _, rest = parameters_of(function.node)
    names = [parameter.name.value for parameter in (*positional, *only)]
    for name in given:
        if name not in names and rest is None:
            close = close_to(name, names)
            hint = f"; did you mean `{close}`?" if close else ""
            raise TargetError(f"`{subject.name}` has no argument `{name}`{hint}")
