"""Does an optimizer hold the model's trainable parameters, each once, and nothing else?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from paramlint.live.build.build_error import BuildError
from paramlint.live.observe.named_tensors import grouped
from paramlint.live.questions.sharing.shared_tensors import aliased


@dataclass(frozen=True)
class Coverage:
    """An optimizer against a model.

    Attributes:
        missing: trainable parameters that no group holds.
        foreign: shapes of optimized tensors that are not parameters of the model.
        frozen: parameters in a group that require no gradient.
        repeated: groups of names on the same memory, or one name several times, all of them optimized.
        groups: how many there are, of all optimizers.
        group_of: of each parameter that one holds the number of the first one, its lr and its weight decay.
    """

    missing: tuple[str, ...]
    foreign: tuple[tuple[int, ...], ...]
    frozen: tuple[str, ...]
    repeated: tuple[tuple[str, ...], ...]
    groups: int = 0
    group_of: Mapping[str, tuple[int, float | None, float | None]] = field(default_factory=dict)


def optimizers_of(given: Any) -> list[torch.optim.Optimizer]:
    """The optimizers that a user's function returns, each once.

    One, or several in lists, tuples and dicts, beside schedulers; what wraps one keeps it as its `optimizer`.
    """
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return list({id(one): one for value in given for one in optimizers_of(value)}.values())
    if isinstance(given, type):
        return []
    wrapped: Any = given if hasattr(given, "param_groups") else getattr(given, "optimizer", None)
    return [wrapped] if hasattr(wrapped, "param_groups") else []


def check_optimizer(given: Any) -> Any:
    """What a user's function returns, if it is of any use.

    Raises:
        BuildError: there is no optimizer in it.
    """
    if optimizers_of(given):
        return given
    said = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
    raise BuildError(f"the factory of the optimizer returns {said}, not an optimizer")


def coverage(model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> Coverage:
    """Compare the two by identity, and what is optimized twice by memory as well."""
    groups_of = [group for optimizer in optimizers for group in optimizer.param_groups]
    optimized = [parameter for group in groups_of for parameter in group["params"]]
    held = Counter(map(id, optimized))
    groups = [names for names in grouped(model) if names[0].role == "parameter"]
    known = {id(names[0].tensor): names[0].name for names in groups}
    twice = [known[key] for key, count in held.items() if count > 1 and key in known]
    aliases = [tuple(named.name for named in alias if id(named.tensor) in held) for alias in aliased(groups)]
    return Coverage(
        missing=tuple(
            names[0].name for names in groups if names[0].tensor.requires_grad and id(names[0].tensor) not in held
        ),
        foreign=tuple(tuple(parameter.shape) for parameter in optimized if id(parameter) not in known),
        frozen=tuple(known[id(p)] for p in optimized if id(p) in known and not p.requires_grad),
        groups=len(groups_of),
        group_of={
            known[id(parameter)]: (number, _number(group.get("lr")), _number(group.get("weight_decay")))
            for number, group in reversed(list(enumerate(groups_of)))
            for parameter in group["params"]
            if id(parameter) in known
        },
        repeated=(*((name, name) for name in twice), *(names for names in aliases if len(names) > 1)),
    )


def _number(option: Any) -> float | None:
    """An option as a number: a rate may be a tensor."""
    try:
        return float(option)
    except (TypeError, ValueError):
        return None
