"""Findings under a cell, as text and as a fragment of a page that takes its colours from the notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass

from paramlint.finding import Diagnostic
from paramlint.frontends.report.plain import plain

_CARD = "border-left:3px solid #d9534f;padding:2px 0 2px 10px;margin:4px 0"
_SOFT = "opacity:.7"


@dataclass(frozen=True)
class Shown:
    """What is new; `cell` is the number of the one that ran, counted among those that ran."""

    diagnostics: tuple[Diagnostic, ...]
    cell: int

    def __repr__(self) -> str:
        return "\n".join(f"{self._place(d)} {d.code} {d.name}: {plain(d.message)}" for d in self.diagnostics)

    def _repr_html_(self) -> str:
        return "".join(map(self._card, self.diagnostics))

    def _card(self, found: Diagnostic) -> str:
        head = f"<b>{found.code}</b> <span style='{_SOFT}'>{found.name}, {self._place(found)}</span>"
        fix = f"<br><span style='{_SOFT}'>{_coded(found.fix.title)}</span>" if found.fix else ""
        return f"<div class='paramlint' style='{_CARD}'>{head}<br>{_coded(found.message)}{fix}</div>"

    def _place(self, found: Diagnostic) -> str:
        cell = "" if found.cell in (None, self.cell) else f"cell {found.cell}, "
        return f"{cell}line {found.start.row}"


def _coded(text: str) -> str:
    """A text whose parts between backticks are code."""
    parts = [html.escape(part) for part in plain(text).split("`")]
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
