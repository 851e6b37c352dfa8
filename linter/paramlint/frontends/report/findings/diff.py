"""Fixes as a patch that `patch -p0` and `git apply -p0` take."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.style import Style
from paramlint.source.rewrite import Rewrite


def diff(rewrite: Rewrite, style: Style, *, exact: bool) -> Iterator[str]:
    """The lines of the patch, without their line feeds.

    Args:
        rewrite: the text before and after.
        style: colours for a terminal.
        exact: keep every character, as a program needs it; otherwise those that a terminal might obey are escaped.
    """
    show = _same if exact else plain
    path = show(rewrite.before.path)
    before, after = _lines(rewrite.before.text), _lines(rewrite.after.text)
    for line in difflib.unified_diff(before, after, path, path):
        text = show(line.removesuffix("\n")) if not line.startswith(("---", "+++")) else line.removesuffix("\n")
        paint = style.red if line.startswith("-") else style.green if line.startswith("+") else _same
        yield paint(text)
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


def _lines(text: str) -> list[str]:
    """Lines as `patch` knows them: only a line feed ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _same(text: str) -> str:
    return text
