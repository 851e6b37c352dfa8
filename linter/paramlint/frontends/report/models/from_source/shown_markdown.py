"""What `show` says of classes, as Markdown: a table a class, and an index of many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from paramlint.frontends.report.models.from_source.shown import size_text
from paramlint.frontends.report.models.from_source.shown_rows import worded_rows
from paramlint.frontends.report.place import short
from paramlint.frontends.report.plain import plain
from paramlint.symbolic.showing.show_document import ShownClass

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def class_lines(shown: ShownClass) -> Iterator[str]:
    """The heading and the table of a class."""
    yield f"## {escaped(shown.name)}"
    yield ""
    yield f"{code(f'{short(shown.filename)}:{shown.row}')}: {size_text(shown)}"
    rows = list(worded_rows(shown))
    if not rows:
        return
    yield ""
    yield "| parameter | shape | init | at | state |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows:
        times = f" ×{row.times}" if row.times > 1 else ""
        state = ", ".join(label for label, _ in row.labels)
        cells = code(row.name) + times, escaped(row.shape), escaped(row.init), row.place, escaped(state)
        yield f"| {' | '.join(cells)} |"


def index_lines(classes: Sequence[ShownClass]) -> Iterator[str]:
    """One row a class."""
    yield "| class | at | size |"
    yield "| --- | --- | --- |"
    for shown in classes:
        yield f"| {code(shown.name)} | {escaped(f'{short(shown.filename)}:{shown.row}')} | {size_text(shown)} |"


def escaped(text: str) -> str:
    """A text that is no markup, whatever is in it."""
    return _MARKUP.sub(r"\\\1", plain(text)).replace("\\<", "&lt;").replace("\\>", "&gt;")


def code(text: str) -> str:
    """A text as code; a bar would end a cell of a table, and a backtick the code."""
    return f"`{plain(text).replace('`', chr(39)).replace('|', '¦')}`"
