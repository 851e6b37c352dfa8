"""Masks by size: what replaces, in a tensor, the elements that are near zero.

    w *= w.abs() >= 5                 w[w.abs() < 5] = 0                w.masked_fill_(w.abs() < 5, 0)

That the mask was made of these very elements is told by its history, and by the values that are left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from paramlint.live.observe.writes import Step

#: Elements up to which values are looked at.
MOST = 1 << 24
#: What keeps the far elements, and what takes the near ones; and whether the edge itself is near.
KEEPS = {"ge": False, "gt": True}
TAKES = {"lt": False, "le": True}
#: The operations that write with a mask.
MASKING = frozenset({"mul_", "masked_fill_", "index_put_", "_index_put_impl_"})

Steps = tuple[Step, ...]


def masked(op: str, arguments: Mapping[str, Any], mask: torch.Tensor, before: Steps, mask_steps: Steps) -> Step | None:
    """The step that an operation with a mask is; None where it is another one.

    Args:
        arguments: of the operation, by name; `self` is as the operation has left it.
        before, mask_steps: the histories of the tensor, before this operation, and of the mask.
    """
    tensor = arguments["self"]
    tail = [step for step in mask_steps if step.op != "_to_copy"][-2:]
    if tensor.is_meta or len(tail) < 2 or tail[0].op != "abs":
        return None
    sides = KEEPS if op == "mul_" else TAKES
    edge, value = tail[1].arguments.get("other"), _value_of(op, arguments)
    if tail[1].op not in sides or not isinstance(edge, (int, float)) or edge < 0 or value is None:
        return None
    if tuple(step.op for step in mask_steps[: len(before)]) != tuple(step.op for step in before):
        return None
    strict = sides[tail[1].op]
    near = ~mask.bool() if op == "mul_" else mask
    if tensor.numel() <= MOST and not _is_so(tensor, near, edge, value, strict=strict):
        return None
    return Step("masked", {"edge": float(edge), "value": value, "strict": strict})


def mask_of(op: str, arguments: Mapping[str, Any]) -> torch.Tensor | None:
    """The argument that may be a mask: a tensor of the shape of what is written."""
    if op == "mul_":
        mask = arguments.get("other")
    elif op == "masked_fill_":
        mask = arguments.get("mask")
    else:
        indices = arguments.get("indices") or [None]
        mask = indices[0] if len(indices) == 1 and not arguments.get("accumulate") else None
    own = arguments.get("self")
    if not isinstance(mask, torch.Tensor) or not isinstance(own, torch.Tensor) or mask.shape != own.shape:
        return None
    return mask if op == "mul_" or mask.dtype == torch.bool else None


def _value_of(op: str, arguments: Mapping[str, Any]) -> float | None:
    """What the near elements become."""
    value = 0.0 if op == "mul_" else arguments.get("value", arguments.get("values"))
    if isinstance(value, torch.Tensor):
        value = float(value) if value.numel() == 1 and not value.is_meta and not value.is_complex() else None
    return float(value) if isinstance(value, (int, float)) else None


def _is_so(tensor: torch.Tensor, near: torch.Tensor, edge: float, value: float, *, strict: bool) -> bool:
    """Whether what the mask names has the value, and all else is far."""
    with torch.no_grad():
        size = tensor[~near].abs()
        is_far = bool((size > edge).all() if strict else (size >= edge).all())
        return is_far and bool((tensor[near] == value).all())
