"""Functions of `torch.nn.init`, and the optimizers."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from torch_facts.modules import argument_names


def init_functions() -> dict[str, list[str]]:
    names = (n for n in vars(nn.init) if n.endswith("_") and not n.startswith("_"))
    return {name: list(inspect.signature(getattr(nn.init, name)).parameters) for name in sorted(names)}


def deprecated_init() -> dict[str, str]:
    return {n: f"{n}_" for n in sorted(vars(nn.init)) if not n.startswith("_") and f"{n}_" in init_functions()}


# Arguments without a default.
INIT_CALLS: dict[str, tuple[Any, ...]] = {"constant_": (0.5,), "sparse_": (0.5,)}


def run_init(name: str, tensor: torch.Tensor) -> object:
    return getattr(nn.init, name)(tensor, *INIT_CALLS.get(name, ()))


def init_error(name: str) -> str | None:
    """What the function says to a 1-D tensor."""
    try:
        run_init(name, torch.empty(4))
    except (ValueError, RuntimeError) as error:
        return str(error)
    return None


def returns_tensor(name: str) -> bool:
    """True if the function returns the tensor that it was given (`dirac_` needs a convolution's)."""
    tensor = torch.empty((4, 4, 3) if name == "dirac_" else (4, 4))
    return run_init(name, tensor) is tensor


def optimizers() -> dict[str, list[str]]:
    found = {n: v for n, v in vars(torch.optim).items() if inspect.isclass(v) and issubclass(v, torch.optim.Optimizer)}
    return {f"torch.optim.{name}": argument_names(cls) for name, cls in sorted(found.items())}
