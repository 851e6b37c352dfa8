"""What class a value is of: `isinstance`, `issubclass` and `type`."""

from __future__ import annotations

import builtins
import collections
import collections.abc
import enum
import numbers
import re
import types
import typing
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from paramlint.knowledge import MODULE_CLASSES, PARAMETER_CLASSES, module_class
from paramlint.model.guard import Guard
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.interpreter import Handler, Interpreter
from paramlint.symbolic.values import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Constant,
    Dictionary,
    External,
    Function,
    Instance,
    Partial,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    loop_of,
    text_of,
)


def _isinstance(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    value, kinds = arguments.get(0), arguments.get(1)
    if value is None or kinds is None:
        return run.unknown_call("isinstance()")
    wanted = _classes(kinds)
    return run.each(value, lambda one: _is_instance(run, one, wanted, kinds))


def _classes(value: Value) -> list[Value] | None:
    if isinstance(value, SequenceValue):
        plain = value.items.plain
        if plain is None:
            return None
        found = [_classes(one) for one in plain]
        return None if any(f is None for f in found) else [c for f in found for c in f or []]
    if isinstance(value, (ClassValue, External)):
        return [value]
    return None


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (float,), "str": (str,), "bool": (bool,), "tuple": (tuple,), "range": (range,),
    "bytes": (bytes,), "numbers.Number": (int, float), "collections.abc.Iterable": (str, tuple, range),
    "collections.Iterable": (str, tuple, range), "typing.Iterable": (str, tuple, range),
    "list": (), "dict": (), "set": (),
    "collections.abc.Sequence": (str, tuple, range), "typing.Sequence": (str, tuple, range),
    "numbers.Integral": (int,), "numbers.Real": (int, float),
}  # fmt: skip
_SEQUENCES = {
    "list": {"list"}, "tuple": {"tuple"}, "set": {"set"}, "collections.abc.Iterable": {"list", "tuple", "set", "range"},
    "collections.Iterable": {"list", "tuple", "set", "range"}, "typing.Iterable": {"list", "tuple", "set", "range"},
    "collections.abc.Sequence": {"list", "tuple"}, "typing.Sequence": {"list", "tuple"}, "typing.List": {"list"},
}  # fmt: skip


def _is_instance(run: Interpreter, value: Value, wanted: list[Value] | None, kinds: Value) -> Value:
    unknown = Unknown(f"isinstance({text_of(value)}, {_names(kinds)})", value.loop if isinstance(value, Unknown) else 0)
    if wanted is None:
        return unknown
    run.why_false = _why_no_instance(run, value, wanted)
    if run.why_false:
        return FALSE
    if isinstance(value, Unknown) and len(wanted) == 1 and isinstance(wanted[0], ClassValue):
        true, _ = run.truth(unknown)
        if true is not None and classes.is_module(run, wanted[0]):
            run.memo["class asked", value] = true, wanted[0]
    note_asked(run, value, wanted, run.truth(unknown)[0])
    if isinstance(value, (Unknown, Instance)) and (true := run.truth(unknown)[0]):
        run.memo.setdefault(("instance asked", text_of(value)), {}).setdefault(true, wanted)
    names = [one.name for one in wanted if isinstance(one, External)]
    if isinstance(value, Unknown) and value.annotation in ("int", "str") and value.default != NONE:
        said = {"int": 0, "str": ""}[value.annotation]
        if all(n in _TYPES for n in names) and len(names) == len(wanted):
            return TRUE if any(isinstance(said, _TYPES[n]) for n in names) else FALSE
    if isinstance(value, Instance):
        if value.cls is None:
            return unknown
        answers = [classes.is_subclass(run, value.cls, one) for one in wanted]
        return TRUE if True in answers else unknown if None in answers else FALSE
    if isinstance(value, TensorValue):
        if any(n in ("torch.Tensor", "torch.FloatTensor") for n in names):
            return TRUE
        if any(n in PARAMETER_CLASSES for n in names):
            return TRUE if value.role == "parameter" else unknown
        return (
            FALSE
            if all(n in _TYPES or n.startswith("torch.nn.") for n in names) and len(names) == len(wanted)
            else unknown
        )
    answer = _by_python(value, wanted)
    if answer is not None:
        return TRUE if answer else FALSE
    if isinstance(value, Constant):
        if "object" in names or any(isinstance(value.value, _TYPES.get(n, ())) for n in names):
            return TRUE
        return FALSE if all(map(_has_no_constants, names)) else unknown
    if isinstance(value, SequenceValue):
        if any(value.kind in _SEQUENCES.get(n, ()) for n in names):
            return TRUE
        return FALSE if all(n in _TYPES or n.startswith("torch.") for n in names) else unknown
    if isinstance(value, Dictionary):
        if any(n in ("dict", "collections.abc.Mapping", "typing.Dict", "collections.OrderedDict") for n in names):
            return TRUE
        return FALSE if all(n in _TYPES or n.startswith("torch.") for n in names) else unknown
    if isinstance(value, ClassValue) and any(name.endswith(("Meta", "EnumType")) for name in names):
        bases = [base.name for base in classes.mro(run, value) if isinstance(base, External)]
        return TRUE if any(name.startswith("enum.") for name in names) and _is_enumeration(bases) else unknown
    if isinstance(value, (Function, ClassValue, Partial)):
        own = "types.FunctionType" if isinstance(value, Function) else "type"
        if any(n == (own if not isinstance(value, Partial) else "functools.partial") or n in _CALLABLE for n in names):
            return TRUE
        return FALSE if all(map(_has_no_constants, names)) else unknown
    return unknown


