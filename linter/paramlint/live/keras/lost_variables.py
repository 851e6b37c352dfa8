"""Layers and tensors that a model reaches and Keras does not track: what is in them is not trained or saved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from paramlint.live.keras.backend import keras
from paramlint.live.keras.creations import Creations, LayerMade
from paramlint.live.keras.mirror import Mirrored
from paramlint.live.observe.named_tensors import Named, defining_class, stored_attributes
from paramlint.live.observe.writes import is_kerass, is_torchs
from paramlint.live.questions.unregistered import Found, held_by_classes_of, reached

#: What Keras wraps in classes of its own, and leads on.
CONTAINERS = (list, dict, set, tuple)


@dataclass(frozen=True, eq=False)
class MadeInCall:
    """Layers with variables that one line of a layer's `call` makes, each time anew.

    Attributes:
        caller: the class of that layer.
        layer: the class of what is made.
        filename, row: the line.
    """

    caller: type
    layer: type
    filename: str
    row: int


def untracked(shown: Mirrored, groups: list[list[Named]]) -> list[Found]:
    """Layers and trainable tensors that the attributes of the model's layers lead to, and that are not its own."""
    known = {id(made.variable()) for made in shown.creations.variables}
    values = {id(v._value) for made in shown.creations.variables if (v := made.variable()) is not None}
    found = reached(_steps(shown), shown.layers.values(), groups, lambda value: _is_kerass_own(value, known))
    return [one for one in found if id(one.value) not in values and (one.is_trainable or one.is_parameter)]


def held_by_classes(shown: Mirrored) -> list[Found]:
    """Layers with variables in class attributes, and in default arguments of layers that the model uses."""
    return held_by_classes_of(shown.layers, ())


def foreign_parameters(shown: Mirrored) -> Iterator[Found]:
    """Trainable tensors of torch that are attributes of a layer: torch knows them, Keras does not."""
    own = {id(held.variable._value) for held in shown.held}
    for path, layer in shown.layers.items():
        for name, value in [*layer._parameters.items(), *vars(layer).items()]:
            if not isinstance(value, torch.Tensor) or id(value) in own or not value.requires_grad or not value.is_leaf:
                continue
            yield Found(f"{path}.{name}", value, layer, name, defining_class(layer, name), "attribute")


def made_in_call(creations: Creations, held: set[int]) -> list[MadeInCall]:
    """Lines of a `call` that make layers with variables which the model does not keep."""
    lines: dict[tuple[str, int], MadeInCall] = {}
    for made in creations.variables:
        owner: LayerMade | None = made.layer
        variable = made.variable()
        if owner is None or owner.caller is None or not owner.lines or id(variable) in held:
            continue
        line = owner.lines[0]
        lines.setdefault((line.filename, line.row), MadeInCall(owner.caller, owner.cls, line.filename, line.row))
    return list(lines.values())


def _steps(shown: Mirrored) -> Iterator[Found]:
    """The attributes of layers that code of the user stores: what Keras itself keeps leads to other models too."""
    for path, layer in shown.layers.items():
        stored = {name for cls in type(layer).__mro__ if _is_users(cls) for name in stored_attributes(cls)}
        for name, value in vars(layer).items():
            if name in stored:
                yield Found(f"{path}.{name}", value, layer, name, defining_class(layer, name), "attribute")


def _is_users(cls: type) -> bool:
    place = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    return cls is not object and not is_kerass(place) and not is_torchs(place)


def _is_kerass_own(value: object, variables: set[int]) -> bool:
    """Whether an object of Keras is no layer: variables, optimizers, metrics and symbolic tensors lead astray."""
    if id(value) in variables:
        return True
    is_layer = isinstance(value, nn.Module) and isinstance(value, keras().Layer)
    return type(value).__module__.startswith("keras.") and not is_layer and not isinstance(value, CONTAINERS)
