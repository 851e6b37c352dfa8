"""Is the gradient of a tied parameter the sum of what its places would get apart?"""

from __future__ import annotations

import copy

import torch
from torch import nn

from paramlint.live.observe.named_tensors import Named, grouped
from paramlint.live.questions.forward import Example, gradients_of
from paramlint.live.questions.sharing.shared_tensors import tied


def tied_gradients(model: nn.Module, example: Example) -> dict[str, float]:
    """Compare a pass with that of a copy whose ties are cut.

    Args:
        model: a real model; it is not changed.
        example: gives the arguments of `forward`.

    Returns:
        For each tied parameter, by its first name, the largest difference between its gradient and the sum over the
        places of the copy, relative to the gradient's largest element. It is 0 up to rounding where every place is
        used as one parameter. A parameter that gets no gradient is left out.
    """
    ties = [places for places in map(_distinct, tied(grouped(model))) if len(places) > 1]
    if not ties:
        return {}
    apart = copy.deepcopy(model)
    modules = dict(apart.named_modules(remove_duplicate=False))
    for places in ties:
        for named in places:
            parent, _, attribute = named.name.rpartition(".")
            parameter = nn.Parameter(named.tensor.detach().clone(), named.tensor.requires_grad)
            modules[parent]._parameters[attribute] = parameter
    together, separate = gradients_of(model, example), gradients_of(apart, example)
    differences: dict[str, float] = {}
    for places in ties:
        whole = together.get(places[0].name)
        parts = [separate[named.name] for named in places if named.name in separate]
        if whole is not None and parts:
            differences[places[0].name] = _difference(whole, torch.stack(parts).sum(0))
    return differences


def _distinct(names: list[Named]) -> list[Named]:
    """One name for each place: a module that is shared has several names, and only one place."""
    return list({(id(named.module), named.attribute): named for named in reversed(names)}.values())[::-1]


def _difference(whole: torch.Tensor, total: torch.Tensor) -> float:
    largest = float(whole.abs().max())
    return float((whole - total).abs().max()) / largest if largest else float(total.abs().max())
