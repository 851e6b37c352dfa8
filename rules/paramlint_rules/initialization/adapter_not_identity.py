"""Both factors of a low-rank adapter are drawn, so it changes the model before any step.

An adapter adds the product of two small matrices to a layer that was trained before. One of the two starts as zero, so
that the product is zero and training begins from the model as it is. With two random factors the first loss is that
of a damaged model, and what the base layer knew has to be learnt again.

Setup:
    rank = 4

Bad:
    self.lora_A = nn.Parameter(torch.empty(rank, 16))
    self.lora_B = nn.Parameter(torch.empty(16, rank))
    nn.init.kaiming_uniform_(self.lora_A)
    nn.init.kaiming_uniform_(self.lora_B)

Good:
    self.lora_A = nn.Parameter(torch.empty(rank, 16))
    self.lora_B = nn.Parameter(torch.empty(16, rank))
    nn.init.kaiming_uniform_(self.lora_A)
    nn.init.zeros_(self.lora_B)

Leave it: the product is subtracted from the base layer at the start, or the whole model is trained from the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Module, Place, Tensor
from paramlint.model.questions.draws import DRAWING, drawn_before
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.tensor import LiveTensor

rule = Rule(
    "PRM223",
    "adapter-not-identity",
    group="risk",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks("nn", "Module", entries=("class",)),),
)

#: The names of a first factor, and what the second is called then.
_SECOND = {"a": "b", "A": "B", "down": "up", "in": "out"}
_FIRST = re.compile(r"(.*?)(a|A|down|in)((?:_proj|_weight|_matrix)?)")


@rule.question
def check(model: Model) -> Iterator[Claim]:
    for module in model.modules:
        if not _is_adapter(module) or any(_starts_as_zero(tensor) for tensor in module.parameters):
            continue
        for first in module.holds:
            name = _second(first.key)
            second = next((p for p in module.holds if p.key == name and p.holds), None)
            if second is None or not first.holds or "lora" not in f"{module.cls}.{name}".lower():
                continue
            drawn, drawn_too = _draw(first), _draw(second)
            if drawn is not None and drawn_too is not None and drawn.guard.is_known_to_fit(drawn_too.guard):
                yield Claim(
                    module.owns,
                    drawn_too.site,
                    f"`{first.what}` and `{second.what}` are both drawn, so the adapter changes the model at once",
                    about=second.what,
                )


def _second(name: str) -> str | None:
    match = _FIRST.fullmatch(name)
    return None if match is None else f"{match[1]}{_SECOND[match[2]]}{match[3]}"


def _is_adapter(module: Module) -> bool:
    return "lora" in module.cls.rpartition(".")[2].lower() or any("lora" in p.key.lower() for p in module.holds)


def _matrix(place: Place) -> Tensor | None:
    """The factor itself: a parameter, or the weight of a linear layer."""
    what = place.what
    if isinstance(what, Module) and what.is_a("ParameterDict", "ParameterList", "ModuleDict", "ModuleList").yes:
        held = [p for p in what.holds if p.holds and p.registered]  # one for each adapter, under its name
        return _matrix(held[0]) if len(held) == 1 else None
    if isinstance(what, Module):
        what = what.at("weight") if what.is_a("Linear", "Conv1d", "Conv2d").yes else None
    return what if isinstance(what, Tensor) and what.role == "parameter" and not what.escaped else None


def _draw(place: Place) -> Event | None:
    """The write whose random values stand in a factor."""
    tensor = _matrix(place)
    if tensor is None or any(write.get("part") is not None for write in tensor.writes):
        return None
    found = tensor.holds() or drawn_before(tensor)
    return found if found is not None and (not tensor.writes.seen or found.get("law") in DRAWING) else None


def _starts_as_zero(tensor: Tensor) -> bool:
    """Whether a factor, a gate or a scale begins with zero."""
    last = tensor.holds()
    if last is None:
        data = tensor.made.get("data_of") if tensor.made is not None else None
        if isinstance(data, Tensor) and data.writes.seen:
            return _starts_as_zero(data)
        return tensor.factory.rpartition(".")[2] in ("zeros", "zeros_like", "new_zeros")
    return last.get("law") in ("zeros_", "zero_") or (
        last.get("law") in ("constant_", "fill_") and "bias" not in tensor.name
    )


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    """The pairs of drawn factors, in adapters in which nothing else is zero: a gate, or a scale."""
    for first in model.parameters:
        *around, key = first.name.split(".")
        for depth, part in enumerate([*around, key]):
            name = ".".join([*around[:depth], _second(part) or "", *[*around, key][depth + 1 :]])
            second = model.by_name.get(name)
            if second is None or "lora" not in f"{_class_at(model, around[:depth])}.{part}".lower():
                continue
            inside = ".".join(around[:depth])
            held = [p for p in model.parameters if not inside or p.name.startswith(f"{inside}.")]
            if _is_drawn(first) and _is_drawn(second) and not any(_is_zero(one) for one in held):
                message = f"`{first.name}` and `{second.name}` are both drawn, so the adapter changes the model at once"
                yield second.proof(message, second.init, first=first.name)


def _class_at(model: LiveModel, path: list[str]) -> str:
    return type(model.module.get_submodule(".".join(path))).__name__


def _is_drawn(tensor: LiveTensor) -> bool:
    return len(tensor.shape) > 1 and tensor.is_drawn


def _is_zero(tensor: LiveTensor) -> bool:
    numbers = tensor.numbers
    is_all_zero = numbers is not None and numbers.minimum == numbers.maximum == 0
    return is_all_zero and not tensor.attribute.endswith("bias")
