"""What changed, for a terminal: a table for each class, the older and the newer version beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from rich.text import Text

from paramlint.frontends.report.changes.change_words import cut, grouped, message, shown, summary, verdict
from paramlint.frontends.report.models.fitting_table import Column, fitting_table
from paramlint.frontends.report.models.terminal import terminal
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import count
from paramlint.symbolic.comparing.change_document import Change
from paramlint.symbolic.comparing.compare_versions import Outcome, Told

_STYLES = {"added": "green", "removed": "red", "renamed": "magenta", "shape": "red", "persistent": "red"}
_LONGEST = 60
#: Classes that hold one that changed which are named, and rows of what is unknown.
_MOST = 6


def print_changes(outcome: Outcome, stream: IO[str]) -> None:
    """Write all that changed."""
    console = terminal(stream)
    document = outcome.document
    for told, others in grouped(outcome.classes):
        console.print(_headline(told, document.old), soft_wrap=True)
        columns = (
            Column("change", 0),
            Column("parameter", 0, is_broken=True, is_name=True),
            Column(plain(document.old), 0, is_broken=True),
            Column(plain(document.new), 0, is_broken=True),
            Column("where", 0, is_broken=True),
            Column("at", 1),
        )
        console.print(fitting_table(columns, [_row(change) for change in told.told.changes], console.width))
        for line in _messages(told, document.old, document.new):
            console.print(Text(f"  {line}"), soft_wrap=True)
        if others:
            console.print(Text(f"  the same in {_others(others)}", style="dim"), soft_wrap=True)
        console.print()
    for gone in document.gone:
        console.print(
            Text(f"{plain(gone.name)}  {plain(gone.filename)}:{gone.row}  is gone", style="red"), soft_wrap=True
        )
    for unknown in document.unknown:
        rows = [f"{plain(one.name)} ({cut(plain(one.why), _LONGEST)})" for one in unknown.rows]
        rest = f" and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
        row = Text(f"{plain(unknown.name)}  {plain(unknown.filename)}:{unknown.row}  ")
        row.append("cannot be compared: ", style="yellow").append(", ".join(rows[:_MOST]) + rest)
        console.print(row, soft_wrap=True)
    console.print(Text(f"{summary(document)} ({count(document.compared, 'class', 'classes')} compared)", style="bold"))


def _headline(told: Told, old: str) -> Text:
    cls = told.told
    line = Text(plain(cls.name), style="bold")
    line.append(f"  {plain(cls.filename)}:{cls.row}", style="blue")
    style = {True: "green", False: "bold red", None: "yellow"}[cls.loads]
    return line.append(f"  {plain(verdict(cls, old))}", style=style)


def _row(change: Change) -> tuple[Text, ...]:
    old = "—" if change.kind == "added" else shown(change.kind, change.old, change.name)
    new = "—" if change.kind == "removed" else shown(change.kind, change.new, change.name)
    name = Text(plain(change.name))
    return (
        Text(change.kind, style=_STYLES.get(change.kind, "cyan")),
        name,
        Text(plain(old)),
        Text(plain(new)),
        Text(cut(plain(change.condition or ""), _LONGEST), style="yellow"),
        Text(plain(f"{change.filename.rpartition('/')[2]}:{change.row}"), style="dim"),
    )


def _messages(told: Told, old: str, new: str) -> Iterator[str]:
    """What it means, the first of each kind."""
    seen: set[str] = set()
    for change, note, breaks in zip(told.told.changes, told.notes, told.breaks, strict=True):
        if change.kind not in seen:
            seen.add(change.kind)
            more = sum(one.kind == change.kind for one in told.told.changes) - 1
            yield message(change, note, breaks, old, new) + (f" (and {more} more)" if more else "")


def _others(others: list[Told]) -> str:
    names = [f"{plain(one.told.name)} ({plain(one.told.filename)}:{one.told.row})" for one in others]
    rest = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + rest
