"""Building a model of any size on the cpu without touching the memory of its large tensors.

Large storages are allocated and never touched, so the system never has to provide their pages; operations
on them are shape-inferred on the meta device and skipped, while everything small is computed for real.
Unlike on the meta device, `.item()`, numpy, `if` on a value and `device.type == "cpu"` behave as in a real
build.
"""

from __future__ import annotations

import math
import mmap
import sys
from types import FrameType
from typing import Any, cast

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_map

from paramlint.live.observe.dispatch_mode import Mode
from paramlint.live.observe.memory import address_of
from paramlint.live.observe.operations import Operation

#: Elements from which a storage is virtual.
VIRTUAL_FROM = 1 << 14
#: Bytes from which address space is reserved without asking for memory, so that no limit on overcommit is
#: hit.
RESERVED_FROM = 1 << 30
#: The flag that asks for it; Python names it from 3.13 on. The number is Linux's, <asm-generic/mman.h>.
UNRESERVED: int = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
#: Elements up to which an operation that meta tensors refuse is computed on whatever the memory holds.
COMPUTED_UP_TO = 1 << 27
#: Frames between a read of a value and the Python code that asks for it.
NEAR_FRAMES = 12
#: What an operation that reads values gives for virtual ones.
ANSWERS: dict[str, bool] = {"equal": False, "is_nonzero": False, "allclose": True}
COMPARISONS = frozenset({"gt", "ge", "lt", "le", "eq", "ne", "isnan", "isinf", "isfinite"})
BOOLEAN = frozenset({"logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "bitwise_not"})
#: Operations that only say how memory is looked at, and so run on virtual tensors as they are.
LOOKS = frozenset(["detach", "alias", "view", "_unsafe_view", "reshape", "t", "set_", "lift_fresh"])


class LazyMode(Mode):
    """Enter it outside of the shadow: it decides how an operation is run.

    Attributes:
        degraded: operations that asked for values of virtual tensors, so that what followed may differ from
            a real build.
    """

    def __init__(self, threshold: int = VIRTUAL_FROM) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.threshold = threshold
        self.degraded: list[str] = []
        self._virtual: dict[int, StorageWeakRef] = {}

    def is_virtual(self, tensor: torch.Tensor) -> bool:
        """Whether the tensor's memory was never touched, so that its values mean nothing."""
        reference = self._virtual.get(address_of(tensor)) if self._virtual else None
        return reference is not None and not reference.expired()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        operation = Operation.of(func)
        return self.run(operation, func, args, kwargs, *operation.tensors(args, kwargs))

    def run(
        self,
        operation: Operation,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: list[torch.Tensor],
        written: list[torch.Tensor],
    ) -> Any:
        """What an operation gives that reads and writes these tensors."""
        if not any(map(self.is_virtual, read)) and not any(map(self.is_virtual, written)):
            return self._run_small(operation, func, args, kwargs, read)
        if torch.Tag.inplace_view in func.tags or operation.name in LOOKS or (operation.is_view and not written):
            return func(*args, **kwargs)
        if written:
            return self._skip_write(operation, args, kwargs, written)
        if operation.name == "_local_scalar_dense":
            if not _is_asked_by_torch():
                self.degraded.append("item")
            return 0.0 if read[0].is_floating_point() else 0
        if operation.name in ANSWERS:
            self.degraded.append(operation.name)
            return ANSWERS[operation.name]
        return self._infer(operation, func, args, kwargs, read)

    def _run_small(
        self,
        operation: Operation,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: list[torch.Tensor],
    ) -> Any:
        if (
            not operation.makes
            or not _on_cpu(kwargs, read)
            or _elements(operation, args, kwargs, read) < self.threshold
        ):
            return func(*args, **kwargs)
        if operation.name in ("empty", "empty_like") and operation.is_plain(args, kwargs):
            if not read:
                return self._made(tuple(args[0]), kwargs.get("dtype"))
            if read[0].layout is torch.strided and read[0].is_contiguous():
                return self._made(tuple(read[0].shape), kwargs.get("dtype") or read[0].dtype)
        return self._on_meta(func, args, kwargs)

    def _made(self, size: tuple[int, ...], dtype: torch.dtype | None) -> torch.Tensor:
        """What `empty` gives, without asking the meta device: most of what a model makes is made so."""
        strides = [1]
        for length in reversed(size[1:]):
            strides.append(strides[-1] * max(length, 1))
        stride = tuple(reversed(strides)) if size else ()
        tensor = allocate(tuple(map(int, size)), stride, dtype or torch.get_default_dtype())
        self._mark(tensor)
        return tensor

    def _skip_write(
        self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], written: list[torch.Tensor]
    ) -> Any:
        for tensor in written:  # a small tensor that receives virtual values has none that mean anything either
            self._mark(tensor)
        if operation.returns_first and args:
            return args[0]
        if not operation.schema.returns:
            return None
        if len(operation.schema.returns) > 1:
            return tuple(written)
        return next(value for value, is_written in operation.bound(args, kwargs) if is_written)

    def _infer_simple(
        self, operation: Operation, func: Any, args: tuple[Any, ...], read: list[torch.Tensor]
    ) -> torch.Tensor | None:
        """The result of `any`, or of an operation on elements of one shape and dtype; None for all others.

        Asking the meta device would give the same, but some operations there load half of torch's distributed code.
        """
        if operation.name in ("any", "all") and len(args) == 1:
            return cast(torch.Tensor, self._to_virtual(torch.empty((), dtype=torch.bool, device="meta")))
        if torch.Tag.pointwise not in func.tags or not operation.returns_one:
            return None
        first = next((tensor for tensor in read if tensor.dtype != torch.bool), read[0])
        is_simple = first.is_floating_point() or operation.name in BOOLEAN
        if not is_simple or any(t.shape != first.shape or t.dtype not in (first.dtype, torch.bool) for t in read):
            return None
        dtype = torch.bool if operation.name in COMPARISONS else first.dtype
        return cast(torch.Tensor, self._to_virtual(torch.empty_like(first, dtype=dtype, device="meta")))

    def _infer(
        self,
        operation: Operation,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: list[torch.Tensor],
    ) -> Any:
        # A memory format asks for other strides than those of the operand.
        simple = None if "memory_format" in kwargs else self._infer_simple(operation, func, args, read)
        if simple is not None:
            return simple
        try:
            return self._on_meta(func, args, kwargs)
        except (RuntimeError, NotImplementedError):
            if sum(tensor.numel() for tensor in read) > COMPUTED_UP_TO:
                raise
            self.degraded.append(operation.name)
            return func(*args, **kwargs)

    def _on_meta(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run on the meta device for the shapes, and give virtual tensors of these shapes."""
        meta_args = tree_map(_to_meta, list(args))
        meta_kwargs = {name: tree_map(_to_meta, value) for name, value in kwargs.items() if name != "generator"}
        if not any(isinstance(value, torch.Tensor) for value in meta_args) and _takes(func, "device"):
            meta_kwargs["device"] = torch.device("meta")
        return tree_map(self._to_virtual, func(*meta_args, **meta_kwargs))

    def _to_virtual(self, value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        tensor = allocate(tuple(value.shape), tuple(value.stride()), value.dtype)
        self._mark(tensor)
        return tensor

    def _mark(self, tensor: torch.Tensor) -> None:
        if not self.is_virtual(tensor) and (address := address_of(tensor)):
            self._virtual[address] = StorageWeakRef(tensor.untyped_storage())


def allocate(size: tuple[int, ...], stride: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """A cpu tensor whose memory is not touched; from `RESERVED_FROM` bytes up it is not even promised."""
    span = 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if math.prod(size) else 0
    if span * dtype.itemsize < RESERVED_FROM or not UNRESERVED:
        return torch.empty_strided(size, stride, dtype=dtype, device="cpu")
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | UNRESERVED
    return torch.frombuffer(mmap.mmap(-1, span * dtype.itemsize, flags=flags), dtype=dtype).as_strided(size, stride)


def _is_asked_by_torch() -> bool:
    """Whether an initialiser of torch reads the value, such as the rejection sampling of `trunc_normal_`."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(NEAR_FRAMES):
        if frame is None:
            return False
        if frame.f_code.co_filename == nn.init.__file__:
            return True
        frame = frame.f_back
    return False


def _to_meta(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
    return torch.device("meta") if isinstance(value, torch.device) else value


def _takes(func: Any, name: str) -> bool:
    return any(argument.name == name for argument in func._schema.arguments)


def _on_cpu(kwargs: dict[str, Any], read: list[torch.Tensor]) -> bool:
    device = kwargs.get("device")
    if device is not None:
        return torch.device(device).type == "cpu"
    return all(tensor.device.type == "cpu" for tensor in read)


def _elements(operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], read: list[torch.Tensor]) -> int:
    """The number of elements that a factory or an expansion is about to make; 0 for any other operation."""
    if operation.name.startswith("_"):  # quantized memory, which has no meta twin
        return 0
    values = operation.named(args, kwargs)
    if operation.name == "eye":
        rows = int(values["n"])
        return rows * int(values.get("m", rows))
    if operation.name == "repeat":
        return int(math.prod(values["repeats"])) * read[0].numel()
    if operation.name.endswith("_like") and read:
        return read[0].numel()
    size = values.get("size")
    return int(math.prod(size)) if size is not None and (not read or operation.name.startswith("new_")) else 0
