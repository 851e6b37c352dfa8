"""Initialisations that went into a temporary.

`nn.init.normal_(layer.weight)` on a weight that is computed at each access, by a parametrization for one,
fills a tensor that nobody keeps; the parameter underneath stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn
from torch.nn.utils import parametrize

from paramlint.verify.build import Build
from paramlint.verify.calls import law_of_call
from paramlint.verify.named import named_tensors
from paramlint.verify.operations import ALLOCATING, COPYING, SHAPED_ONLY
from paramlint.verify.shadow import address_of
from paramlint.verify.writes import CONSTANT_OPS, RANDOM_OPS, Write

#: A temporary that one of these made is a scratch tensor, which people fill and drop on purpose.
SCRATCH = ALLOCATING | COPYING | SHAPED_ONLY | CONSTANT_OPS | RANDOM_OPS | {"lift_fresh", "eye"}


@dataclass(frozen=True, eq=False)
class Lost:
    """An initialisation that no tensor of the model holds.

    Attributes:
        write: the call.
        shape: of the tensor that was filled.
        meant: names of computed tensors of that shape, such as `conv.weight`, one of which was probably
            meant.
        std: of these, as the model stands; None where that is not known.
    """

    write: Write
    shape: tuple[int, ...]
    meant: tuple[str, ...]
    std: float | None

    @property
    def expected_std(self) -> float | None:
        """The std that the call gives a tensor of this shape, where its law is known."""
        law = law_of_call(self.write.call, self.write.arguments, self.shape)
        return law.std if law is not None else None


def lost_writes(build: Build) -> list[Lost]:
    """Calls of initialisers on computed tensors that were never read again and are not part of the model."""
    kept = {address_of(named.tensor) for named in named_tensors(build.module)}
    found: list[Lost] = []
    for address, shadow in build.shadow.items():
        last = shadow.last
        if address in kept or last is None or last.read or not last.write.module or not last.whole:
            continue
        if shadow.allocation is None or shadow.allocation.steps[0].op in SCRATCH:
            continue
        meant = _computed(build.module, last.region.shape)
        found.append(Lost(last.write, last.region.shape, tuple(meant), None if build.virtual else _std(meant)))
    return found


def _computed(model: nn.Module, shape: tuple[int, ...]) -> dict[str, float]:
    """The computed tensors of a model that have this shape, each with its std."""
    found: dict[str, float] = {}
    for prefix, module in model.named_modules():
        for attribute in _computed_attributes(module):
            tensor = getattr(module, attribute)
            if tuple(tensor.shape) == shape:
                name = f"{prefix}.{attribute}" if prefix else attribute
                found[name] = float(tensor.detach().float().std()) if tensor.numel() > 1 else 0.0
    return found


def _computed_attributes(module: nn.Module) -> list[str]:
    if parametrize.is_parametrized(module):
        return list(module.parametrizations.keys())  # type: ignore[operator, union-attr]
    return [name.removesuffix("_v") for name in module._parameters if name.endswith("_v")]


def _std(meant: dict[str, float]) -> float | None:
    return sum(meant.values()) / len(meant) if meant else None
