"""Where interpreting begins: a class with unknown arguments, a function, the code of a module."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.code.program import ClassValue, SourceFile
from paramlint.symbolic.collections.containers import items_of
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.annotations import given_by_library, said_of
from paramlint.symbolic.definitions.attributes import get_attribute
from paramlint.symbolic.definitions.calls import annotation_of, default_of, is_generator, parameters_of
from paramlint.symbolic.definitions.module_code import behind_decorators
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import OverBudgetError
from paramlint.symbolic.values import (
    Arguments,
    Constant,
    Environment,
    Function,
    Instance,
    SequenceValue,
    Unknown,
    Value,
)

#: Python's own limit on frames, while interpreting: each call of the interpreted code takes some ten.
_RECURSION = 20_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """More frames than Python allows by itself; the interpreter's own limits end before these."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def cut_short(run: Interpreter) -> None:
    """Note that what an entry leads to came to no end, because the steps were used up."""
    run.memo["over budget"] = True
    run.cut_at = run.cut_at or run.used_up


def open_arguments(
    run: Interpreter, function: Function, known: Mapping[str, object] | None = None, tensors: bool = False
) -> Arguments:
    """Arguments for a function of which nothing is known but what is given here by name.

    Args:
        run: the run.
        function: bound or not.
        known: values by parameter.
        tensors: arguments without default or annotation are tensors, as those of `forward`.
    """
    known = known or {}
    function = _said_by(function)
    positional, only, star, star_keywords = parameters_of(function.node)
    arguments = Arguments()
    for parameter in positional[1 if function.bound is not None else 0 :]:
        arguments.positional.append(_open(run, parameter, known, function, tensors))
    for parameter in only:
        arguments.keywords[parameter.name.value] = _open(run, parameter, known, function, tensors)
    names = {p.name.value for p in (*positional, *only)}
    if star is not None:
        arguments.unknown_positional = True
        arguments.spread.append(Unknown(f"*{star.name.value}"))
    if star_keywords is not None:
        for name, value in known.items():
            if name not in names:
                arguments.keywords[name] = as_value(value)
        arguments.unknown_keywords = True
    return arguments


def _said_by(function: Function) -> Function:
    """The function whose parameters say what one takes: what it wraps, where it only hands on what it is given."""
    positional, only, star, star_keywords = parameters_of(function.node)
    is_handing_on = star is not None and star_keywords is not None and not positional and not only
    if function.wraps is None or not is_handing_on:
        return function
    return _said_by(replace(function.wraps, bound=function.bound))


def _open(run: Interpreter, parameter: Any, known: Mapping[str, object], function: Function, tensors: bool) -> Value:
    name = parameter.name.value
    if name in known:
        return as_value(known[name])
    annotation = annotation_of(run, parameter) or given_by_library(run, function, parameter)
    if tensors and parameter.default is None and annotation in ("", "torch.Tensor", "Tensor"):
        tensor = run.new_tensor(parameter, filled=True, factory="argument")
        tensor.text = name
        return tensor
    default: Constant | None = None
    if parameter.default is not None:
        value = default_of(run, function, parameter)
        default = value if isinstance(value, Constant) else None
    value = Unknown(name, annotation=annotation, default=default)
    said_of(run, parameter, function, value)
    return value


def as_value(value: object) -> Value:
    """A plain Python value, as `--arg` gives it."""
    if isinstance(value, Value):
        return value
    if isinstance(value, list):
        from paramlint.symbolic.values import Item, Items

        return SequenceValue("list", Items([Item(ALWAYS, (), as_value(one)) for one in value]))
    if isinstance(value, dict):
        from paramlint.symbolic.values import Dictionary

        made = Dictionary()
        made.cells = {key: [(ALWAYS, as_value(one))] for key, one in value.items()}
        return made
    return Constant(value)


def build_class(
    run: Interpreter, cls: ClassValue, known: Mapping[str, object] | None = None, defaults: bool = False
) -> Instance:
    """Construct an instance of a class.

    Args:
        run: the run; what was used up of it is said by `instance.known`.
        cls: the class.
        known: arguments by name.
        defaults: give the other arguments their defaults, where they have one.
    """
    place = cls.place
    with deep_recursion():
        run.frames.append(Frame(place.node, place, None, ALWAYS, is_entry=True))
        cls = _as_decorated(run, cls)
        instance = classes.allocated(run, cls, place.node)
        try:
            run.building.append(instance)
            run.inside = "__init__"
            init = classes.member(run, cls, "__init__", instance)
            arguments = _arguments_of(run, init, known or {}, defaults)
            instance.arguments = arguments
            maker = classes.maker_of(run, cls)
            if maker is not None:
                instance = _made_by(run, maker, instance, _arguments_of(run, maker, known or {}, defaults))
                if instance.cls is None or not classes.is_subclass(run, instance.cls, cls):
                    return instance
                init = classes.member(run, instance.cls, "__init__", instance)
            if isinstance(init, Function):
                run.call(init, arguments, place.node)
            else:
                classes.initialize(run, instance, cls, arguments, place.node)
        except OverBudgetError:
            instance.forget("the steps were used up")
            cut_short(run)
        finally:
            run.building.clear()
            del run.frames[1:]
    return instance


