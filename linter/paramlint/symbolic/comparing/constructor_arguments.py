"""Which arguments two versions of a constructor have in common, and what stands for those that only one has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.calls import annotation_of, default_of, parameters_of
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import OverBudgetError
from paramlint.symbolic.values import Constant, Function, SequenceValue, Unknown, Value, text_of
from paramlint.symbolic.values.wording import told


@dataclass(frozen=True)
class Argument:
    """An argument of a constructor.

    Attributes:
        name: its name.
        annotation: what it is said to be.
        default: the text of its default; empty where it has none.
        value: its default where that is a plain value.
        is_own: whether the constructor itself names it, and not one that is handed `**kwargs`.
        has_place: whether it may be given by its place, and not only by its name.
    """

    name: str
    annotation: str
    default: str
    value: Constant | None
    is_own: bool
    has_place: bool


@dataclass(frozen=True)
class Signature:
    """The arguments of a constructor."""

    arguments: tuple[Argument, ...] = ()

    @property
    def own(self) -> tuple[Argument, ...]:
        """Those that the constructor itself names."""
        return tuple(one for one in self.arguments if one.is_own)

    def get(self, name: str) -> Argument | None:
        """The argument of a name."""
        return next((one for one in self.arguments if one.name == name), None)


def signature(program: Program, cls: ClassValue) -> Signature:
    """What the constructor of a class takes: where it hands `**kwargs` on, what those behind it take too."""
    run = Interpreter(program)
    run.frames.append(Frame(cls.place.node, cls.place, None, ALWAYS))
    found: dict[str, Argument] = {}
    own = True
    handing = ""
    for base in classes.mro(run, cls):
        init = base.method("__init__") if isinstance(base, ClassValue) else None
        if init is None:
            continue
        positional, only, _, rest = parameters_of(init.node)
        for parameter in (*positional[1:], *only):
            if re.search(rf"\b{parameter.name.value}\s*=", handing):
                continue  # the constructor in front gives it itself
            found.setdefault(parameter.name.value, _argument(run, init, parameter, own, parameter not in only))
        own = False
        handing += init.place.file.facts.source.lines(init.place.unit.first, init.place.unit.last)
        if rest is None:
            break
    return Signature(tuple(found.values()))


def _argument(run: Interpreter, init: Function, parameter: object, is_own: bool, has_place: bool) -> Argument:
    name: str = parameter.name.value  # type: ignore[attr-defined]
    annotation = annotation_of(run, parameter)
    if parameter.default is None:  # type: ignore[attr-defined]
        return Argument(name, annotation, "", None, is_own, has_place)
    try:
        value = default_of(run, init, parameter)
    except OverBudgetError:
        value = Unknown("?")
    plain = value if isinstance(value, Constant) else None
    return Argument(name, annotation, _said(value) or "?", plain, is_own, has_place)


def _said(value: Value) -> str:
    """A default in words; a list is a tuple of the same items, since constructors only read them."""
    if isinstance(value, SequenceValue) and value.items.plain is not None:
        return f"({', '.join(map(_said, value.items.plain))})"
    return told(text_of(value))


@dataclass(frozen=True)
class Given:
    """What both versions of a class are built with.

    Attributes:
        common: the names that stand for one value in both.
        old, new: values of some arguments.
        old_left_out, new_left_out: arguments that have their defaults, since the other version has no such argument.
        gone: arguments of the older version that the newer one needs or lacks, so that no call suits both.
        defaults: those of the common arguments that are plain values, as the newer version has them.
        optional: the common arguments that both versions give a default.
        changed: common arguments whose default is another one, with both defaults.
    """

    common: frozenset[str]
    old: Mapping[str, Value] = field(default_factory=dict)
    new: Mapping[str, Value] = field(default_factory=dict)
    old_left_out: frozenset[str] = frozenset()
    new_left_out: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    defaults: Mapping[str, int | float] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def same_arguments(old: Signature, new: Signature) -> Given:
    """What to build both versions of a class with, so that they get the same.

    An argument at the same place with the same default is the same under another name. What is new has its default;
    so has what is gone: who gave it can no longer.
    """
    names = {one.name for one in old.arguments}
    others = {one.name for one in new.arguments}
    renamed = _renamed(old, new)
    old_known: dict[str, Value] = {}
    new_known: dict[str, Value] = {}
    for before, after in renamed.items():
        argument = old.get(before)
        assert argument is not None
        new_known[after] = Unknown(before, annotation=argument.annotation, default=argument.value)
    new_left_out: set[str] = set()
    old_left_out: set[str] = set()
    gone: list[str] = []
    for argument in new.arguments:
        if argument.name in names or argument.name in new_known:
            continue
        _leave_out(argument, new_left_out, new_known, gone)
    for argument in old.arguments:
        if argument.name in others or argument.name in renamed:
            continue
        _leave_out(argument, old_left_out, old_known, gone)
    common = (names & others) | set(renamed)
    defaults: dict[str, int | float] = {}
    changed: dict[str, tuple[str, str]] = {}
    optional: list[str] = []
    for name in sorted(common):
        one, other = old.get(name), new.get(renamed.get(name, name))
        if one is None or other is None:
            continue
        # One that only `**kwargs` carries on one side is given there by its name.
        if one.is_own != other.is_own and name not in renamed:
            value = Unknown(name, annotation=(one.annotation or other.annotation), default=other.value)
            (new_known if not other.is_own else old_known)[name] = value
        elif (one.annotation, one.default) != (other.annotation, other.default) and name not in renamed:
            # An annotation says what an argument is not, and two versions shall not be told apart by that.
            value = Unknown(name, annotation=one.annotation or other.annotation, default=other.value or one.value)
            old_known[name] = new_known[name] = value
        if other.value is not None and isinstance(other.value.value, (int, float)):
            if not isinstance(other.value.value, bool):
                defaults[name] = other.value.value
        if one.default and other.default and name not in renamed:
            optional.append(name)
        if one.default and other.default and one.default != other.default:
            changed[name] = one.default, other.default
    return Given(
        common=frozenset(common),
        old=old_known,
        new=new_known,
        old_left_out=frozenset(old_left_out),
        new_left_out=frozenset(new_left_out),
        gone=tuple(gone),
        defaults=defaults,
        optional=tuple(optional),
        changed=changed,
    )


def _leave_out(argument: Argument, left_out: set[str], known: dict[str, Value], gone: list[str]) -> None:
    """Give an argument that only one version has its default; one behind `**kwargs` is given it by name."""
    if argument.is_own and argument.default:
        left_out.add(argument.name)
    elif argument.is_own:
        gone.append(argument.name)
    elif argument.value is not None:
        known[argument.name] = argument.value


def _renamed(old: Signature, new: Signature) -> dict[str, str]:
    """Arguments that are the same under another name, by the old one: those that a call without names gives alike."""
    others = {one.name for one in new.arguments}
    names = {one.name for one in old.arguments}
    return {
        one.name: other.name
        for one, other in zip(old.own, new.own, strict=False)
        if one.name not in others
        and other.name not in names
        and one.default == other.default
        and one.has_place
        and other.has_place
    }
