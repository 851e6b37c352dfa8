"""Batch norms whose statistics move although they were frozen, or put into evaluation mode."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from paramlint.live.observe.registrations import NORM


def norms_updated_while_frozen(
    model: nn.Module, mirrors: frozenset[str], evaluated_at: Callable[[nn.Module], tuple[str, int] | None]
) -> dict[str, tuple[str, int]]:
    """The batch norms that are frozen, or were put into evaluation mode, and whose statistics move after `train()`.

    Args:
        model: the model; its modes are left as they were.
        mirrors: parameters that no loss trains.
        evaluated_at: the file and row where `eval()` was called on a module; None where it was not.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.train()
        moving = {name: module for name, module in model.named_modules() if _moves(module)}
        places = {name: evaluated_at(module) or ("", 0) for name, module in moving.items()}
        return {
            name: place
            for name, place in places.items()
            if place[0] or (_is_frozen(moving[name]) and f"{name}.weight" not in mirrors)
        }
    finally:
        for module, training in modes:
            module.training = training


def _moves(module: nn.Module) -> bool:
    return isinstance(module, NORM) and module.training and module.running_mean is not None


def _is_frozen(module: nn.Module) -> bool:
    parameters = list(module.parameters(recurse=False))
    return bool(parameters) and not any(p.requires_grad for p in parameters)
