"""From a factory to a `LiveModel`: without values first, to learn the size; then for real where that fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from paramlint.verify.build import (
    Build,
    BuildError,
    Factory,
    Preset,
    build_poisoned,
    build_virtual,
    size_in_bytes,
)
from paramlint.verify.live import LiveModel


def live_model(
    factory: Factory,
    *,
    preset: Preset = "constructor",
    method: str = "",
    example: Callable[[], Any] | None = None,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None = None,
    limit: int,
) -> LiveModel:
    """Build a model and what it is compared with.

    Args:
        factory: called without arguments, several times.
        preset, method: how the model is built, see `paramlint.verify.build`.
        example: gives the arguments of `forward`.
        optimizer: is given the model.
        limit: bytes of parameters and buffers up to which the model is built for real.

    Raises:
        BuildError: the model cannot be built this way.
        BaseException: whatever the factory raises.
    """
    build, notes = _build(factory, preset, method, limit)
    real = not build.virtual
    plain = _build(factory, "constructor", "", limit)[0] if preset != "constructor" else None
    return LiveModel(
        build,
        plain=LiveModel(plain) if plain else None,
        twin=factory() if real else build_virtual(factory).module,
        preset=preset,
        make_example=example,
        optimizer=optimizer(build.module) if optimizer else None,
        rebuild=factory if real else None,
        notes=notes,
    )


def _build(factory: Factory, preset: Preset, method: str, limit: int) -> tuple[Build, tuple[str, ...]]:
    try:
        virtual = build_virtual(factory, preset, method)
    except BuildError:
        raise
    except Exception:  # either the user's own error, which comes again, or a lack of the virtual tensors
        return build_poisoned(factory, preset, method), ()
    size = size_in_bytes(virtual.module)
    if size <= limit:
        return build_poisoned(factory, preset, method), ()
    gib = size / 2**30
    return virtual, (f"not built for real: {gib:.3g} GiB is more than the limit of {limit / 2**30:.3g} GiB",)
