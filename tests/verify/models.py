"""Models to verify from the command line."""

from __future__ import annotations

import torch
from torch import nn


class Good(nn.Module):
    """Nothing is wrong with it."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, width)
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(3)])
        self.head = nn.Linear(width, 50, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embed(x)
        for block in self.blocks:
            x = block(x).relu()
        return self.head(x)


class Unwritten(nn.Module):
    """Its scale is memory as it was found."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.scale


class NeedsWidth(nn.Module):
    """It cannot be built alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)


class NeedsKeyword(nn.Module):
    """It asks its own keywords for a name."""

    def __init__(self, **options: int) -> None:
        super().__init__()
        self.inner = nn.Linear(options["width"], 1)


class NeedsUnheard(nn.Module):
    """Nobody can guess what it needs."""

    def __init__(self, unheard: str, width: int) -> None:
        super().__init__()


class NeedsOdd(nn.Module):
    """What is guessed is not what it needs."""

    def __init__(self, width: int) -> None:
        super().__init__()
        if width % 2 == 0:
            raise ValueError("the width is even")


class Broken(nn.Module):
    """It cannot be built at all."""

    def __init__(self) -> None:
        super().__init__()
        raise NotImplementedError("abstract")


class _Private(nn.Module):
    """Not for others."""


def buffered() -> nn.Module:
    """Has buffers, one of them under two names and one that is not saved."""
    model = nn.Module()
    model.register_buffer("mask", torch.zeros(2), persistent=False)
    model.norm = nn.BatchNorm1d(3)
    model.again = model.norm
    return model


def example() -> torch.Tensor:
    return torch.arange(6).reshape(2, 3)


def large() -> nn.Module:
    return nn.Linear(40_000, 40_000, bias=False)


def no_module() -> dict[str, int]:
    return {}


def on_gpu() -> nn.Module:
    return Good().cuda()


def patches_torch() -> nn.Module:
    """Breaks what an analysis of the model would use."""
    del nn.Module.named_modules
    return Good()


def sets_defaults() -> nn.Module:
    """Leaves torch with other defaults than it found."""
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    return Good()


built = Good()
