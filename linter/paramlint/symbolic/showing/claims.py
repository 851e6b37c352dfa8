"""What is certain of a tensor in its place: under which condition it exists, its shape, its ties, who filled it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from paramlint.model.event import Event, Order
from paramlint.model.guard import Guard
from paramlint.symbolic.code.source_trace import SourceSite
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.registry import Held
from paramlint.symbolic.library.tensor_sizes import known_shape
from paramlint.symbolic.limits import MAX_TIES
from paramlint.symbolic.showing.origin import covers, origin
from paramlint.symbolic.showing.places import Place
from paramlint.symbolic.showing.show_document import Buffer, Init, Parameter
from paramlint.symbolic.values import Constant, External, Loop, Unknown
from paramlint.symbolic.values.wording import condition, of_each_round, options, size, told_name

_DTYPES = {
    "double": "float64",
    "float": "float32",
    "half": "float16",
    "int": "int32",
    "long": "int64",
    "short": "int16",
}


class Claims:
    """Says what is certain, from the trace of a finished run.

    Args:
        run: the run.
        places: all places of the model.
    """

    def __init__(self, run: Interpreter, places: Sequence[Place]) -> None:
        self.run = run
        self.is_cut_short = "over budget" in run.memo or "unsure" in run.memo
        self._by_tensor: dict[int, list[Place]] = {}
        for place in places:
            self._by_tensor.setdefault(place.tensor.number, []).append(place)
        self._named: dict[tuple[int, str], Event] = {}
        self._flagged: dict[int, list[Event]] = {}
        self._left: dict[int, Order] = {}
        for event in run.trace.events:
            self._note(event)

    def _note(self, event: Event) -> None:
        number = getattr(event.of, "number", 0)
        if event.kind == "flagged":
            self._flagged.setdefault(number, []).append(event)
        elif event.kind in ("escaped", "moved"):
            self._left[number] = max(self._left.get(number, ()), event.order[-1])
        elif event.kind == "bound":
            self._named[number, str(event.get("name"))] = event
        elif event.kind == "registered":
            self._named[event.holder.number, str(event.key)] = event

    def site(self, holder: int, name: str) -> SourceSite | None:
        """Where an object, by its number, was last given a value under a name."""
        event = self._named.get((holder, name))
        return event.site if event is not None and isinstance(event.site, SourceSite) else None

    def parameter(self, place: Place) -> Parameter:
        """The row of a parameter."""
        return Parameter(**self._said(place))

    def buffer(self, place: Place) -> Buffer:
        """The row of a buffer."""
        held = place.way[-1]
        persistent = {"buffer": True, "buffer:passing": False}.get(held.holder.registered.get(held.name, ""))
        return Buffer(**self._said(place), persistent=persistent)

    def _said(self, place: Place) -> dict[str, Any]:
        rest = [guard.minus(self.run.assumed) for guard in place.guards]
        is_sure = self.is_sure(place)
        made = place.tensor.made or place.root.made
        return {
            "name": told_name(place.name),
            "certain": is_sure and not all(rest) and all(loop.count for loop in self._loops(place)),
            "condition": condition(rest),
            "count": _count(place, rest),
            "shape": self._shape(place) if self._is_for_all(place) else None,
            "dtype": self._dtype(place) if is_sure else None,
            "init": self._init(place) if is_sure else None,
            "tied_with": self._ties(place) if is_sure else (),
            "requires_grad": self._requires_grad(place) if is_sure else None,
            "filename": made.path,
            "row": made.row,
        }

    def is_sure(self, place: Place) -> bool:
        """Whether ties, type and values of a tensor can be told, which stands for one of each round."""
        return not self.is_cut_short and self._is_for_all(place)

    # Existence

    def _loops(self, place: Place) -> set[Loop]:
        """All loops that must have a round so that the tensor is there."""
        found = {*place.loops, *place.tensor.loops, *(loop for module in place.holders for loop in module.loops)}
        return found.union(*(event.get("loops", ()) for _, event in self._registrations(place)))

    def _registrations(self, place: Place) -> Iterator[tuple[frozenset[int], Event]]:
        """For each name on the way, the rounds in which its holder was made, and how it got the name last."""
        for held in place.way:
            event = self._named.get((held.holder.number, held.name))
            if event is not None:
                yield _numbers(held.holder.loops), event

    def _is_for_all(self, place: Place) -> bool:
        """Whether each of the modules that one stands for was given what is there: no `blocks[0].extra = ...`."""
        return all(made <= _numbers(event.get("loops", ())) for made, event in self._registrations(place))

    # Shape and flags

    def _shape(self, place: Place) -> tuple[int | str, ...] | None:
        shape = known_shape(self.run, place.tensor)
        if shape is None:
            return None
        sizes = [size(of_each_round(value, self.run.carried), place.context) for value in shape]
        known = tuple(one for one in sizes if one is not None)
        return known if len(known) == len(sizes) else None

    def _dtype(self, place: Place) -> str | None:
        value = place.tensor.dtype
        if not isinstance(value, External) or self._has_left(place, after=()):
            return None
        name = value.name.removeprefix("torch.")
        return _DTYPES.get(name, name)

    def _requires_grad(self, place: Place) -> bool | None:
        tensor = place.tensor
        if self._has_left(place, after=()) or not all(map(covers, self._flagged.get(tensor.number, ()))):
            return None
        if tensor.requires_grad is None:
            allocated = tensor.storage.allocated
            return False if allocated is not None and allocated.of is tensor else None
        found = options(tensor.requires_grad, place.context)
        known = {one.value for one in found if isinstance(one, Constant) and isinstance(one.value, bool)}
        return known.pop() if len(known) == 1 and all(isinstance(one, Constant) for one in found) else None

    def _init(self, place: Place) -> Init | None:
        written = max((event.order[-1] for event in place.tensor.storage.writes), default=())
        return None if self._has_left(place, after=written) else origin(self.run, place.tensor, place.context)

    def _has_left(self, place: Place, after: Order) -> bool:
        """Whether code that is not known may have changed the tensor after a time."""
        return any(self._left.get(one.number, ()) > after for one in (place.tensor, *place.holders))

    # Ties

    def _ties(self, place: Place) -> tuple[str, ...]:
        """Names under which the same tensor is found wherever this one is.

        A tensor that is made in a loop stands for one of each round: another name means the same one only where it
        goes through these rounds too.
        """
        made = _numbers(place.tensor.loops)
        found = []
        for other in self._by_tensor[place.tensor.number][:MAX_TIES]:
            if other is place:
                is_alone = any(map(_may_repeat, place.way))
                if not is_alone and any(loop.number not in made and loop.count != 1 for loop in place.loops):
                    found.append(told_name(place.name))
            elif made <= _numbers(other.loops) and self._is_there_with(other, place):
                found.append(told_name(other.name))
        return tuple(dict.fromkeys(found))

    def _is_there_with(self, other: Place, place: Place) -> bool:
        context = place.context & self.run.assumed
        needed = {loop for loop in self._loops(other) if not loop.count}
        is_reached = needed <= self._loops(place) and self._is_for_all(other)
        return is_reached and context is not None and any(context.implies(guard) for guard in other.guards)


def _numbers(loops: Sequence[Loop]) -> frozenset[int]:
    return frozenset(loop.number for loop in loops)


#: A name that is another one in each round: `layer{i}`.
_NUMBERED = re.compile(r"[^{}]*\{\w+\}[^{}]*")


def _may_repeat(held: Held) -> bool:
    """Whether several rounds may give something one name: `x{i}` in the outer loop or after an inner, `x{i % 2}`."""
    rows = held.holder.items.rows if held.loops and held.holder.items is not None else ()
    keys = [row.key for row in rows if row.key is not None and row.loops == held.loops]
    if not keys:
        return False
    is_of_its_round = all(isinstance(key, Unknown) and key.loop == held.loops[-1].number for key in keys)
    return not is_of_its_round or len(held.loops) > 1 or not _NUMBERED.fullmatch(held.name)


def _count(place: Place, guards: Sequence[Guard]) -> int | None:
    if any(guard.loop for guard in guards) or any(map(_may_repeat, place.way)):
        return None
    counts = [loop.count for loop in place.loops]
    return math.prod(n for n in counts if n is not None) if None not in counts else None
