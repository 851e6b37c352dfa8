"""Which pieces of a file mention a word: read off its text once, however often it is asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paramlint.facts.classes import Class
from paramlint.facts.memo import remember
from paramlint.facts.module_nesting import identity
from paramlint.syntax.outline import Unit

if TYPE_CHECKING:
    from paramlint.facts.files import File

_WORD = re.compile(r"(?P<own>(?<![\w.])self\.)?(?<!\w)(?P<word>[^\W\d]\w*)")
#: In a function with others inside, `self` may be another one's.
_INNER = re.compile(r"\bdef\b.*\bdef\b|\blambda\b[^:]*\bself\b", re.DOTALL)


@dataclass
class _Mentions:
    """Units by the words in them, as their places in the outline.

    Attributes:
        anywhere: the units that mention a word in any way.
        own: those that mention it only as an attribute of `self`, by the class whose method they are.
    """

    anywhere: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    own: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))


def units_with(file: File, words: Iterable[str], cls: Class, of_parts: Iterable[str] = ()) -> Iterator[Unit]:
    """The units of a file that mention one of the words, in the order of the text.

    Left out are methods in which a word is only an attribute of `self`, of classes whose instances are none of a class.
    Words in `of_parts`, such as `parameters`, reach the parts of an instance too: they count in methods of any class.
    """
    known = remember(file, "mentions", lambda: _mentions(file))
    related = _related(file, cls)
    places: set[int] = set()
    for word in words:
        places.update(known.anywhere.get(word, ()))
        own = known.own.get(word)
        if own:
            places.update(place for name in related for place in own.get(name, ()))
    for word in of_parts:
        places.update(known.anywhere.get(word, ()), *known.own.get(word, {}).values())
    for place in sorted(places):
        yield file.outline.units[place]


def _mentions(file: File) -> _Mentions:
    found = _Mentions()
    rows = file.source.text.split("\n")
    for place, unit in enumerate(file.outline.units):
        text = _own_text(file, unit, rows)
        cls = unit.cls
        is_plain = unit.kind == "function" and cls is not None and _INNER.search(text) is None
        words: dict[str, bool] = {}
        for mention in _WORD.finditer(text):
            word = mention["word"]
            words[word] = words.get(word, True) and is_plain and mention["own"] is not None
        for word, is_own in words.items():
            if is_own and cls is not None:
                found.own[word][cls.qualname].append(place)
            else:
                found.anywhere[word].append(place)
    return found


def _own_text(file: File, unit: Unit, rows: list[str]) -> str:
    """The text of a unit without that of the units in it."""
    if "\r" in file.source.text:  # rows end in other ways too
        return file.source.lines(unit.first, unit.last)
    texts, row = [], unit.first
    for first, last in sorted(unit.holes):
        texts += rows[row - 1 : first - 1]
        row = max(row, last + 1)
    return "\n".join([*texts, *rows[row - 1 : unit.last]])


def _related(file: File, cls: Class) -> Iterable[str]:
    """The names of the file's classes that a class derives from, or that derive from it."""
    below = remember(file, "derived", lambda: _derived(file)).get(identity(cls), ())
    return {*below, *(base.qualname for base in cls.mro)}


def _derived(file: File) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in file.outline.classes:
        cls = file.lookup(name)
        if isinstance(cls, Class):
            for base in cls.mro:
                found[identity(base)].append(cls.qualname)
    return found
