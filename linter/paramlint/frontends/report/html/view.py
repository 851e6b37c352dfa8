"""What the templates show, as plain values: a template only says where it stands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import UNSET

from paramlint.frontends.report.html.excerpt import Excerpt, excerpt
from paramlint.frontends.report.html.histogram_svg import Picture, added, picture
from paramlint.frontends.report.models.alike import (
    alike_buffers,
    alike_findings,
    alike_parameters,
    codes_by_name,
    mean,
    others_of,
)
from paramlint.frontends.report.models.badges import Badge, badges, buffer_states, gradient_of, group_of
from paramlint.frontends.report.units import MILLION, count, dimensions, large, size
from paramlint.verify.document.schema import Counts, Document, Found, Histogram, Parameter


@dataclass(frozen=True)
class Tile:
    """A figure of the headline; `note` is what else there is to say, `kind` `bad` where it is no good news."""

    label: str
    figure: str
    note: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Card:
    """A finding, or several that differ in the number of a block only.

    Attributes:
        number: counts from 1; a badge leads here by it.
        verdict: in words, with `style` for its colour.
        others: the parameters that it is about besides the first.
        evidence: what was seen, by name.
    """

    number: int
    found: Found
    verdict: str
    style: str
    others: tuple[str, ...]
    excerpt: Excerpt | None
    evidence: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """A row of the table of parameters; `alone` says that the histogram is of the first of several members only."""

    name: str
    members: tuple[str, ...]
    first: Parameter
    shape: str
    elements: int
    call: str
    place: str
    std: str
    expected: str
    picture: Picture | None
    alone: bool
    badges: tuple[Badge, ...]
    gradient: str = ""
    group: str = ""


@dataclass(frozen=True)
class BufferRow:
    """A row of the table of buffers."""

    name: str
    members: int
    shape: str
    dtype: str
    call: str
    place: str
    state: str


def columns(document: Document) -> dict[str, bool]:
    """Which columns there are besides those that always are."""
    return {
        "gradient": any(parameter.gradient for parameter in document.parameters),
        "group": document.summary.groups is not None,
    }


def buffers(document: Document) -> list[BufferRow]:
    """The buffers, repeated blocks as one."""
    return [
        BufferRow(
            name=name,
            members=len(members),
            shape=dimensions(first.shape),
            dtype=first.dtype,
            call=first.init.call if first.init else "",
            place=first.init.place if first.init else "",
            state=", ".join(buffer_states(first)),
        )
        for name, members in alike_buffers(document)
        for first in members[:1]
    ]


def tiles(document: Document) -> Iterator[Tile]:
    """The counts of the headline."""
    counts = document.summary
    stands = any(found.verdict != "refuted" for found in document.findings)
    yield Tile("findings", str(counts.findings), _verdicts(document), "bad" if stands else "good")
    if counts.unwritten:
        yield Tile("not written", str(counts.unwritten), "of all or some elements", "bad")
    exact = f"{counts.elements:,}"
    yield Tile("parameters", large(counts.elements), exact if counts.elements >= MILLION else "elements")
    yield Tile("tensors", f"{counts.parameters:,}", _shared(counts))
    yield Tile("memory", size(counts.bytes))
    frozen = counts.elements - counts.trainable
    share = counts.trainable / counts.elements if counts.elements else 1.0
    yield Tile("trainable", _percent(share), f"{large(frozen)} frozen" if frozen else "nothing frozen")


def figure(value: float, digits: int = 3) -> str:
    """A figure to some digits, with a minus that is as wide as a plus."""
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def cards(document: Document) -> list[Card]:
    """The findings, in the order in which they were found."""
    return [_card(number, members) for number, members in enumerate(alike_findings(document.findings), 1)]


def rows(document: Document) -> list[Row]:
    """The parameters, repeated blocks as one."""
    codes = codes_by_name(document)
    drawn = {} if document.details is UNSET else document.details.histograms
    return [
        _row(name, members, drawn, tuple(badges(members[0], len(members), codes.get(members[0].name, ()))))
        for name, members in alike_parameters(document)
    ]


def numbers(document: Document) -> dict[str, dict[str, int]]:
    """By parameter and code the number of the card about both, to which a badge leads."""
    found: dict[str, dict[str, int]] = {}
    for card in cards(document):
        for name in (card.found.parameter, *card.others):
            found.setdefault(name, {}).setdefault(card.found.code, card.number)
    return found


def _card(number: int, members: list[Found]) -> Card:
    first = members[0]
    return Card(
        number=number,
        found=first,
        verdict=first.verdict or "not confirmed",
        style=STYLES.get(first.verdict or "", "unclear"),
        others=others_of(members),
        excerpt=excerpt(first.filename, first.location.row),
        evidence=tuple((name, evidence_text(value)) for name, value in first.evidence.items()),
    )


STYLES = {"confirmed": "bad", "refuted": "good"}


def evidence_text(value: object) -> str:
    """What was seen, as text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _row(name: str, members: list[Parameter], drawn: dict[str, Histogram], badges: tuple[Badge, ...]) -> Row:
    first = members[0]
    known = [drawn[member.name] for member in members if member.name in drawn]
    total = added(known)
    init = first.init
    return Row(
        name=name,
        members=tuple(member.name for member in members),
        first=first,
        shape=dimensions(first.shape),
        elements=sum(member.numel for member in members),
        call=first.law or (init.call if init else ""),
        place=init.place if init else "",
        std=_known(mean([member.std for member in members])),
        expected=_known(first.expected_std),
        picture=picture(total) if total else None,
        alone=len(known) > 1 and total is known[0],
        badges=badges,
        gradient=gradient_of(members),
        group=group_of(first),
    )


def _known(value: float | None) -> str:
    return "" if value is None else figure(value, digits=4)


def _verdicts(document: Document) -> str:
    if not document.findings:
        return "nothing found"
    kinds = Counter(found.verdict or "not confirmed" for found in document.findings)
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items())


def _shared(counts: Counts) -> str:
    told = [f"{number} {word}" for number, word in ((counts.tied, "tied"), (counts.aliased, "aliased")) if number]
    return ", ".join(told) or "none shared"


def _percent(share: float) -> str:
    """Rounded, but neither to nothing nor to all."""
    if 0 < share < 0.005 or 0.995 < share < 1:
        return f"{share:.2%}"
    return f"{share:.0%}"


def told(document: Document) -> str:
    """How it went, in a few words, for the title of the window and for a list."""
    if document.outcome.status != "ok":
        return f"{document.outcome.status} in stage {document.outcome.stage}"
    return count(document.summary.findings, "finding")
