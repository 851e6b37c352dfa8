"""What a module holds, by name: its own tensors, its children, and all that is below it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.registration import HIDDEN
from paramlint.symbolic.limits import MAX_ROWS
from paramlint.symbolic.values import (
    NONE,
    Constant,
    Instance,
    Item,
    Items,
    Loop,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)
from paramlint.symbolic.values.wording import told

#: Why something is not known where a table is full.
TOO_MANY = "too many rows"
_MAX_POSITIONS = 6
#: What is, or may be, a tensor or module; a class has many attributes that are neither.
_HOLDING = (TensorValue, Instance, Unknown)
_MAX_LEVELS = 24


@dataclass(frozen=True)
class Held:
    """Something that a module holds.

    Attributes:
        name: its name within the module, or a pattern: `{depth}` stands for one component.
        guard: under which conditions it is there.
        loops: the loops in which one is made and put there for each round.
        value: what it is.
        holder: the module that holds it.
    """

    name: str
    guard: Guard
    loops: tuple[Loop, ...]
    value: Value
    holder: Instance

    @property
    def is_tensor(self) -> bool:
        """Whether it is a registered tensor."""
        if not isinstance(self.value, TensorValue) or self._registered == HIDDEN:
            return False
        return self.value.role == "parameter" or (self.value.role == "buffer" and self._registered.startswith("buffer"))

    @property
    def is_child(self) -> bool:
        """Whether it is a registered module."""
        return isinstance(self.value, Instance) and self.value.is_module and self._registered != HIDDEN

    @property
    def _registered(self) -> str:
        return self.holder.registered.get(self.name, "")


def held_by(run: Interpreter, module: Instance) -> Iterator[Held]:
    """What a module holds under its own names, registered or not, in order, known values and optimizers left aside."""
    run.build(module)
    for name, cell in list(module.attributes.items()):
        if cell and cell[0] is cell[-1] and cell[0][1].holds_nothing:  # asked of all attributes, each time
            continue
        run.step()
        value = run.read(cell, lambda: NONE)  # so that what is only there under a guard keeps it
        if value is not None:
            for guard, one in alternatives(value):
                yield Held(name, guard, (), one, module)
    if module.items is not None:
        for row, positions in zip(list(module.items.rows), positions_of(module.items), strict=True):
            run.step()
            for guard, name in positions:
                for inner, one in alternatives(row.value):
                    joined = guard & inner
                    if joined is not None:
                        yield Held(name, joined, row.loops, one, module)


def positions_of(items: Items) -> list[list[tuple[Guard, str]]]:
    """For each item the names it may have in its container, and under which guards."""
    counts: list[tuple[Guard, int | None]] = [(ALWAYS, 0)]
    found: list[list[tuple[Guard, str]]] = []
    for place, row in enumerate(items.rows):
        names: dict[str, Guard] = {}
        is_placed = items.ordered is None or place < items.ordered
        for guard, number in counts if row.key is None else ():
            joined = guard & row.guard
            if joined is not None:
                text = _numbers_of(row.loops, number if is_placed else None)
                names[text] = names[text] | joined if text in names else joined
        if row.key is not None:
            names[key_text(row.key)] = row.guard
        found.append([(guard, text) for text, guard in names.items()])
        counts = _counted(counts, row)
    return found


def _numbers_of(loops: tuple[Loop, ...], start: int | None) -> str:
    """The numbers that an item has, or one of each round, where it is the next behind so many."""
    if not loops:
        return str(start) if start is not None else "{i}"
    count = math.prod(loop.count for loop in loops) if all(loop.count is not None for loop in loops) else None  # type: ignore[misc]
    if count is None:
        text = " * ".join(loop.text for loop in loops).replace("{", "").replace("}", "").replace(".", "·")
        return "{i}" if text.isdigit() else f"{{{text}}}"
    if start is None:
        return "{i}"
    return f"{{{count}}}" if start == 0 else f"{{{start}-{start + count - 1}}}"


def key_text(key: Value) -> str:
    """How a name reads that is not known: in braces, where none stand in it."""
    if isinstance(key, Constant):
        return str(key.value)
    text = text_of(key)
    text = text if "{" in text else "{" + text.replace("}", "") + "}"
    return _NUMBER_ALONE.sub("{i}", text)  # `{3}` would stand for three numbers


_NUMBER_ALONE = re.compile(r"\{\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*(?:#\d+)?\}")


def _counted(counts: list[tuple[Guard, int | None]], row: Item) -> list[tuple[Guard, int | None]]:
    rounds: int | None = 1
    for loop in row.loops:
        rounds = rounds * loop.count if rounds is not None and loop.count is not None else None
    after: dict[int | None, Guard] = {}
    gone = row.guard.negated()
    for guard, number in counts:
        counted = number + rounds if number is not None and rounds is not None else None
        for count, where in ((counted, guard & row.guard), (number, guard & gone if gone is not None else None)):
            if where is not None:
                after[count] = after[count] | where if count in after else where
    return (
        [(guard, number) for number, guard in after.items()] if 0 < len(after) <= _MAX_POSITIONS else [(ALWAYS, None)]
    )


@dataclass(frozen=True)
class Below:
    """Something at or below a module, or what is not known of it.

    Attributes:
        name: its dotted name from the module, a pattern.
        guard, loops: of all on the way.
        held: what it is; None where it is not known what there is.
        why: what is not known.
        owner: the module of which something is not known.
    """

    name: str
    guard: Guard
    loops: tuple[Loop, ...]
    held: Held | None
    why: str = ""
    owner: Instance | None = None


def below(
    run: Interpreter,
    module: Instance,
    prefix: str = "",
    guard: Guard = ALWAYS,
    loops: tuple[Loop, ...] = (),
    path: tuple[Instance, ...] = (),
    budget: list[int] | None = None,
    enter: Callable[[Instance, Guard], bool] = lambda module, guard: True,
) -> Iterator[Below]:
    """All tensors and modules at and below a module, and what of it is not known, in torch's order.

    Args:
        run: the run.
        module: where to begin.
        prefix, guard, loops, path: how it was reached.
        budget: rows that are left.
        enter: whether to go into a module that is there under a guard.
    """
    budget = [MAX_ROWS] if budget is None else budget
    if len(path) > _MAX_LEVELS or module in path:
        yield Below(f"{prefix}**", guard, loops, None, "it holds itself" if module in path else "too deep", module)
        return
    try:
        everything = sorted((h for h in held_by(run, module) if isinstance(h.value, _HOLDING)), key=_rank)
    except RecursionError:
        module.forget("it is too deep to follow")
        everything = []
    if not module.known:
        yield Below(f"{prefix}**", guard, loops, None, module.why_unknown, module)
    if module.items is not None and not module.items.known:
        yield Below(f"{prefix}**", guard, loops, None, module.items.why_unknown, module)
    for held in sorted(everything, key=_may_be_size):
        joined = guard & held.guard
        if joined is None or not joined.fits(run.assumed):
            continue
        joined = joined.minus(run.assumed)
        budget[0] -= 1
        if budget[0] < 0:
            yield Below(f"{prefix}**", guard, loops, None, TOO_MANY, module)
            return
        inner = loops + held.loops
        if held.is_tensor:
            yield Below(prefix + held.name, joined, inner, held)
        elif held.is_child:
            child = held.value
            assert isinstance(child, Instance)
            yield Below(prefix + held.name, joined, inner, held)
            if enter(child, joined):
                yield from below(run, child, f"{prefix}{held.name}.", joined, inner, (*path, module), budget, enter)
        elif isinstance(held.value, Unknown) and may_be_module(run, held):
            yield Below(f"{prefix}{held.name}.**", joined, inner, None, _why(held.value), module)


def _rank(held: Held) -> int:
    """A module names its own parameters first, then its buffers, then what its children hold."""
    return 2 if not held.is_tensor else isinstance(held.value, TensorValue) and held.value.role == "buffer"


def _may_be_size(held: Held) -> bool:
    """Arguments come last: which of them are numbers is told by the layers that are made with them."""
    return isinstance(held.value, Unknown) and "(" not in held.value.text


def _each_once() -> Callable[[Instance, Guard], bool]:
    """Goes into every module once, and again only where it is there under other conditions."""
    seen: dict[int, Guard] = {}

    def enter(module: Instance, guard: Guard) -> bool:
        known = seen.get(module.number)
        if known is not None and guard.implies(known):
            return False
        seen[module.number] = guard if known is None else known | guard
        return True

    return enter


def _why(value: Unknown) -> str:
    text = told(value.text)
    return f"made by {text}" if "(" in value.text else text


#: Annotations of arguments that are neither modules nor hold any.
_PLAIN_ANNOTATIONS = frozenset(
    {"int", "float", "bool", "str", "bytes", "torch.device", "device", "torch.dtype", "dtype", "torch.Tensor", "Tensor",
     "Callable", "List[]", "Tuple[]", "Dict[]", "list[]", "tuple[]", "dict[]", "Sequence[]", "Iterable[]", "Literal[]",
     "Optional[]", "Union[]", "np.ndarray", "_size_2_t", "Path"}
)  # fmt: skip
_CONFIGURATION = frozenset(
    {"config", "cfg", "args", "opt", "opts", "options", "hparams", "params", "configuration", "conf"}
)


def may_be_module(run: Interpreter, held: Held) -> bool:
    """Whether something unknown that a module keeps may be a module or parameter."""
    value = held.value
    assert isinstance(value, Unknown)
    if held.holder.items is not None and held.name not in held.holder.attributes:
        return True
    if value in run.stand_ins or held.holder.registered.get(held.name) == "child":
        return True
    text = value.text.partition("#")[0]
    if _SETTING.fullmatch(text):
        return False
    if _is_own(held) and not held.name.endswith(("module", "_orig_mod")):
        return False
    if value.annotation.endswith("[Module]"):
        return True
    if value.annotation in _PLAIN_ANNOTATIONS or value.annotation.partition("[")[0] in (
        "Optional",
        "Union",
        "Callable",
    ):
        return False
    if value.annotation.rpartition(".")[2].endswith(("Config", "Configuration", "Args", "Arguments")):
        return False
    if value.default is not None and value.default.value is not None:
        return False
    if text.partition(".")[0].partition("[")[0] in _CONFIGURATION or text in run.numbers:
        return False
    if (value.loop or value.owner is not None) and "(" not in text:
        return False
    return _MADE_BY_NAME.match(told(value.text)) is not None or any(map(_reads_as_module, text.split(" or ")))


def _is_own(held: Held) -> bool:
    """Whether a layer of torch keeps it, and not who fills a container of torch."""
    cls = held.holder.cls
    return cls is not None and cls.file.is_stub and not held.holder.container


def _reads_as_module(text: str) -> bool:
    """Whether what a text computes may be a module: no number, text or test."""
    if _OPERATION.search(_outermost(text)):
        return False
    return _ITEM.fullmatch(text) is not None or not text.startswith(_PLAIN_CALLS)


_OPERATION = re.compile(r" (?:\+|-|\*|//|/|\*\*|%|==|<|>) ")
_BRACKET = re.compile(r"[(\[]")
_BRACKETS = re.compile(r"\([^()\[\]]*\)|\[[^()\[\]]*\]")


def _outermost(text: str) -> str:
    """A formula without what stands in brackets: what a call is given says nothing of what it gives."""
    while (shorter := _BRACKETS.sub("", text)) != text:
        text = shorter
    return _BRACKET.split(text)[0]


#: An item of a container of modules that is one of several rounds.
_ITEM = re.compile(r"<(?:Sequential|Module(?:List|Dict)|Parameter(?:List|Dict)) \d+>\[[^][]*\]")
#: A name of the module that is a setting by the way it is written: `_USE_FAST_NORM`.
_SETTING = re.compile(r"_*[A-Z][A-Z0-9]*_[A-Z0-9_]*")
#: A call of what a name stands for, and models from elsewhere.
_MADE_BY_NAME = re.compile(r"getattr\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\(|torch\.(?:hub|jit)\.load\(")
_PLAIN_CALLS = (
    "math.", "int(", "float(", "str(", "bool(", "len(", "max(", "min(", "torch.", "numpy.", "np.", "round(", "abs(",
    "sum(", "logging.", "isinstance(", "getattr(", "t.", "<", "os.", "{", "'", "text", "number", "type(", "hasattr(",
)  # fmt: skip


def parameters_of(
    run: Interpreter, module: Instance, buffers: bool = False, *, is_deep: bool = True
) -> tuple[list[Below], str]:
    """The parameters (or buffers) of a module, each tensor once, and what is not known; empty if all is.

    Args:
        run: the run.
        module: the module.
        buffers: whether its buffers are asked for.
        is_deep: whether those of all below it are asked for too.
    """
    role = "buffer" if buffers else "parameter"
    return _distinct(run, module, lambda value: isinstance(value, TensorValue) and value.role == role, is_deep=is_deep)


def modules_of(run: Interpreter, module: Instance) -> tuple[list[Below], str]:
    """The modules below a module, each once, and what is not known; empty if all is."""
    return _distinct(run, module, lambda value: isinstance(value, Instance) and value is not module)


def _distinct(
    run: Interpreter, module: Instance, is_wanted: Callable[[Value], bool], *, is_deep: bool = True
) -> tuple[list[Below], str]:
    """What is below a module, each thing once: under its first name, wherever it has one."""
    found: dict[int, Below] = {}
    why = ""
    enter = _each_once() if is_deep else lambda module, guard: False
    for one in below(run, module, enter=enter):
        if one.held is None:
            why = why or one.why or "?"
        elif is_wanted(one.held.value):
            number = one.held.value.number  # type: ignore[attr-defined]
            known = found.get(number)
            found[number] = one if known is None else replace(known, guard=known.guard | one.guard)
    return list(found.values()), why
