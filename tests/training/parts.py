"""What the small runs are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

import paramlint

STEPS = 6


class Net(nn.Module):
    """A body with a norm and dropout, and a head."""

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width), nn.Tanh(), nn.Dropout(0.1))
        self.head = nn.Linear(width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


def batches(steps: int = STEPS, size: int = 16) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of classified points."""
    for _ in range(steps):
        x = torch.randn(size, 6)
        yield x, (x.sum(1) > 0).long() + (x[:, 0] > 1).long()


def error(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The usual loss."""
    return nn.functional.cross_entropy(output, y)


def step(net: nn.Module, opt: torch.optim.Optimizer, x: torch.Tensor, y: torch.Tensor) -> None:
    """A step as it should be."""
    opt.zero_grad()
    error(net(x), y).backward()
    opt.step()


def trained(net: nn.Module, opt: torch.optim.Optimizer) -> Any:
    """A watched run of such steps."""
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
    return watched


def plain(width: int = 6) -> nn.Sequential:
    """Layers without state."""
    return nn.Sequential(nn.Linear(6, width), nn.Tanh(), nn.Linear(width, 3))


class Generator(nn.Sequential):
    """Noise to points."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 6))


class Critic(nn.Sequential):
    """Points to a score."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(6, 8), nn.LeakyReLU(), nn.Linear(8, 1))


class Tied(nn.Module):
    """An embedding and the projection back to it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 6)
        self.mix = nn.Linear(6, 6)
        self.out = nn.Linear(6, 10, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.tanh(self.mix(self.embed(x))))
