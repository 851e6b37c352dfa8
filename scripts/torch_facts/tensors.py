"""Methods, factories and types of `torch.Tensor`."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from torch_facts.calls import outcome

# In place, but on the tensor's shape, storage or flags: no value is computed. By hand, as the version counter
# does not tell them apart.
NOT_VALUES = {
    "as_strided_", "detach_", "requires_grad_", "resize_", "resize_as_", "resize_as_sparse_", "set_",
    "share_memory_", "sparse_resize_", "sparse_resize_and_clear_", "squeeze_", "swapaxes_", "swapdims_", "t_",
    "transpose_", "unsqueeze_",
}  # fmt: skip


def inplace_methods() -> list[str]:
    names = (n for n in dir(torch.Tensor) if n.endswith("_") and not n.startswith("_"))
    return [name for name in names if callable(getattr(torch.Tensor, name)) and name not in NOT_VALUES]


def tensor_attributes() -> list[str]:
    names = (n for n in dir(torch.Tensor) if not n.startswith("_"))
    return [name for name in names if not callable(getattr(torch.Tensor, name, None))]


def argument_pool() -> list[tuple[Any, ...]]:
    """Arguments of every kind that an in-place method takes, several of a kind: no special value decides."""
    half, mask, index = torch.full((4, 4), 0.5), torch.eye(4).bool(), torch.tensor([1, 2])
    row, two, whole = half[0], half[:2], torch.full((4, 4), 2)
    numbers = [(), (0.5,), (0.25,), (2,), (0.5, 2.0), (0, 1), (0.0, 1.0), (2, 0, 1.0)]
    tensors = [(half,), (torch.zeros(4, 4),), (whole,), (row,), (half, 0.5), (half, half), (half, half, 0.5)]
    products = [(row, row), (half, row), (half[None], half[None])]
    indexed = [(mask, 0.5), (mask, half), (0, index, 0.5), (0, index, two), (index, row[:2]), ((index,), row)]
    scattered = [(0, whole, half), (0, whole, half, "sum"), (0, index, two, "mean")]
    called = [(lambda x: x + 1,), (half, lambda x, y: x + y), (half, half, lambda x, y, z: x + y + z)]
    return [*numbers, *tensors, *products, *indexed, *scattered, *called]


# What the tensor holds before the call: any of these would show in the result of a method that reads it.
FLOATS = (float("nan"), float("inf"), -2.0, 0.25, 0.0, 1.0)
CONTENTS = {torch.float32: FLOATS, torch.float64: FLOATS, torch.int64: (-2, 0, 1, 7)}
SHAPES = ((4, 4), (4,), (1, 4, 4))


def result_of(name: str, held: torch.Tensor, args: tuple[Any, ...]) -> torch.Tensor | None:
    """The tensor after the call, None where torch refuses the arguments."""
    torch.manual_seed(0)
    return held if outcome(lambda: getattr(held, name)(*args)) is held else None


def depends(name: str, args: tuple[Any, ...], dtype: torch.dtype, shape: tuple[int, ...]) -> bool | None:
    """True if the result depends on what the tensor held; None where torch refuses the arguments."""
    results = [result_of(name, torch.full(shape, held, dtype=dtype), args) for held in CONTENTS[dtype]]
    taken = [one for one in results if one is not None]
    if not taken:
        return None
    return len(taken) < len(results) or not all(torch.equal(one, taken[0]) for one in taken)


def answers(name: str) -> Iterator[bool]:
    """Whether the result depends on what the tensor held, for all arguments that the method takes."""
    for dtype, shape, args in itertools.product(CONTENTS, SHAPES, argument_pool()):
        answer = depends(name, args, dtype, shape)
        if answer is not None:
            yield answer


def writes_whole(name: str) -> bool:
    """True if no result depends on what the tensor held."""
    found = next(answers(name), None)
    if found is None:
        raise SystemExit(f"Tensor.{name}: no arguments that it takes, extend argument_pool")
    return not found and not any(answers(name))


# Functions of torch and methods of Tensor whose result is memory as it was found. By hand, as memory looks
# filled or empty by accident; `check_empty` sees each one do so.
EMPTY: dict[str, Callable[[], torch.Tensor]] = {
    "new": lambda: torch.ones(1).new(2, 3),
    "new_empty": lambda: torch.ones(1).new_empty((2, 3)),
    "new_empty_strided": lambda: torch.ones(1).new_empty_strided((2, 3), (3, 1)),
    "torch.empty": lambda: torch.empty(2, 3),
    "torch.empty_like": lambda: torch.empty_like(torch.ones(2, 3)),
    "torch.empty_permuted": lambda: torch.empty_permuted((2, 3), (1, 0)),
    "torch.empty_strided": lambda: torch.empty_strided((2, 3), (3, 1)),
}


def legacy_constructors() -> list[str]:
    """`torch.FloatTensor` and its kin: given sizes they return memory as found, given data a copy of it."""
    return [name for name in dir(torch) if name.endswith("Tensor")]


def constructors() -> list[str]:
    """The legacy constructors in full, those of torch.cuda too, and the method `new`."""
    names = legacy_constructors()
    return sorted(["new", *(f"torch.{n}" for n in names), *(f"torch.cuda.{n}" for n in names if n != "Tensor")])


def is_filler(tensor: torch.Tensor) -> bool:
    """Deterministic mode fills uninitialised memory with NaN, with the largest number, or with True."""
    if tensor.dtype.is_floating_point:
        return bool(tensor.isnan().all())
    return bool((tensor == (True if tensor.dtype == torch.bool else torch.iinfo(tensor.dtype).max)).all())


def check_empty() -> None:
    """Every function of EMPTY and every legacy constructor must return what only that mode has filled."""
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = True  # type: ignore[attr-defined]
    wrong = [name for name, call in EMPTY.items() if not is_filler(call())]
    wrong += [name for name in legacy_constructors() if not is_filler(getattr(torch, name)(2, 3))]
    torch.use_deterministic_algorithms(False)
    if wrong:
        raise SystemExit(f"no longer uninitialised memory: {', '.join(wrong)}")


# Written in Python or C++ outside the operator schemas.
CONSTRUCTORS = {"as_tensor", "asarray", "from_dlpack", "from_numpy", "frombuffer", "tensor"}


def tensor_factories() -> list[str]:
    """Functions of torch that make a tensor: by schema, those that say where to put it (`pin_memory`)."""

    def makes(name: str) -> bool:
        schemas = torch._C._jit_get_schemas_for_operator(f"aten::{name}")
        return any(argument.name == "pin_memory" for schema in schemas for argument in schema.arguments)

    names = (n for n in dir(torch) if not n.startswith("_") and not n.endswith("_"))
    return [f"torch.{name}" for name in names if name in CONSTRUCTORS or makes(name)]


def dtypes() -> dict[str, torch.dtype]:
    return {f"torch.{n}": v for n, v in sorted(vars(torch).items()) if isinstance(v, torch.dtype)}


def computes(dtype: torch.dtype) -> bool:
    """True if a tensor of the type can require grad and be added to: fp8 can the first, not the second."""

    def add() -> object:
        weight = torch.zeros(1).to(dtype).requires_grad_()
        return weight + weight

    return outcome(add) is not None


def tensor_classes(ending: str) -> list[str]:
    """The public kinds of tensor that a Module registers: the name ends in Parameter, or in Buffer."""
    found = {name: value for name, value in vars(nn).items() if name.endswith(ending) and inspect.isclass(value)}
    return sorted(f"torch.nn.{name}" for name, value in found.items() if not issubclass(value, nn.Module))
