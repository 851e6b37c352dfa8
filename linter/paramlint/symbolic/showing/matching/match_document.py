"""What `paramlint match` says, as JSON. Names are written out, as torch's own message does, and never folded."""

from __future__ import annotations

import msgspec


class OtherShape(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor that has another shape than the model's.

    Attributes:
        checkpoint: its shape in the file.
        model: its shape in the model: integers, and texts as in `show`.
    """

    name: str
    checkpoint: tuple[int, ...]
    model: tuple[int | str, ...]


class Prefix(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before or in the names of the file and not of the model, or the other way round.

    Attributes:
        found: the letters.
        cure: one line of Python that makes names of the model of those in `state`.
    """

    found: str
    cure: str


class Renamed(msgspec.Struct, frozen=True, kw_only=True):
    """A part, or one tensor, that has another name in the model.

    Attributes:
        old: in the file; `{4}` in it are the numbers from 0 to 3, as in `show`.
        new: in the model.
    """

    old: str
    new: str


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Whether `model.load_state_dict(state)` takes a checkpoint, and what it leaves out.

    Attributes:
        target, checkpoint: as they were given.
        loads: whether all is filled and nothing is left over; null where that cannot be told.
        missing: names that the model has for sure, and the file has not.
        unexpected: names that the file has, and the model has not.
        shape: tensors of another shape.
        prefix: what the names differ in throughout; null where there is no such thing.
        renamed: parts with other names and the same shapes in the same order.
        kept_at_init: names of the model that nothing in the file fills, under this or another name of theirs.
        unknown: names of the file, or patterns of the model, of which it cannot be told.
    """

    target: str
    checkpoint: str
    loads: bool | None
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shape: tuple[OtherShape, ...]
    prefix: Prefix | None
    renamed: tuple[Renamed, ...]
    kept_at_init: tuple[str, ...]
    unknown: tuple[str, ...]
