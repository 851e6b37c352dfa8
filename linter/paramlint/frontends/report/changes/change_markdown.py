"""What changed, as a comment under a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.frontends.report.changes.change_words import cut, grouped, message, shown, summary, verdict
from paramlint.frontends.report.models.from_source.shown_markdown import code
from paramlint.frontends.report.plain import plain
from paramlint.symbolic.comparing.change_document import Change
from paramlint.symbolic.comparing.compare_versions import Outcome, Told

#: By which a workflow finds its own comment, to write it anew.
MARK = "<!-- paramlint diff -->"
#: Classes that are shown open; others are folded.
_MOST_OPEN = 5
_LONGEST = 80
#: Rows of a table; a comment must not have more than 65,536 characters.
_MOST_ROWS = 40
_MOST_CLASSES = 60
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


def markdown(outcome: Outcome) -> Iterator[str]:
    """The lines of the comment."""
    document = outcome.document
    yield MARK
    yield f"### Parameters: {code(document.old)} → {code(document.new)}"
    yield ""
    said = summary(document)
    yield f"{_escaped(said[0].upper() + said[1:])}."
    groups = grouped(outcome.classes)
    for number, (told, others) in enumerate(groups[:_MOST_CLASSES]):
        yield ""
        yield from _class(told, others, document.old, document.new, is_open=number < _MOST_OPEN)
    if len(groups) > _MOST_CLASSES:
        yield ""
        yield f"And {len(groups) - _MOST_CLASSES} classes more."
    if document.gone:
        yield ""
        yield f"Gone: {', '.join(f'{code(one.name)} ({_escaped(one.filename)})' for one in document.gone)}."
    if document.unknown:
        yield ""
        yield "<details><summary>What could not be compared</summary>"
        yield ""
        for unknown in document.unknown[:_MOST_CLASSES]:
            rows = "; ".join(
                f"{code(row.name)}: {_escaped(cut(row.why, _LONGEST))}" for row in unknown.rows[:_MOST_OPEN]
            )
            yield f"- {code(unknown.name)} ({_escaped(unknown.filename)}:{unknown.row}): {rows}"
        yield ""
        yield "</details>"


def _class(told: Told, others: list[Told], old: str, new: str, *, is_open: bool) -> Iterator[str]:
    cls = told.told
    sign = {True: "✅", False: "❌", None: "❔"}[cls.loads]
    place = f"{_escaped(cls.filename)}:{cls.row}"
    yield f"<details{' open' if is_open else ''}><summary>{sign} <b>{_escaped(cls.name)}</b> ({place}): " + (
        f"{_escaped(verdict(cls, old))}</summary>"
    )
    yield ""
    yield f"| change | parameter | {code(old)} | {code(new)} | what it means |"
    yield "| --- | --- | --- | --- | --- |"
    rows = list(zip(cls.changes, told.notes, told.breaks, strict=True))
    for change, note, breaks in rows[:_MOST_ROWS]:
        said = _words(message(change, note, breaks, old, new))
        cells = change.kind, code(change.name), *_cells(change), said
        yield f"| {' | '.join(cells)} |"
    if len(rows) > _MOST_ROWS:
        yield f"| … | {len(rows) - _MOST_ROWS} more | | | |"
    if others:
        yield ""
        names = ", ".join(code(one.told.name) for one in others[:_MOST_ROWS])
        yield f"The same in {names}" + (f" and {len(others) - _MOST_ROWS} more." if len(others) > _MOST_ROWS else ".")
    yield ""
    yield "</details>"


def _cells(change: Change) -> Iterator[str]:
    """What it was, and what it is."""
    for value, lacks in ((change.old, "added"), (change.new, "removed")):
        said = "—" if change.kind == lacks else shown(change.kind, value, change.name)
        yield _escaped(cut(said, _LONGEST))


def _escaped(text: str) -> str:
    """A text that is no markup, whatever is in it; nor does it call anybody."""
    return _MARKUP.sub(r"\\\1", plain(text)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("@", "&#64;")


def _words(text: str) -> str:
    """A message, in which what is between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _escaped(text)
    return "".join(code(part) if place % 2 else _escaped(part) for place, part in enumerate(parts))
