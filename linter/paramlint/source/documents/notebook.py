"""Jupyter notebooks: the code cells as one module, and edits back into the cells' own lines.

Outputs, metadata and cells without an edit keep their bytes, since only the text of a cell is replaced in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paramlint.source.documents.embedded import Masked, Part, is_python
from paramlint.source.text import UnreadableError, refuse_large

#: `%matplotlib inline`, `!pip install`, `?name`, and the forms that call or quote.
_LINE_MAGIC = re.compile(r"[ \t]*(?:%(?!%)|!|\?|,(?=\S)|;(?=\S)|/(?=\w))")
#: `files = !ls`, `x = %time f()`.
_ASSIGNED = re.compile(r"(?P<target>[ \t]*(?:[\w.,* \t]|\[[^\]\n]*\])+?)[ \t]*=[ \t]*[!%](?=[\w.~/])")
_HELP = re.compile(r"[ \t]*[\w.%]+\?{1,2}[ \t]*(?:#.*)?$")
_CELL_MAGIC = re.compile(r"[ \t]*%%(\w*)")
#: Cell magics whose cell is Python all the same.
_PYTHON = frozenset(("time", "timeit", "capture", "prun", "python", "python3", "pypy", "paramlint"))
#: Magics that people call without a `%`, which only counts where the row is no Python.
_AUTOMAGIC = re.compile(
    r"[ \t]*(?:alias|autoreload|cat|cd|clear|conda|config|cp|edit|env|history|less|ll|load|load_ext|ls|lsmagic|mamba|"
    r"man|matplotlib|micromamba|mkdir|more|mv|pdb|pfile|pinfo|pip|psource|pwd|pylab|reload_ext|reset|rm|rmdir|run|"
    r"set_env|store|sx|system|time|timeit|unalias|uv|who|whos|writefile|xmode)(?=[ \t\n]|$)(?![ \t]*[=,])"
)
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class _Cell:
    """Where in the file the text of a code cell stands, and what it is."""

    number: int
    start: int
    end: int
    text: str


class Notebook(Masked):
    """A notebook; the numbers of its parts are those of its cells, from 1, whatever their kind."""

    @cached_property
    def encoding(self) -> str:
        """JSON is UTF-8, whatever a cell's first row says."""
        return "utf-8"

    def parse(self) -> str:
        """The code cells after one another, each behind a masked row."""
        try:
            document = self.data.decode("utf-8-sig")
            notebook: Any = json.loads(document)
            self._cells = list(_code_cells(document, notebook))
        except (ValueError, RecursionError) as error:
            said = " ".join(str(error).split())
            raise UnreadableError(f"is no Jupyter notebook: {said}") from None
        except (KeyError, TypeError, AttributeError):  # JSON of something else
            raise UnreadableError("is no Jupyter notebook: it is JSON without `cells` as the format has them") from None
        refuse_large(*(cell.text for cell in self._cells))
        self._document = document
        text, row = "", 1
        for cell in self._cells:
            text += self.mask("")
            masked = cell.text if cell.text.endswith("\n") else f"{cell.text}\n"
            first = row + 1
            if not is_python(masked):  # what is needs no mask, though a string in it may look like a magic
                masked = self._mask_cell(cell.text)
                if not self.valid(masked, first, cell.number):
                    del self.hidden[len(self.hidden) - masked.count("#\x7fmasked:") :]
                    masked = "".join(map(self.mask, _lines(cell.text)))
            self.parts.append(Part(cell.text, first, cell.number))
            text += masked
            row += 1 + masked.count("\n")
        return text

    def compared(self) -> dict[str, str]:
        """The code cells."""
        _ = self.text  # which finds them
        return {f":cell {part.number}": part.text for part in self.parts}

    def _mask_cell(self, text: str) -> str:
        lines = _lines(text)
        first = next((line for line in lines if line.strip()), "")
        magic = _CELL_MAGIC.match(first)
        if magic is not None and magic[1] not in _PYTHON:
            return "".join(map(self.mask, lines))
        masked, continued = "", False
        for line in lines:
            code = None if continued else _replacement(line)
            if continued or code is not None:
                masked += self.mask(line, code or "")
                continued = line.rstrip().endswith("\\")
            else:
                masked += line if line.endswith("\n") else line + "\n"
        return masked

    def assemble(self, text: str) -> bytes:
        """Replace the text of the cells that changed, nothing else."""
        pieces = self._pieces(self.unmask_pieces(text))
        document = self._document
        for cell, edited in reversed(list(zip(self._cells, pieces, strict=True))):
            if edited != cell.text:
                written = _written(document[cell.start : cell.end], edited)
                document = document[: cell.start] + written + document[cell.end :]
        mark = b"\xef\xbb\xbf" if self.has_bom else b""
        return mark + document.encode()

    def unmask_pieces(self, text: str) -> list[str]:
        """The text of each cell."""
        separators = []
        for index, row in enumerate(self.hidden):
            if row == "":
                separators.append(index)
        pieces = re.split("|".join(rf"#\x7fmasked:{index}\n" for index in separators) or r"(?!)", text)
        self.unmask(text)  # nothing masked may be missing
        return [re.sub(r"[^\n]*#\x7fmasked:(\d+)\n", lambda m: self._shown(int(m[1])), piece) for piece in pieces[1:]]

    def _shown(self, index: int) -> str:
        row = self.hidden[index]
        return row if row.endswith("\n") else row + "\n"

    def _pieces(self, pieces: list[str]) -> list[str]:
        """A cell without a final line feed gets none."""
        return [
            piece.removesuffix("\n") if not cell.text.endswith("\n") else piece
            for cell, piece in zip(self._cells, pieces, strict=True)
        ]


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _replacement(line: str) -> str | None:
    """The statement that stands for a magic, or `None` for a line of Python."""
    indent = line[: len(line) - len(line.lstrip())].rstrip("\n")
    if _CELL_MAGIC.match(line):
        return indent
    if _LINE_MAGIC.match(line) or _HELP.match(line.rstrip("\n")) or _is_automagic(line):
        return indent + "pass"
    assigned = _ASSIGNED.match(line)
    return f"{assigned['target']} = None" if assigned is not None else None


