"""Figures with their units."""

from __future__ import annotations

from collections.abc import Iterable

#: From here on a count is told in words.
MILLION = 1_000_000


def size(count: int) -> str:
    """Bytes in the unit that suits them: `4.688 KiB`."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.4g} {unit}"
        amount /= 1024
    return f"{amount:.4g} TiB"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: `1 file`, `2 files`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def dimensions(shape: Iterable[int]) -> str:
    """The shape of a tensor: `8×3×3`."""
    return "×".join(map(str, shape)) or "scalar"


def listed(names: Iterable[str]) -> str:
    """Names as a message has them: `a`, `b`."""
    return ", ".join(f"`{name}`" for name in names)


def large(number: int) -> str:
    """A count as one says it: `6.74 billion`."""
    for unit, word in ((10**12, "trillion"), (10**9, "billion"), (MILLION, "million")):
        if number >= unit:
            return f"{number / unit:.3g} {word}"
    return f"{number:,}"
