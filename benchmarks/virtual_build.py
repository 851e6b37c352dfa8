#!/usr/bin/env python3
"""How much time and memory a virtual build takes: Llamas of 8 billion to a trillion parameters.

    benchmarks/virtual_build.py [SHAPE ...]

The weights of the largest would be 4 TB. Prints CPU seconds and the growth of resident memory after torch was imported
and used once. Each is built with `normal_`, as Llama is in transformers, and with `trunc_normal_`, as in torchtitan:
a dozen operations a draw.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import psutil
from torch import nn

from paramlint.live.build.protocols import Build, build_virtual

#: Width, width of the feed-forward layer, width of keys and values, blocks, vocabulary. The first three are released
#: models, the last goes on in their proportions.
SHAPES: dict[str, tuple[int, int, int, int, int]] = {
    "8B": (4096, 14336, 1024, 32, 128256),
    "70B": (8192, 28672, 1024, 80, 128256),
    "405B": (16384, 53248, 1024, 126, 128256),
    "1T": (24576, 79872, 1024, 140, 128256),
}


def linear(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=False)


def block(width: int, hidden: int, key_value: int) -> nn.Module:
    attention = [linear(width, width), linear(width, key_value), linear(width, key_value), linear(width, width)]
    feed_forward = [linear(width, hidden), linear(width, hidden), linear(hidden, width)]
    return nn.Sequential(*attention, *feed_forward, nn.RMSNorm(width), nn.RMSNorm(width))


class Llama(nn.Module):
    def __init__(
        self,
        width: int,
        hidden: int,
        key_value: int,
        depth: int,
        vocabulary: int,
        draw: Callable[..., Any] = nn.init.normal_,
    ) -> None:
        super().__init__()
        self.draw = draw
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(block(width, hidden, key_value) for _ in range(depth))
        self.norm = nn.RMSNorm(width)
        self.head = linear(width, vocabulary)
        self.apply(self._init_weights)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            self.draw(module.weight, std=0.02)


def statuses(build: Build) -> dict[str, int]:
    counts: dict[str, int] = {}
    for parameter in build.module.parameters():
        status = build.shadow.account(parameter).status
        counts[status] = counts.get(status, 0) + 1
    return counts


def measure(shape: str, draw: Callable[..., Any]) -> None:
    process = psutil.Process()
    memory, started = process.memory_info().rss, time.process_time()
    build = build_virtual(lambda: Llama(*SHAPES[shape], draw))
    found = statuses(build)
    seconds, grown = time.process_time() - started, process.memory_info().rss - memory
    count = sum(parameter.numel() for parameter in build.module.parameters())
    size = f"{count / 1e9:.1f} billion parameters"
    print(f"{size}, {draw.__name__}, {found}: {seconds:.2f} s CPU, {grown / 2**20:.0f} MiB")


def main() -> None:
    statuses(build_virtual(lambda: Llama(64, 128, 16, 2, 100)))
    for shape in sys.argv[1:] or SHAPES:
        for draw in (nn.init.normal_, nn.init.trunc_normal_):
            measure(shape, draw)


if __name__ == "__main__":
    main()
