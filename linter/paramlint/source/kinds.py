"""Which kind of source a file is, by its name."""

from __future__ import annotations

from paramlint.source.markdown import Markdown
from paramlint.source.notebook import Notebook
from paramlint.source.text import Source

_KINDS: dict[str, type[Source]] = {".ipynb": Notebook, ".md": Markdown, ".markdown": Markdown}


def kind(path: str) -> type[Source]:
    """The class of source for a path."""
    return next((kind for suffix, kind in _KINDS.items() if path.endswith(suffix)), Source)


def read(path: str) -> Source:
    """Read a file.

    Raises:
        UnreadableError: it cannot be opened.
    """
    return kind(path).read(path)
