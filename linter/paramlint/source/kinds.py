"""Which kind of source a file is, by its name."""

from __future__ import annotations

import os

from paramlint.source.text import Source

#: Documents that show Python among other things: they are checked where they are named or asked for.
DOCUMENTS = ("md", "markdown", "mdx", "qmd", "rmd", "myst", "rst")


def kind(path: str) -> type[Source]:
    """The class of source for a path."""
    extension = os.path.splitext(path)[1][1:].lower()
    if extension == "ipynb":
        from paramlint.source.documents.notebook import Notebook

        return Notebook
    if extension == "rst":
        from paramlint.source.documents.restructured_text import ReStructuredText

        return ReStructuredText
    if extension in DOCUMENTS:
        from paramlint.source.documents.markdown import Markdown

        return Markdown
    return Source


def document(given: str) -> str:
    """The extension of a kind of document, as it is given: `md`, `.md`, `Rmd`.

    Raises:
        ValueError: there is no such kind; the message says which there are.
    """
    extension = given.strip().lstrip(".").lower()
    if extension not in DOCUMENTS:
        raise ValueError(f"`{given}` is no kind of document that is checked; there are {', '.join(DOCUMENTS)}")
    return extension


def suffixes(extension: str) -> tuple[str, ...]:
    """What the names of the documents of an extension end with: `.md`, and `.Rmd` for `rmd`."""
    return f".{extension}", f".{extension.capitalize()}", f".{extension.upper()}"


def read(path: str) -> Source:
    """Read a file.

    Raises:
        UnreadableError: it cannot be opened.
    """
    return kind(path).read(path)
