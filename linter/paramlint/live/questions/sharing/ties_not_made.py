"""Ties that an argument of a constructor asks for, between layers of the module itself, and that are not there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from paramlint.finding import Proof
from paramlint.live.observe.named_tensors import Named
from paramlint.live.observe.registrations import Registrations
from paramlint.live.observe.source_places import place_of


@dataclass(frozen=True)
class Unmet:
    """A wish that was not met.

    Attributes:
        owner: the class whose constructor has the argument.
        option: the argument, which was true.
        names: of the two parameters that would be one.
    """

    owner: type
    option: str
    names: tuple[str, str]

    def proof(self, message: str) -> Proof:
        """A proof at the class whose argument it is."""
        return Proof(
            self.names[1],
            message,
            self.owner.__qualname__,
            self.option,
            *place_of(None, self.owner),
            {"names": self.names},
        )


def unmet_wishes(
    model: nn.Module, groups: list[list[Named]], registrations: Registrations, options: tuple[str, ...]
) -> Iterator[Unmet]:
    """The options that were true in a module with one pair of weights to tie, both of which stand alone.

    An option that speaks of shared embeddings is about two embeddings, any other one about an embedding and a linear
    layer. Where more than one pair comes into question nothing is said.
    """
    single = {id(names[0].tensor) for names in groups if len(names) == 1}
    for prefix, module in model.named_modules():
        for option in sorted(registrations.wishes(module) & set(options)):
            pairs = list(_pairs(module, is_of_embeddings="share" in option))
            if len(pairs) == 1 and all(id(getattr(module, key).weight) in single for key in pairs[0]):
                first, second = (f"{prefix}.{key}.weight" if prefix else f"{key}.weight" for key in pairs[0])
                yield Unmet(_owner(module, option), option, (first, second))


def _pairs(module: nn.Module, *, is_of_embeddings: bool) -> Iterator[tuple[str, str]]:
    """The attributes of an embedding and of another layer that has a weight of the same shape."""
    shapes = {key: shape for key, child in module._modules.items() if (shape := _shape(child)) is not None}
    embeddings = [key for key in shapes if isinstance(module._modules[key], nn.Embedding)]
    for at, first in enumerate(embeddings):
        others = embeddings[at + 1 :] if is_of_embeddings else [key for key in shapes if key not in embeddings]
        yield from ((first, second) for second in others if shapes[first] == shapes[second])


def _shape(layer: nn.Module | None) -> tuple[int, int] | None:
    """The shape that the weight of an embedding or a linear layer has, be it lazy."""
    if isinstance(layer, nn.Embedding):
        return layer.num_embeddings, layer.embedding_dim
    return (layer.out_features, layer.in_features) if isinstance(layer, nn.Linear) else None


def _owner(module: nn.Module, option: str) -> type:
    """The class nearest to the instance whose constructor takes an argument of this name."""
    for cls in type(module).__mro__:
        constructor = vars(cls).get("__init__")
        if constructor is not None and option in inspect.signature(constructor).parameters:
            return cls
    return type(module)
