"""Under which conditions something holds.

A guard is what takes the place of paths: branches run one after the other under their guards, and two facts fit
together when their guards do not contradict each other. It is kept as a decision diagram: each node asks what a subject
is (`x` of `x`, of `x is None` and of `x == 3`, or the text of any other condition) and goes on by the answer: one of
some constants, another true value, or another false one. Equal guards of one table are one object, so that what was
combined once is looked up from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Final, Protocol
from zlib import crc32

#: Characters of a text that stands for a guard.
LONGEST = 240

Key = tuple[str, object]
"""A constant that a subject may equal, beside the name of its type."""


class Table(Protocol):
    """What keeps the subjects and guards of a run, as far as these ask it."""

    subjects: dict[tuple[str, int], Subject]
    summaries: int

    def both(self, one: Guard, other: Guard) -> Guard:
        """The conjunction of two guards."""
        ...

    def fit(self, one: Guard, other: Guard) -> bool:
        """Whether two guards can both hold."""
        ...

    def negation(self, guard: Guard) -> Guard:
        """Where a guard does not hold."""
        ...

    def beyond(self, guard: Guard, context: Guard) -> Guard:
        """What a guard says beyond a context."""
        ...

    def constant(self, guard: Guard, subject: Subject) -> Key | None:
        """The constant that a subject equals wherever a guard holds."""
        ...

    def in_every_round(self, guard: Guard) -> Guard:
        """A guard without what loops bind."""
        ...

    def answered(self, subject: Subject, constants: Iterable[Key], *, true: bool, false: bool) -> Guard:
        """Where a subject has one of some answers."""
        ...

    def true_texts(self, guard: Guard) -> list[str]:
        """The conditions that are true wherever a guard holds, as they read."""
        ...

    def phrase(self, guard: Guard) -> str:
        """How a guard reads."""
        ...


class Subject:
    """Something that guards ask about.

    Attributes:
        loop: the loop that binds it, so that it may differ in each round; 0 for none.
        number: its place in all diagrams.
        bit: that of its number in masks.
        table: where it is known.
        is_compared: whether it was ever compared with a constant.
        covers: of a summary, which stands for two guards that were too large together so that what they say is lost,
            a bit for each subject that these ask about.
    """

    __slots__ = ("_text", "bit", "covers", "is_compared", "loop", "number", "table")

    def __init__(self, text: str | tuple[Guard, Guard], loop: int, number: int, table: Table) -> None:
        self._text = text
        self.loop = loop
        self.number = number
        self.bit = 1 << number
        self.table = table
        self.is_compared = False
        self.covers = text[0].asked | text[1].asked if isinstance(text, tuple) else 0

    @property
    def text(self) -> str:
        """How it reads; equal texts in one loop are the same subject, but for those that stand for two guards."""
        if isinstance(self._text, tuple):
            plain = [s._text for guard in self._text for s in guard.subjects if isinstance(s._text, str)]
            self._text = shortened(f"a condition on {', '.join([*plain[:3], '...'])} #{self.number}")
        return self._text


class Guard:
    """Where something holds; `ALWAYS` holds everywhere. Nowhere is said by None.

    Attributes:
        subject: what is asked first; None for `ALWAYS`.
        cases: what is left where the subject equals a constant.
        true, false: what is left where it is another true value, or another false one.
        children: what is left, by answer.
        depth: subjects on the longest way.
        size: its nodes, one that is reached on several ways counted for each.
        count: its nodes, each counted once, as far as somebody has counted them; else 0.
        mask: a bit for each subject that it asks about.
        loop: a loop that binds what it asks about; 0 for none.
    """

    __slots__ = (
        "_negated", "_text", "cases", "children", "count", "depth", "false", "loop", "mask", "size", "subject", "true",
    )  # fmt: skip

    def __init__(
        self, subject: Subject | None, cases: dict[Key, Guard], true: Guard | None, false: Guard | None
    ) -> None:
        self.subject = subject
        self.cases = cases
        self.count = 0
        self._negated: Guard | None = None
        self._text: str | None = None
        if subject is None or true is None or false is None:
            self.true: Guard = self
            self.false: Guard = self
            self.children: tuple[Guard, ...] = ()
            self.depth = self.loop = self.mask = self.size = 0
            return
        # Most guards are made of two others, and there are more of them than of anything else.
        self.true, self.false = true, false
        self.mask = subject.bit | true.mask | false.mask
        self.size = 1 + true.size + false.size
        self.loop = false.loop or true.loop or subject.loop
        depth = true.depth if true.depth > false.depth else false.depth
        if not cases:
            self.children = (true, false)
        else:
            self.children = (*cases.values(), true, false)
            loop = subject.loop
            for child in cases.values():
                self.mask |= child.mask
                self.size += child.size
                loop = child.loop or loop
                if child.depth > depth:
                    depth = child.depth
            self.loop = false.loop or true.loop or loop
        self.depth = depth + 1

    def after(self, key: Key) -> Guard:
        """What is left where the subject equals a constant."""
        return self.cases.get(key, self.true if key[1] else self.false)

    def __bool__(self) -> bool:
        return self is not ALWAYS

    def __and__(self, other: Guard) -> Guard | None:
        """Both; None where they contradict each other."""
        if self is other or other.subject is None:
            return self
        if self.subject is None:
            return other
        found = self.subject.table.both(self, other)
        return None if found is NEVER else found

    def __or__(self, other: Guard) -> Guard:
        """One or the other."""
        if self is other or self.subject is None:
            return self
        if other.subject is None:
            return other
        table = self.subject.table
        return table.negation(table.both(table.negation(self), table.negation(other)))

    def fits(self, other: Guard) -> bool:
        """Whether both can hold."""
        if self is other or not self.mask & other.mask:
            return True
        assert self.subject is not None
        return self.subject.table.fit(self, other)

    def is_known_to_fit(self, other: Guard) -> bool:
        """Whether both can hold, and that is no guess: what a summary has lost may contradict what the other asks."""
        if self is other or self.subject is None or other.subject is None:
            return True
        both = self & other
        if both is None:
            return False
        lost = both.mask & self.subject.table.summaries
        return self.mask & lost == other.mask & lost == lost or not self.asked & other.asked

    @property
    def is_vague(self) -> bool:
        """Whether some of what it says is lost."""
        return self.subject is not None and bool(self.mask & self.subject.table.summaries)

    @property
    def asked(self) -> int:
        """A bit for each subject that it asks about, or asked about before that was lost."""
        if not self.is_vague:
            return self.mask
        return reduce(or_, (subject.covers for subject in self.subjects), self.mask)

    def implies(self, other: Guard) -> bool:
        """Whether the other holds wherever this one does."""
        if self is other or other.subject is None:
            return True
        if self.subject is None or not self.mask & other.mask:
            return False
        return not self.subject.table.fit(self, self.subject.table.negation(other))

    def negated(self) -> Guard | None:
        """Where this one does not hold; None for nowhere."""
        return self.subject.table.negation(self) if self.subject is not None else None

    def minus(self, other: Guard) -> Guard:
        """What this one says beyond the other: `ALWAYS` where the other implies it."""
        if self is other:
            return ALWAYS
        if self.subject is None or not self.mask & other.mask:
            return self
        return self.subject.table.beyond(self, other)

    def without_loops(self) -> Guard:
        """What it says of every round: what a loop binds belongs to one round."""
        return self.subject.table.in_every_round(self) if self.subject is not None else self

    @property
    def subjects(self) -> list[Subject]:
        """All that it asks about, in the order of asking."""
        found: set[Subject] = set()
        stack: list[Guard] = [self]
        seen: set[Guard] = {self}
        while stack:
            guard = stack.pop()
            if guard.subject is not None:
                found.add(guard.subject)
                new = [child for child in guard.children if child not in seen]
                seen.update(new)
                stack += new
        return sorted(found, key=lambda subject: subject.number)

    @property
    def true_texts(self) -> list[str]:
        """The conditions that are true wherever this holds, as they read."""
        return self.subject.table.true_texts(self) if self.subject is not None else []

    def constant(self, text: str, loop: int = 0) -> Key | None:
        """The constant that a subject equals wherever this holds; None where it may be several values."""
        if self.subject is None:
            return None
        subject = self.subject.table.subjects.get((text, loop))
        if subject is None or not subject.is_compared:
            return None
        return self.subject.table.constant(self, subject)

    def __str__(self) -> str:
        if self._text is None:
            nothing = "" if self is ALWAYS else "never"
            self._text = self.subject.table.phrase(self) if self.subject is not None else nothing
        return self._text

    __repr__ = __str__


ALWAYS: Final = Guard(None, {}, None, None)
NEVER: Final = Guard(None, {}, None, None)


def shortened(text: str) -> str:
    """A text of bounded length: long ones keep their beginning and a checksum, so that they stay different."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 12]}...{crc32(text.encode('utf-8', 'surrogatepass')):08x}"
