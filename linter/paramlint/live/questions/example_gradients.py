"""The gradients of a user's loss on an example."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import nn

from paramlint.live.observe.named_tensors import grouped
from paramlint.live.questions.forward import Example, call, restored, tensors_of


def example_gradients(
    model: nn.Module,
    example: Example,
    loss: Callable[[Any], torch.Tensor] | None = None,
    only: Collection[str] | None = None,
) -> dict[str, torch.Tensor]:
    """The gradient of the loss, or of the sum of the outputs, by the first name of each parameter, or of some only.

    Nothing where the pass fails: why is said by the questions that run it too.
    """
    trained = [
        named for named, *_ in grouped(model) if named.tensor.requires_grad and (only is None or named.name in only)
    ]
    with restored(model), torch.random.fork_rng(devices=[]), torch.enable_grad():
        try:
            output = call(model, example())
            total = loss(output) if loss is not None else _sum(output)
            found = torch.autograd.grad(total, [named.tensor for named in trained], allow_unused=True)
        except Exception:  # the user's forward or loss
            return {}
    return {named.name: gradient for named, gradient in zip(trained, found, strict=True) if gradient is not None}


def _sum(output: Any) -> torch.Tensor:
    floating = [tensor for tensor in tensors_of(output) if tensor.requires_grad and tensor.is_floating_point()]
    return sum((tensor.sum() for tensor in floating), torch.zeros(()))
