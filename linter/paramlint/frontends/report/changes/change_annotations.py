"""Commands by which a GitHub workflow marks the rows where parameters change."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.frontends.report.changes.change_words import grouped, message
from paramlint.frontends.report.exchange.github import data, property_value
from paramlint.frontends.report.plain import plain
from paramlint.symbolic.comparing.compare_versions import Outcome


def github_marks(outcome: Outcome) -> Iterator[str]:
    """One command for each change, in the class that it is made in; what is gone is marked where the class begins."""
    document = outcome.document
    marked: set[tuple[str, str, int]] = set()
    for told, _ in grouped(outcome.classes):
        cls = told.told
        for change, note, breaks in zip(cls.changes, told.notes, told.breaks, strict=True):
            is_gone = change.kind == "removed"
            filename, row = (cls.filename, cls.row) if is_gone else (change.filename, change.row)
            if not is_gone and (change.kind, filename, row) in marked:
                continue  # it was said of the part that this class holds
            marked.add((change.kind, filename, row))
            level = "error" if breaks and cls.loads is False else "notice" if change.kind == "init" else "warning"
            said = f"{plain(cls.name)}: {message(change, note, breaks, document.old, document.new)}"
            title = property_value(f"paramlint diff ({change.kind})")
            yield f"::{level} title={title},file={property_value(filename)},line={row}::{data(said)}"
