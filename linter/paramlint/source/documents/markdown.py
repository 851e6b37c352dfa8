"""Markdown of all kinds: the fenced blocks of Python as one module, at their own rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.source.documents.prose import Piece, Prose

#: A row of backticks or tildes; in MyST one of colons too, but only before the name of a directive.
_FENCE = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,}|:{3,}(?=[ \t]*\{|[ \t]*$))[ \t]*(?P<info>[^`\n]*)$")
_CODE = r"\{(?:code|code-block|code-cell|sourcecode)\}"
#: What follows the mark: `python`, `{.python .input}`, `{python, echo=FALSE}`, `{code-cell} ipython3`.
_PYTHON = re.compile(rf"(?:{_CODE}[ \t]*|\{{?[ \t]*\.?)(?:i?python3?|py3?)\b(?!-)|\{{code-cell\}}[ \t]*$", re.I)
#: The first row of a block in a book that is written for several frameworks: those that the block is for.
_TAB = re.compile(r"%%tab\b(?P<names>.*)")
_IN_TAB = re.compile(r"\b(?:pytorch|all)\b")


class Markdown(Prose):
    """A document in Markdown: also MDX, Quarto, R Markdown and MyST."""

    def pieces(self, rows: list[str]) -> Iterator[Piece]:
        """The rows between two fences, and those between blocks with the fences."""
        prose: list[str] = []
        block: list[str] = []
        fence: re.Match[str] | None = None
        for row in rows:
            match = _FENCE.match(row.rstrip("\r\n"))
            if fence is None:
                prose.append(row)
                fence = match if match is not None and _opens(match) else None
            elif match is None or not _closes(match, fence):
                block.append(row)
            else:
                if not _PYTHON.match(fence["info"]):
                    prose += block
                else:
                    if block and (tab := _TAB.match(block[0])) and _IN_TAB.search(tab["names"]):
                        prose.append(block.pop(0))
                    yield prose, False
                    yield block, True
                    prose = []
                prose.append(row)
                block, fence = [], None
        yield [*prose, *block], False


def _opens(fence: re.Match[str]) -> bool:
    """Whether it begins a block of code; colons also begin others, which hold text."""
    return fence["mark"][0] != ":" or re.match(_CODE, fence["info"]) is not None


def _closes(match: re.Match[str], fence: re.Match[str]) -> bool:
    return not match["info"].strip() and match["mark"].startswith(fence["mark"])
