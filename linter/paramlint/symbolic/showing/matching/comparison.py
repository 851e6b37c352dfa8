"""A model and a state dict, name by name: what `load_state_dict(strict=True)` would say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from paramlint.source.checkpoints.header import Shape, StateDict
from paramlint.symbolic.showing.matching.expected import Expected, Row, partners
from paramlint.symbolic.showing.matching.match_document import OtherShape

#: What torch's weight norm of today makes of the names that the older one gave, on loading; not the other way round.
_OLD_WEIGHT_NORM = (("_g", "original0"), ("_v", "original1"))
_COUNTER = "num_batches_tracked"
#: From this version on, a batch norm misses the counter of batches; a state without versions is older.
_VERSION_WITH_COUNTER = 2
_ALTERNATIVES = re.compile(r"\d+(?: or \d+)+")


@dataclass
class Comparison:
    """How a state dict and a model fit.

    Attributes:
        filled: names of the model that get values, in the order of the file.
        missing, unexpected, shape, unknown, kept_at_init: as in `Match`.
        tied: missing names, each with the name under which the file has the same tensor.
        not_saved: unexpected names of buffers that the model does not save.
    """

    filled: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    shape: list[OtherShape] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    tied: dict[str, str] = field(default_factory=dict)
    not_saved: list[str] = field(default_factory=list)

    @property
    def loads(self) -> bool | None:
        """Whether it loads; None where that cannot be told."""
        if self.missing or self.unexpected or self.shape:
            return False
        return None if self.unknown else True

    @property
    def kept_at_init(self) -> list[str]:
        """What has no values in the file, or none that fit."""
        return [name for name in self.missing if name not in self.tied] + [one.name for one in self.shape]


def compare(expected: Expected, state: StateDict) -> Comparison:
    """What loading a state dict would leave, fill and refuse."""
    found = Comparison()
    tensors = as_loaded(expected, state.tensors)
    for name, shape in tensors.items():
        _place(found, expected, name, shape, tensors)
    for name in state.others:
        is_known = bool(expected.of_name(name)) or expected.is_unknown(name)
        (found.unknown if is_known else found.unexpected).append(name)
    filled = {*found.filled}
    for name in expected.surely():
        if name not in tensors and not _is_made_up(name, state.versions):
            found.missing.append(name)
            others = (one for row in expected.rows[name] for one in partners(row.row, name))
            other = next((one for one in others if one in filled), None)
            if other is not None:
                found.tied[name] = other
    found.unknown += [*expected.unsure(), *(part.name for part in expected.shown.unknown)]
    found.unknown = list(dict.fromkeys(found.unknown))
    return found


def fitting(expected: Expected, tensors: Mapping[str, Shape]) -> int:
    """How many tensors have a name of the model, and no other shape."""
    return sum(
        any(
            row.is_saved is not False and _fits(row, name, shape, tensors) is not False
            for row in expected.of_name(name)
        )
        for name, shape in tensors.items()
    )


def _place(found: Comparison, expected: Expected, name: str, shape: Shape, tensors: Mapping[str, Shape]) -> None:
    """Say what becomes of one tensor of the file."""
    rows = expected.of_name(name)
    saved = [row for row in rows if row.is_saved is not False]
    if not rows and expected.is_unknown(name):
        found.unknown.append(name)
    elif not saved:
        found.unexpected.append(name)
        if rows:
            found.not_saved.append(name)
    else:
        fits = [_fits(row, name, shape, tensors) for row in saved]
        if True in fits:
            found.filled.append(name)
        elif None in fits:
            found.unknown.append(name)
        else:
            found.shape.append(OtherShape(name=name, checkpoint=shape, model=saved[0].row.shape or ()))


def _fits(row: Row, name: str, shape: Shape, tensors: Mapping[str, Shape]) -> bool | None:
    """Whether a tensor has the shape of a row; None where that cannot be told."""
    sizes = row.row.shape
    if sizes is None:
        return True if _follows(name, shape, tensors) else None
    if len(sizes) != len(shape):
        return not sizes and len(shape) == 1 and shape[0] > 0  # torch takes the first of what an old scalar was
    fits = [_is_size(size, actual) for size, actual in zip(sizes, shape, strict=True)]
    return False if False in fits else None if None in fits else True


def _is_size(size: int | str, actual: int) -> bool | None:
    if isinstance(size, int):
        return size == actual
    if _ALTERNATIVES.fullmatch(size):
        return None if str(actual) in size.split(" or ") else False
    return None


def _follows(name: str, shape: Shape, tensors: Mapping[str, Shape]) -> bool:
    """Whether a tensor has the shape that weight norm and spectral norm give it by that of their weight."""
    for own, other in _COMPANIONS:
        whole = tensors.get(name.removesuffix(own) + other) if name.endswith(own) else None
        if whole:
            is_length = len(shape) == len(whole) and sum(size != 1 for size in shape) <= 1
            is_vector = len(shape) == 1 and shape[0] in (whole[0], math.prod(whole) // max(whole[0], 1))
            return is_length if own in _LENGTHS else is_vector
    return False


_COMPANIONS = (
    ("_g", "_v"),
    ("original0", "original1"),
    ("_u", "_orig"),
    ("_v", "_orig"),
    (".0._u", ".original"),
    (".0._v", ".original"),
)
_LENGTHS = ("_g", "original0")


def as_loaded(expected: Expected, tensors: Mapping[str, Shape]) -> dict[str, Shape]:
    """The tensors under the names that they get on loading: weight norm knows what it was called before."""
    renamed: dict[str, str] = {}
    for name in expected.rows:
        whole, is_new, which = name.rpartition("original")
        head, _, own = whole.removesuffix(".").partition("parametrizations.")
        if is_new and own and which == "0":
            old = [f"{head}{own}{suffix}" for suffix, _ in _OLD_WEIGHT_NORM]
            if all(one in tensors for one in old):
                renamed |= {one: f"{whole}{new}" for one, (_, new) in zip(old, _OLD_WEIGHT_NORM, strict=True)}
    return {renamed.get(name, name): shape for name, shape in tensors.items()}


def _is_made_up(name: str, versions: Mapping[str, int]) -> bool:
    """Whether loading makes a value up: for the counter of a batch norm, from states of old versions or of none."""
    module, _, own = name.rpartition(".")
    return own == _COUNTER and versions.get(module, 0) < _VERSION_WITH_COUNTER
