"""From a factory to a `LiveModel`: built for real where that fits, else without values.

The size is learnt from a build without values in a fork of the process. In this one it would leave traces: a mask that
the user's code keeps in a cache would then be without values in the real build too.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import torch
from torch import nn

from paramlint.live.build.build_error import BuildError
from paramlint.live.build.protocols import (
    Build,
    Factory,
    Preset,
    bare,
    build_poisoned,
    build_virtual,
    parameters_weighed,
    size_in_bytes,
)
from paramlint.live.build_limits import BUILD_LIMIT
from paramlint.live.keras.keras_model import kind_of, subject_of
from paramlint.live.keras.mirror import Mirroring
from paramlint.live.live_model import LiveModel
from paramlint.live.questions.forward import said_of
from paramlint.live.questions.optimizer_coverage import check_optimizer

BuiltT = TypeVar("BuiltT")

#: A model that is so many times as large as the limit while it is built would not fit into memory either way.
FAR = 8
#: What is said beside an error of a factory that has worked once.
AGAIN = "the factory had worked before: it is run once for the size of the model, and then to build it"

#: What is said where there is no memory for a fork, as when another large model is held in this process.
NO_FORK = "the size of the model is learnt in a fork of this process, which cannot be had; let go of other large models"


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
        preset, method: how the model is built, see `paramlint.live.build.protocols`.
        example: gives the arguments of `forward`.
        optimizer: is given the model.
        limit: bytes of parameters and buffers up to which the model is built for real.

    Raises:
        BuildError: the model cannot be built this way.
        BaseException: whatever the factory raises.
    """
    factory = Mirroring(factory, example, preset)
    size = _size(factory, preset, method, stop_at=FAR * limit)
    is_far = size == math.inf
    build: Build | None = None
    if is_far:
        with contextlib.suppress(Exception):  # whether the factory works at all is told by all of it
            build = build_virtual(factory, preset, method)
        # By here the error is gone that held what was built before it: no fork may promise so much memory twice.
        size = size_in_bytes(build.module) if build else _size(factory, preset, method)
    real = not is_far if size is None else size <= limit
    notes = () if real or size is None else (_too_large(size, limit),)
    try:
        if real:
            build = build_poisoned(factory, preset, method)
        elif build is None:
            build = build_virtual(factory, preset, method)
    except Exception as error:
        if size is not None:
            error.__notes__ = [*getattr(error, "__notes__", ()), AGAIN]
        raise
    assert build is not None
    is_plain = preset == "constructor"
    plain: LiveModel | None = None
    twin: nn.Module | None = None
    try:
        if not real and (constructed := build.plain()) is not None:
            plain = LiveModel(constructed)
            twin = plain.module
        elif not is_plain:
            plain = LiveModel(_without_values(build_virtual, build_poisoned, factory))
            twin = plain.module
        elif real:
            twin = _without_values(bare, lambda again: build_poisoned(again).module, factory)
    except Exception as error:  # the model is there; what instances share is not known
        notes = (*notes, f"the factory failed when it ran again: {said_of(error)}")
    if twin is build.module:  # a factory that hands out the same model each time has no second one to compare with
        plain = twin = None
    return kind_of(build.module)(
        build,
        plain=plain,
        twin=twin if real else None,
        preset=preset,
        make_example=example,
        optimizer=_optimizer_of(build.module, optimizer) if optimizer else None,
        rebuild=factory if twin is not None and real and is_plain else None,
        notes=notes,
    )


def watched(
    factory: Factory,
    *,
    preset: Preset = "constructor",
    method: str = "",
    example: Callable[[], Any] | None = None,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None = None,
) -> LiveModel:
    """Build a model for real in this process, whatever its size, and nothing beside it; arguments as of `live_model`.

    Random numbers are drawn from a seed of their own, and torch's generator is left as it was.
    """
    build = build_poisoned(Mirroring(factory, example, preset), preset, method)
    held = _optimizer_of(build.module, optimizer) if optimizer else None
    return kind_of(build.module)(build, preset=preset, make_example=example, optimizer=held)


def _optimizer_of(module: nn.Module, factory: Callable[[nn.Module], Any]) -> Any:
    """What the user's function makes for a model. Of Keras it may be an optimizer that is not built yet."""
    subject = subject_of(module)
    made = factory(subject)
    return made if subject is not module else check_optimizer(made)


def _without_values(
    build: Callable[[Factory], BuiltT], for_real: Callable[[Factory], BuiltT], factory: Factory
) -> BuiltT:
    """A second instance, plainly constructed and without values where that is possible."""
    try:
        return build(factory)
    except Exception:  # a lack of the tensors without values: the first instance has been built
        return for_real(factory)


def _too_large(size: float, limit: int) -> str:
    return f"not built for real: {size / 2**30:,.4g} GiB is more than the limit of {limit / 2**30:,.4g} GiB"


def _size(factory: Factory, preset: Preset, method: str, stop_at: float = math.inf) -> float | None:
    """Bytes of parameters and buffers; None where that is not known and a build has to tell why.

    Infinite where parameters of more than `stop_at` bytes were there at one time: then the rest is not built.

    Raises:
        BuildError: the system gives no fork.
    """
    if not hasattr(os, "fork"):
        return None
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        raise BuildError(f"{NO_FORK}: {error.strerror}") from error
    if child == 0:
        _tell_size(writer, factory, preset, method, stop_at)
    os.close(writer)
    os.waitpid(child, 0)
    # What the factory has forked may live on with the pipe open, so that there is no end to wait for.
    os.set_blocking(reader, False)
    with open(reader, "rb", buffering=0) as stream:
        text = stream.read(64)
    return float(text) if text else None


def _tell_size(writer: int, factory: Factory, preset: Preset, method: str, stop_at: float) -> NoReturn:
    """In the fork: write the size and end, whatever happens."""
    own = os.getpid()

    def stop() -> None:
        if os.getpid() == own:  # and not in what the factory has forked
            os.write(writer, b"inf")
            os._exit(0)

    try:
        # The threads of torch's pool are not in the fork: work given to them would never be done.
        torch.set_num_threads(1)
        with parameters_weighed(stop_at, stop):
            model = bare(factory, preset, method)
        os.write(writer, b"%d" % size_in_bytes(model))
    finally:
        os._exit(0)
