"""A real build whose fresh memory holds a NaN pattern of ours: what still holds it was never written.

It sees writes that no dispatcher shows (numpy views, other threads, data pointers), and so has the last
word where the model fits into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from paramlint.live.observe.dispatch_mode import Mode
from paramlint.live.observe.memory import Account, Status
from paramlint.live.observe.operations import Operation
from paramlint.live.observe.wrappers import is_wrapper

#: For each dtype, the integers that show its bits and the pattern: a quiet NaN whose payload no computation
#: makes.
PATTERNS: dict[torch.dtype, tuple[torch.dtype, int]] = {
    torch.float32: (torch.int32, 0xFFC0FEED - (1 << 32)),
    torch.float64: (torch.int64, 0xFFF8FEED5EED5EED - (1 << 64)),
    torch.float16: (torch.int16, 0xFEED - (1 << 16)),
    torch.bfloat16: (torch.int16, 0xFFED - (1 << 16)),
    torch.int64: (torch.int64, 0x5EED5EED5EED5EED),
    torch.int32: (torch.int32, 0x5EED5EED),
    torch.int16: (torch.int16, 0x5EED),
}


#: Of the numbers that stand in what was never written, for the time of a pass: that of many initialisations.
STAND_IN_STD = 0.02
#: Elements that are looked at first.
_SAMPLED = 4096


class PoisonMode(Mode):
    """Fills every new cpu allocation with the pattern of its dtype."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return self.run(Operation.of(func), func, args, kwargs or {})

    def run(
        self, operation: Operation, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *_: list[torch.Tensor]
    ) -> Any:
        """What an operation gives, whichever tensors it reads and writes."""
        result = func(*args, **kwargs)
        if operation.allocates:
            for tensor in tree_leaves(result):
                poison(tensor)
        return result


@contextmanager
def poisoned_numpy() -> Iterator[None]:
    """Let the arrays of `numpy.empty` and `numpy.empty_like` hold the pattern too: `from_numpy` shares their memory."""

    def filled(allocate: Callable[..., Any]) -> Callable[..., Any]:
        def allocated(*args: Any, **kwargs: Any) -> Any:
            array = allocate(*args, **kwargs)
            if array.dtype in (np.float32, np.float64) and array.flags.c_contiguous:
                poison(torch.from_numpy(array))
            return array

        return allocated

    names = ("empty", "empty_like")
    before = {name: getattr(np, name) for name in names}
    for name in names:
        setattr(np, name, filled(before[name]))
    try:
        yield
    finally:
        for name in names:
            setattr(np, name, before[name])


def poison(tensor: torch.Tensor) -> None:
    """Fill a new tensor's memory with the pattern, where its dtype has one."""
    if tensor.device.type != "cpu" or tensor.layout != torch.strided or not tensor.numel():
        return
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.dtype not in PATTERNS:
        return
    integers, pattern = PATTERNS[tensor.dtype]
    torch.empty(0, dtype=integers).set_(tensor.untyped_storage()).fill_(pattern)


def poisoned(tensor: torch.Tensor, exactly: bool = False) -> float | None:
    """The fraction of elements that still hold the pattern, None where the dtype has none.

    Of a floating dtype every NaN counts unless `exactly`: the pattern may have gone through a computation or a
    conversion.
    """
    tensor = tensor.detach()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    if tensor.dtype not in PATTERNS or tensor.device.type != "cpu" or tensor.layout != torch.strided:
        return None
    if not tensor.numel():
        return 0.0
    integers, pattern = PATTERNS[tensor.dtype]
    is_loose = tensor.is_floating_point() and not exactly
    hits = tensor.isnan() if is_loose else tensor.contiguous().view(integers) == pattern
    return int(hits.sum()) / tensor.numel()


@contextmanager
def numbers_in_place(tensors: Iterable[torch.Tensor]) -> Iterator[None]:
    """Let what was never written hold small numbers meanwhile.

    The pattern that marks it is no number, and would be in every gradient; memory that nobody wrote may hold anything.
    """
    generator = torch.Generator().manual_seed(0)
    marked = [(tensor, tensor.detach().clone()) for tensor in tensors if _is_marked(tensor)]
    with torch.no_grad():
        for tensor, values in marked:
            drawn = torch.randn(values.shape, generator=generator).to(values) * STAND_IN_STD
            tensor.copy_(torch.where(values.isnan(), drawn, values))
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, values in marked:
                tensor.copy_(values)


def _is_marked(tensor: torch.Tensor) -> bool:
    is_plain = not is_lazy(tensor) and tensor.is_floating_point() and tensor.layout is torch.strided
    is_plain = is_plain and not is_wrapper(type(tensor)) and not tensor.is_nested
    return is_plain and bool(poisoned(tensor, exactly=True))


def settle(account: Account, tensor: torch.Tensor) -> tuple[Status, float, bool]:
    """The status after a poisoned build: the shadow misses writes, and the poison does not."""
    if _is_of_others(account) and (kept := _left_by_others(tensor)):
        return ("unwritten" if kept == 1 else "partly written"), 1 - kept, True
    if account.status in ("written", "lazy", "unseen"):
        return account.status, account.fraction, True
    left = poisoned(tensor)
    if left is None:
        return account.status, account.fraction, False
    if left == 0:
        return "written", 1.0, True
    if account.status == "tainted":
        return "tainted", 1 - left, True
    return ("unwritten" if left == 1 else "partly written"), 1 - left, True


def _left_by_others(tensor: torch.Tensor) -> float:
    """The fraction of elements that hold the pattern, to the bit, in memory that was not allocated by torch.

    All are looked at only where some of a sample do.
    """
    is_plain = tensor.layout == torch.strided and tensor.device.type == "cpu" and not is_lazy(tensor)
    if not is_plain or tensor.is_nested or not tensor.is_floating_point():
        return 0.0
    sample = tensor.detach().reshape(-1)[:: max(tensor.numel() // _SAMPLED, 1)]
    return poisoned(tensor, exactly=True) or 0.0 if poisoned(sample, exactly=True) else 0.0


def _is_of_others(account: Account) -> bool:
    """Whether the values come from memory that others allocated, as numpy does."""
    steps = account.marks[-1].write.steps if account.marks else ()
    return account.status == "unseen" or any(step.op == "lift_fresh" for step in steps)


def unsettled(account: Account) -> tuple[Status, float, bool]:
    """The status as the shadow alone saw it."""
    return account.status, account.fraction, account.status == "written"
