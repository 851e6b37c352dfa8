"""What was probably meant by a name that there is not: a typing mistake away, or nothing is suggested."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: One mistake in so many characters, and one in any name.
_CHARACTERS = 4


def nearest(given: str, names: Iterable[str]) -> str | None:
    """The name that is a mistake or two from the given one. Another number is another name: `PRM999` is no `PRM709`."""
    from difflib import get_close_matches  # few names are wrong

    by_text = {name.lower(): name for name in names}
    wanted = given.lower()
    for name in get_close_matches(wanted, by_text, 3):
        numbers, others = re.findall(r"\d+", wanted), re.findall(r"\d+", name)
        allowed = max(1, len(wanted) // _CHARACTERS)
        if (numbers == others or not numbers or not others) and _mistakes(wanted, name) <= allowed:
            return by_text[name]
    return None


def _mistakes(a: str, b: str) -> int:
    """How many characters were left out, added, changed or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            row.append(min(row[j] + 1, last[j + 1] + 1, last[j] + (x != y)))
            if i and j and (a[i - 1], x) == (y, b[j - 1]):
                row[-1] = min(row[-1], before[j - 1] + 1)
        before, last = last, row
    return last[-1]
