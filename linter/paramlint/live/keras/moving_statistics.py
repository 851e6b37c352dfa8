"""Batch normalisations whose statistics move where the code says that they do not, tried on the model itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch

from paramlint.live.keras.backend import keras
from paramlint.live.keras.mirror import Mirrored, nodes_of

#: Samples of random numbers on which a functional model is tried.
SAMPLES = 4


@dataclass(frozen=True, eq=False)
class Moving:
    """A normalisation with moving statistics.

    Attributes:
        path: of the layer.
        layer: the normalisation.
        when: in which mode they move against what was said.
        base: the functional part that was called with `training=False`; None in prediction.
    """

    path: str
    layer: Any
    when: Literal["fit", "predict"]
    base: Any


def moving_statistics(
    shown: Mirrored, example: Callable[[], Any] | None, run: Callable[[Any, bool], Any]
) -> Iterator[Moving]:
    """The normalisations that move in `predict`, and those below a call with `training=False` that move in `fit`.

    Args:
        run: calls the model on an example, for training or not.
    """
    norms = {
        path: layer for path, layer in shown.layers.items() if isinstance(layer, keras().layers.BatchNormalization)
    }
    given = example or _random(shown.model)
    if not norms or given is None:
        return
    for path in _moved(norms, lambda: run(given(), False)):
        yield Moving(path, norms[path], "predict", None)
    below = {id(layer): base for base in _told_not_to_train(shown) for layer in base._flatten_layers()}
    if below:
        for path in _moved(norms, lambda: run(given(), True)):
            if id(norms[path]) in below:
                yield Moving(path, norms[path], "fit", below[id(norms[path])])


def _told_not_to_train(shown: Mirrored) -> Iterator[Any]:
    """The models that a functional model around them calls with `training=False`."""
    for model in shown.layers.values():
        for node in nodes_of(model):
            if isinstance(node.operation, keras().Model) and node.arguments.kwargs.get("training") is False:
                yield node.operation


def _moved(norms: dict[str, Any], step: Callable[[], Any]) -> list[str]:
    """Those whose moving mean or variance a step changes; they are as before afterwards."""
    before = {path: [v._value.detach().clone() for v in _statistics(norm)] for path, norm in norms.items()}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        try:
            step()
        except Exception:  # the user's code, on numbers that it may not take: nothing is known
            return []
        finally:
            after = {path: [v._value.detach().clone() for v in _statistics(norm)] for path, norm in norms.items()}
            for path, norm in norms.items():
                for variable, value in zip(_statistics(norm), before[path], strict=True):
                    variable._value.copy_(value)
    return [path for path in norms if any(not a.equal(b) for a, b in zip(before[path], after[path], strict=True))]


def _statistics(norm: Any) -> list[Any]:
    return [norm.moving_mean, norm.moving_variance] if norm.built else []


def _random(model: Any) -> Callable[[], Any] | None:
    """Random numbers of the shapes that a model takes; None where these are not known, or it takes no floats."""
    inputs = getattr(getattr(model, "_functional", None) or model, "inputs", None)
    if not isinstance(inputs, list) or any(None in i.shape[1:] or "float" not in str(i.dtype) for i in inputs):
        return None
    shapes = [(SAMPLES, *one.shape[1:]) for one in inputs]
    return lambda: tuple(torch.randn(shape) + 3 for shape in shapes)
