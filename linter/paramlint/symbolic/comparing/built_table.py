"""The rows of a class, each name by itself, with what only a comparison asks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import msgspec

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.building import entry
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.definitions.calls import default_of, parameters_of
from paramlint.symbolic.definitions.classes import member, mro
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.showing.claims import Claims
from paramlint.symbolic.showing.origin import origin
from paramlint.symbolic.showing.places import Place, look
from paramlint.symbolic.showing.show_document import Buffer, Init, Parameter
from paramlint.symbolic.values import (
    NONE,
    Cell,
    Constant,
    Function,
    SequenceValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)
from paramlint.symbolic.values.wording import condition, of_each_round, told, told_name

#: Names that a row of a loop with a known count is told as; of more it stays one row.
_MOST_NAMES = 256
_NUMBERS = re.compile(r"\{(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)\}")
#: Factories that are given sizes and nothing else.
_SIZED = frozenset(f"torch.{name}" for name in ("empty", "ones", "rand", "randn", "zeros"))
#: What changes a state dict on its way in or out, so that other names may load.
_TRANSLATES = re.compile(
    r"load_state_dict_pre_hook|_load_from_state_dict|_save_to_state_dict|_state_dict_hook|_state_dict_pre_hook"
    r"|def (?:load_)?state_dict|[gs]et_extra_state|load_state_dict_post_hook"
)


@dataclass(frozen=True)
class Row:
    """One name, or a pattern for names that cannot be told.

    Attributes:
        said: what `show` says of it, under this name.
        pattern: its name as `show` says it, by which ties are told.
        is_sure: whether its ties, type and law are what the code says, and not only unknown.
        has_dtype: whether the code says a type at all.
        inner: the last call that wrote it, also where a function of the project made that call.
        extent: the text of what is its only size, or all of its sizes, where the number of these is not known.
    """

    said: Parameter
    pattern: str
    is_sure: bool
    has_dtype: bool
    inner: Init | None
    extent: str | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.said.name

    @property
    def shape(self) -> tuple[int | str, ...] | None:
        """Its sizes, or what stands for them."""
        return (self.extent,) if self.said.shape is None and self.extent is not None else self.said.shape

    @property
    def is_buffer(self) -> bool:
        """Whether it is a buffer."""
        return isinstance(self.said, Buffer)

    @property
    def is_saved(self) -> bool | None:
        """Whether a state dict has it."""
        return self.said.persistent if isinstance(self.said, Buffer) else True


@dataclass(frozen=True)
class Missing:
    """What is not known: its name, a pattern, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Built:
    """A class as one version has it.

    Attributes:
        cls, row: the class, and where it begins.
        rows: in the order of a state dict.
        missing: what is not known of it.
        is_cut_short: whether the build came to no end.
        translates: whether it changes state dicts that are loaded, or keeps more in them than tensors.
        demanded: what the code demands of its arguments, where it raises otherwise; None for nothing.
        open_names: attributes that hold what is not known, which may be a parameter.
        steps: that it took.
    """

    cls: ClassValue
    row: int
    rows: tuple[Row, ...]
    missing: tuple[Missing, ...]
    is_cut_short: bool
    translates: bool
    demanded: str | None
    open_names: frozenset[str]
    steps: int


def build(
    program: Program, cls: ClassValue, known: Mapping[str, object], left_out: Collection[str], steps: int
) -> Built:
    """Build a class.

    Args:
        program: the version's files.
        cls: the class.
        known: values of some arguments.
        left_out: arguments that are not given, so that they have their defaults; all others are unknown.
        steps: that it may take.
    """
    run = Interpreter(program, steps)
    run.doubts_flags = True
    instance = entry.build_class(run, cls, {**known, **_defaults(run, cls, left_out)})
    entry.finish(run)
    with entry.deep_recursion():
        places, missing = look(run, [(ALWAYS, instance)])
        claims = Claims(run, places)
        rows = [row for place in places for row in _rows(run, claims, place)]
    place = cls.place
    return Built(
        cls=cls,
        row=place.row(place.node),
        rows=tuple(rows),
        missing=tuple(dict.fromkeys(Missing(told_name(one.name), told(one.why)) for one in missing)),
        is_cut_short=claims.is_cut_short,
        translates=any(map(_translates, _classes_in(run))),
        demanded=condition([run.assumed]),
        open_names=frozenset(name for name, cell in instance.attributes.items() if _is_open(run, cell)),
        steps=min(run.steps, run.budget),
    )


