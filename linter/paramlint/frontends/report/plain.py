"""Text that may go to a terminal, whatever the names in a model or the files on a disk contain.

All that a front end writes passes one of these: `plain` what people read, `indented_json` and `plain_json` what
programs do, `patch` what has to stay as it is as far as no terminal acts on it.
"""

from __future__ import annotations

import re

from paramlint.finding import plain

__all__ = ["indented_json", "patch", "plain", "plain_json", "plain_lines"]

#: All but ASCII that prints; in JSON it only stands in strings, where it may be escaped.
_BEYOND_ASCII = re.compile(r"[^\n\x20-\x7e]")
#: What a terminal acts on, or shows in another order: a tab, and a carriage return at the end of a row, are no harm.
_ACTED_ON = re.compile(r"(?!\r$)[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_FIRST_ASTRAL = 0x10000


def plain_lines(text: str) -> str:
    """The same for a text of several lines; tabs become four spaces."""
    return "\n".join(plain(line.expandtabs(4)) for line in text.splitlines())


def plain_json(text: str) -> str:
    """A text in JSON, which says the same afterwards, in ASCII."""
    return text if text.isascii() and "\x7f" not in text else _BEYOND_ASCII.sub(_json_escape, text)


def indented_json(document: object) -> str:
    """A document, of structs or of plain values, as JSON that people can read, too, in ASCII."""
    import msgspec

    return plain_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def patch(line: str) -> str:
    """A line of a patch: a program needs it as it is, and gets it so unless a terminal would act on it."""
    return _ACTED_ON.sub(lambda found: ascii(found[0])[1:-1], line)


def _json_escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < _FIRST_ASTRAL:
        return f"\\u{code:04x}"
    high, low = divmod(code - _FIRST_ASTRAL, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
