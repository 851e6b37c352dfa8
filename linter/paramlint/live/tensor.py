"""`LiveTensor`: a parameter or buffer of a model that was built, and all that a rule may ask about it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from paramlint.finding import Proof
from paramlint.live.laws.provenance import law_of_write
from paramlint.live.observe.memory import Mark, Status, region_of
from paramlint.live.observe.named_tensors import Named, Role, defining_class
from paramlint.live.observe.regions import covered
from paramlint.live.observe.source_places import place_of
from paramlint.live.observe.wrappers import is_wrapper, shape_of
from paramlint.live.observe.writes import Line, Write, apart

if TYPE_CHECKING:
    import numpy as np

    from paramlint.live.laws.distribution import Distribution


#: How many elements statistics look at: the std of a normal is then known to 0.1 %.
MOST_ELEMENTS = 1 << 19


@dataclass(frozen=True)
class Numbers:
    """Statistics of some evenly spaced values; NaN and infinities only count in `finite`."""

    mean: float
    std: float
    minimum: float
    maximum: float
    finite: float


@dataclass(frozen=True, eq=False)
class LiveTensor:
    """A parameter or buffer of the model.

    Attributes:
        named: its names, as registered, in the order of the model.
        status, fraction: as `Account` says, corrected by the poison where the build was real.
        confirmed: whether a real build settled the status; without one, what is not written is only likely.
        marks: the writes to it in order, each with its region and whether the values were used before the
            next.
        allocation: who allocated the memory, if that was seen.
        has_values: whether its values mean something.
        most: how many elements statistics look at.
    """

    named: tuple[Named, ...]
    status: Status
    fraction: float
    confirmed: bool
    marks: tuple[Mark, ...]
    allocation: Write | None
    has_values: bool
    most: int = MOST_ELEMENTS

    @property
    def name(self) -> str:
        """The first of its dotted names."""
        return self.named[0].name

    @property
    def names(self) -> tuple[str, ...]:
        """All of its dotted names; several where it is tied."""
        return tuple(named.name for named in self.named)

    @property
    def tensor(self) -> torch.Tensor:
        """The tensor itself."""
        return self.named[0].tensor

    @property
    def is_wrapper(self) -> bool:
        """Whether it is made of other tensors, such as a quantized one, or of rows of any length."""
        return is_wrapper(type(self.tensor)) or self.tensor.is_nested

    @property
    def role(self) -> Role:
        """`parameter` or `buffer`."""
        return self.named[0].role

    @property
    def persistent(self) -> bool:
        """Whether `state_dict` holds it."""
        return any(named.persistent for named in self.named)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, empty while it is lazy."""
        return shape_of(self.tensor)

    @property
    def repeats_memory(self) -> bool:
        """Whether elements of it stand on one place of memory: it is expanded, or made of windows that overlap."""
        if (
            is_lazy(self.tensor)
            or self.is_wrapper
            or self.tensor.layout is not torch.strided
            or not self.tensor.numel()
        ):
            return False
        reach = 1 + sum((size - 1) * step for size, step in zip(self.shape, self.tensor.stride(), strict=True))
        return reach < self.tensor.numel()

    @property
    def dtype(self) -> str:
        """Such as `float32`."""
        return str(self.tensor.dtype).removeprefix("torch.")

    @property
    def is_floating(self) -> bool:
        """Whether its dtype is a floating or complex one."""
        return self.tensor.is_floating_point() or self.tensor.is_complex()

    @property
    def requires_grad(self) -> bool:
        """Whether it is trained."""
        return self.tensor.requires_grad

    @property
    def is_unwritten(self) -> bool:
        """Whether none of it was ever written, and its dtype is one in which parameters are trained."""
        return self.status in ("unwritten", "tainted") and self.is_floating and not self.dtype.startswith("float8")

    @property
    def is_left_unwritten(self) -> bool:
        """Whether some of it holds what the memory held before."""
        return self.status in LEFT_UNWRITTEN

    @property
    def module(self) -> nn.Module:
        """The first module that registers it."""
        return self.named[0].module

    @property
    def attribute(self) -> str:
        """Under which attribute of `module`."""
        return self.named[0].attribute

    @cached_property
    def owner(self) -> type:
        """The class in whose body the attribute is set."""
        return defining_class(self.module, self.attribute)

    @cached_property
    def writes(self) -> tuple[Write, ...]:
        """The writes to it in order."""
        return tuple(mark.write for mark in self.marks)

    @cached_property
    def drawn(self) -> tuple[Write, ...]:
        """The writes by initialisers that the user's code called, itself or through a torch module."""
        return tuple(write for write in self.writes if write.lines and write.module)

    @property
    def twice(self) -> tuple[Line, Line] | None:
        """The lines of one function that led to the last two of `drawn` by the same calls."""
        return apart(*self.drawn[-2:]) if len(self.drawn) > 1 else None

    @cached_property
    def init(self) -> Write | None:
        """The last write that gave all of it its values; None where there is none, or it was not seen."""
        whole = [mark for mark in self.marks if mark.whole and mark.region == self._region]
        if whole:
            return whole[-1].write
        return self.marks[-1].write if self.marks and self.status == "written" else None

    @property
    def is_final(self) -> bool:
        """Whether nothing was written after `init`, to part of it or by index."""
        return bool(self.marks) and self.marks[-1].whole and self.marks[-1].region == self._region

    @property
    def is_covered_at_last(self) -> bool:
        """Whether the last write gave all of it its values, perhaps in another shape, as `cat` and `view` do."""
        last = self.marks[-1] if self.marks else None
        return (
            last is not None and last.whole and self._region is not None and covered(self._region, [last.region]) >= 1
        )

    @cached_property
    def expected(self) -> Distribution | None:
        """The distribution that its initialisation gives it, where the call says so and is the last word."""
        init = self.init
        if init is None or not self.is_final:
            return None
        return law_of_write(init, self.shape)

    @cached_property
    def array(self) -> np.ndarray[Any, Any] | None:
        """The values as numpy has them (bfloat16 as float32), None where they mean nothing."""
        tensor = self.tensor
        if not self.has_values or is_lazy(tensor) or tensor.layout != torch.strided or self.is_wrapper:
            return None
        tensor = tensor.detach().resolve_conj()
        array: np.ndarray[Any, Any] = (tensor.float() if tensor.dtype in WITHOUT_NUMPY else tensor).numpy()
        return array

    @cached_property
    def numbers(self) -> Numbers | None:
        """Statistics of the values; None where there are none, or they are complex or not floating."""
        array = self.array
        if array is None or not array.size or not self.tensor.is_floating_point():
            return None
        flat = array.reshape(-1)
        sample = flat[:: max(1, -(-flat.size // self.most))].astype("float64")
        good = sample[abs(sample) < float("inf")]
        if not good.size:
            return Numbers(0.0, 0.0, 0.0, 0.0, 0.0)
        low, high = float(good.min()), float(good.max())
        return Numbers(float(good.mean()), float(good.std()), low, high, good.size / sample.size)

    @property
    def is_constant(self) -> bool:
        """Whether all elements are known to be the same, from the values or from the call that wrote them."""
        if self.numbers is not None:
            return self.numbers.finite == 1 and self.numbers.minimum == self.numbers.maximum
        return self.init is not None and self.is_final and self.init.kind == "constant"

    @cached_property
    def rows_are_equal(self) -> bool:
        """Whether it is a matrix, or has more dimensions, of several rows that all hold the same values."""
        if self.array is None or self.array.ndim < 2 or self.array.shape[0] < 2:
            return False
        if (self.array[0] != self.array[1]).any():
            return False
        return bool((self.array == self.array[:1]).all())

    def row(self, index: int) -> list[float] | None:
        """The values of one row, None where they mean nothing."""
        return None if self.array is None else [float(value) for value in self.array[index].reshape(-1)]

    @property
    def writing(self) -> str:
        """Who wrote it, in words; empty where it is not known to have been written as a whole."""
        if self.status != "written" or not self.confirmed:
            return ""
        write = self.init or (self.writes[-1] if self.writes else None)
        if write is None:
            return f"`{self.name}` was written as a whole"
        where = f" at {os.path.basename(write.filename)}:{write.row}" if write.filename else ""
        return f"`{self.name}` was written by `{write.call}`{where}"

    @property
    def is_drawn(self) -> bool:
        """Whether it holds random numbers that were drawn for it, and not those of a checkpoint."""
        is_random = self.init is not None and self.init.kind == "random"
        return is_random and not self.is_constant and not self.is_loaded

    @property
    def is_loaded(self) -> bool:
        """Whether a state dict gave it the values that it has."""
        return bool(self.writes) and self.writes[-1].library_call.endswith("._load_from_state_dict")

    def proof(self, message: str, write: Write | None = None, **evidence: Any) -> Proof:
        """A proof about this tensor, at the line of a write, of its allocation, or of its owner's class."""
        filename, row = place_of(write or self.allocation, self.owner)
        facts = {"status": self.status, "confirmed": self.confirmed} | evidence
        return Proof(self.name, message, self.owner.__qualname__, self.attribute, filename, row, facts)

    @cached_property
    def _region(self) -> Any:
        return None if is_lazy(self.tensor) or self.is_wrapper else region_of(self.tensor)


@dataclass(frozen=True, eq=False)
class Alias:
    """Different tensors with a common element.

    Attributes:
        tensors: two or more.
        by_data: whether `.data` of one of them was rebound after it was registered, rather than a second
            `Parameter` made from the first.
    """

    tensors: tuple[LiveTensor, ...]
    by_data: bool

    @property
    def parameters(self) -> tuple[LiveTensor, ...]:
        """Those of them that are parameters."""
        return tuple(tensor for tensor in self.tensors if tensor.role == "parameter")

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(tensor.name for tensor in self.tensors)


LEFT_UNWRITTEN = ("unwritten", "partly written", "tainted")


WITHOUT_NUMPY = frozenset({torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2})
