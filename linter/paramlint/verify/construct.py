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
from paramlint.verify.work import BUILD_LIMIT


def live_model(
    factory: Factory,
    *,
    preset: Preset = "constructor",
    method: str = "",
    example: Callable[[], Any] | None = None,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None = None,
    limit: int = BUILD_LIMIT,
) -> LiveModel:
    """Build a model and what it is compared with.

    Args:
        factory: called without arguments, two or three times.
        preset, method: how the model is built, see `paramlint.verify.build`.
        example: gives the arguments of `forward`.
        optimizer: is given the model.
        limit: bytes of parameters and buffers up to which the model is built for real.

    Raises:
        BuildError: the model cannot be built this way.
        BaseException: whatever the factory raises.
    """
    virtual, real, notes = _builds(factory, preset, method, limit)
    build = real or virtual
    assert build is not None
    plain = None
    if preset != "constructor":
        plain = _first(_builds(factory, "constructor", "", 0))
    return LiveModel(
        build,
        plain=LiveModel(plain) if plain else None,
        twin=virtual.module if real and virtual else None,
        preset=preset,
        make_example=example,
        optimizer=optimizer(build.module) if optimizer else None,
        rebuild=factory if real and preset == "constructor" else None,
        notes=notes,
    )


def _builds(
    factory: Factory, preset: Preset, method: str, limit: int
) -> tuple[Build | None, Build | None, tuple[str, ...]]:
    """A virtual build where it succeeds, a real one where that fails or the size allows it, and notes."""
    try:
        virtual = build_virtual(factory, preset, method)
    except BuildError:
        raise
    except Exception:  # either the user's own error, which comes again, or a lack of the virtual tensors
        return None, build_poisoned(factory, preset, method), ()
    size = size_in_bytes(virtual.module)
    if size <= limit:
        return virtual, build_poisoned(factory, preset, method), ()
    gib = size / 2**30
    return virtual, None, (f"not built for real: {gib:.3g} GiB is more than the limit of {limit / 2**30:.3g} GiB",)


def _first(builds: tuple[Build | None, Build | None, tuple[str, ...]]) -> Build | None:
    return builds[0] or builds[1]