def _is_open(run: Interpreter, cell: Cell) -> bool:
    value = run.read(cell, lambda: NONE)
    return value is not None and any(isinstance(one, Unknown) for _, one in alternatives(value))


def _defaults(run: Interpreter, cls: ClassValue, names: Collection[str]) -> Mapping[str, object]:
    """The defaults of some arguments of the constructor."""
    run.frames.append(Frame(cls.place.node, cls.place, None, ALWAYS))
    init = member(run, cls, "__init__") if names else None
    run.frames.pop()
    if not isinstance(init, Function):
        return {}
    positional, only, _, _ = parameters_of(init.node)
    return {
        parameter.name.value: default_of(run, init, parameter)
        for parameter in (*positional, *only)
        if parameter.name.value in names and parameter.default is not None
    }


def _rows(run: Interpreter, claims: Claims, place: Place) -> Iterator[Row]:
    if place.tensor.role == "parameter":
        said = claims.parameter(place)
    elif place.tensor.role == "buffer":
        said = claims.buffer(place)
    else:
        return
    dtype = place.tensor.dtype
    has_dtype = not (dtype is None or (isinstance(dtype, Constant) and dtype.value is None))
    is_sure = claims.is_sure(place)
    inner = origin(run, place.tensor, place.context, is_outermost=False) if said.init is not None else None
    extent = _extent(run, place) if said.shape is None and is_sure else None
    for name in _each(said.name):
        yield Row(msgspec.structs.replace(said, name=name), said.name, is_sure, has_dtype, inner, extent)


def _extent(run: Interpreter, place: Place) -> str | None:
    """The only size of a tensor, or all of its sizes where their number is not known: `torch.empty(shape)`."""
    allocated = place.tensor.storage.allocated
    given = place.tensor.shape
    if given is None and allocated is not None and allocated.of in (place.tensor, place.tensor.base):
        if getattr(allocated.of, "factory", "") not in _SIZED:
            return None
        arguments = allocated.get("arguments")
        given = tuple(arguments.positional) if arguments is not None else None
    if given is None or len(given) != 1 or not isinstance(given[0], Value):
        return None
    texts = set()
    for _, one in alternatives(given[0]):
        if isinstance(one, Unknown):
            texts.add(told(text_of(of_each_round(one, run.carried))))
        elif isinstance(one, SequenceValue) and one.items.plain is not None and len(one.items.plain) == 1:
            texts.add(told(text_of(of_each_round(one.items.plain[0], run.carried))))
        elif not isinstance(one, SequenceValue):
            return None
    return texts.pop() if len(texts) == 1 else None


def _each(name: str) -> Iterator[str]:
    """The names that a pattern stands for, as far as they are numbers."""
    parts = _NUMBERS.split(name)
    choices = [_numbers(part) for part in parts[1::2]]
    count = 1
    for numbers in choices:
        count *= len(numbers)
    if count > _MOST_NAMES:
        yield name
        return
    for chosen in product(*choices):
        yield "".join(a + b for a, b in zip(parts[::2], (*map(str, chosen), ""), strict=True))


def _numbers(said: str) -> list[int]:
    if said.isdigit():
        return list(range(int(said)))
    found: list[int] = []
    for piece in said.split(","):
        first, _, last = piece.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _classes_in(run: Interpreter) -> Iterator[ClassValue]:
    seen: set[int] = set()
    for instance in run.instances:
        for cls in mro(run, instance.cls) if instance.cls is not None else ():
            if isinstance(cls, ClassValue) and not cls.file.is_stub and id(cls) not in seen:
                seen.add(id(cls))
                yield cls


def _translates(cls: ClassValue) -> bool:
    unit = cls.outline.unit
    return _TRANSLATES.search(cls.file.facts.source.lines(unit.first, unit.last)) is not None
