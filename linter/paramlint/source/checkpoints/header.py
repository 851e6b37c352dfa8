"""What a checkpoint holds, without its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Shape = tuple[int, ...]


class CheckpointError(ValueError):
    """A file that is no checkpoint, or a broken one; the message follows the name of the file."""


@dataclass(frozen=True)
class StateDict:
    """One state dict of a checkpoint.

    Attributes:
        within: the keys that lead to it; none where the file is the state dict.
        tensors: shape by name, in the order of the file.
        others: names of values that are no tensors.
        versions: of the modules, by their names, as `state_dict()` notes them; none where the file does not have them.
    """

    within: tuple[str, ...] = ()
    tensors: Mapping[str, Shape] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All names; what is no tensor comes last."""
        return [*self.tensors, *self.others]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint.

    Attributes:
        state_dicts: those that it holds, the most usual one first.
        is_optimizer: whether it is what an optimizer saves, of which no model can be loaded.
        left_unread: what else is in it that only running code would make, by name.
    """

    state_dicts: tuple[StateDict, ...]
    is_optimizer: bool = False
    left_unread: tuple[str, ...] = ()
