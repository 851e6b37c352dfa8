"""Patterns of parameter names, in contracts and on the command line.

blocks.*.weight         `*` stands for any text, dots included, `?` for one character
blocks.{0-3,8}.weight   the numbers 0, 1, 2, 3 and 8, as reports fold repeated blocks

A match takes a number of steps in proportion to the length of the name times that of the pattern.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache

from paramlint.config.nearest import nearest

#: The digits that a number may have.
_DIGITS = 18
_NUMBER = rf"\d{{1,{_DIGITS}}}"
TOKEN = re.compile(rf"\*|\?|\{{{_NUMBER}(?:-{_NUMBER})?(?:,{_NUMBER}(?:-{_NUMBER})?)*\}}", re.ASCII)
_ASCII_DIGITS = frozenset("0123456789")


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern covers a name."""
    return captures(pattern, name) is not None


def captures(pattern: str, name: str) -> tuple[str, ...] | None:
    """What the wildcards and numbers of a pattern stand for in a name; None where it does not cover the name.

    Where there is a choice, the first wildcard stands for as much as it can, then the second, and so on.
    """
    pieces, tokens = _split(pattern)
    if pattern == name:  # also one that has such signs in its name
        return tokens
    first, last = pieces[0], pieces[-1]
    if not tokens or len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return None
    if tokens == ("*",):
        return (name[len(first) : len(name) - len(last)],)
    ends = _ends(pieces, tokens, name)
    return _texts(pieces, tokens, name, ends) if ends is not None else None


def _ends(pieces: tuple[str, ...], tokens: tuple[str, ...], name: str) -> list[set[int]] | None:
    """Where the text of each token may end so that all after it fits; `None` where the whole does not fit."""
    ends: list[set[int]] = []
    after = {len(name)}
    for piece, token in zip(reversed(pieces[1:]), reversed(tokens), strict=True):
        here = {end - len(piece) for end in after if end >= len(piece) and name.startswith(piece, end - len(piece))}
        if token[0] == "{" and piece[:1] not in _ASCII_DIGITS:  # a number is not cut short: 12 is no 1
            here = {end for end in here if name[end : end + 1] not in _ASCII_DIGITS}
        if not here:
            return None
        ends.append(here)
        if token == "*":
            after = set(range(max(here) + 1))
        elif token == "?":
            after = {end - 1 for end in here if end}
        else:
            after = {start for end in here for start in _starts(token, name, end)}
    return ends[::-1] if len(pieces[0]) in after else None


def _starts(braces: str, name: str, end: int) -> list[int]:
    """Where a number that ends here may start."""
    found = []
    for start in range(end - 1, max(end - _DIGITS, 0) - 1, -1):
        if name[start] not in _ASCII_DIGITS:
            break
        if _holds(braces, name[start:end]):
            found.append(start)
    return found


def _texts(pieces: tuple[str, ...], tokens: tuple[str, ...], name: str, ends: list[set[int]]) -> tuple[str, ...]:
    texts: list[str] = []
    at = len(pieces[0])
    for piece, token, possible in zip(pieces[1:], tokens, ends, strict=True):
        if token == "*":
            end = max(possible)
        elif token == "?":
            end = at + 1
        else:
            end = next(e for e in range(at + _DIGITS, at, -1) if e in possible and at in _starts(token, name, e))
        texts.append(name[at:end])
        at = end + len(piece)
    return tuple(texts)


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
def _split(pattern: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts around the tokens of a pattern, one more than those, and the tokens."""
    return tuple(TOKEN.split(pattern)), tuple(TOKEN.findall(pattern))


def _holds(braces: str, text: str) -> bool:
    number = int(text)
    return any(low <= number <= high for low, high in _ranges(braces))


@cache
def _ranges(braces: str) -> list[tuple[int, int]]:
    """The bounds of each run in `{0-3,8}`."""
    runs = [part.partition("-") for part in braces[1:-1].split(",")]
    return [(int(low), int(high or low)) for low, _, high in runs]
