"""Initialisations that went into a temporary.

`nn.init.normal_(layer.weight)` on a weight that is computed at each access, by a parametrization for one,
fills a tensor that nobody keeps; the parameter underneath stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from paramlint.live.build.protocols import Build
from paramlint.live.laws.provenance import law_of_call
from paramlint.live.observe.memory import Shadow, address_of
from paramlint.live.observe.named_tensors import named_tensors
from paramlint.live.observe.operations import ALLOCATING, SHAPED_ONLY
from paramlint.live.observe.writes import CONSTANT_OPS, COPYING, RANDOM_OPS, Write

#: A temporary that one of these made is a scratch tensor, which people fill and drop on purpose.
SCRATCH = ALLOCATING | COPYING | SHAPED_ONLY | CONSTANT_OPS | RANDOM_OPS | {"lift_fresh", "eye", "arange", "linspace"}
#: Methods that fill a tensor, as `weight.data.normal_()` does.
FILLING = frozenset(op for op in CONSTANT_OPS | RANDOM_OPS if op.endswith("_"))
#: What people also call on tables that the model then keeps in another form.
NOT_INITIALISING = frozenset({"copy_"})


@dataclass(frozen=True, eq=False)
class Lost:
    """A line that initialises what no tensor of the model holds.

    Attributes:
        write: its first call.
        shape: of the tensor that this call filled.
        count: how many calls of the line are lost.
        meant: names of computed tensors of that shape, such as `conv.weight`, one of which was probably meant.
        std: the mean std of these, as the model stands; None where that is not known.
    """

    write: Write
    shape: tuple[int, ...]
    count: int
    meant: tuple[str, ...]
    std: float | None

    @property
    def is_filled(self) -> bool:
        """Whether the call gives new values, rather than changing those that are there."""
        return bool(self.write.module) or self.write.call in FILLING or self.write.call in NOT_INITIALISING

    @property
    def expected_std(self) -> float | None:
        """The std that the call gives a tensor of this shape, where its law is known."""
        law = law_of_call(self.write.call, self.write.arguments, self.shape)
        return law.std if law is not None else None


def lost_writes(build: Build) -> list[Lost]:
    """Calls of initialisers on computed tensors that nobody read again and the model does not hold, by line."""
    kept = {address_of(named.tensor) for named in named_tensors(build.module)} | build.registrations.addresses()
    lines: dict[tuple[str, str, int], list[tuple[Write, tuple[int, ...]]]] = {}
    for address, shadow in build.shadow.items():
        if address in kept:
            continue
        if (write := _edited(shadow) if address in build.registrations.computed else _filled(shadow)) is not None:
            lines.setdefault((write.call, write.filename, write.row), []).append((write, shadow.extent.shape))
    computed = _computed(build.module) if lines else {}
    found: list[Lost] = []
    for lost in lines.values():
        write, shape = lost[0]
        meant = {name: tensor for name, tensor in computed.items() if tuple(tensor.shape) == shape}
        if not meant and not write.module:
            continue  # a method filled what no parametrization computes: scratch, as far as can be told
        std = None if build.virtual or not meant else sum(map(_std, meant.values())) / len(meant)
        found.append(Lost(write, shape, len(lost), tuple(meant), std))
    return found


def _edited(shadow: Shadow) -> Write | None:
    """What the user's code did in place to what a parametrization computed, and that nobody used."""
    return shadow.edit if shadow.has_memory and shadow.edit is not None and shadow.edit.by_user else None


def _filled(shadow: Shadow) -> Write | None:
    """The initialisation of a computed tensor whose values nobody used."""
    last = shadow.last
    if last is None or last.read or not last.whole or not shadow.has_memory:
        return None
    is_method = last.write.by_user and last.write.call in FILLING
    if not (last.write.module or is_method) or last.write.call in NOT_INITIALISING:
        return None
    if shadow.allocation is None or shadow.allocation.steps[0].op in SCRATCH:
        return None
    return last.write


def _computed(model: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors of a model that are computed at each access, by name."""
    return {
        f"{prefix}.{attribute}" if prefix else attribute: getattr(module, attribute).detach()
        for prefix, module in model.named_modules()
        for attribute in _computed_attributes(module)
    }


def _computed_attributes(module: nn.Module) -> list[str]:
    if isinstance(parametrized := getattr(module, "parametrizations", None), nn.ModuleDict):
        return list(parametrized)
    names = [name.removesuffix("_v") for name in module._parameters if name.endswith("_v")]
    return [name for name in names if f"{name}_g" in module._parameters]  # weight norm as it was before torch 2.0


def _std(tensor: torch.Tensor) -> float:
    return float(tensor.float().std()) if tensor.numel() > 1 else 0.0
