"""Markdown: the fenced blocks of Python as one module, at their own rows."""

from __future__ import annotations

import re

from paramlint.source.embedded import Masked
from paramlint.source.text import Source

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
#: ```` ```python ````, ```` ```{.python .input} ````.
_PYTHON = re.compile(r"\{?[ \t]*\.?(?:python3?|py)\b(?!-)", re.I)

#: The first row of a block in a book that is written for several frameworks: those that the block is for.
_TAB = re.compile(r"%%tab\b(?P<names>.*)")
_IN_TAB = re.compile(r"\b(?:pytorch|all)\b")


class Markdown(Masked):
    """A document; its rows are the rows of the module, so a place needs no translation."""

    def parse(self) -> str:
        """The document with every row masked that is not in a valid block of Python."""
        document = Source(self.path, self.data).text
        text = ""
        block: list[str] | None = None
        fence: re.Match[str] | None = None
        for row in re.findall(r"[^\n]*\n|[^\n]+", document):
            match = _FENCE.match(row.rstrip("\r\n"))
            if fence is None:
                text += self.mask(row)
                if match is not None:
                    fence, block = match, [] if _PYTHON.match(match["info"]) else None
            elif match is not None and _closes(match, fence):
                text += self._block(block or []) + self.mask(row)
                fence = block = None
            elif block is not None:
                block.append(row)
            else:
                text += self.mask(row)
        return text + "".join(map(self.mask, block or []))

    def _block(self, rows: list[str]) -> str:
        """A block, masked where it is not Python: documents show fragments, sessions and placeholders too."""
        tab = _TAB.match(rows[0]) if rows else None
        if tab is not None and _IN_TAB.search(tab["names"]):
            return self.mask(rows[0]) + self._block(rows[1:])
        code = "".join(rows)
        if rows and not rows[0][:1].isspace() and self.valid(code, 0, None):
            return code
        return "".join(map(self.mask, rows))

    def assemble(self, text: str) -> bytes:
        """The document with the edited blocks."""
        return Source(self.path, self.data).encode(self.unmask(text))


def _closes(match: re.Match[str], fence: re.Match[str]) -> bool:
    return not match["info"].strip() and match["mark"].startswith(fence["mark"])
