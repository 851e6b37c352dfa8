"""The shadow of a model's memory: which part of each storage was written, by whom, and which never.

A memory sanitizer for parameters. `ShadowMode` sees every operation on tensors while a model is built and
keeps, for each storage from its allocation on, the regions written. The verdict asks at the end which
storage a parameter points at, so `.data =`, re-registration and copies need no case of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol

import torch
from msgspec import Struct
from msgspec.structs import replace
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from paramlint.live.observe.dispatch_mode import Mode
from paramlint.live.observe.functions import Functions
from paramlint.live.observe.operations import Operation
from paramlint.live.observe.regions import Region, covered
from paramlint.live.observe.size_masks import MASKING, mask_of, masked
from paramlint.live.observe.writes import COPYING, JOINING, OF_TORCH, Step, Write, observe

Status = Literal["written", "partly written", "unwritten", "tainted", "maybe", "unseen", "lazy"]

#: The namespace of torch's own operations.
OF_ATEN = "aten"
#: Operations kept of one value's history; an initialiser has 5, a computed table may have hundreds.
LONGEST_HISTORY = 32
#: Storages after which those that are gone and that nobody will ask about are forgotten.
SWEEP_EVERY = 20_000


class Mark(Struct, frozen=True):
    """One region of a storage as one write left it; `whole` where all of the region was overwritten."""

    region: Region
    write: Write
    whole: bool
    #: Whether an operation read the storage after this write and before the next one.
    read: bool = False


@dataclass
class Shadow:
    """What is known about one storage.

    Attributes:
        extent: the region of the tensor with which it was first seen.
        has_memory: false on the meta device.
        allocation: who allocated it; None where it was there before, or came from outside of torch.
        marks: writes in order.
        tainted: the allocation of the unwritten memory from which its values were computed, if they were.
        indexed: whether elements chosen by data were written, which no shape can tell apart.
        edit: the last operation that wrote to it, where nothing has read it since.
    """

    storage: StorageWeakRef
    extent: Region
    has_memory: bool
    allocation: Write | None = None
    marks: list[Mark] = field(default_factory=list)
    tainted: Write | None = None
    indexed: bool = False
    edit: Write | None = None

    def fraction(self, region: Region) -> float:
        """The part of a region that was overwritten, from 0 to 1."""
        if self.marks and self.marks[-1].whole and self.marks[-1].region == region:
            return 1.0
        return covered(region, [mark.region for mark in self.marks if mark.whole])

    @property
    def is_alive(self) -> bool:
        """Whether anything holds the storage still."""
        return not self.storage.expired()

    @property
    def last(self) -> Mark | None:
        """The last write."""
        return self.marks[-1] if self.marks else None


@dataclass(frozen=True)
class Account:
    """What the shadow says about one tensor.

    Attributes:
        status: `tainted` is computed from unwritten memory, `maybe` was written by indices, `unseen` was
            there before the shadow looked, `lazy` has no memory yet.
        fraction: of the elements that were written.
        allocation: who allocated the memory, if that was seen.
        marks: the writes to it in order.
    """

    status: Status
    fraction: float
    allocation: Write | None
    marks: tuple[Mark, ...]


class Beneath(Protocol):
    """A mode that decides how operations are run. Entered beneath another one, it would be asked anew by torch."""

    def run(
        self,
        operation: Operation,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: list[torch.Tensor],
        written: list[torch.Tensor],
        /,
    ) -> Any:
        """What an operation gives that reads and writes these tensors."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> object: ...


