"""`KerasModel`: a model of Keras, and what a rule may ask about it beside what it asks of every model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, cast

from paramlint.finding import Proof
from paramlint.knowledge.frameworks import KERAS, Framework
from paramlint.live.build.protocols import Build
from paramlint.live.keras.backend import is_keras
from paramlint.live.keras.copied_ties import copied_ties
from paramlint.live.keras.equal_draws import EqualDraw, equal_draws
from paramlint.live.keras.initial_values import with_initializer
from paramlint.live.keras.keras_optimizers import as_groups, is_unbuilt
from paramlint.live.keras.layer_order import kernels_in_order, multiplied_layers
from paramlint.live.keras.lost_variables import (
    MadeInCall,
    foreign_parameters,
    held_by_classes,
    made_in_call,
    untracked,
)
from paramlint.live.keras.mirror import Held, Mirror, Mirrored, as_torch
from paramlint.live.keras.moving_statistics import Moving, moving_statistics
from paramlint.live.keras.replaced_variables import Replaced, repeated_paths, replaced_variables
from paramlint.live.live_model import LiveModel
from paramlint.live.observe.functions import Functions
from paramlint.live.observe.memory import ShadowMode
from paramlint.live.observe.named_tensors import Named
from paramlint.live.observe.registrations import Registrations
from paramlint.live.observe.writes import Line
from paramlint.live.questions.forward import call
from paramlint.live.questions.optimizer_coverage import Coverage
from paramlint.live.questions.unregistered import Found
from paramlint.live.tensor import LiveTensor


class KerasModel(LiveModel):
    """A model of Keras: its module is a mirror, its tensors are those of its variables."""

    frameworks: ClassVar[frozenset[Framework]] = KERAS

    @property
    def shown(self) -> Mirrored:
        """The model itself, and what was noted while it was built."""
        return cast(Mirror, self.module).shown

    @property
    def subject(self) -> Any:
        """The model as the user knows it."""
        return self.shown.model

    @property
    def instances(self) -> Mapping[str, Any]:
        """The layers by their dotted paths."""
        return self.shown.layers

    @property
    def _reachable(self) -> list[Found]:  # type: ignore[override]
        return []  # what torch's own registries leave out says nothing of Keras's

    @cached_property
    def groups(self) -> list[list[Named]]:
        """The variables' tensors, at the layers that keep them; one of several variables has several names."""
        found: dict[int, list[Named]] = {}
        for held in self.shown.held:
            role = "parameter" if held.is_parameter else "buffer"
            named = Named(held.name, held.variable._value, held.layer, attribute_of(held), role)
            found.setdefault(id(named.tensor), []).append(named)
        return list(found.values())

    @property
    def degraded(self) -> tuple[str, ...]:
        """Why what is said may differ from a real build, in words."""
        unbuilt = ("the optimizer is not built: what it trains is not known",) if is_unbuilt(self.optimizer) else ()
        return (*self.shown.notes, *super().degraded, *unbuilt)

    @cached_property
    def equal_draws(self) -> tuple[EqualDraw, ...]:
        """Variables that were drawn from one seed, and hold the same random numbers."""
        made = ((self.by_name[h.name], self.shown.creations.of_variable(h.variable)) for h in self.shown.held)
        return tuple(equal_draws([(tensor, one) for tensor, one in made if one is not None]))

    @cached_property
    def untracked(self) -> tuple[Found, ...]:
        """Layers and trainable tensors in attributes and containers that Keras does not follow."""
        return tuple(untracked(self.shown, self.groups))

    @cached_property
    def held_by_classes(self) -> tuple[Found, ...]:
        """Layers with variables in class attributes or default arguments."""
        return tuple(held_by_classes(self.shown))

    @cached_property
    def foreign_parameters(self) -> tuple[Found, ...]:
        """Trainable tensors of torch in attributes of layers."""
        return tuple(foreign_parameters(self.shown))

    @property
    def made_in_call(self) -> list[MadeInCall]:
        """Lines of a `call` that make layers with variables."""
        _ = self.forward
        return made_in_call(self.shown.creations, {id(held.variable) for held in self.shown.held})

    @property
    def replaced_variables(self) -> tuple[Replaced, ...]:
        """Variables in whose place an attribute holds a tensor."""
        return tuple(replaced_variables(self.shown))

    @property
    def repeated_paths(self) -> tuple[tuple[LiveTensor, LiveTensor], ...]:
        """Pairs of variables with one path."""
        return tuple((self.by_name[a.name], self.by_name[b.name]) for a, b in repeated_paths(self.shown))

    @property
    def constant_kernels(self) -> Iterator[tuple[LiveTensor, LiveTensor]]:
        """Trainable kernels of several units whose elements are all one value, as are those of the next layers."""
        for held, following in kernels_in_order(self.shown):
            kernel, after = self.by_name[held.name], [self.by_name[one.name] for one in following]
            if kernel.is_constant and kernel.requires_grad and kernel.shape[-1] > 1:
                if all(one.is_constant for one in after):
                    yield kernel, after[0]

    @cached_property
    def moving_statistics(self) -> tuple[Moving, ...]:
        """Batch normalisations whose statistics move where the code says that they do not."""

        def run(example: Any, training: bool) -> Any:
            return call(self.module.train(training), example)

        return tuple(moving_statistics(self.shown, self.make_example, run))

    @property
    def copied_ties(self) -> tuple[tuple[LiveTensor, LiveTensor], ...]:
        """Embeddings and matrices that began as copies of them."""
        return tuple(copied_ties(self.parameters))

    @property
    def multiplied_layers(self) -> Iterator[tuple[str, Any, Line]]:
        """Layers with variables in a list that is multiplied: their paths, and where they are made."""
        return multiplied_layers(self.shown)

    @cached_property
    def coverage(self) -> Coverage | None:
        """What the user's optimizer holds of the model; None without one, or where it is not built."""
        return None if is_unbuilt(self.optimizer) else super().coverage

    def coverage_of(self, optimizer: Any) -> Coverage:
        """What an optimizer, of Keras or of torch, holds of the model."""
        return super().coverage_of(as_groups(optimizer))

    @property
    def survival(self) -> tuple[Any, ...]:  # type: ignore[override]
        """Nothing: Keras has no ties that a copy could lose."""
        return ()

    def is_layer(self, value: object) -> bool:
        """Whether something is a layer of Keras."""
        return is_keras(value)

    def proof_of(self, found: Found, message: str) -> Proof:
        """A proof about a layer, where it is made, else at the class that holds it."""
        proof, (filename, row) = found.proof(message, reached_as=found.path), self.line_of(found.value)
        return replace(proof, filename=filename, row=row) if row else proof

    def line_of(self, layer: Any) -> tuple[str, int]:
        """The file and row where a layer is made; empty and 0 where that is not known."""
        made = self.shown.creations.of_layer(layer)
        return (made.lines[0].filename, made.lines[0].row) if made is not None and made.lines else ("", 0)

    def _live(self, names: list[Named]) -> LiveTensor:
        variable = next(held.variable for held in self.shown.held if held.name == names[0].name)
        return with_initializer(super()._live(names), self.shown.creations.of_variable(variable))


def attribute_of(held: Held) -> str:
    """The attribute of the layer that holds a variable; its own name where none does directly."""
    return next((name for name, value in vars(held.layer).items() if value is held.variable), held.variable.name)


def kind_of(module: object) -> type[LiveModel]:
    """How a built module is asked."""
    return KerasModel if isinstance(module, Mirror) else LiveModel


def seen_late(model: Any, **given: Any) -> LiveModel:
    """A model of which nothing was seen before; `given` are arguments of `LiveModel`."""
    module = as_torch(model)
    build = Build(module, ShadowMode(), Registrations(), Functions(), virtual=False)
    return kind_of(module)(build, **given)


def subject_of(module: Any) -> Any:
    """What the user's own code is given of a built module: the model of Keras, or the module itself."""
    return module.shown.model if isinstance(module, Mirror) else module
