"""What differs in one name that both versions have."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from paramlint.symbolic.comparing.built_table import Row
from paramlint.symbolic.comparing.change import Change, Kind
from paramlint.symbolic.comparing.equality.conditions_compared import (
    AnyOf,
    Condition,
    are_independent,
    bracketed,
    holds_without,
    may_both_hold,
)
from paramlint.symbolic.comparing.equality.formulas_compared import Formula, NotComputedError, Verdict, compared
from paramlint.symbolic.comparing.equality.laws_compared import same_law
from paramlint.symbolic.comparing.names_paired import skeleton
from paramlint.symbolic.showing.show_document import Init

#: Rows of one name that are compared with each other.
_MOST_ROWS = 6
#: What tensors are whose type the code does not say.
_USUAL = "float32"
#: What is in a size where an argument got what was meant for another one.
_NO_SIZE = re.compile(r"\b(?:False|None)\b")
Size = int | str


@dataclass
class Compared:
    """What was found.

    Attributes:
        changes: what certainly changed.
        unsure: names of which something cannot be told, with what.
        is_same: whether the state dict is the same as far as these names go; None where that cannot be told.
    """

    changes: list[Change] = field(default_factory=list)
    unsure: dict[str, str] = field(default_factory=dict)
    is_told: bool = True


class RowComparison:
    """Compares rows of one name.

    Args:
        arguments: the names that stand for the same value in both versions.
        names: the names that both versions have, without what stands in braces, in the newer one's order.
        figures: defaults of arguments that are numbers.
    """

    def __init__(
        self, arguments: Collection[str], names: Sequence[str], figures: Mapping[str, int | float] | None = None
    ) -> None:
        self._arguments = arguments
        self._names = {name: place for place, name in enumerate(names)}
        self._figures = figures or {}
        self.found = Compared()

    def compare(self, olds: Sequence[Row], news: Sequence[Row]) -> None:
        """Compare all rows of a name."""
        if len(olds) > _MOST_ROWS or len(news) > _MOST_ROWS:
            self._leave(news[0], "it is there under too many conditions")
            return
        self._presence(olds, news)
        conditions = {row.said.condition for row in olds} & {row.said.condition for row in news}
        for old in olds:
            for new in news:
                one, other = Condition(old.said.condition), Condition(new.said.condition)
                if one.said == other.said:
                    if _place_among(old, olds) == _place_among(new, news):
                        self.found.changes += self._changes(old, new, one.said)
                elif one.said in conditions or other.said in conditions or not may_both_hold(one, other):
                    continue  # each has a row of its own in the other version
                elif are_independent({**one.tests, **other.tests}, self._arguments):
                    self.found.changes += self._changes(old, new, _joined(old, new))
                else:
                    self.found.is_told = False

    def _leave(self, row: Row, why: str) -> None:
        self.found.unsure.setdefault(row.name, why)
        self.found.is_told = False

    def _presence(self, olds: Sequence[Row], news: Sequence[Row]) -> None:
        before, after = AnyOf([row.said.condition for row in olds]), AnyOf([row.said.condition for row in news])
        for kind, one, other, rows in (("removed", before, after, olds), ("added", after, before, news)):
            answer = holds_without(one, other)
            if answer is not None and not answer[0]:
                continue
            tests = {**one.tests, **other.tests}
            if answer is None or not are_independent(tests, self._arguments):
                was, now = before.said or "always", after.said or "always"
                self._leave(news[0], f"it was there {_where(was)}, and is now {_where(now)}")
                return
            row = rows[0]
            shape = list(row.shape) if row.shape is not None else None
            old, new = (shape, None) if kind == "removed" else (None, shape)
            change: Kind = "removed" if kind == "removed" else "added"
            self.found.changes.append(Change(change, row, row.name, old, new, answer[1], row.is_saved))

    def _changes(self, old: Row, new: Row, condition: str | None) -> Iterator[Change]:
        def change(kind: Kind, one: object, other: object, breaks: bool | None = False, note: str = "") -> Change:
            return Change(kind, new, old.name, one, other, condition, breaks, note)

        verdict = self._shape(old, new)
        if verdict is Verdict.DIFFERENT:
            one, other = old.shape or (), new.shape or ()
            saved = None if old.is_saved is None or new.is_saved is None else old.is_saved and new.is_saved
            yield change("shape", list(one), list(other), saved)
        if old.is_buffer != new.is_buffer:
            yield change("buffer", _role(old), _role(new))
        if old.is_saved is not None and new.is_saved is not None and old.is_saved != new.is_saved:
            yield change("persistent", old.is_saved, new.is_saved, True)
        elif old.is_saved is not new.is_saved:
            self.found.is_told = False
        ties = list(self._tie(old, new, change))
        yield from ties
        if not old.is_buffer and not new.is_buffer:
            before, after = old.said.requires_grad, new.said.requires_grad
            if before is not None and after is not None and before != after:
                yield change("frozen", not before, not after)
        types = self._types(old, new)
        if types is not None:
            yield change("dtype", *types)
        inits = self._inits(old, new, verdict) if not ties else None  # whose values it has is said by the tie
        if inits is not None:
            yield change("init", *(msgspec.to_builtins(one) for one in inits))

    # One thing each

    def _shape(self, old: Row, new: Row) -> Verdict:
        one, other = old.shape, new.shape
        if one is None or other is None:
            self.found.is_told = False
            if one is not other:
                self._leave(new, f"its shape was {_sizes(one)}, and is now {_sizes(other)}")
            return Verdict.UNKNOWN
        # What may be several sizes is compared with what may be, too.
        is_open = (old.said.shape is None or new.said.shape is None) and len(one) != len(other)
        verdict = Verdict.UNKNOWN if is_open else self.same_shape(one, other)
        if verdict is Verdict.UNKNOWN:
            self.found.is_told = False
            if one != other:  # what is said alike was cut off, or holds what is not told
                self._leave(new, f"its shape was {_sizes(one)}, and is now {_sizes(other)}")
        return verdict

    def same_shape(self, one: Sequence[Size], other: Sequence[Size]) -> Verdict:
        """Whether two shapes are the same for all arguments."""
        if len(one) != len(other):
            return Verdict.DIFFERENT
        if one != other and any(" or " in str(size) for size in (*one, *other)):
            return Verdict.UNKNOWN  # which of them it is, is not told
        if any(_NO_SIZE.search(str(size)) for size in (*one, *other)):
            return Verdict.UNKNOWN  # what is built with it is an error, or empty
        verdicts = [self._same_size(a, b) for a, b in zip(one, other, strict=True)]
        if Verdict.DIFFERENT in verdicts:
            return Verdict.DIFFERENT
        return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.SAME

    def _same_size(self, one: Size, other: Size) -> Verdict:
        verdict = compared(one, other, self._arguments)
        if verdict is Verdict.DIFFERENT and self._figures:
            # `width // groups` is `width` for whoever leaves out that there is one group.
            usual = compared(one, other, self._arguments, self._figures)
            return verdict if usual is Verdict.DIFFERENT else Verdict.UNKNOWN
        return verdict

    def _types(self, old: Row, new: Row) -> tuple[str | None, str | None] | None:
        if not (old.is_sure and new.is_sure) or old.is_buffer or new.is_buffer:
            return None
        one, other = old.said.dtype, new.said.dtype
        if (one is None and old.has_dtype) or (other is None and new.has_dtype):
            return None
        return (one, other) if (one or _USUAL) != (other or _USUAL) else None

    def _inits(self, old: Row, new: Row, shape: Verdict) -> tuple[Init, Init] | None:
        """The calls, where they certainly give values of different laws."""
        one, other = old.said.init, new.said.init
        if one is None or other is None:
            return None
        outer = same_law(one, other, self._arguments)
        if shape is not Verdict.SAME and one.call == other.call:
            return None  # laws of layers follow their sizes
        is_torch = _is_one(old.inner, one) and _is_one(new.inner, other)
        if is_torch or old.inner is None or new.inner is None:
            # An initialiser of the project may do anything: by its own figures it is told, by another name it is not.
            is_told = is_torch or one.call == other.call
            return (one, other) if outer is Verdict.DIFFERENT and is_told else None
        if same_law(old.inner, new.inner, self._arguments) is not Verdict.DIFFERENT:
            return None
        return (one, other) if outer is not Verdict.SAME and one.call != other.call else (old.inner, new.inner)

    def _tie(self, old: Row, new: Row, change: object) -> Iterator[Change]:
        if not (old.is_sure and new.is_sure):
            return
        before, after = _tied(old), _tied(new)
        place = self._names.get(skeleton(new.pattern), -1)
        for one, other, is_lost in ((before, after, True), (after, before, False)):
            # The name that comes later says it, so that it is said once.
            if any(key not in other and self._names.get(key, place) < place for key in one):
                note = self._more(new) if is_lost else ""
                yield change("tie", _others(old), _others(new), False, note)  # type: ignore[operator]

    def _more(self, row: Row) -> str:
        """How many elements a tensor of its own has, where arguments have their defaults."""
        try:
            formulas = [Formula(size) for size in row.shape or ()]
            count = math.prod(int(formula.value(self._figures)) for formula in formulas)
        except NotComputedError:
            return ""
        names = sorted({atom for formula in formulas for atom in formula.atoms})
        where = " and ".join(f"{name} is {self._figures[name]}" for name in names)
        return f"{_large(count)} parameters more" + (f" where {where}" if where else "")


def _is_one(inner: Init | None, outer: Init) -> bool:
    return inner is not None and inner.call == outer.call and inner.arguments == outer.arguments


def _large(count: int) -> str:
    for unit, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= 10 * unit or (count >= unit and unit > 10**3):
            return f"{count / unit:.1f} {letter}"
    return f"{count:,}"


def _place_among(row: Row, rows: Sequence[Row]) -> tuple[int, int]:
    """Which of the rows under its condition it is, of how many: what is said of conditions does not tell all apart."""
    alike = [one for one in rows if one.said.condition == row.said.condition]
    return next(place for place, one in enumerate(alike) if one is row), len(alike)


def _tied(row: Row) -> dict[str, str]:
    """Other names of its tensor, by what they are without what stands in braces."""
    return {skeleton(name): name for name in row.said.tied_with if name != row.pattern}


def _others(row: Row) -> list[str]:
    return [name for name in row.said.tied_with if name != row.pattern]


def _role(row: Row) -> str:
    return "buffer" if row.is_buffer else "parameter"


def _joined(old: Row, new: Row) -> str | None:
    """Where both rows are there."""
    one, other = old.said.condition, new.said.condition
    if one is None or other is None or one == other:
        return one if other is None else other
    for first, second in ((one, other), (other, one)):
        answer = holds_without(Condition(first), Condition(second))
        if answer is not None and not answer[0]:
            return first
    return f"{bracketed(one, ' or ')} and {bracketed(other, ' or ')}"


def _where(said: str) -> str:
    return said if said == "always" else f"where `{said}`"


def _sizes(shape: Sequence[Size] | None) -> str:
    return "not known" if shape is None else " × ".join(map(str, shape)) or "scalar"
