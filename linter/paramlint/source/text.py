"""The text of one file: bytes, decoding, lines. Nothing here knows Python's syntax."""

from __future__ import annotations

import codecs
import io
import re
import tokenize
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from paramlint.source.regular_file import BY_PROGRAM, read_regular

if TYPE_CHECKING:
    from paramlint.finding import Diagnostic

_NEWLINE = re.compile(r"\r\n|\r|\n")
_BOM = codecs.BOM_UTF8
#: Characters of Python in one file. The trees of more would take gigabytes: 2,500,000 rows of one name take 4.5 GB.
MAX_TEXT = 5_000_000
#: Characters where they are few words, as in a table of texts.
MAX_SPARSE_TEXT = 20_000_000
#: What a node of a tree begins with, roughly: a word, a bracket, a sign.
_WORD = re.compile(r"\w+|[^\w\s,:]")
MAX_WORDS = MAX_TEXT // 2


class UnreadableError(Exception):
    """The file cannot be read as Python source; the message says why and what to do."""

    def __init__(self, message: str, row: int = 1) -> None:
        super().__init__(message)
        self.row = row


def refuse_large(*texts: str) -> None:
    """Refuse to parse so much Python.

    Raises:
        UnreadableError: it is more than `MAX_TEXT`, and not only because it holds long texts.
    """
    characters = sum(map(len, texts))
    if characters <= MAX_TEXT:
        return
    if characters > MAX_SPARSE_TEXT or sum(1 for text in texts for _ in _WORD.finditer(text)) > MAX_WORDS:
        raise UnreadableError(f"is too large: {characters:,} characters of code, more than {MAX_TEXT:,}")


class Source:
    """A file's bytes and, decoded as Python would, its text.

    Offsets count characters of `text`, which has no byte order mark; rows count from 1. Encoding the text again gives
    the bytes back exactly, so an edit leaves everything outside it as it was.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.has_bom = data.startswith(_BOM)

    @classmethod
    def from_text(cls, path: str, text: str) -> Source:
        """A text that was decoded already; what it says about its encoding no longer counts."""
        source = cls(path, text.removeprefix("\ufeff").encode("utf-8", "surrogatepass"))
        source.__dict__.update(encoding="utf-8", text=text.removeprefix("\ufeff"))
        return source

    @classmethod
    def read(cls, path: str) -> Source:
        """Read a file.

        Raises:
            UnreadableError: it cannot be opened, or is not a regular file of a usual size.
        """
        try:
            return cls(path, read_regular(path, BY_PROGRAM))
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
        except ValueError as error:  # no file can have that name
            raise UnreadableError(f"cannot be read: {error}") from error

    @cached_property
    def encoding(self) -> str:
        """The encoding that a cookie declares, UTF-8 without one.

        Raises:
            UnreadableError: the cookie names no text encoding.
        """
        try:
            name, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
            codecs.lookup(name)
        except (SyntaxError, LookupError) as error:
            if "missing encoding" in str(error):
                return "utf-8"  # no cookie, and not UTF-8: decoding says where
            raise UnreadableError(f"names an encoding that Python does not know: {error}") from error
        return "utf-8" if name == "utf-8-sig" else name

    @cached_property
    def text(self) -> str:
        """The decoded text.

        Raises:
            UnreadableError: the bytes are not valid in the file's encoding, or too many.
        """
        body = self.data[len(_BOM) :] if self.has_bom else self.data
        try:
            text = body.decode(self.encoding)
        except UnicodeDecodeError as error:
            row = body.count(b"\n", 0, error.start) + 1
            byte = f"byte 0x{body[error.start]:02x}"
            raise UnreadableError(
                f"is not valid {self.encoding}: {byte}; save it as UTF-8 or declare its encoding", row
            ) from error
        except (LookupError, UnicodeError, AttributeError) as error:
            raise UnreadableError(f"cannot be decoded as {self.encoding}: {error}") from error
        refuse_large(text)
        return text

    def encode(self, text: str) -> bytes:
        """The bytes of an edited text, in this file's encoding and with its byte order mark."""
        return (_BOM if self.has_bom else b"") + text.encode(self.encoding)

    @cached_property
    def line_starts(self) -> list[int]:
        """Where each line begins, as Python's tokenizer counts lines: form feeds do not end one."""
        if "\r" not in self.text:
            lengths = map(len, self.text.split("\n")[:-1])
            return list(accumulate(map((1).__add__, lengths), initial=0))
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    @cached_property
    def newline(self) -> str:
        """The first line ending of the file, which new lines will use."""
        match = _NEWLINE.search(self.text)
        return match[0] if match else "\n"

    def offset(self, row: int, column: int = 1) -> int:
        """The offset of a row and column, both from 1; past the last row it is the end of the text."""
        if row > len(self.line_starts):
            return len(self.text)
        return self.line_starts[row - 1] + column - 1

    def place(self, offset: int) -> tuple[int, int]:
        """Row and column, both from 1, of an offset."""
        row = bisect_right(self.line_starts, offset)
        return row, offset - self.line_starts[row - 1] + 1

    def lines(self, first: int, last: int) -> str:
        """The text of rows `first` to `last`, both included, with their line endings."""
        return self.text[self.offset(first) : self.offset(last + 1)]

    def line(self, row: int) -> str:
        """One row without its line ending."""
        return self.lines(row, row).rstrip("\r\n")

    # What documents that hold Python say otherwise.

    def part(self, diagnostic: Diagnostic) -> Source:  # noqa: ARG002
        """The text that the rows of a finding count in."""
        return self

    def row_of(self, diagnostic: Diagnostic) -> int:
        """The row of a finding in `text`."""
        return diagnostic.start.row

    def compared(self) -> dict[str, str]:
        """What two versions are compared by, text by text, each with what it adds to the path."""
        return {"": self.text}

    def is_stand_in(self, row: int) -> bool:  # noqa: ARG002
        """Whether a row of `text` stands for one that is no Python."""
        return False

    def localize(self, diagnostic: Diagnostic) -> Diagnostic:
        """A finding as people count its rows."""
        return diagnostic
