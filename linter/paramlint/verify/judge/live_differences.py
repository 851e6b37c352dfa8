"""Where a live model differs from what was told of it by its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from paramlint.symbolic.showing.show_document import Buffer, Parameter, ShownClass
from paramlint.verify.document.schema import Buffer as LiveBuffer
from paramlint.verify.document.schema import Document
from paramlint.verify.document.schema import Parameter as LiveParameter

Live = LiveParameter | LiveBuffer
_PLACEHOLDER = re.compile(r"(\{[^{}]*\}|\*\*)")
_NUMBERS = re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*")


@dataclass(frozen=True)
class Difference:
    """A difference.

    Attributes:
        name: of a tensor of the live model, or of a row that has none.
        what: `missing`, `unforeseen`, `shape`, `frozen`, `kind`, `persistent`, `init`, `count`.
        told, live: what the source says, and what there is.
    """

    name: str
    what: str
    told: str
    live: str


def differences(shown: ShownClass, document: Document) -> list[Difference]:
    """Compare the rows of a class with the live model that was built with the same arguments."""
    rows = [(row, _pattern(row.name)) for row in (*shown.parameters, *shown.buffers)]
    unknown = [_pattern(part.name) for part in shown.unknown]
    tensors: list[Live] = [*document.parameters, *document.buffers]
    live: dict[str, Live] = {name: one for one in tensors for name in (one.name, *one.tied_with)}
    found: list[Difference] = []
    for name, one in live.items():
        fitting = [row for row, pattern in rows if pattern.fullmatch(name)]
        if fitting:
            found += _of_one(name, fitting, one)
        elif not any(pattern.fullmatch(name) for pattern in unknown):
            found.append(Difference(name, "unforeseen", "nothing of this name", shape_text(one.shape)))
    for row, pattern in rows:
        if row.certain and not any(map(pattern.fullmatch, live)):
            found.append(Difference(row.name, "missing", shape_text(row.shape), "nothing of this name"))
    return found


def _of_one(name: str, rows: list[Parameter], live: Live) -> Iterator[Difference]:
    """What none of the rows that a name may be of says of it."""
    is_buffer = isinstance(live, LiveBuffer)
    alike = [row for row in rows if isinstance(row, Buffer) is is_buffer]
    if not alike:
        kinds = ("buffer", "parameter") if is_buffer else ("parameter", "buffer")
        yield Difference(name, "kind", kinds[1], kinds[0])
        return
    if not any(fits(row.shape, live.shape) for row in alike):
        yield Difference(name, "shape", shape_text(alike[0].shape), shape_text(live.shape))
    if isinstance(live, LiveParameter) and all(row.requires_grad is (not live.requires_grad) for row in alike):
        said = ("trains", "frozen") if live.requires_grad else ("frozen", "trains")
        yield Difference(name, "frozen", said[1], said[0])
    if isinstance(live, LiveBuffer):
        told = [row.persistent for row in alike if isinstance(row, Buffer)]
        if all(one is (not live.persistent) for one in told):
            said = ("saved", "not saved") if live.persistent else ("not saved", "saved")
            yield Difference(name, "persistent", said[1], said[0])
    calls = [row.init.call for row in alike if row.init is not None and row.certain]
    if live.init is not None and len(calls) == len(alike) and live.init.call.endswith("_") and calls[0].endswith("_"):
        if live.init.call not in calls:
            yield Difference(name, "init", calls[0], live.init.call)


def fits(told: tuple[int | str, ...] | None, live: tuple[int, ...]) -> bool:
    """Whether a live shape is one that was told."""
    if told is None:
        return True
    return len(told) == len(live) and all(isinstance(a, str) or a == b for a, b in zip(told, live, strict=True))


def shape_text(shape: tuple[int | str, ...] | None) -> str:
    """A shape in words."""
    if shape is None:
        return "?"
    return f"of shape {'×'.join(map(str, shape))}" if shape else "a scalar"


def _pattern(name: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(name)
    return re.compile("".join(map(_part, parts)), re.S)


def _part(text: str) -> str:
    if text == "**":
        return ".*"
    if not text.startswith("{"):
        return re.escape(text)
    inner = text[1:-1]
    if not _NUMBERS.fullmatch(inner):
        return r"[^.]+"
    numbers = range(int(inner)) if inner.isdigit() else [n for piece in inner.split(",") for n in _between(piece)]
    return f"(?:{'|'.join(map(str, sorted(numbers, reverse=True)))})"


def _between(piece: str) -> range:
    first, _, last = piece.partition("-")
    return range(int(first), int(last or first) + 1)
