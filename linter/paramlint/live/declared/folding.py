"""Exact patterns for the names of repeated blocks: `layers.{0-79}.weight` covers just the names it was made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

#: A number between dots, written as Python writes it: the index of a block, not the digit of `conv1`.
INDEX = re.compile(r"(?<![^.])(?:0|[1-9]\d*)(?![^.])")

Numbers = tuple[int, ...]


def folded(names: Iterable[str]) -> list[str]:
    """As few patterns as cover these names and no other ones, in the order of the names."""
    rows: dict[tuple[str, ...], dict[Numbers, None]] = {}
    for name in names:
        row = tuple(map(int, INDEX.findall(name)))
        rows.setdefault(tuple(INDEX.split(name)), {})[row] = None
    return [_joined(pieces, box) for pieces, found in rows.items() for box in boxes(found.keys())]


def boxes(rows: AbstractSet[Numbers]) -> list[tuple[Numbers, ...]]:
    """Rows of numbers as products of columns: each row is in one box, and each product of a box is a row."""
    if rows <= {()}:
        return [()]
    rests: dict[int, set[Numbers]] = {}
    for first, *rest in sorted(rows):
        rests.setdefault(first, set()).add(tuple(rest))
    alike: dict[frozenset[Numbers], list[int]] = {}
    for first, rest_of_first in rests.items():
        alike.setdefault(frozenset(rest_of_first), []).append(first)
    return [(tuple(numbers), *box) for rest_of_all, numbers in alike.items() for box in boxes(rest_of_all)]


def _joined(pieces: Sequence[str], columns: Sequence[Numbers]) -> str:
    texts = [_text(numbers) for numbers in columns]
    return "".join(piece + text for piece, text in zip(pieces, [*texts, ""], strict=True))


def _text(numbers: Numbers) -> str:
    """`3`, `{0-11}`, or `{0-3,8}`."""
    if len(numbers) == 1:
        return str(numbers[0])
    there = set(numbers)
    starts = [n for n in numbers if n - 1 not in there]
    ends = [n for n in numbers if n + 1 not in there]
    return "{" + ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)) + "}"
