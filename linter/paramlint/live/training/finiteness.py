"""Where the first value arose that is not finite: sums over what modules take and give, read only when it is needed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch._C import _functorch as functorch  # pyright: ignore[reportAttributeAccessIssue]

#: Elements up to which all of an output are summed; of a larger one some are.
_ALL = 1 << 22
#: Modules of one step whose outputs are kept.
_MOST = 20_000


class Finiteness:
    """Sums of what modules took and gave since the last step, and the first fault.

    Attributes:
        step: of the first gradient or weight that is not finite; 0 while there is none.
        what: `gradient` or `weight`.
        names: of the parameters that have it.
        module: where the first such value arose, as far as that was seen.
        taken: whether the module took it rather than gave it.
    """

    def __init__(self) -> None:
        self.step = 0
        self.what = ""
        self.names: list[str] = []
        self.module: str | None = None
        self.taken = False
        self._sums: list[tuple[str, bool, Any]] = []
        self._latest: tuple[Any, ...] = ()

    def pass_through(self, name: str, value: Any, taken: bool) -> None:
        """Note what a module takes, or gives."""
        if functorch.maybe_current_level() is not None:
            return  # inside of `torch.func` values are not there to be read
        tensor = _first(value)
        if self.step or tensor is None or len(self._sums) >= _MOST:
            return
        with torch.no_grad():
            place = tensor.data_ptr(), tensor.shape, -1 if tensor.is_inference() else tensor._version
            tensor = tensor.detach()
            if taken and place == self._latest:
                return  # what the last module gave
            self._latest = place
            if tensor.numel() > _ALL:
                tensor = tensor.reshape(-1)[:: tensor.numel() // _ALL + 1] if tensor.is_contiguous() else tensor[:1]
            self._sums.append((name, taken, _sum(tensor)))

    def gradient(self, step: int, name: str) -> None:
        """A gradient that is about to be used is not finite."""
        self._note("gradient", step, name)

    def weight(self, step: int, name: str) -> None:
        """A parameter is not finite after a step."""
        if self.what != "gradient":
            self._note("weight", step, name)

    def judge(self, step: int) -> None:
        """Where it arose, if it did in this step."""
        if self.step != step or self.module is not None:
            return
        for name, taken, total in self._sums:
            if not math.isfinite(float(total)):
                self.module, self.taken = name, taken
                return

    def forget(self) -> None:
        """Begin with the next step."""
        self._sums = []

    def _note(self, what: str, step: int, name: str) -> None:
        if not self.step:
            self.step, self.what = step, what
        if self.step == step and self.what == what:
            self.names.append(name)


def _sum(tensor: torch.Tensor) -> Any:
    """The sum of all elements; on the processor without waking torch's threads, elsewhere without waiting for it."""
    if tensor.device.type == "cpu" and tensor.dtype in (torch.float32, torch.float64):
        with np.errstate(all="ignore"):
            return tensor.numpy().sum()
    return tensor.sum(dtype=torch.float32)


def _first(value: Any, depth: int = 2) -> torch.Tensor | None:
    """The first floating tensor in what a module takes or gives."""
    if type(value) in (torch.Tensor, torch.nn.Parameter):
        plain = value.layout == torch.strided and not value.is_meta and value.is_floating_point() and value.numel()
        return value if plain and not functorch.is_functorch_wrapped_tensor(value) else None
    if depth and isinstance(value, (list, tuple)):
        return next((found for one in value[:4] if (found := _first(one, depth - 1)) is not None), None)
    if depth and isinstance(value, dict):
        return next((found for one in list(value.values())[:4] if (found := _first(one, depth - 1)) is not None), None)
    return None
