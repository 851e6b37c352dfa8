#!/usr/bin/env python3
"""What proving a model of 70 to 671 billion parameters takes beside building it on the meta device.

    benchmarks/large_configs.py [NAME ...]

Each is made from a configuration of transformers and proved under its preset by all default rules. Prints CPU seconds,
those of the fork that learns the size included, as times of the constructor on the meta device; and what the same
protocol takes without values and without being watched.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import torch

from paramlint.engine.catalogue import select
from paramlint.live.build.protocols import bare
from paramlint.live.construct import live_model
from paramlint.verify.judge.prove import prove

#: The model's class, its configuration's, and what differs from the configuration's defaults.
CONFIGS: dict[str, tuple[str, str, dict[str, int]]] = {
    "llama-70b": (
        "LlamaForCausalLM",
        "LlamaConfig",
        {
            "hidden_size": 8192,
            "intermediate_size": 28672,
            "num_hidden_layers": 80,
            "num_attention_heads": 64,
            "num_key_value_heads": 8,
            "vocab_size": 128256,
        },
    ),
    "deepseek-671b": ("DeepseekV3ForCausalLM", "DeepseekV3Config", {"num_hidden_layers": 61}),
}
ROUNDS = 4


def seconds() -> float:
    return sum(os.times()[:4])


def least(run: Callable[[], object]) -> float:
    """CPU seconds of the fastest of some rounds: the machine may be busy."""
    taken = []
    for _ in range(ROUNDS):
        gc.collect()
        started = seconds()
        run()
        taken.append(seconds() - started)
    return min(taken)


def measure(name: str) -> None:
    transformers: Any = importlib.import_module("transformers")
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    cls, config_of, different = CONFIGS[name]
    config = getattr(transformers, config_of)(**different)

    def factory() -> Any:
        return getattr(transformers, cls)(config)

    def on_meta() -> None:
        with torch.device("meta"):
            factory()

    found: list[object] = []

    def proved() -> None:
        found[:] = prove(live_model(factory, preset="transformers"), select())

    meta, unwatched, whole = (least(run) for run in (on_meta, lambda: bare(factory, "transformers"), proved))
    print(
        f"{name}: on meta {meta:.3f} s, the protocol unwatched {unwatched / meta:.1f} times that, "
        f"proved {whole / meta:.1f} times, {len(found)} findings"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or CONFIGS:
        measure(name)
