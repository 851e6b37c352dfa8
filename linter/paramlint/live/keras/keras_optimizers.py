"""An optimizer of Keras in the shape of torch's: one group with the tensors of the variables that it was built for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from paramlint.live.keras.backend import keras


@dataclass(frozen=True)
class Grouped:
    """What an optimizer holds."""

    param_groups: list[dict[str, Any]]


def as_groups(given: Any) -> Any:
    """What a user's function returns, with optimizers of Keras as groups; None where one is not built yet."""
    if isinstance(given, dict):
        return {name: as_groups(value) for name, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [as_groups(value) for value in given]
    if not isinstance(given, keras().optimizers.Optimizer):
        return given
    if not given.built:
        return None
    tensors = [variable._value for variable in given._trainable_variables]
    return Grouped([{"params": tensors, "lr": given.learning_rate, "weight_decay": given.weight_decay}])


def is_unbuilt(given: Any) -> bool:
    """Whether one is not built: what it will train is not known yet."""
    if isinstance(given, dict):
        return any(map(is_unbuilt, given.values()))
    if isinstance(given, (list, tuple)):
        return any(map(is_unbuilt, given))
    return isinstance(given, keras().optimizers.Optimizer) and not given.built
