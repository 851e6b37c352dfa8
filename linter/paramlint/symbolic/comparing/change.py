"""What became of a parameter or buffer, before it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paramlint.symbolic.comparing.built_table import Row

Kind = Literal["added", "removed", "renamed", "shape", "dtype", "init", "tie", "frozen", "buffer", "persistent"]
KINDS: tuple[Kind, ...] = (
    "removed", "added", "renamed", "shape", "persistent", "buffer", "tie", "frozen", "dtype", "init"
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One change of one name.

    Attributes:
        kind: what changed.
        row: the row that it is about, of the newer version where that has one.
        name: the older name, the newer one of what is added.
        old, new: what it was and is, plain values as JSON has them.
        condition: where it changed; None for everywhere.
        breaks: whether a state dict of the older version does not load for it; None where that cannot be told.
        note: what else is to be said.
    """

    kind: Kind
    row: Row
    name: str
    old: object
    new: object
    condition: str | None
    breaks: bool | None
    note: str = ""
