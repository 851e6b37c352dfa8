"""reStructuredText: the code of `.. code-block:: python` as one module, at its own rows and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.source.documents.prose import Piece, Prose

_DIRECTIVE = re.compile(r"([ \t]*)\.\.[ \t]+(?:code|code-block|sourcecode)::[ \t]*(?:i?python3?|py3?)[ \t]*\r?\n", re.I)


class ReStructuredText(Prose):
    """A document in reStructuredText."""

    def pieces(self, rows: list[str]) -> Iterator[Piece]:
        """What is indented more than a directive, without blank rows at its end, and all between."""
        prose: list[str] = []
        at = 0
        while at < len(rows):
            prose.append(rows[at])
            directive = _DIRECTIVE.match(rows[at])
            at += 1
            if directive is None:
                continue
            end = at
            for number, row in enumerate(rows[at:], at + 1):
                if row.strip():
                    if not (row.startswith(directive[1]) and row[len(directive[1])].isspace()):
                        break
                    end = number
            yield prose, False
            yield rows[at:end], True
            prose, at = [], end
        yield prose, False
