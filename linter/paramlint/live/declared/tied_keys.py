"""Ties that are declared: by the model, as transformers' models do with `_tied_weights_keys`, or by the user."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import nn

from paramlint.config.declared_ties import Ties
from paramlint.live.observe.named_tensors import named_tensors


@dataclass(frozen=True)
class DeclaredTie:
    """One key of one class.

    Attributes:
        owner: the class that declares it.
        key: the pattern, with the module's own name in front.
        source: the pattern of what it is tied to; empty where only one side is named.
        exists: whether the key matches a parameter, or one that a wrapper of its layer now holds.
        is_tied: whether each parameter that it matches has a second name; true where it matches none.
        is_wanted: whether the configuration, `tie_word_embeddings`, asks for it.
    """

    owner: type
    key: str
    source: str
    exists: bool
    is_tied: bool
    is_wanted: bool


def declared_ties(model: nn.Module) -> Iterator[DeclaredTie]:
    """All keys of the model and of the models inside of it."""
    names: dict[int, list[str]] = {}
    for named in named_tensors(model):
        names.setdefault(id(named.tensor), []).append(named.name)
    for prefix, module in model.named_modules():
        declared = getattr(type(module), "_tied_weights_keys", None)
        if not isinstance(declared, (list, tuple, dict)):
            continue
        config = getattr(module, "config", None)
        wanted = getattr(config, "tie_word_embeddings", None) is True
        for key in declared:
            inside = re.compile(rf"{re.escape(prefix)}\.{key}" if prefix else str(key))
            matched = [group for group in names.values() if any(inside.match(name) for name in group)]
            source = str(declared[key]) if isinstance(declared, dict) else ""
            is_tied = all(len(group) > 1 for group in matched)
            exists = bool(matched) or _is_wrapped(inside.pattern, names.values())
            yield DeclaredTie(type(module), inside.pattern, source, exists, is_tied, wanted)


def _is_wrapped(pattern: str, groups: Iterable[list[str]]) -> bool:
    """Whether what a pattern names stands deeper: an adapter has put the layer into one of its own."""
    layer, _, attribute = pattern.rpartition(".")
    inside = re.compile(rf"{layer.removesuffix(chr(92))}\..+\.{attribute}")
    return bool(layer) and any(inside.match(name) for group in groups for name in group)


def is_meant(ties: Ties, model: nn.Module, names: Iterable[str]) -> bool:
    """Whether the user declares one of these names of a model, with the class of any module on its way or without."""
    modules = dict(model.named_modules(remove_duplicate=False))
    for name in names:
        path = tuple(name.split("."))
        qualified = [
            (cls.__name__, *path[depth:])
            for depth in range(len(path))
            if (holder := modules.get(".".join(path[:depth]))) is not None
            for cls in type(holder).__mro__
        ]
        if ties.cover(path, qualified):
            return True
    return False
