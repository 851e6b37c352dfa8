"""Words by which code says that parameters are shared, and that this is meant."""

from __future__ import annotations

import re

from paramlint.knowledge.foreign import words_of

_TIE = r"(?:un)?(?:shar(?:e|ing)[a-z]*|tied[a-z]*|ties?|tying)"
_OF_TIES = re.compile(_TIE)
_MARKS = re.compile(rf"{_TIE}|same|alias[a-z]*|cach(?:e|ing)[a-z]*|reus(?:e|ing)[a-z]*")
_PADDING = re.compile(r"""["']same["']""")


def says_tied(text: str) -> bool:
    """Whether one of the words of a text is about tying or sharing: `share_weights` has two words, `SharedStem` too."""
    return any(map(_OF_TIES.fullmatch, words_of(text)))


def says_shared(text: str) -> bool:
    """Whether one of them says that something is shared on purpose; the padding that is called so says nothing."""
    return any(map(_MARKS.fullmatch, words_of(_PADDING.sub("", text))))
