"""From a factory to a `LiveModel`: first without touching memory, then, where it fits, for real."""

from __future__ import annotations

from collections.abc import Callable

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
from paramlint.verify.forward import Example
from paramlint.verify.live import LiveModel

#: Bytes of parameters and buffers up to which a model is built for real.
LIMIT = 2 << 30


def observe(
    factory: Factory,
    *,
    preset: Preset = "constructor",
    method: str = "",
    limit: int = LIMIT,
    example: Example | None = None,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None = None,
) -> LiveModel:
    """Build a model under the shadow.

    Args:
        factory: makes the model; it is called two or three times.
        preset: how the model is really built, see `paramlint.verify.build`.
        method: called after the construction; with the preset `meta` instead of its own choice.
        limit: bytes of parameters and buffers up to which it is also built for real, which proves what the
            shadow says, gives values, and allows a pass on the example.
        example: gives the arguments for one pass: a tensor, a tuple or a dict.
        optimizer: makes the optimizer, to be compared with the model's parameters.

    Raises:
        BuildError: the factory returns no module, or the preset needs something that the model has not.
    """
    notes: list[str] = []
    virtual = _try_virtual(factory, preset, method, notes)
    real: Build | None = None
    if virtual is None or size_in_bytes(virtual.module) <= limit:
        real = build_poisoned(factory, preset, method)
    else:
        size = size_in_bytes(virtual.module) / (1 << 30)
        notes.append(f"not confirmed: {size:.1f} GiB is too large for a real build, see the limit")
    build = real or virtual
    assert build is not None
    if preset == "constructor":
        plain, rebuild = None, factory
    else:
        constructed = _try_virtual(factory, "constructor", "", notes)
        plain, rebuild = (LiveModel(constructed) if constructed else None), None
    return LiveModel(
        build,
        plain=plain,
        twin=virtual.module if real and virtual else None,
        preset=preset,
        make_example=example,
        optimizer=optimizer(build.module) if optimizer else None,
        rebuild=rebuild,
        notes=tuple(notes),
    )


def _try_virtual(factory: Factory, preset: Preset, method: str, notes: list[str]) -> Build | None:
    """A virtual build. Where it fails the real one decides, because virtual memory may be why."""
    try:
        return build_virtual(factory, preset, method)
    except BuildError:
        raise
    except Exception as error:
        notes.append(f"no virtual build: {type(error).__name__}: {' '.join(str(error).split())}"[:300])
        return None
