"""The models of a run and the names of all that is in them, without what wrappers put before them."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
from torch import nn

from paramlint.live.observe.writes import is_users

#: What wrappers put before the names of what they wrap: DDP, `torch.compile`, FSDP, checkpointing, PEFT.
_WRAPPING = re.compile(r"(?:^|(?<=\.))(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
#: Attributes under which a wrapper holds the model itself.
_HELD = ("module", "_orig_mod", "_fsdp_wrapped_module")
_WRAPPERS = ("DistributedDataParallel", "DataParallel", "OptimizedModule", "FullyShardedDataParallel")
#: Of the caller's variables this many are looked at.
_MOST = 2_000
#: Elements up to which a container is looked into, and functions above the one that begins a watch.
_FEW = 50
_CALLERS = 3


def unwrapped(model: nn.Module) -> nn.Module:
    """The user's own model inside of wrappers."""
    while type(model).__name__ in _WRAPPERS:
        held = next((model._modules[name] for name in _HELD if model._modules.get(name) is not None), None)
        if held is None:
            break
        model = held
    return model


def plain_name(name: str) -> str:
    """A name without the parts that wrappers inside of a model add."""
    return _WRAPPING.sub("", name)


def roots_of(given: Any) -> dict[str, nn.Module]:
    """The models by name: one has an empty name.

    Raises:
        TypeError: it is neither a module nor a mapping of names to modules.
    """
    if isinstance(given, nn.Module) and not isinstance(given, nn.ModuleDict):
        return {"": unwrapped(given)}
    if isinstance(given, (Mapping, nn.ModuleDict)) and all(isinstance(one, nn.Module) for one in given.values()):
        return {str(name): unwrapped(one) for name, one in given.items()}
    if isinstance(given, (list, tuple)) and all(isinstance(one, nn.Module) for one in given):
        return {str(i): unwrapped(one) for i, one in enumerate(given)}
    raise TypeError(f"a module or a dict of named ones is watched, not {type(given).__name__}")


def optimizers_of(given: Any) -> dict[str, Any]:
    """The optimizers by name; empty without one.

    Raises:
        TypeError: something among them has no `param_groups`.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        found = {str(name): one for name, one in given.items()}
    elif isinstance(given, (list, tuple)):
        found = {f"optimizers[{i}]": one for i, one in enumerate(given)}
    else:
        found = {"optimizer": given}
    for one in found.values():
        if not hasattr(one, "param_groups"):
            raise TypeError(f"an optimizer, or a list or dict of them, is expected, not {type(one).__name__}")
    return found


@dataclass(frozen=True)
class Variables:
    """What code can name where a watch begins.

    Attributes:
        own: of the function that begins it; of its file, where that is no function.
        all: these, those of its file, and those of the functions that called it.
    """

    own: dict[str, Any]
    all: dict[str, Any]

    @staticmethod
    def of(frame: FrameType | None) -> Variables:
        """Those of a frame; `self` gives its attributes too."""
        if frame is None:
            return Variables({}, {})
        own = dict(_named(_locals(frame)))
        found = dict(own)
        file, above = frame, frame.f_back
        for _ in range(_CALLERS):
            if above is None or not is_users(above.f_code.co_filename):
                break
            found = dict(_named(_locals(above))) | found
            above = above.f_back
        return Variables(own, dict(_named(file.f_globals)) | found)


def _locals(frame: FrameType) -> dict[str, Any]:
    """The variables of a frame, which does not keep them alive for having been asked."""
    held = frame.f_locals
    found = dict(held)
    if sys.version_info < (3, 13) and held is not frame.f_globals and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        held.clear()  # a copy that the frame would keep until its function returns
    return found


def _named(scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in list(scope.items())[:_MOST]:
        if name.startswith("_"):
            continue
        yield name, value
        if isinstance(value, Mapping) and len(value) < _FEW:
            yield from ((f'{name}["{key}"]', one) for key, one in list(value.items()) if isinstance(key, str))
        elif isinstance(value, (list, tuple)) and len(value) < _FEW:
            yield from ((f"{name}[{i}]", one) for i, one in enumerate(value))
        elif type(value).__module__ not in ("builtins", "torch") and not isinstance(value, (type, nn.Module)):
            held = getattr(value, "__dict__", None)
            if isinstance(held, dict) and len(held) < _FEW:
                yield from ((f"{name}.{key}", one) for key, one in list(held.items()))


def is_plain(tensor: torch.Tensor) -> bool:
    """Whether memory and versions of a tensor are its own: not one that FSDP shards or flattens."""
    return type(tensor) in (torch.Tensor, nn.Parameter)
