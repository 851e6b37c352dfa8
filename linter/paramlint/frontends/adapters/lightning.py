"""A callback for Lightning: `Trainer(callbacks=[WatchCallback()])`."""

from __future__ import annotations

from typing import Any

try:
    from lightning.pytorch import Callback  # pyright: ignore[reportMissingImports]
except ModuleNotFoundError:  # the older name of the same library
    from pytorch_lightning import Callback  # type: ignore[no-redef, assignment, unused-ignore]

import paramlint


class WatchCallback(Callback):  # type: ignore[misc, unused-ignore]  # without the library its class is of any type
    """Watches the first steps of `fit`, and prints the report when they are over; `watched` has the findings."""

    def __init__(self, steps: int = 20, *, prints: bool = True, **options: Any) -> None:
        self._steps, self._prints, self._options = steps, prints, options
        self.watched: Any = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin, when the optimizers are there."""
        optimizers = {type(one).__name__: one for one in trainer.optimizers}
        given = optimizers if len(optimizers) == len(trainer.optimizers) else list(trainer.optimizers)
        self.watched = paramlint.watch(pl_module, given, steps=self._steps, **self._options)
        self.watched.start()

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        """End, if there were fewer steps."""
        self._finish()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002
        """Leave no hook behind."""
        self._finish()

    def _finish(self) -> None:
        if self.watched is not None and self.watched.is_on:
            self.watched.stop()
            if self._prints:
                print(self.watched)
