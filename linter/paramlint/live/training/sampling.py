"""A few values of a tensor, evenly spaced: enough to see that it changes, and how large it is, at hardly any cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import is_lazy

Array = np.ndarray[Any, Any]

#: Elements of a tensor that are looked at in each step.
MOST = 1024


def local(tensor: torch.Tensor) -> torch.Tensor:
    """The part of a distributed tensor that is in this process; any other tensor itself."""
    return getattr(tensor, "_local_tensor", tensor)


def sample(tensor: torch.Tensor) -> torch.Tensor | None:
    """At most some `MOST` evenly spaced elements; those of a tensor of the same shape are the same ones.

    Of a sparse gradient they are of the rows that it has. None where there is nothing to be read.
    """
    if is_lazy(tensor):
        return None
    tensor = local(tensor.detach())
    if tensor.layout == torch.sparse_coo:
        tensor = tensor._values()
    if tensor.is_meta or tensor.layout != torch.strided or not tensor.numel():
        return None
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    step = stride(tensor.numel())
    if tensor.is_contiguous():
        return tensor.view(-1)[::step]
    index = torch.arange(0, tensor.numel(), step, device=tensor.device)
    return tensor[torch.unravel_index(index, tensor.shape)]


def stride(elements: int) -> int:
    """The distance of two elements of a sample; odd, so that it does not meet one column again and again."""
    return 1 if elements <= MOST else -(-elements // MOST) | 1


def gather(tensors: Sequence[torch.Tensor | None]) -> list[Array | None]:
    """Copies of samples of many tensors, with one transfer from each device."""
    found: list[Array | None] = [None] * len(tensors)
    waiting: dict[tuple[torch.device, torch.dtype], list[tuple[int, torch.Tensor]]] = {}
    with torch.no_grad():
        for i, tensor in enumerate(tensors):
            taken = None if tensor is None else sample(tensor)
            if taken is None:
                continue
            if taken.device.type == "cpu" and taken.dtype in (torch.float32, torch.float64):
                found[i] = taken.numpy().copy()
            else:
                wide = taken if taken.dtype == torch.float64 else taken.float()
                waiting.setdefault((wide.device, wide.dtype), []).append((i, wide))
        for several in waiting.values():
            joined = torch.cat([taken for _, taken in several]).cpu().numpy()
            start = 0
            for i, taken in several:
                found[i] = joined[start : start + taken.numel()].copy()
                start += taken.numel()
    return found


def norm(taken: Array, elements: int) -> float:
    """The norm of a tensor as far as a sample of it tells."""
    if not taken.size:
        return 0.0
    wide = taken.astype(np.float64)
    return float(np.sqrt(np.square(wide).sum() * (max(elements, taken.size) / taken.size)))


def differ(one: Array, two: Array) -> Array:
    """Where two samples differ; what is no number is like another one."""
    found: Array = (one != two) & ~(np.isnan(one) & np.isnan(two))
    return found


def is_zero(tensor: torch.Tensor) -> bool:
    """Whether a sample of a tensor is nothing but zeros; one without values is not."""
    taken = sample(tensor)
    return taken is not None and not bool(taken.any())
