"""Which names mean one parameter, which only share its memory, and what survives a copy or a load.

One object under two names is a tie. Two objects on the same memory are an alias: an optimizer counts them
twice, and `deepcopy`, `.to()` and `load_state_dict` tear them apart. Two views that touch no common element
are neither.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from paramlint.live.observe.memory import address_of, region_of
from paramlint.live.observe.named_tensors import Named, grouped

Groups = list[tuple[str, ...]]


@dataclass(frozen=True)
class Survival:
    """What one operation does to sharing.

    Attributes:
        operation: such as `deepcopy` or `load_state_dict(assign=True)`.
        lost: groups of names that shared a parameter or memory, and no longer do so.
        error: why the operation itself failed, else empty.
    """

    operation: str
    lost: Groups
    error: str = ""


def tied(groups: list[list[Named]]) -> list[list[Named]]:
    """The tensors that have several names."""
    return [names for names in groups if len(names) > 1]


def aliased(groups: list[list[Named]]) -> list[list[Named]]:
    """Different tensors with a common element, each by its first name."""
    by_storage: dict[int, list[Named]] = {}
    for names in groups:
        if not is_lazy(names[0].tensor) and (address := address_of(names[0].tensor)):
            by_storage.setdefault(address, []).append(names[0])
    return [found for sharing in by_storage.values() if len(sharing) > 1 for found in _overlapping(sharing)]


def _overlapping(sharing: list[Named]) -> Iterator[list[Named]]:
    left = list(sharing)
    while left:
        first = left.pop(0)
        region = region_of(first.tensor)
        others = [named for named in left if region_of(named.tensor).overlaps(region)]
        if others:
            left = [named for named in left if named not in others]
            yield [first, *others]


def sharing(module: nn.Module) -> Groups:
    """All groups of names that share an object or memory."""
    groups = grouped(module)
    ties = [tuple(named.name for named in names) for names in tied(groups)]
    return ties + [tuple(named.name for named in names) for names in aliased(groups)]


def survival(module: nn.Module, rebuild: Callable[[], nn.Module] | None = None) -> Iterator[Survival]:
    """Do to copies of a model what is done to models, and see which names still share.

    Args:
        module: a real model; it is not changed.
        rebuild: makes another one, for loading into; without it, loading is not tried.
    """
    before = sharing(module)
    if not before:
        return
    for operation, act in _operations(module, rebuild).items():
        try:
            after = sharing(act())
        except Exception as error:  # user code: `__deepcopy__`, `__reduce__`, hooks of `load_state_dict`
            yield Survival(operation, [], f"{type(error).__name__}: {error}")
            continue
        lost = [names for names in before if not any(set(names) <= set(group) for group in after)]
        yield Survival(operation, lost)


def _operations(module: nn.Module, rebuild: Callable[[], nn.Module] | None) -> dict[str, Callable[[], nn.Module]]:
    """What to try. A deep copy would tear aliases by itself, so each one starts from a pickled twin."""
    operations: dict[str, Callable[[], nn.Module]] = {
        "deepcopy": lambda: copy.deepcopy(module),
        "pickle": lambda: _twin(module),
        "to(bfloat16)": lambda: _twin(module).to(torch.bfloat16),
        "to_empty": lambda: _twin(module).to("meta").to_empty(device="cpu"),
    }
    if rebuild is not None:
        operations["load_state_dict"] = lambda: _loaded(rebuild(), module, assign=False)
        operations["load_state_dict(assign=True)"] = lambda: _loaded(rebuild(), module, assign=True)
    return operations


def _twin(module: nn.Module) -> nn.Module:
    buffer = io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    twin: nn.Module = torch.load(buffer, weights_only=False)
    return twin


def _loaded(target: nn.Module, source: nn.Module, *, assign: bool) -> nn.Module:
    buffer = io.BytesIO()
    torch.save(source.state_dict(), buffer)
    buffer.seek(0)
    target.load_state_dict(torch.load(buffer, weights_only=True), assign=assign)
    return target