def _is_automagic(line: str) -> bool:
    return _AUTOMAGIC.match(line) is not None and not is_python(line.strip())


def _code_cells(document: str, notebook: Any) -> Iterator[_Cell]:
    metadata = notebook.get("metadata", {})
    language = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    if language not in (None, "python"):
        return
    cells = enumerate(notebook["cells"])
    texts = {index: _source(index, cell) for index, cell in cells if cell["cell_type"] == "code"}
    spans = _source_spans(document) if texts else {}
    for index, text in texts.items():
        yield _Cell(index + 1, *spans[index], text)


def _source(index: int, cell: Any) -> str:
    source = cell["source"]
    text = "".join(source) if isinstance(source, list) else source
    if not isinstance(text, str):
        raise ValueError(f"the source of cell {index + 1} is no text")
    return text


def _source_spans(document: str) -> dict[int, tuple[int, int]]:
    """Where the value of `source` of each cell begins and ends in the text of the file, which is valid JSON.

    Only the keys on the way to it are looked at here; what lies between, megabytes of pictures, the decoder skips.
    """
    spans: dict[int, tuple[int, int]] = {}
    for name, cells, _ in _members(document, _skip(document, 0)):
        if name == "cells":  # of several the last one counts, as for whoever decodes the whole
            spans = {
                index: (start, end)
                for index, (_, cell, _) in enumerate(_elements(document, cells))
                for key, start, end in _members(document, cell)
                if key == "source"
            }
    return spans


def _members(document: str, at: int) -> Iterator[tuple[str, int, int]]:
    """The keys of the object that begins there, with where their values begin and end; none of what is no object."""
    if document[at] != "{":
        return
    at = _skip(document, at + 1)
    while document[at] != "}":
        name, at = _DECODER.raw_decode(document, at)
        start = _skip(document, _skip(document, at) + 1)
        _, end = _DECODER.raw_decode(document, start)
        yield name, start, end
        at = _next(document, end)


def _elements(document: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """The elements of the list that begins there, with where they begin and end; none of what is no list."""
    if document[at] != "[":
        return
    at = _skip(document, at + 1)
    while document[at] != "]":
        value, end = _DECODER.raw_decode(document, at)
        yield value, at, end
        at = _next(document, end)


def _next(document: str, end: int) -> int:
    """Where what follows a value begins: the next one, or the bracket behind the last."""
    at = _skip(document, end)
    return _skip(document, at + 1) if document[at] == "," else at


def _skip(document: str, at: int) -> int:
    """The offset of the next character that is no blank."""
    match = _BLANK.match(document, at)
    return match.end() if match is not None else at


def _written(old: str, text: str) -> str:
    """The text as a JSON value in the manner of the old one; lines that stay keep their bytes."""
    if old.startswith('"'):
        return json.dumps(text, ensure_ascii=False)
    known = {line: old[start:end] for line, start, end in _elements(old, 0)}
    lines = [known.get(line) or json.dumps(line, ensure_ascii=False) for line in _lines(text)]
    inner = re.match(r"\[(\s*)", old)
    between = inner[1] if inner is not None else ""
    closing = re.search(r"(\s*)\]$", old)
    return f"[{between}{(',' + (between or ' ')).join(lines)}{closing[1] if closing is not None else ''}]"
