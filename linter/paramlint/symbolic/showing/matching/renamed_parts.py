"""Parts of a model that have another name in a file: the same tensors below them, in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from paramlint.source.checkpoints.header import Shape
from paramlint.symbolic.showing.matching.match_document import Renamed
from paramlint.symbolic.showing.repeated_blocks import fold

#: What the new and the old way of weight norm and spectral norm call the same tensor, after the name of the weight.
_NORMS = (("original0", "_g"), ("original1", "_v"), ("original", "_orig"), ("0._u", "_u"), ("0._v", "_v"))
_MAX_DEPTH = 12

Tensors = Mapping[str, Shape | None]
"""Shapes by name; None where one is not known, which is like no other."""
_Signature = tuple[tuple[str, Shape | None], ...]


def renamed_parts(
    unexpected: Tensors, missing: Tensors, present: Sequence[str]
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Parts with their names in the file and in the model, and the tensors in each by both names.

    Args:
        unexpected: tensors of the file that have no name of the model.
        missing: tensors of the model that are not in the file.
        present: names that are in both, below which nothing was renamed as a whole.
    """
    found: list[tuple[str, str, list[tuple[str, str]]]] = []
    left, right = {**unexpected}, {**missing}
    for old, new in _norms(left, right):
        found.append((old, new, [(old, new)]))
        del left[old], right[new]
    for old, new, pairs in _equal_parts(left, right, present):
        if all(one in left and other in right for one, other in pairs):
            found.append((old, new, pairs))
            for one, other in pairs:
                del left[one], right[other]
    if len(left) == len(right) and [*left.values()] == [*right.values()]:
        for one, other in zip(left, right, strict=True):
            old, new = _without_same_end(one, other)
            found.append((old, new, [(one, other)]))
    return found


def _norms(left: Tensors, right: Tensors) -> list[tuple[str, str]]:
    """Names of the two ways of weight norm and spectral norm."""
    return [(old, new) for old in left for new in _in_the_other_way(old) if new in right]


def _in_the_other_way(name: str) -> Iterator[str]:
    for new, old in _NORMS:
        if found := re.fullmatch(rf"((?:.*\.)?)parametrizations\.([^.]+)\.{re.escape(new)}", name):
            yield f"{found[1]}{found[2]}{old}"
        if found := re.fullmatch(rf"((?:.*\.)?)([^.]+){old}", name):
            yield f"{found[1]}parametrizations.{found[2]}.{new}"


def _equal_parts(left: Tensors, right: Tensors, present: Sequence[str]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Parts below which there is the same, the largest first."""
    ours, theirs = _parts(left, present), _parts(right, present)
    by_signature: dict[_Signature, list[str]] = {}
    for new, held in theirs.items():
        by_signature.setdefault(_signature(new, held), []).append(new)
    found = []
    for old, held in sorted(ours.items(), key=lambda item: (-len(item[1]), item[0].count("."))):
        same = by_signature.get(_signature(old, held), [])
        if same:
            new = max(same, key=lambda one: _likeness(old, one))
            same.remove(new)
            found.append((old, new, [(name, new + name[len(old) :]) for name in held]))
    return found


def _parts(tensors: Tensors, present: Sequence[str]) -> dict[str, dict[str, Shape | None]]:
    """For each module all of whose tensors these are, what is below it."""
    shared = {part for name in present for part in _modules(name)}
    found: dict[str, dict[str, Shape | None]] = {}
    for name, shape in tensors.items():
        for part in _modules(name):
            if part not in shared:
                found.setdefault(part, {})[name] = shape
    return found


def _modules(name: str) -> Iterator[str]:
    """The modules that lead to a name."""
    parts = name.split(".")[:_MAX_DEPTH]
    return (".".join(parts[:place]) for place in range(1, len(parts)))


def _signature(part: str, held: Tensors) -> _Signature:
    return tuple((name[len(part) :], shape) for name, shape in held.items())


def _likeness(old: str, new: str) -> int:
    """How many components two names have in common, from the front and from the back."""
    first, second = old.split("."), new.split(".")
    front = next((place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
    back = next((place for place, (a, b) in enumerate(zip(first[::-1], second[::-1], strict=False)) if a != b), 0)
    return front + back


def _without_same_end(old: str, new: str) -> tuple[str, str]:
    """Two names as far as they differ: the last component goes where it is the same, and what leads to it differs."""
    (first, dot, own), (second, _, other) = old.rpartition("."), new.rpartition(".")
    return (first, second) if dot and second and own == other and first != second else (old, new)


def folded(pairs: Sequence[tuple[str, str]]) -> tuple[Renamed, ...]:
    """Pairs of names, each once, and those that differ in a number only as one."""
    once = list(dict.fromkeys(pairs))
    found: list[Renamed] = []
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for old, new in once:
        shape = tuple("#" if part.isdecimal() else part for part in f"{old}.>.{new}".split("."))
        groups.setdefault(shape, []).append((old, new))
    for group in groups.values():
        olds, news = ([pattern for pattern, _ in fold(names, [0] * len(names))] for names in zip(*group, strict=True))
        if len(olds) == len(news) == 1:
            found.append(Renamed(old=olds[0], new=news[0]))
        else:
            found += [Renamed(old=one, new=other) for one, other in group]
    return tuple(found)
