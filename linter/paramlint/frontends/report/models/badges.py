"""What a parameter is besides initialised, in a word each: not written, in a finding, tied, frozen..."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from paramlint.verify.document.schema import Parameter

#: `unclear` is a status that is neither good nor bad; the others say what they are about.
Kind = Literal["bad", "unclear", "tied", "alias", "frozen", "good"]
GARBAGE = frozenset({"unwritten", "partly written", "tainted"})


class Badge(NamedTuple):
    """A word or two, and what it is about, which decides its colour."""

    label: str
    kind: Kind


def badges(parameter: Parameter, members: int, codes: Sequence[str]) -> Iterator[Badge]:
    """The badges of a row.

    Args:
        parameter: the first of those that the row stands for.
        members: how many they are.
        codes: of the findings about it.
    """
    p = parameter
    if p.status != "written":
        share = f" {p.written_fraction:.0%}" if p.status == "partly written" else ""
        yield Badge(f"{p.status}{share}", "bad" if p.status in GARBAGE else "unclear")
    for code in codes:
        yield Badge(code, "bad")
    if p.tied_with:
        yield Badge(_with("tied", p.tied_with, members), "tied")
    if p.aliases:
        yield Badge(_with("alias", p.aliases, members), "alias")
    if not p.requires_grad:
        yield Badge("frozen", "frozen")
    if p.fit and p.fit.verdict == "rejected":
        yield Badge("values differ", "bad")
    elif p.fit and p.fit.verdict == "follows":
        yield Badge("confirmed", "good")


def _with(word: str, names: Sequence[str], members: int) -> str:
    """What it shares with; the names differ between the members of a row."""
    if members > 1:
        return word
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{word}: {names[0]}{more}"
