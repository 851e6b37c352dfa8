"""Which frameworks a file uses, told from its bytes: no rule is run on a file that does not name its framework."""

from __future__ import annotations

from typing import Literal

Framework = Literal["torch", "keras", "gluon"]

TORCH: frozenset[Framework] = frozenset(("torch",))
KERAS: frozenset[Framework] = frozenset(("keras",))
GLUON: frozenset[Framework] = frozenset(("gluon",))
#: Whose models can be built and asked.
LIVE: frozenset[Framework] = TORCH | KERAS
_NONE: frozenset[Framework] = frozenset()


def frameworks(data: bytes) -> frozenset[Framework]:
    """The frameworks that a file names."""
    found = TORCH if b"torch" in data else _NONE
    if b"keras" in data:
        found = found | KERAS
    if b"mxnet" in data or b"gluon" in data:
        found = found | GLUON
    return found
