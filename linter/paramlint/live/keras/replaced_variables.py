"""Variables in whose place an attribute of their layer holds a tensor, and those that have one path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from paramlint.live.keras.lost_variables import CONTAINERS
from paramlint.live.keras.mirror import Held, Mirrored
from paramlint.live.questions.unregistered import graph_leaves


@dataclass(frozen=True, eq=False)
class Replaced:
    """A variable and the attribute with a tensor in its place; `computed` where the tensor was made from it."""

    held: Held
    attribute: str
    computed: bool


def replaced_variables(shown: Mirrored) -> Iterator[Replaced]:
    """The variables that no attribute of their layer holds, and that one with a tensor stands for."""
    for held in shown.held:
        attributes = vars(held.layer)
        if not held.is_parameter or any(_holds(value, held.variable) for value in _own(attributes)):
            continue
        for name, value in attributes.items():
            if not isinstance(value, torch.Tensor) or isinstance(value, torch.nn.Parameter):
                continue
            computed = any(leaf is held.variable._value for leaf in graph_leaves([value]))
            if computed or name == held.variable.name:
                yield Replaced(held, name, computed)
                break


def repeated_paths(shown: Mirrored) -> Iterator[tuple[Held, Held]]:
    """Pairs of parameters with one path: one that torch does not know, and the one that it knows by this path."""
    of_path: dict[str, list[Held]] = {}
    for held in shown.held:
        of_path.setdefault(held.variable.path, []).append(held)
    twice = [together for together in of_path.values() if len(together) > 1]
    known = {id(parameter) for parameter in shown.model.parameters()} if twice else set()
    for together in twice:
        last = next((held for held in together if id(held.variable._value) in known), None)
        for held in together:
            if last is not None and held.is_parameter and id(held.variable._value) not in known:
                yield held, last


def _own(attributes: dict[str, Any]) -> Iterator[Any]:
    """What the layer's own code has stored: not the lists in which Keras tracks all variables."""
    tracking = ("_trainable_variables", "_non_trainable_variables", "_tracker", "_torch_params")
    return (value for name, value in attributes.items() if name not in tracking)


def _holds(value: Any, variable: Any) -> bool:
    if value is variable:
        return True
    if not isinstance(value, CONTAINERS):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return any(_holds(one, variable) for one in inner)