def _arguments_of(run: Interpreter, function: Value | None, known: Mapping[str, object], defaults: bool) -> Arguments:
    """What a constructor is given."""
    if isinstance(function, Function):
        arguments = open_arguments(run, function, known)
        return _with_defaults(function, arguments, known) if defaults else arguments
    arguments = Arguments(keywords={name: as_value(value) for name, value in known.items()})
    arguments.unknown_positional = arguments.unknown_keywords = not defaults
    return arguments


def _made_by(run: Interpreter, maker: Function, instance: Instance, arguments: Arguments) -> Instance:
    """The object that a class's `__new__` gives; one of the class, of which little is sure, where it may be another."""
    made = run.call(maker, arguments, maker.node)
    if isinstance(made, Instance):
        return made
    instance.forget(f"{maker.owner.name if maker.owner is not None else ''}.__new__ may make another object")
    run.memo["unsure"] = True
    return instance


def _as_decorated(run: Interpreter, cls: ClassValue) -> ClassValue:
    try:
        held = behind_decorators(run, cls)
    except OverBudgetError:
        return cls
    return held if isinstance(held, ClassValue) else cls


def _with_defaults(function: Function, arguments: Arguments, known: Mapping[str, object]) -> Arguments:
    """Only the arguments that are known or have no default."""
    function = _said_by(function)
    positional, only, _, _ = parameters_of(function.node)
    kept = Arguments()
    for parameter, value in zip(
        positional[1 if function.bound is not None else 0 :], arguments.positional, strict=True
    ):
        if parameter.name.value in known or parameter.default is None:
            assert isinstance(value, Value)
            kept.keywords[parameter.name.value] = value
    for parameter in only:
        if parameter.name.value in known or parameter.default is None:
            kept.keywords[parameter.name.value] = arguments.keywords[parameter.name.value]
    names = {p.name.value for p in (*positional, *only)}
    kept.keywords |= {k: v for k, v in arguments.keywords.items() if k not in names}
    return kept


def run_method(
    run: Interpreter, instance: Instance, name: str, known: Mapping[str, object] | None = None
) -> Value | None:
    """Call a method of an instance with unknown arguments; those of `forward` are tensors."""
    cls = instance.cls
    if cls is None:
        return None
    place = cls.place
    with deep_recursion():
        run.frames.append(Frame(place.node, place, None, ALWAYS, is_entry=True))
        run.inside = name
        try:
            method = get_attribute(run, instance, name, place.node)
            if not isinstance(method, Function):
                return None
            arguments = open_arguments(run, method, known, tensors=name == "forward")
            return run.call(method, arguments, method.node)
        except OverBudgetError:
            instance.forget("the steps were used up")
            cut_short(run)
            return None
        finally:
            run.frames.pop()


def inherits(run: Interpreter, instance: Instance, name: str) -> bool:
    """Whether a class has a method by a base of the project: what that calls is the class's own."""
    cls = instance.cls
    found = classes.member(run, cls, name, instance) if cls is not None else None
    return isinstance(found, Function) and not found.place.file.is_stub


def mixed_in(run: Interpreter, instance: Instance) -> list[str]:
    """The methods that a class has by plain bases of its file: by themselves those have no parts to be asked about."""
    cls = instance.cls
    if cls is None:
        return []
    bases = [b for b in classes.mro(run, cls)[1:] if isinstance(b, ClassValue) and b.file is cls.file]
    plain = [base for base in bases if not classes.is_module(run, base) and not classes.unknown_base(run, base)]
    names = dict.fromkeys(name for base in plain for name in base.outline.methods)
    return [name for name in names if name not in cls.outline.methods]


def run_function(
    run: Interpreter, function: Function, known: Mapping[str, object] | None = None, defaults: bool = False
) -> Value | None:
    """Call a function with unknown arguments; those given, and `defaults`, are as for a class."""
    with deep_recursion():
        run.frames.append(
            Frame(function.place.file.module_place.node, function.place.file.module_place, None, ALWAYS, is_entry=True)
        )
        run.inside = function.name
        try:
            arguments = open_arguments(run, function, known)
            if defaults:
                arguments = _with_defaults(function, arguments, known or {})
            result = run.call(function, arguments, function.node)
            if isinstance(result, SequenceValue) and is_generator(run, function):
                items_of(run, result, function.node)  # somebody goes through it
            return result
        except OverBudgetError:
            cut_short(run)
            return None
        finally:
            run.frames.pop()


def run_module(run: Interpreter, file: SourceFile) -> Environment:
    """Run the code of a module, notebook cells in order."""
    from paramlint.symbolic.language.statements import run_block

    place = file.module_place
    env = Environment(place)
    env.cells = run.global_cells.setdefault(file.path, {})
    env.cells["__name__"] = [(ALWAYS, Constant("__main__"))]
    with deep_recursion():
        run.frames.append(Frame(place.node, place, None, ALWAYS))
        try:
            run_block(run, place.node.body, env)
        except OverBudgetError:
            cut_short(run)
        finally:
            run.frames.pop()
    return env


def finish(run: Interpreter) -> None:
    """Construct what still waits, unless the steps were used up before."""
    if "over budget" in run.memo:
        return
    with deep_recursion():
        try:
            while run.waiting:
                run.build(run.waiting.pop(0))
        except OverBudgetError:
            cut_short(run)