class ShadowMode(Mode):
    """Keeps the shadow while it is entered. Of other threads it sees nothing, a limit of torch's modes.

    Attributes:
        failures: operations that could not be followed, by name; user code runs on regardless.
    """

    def __init__(self, beneath: Beneath | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._beneath = beneath
        self._shadows: dict[int, Shadow] = {}
        self.failures: dict[str, str] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        # No function of the user's runs in an operation of torch's own, unless a class of tensors has one.
        paused = Functions.pause() if func.namespace == OF_ATEN and not types else None
        try:
            return self._run(func, args, kwargs or {}, paused is not None)
        finally:
            Functions.go_on(paused)

    def _run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], is_paused: bool) -> Any:
        operation = Operation.of(func)
        read, written = operation.tensors(args, kwargs)
        if self._beneath is None:
            result = func(*args, **kwargs)
        else:
            result = self._beneath.run(operation, func, args, kwargs, read, written)
        if operation.is_same:  # every parameter is one of another tensor, so this is a fourth of what is called
            return result
        paused = None if is_paused else Functions.pause()
        try:
            self._record(operation, args, kwargs, read, written, result)
        except Exception as error:  # a gap in the shadow must not become an error in the user's constructor
            self.failures.setdefault(operation.name, f"{type(error).__name__}: {error}")
        finally:
            Functions.go_on(paused)
        return result

    def account(self, tensor: torch.Tensor) -> Account:
        """What is known about a tensor, by the storage that it points at now."""
        if is_lazy(tensor):
            return Account("lazy", 0.0, None, ())
        shadow = None if tensor.is_nested else self.shadow(tensor)
        if shadow is None:
            return Account("unseen", 1.0, None, ())
        region = region_of(tensor)
        fraction = shadow.fraction(region)
        marks = tuple(mark for mark in shadow.marks if mark.region.overlaps(region))
        return Account(_status(shadow, fraction, region.numel), fraction, shadow.allocation, marks)

    def shadow(self, tensor: torch.Tensor) -> Shadow | None:
        """The shadow of a tensor's storage, None where it was never seen."""
        address = address_of(tensor)
        shadow = self._shadows.get(address) if address else None
        return shadow if shadow is not None and shadow.is_alive else None

    def items(self) -> Iterator[tuple[int, Shadow]]:
        """All storages by address, those already freed included."""
        return iter(self._shadows.items())

    def _record(
        self,
        operation: Operation,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: list[torch.Tensor],
        written: list[torch.Tensor],
        result: Any,
    ) -> None:
        if not operation.is_view:
            self._note_reads(read)
        if written:
            if not operation.resizes:
                self._note_writes(operation, args, kwargs, read, written)
            return
        inputs = {address_of(tensor) for tensor in read}
        for tensor in [result] if isinstance(result, torch.Tensor) else tree_leaves(result):
            if not isinstance(tensor, torch.Tensor) or not (address := address_of(tensor)):
                continue
            if address not in inputs:
                self._note_result(operation, args, kwargs, read, tensor, address)
            elif operation.name == "lift_fresh":  # the result of `torch.tensor(...)`
                self._note_literal(operation, tensor, address)

    def _note_reads(self, tensors: list[torch.Tensor]) -> None:
        for tensor in tensors:
            shadow = self._shadows.get(address_of(tensor))
            if shadow is None or not shadow.is_alive:
                continue
            shadow.edit = None
            if shadow.marks and not shadow.marks[-1].read:
                shadow.marks[-1] = replace(shadow.marks[-1], read=True)

    def _note_writes(
        self,
        operation: Operation,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: list[torch.Tensor],
        written: list[torch.Tensor],
    ) -> None:
        taint = self._taint(read)
        for tensor in written:
            address = address_of(tensor)
            if not address or not tensor.numel():
                continue
            region = region_of(tensor)
            known = self._shadows.get(address)
            shadow = known if known is not None and known.is_alive else self._begin(tensor, address, region)
            if taint and operation.takes_values:
                shadow.tainted = taint
                continue
            write = shadow.edit = observe(operation.name, operation.arguments(args, kwargs), address)
            if operation.name in MASKING and (masked := self._masked(operation, args, kwargs, tensor, region)):
                _modify(shadow, region, replace(write, steps=(masked,)))
            elif operation.is_indexed and (whole := _own_work(shadow, write)) is not None:
                _modify(shadow, whole, write)
            elif operation.is_indexed:
                shadow.indexed = shadow.indexed or shadow.fraction(region) < 1
                shadow.marks.append(Mark(region, write, whole=False))
            elif operation.overwrites:
                self._overwrite(shadow, region, self._copied(operation, write, read))
            else:
                _modify(shadow, region, write)

    def _note_result(
        self,
        operation: Operation,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: list[torch.Tensor],
        tensor: torch.Tensor,
        address: int,
    ) -> None:
        region = region_of(tensor)
        shadow = self._begin(tensor, address, region)
        write = observe(operation.name, operation.arguments(args, kwargs), address)
        shadow.allocation = write
        if operation.allocates:
            return
        shadow.tainted = self._taint(read) if operation.takes_values else None
        if shadow.tainted or not tensor.numel():
            return
        shadow.marks.append(Mark(region, self._derived(operation, write, read), whole=True))

    def _note_literal(self, operation: Operation, tensor: torch.Tensor, address: int) -> None:
        shadow = self.shadow(tensor) or self._begin(tensor, address, region_of(tensor))
        if shadow.allocation is None and tensor.numel():
            shadow.allocation = observe(operation.name, {}, address)
            shadow.marks.append(Mark(region_of(tensor), shadow.allocation, whole=True))

    def _begin(self, tensor: torch.Tensor, address: int, region: Region) -> Shadow:
        if len(self._shadows) % SWEEP_EVERY == SWEEP_EVERY - 1:
            self._sweep()
        shadow = self._shadows[address] = Shadow(StorageWeakRef(tensor.untyped_storage()), region, not tensor.is_meta)
        return shadow

    def _sweep(self) -> None:
        gone = [key for key, shadow in self._shadows.items() if not shadow.is_alive and not is_initialised(shadow)]
        for key in gone:
            del self._shadows[key]

    def _taint(self, tensors: list[torch.Tensor]) -> Write | None:
        """The allocation of unwritten memory among the inputs."""
        for tensor in tensors:
            shadow = self.shadow(tensor)
            if shadow is None or not tensor.numel():
                continue
            if shadow.tainted:
                return shadow.tainted
            if shadow.allocation and not shadow.indexed and shadow.fraction(region_of(tensor)) < 1:
                return shadow.allocation
        return None

    def _masked(
        self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], tensor: torch.Tensor, region: Region
    ) -> Step | None:
        """The operation as the step that a mask by size is, where all of what is known of the tensor was written."""
        shadow = self.shadow(tensor)
        last = shadow.last if shadow is not None else None
        if last is None or last.region != region or not last.whole:
            return None
        arguments = operation.named(args, kwargs)
        mask = mask_of(operation.name, arguments)
        made = self.shadow(mask) if mask is not None else None
        if mask is None or made is None or made.last is None:
            return None
        with self._beneath or nullcontext():  # it looks at values, of which a virtual tensor has none
            return masked(operation.name, arguments, mask, last.write.steps, made.last.write.steps)

    def _overwrite(self, shadow: Shadow, region: Region, write: Write) -> None:
        last = shadow.last
        if last and last.whole and last.region == region and last.write.same_call(write):
            merged = replace(last.write, steps=_joined(last.write.steps, write.steps))
            shadow.marks[-1] = replace(last, write=merged, read=False)
            return
        if shadow.tainted and covered(shadow.extent, [region]) >= 1:
            shadow.tainted = None
        shadow.marks.append(Mark(region, write, whole=True))

    def _copied(self, operation: Operation, write: Write, read: list[torch.Tensor]) -> Write:
        return self._derived(operation, write, read) if operation.name in COPYING else write

    def _derived(self, operation: Operation, write: Write, read: list[torch.Tensor]) -> Write:
        """The write with the history of what it was computed from; a copy keeps its source's identity."""
        source = self.shadow(read[0]) if read else None
        last = source.last if source else None
        if last is None or not operation.takes_values:
            return write
        # What an initialiser did to what it copies at the end is part of its own work.
        before = tuple(replace(step, later=False) for step in last.write.steps) if write.module else last.write.steps
        if operation.name in JOINING and self._are_alike(read):
            write = replace(write, steps=(Step("joined", {}),))
        steps = _joined(before, write.steps)
        if operation.name not in COPYING:
            return replace(write, steps=steps)
        region = region_of(read[0])
        origin = last.write.origin if last.region.shape == region.shape else (*last.write.origin, region)
        if write.module or operation.name == "copy_":
            return replace(write, steps=steps, origin=origin)
        return replace(last.write, steps=steps, origin=origin, frame=0)

    def _are_alike(self, read: list[torch.Tensor]) -> bool:
        """Whether tensors are all random, or all constant, or all computed."""
        last = [shadow.last if (shadow := self.shadow(tensor)) else None for tensor in read]
        return len({mark.write.kind if mark is not None else None for mark in last}) == 1


