"""Repeated blocks of a model as one row: `layers.{0-31}.mlp.weight`."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

ItemT = TypeVar("ItemT")

#: An index between dots: the number of a layer, not the digit of `conv1`.
INDEX = re.compile(r"(?<![^.])\d+(?![^.])")


def fold(
    items: Iterable[ItemT], name: Callable[[ItemT], str], alike: Callable[[ItemT], Hashable]
) -> list[tuple[str, list[ItemT]]]:
    """Group what is alike but for the numbers in its name, in the order of first appearance.

    Args:
        items: what to group.
        name: the dotted name of one.
        alike: what has to be equal within a group.

    Returns:
        For each group a name that stands for all of its names, and its members.
    """
    groups: dict[tuple[str, Hashable], list[ItemT]] = {}
    for item in items:
        groups.setdefault((INDEX.sub("*", name(item)), alike(item)), []).append(item)
    return [(folded_name([name(item) for item in members]), members) for members in groups.values()]


def folded_name(names: list[str]) -> str:
    """One name for several that differ in their numbers only."""
    if len(names) == 1:
        return names[0]
    columns = zip(*(map(int, INDEX.findall(name)) for name in names), strict=True)
    texts = iter([_numbers(sorted(set(column))) for column in columns])
    return INDEX.sub(lambda _: next(texts), names[0])


def _numbers(numbers: list[int]) -> str:
    """`3`, `{0-11}`, or `{0-3,8-11}`."""
    if len(numbers) == 1:
        return str(numbers[0])
    starts = [n for n in numbers if n - 1 not in set(numbers)]
    ends = [n for n in numbers if n + 1 not in set(numbers)]
    runs = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]
    return "{" + ",".join(runs) + "}"
