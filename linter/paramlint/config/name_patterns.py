"""Patterns of parameter names, in contracts and on the command line.

blocks.*.weight         `*` stands for any text, dots included, `?` for one character
blocks.{0-3,8}.weight   the numbers 0, 1, 2, 3 and 8, as reports fold repeated blocks
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache

from paramlint.config.nearest import nearest

TOKEN = re.compile(r"\*|\?|\{\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*\}")


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern covers a name."""
    return captures(pattern, name) is not None


def captures(pattern: str, name: str) -> tuple[str, ...] | None:
    """What the wildcards and numbers of a pattern stand for in a name; None where it does not cover the name."""
    if pattern == name:  # also one that has such signs in its name
        return tuple(TOKEN.findall(pattern))
    found = _compiled(pattern).fullmatch(name)
    if found is None:
        return None
    texts = found.groups()
    fit = all(token[0] != "{" or _holds(token, text) for token, text in zip(TOKEN.findall(pattern), texts, strict=True))
    return texts if fit else None


def is_open(pattern: str) -> bool:
    """Whether a pattern covers names without end, as those with `*` or `?` do."""
    return any(token in "*?" for token in TOKEN.findall(pattern))


def size(pattern: str) -> int:
    """How many patterns `enumerated` gives."""
    braces = [token for token in TOKEN.findall(pattern) if token[0] == "{"]
    return math.prod(sum(max(high - low + 1, 0) for low, high in _ranges(token)) for token in braces)


def enumerated(pattern: str) -> list[str]:
    """The patterns that name each number of `{0-3}` on its own."""
    found = next((found for found in TOKEN.finditer(pattern) if found[0][0] == "{"), None)
    if found is None:
        return [pattern]
    start, end = pattern[: found.start()], pattern[found.end() :]
    return [
        whole
        for low, high in _ranges(found[0])
        for number in range(low, high + 1)
        for whole in enumerated(f"{start}{number}{end}")
    ]


def filled(pattern: str, texts: Iterable[str]) -> str:
    """The pattern with its first `*` replaced by the first text, and so on, as far as there are both."""
    given = iter(texts)
    return re.sub(r"\*", lambda star: next(given, star[0]), pattern)


def suggestion(pattern: str, names: Iterable[str]) -> str:
    """What was probably meant by a pattern that covers none of these names, as the end of a message."""
    meant = nearest(pattern, names)
    return f"; did you mean `{meant}`?" if meant else ""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    regex = {"*": "(.*)", "?": "(.)"}
    pieces = TOKEN.split(pattern)
    tokens = [regex.get(token, r"(\d+)") for token in TOKEN.findall(pattern)]
    return re.compile("".join(re.escape(a) + b for a, b in zip(pieces, [*tokens, ""], strict=True)), re.DOTALL)


def _holds(braces: str, text: str) -> bool:
    return any(low <= int(text) <= high for low, high in _ranges(braces))


def _ranges(braces: str) -> list[tuple[int, int]]:
    """The bounds of each run in `{0-3,8}`."""
    runs = [part.partition("-") for part in braces[1:-1].split(",")]
    return [(int(low), int(high or low)) for low, _, high in runs]