def region_of(tensor: torch.Tensor) -> Region:
    """The part of its storage that a tensor shows."""
    item = tensor.element_size()
    stride = [int(step) * item for step in tensor.stride()]
    return Region(int(tensor.storage_offset()) * item, (*map(int, tensor.shape), item), (*stride, 1))


def address_of(tensor: torch.Tensor) -> int:
    """An identity of the tensor's storage, 0 where it has none (a lazy parameter, a wrapper subclass)."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError, ValueError):
        return 0


def is_initialised(shadow: Shadow) -> bool:
    """Whether an initialiser wrote to the storage."""
    return any(mark.write.module for mark in shadow.marks)


def _joined(before: tuple[Step, ...], after: tuple[Step, ...]) -> tuple[Step, ...]:
    """One history after the other; of a long one the beginning, which says what was drawn, and the end."""
    steps = (*before, *after)
    if len(steps) <= LONGEST_HISTORY:
        return steps
    return steps[: LONGEST_HISTORY // 2] + steps[-LONGEST_HISTORY // 2 :]


def _own_work(shadow: Shadow, write: Write) -> Region | None:
    """What an initialiser of torch has just written as a whole and goes on with by index, as `sparse_` does."""
    last = shadow.last
    is_own = last is not None and last.whole and write.module == OF_TORCH and last.write.same_call(write)
    return last.region if last is not None and is_own else None


def _modify(shadow: Shadow, region: Region, write: Write) -> None:
    """A write that also reads, such as `mul_`: unwritten memory stays unwritten."""
    last = shadow.last
    if last and last.region == region:
        own = last.write.same_call(write)
        steps = _joined(last.write.steps, tuple(replace(step, later=not own) for step in write.steps))
        shadow.marks[-1] = replace(last, write=replace(last.write, steps=steps))
    elif last or shadow.allocation is None:
        shadow.marks.append(Mark(region, write, whole=False))


def _status(shadow: Shadow, fraction: float, numel: int) -> Status:
    if shadow.tainted:
        return "tainted"
    if fraction >= 1 or not numel:
        return "written"
    if shadow.allocation is None:
        return "unseen"
    if shadow.indexed:
        return "maybe"
    return "partly written" if fraction else "unwritten"