def _why_no_instance(run: Interpreter, value: Any, wanted: list[Value]) -> str:
    """Why nothing of a kind, or nothing that is left by the conditions before, is an instance of some classes."""
    kind = value.__class__
    if kind is Instance and value.is_module and wanted and all(_name_of(one) in _TENSORS for one in wanted):
        return "a module is no tensor"
    if kind is Unknown and wanted and _is_said_module(value) and all(_name_of(one) in _TENSORS for one in wanted):
        return "a module is no tensor"
    if kind is not Unknown and (kind is not Instance or value.cls is not None):
        is_parameter = kind is TensorValue and value.role == "parameter"
        if not wanted or not (is_parameter or _is_class(value)) or not all(map(_is_class, wanted)):
            return ""
        return "a parameter is no module" if is_parameter else "a class is not an instance of a module"
    if wanted and _asked_for_class(run, value) is not None and all(map(_is_class, wanted)):
        return "a class is not an instance of a module"
    for true, before in run.memo.get(("instance asked", text_of(value)), {}).items():
        if not run.guard.fits(true) and all(any(_is_below(run, one, base) for base in before) for one in wanted):
            return f"an earlier branch takes what is a `{_names_of(before)}`"
    return ""


def _is_said_module(value: Unknown) -> bool:
    """Whether an argument is a module of torch, by its annotation."""
    return module_class(f"torch.nn.{value.annotation.rpartition('.')[2]}") is not None


def _name_of(cls: Value) -> str:
    return str(getattr(cls, "qualified", getattr(cls, "name", "")))


_TENSORS = {*PARAMETER_CLASSES, "torch.Tensor"}


def _is_below(run: Interpreter, cls: Value, base: Value) -> bool:
    return cls == base or (isinstance(cls, (ClassValue, External)) and classes.is_subclass(run, cls, base) is True)


#: Modules of Python whose classes are asked themselves.
_PYTHON = {"": builtins, "collections": collections, "collections.abc": collections.abc, "typing": typing,
           "numbers": numbers, "enum": enum, "types": types}  # fmt: skip
#: Libraries of which no class has numbers, texts or containers of Python among its instances.
_OF_ARRAYS = ("torch.", "numpy.", "pandas.", "PIL.", "jax.", "tensorflow.")
_KINDS: dict[str, type] = {"list": list, "tuple": tuple, "set": set}


