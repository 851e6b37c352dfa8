"""A model of Keras as a module of torch: each variable once, by its path, statistics and seeds as buffers.

What Keras itself registers with torch repeats each variable in every layer around it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from paramlint.live.build.build_error import BuildError
from paramlint.live.keras.backend import is_keras, refuse_other
from paramlint.live.keras.creations import Creations
from paramlint.live.questions.forward import call, said_of

#: Under which a mirror keeps what no module of torch has: no name of a variable.
KEPT = "what it mirrors"


@dataclass(frozen=True, eq=False)
class Held:
    """A variable of the model.

    Attributes:
        layer: that keeps it.
        is_parameter: whether it is a parameter, frozen or not, rather than a statistic or a seed.
    """

    name: str
    variable: Any
    layer: Any
    is_parameter: bool


@dataclass(frozen=True, eq=False)
class Mirrored:
    """What a mirror shows.

    Attributes:
        model: the model itself.
        layers: the model and all layers in it, by their dotted paths.
        held: its variables.
        creations: what was noted while it was built.
        notes: what is not known, in words.
    """

    model: Any
    layers: Mapping[str, Any]
    held: tuple[Held, ...]
    creations: Creations
    notes: tuple[str, ...] = ()


class Mirror(nn.Module):
    """A model of Keras as torch would register it; called, it calls the model."""

    def __init__(self, shown: Mirrored) -> None:
        super().__init__()
        self.__dict__[KEPT] = shown
        for held in shown.held:
            *path, last = held.name.split(".")
            at: nn.Module = self
            for part in path:  # past the checks of names: a layer may be called `forward`
                at = at._modules.setdefault(part, nn.Module()) or self
            (at._parameters if held.is_parameter else at._buffers)[last] = held.variable._value

    @property
    def shown(self) -> Mirrored:
        """What it mirrors."""
        shown: Mirrored = self.__dict__[KEPT]
        return shown

    def forward(self, *given: Any, **named: Any) -> Any:
        """Call the model; an example by name is one dictionary where the model takes that."""
        model = self.shown.model
        inputs = getattr(model, "_functional", model)
        if named and not given and not _takes(model, named):
            given, named = (named,), {}
        if len(given) > 1 and isinstance(getattr(inputs, "inputs", None), list):
            given = (list(given),)
        return model(*given, training=self.training, **named)


def mirrored(model: Any, creations: Creations | None = None, notes: tuple[str, ...] = ()) -> Mirror:
    """A model of Keras as one of torch."""
    layers: dict[str, Any] = {}
    held: dict[str, Held] = {}
    seen: set[int] = set()
    for layer in model._flatten_layers():
        layers[_free(_dotted(getattr(layer, "path", None) or layer.name), layers)] = layer
        for variable, is_parameter in _own_variables(layer):
            if id(variable) not in seen and variable._value is not None:
                seen.add(id(variable))
                name = _free(_dotted(variable.path), held)
                held[name] = Held(name, variable, layer, is_parameter)
    for variable in model.variables:
        if id(variable) not in seen and variable._value is not None:  # seeds, and what metrics keep
            seen.add(id(variable))
            name = _free(_dotted(variable.path), held)
            held[name] = Held(name, variable, model, False)
    order = {id(variable): number for number, variable in enumerate(model.variables)}
    ranked = sorted(held.values(), key=lambda one: order.get(id(one.variable), len(order)))
    return Mirror(Mirrored(model, layers, tuple(ranked), creations or Creations(), notes))


def as_torch(model: Any, creations: Creations | None = None) -> Any:
    """A model of Keras as its mirror, all others as they are."""
    return mirrored(model, creations) if is_keras(model) else model


def only_model(made: Any) -> Any:
    """The one model in what a factory gives, which may have a tokenizer or transforms beside it; else what it gives.

    Raises:
        BuildError: there are several.
    """
    held = list(made.values()) if isinstance(made, Mapping) else made
    if not isinstance(held, (tuple, list)):
        return made
    models = [one for one in held if isinstance(one, nn.Module) or is_keras(one)]
    if len(models) > 1:
        raise BuildError(f"the factory returns a {type(made).__name__} with {len(models)} models: return one of them")
    return models[0] if models else made


class Mirroring:
    """A factory that gives models of Keras as mirrors, built and watched, and all others as they are."""

    def __init__(self, factory: Callable[[], Any], example: Callable[[], Any] | None, preset: str) -> None:
        self._factory = factory
        self._example = example
        self._preset = preset

    def __call__(self) -> Any:
        """Build."""
        creations = Creations(alone=True)
        with creations:
            made = only_model(self._factory())
            refuse_other(made)
            if not is_keras(made):
                return made
            if creations.is_on:
                return self._shown(made, creations)
        with creations:  # the factory itself imports Keras: nothing was noted
            return self._shown(only_model(self._factory()), creations)

    def _shown(self, model: Any, creations: Creations) -> Mirror:
        if self._preset != "constructor":
            raise BuildError(f"a model of Keras is built by its constructor, not by the preset `{self._preset}`")
        notes: tuple[str, ...] = ()
        given = self._example
        with torch.no_grad():
            if unbuilt(model) is not None and (given := given or _of_shape(model)) is not None:
                try:
                    call(mirrored(model).eval(), given())
                except Exception as error:  # the user's code, on the user's example
                    notes = (f"not built: the example failed: {said_of(error)}",)
        left = unbuilt(model)
        if left is not None and not notes:
            where = "" if left is model else f"`{left.name}` is "
            notes = (f"{where}not built: give --example",) if given is None else ()
        gc.collect()  # what nobody holds any more is not of the model
        return mirrored(model, creations, notes)


def nodes_of(model: Any) -> list[Any]:
    """The calls of layers in a `Sequential` or functional model, in order; none of others, which run code."""
    functional = getattr(model, "_functional", None) or model
    depths: Mapping[int, list[Any]] = getattr(functional, "_nodes_by_depth", {})
    return [node for depth in sorted(depths, reverse=True) for node in depths[depth]]


def unbuilt(model: Any) -> Any:
    """The first layer that has no variables yet; None where all have."""
    return next((layer for layer in model._flatten_layers() if not layer.built), None)


def _of_shape(model: Any) -> Callable[[], Any] | None:
    """Zeros of the shape that the user gave to `build`; None where none was given, or one that is not known whole."""
    shape = (model.get_build_config() or {}).get("input_shape")
    if not isinstance(shape, (tuple, list)) or not all(isinstance(size, int) for size in shape[1:]):
        return None
    return lambda: torch.zeros([shape[0] or 1, *shape[1:]])


def _takes(model: Any, named: Mapping[str, Any]) -> bool:
    """Whether these are arguments of the model's `call`."""
    return all(name in model._call_signature.parameters for name in named)


def _own_variables(layer: Any) -> Iterator[tuple[Any, bool]]:
    for variable in getattr(layer, "_trainable_variables", ()):
        yield variable, True
    for variable in getattr(layer, "_non_trainable_variables", ()):
        yield variable, False
    for generator in getattr(layer, "_seed_generators", ()):
        yield generator.state, False


def _dotted(path: str) -> str:
    return path.replace(".", "_").replace("/", ".")


def _free(name: str, held: Mapping[str, object]) -> str:
    """A name that is not given yet: layers or variables may have one path."""
    if name not in held:
        return name
    number = next(n for n in range(1, len(held) + 2) if f"{name}_{n}" not in held)
    return f"{name}_{number}"
