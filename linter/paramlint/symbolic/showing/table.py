"""From a finished run to the table of its tensors, with equal repeats folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.registry import Below
from paramlint.symbolic.showing.claims import Claims
from paramlint.symbolic.showing.places import Roots, look
from paramlint.symbolic.showing.repeated_blocks import fold
from paramlint.symbolic.showing.show_document import Parameter, ShownClass, UnknownPart
from paramlint.symbolic.values.wording import told, told_name

RowT = TypeVar("RowT", bound=Parameter)


@dataclass(frozen=True)
class Heading:
    """What is shown: the name of a class or function, and where it is defined."""

    name: str
    filename: str
    row: int


def table(run: Interpreter, roots: Roots, heading: Heading) -> ShownClass:
    """The table of a module.

    Args:
        run: the finished run that built it.
        roots: the module, or its alternatives.
        heading: what is shown.
    """
    steps = min(run.steps, run.budget)
    places, missing = look(run, roots)
    claims = Claims(run, places)
    return ShownClass(
        name=heading.name,
        filename=heading.filename,
        row=heading.row,
        parameters=_folded([claims.parameter(place) for place in places if place.tensor.role == "parameter"]),
        buffers=_folded([claims.buffer(place) for place in places if place.tensor.role == "buffer"]),
        unknown=_folded_unknown([_unknown(below, claims, heading) for below in missing]),
        steps=steps,
    )


def _unknown(below: Below, claims: Claims, heading: Heading) -> UnknownPart:
    """A row of what is not known: where it is given its name, else where its owner is made."""
    site = None
    if below.owner is not None:
        own = below.name.removesuffix(".**").rpartition(".")[2]
        site = claims.site(below.owner.number, own) or below.owner.made
    return UnknownPart(
        name=told_name(below.name),
        why=told(below.why) or "it cannot be told",
        filename=site.path if site is not None else heading.filename,
        row=site.row if site is not None else heading.row,
    )


def _folded(rows: list[RowT]) -> tuple[RowT, ...]:
    """Rows with equal repeats as one."""
    groups = fold([row.name for row in rows], [_alike(row) for row in rows])
    names = {rows[index].name: pattern for pattern, members in groups for index in members}
    found = []
    for pattern, members in groups:
        first = rows[members[0]]
        counts = [count for index in members if (count := rows[index].count) is not None]
        count = sum(counts) if len(counts) == len(members) else None
        tied = tuple(dict.fromkeys(names.get(name, name) for name in first.tied_with))
        found.append(msgspec.structs.replace(first, name=pattern, count=count, tied_with=tied))
    return tuple(found)


def _alike(row: Parameter) -> str:
    """What rows have in common that are folded: all but name and count; of ties, that they are in one group."""
    group = sorted({row.name, *row.tied_with}) if row.tied_with else []
    return repr((msgspec.structs.replace(row, name="", count=None if row.count is None else 1, tied_with=()), group))


def _folded_unknown(rows: list[UnknownPart]) -> tuple[UnknownPart, ...]:
    """One row for each name, equal repeats as one."""
    by_name: dict[str, list[UnknownPart]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    joined = [
        msgspec.structs.replace(group[0], why=" or ".join(dict.fromkeys(row.why for row in group)))
        for group in by_name.values()
    ]
    groups = fold([row.name for row in joined], [(row.why, row.filename, row.row) for row in joined])
    return tuple(msgspec.structs.replace(joined[members[0]], name=pattern) for pattern, members in groups)
