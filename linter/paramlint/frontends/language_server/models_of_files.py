"""What the module classes of an edited file hold by their source: under the cursor, in the text, and as its symbols."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsprotocol import types as lsp
from pygls.workspace import TextDocument

from paramlint.facts.files import File
from paramlint.frontends.report.plain import plain
from paramlint.source.text import Source
from paramlint.symbolic.code.program import ClassValue, SourceFile
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.module_code import module_name
from paramlint.symbolic.limits import OverBudgetError
from paramlint.symbolic.showing.show import show_class
from paramlint.symbolic.showing.show_document import Buffer, Parameter, ShownClass
from paramlint.symbolic.showing.show_targets import Subject, classes_of, open_program
from paramlint.syntax.outline import ClassOutline, Unit

#: Rows of a table under the cursor, and classes of a file whose tables are made.
_MAX_ROWS = 40
_MAX_CLASSES = 40
_WORD = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LONGEST = 60


@dataclass(frozen=True)
class _Read:
    """A file as it is in the editor."""

    text: str
    file: SourceFile
    shown: dict[str, ShownClass]


class Models:
    """Builds module classes from the text in the editor; each text once."""

    def __init__(self) -> None:
        self._read: dict[str, _Read] = {}

    def hover(self, document: TextDocument, position: lsp.Position) -> list[str]:
        """The table of the class that is named under the cursor, or of what an attribute of `self` holds."""
        read = self._of(document)
        word = _word_at(document, position)
        if read is None or not word:
            return []
        owner, _, attribute = word.partition(".")
        if owner == "self" and attribute:
            around = self._class_around(read, position.line + 1)
            return _table(around, attribute.partition(".")[0]) if around is not None else []
        cls = _class_named(read.file, word)
        shown = self._shown(read, cls) if cls is not None else None
        return _table(shown) if shown is not None else []

    def symbols(self, document: TextDocument) -> list[lsp.DocumentSymbol]:
        """Each module class, with its parameters and buffers."""
        read = self._of(document)
        found = []
        for path, shown, unit in self._classes(read):
            rows = (*shown.parameters, *shown.buffers)
            children = [_symbol(row, path, unit.first, unit.last, document) for row in rows]
            span = _span(document, unit.first, unit.last)
            own = _span(document, shown.row, shown.row)
            found.append(
                lsp.DocumentSymbol(shown.name, lsp.SymbolKind.Class, span, own, detail="module", children=children)
            )
        return found

    def hints(self, document: TextDocument, wanted: lsp.Range) -> list[lsp.InlayHint]:
        """The shapes of the parameters that rows of the text make, at their ends."""
        read = self._of(document)
        by_row: dict[int, dict[str, None]] = {}
        for path, shown, unit in self._classes(read):
            for row in shown.parameters:
                is_here = row.filename == path and unit.first <= row.row <= unit.last
                if is_here and wanted.start.line <= row.row - 1 <= wanted.end.line and row.shape is not None:
                    own = row.name.rpartition(".")[2]
                    by_row.setdefault(row.row, {})[f"{plain(own)} {_shape(row)}"] = None
        return [
            lsp.InlayHint(_end(document, row), ", ".join(texts), kind=lsp.InlayHintKind.Type, padding_left=True)
            for row, texts in sorted(by_row.items())
        ]

    def _classes(self, read: _Read | None) -> Iterator[tuple[str, ShownClass, Unit]]:
        """The module classes of a file: its path, what each holds, and where it stands."""
        for subject in _subjects(read) if read is not None else ():
            assert read is not None
            assert isinstance(subject.value, ClassValue)
            yield read.file.path, self._shown(read, subject.value), subject.value.outline.unit

    def _of(self, document: TextDocument) -> _Read | None:
        known = self._read.get(document.uri)
        if known is not None and known.text == document.source:
            return known
        if "torch" not in document.source:
            return None
        try:
            program = open_program()
            assert program.project is not None
            source = Source.from_text(os.path.abspath(document.path), document.source)
            file = program.file(File(source, program.project, draft=True))
            _ = file.facts.outline
        except (SyntaxError, ValueError, RecursionError):
            return known  # as it was before the sentence was begun
        self._read = {document.uri: _Read(document.source, file, {})}
        return self._read[document.uri]

    def _shown(self, read: _Read, cls: ClassValue) -> ShownClass:
        key = f"{cls.file.path}:{cls.outline.qualname}"
        if key not in read.shown:
            read.shown[key] = show_class(read.file.program, cls)
        return read.shown[key]

    def _class_around(self, read: _Read, row: int) -> ShownClass | None:
        around = [one for one in _outlines(read.file) if one.unit.first <= row <= one.unit.last]
        if not around:
            return None
        cls = read.file.class_value(max(around, key=lambda one: one.unit.first))
        return self._shown(read, cls) if any(one.value is cls for one in _subjects(read)) else None


def _outlines(file: SourceFile) -> Iterator[ClassOutline]:
    for outlines in file.facts.outline.classes.values():
        yield outlines[-1]


def _subjects(read: _Read) -> list[Subject]:
    return [subject for _, subject in zip(range(_MAX_CLASSES), classes_of(read.file), strict=False)]


def _class_named(file: SourceFile, word: str) -> ClassValue | None:
    """The module class that a name of a file stands for, in this or another file of the project."""
    subject = next(classes_of(file), None)
    run = subject.run if subject is not None else None
    if run is None:
        return None
    try:
        value = module_name(run, file, word.partition(".")[0])
        is_module = isinstance(value, ClassValue) and classes.is_module(run, value)
    except (OverBudgetError, RecursionError):
        return None
    return value if is_module and isinstance(value, ClassValue) and "." not in word else None


def _word_at(document: TextDocument, position: lsp.Position) -> str:
    """The dotted name under the cursor, up to the component that it stands on."""
    if position.line >= len(document.lines):
        return ""
    line = document.lines[position.line]
    column = document.position_codec.position_from_client_units(document.lines, position).character
    for found in _WORD.finditer(line):
        if found.start() <= column <= found.end():
            end = line.find(".", column, found.end())
            return line[found.start() : end if end >= 0 else found.end()]
    return ""


def _table(shown: ShownClass, attribute: str = "") -> list[str]:
    """The table of a class, or of what one attribute of it holds, as Markdown; none where there is nothing."""
    prefix = f"{attribute}."
    rows = [
        row
        for row in (*shown.parameters, *shown.buffers)
        if not attribute or row.name == attribute or row.name.startswith(prefix)
    ]
    unknown = [part for part in shown.unknown if not attribute or part.name.startswith(prefix)]
    if not rows and not unknown:
        return []
    title = f"{shown.name}.{attribute}" if attribute else shown.name
    lines = [f"**{_cell(title)}**", "", "| parameter | shape | init | |", "| --- | --- | --- | --- |"]
    lines += [f"| {_cell(r.name)} | {_shape(r)} | {_init(r)} | {_cell(_state(r))} |" for r in rows[:_MAX_ROWS]]
    lines += [f"| {_cell(part.name)} | | unknown: {_cell(part.why)} | |" for part in unknown[:_MAX_ROWS]]
    if len(rows) > _MAX_ROWS:
        lines.append(f"| {len(rows) - _MAX_ROWS} more | | | |")
    return ["\n".join(lines)]


def _cell(text: str) -> str:
    """A text in a cell, as it is."""
    text = plain(text)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)


def _shape(row: Parameter) -> str:
    if row.shape is None:
        return "?"
    return " × ".join(plain(str(size)).replace(" * ", "·") for size in row.shape) or "scalar"


def _init(row: Parameter) -> str:
    return _cell(row.init.call) if row.init is not None else "—"


def _state(row: Parameter) -> str:
    said = [f"if {row.condition}"] if row.condition is not None else []
    if isinstance(row, Buffer):
        said.append("buffer, not saved" if row.persistent is False else "buffer")
    elif row.requires_grad is False:
        said.append("frozen")
    others = [name for name in row.tied_with if name != row.name]
    if row.tied_with:
        said.append(f"tied to {', '.join(others)}" if others else "one tensor")
    return "; ".join(said)


def _symbol(row: Parameter, path: str, first: int, last: int, document: TextDocument) -> lsp.DocumentSymbol:
    """A parameter; one that is made elsewhere stands at its class."""
    at = row.row if row.filename == path and first <= row.row <= last else first
    span = _span(document, at, at)
    kind = lsp.SymbolKind.Constant if isinstance(row, Buffer) else lsp.SymbolKind.Field
    return lsp.DocumentSymbol(plain(row.name), kind, span, span, detail=_shape(row))


def _end(document: TextDocument, row: int) -> lsp.Position:
    line = document.lines[row - 1].rstrip("\r\n") if row <= len(document.lines) else ""
    position = lsp.Position(row - 1, len(line))
    return document.position_codec.position_to_client_units(document.lines, position)


def _span(document: TextDocument, first: int, last: int) -> lsp.Range:
    return lsp.Range(lsp.Position(first - 1, 0), _end(document, last))
