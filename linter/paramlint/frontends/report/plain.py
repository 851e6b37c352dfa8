"""Text that may go to a terminal, whatever the names in a model or the files on a disk contain."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with every character that does not print as itself written as an escape: `\\x1b`, `\\u202e`.

    That covers control characters, escape sequences, marks that change the direction of text, invisible characters,
    every space but the plain one, and the halves of broken characters.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def plain_lines(text: str) -> str:
    """The same for a text of several lines; tabs become four spaces."""
    return "\n".join(plain(line.expandtabs(4)) for line in text.splitlines())
