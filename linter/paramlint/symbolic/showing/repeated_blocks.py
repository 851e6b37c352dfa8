"""Repeated blocks as one pattern: `blocks.0.weight` to `blocks.7.weight` are `blocks.{8}.weight`."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

#: Numbers in a dotted name; what stands in braces already is no longer one.
_NUMBER = re.compile(r"(\{[^}]*\}|(?<!\d)(?:0|[1-9]\d*)(?!\d))")


@dataclass
class _Group:
    parts: list[str]
    members: list[int]


def fold(names: Sequence[str], alike: Sequence[Hashable]) -> list[tuple[str, list[int]]]:
    """Put names together that differ in a number only.

    Args:
        names: dotted names, or patterns.
        alike: for each name, what has to be equal within a group.

    Returns:
        For each group, in the order of their first members, its pattern and the indices of its members.
    """
    groups = [_Group(_NUMBER.split(name), [index]) for index, name in enumerate(names)]
    for place in reversed(range(max((len(group.parts) for group in groups), default=0))):
        groups = _folded_at(place, groups, alike)
    return [("".join(group.parts), group.members) for group in groups]


def _folded_at(place: int, groups: list[_Group], alike: Sequence[Hashable]) -> list[_Group]:
    """The groups, with those put together that differ only in the number at one place of their names."""
    buckets: dict[Hashable, list[_Group]] = {}
    for index, group in enumerate(groups):
        parts = group.parts
        is_numbered = place < len(parts) and parts[place].isdecimal()
        rest = (tuple(parts[:place]), tuple(parts[place + 1 :])) if is_numbered else index
        buckets.setdefault((alike[group.members[0]], rest), []).append(group)
    return [group for bucket in buckets.values() for group in _joined(place, bucket)]


def _joined(place: int, bucket: list[_Group]) -> list[_Group]:
    numbers = [int(group.parts[place]) for group in bucket] if len(bucket) > 1 else []
    if not numbers or len(set(numbers)) < len(numbers):
        return bucket
    first = bucket[0].parts
    parts = [*first[:place], "{" + _numbers(sorted(numbers)) + "}", *first[place + 1 :]]
    return [_Group(parts, [member for group in bucket for member in group.members])]


def _numbers(numbers: list[int]) -> str:
    """`8` for the first eight, else `2-5` or `0,2,4-6`."""
    if numbers == list(range(len(numbers))):
        return str(len(numbers))
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
