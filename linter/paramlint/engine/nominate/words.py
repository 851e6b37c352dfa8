"""On which rows of a text words stand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from paramlint.source.text import Source
from paramlint.syntax.outline import Unit

#: What stands in words stays, anything else becomes a blank.
_BLANKED = bytes(code if chr(code) == "_" or chr(code).isalnum() else 32 for code in range(256))


class Words:
    """On which rows of a file the words stand that some rule asks for."""

    def __init__(self, source: Source, wanted: frozenset[str]) -> None:
        self._source = source
        self._present = wanted.intersection(words_of(source.text)) | {word for word in wanted if not word.isascii()}
        self._rows: dict[str, list[int]] = {}
        self._said: dict[str, list[int]] = {}

    def rows(self, words: frozenset[str]) -> set[int]:
        """The rows on which one of these words stands."""
        return {row for word in words & self._present for row in self._rows_of(word)}

    def stand_in(self, unit: Unit, words: frozenset[str]) -> bool:
        """Whether a unit, with all that is defined in it, has one of these words; any unit has one of none."""
        if not words:
            return True
        for word in words & self._present:
            rows = self._rows_of(word)
            index = bisect_left(rows, unit.first)
            if index < len(rows) and rows[index] <= unit.last:
                return True
        return False

    def are_said_in(self, unit: Unit, words: frozenset[str]) -> bool:
        """Whether a unit says one of these words outside a comment: a class with its methods, others by themselves."""
        holes = unit.holes if unit.kind != "class" else []
        return any(
            not any(first <= row <= last for first, last in holes)
            for word in words & self._present
            if (rows := self._said_rows(word))
            for row in rows[bisect_left(rows, unit.first) : bisect_right(rows, unit.last)]
        )

    def said_in(self, unit: Unit) -> frozenset[str]:
        """Those of the words that a unit says outside a comment."""
        return frozenset(word for word in self._present if self.are_said_in(unit, frozenset((word,))))

    def _said_rows(self, word: str) -> list[int]:
        """The rows on which a word stands with no `#` before it."""
        if word not in self._said:
            text = self._source.text
            self._said[word] = [
                self._source.place(offset)[0]
                for offset in _find(text, word)
                if "#" not in text[text.rfind("\n", 0, offset) + 1 : offset]
            ]
        return self._said[word]

    def _rows_of(self, word: str) -> list[int]:
        if word not in self._rows:
            place = self._source.place
            self._rows[word] = [place(offset)[0] for offset in _find(self._source.text, word)]
        return self._rows[word]


def words_of(text: str) -> list[str]:
    """The words of ASCII in a text, four times cheaper than with a regular expression."""
    return text.encode("ascii", "replace").translate(_BLANKED).decode("ascii").split()


def _find(text: str, word: str) -> Iterator[int]:
    """Where a word stands in a text."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (_is_of_word(text[at - 1 : at]) or _is_of_word(text[end : end + 1])):
            yield at
        at = text.find(word, end)


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"
