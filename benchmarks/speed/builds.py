"""What watching a model being built costs, as JSON: a process of its own, so that the one that measures stays small.

benchmarks/speed/builds.py traced ROUNDS
benchmarks/speed/builds.py virtual SHAPE
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from paramlint import trace
from paramlint.live.build.protocols import build_virtual
from paramlint.live.observe.memory import ShadowMode

sys.path.append(str(Path(__file__).parents[1]))
from virtual_build import SHAPES, Llama, statuses

#: A transformer of 6 layers and 100 million parameters, small enough to be built for real.
REAL = (1024, 2816, 256, 6, 16000)
#: How a build is watched: not at all, by the tracker alone, and by all of `paramlint.trace()`, which fills memory too.
WATCHED: dict[str, Callable[[], Any]] = {"plain": nullcontext, "tracker": ShadowMode, "trace": trace}


def cost_of_build(watch: Callable[[], Any]) -> float:
    """CPU seconds of one real build."""
    started = time.process_time()
    with watch():
        Llama(*REAL)
    return time.process_time() - started


def traced(rounds: int) -> dict[str, Any]:
    """CPU seconds of real builds, by how they are watched, in turn."""
    for watch in WATCHED.values():
        cost_of_build(watch)
    parameters = sum(parameter.numel() for parameter in Llama(*REAL).parameters())
    costs = [{name: cost_of_build(watch) for name, watch in WATCHED.items()} for _ in range(rounds)]
    return {"parameters": parameters, "rounds": costs}


def virtual(shape: str) -> dict[str, Any]:
    """CPU seconds of a virtual build, and the bytes by which the peak of memory rises."""
    statuses(build_virtual(lambda: Llama(64, 128, 16, 2, 100)))  # torch loads much at first use
    memory, started = _peak(), time.process_time()
    build = build_virtual(lambda: Llama(*SHAPES[shape]))
    found = statuses(build)
    cpu, grown = time.process_time() - started, _peak() - memory
    parameters = list(build.module.parameters())
    count = sum(parameter.numel() for parameter in parameters)
    return {"parameters": count, "tensors": len(parameters), "statuses": found, "cpu": cpu, "memory": grown}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, argument = sys.argv[1:]
    json.dump(traced(int(argument)) if what == "traced" else virtual(argument), sys.stdout)
