"""A callback for the `Trainer` of transformers: `trainer.add_callback(WatchCallback())`."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback  # pyright: ignore[reportMissingImports]

import paramlint


class WatchCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]  # without the library its class is of any type
    """Watches the first steps of `train`, and prints the report when they are over; `watched` has the findings."""

    def __init__(self, steps: int = 20, *, prints: bool = True, **options: Any) -> None:
        self._steps, self._prints, self._options = steps, prints, options
        self.watched: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **held: Any) -> None:  # noqa: ARG002
        """Begin, when the optimizer is there."""
        optimizer = held.get("optimizer")
        optimizer = getattr(optimizer, "optimizer", optimizer)  # accelerate's wrapper
        self.watched = paramlint.watch(held["model"], optimizer, steps=self._steps, **self._options)
        self.watched.start()

    def on_train_end(self, args: Any, state: Any, control: Any, **held: Any) -> None:  # noqa: ARG002
        """End, if there were fewer steps."""
        if self.watched is not None and self.watched.is_on:
            self.watched.stop()
            if self._prints:
                print(self.watched)
