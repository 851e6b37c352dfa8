"""Fixes as a patch that `patch -p0` and `git apply -p0` take; of a notebook, cell by cell, for people."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from paramlint.frontends.report.plain import patch, plain
from paramlint.frontends.report.style import Style
from paramlint.source.rewrite import Rewrite


def diff(rewrite: Rewrite, style: Style, *, exact: bool, escape: bool = True) -> Iterator[str]:
    """The lines of the patch, without their line feeds.

    Args:
        rewrite: the text before and after.
        style: colours for a terminal.
        exact: keep every character that no terminal acts on, as a program needs it; otherwise all are escaped that do
            not print as themselves.
        escape: keep no other.
    """
    show = plain if not exact else patch if escape else _same
    after = rewrite.after.compared()
    for place, text in rewrite.before.compared().items():
        name = show(rewrite.before.path) + place
        for line in difflib.unified_diff(_lines(text), _lines(after[place]), name, name):
            text = show(line.removesuffix("\n"))
            paint = style.red if line.startswith("-") else style.green if line.startswith("+") else _same
            yield paint(text)
            if not line.endswith("\n") and not place:  # few cells have one
                yield "\\ No newline at end of file"


def _lines(text: str) -> list[str]:
    """Lines as `patch` knows them: only a line feed ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _same(text: str) -> str:
    return text
