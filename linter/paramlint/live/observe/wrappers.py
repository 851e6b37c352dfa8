"""Tensors that are made of other tensors: quantized ones, and those that lie on several devices.

A wrapper has a shape and no memory. What its class names in `__tensor_flatten__` has the memory, and is what was
allocated and written.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn.parameter import is_lazy

#: Wrappers inside of wrappers.
DEEPEST = 8


def is_wrapper(cls: type) -> bool:
    """Whether the tensors of a class are made of others."""
    return hasattr(cls, "__tensor_flatten__")


def named_parts(tensor: torch.Tensor, depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors with memory that a tensor is made of, by their attributes; a plain tensor is its own only part."""
    if not is_wrapper(type(tensor)) or depth > DEEPEST:
        yield "", tensor
        return
    for attribute in type(tensor).__tensor_flatten__(tensor)[0]:
        held = getattr(tensor, attribute)
        if isinstance(held, torch.Tensor):
            for inner, part in named_parts(held, depth + 1):
                yield (f"{attribute}.{inner}" if inner else attribute), part


def shape_of(tensor: torch.Tensor) -> tuple[int, ...]:
    """The shape of a tensor, empty where it has none: while it is lazy, or as it holds rows of different lengths."""
    return () if is_lazy(tensor) or tensor.is_nested else tuple(map(int, tensor.shape))
