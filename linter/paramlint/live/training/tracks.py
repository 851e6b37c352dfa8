"""What is kept of a run: a track for each parameter, a record for each optimizer, backward pass, clipping and state."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from paramlint.live.training.sampling import Array


@dataclass(frozen=True)
class Row:
    """What one step of an optimizer did to a parameter.

    Attributes:
        step: counts from 1.
        gradient: its norm; None where there was no gradient.
        zeros: the share of zeros in it.
        ratio: of the norms of update and weight; None where the weight is zero.
        moved: the share of the elements with a gradient that changed; None where none has one.
        at_rest: the share of the elements without a gradient that changed all the same; None where there are none.
        is_finite: of the gradient that the optimizer used, and of the weight after the step.
        trains: whether it required a gradient.
        rate, decay: of the group.
    """

    step: int
    gradient: float | None
    zeros: float
    ratio: float | None
    moved: float | None
    at_rest: float | None
    is_finite: bool
    trains: bool
    rate: float
    decay: float


@dataclass(frozen=True)
class Edit:
    """A change of a parameter outside of its optimizer's steps.

    Attributes:
        step: before which it was seen.
        counted: whether the version counter knows.
        size: of the change, against the size of the values.
        is_rounding: before the next gradient came, and nothing but the last places of some elements, as of an average
            of something with itself.
    """

    step: int
    counted: bool
    size: float
    is_rounding: bool


@dataclass(eq=False)
class Backward:
    """One pass backward.

    Attributes:
        reached: the tracks that got a gradient, by `id` of the tensor.
        consumers: the optimizers that stepped after it and before the next one.
    """

    index: int
    reached: set[int] = field(default_factory=set)
    consumers: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Track:
    """A parameter, or a buffer of a norm, through the run.

    Attributes:
        names: dotted, the first one is how it is called.
        root: the name of the model that it is part of; None of a tensor that only an optimizer knows.
        since: the step before which it was first seen.
        until: the step before which it was seen to be gone from the model; 0 while it is there.
        flags: the values that `requires_grad` had.
        hooked: how often a pass backward brought a gradient, `first` before which step.
        pending: the passes whose gradients are in `grad` now.
        kept, cleared: how often a step used gradients that an earlier one had used too, or only new ones.
        version_at_gradient: its version when the first gradient came since the last step.
        before, last: samples of the values: before its optimizer's step, and when it was looked at last.
        holders: the optimizers that hold it.
        masked, row_masked: how often all, or some, of a gradient that came was zero when the step used it.
        incoming: a sample of the last gradient that came.
        is_decayed: whether its group has weight decay.
        is_met: whether it is of a model beside those that are watched.
    """

    names: tuple[str, ...]
    root: str | None
    module: nn.Module | None
    tensor: torch.Tensor
    since: int = 0
    until: int = 0
    is_buffer: bool = False
    flags: set[bool] = field(default_factory=set)
    hooked: int = 0
    first: int = 0
    fresh: bool = False
    pending: list[Backward] = field(default_factory=list)
    kept: int = 0
    cleared: int = 0
    clipped_at: int = -1
    grad_seen: bool = False
    masked: int = 0
    row_masked: int = 0
    is_met: bool = False
    is_decayed: bool = False
    incoming: Array | None = None
    has_user_hook: bool = False
    before: Array | None = None
    last: Array | None = None
    version: int = 0
    version_at_gradient: int = 0
    address: int = 0
    rows: list[Row] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    holders: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        """How it is called."""
        return self.names[0]

    @property
    def got_gradient(self) -> bool:
        """Whether it ever had one."""
        return self.hooked > 0 or self.grad_seen

    @property
    def rows_changed(self) -> bool:
        """Whether a step ever changed it."""
        return any(row.moved or row.at_rest for row in self.rows)

    @property
    def is_changed(self) -> bool:
        """Whether it was ever seen to change."""
        return bool(self.edits) or any(row.moved or row.at_rest for row in self.rows)


@dataclass(frozen=True)
class Step:
    """One step of an optimizer.

    Attributes:
        number: counts from 1, for this optimizer.
        fresh: how many of its parameters got a gradient since the last one, and have it.
        cleared: how many got one from the last pass, for this step, that is gone or zero.
        held: how many it holds that require a gradient.
        elsewhere: the tracks, by `id`, that got a gradient since the last one and that it does not hold.
        leftover: pairs of passes in the gradients of most parameters: one from before, and the last one.
    """

    number: int
    fresh: int
    cleared: int
    held: int
    elsewhere: frozenset[int]
    leftover: tuple[Backward, Backward] | None


@dataclass(eq=False)
class Stepper:
    """An optimizer through the run.

    Attributes:
        name: how it is called; `given` says that the user named it to us.
        rates: of each group in each step.
        held: the tracks that it holds, by `id`.
        was_empty: whether it had no state before its first step.
        dropped_at: the step before which its state was gone again; 0 where it was not.
        skipped: how often a scaler left a step out.
        clips: how many of its steps used gradients that were clipped.
        has_closure: whether it computes gradients inside of its steps.
        elsewhere: the tracks, by `id`, that got a gradient since its last step and that it does not hold.
    """

    index: int
    name: str
    optimizer: Any
    given: bool = False
    steps: list[Step] = field(default_factory=list)
    rates: list[tuple[float, ...]] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    was_empty: bool = True
    stateful: int = 0
    dropped_at: int = 0
    skipped: int = 0
    clips: int = 0
    has_closure: bool = False
    elsewhere: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Clip:
    """A call that clips gradients: of how many tensors, how many of them had a gradient that no step had used."""

    step: int
    tensors: int
    with_gradient: int
    fresh: int
    function: str
    names: tuple[str, ...]
    filename: str
    row: int


@dataclass(eq=False)
class GivenState:
    """A state dict that a model gave out: whether somebody keeps its tensors while steps change them.

    Attributes:
        values: some of its tensors; the dict itself may be copied.
        followed: how many steps they followed.
        used: saved, or loaded into another model, before a step.
        restored: loaded again into the model that gave it, after steps.
    """

    root: str
    taken: int
    values: list[weakref.ref[torch.Tensor]]
    addresses: frozenset[int]
    filename: str
    row: int
    followed: int = 0
    used: bool = False
    restored: bool = False


@dataclass(eq=False)
class ModuleUse:
    """How a module is called.

    Attributes:
        calls: in which steps it was called, with a graph or without.
        modes: `training` of each of these steps, of calls with a graph.
        cut: whether a checkpoint ran it without a graph.
    """

    name: str
    module: nn.Module
    root: str
    calls: set[int] = field(default_factory=set)
    with_graph: set[int] = field(default_factory=set)
    modes: dict[int, bool] = field(default_factory=dict)
    cut: bool = False
