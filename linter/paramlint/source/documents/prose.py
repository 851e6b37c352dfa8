"""Documents of text that show Python in blocks: the blocks as one module, at their own rows and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.source.documents.embedded import Masked
from paramlint.source.text import Source

#: What stands before the code in a directive: `:linenos:`, and in MyST also YAML between two rows of dashes.
_OPTION = re.compile(r"[ \t]*:[\w-]+:")
_YAML = re.compile(r"[ \t]*---[ \t]*\r?\n")

#: Rows in order, and whether they are a block of Python.
Piece = tuple[list[str], bool]


class Prose(Masked):
    """A document whose rows are the rows of the module, so a place needs no translation.

    An indented block keeps its indentation: the row before it, which is masked, becomes the `if` whose body it is.
    """

    def pieces(self, rows: list[str]) -> Iterator[Piece]:
        """The rows piece by piece; a block of Python is never the first."""
        raise NotImplementedError

    def parse(self) -> str:
        """The document with every row masked that is not in a valid block of Python."""
        module: list[str] = []
        for rows, is_python in self.pieces(rows_of(Source(self.path, self.data).text)):
            head = _head(rows) if is_python else len(rows)
            module += map(self.mask, rows[:head])
            code = rows[head:]
            indent = _indent(code)
            # Documents show fragments, sessions and placeholders too.
            if not self.valid("".join(row.removeprefix(indent) for row in code), 0, None):
                module += map(self.mask, code)
                continue
            if indent:
                module[-1] = f"if True:  {module[-1]}"
            module += code
        return "".join(module)

    def compared(self) -> dict[str, str]:
        """The document."""
        return {"": Source(self.path, self.data).text}

    def assemble(self, text: str) -> bytes:
        """The document with the edited blocks."""
        return Source(self.path, self.data).encode(self.unmask(text))


def rows_of(text: str) -> list[str]:
    """The rows of a text, with what ends them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _head(rows: list[str]) -> int:
    """How many rows of a block come before its code: options and blank ones."""
    head = 0
    if rows and _YAML.match(rows[0]):
        head = next((number for number, row in enumerate(rows[1:], 2) if _YAML.match(row)), 0)
    while head < len(rows) and (_OPTION.match(rows[head]) or not rows[head].strip()):
        head += 1
    return head


def _indent(rows: list[str]) -> str:
    """The indentation of a block, that of its first row; what is indented less makes it invalid."""
    return rows[0][: len(rows[0]) - len(rows[0].lstrip())] if rows else ""
