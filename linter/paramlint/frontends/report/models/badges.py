"""What a row says besides the initialisation: not written, in a finding, tied, frozen; gradient and group; a buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from paramlint.frontends.report.models.alike import mean
from paramlint.verify.document.schema import Buffer, Parameter

#: `unclear` is a status that is neither good nor bad; the others say what they are about.
Kind = Literal["bad", "unclear", "tied", "alias", "frozen", "good"]
#: Share of zeros in a gradient from which it is told.
WORTH_A_WORD = 0.01
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


def buffer_states(buffer: Buffer) -> Iterator[str]:
    """What a buffer is, in words."""
    yield "buffer" if buffer.persistent else "buffer, not saved"
    if buffer.status != "written":
        yield buffer.status


def gradient_of(members: Sequence[Parameter]) -> str:
    """The mean norm of their gradients, and the share of zeros where it is worth a word; empty where there are none."""
    known = [p.gradient for p in members if p.gradient is not None]
    if not known:
        return ""
    zeros = sum(one.zeros for one in known) / len(known)
    share = f", {zeros:.0%} zero" if zeros >= WORTH_A_WORD else ""
    norm = mean([one.norm for one in known])
    return "not finite" if norm is None else f"{norm:.3g}{share}"


def group_of(parameter: Parameter) -> str:
    """Its group in the optimizer, with rate and decay."""
    one = parameter.optimized
    if one is None:
        return "none" if parameter.requires_grad else ""
    options = [f"{name} {value:g}" for name, value in (("lr", one.lr), ("wd", one.weight_decay)) if value is not None]
    return f"{one.group}: {', '.join(options)}" if options else f"{one.group}"
