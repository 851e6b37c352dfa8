"""Loops whose steps are no torch optimizer's: they say themselves when a step is over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from paramlint.live.training.recorder import Recorder


class Loop:
    """Notes a step for each optimizer that has no hooks, and for the parameters alone where there is none."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._seen = 0
        self._alone: Any = None

    def step(self) -> None:
        """A step is over; nothing where hooks have seen it already."""
        recorder = self._recorder
        if recorder.is_done:
            return
        if recorder.ticks > self._seen:
            self._seen = recorder.ticks
            return
        for optimizer in [stepper.optimizer for stepper in recorder.steppers.values()] or [self._parameters()]:
            recorder.stepped_by_hand(optimizer)
        self._seen = recorder.ticks

    def _parameters(self) -> Any:
        if self._alone is None:
            mine = [t.tensor for t in self._recorder.tracks.values() if t.root is not None and t.tensor.requires_grad]
            self._alone = SimpleNamespace(param_groups=[{"params": mine}], state={})
            self._recorder.stepper(self._alone, "the loop")
        return self._alone
