"""Whether a variable of Keras or a parameter of Gluon trains, by what the code sets on the way to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paramlint.facts.reading import Called, Const, Part, Stored, Thing, Trace, Value
from paramlint.facts.reading.events import Event
from paramlint.facts.reading.gluon_code import collected_of, owners
from paramlint.facts.reading.trace import is_method
from paramlint.facts.reading.values import options


@dataclass(frozen=True)
class _Set:
    """Something that is set: of what, to what, and where; `value` is None where that is not known."""

    owner: Value
    value: bool | None
    event: Event
    name: str = ""


class Freezing:
    """What the code of a trace freezes."""

    def __init__(self, trace: Trace) -> None:
        self._sets = [one for event in trace.events for one in _sets(event)]

    def trains(self, path: Sequence[Thing], name: str) -> bool | None:
        """Whether a variable of this name trains; the last of the path keeps it. None where that cannot be told."""
        found: list[tuple[int, bool | None]] = []
        for thing in path:
            said = thing.made.keywords.get("trainable")
            if said is not None:
                found.append((thing.made.index, said.value if isinstance(said, Const) else None))  # type: ignore[arg-type]
        root = path[0]
        for one in self._sets:
            if one.owner in path and one.name in ("", name):
                is_sure = len(one.event.loops) <= len(root.made.loops) and all(
                    guard in root.made.guards for guard in one.event.guards
                )
                found.append((one.event.index, one.value if is_sure else None))
        known = [value for _, value in sorted(found, key=lambda pair: pair[0])]
        return known[-1] if known else True


def _sets(event: Event) -> Iterator[_Set]:
    if isinstance(event, Stored) and event.name in ("trainable", "grad_req"):
        value = event.value.value if isinstance(event.value, Const) else None
        flag = {True: True, False: False, "null": False, "write": True, "add": True}.get(value)  # type: ignore[call-overload]
        for one in options(event.owner):
            if event.name == "trainable":
                yield from _of_layers(one, flag, event)
            elif isinstance(one, Part):
                yield _Set(one.owner, flag, event, one.name)
    elif isinstance(event, Called) and is_method(event.func, "setattr") and len(event.args) == 2:
        name, value = (one.value if isinstance(one, Const) else None for one in event.args)
        if name == "grad_req":
            for owner in owners(event):
                block = collected_of(owner)
                if block is not None:
                    is_all = not owner.call.args and not owner.call.keywords  # type: ignore[attr-defined]
                    yield _Set(block, value != "null" if is_all else None, event)
                elif isinstance(owner, Part):
                    yield _Set(owner.owner, value != "null", event, "" if owner.name == "params" else owner.name)


def _of_layers(owner: Value, flag: bool | None, event: Event) -> Iterator[_Set]:
    """`layer.trainable = flag`; of what is an item of `model.layers` for each of these."""
    if not isinstance(owner, Part):
        yield _Set(owner, flag, event)
        return
    layers = owner.owner
    if owner.name == "[]" and isinstance(layers, Part) and layers.name == "layers":
        inside = Event(event.index, event.scope, event.node, event.guards, event.loops[:-1], event.stack, event.root)
        yield _Set(layers.owner, flag, inside)
        return
    root: Value = owner
    while isinstance(root, Part):
        root = root.owner
    yield _Set(root, None, event)
