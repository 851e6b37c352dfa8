"""Tensors that would stay behind if a model were moved, and with which a pass computes beside what moves.

A pass on the CPU cannot fail for that. So it is followed which values stand on the device of the parameters and of the
input, and which on that where a plain attribute stayed: an operation that takes both fails elsewhere.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from paramlint.live.observe.memory import Mark, address_of
from paramlint.live.observe.operations import Operation
from paramlint.live.observe.writes import is_users
from paramlint.live.questions.unregistered import Found

#: Operations that take tensors of several devices: copies.
CARRYING = frozenset(["copy_", "_to_copy", "_copy_from", "set_data"])
#: Operations that take indices of any kind for a tensor on a device, and indices there for that tensor only.
INDEXING = frozenset(["index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index", "_unsafe_index_put"])
#: Functions that move a tensor, or ask where it is.
MOVING = frozenset(["cuda", "cpu", "xpu", "mps", "type_as", "type", "to"])
ASKING: tuple[Any, ...] = (torch.Tensor.device, torch.Tensor.is_cuda)


class LeftBehind:
    """Which of some tensors meet others that move.

    Attributes:
        met: the storages of those that did.
        moved: the storages of those that the code moves itself, or asks where they are.
    """

    def __init__(self, behind: Iterable[torch.Tensor], moving: Iterable[torch.Tensor]) -> None:
        self.met: set[int] = set()
        self.moved: set[int] = set()
        self._roots: dict[int, frozenset[int]] = {}
        self._moving: set[int] = set()
        self._held: list[StorageWeakRef] = []  # so that no other storage gets the address of one that is gone
        for tensor in behind:
            self._hold(tensor)
            self._roots[address_of(tensor)] = frozenset([address_of(tensor)])
        for tensor in moving:
            self._hold(tensor)
            self._moving.add(address_of(tensor))
        self._roots.pop(0, None)

    @property
    def addresses(self) -> frozenset[int]:
        """The storages of those that met others and that nothing moves."""
        return frozenset(self.met - self.moved)

    def note(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """What an operation took, and where its results stand."""
        read, written = operation.tensors(args, kwargs)
        given = [*read, *written]
        here = [self._roots[address] for tensor in given if (address := address_of(tensor)) in self._roots]
        there = any(address_of(tensor) in self._moving for tensor in given)
        if here and there and operation.name not in CARRYING:
            whole = [tensor for tensor in given if tensor.ndim and address_of(tensor) in self._roots]
            if operation.name in INDEXING and isinstance(args[0], torch.Tensor):
                whole = [tensor for tensor in whole if tensor is args[0]]
            for tensor in whole:
                self.met |= self._roots[address_of(tensor)]
        if not here and not there:
            return
        for tensor in [result] if isinstance(result, torch.Tensor) else tree_leaves(result):
            address = address_of(tensor) if isinstance(tensor, torch.Tensor) else 0
            if not address or address in self._roots or address in self._moving:
                continue
            self._hold(tensor)
            if there:
                self._moving.add(address)
            else:
                self._roots[address] = frozenset().union(*here)

    def carry(self, tensor: torch.Tensor) -> None:
        """The code moves a tensor, or asks where it is: who does that knows of devices."""
        self.moved |= self._roots.pop(address_of(tensor), frozenset())

    def _hold(self, tensor: torch.Tensor) -> None:
        if address_of(tensor):
            self._held.append(StorageWeakRef(tensor.untyped_storage()))


class Moves(TorchFunctionMode):
    """Sees calls that do nothing on the CPU and so reach no operation."""

    def __init__(self, places: LeftBehind) -> None:
        super().__init__()
        self._places = places

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        asks = any(func == asked.__get__ for asked in ASKING)
        name = getattr(func, "__name__", "")
        moves = name in MOVING and not all(isinstance(arg, (torch.dtype, bool)) for arg in args[1:])
        if asks or moves or "device" in (kwargs or {}) or (name == "to" and kwargs):
            for tensor in args[:1]:
                if isinstance(tensor, torch.Tensor):
                    self._places.carry(tensor)
        return func(*args, **(kwargs or {}))


def is_placed_by_hand(model: nn.Module, found: Found, marks: Iterable[Mark]) -> bool:
    """Whether the code that made or keeps a tensor says on which device it is.

    Args:
        marks: the writes to the tensor.
    """
    lines = {line for mark in marks for line in mark.write.lines[:1]}
    if any(re.search("device|cuda", linecache.getline(line.filename, line.row)) for line in lines):
        return True
    movers = (getattr(type(module), name, None) for module in model.modules() for name in ("to", "cuda"))
    codes = {code for mover in movers if (code := getattr(mover, "__code__", None)) is not None}
    return any(is_users(code.co_filename) and found.attribute in code.co_names for code in codes)
