"""What a watch costs: the same steps with and without one, in turns, and the time that is spent in its own hooks.

    python benchmarks/watch.py [--width 3500] [--pairs 10]

A perceptron with ReLU of about 100 million parameters, batch 32, Adam. On a machine that others use, the ratio of
paired steps says little; the share of the step that the hooks take, in processor time of this thread, says more.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from paramlint.live.training import hooks
from paramlint.live.training.recorder import Recorder


class Clock:
    """Processor time of this thread in functions that are wrapped."""

    def __init__(self) -> None:
        self.spent = 0.0

    def wrap(self, owner: Any, name: str) -> None:
        """Time a method."""
        inner = getattr(owner, name)

        def timed(*given: Any, **named: Any) -> Any:
            started = time.thread_time()
            try:
                return inner(*given, **named)
            finally:
                self.spent += time.thread_time() - started

        setattr(owner, name, timed)


def model(width: int) -> nn.Sequential:
    """Eight wide layers and a narrow one."""
    layers = [part for _ in range(8) for part in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def measure(width: int, pairs: int) -> None:
    """Print the figures."""
    torch.manual_seed(0)
    net = model(width)
    opt = torch.optim.Adam(net.parameters(), 1e-4)
    x, y = torch.randn(32, width), torch.randint(10, (32,))
    clock = Clock()
    for name in ("_before_forward", "_after_forward", "_before_step", "_after_step"):
        clock.wrap(hooks.Hooks, name)
    clock.wrap(Recorder, "on_gradient")

    def step() -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        opt.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        opt.step()
        return time.perf_counter() - wall, time.process_time() - cpu

    ratios, shares = paired(net, opt, step, clock, pairs)
    print(f"{sum(p.numel() for p in net.parameters()) / 1e6:.0f} M parameters, {torch.get_num_threads()} threads")
    print(f"a step with a watch takes {statistics.median(ratios):.3f} of one without (median of {pairs} pairs)")
    print(f"its hooks take {statistics.median(shares):.2%} of the step's processor time")


def paired(
    net: nn.Module, opt: torch.optim.Optimizer, step: Callable[[], tuple[float, float]], clock: Clock, pairs: int
) -> tuple[list[float], list[float]]:
    """Ratios of the wall clock, and shares of processor time."""
    for _ in range(2):
        step()
    ratios, shares = [], []
    for _ in range(pairs):
        without, _ = step()
        recorder = Recorder({"": net}, {"optimizer": opt}, 1000, {})
        mine = hooks.Hooks(recorder)
        mine.install()
        step()
        clock.spent = 0.0
        wall, cpu = step()
        mine.remove()
        ratios.append(wall / without)
        shares.append(clock.spent / cpu)
    return ratios, shares


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=3500)
    parser.add_argument("--pairs", type=int, default=10)
    given = parser.parse_args()
    measure(given.width, given.pairs)