def _by_python(value: Value, wanted: list[Value]) -> bool | None:
    """What Python itself says of a number, text or container, where it knows all the classes."""
    asked = [_class_of_python(one.name) if isinstance(one, External) else None for one in wanted]
    kind: type | None = None
    if isinstance(value, Constant):
        kind = type(value.value)
        if kind in (int, str) and any(one is not None and issubclass(one, enum.Enum) for one in asked):
            return None  # members of an enumeration are kept as what they stand for
    elif isinstance(value, SequenceValue):
        kind = _KINDS.get(value.kind)
    elif isinstance(value, Dictionary):
        kind = collections.OrderedDict if value.is_ordered else dict
    if kind is None or not wanted:
        return None
    answers = [issubclass(kind, one) if one is not None else None for one in asked]
    answers = [
        False if answer is None and isinstance(one, External) and one.name.startswith(_OF_ARRAYS) else answer
        for answer, one in zip(answers, wanted, strict=True)
    ]
    return True if True in answers else None if None in answers else False


def _is_enumeration(bases: list[str]) -> bool:
    return any(name.startswith("enum.") for name in bases)


def _class_of_python(name: str) -> type | None:
    package, _, short = name.rpartition(".")
    found: Any = getattr(_PYTHON.get(package), short, None)
    found = getattr(found, "__origin__", found)
    return found if isinstance(found, type) and found is not typing.Any else None


_CALLABLE = frozenset({"object", "collections.abc.Callable", "typing.Callable"})


def _has_no_constants(name: str) -> bool:
    """Whether a class, by its name, has no numbers, texts, tuples or None among its instances, but those told above."""
    if name in _TYPES or "." not in name or name.startswith(("torch.", "functools.", "types.")):
        return True
    package, _, short = name.rpartition(".")
    is_abstract = package.startswith(("collections", "typing", "numbers", "abc")) or "abc" in package.split(".")[-1]
    return short[:1].isupper() and not is_abstract


def _names(kinds: Value) -> str:
    found = _classes(kinds)
    return text_of(kinds) if found is None else _names_of(found)


def _names_of(kinds: list[Value]) -> str:
    return " or ".join(one.name.rpartition(".")[2] for one in kinds if isinstance(one, (External, ClassValue)))


def _issubclass(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    value, kinds = arguments.get(0), arguments.get(1)
    wanted = _classes(kinds) if kinds is not None else None
    if isinstance(value, (ClassValue, External)) and wanted is not None:
        answers = [classes.is_subclass(run, value, one) for one in wanted]
        if None not in answers:
            return TRUE if True in answers else FALSE
    return run.unknown_call("issubclass()")


def note_asked(run: Interpreter, value: Value, wanted: Sequence[Value], true: Guard | None) -> None:
    """Note where something unknown is an instance of one of some classes, all of torch."""
    said = (one.name if isinstance(one, External) else getattr(one, "qualified", "") for one in wanted)
    names = tuple(name for name in said if module_class(name) is not None)
    if isinstance(value, (Unknown, Instance)) and true is not None and true and len(names) == len(wanted):
        told = run.memo.setdefault(("classes asked", text_of(value)), {})
        told.setdefault(true, names)


def note_compared(run: Interpreter, left: Value, right: Value, true: Guard | None) -> None:
    """The same for `type(m) is C` and `type(m) in (C, D)`."""
    subject = _asked_for_class(run, left)
    wanted = right.items.plain if isinstance(right, SequenceValue) else [right]
    if subject is not None and wanted:
        note_asked(run, subject, wanted, true)


def _asked_for_class(run: Interpreter, value: Value | None) -> Value | None:
    """`m` of `type(m)` and `m.__class__`, where its class is not known."""
    found: Value | None = run.memo.get(("type of", value)) if isinstance(value, Unknown) else None
    return value.owner if found is None and isinstance(value, Unknown) and value.name == "__class__" else found


def _is_class(value: Value) -> bool:
    """Whether it is a class of the project, or one of torch's layers."""
    return isinstance(value, ClassValue) or (isinstance(value, External) and module_class(value.name) is not None)


def _is_class_name(run: Interpreter, value: Value) -> bool:
    """Whether it is the `__name__` of a class that is not known."""
    return isinstance(value, Unknown) and value.name == "__name__" and _asked_for_class(run, value.owner) is not None


def why_never(run: Interpreter, sign: str, left: Value, right: Value) -> str:
    """Why a comparison that asks what class something is of is false, whatever it is; empty where it may be true."""
    if sign == "in":
        if _is_class_name(run, right) and isinstance(left, Constant) and "." in str(left.value):
            return "the name of a class has no dots"
        options = right.items.plain if isinstance(right, SequenceValue) else None
        whys = [_why_unequal(run, left, option) for option in options or ()]
        return whys[0] if whys and all(whys) else ""
    return _why_unequal(run, left, right) or _why_unequal(run, right, left) if sign in ("==", "is") else ""


def _why_unequal(run: Interpreter, one: Value, other: Value) -> str:
    if _asked_for_class(run, one) is not None or _is_class(one):
        if isinstance(other, SequenceValue):
            return "a class is not equal to a tuple of classes"
        if isinstance(other, Constant) and isinstance(other.value, str):
            return "a class is not equal to a text"
        if isinstance(other, Instance) and other.is_module:
            return "a module is not its class"
        if not _is_class(one) and _ABSTRACT.fullmatch(_name_of(other)):
            return f"no module is of the class `{_name_of(other).rpartition('.')[2]}` itself"
    if _is_class_name(run, one):
        if _is_class(other):
            return "the name of a class is not the class"
        said = other.value if isinstance(other, Constant) else None
        return _why_no_class(run, said) if isinstance(said, str) else ""
    return ""


def _why_no_class(run: Interpreter, name: str) -> str:
    """Why no class has a name: it has a module before it, or is one of torch's but for capitals."""
    if "." in name:
        return "the name of a class has no dots"
    alike = _LAYERS.get(name.lower())
    is_own = name in run.frame.place.file.facts.outline.classes
    return f"the class is `{alike}`" if alike is not None and alike != name and not is_own else ""


_ABSTRACT = re.compile(r"torch\.nn\.(?:modules\.\w+\.)?(?:_\w+|Module|modules\.module\.Module)")
#: The names of torch's layers by the same without capitals.
_LAYERS = {name.rpartition(".")[2].lower(): name.rpartition(".")[2] for name in MODULE_CLASSES}


def classes_asked(run: Interpreter, value: Value | None) -> tuple[str, ...]:
    """The classes of torch of one of which something unknown is, by the conditions under which the code runs now."""
    told = run.memo.get(("classes asked", text_of(value))) if isinstance(value, (Unknown, Instance)) else None
    if not told or not run.guard:
        return ()
    ruled_out = {name for true, names in told.items() if not run.guard.fits(true) for name in names}
    met = [[name for name in names if name not in ruled_out] for true, names in told.items() if run.guard.implies(true)]
    if met:
        narrowest = min(met, key=len)
        return tuple([name for name in narrowest if all(name in names for names in met)] or narrowest)
    left = [true for true in told if run.guard.fits(true)]
    if len(left) < 2 or not run.guard.implies(reduce(or_, left)):
        return ()
    for true in left[:]:  # other tests of the same thing, elsewhere, fit too and say nothing here
        others = [one for one in left if one is not true]
        if others and run.guard.implies(reduce(or_, others)):
            left = others
    return tuple(dict.fromkeys(name for true in left for name in told[true]))


def _type(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    value = arguments.get(0)
    if isinstance(value, Instance) and value.cls is not None and len(arguments.positional) == 1:
        return value.cls
    made = Unknown(f"type({text_of(value) if value is not None else ''})", loop_of(value) if value is not None else 0)
    if isinstance(value, (Unknown, Instance)):
        run.memo["type of", made] = value
    return made


def _is_tensor(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    return _isinstance(run, Arguments([*arguments.positional, External("torch.Tensor")]), node)


HANDLERS: Mapping[str, Handler] = {
    "isinstance": _isinstance, "issubclass": _issubclass, "type": _type, "torch.is_tensor": _is_tensor,
}  # fmt: skip
