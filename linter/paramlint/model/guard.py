"""Under which conditions something holds.

A guard is what takes the place of paths: branches run one after the other under their guards, and two facts fit
together when their guards do not contradict each other. It is kept as a decision diagram: each node asks what a subject
is (`x` of `x`, of `x is None` and of `x == 3`, or the text of any other condition) and goes on by the answer: one of
some constants, another true value, or another false one. Equal guards of one table are one object, so that what was
combined once is looked up from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from zlib import crc32

#: Nodes of a guard; a larger one becomes a condition of its own.
_LARGEST = 24
#: Constants that one subject is told apart from.
_MOST_CASES = 48
#: Nodes that are gone through to combine two guards; where there are more, what comes out is a condition of its own.
_MOST_WORK = 256
#: Nodes that one step pays for.
_WORK_OF_A_STEP = 8
#: Alternatives that are written out, and characters of all; of deeper guards they are not the shortest ones.
_MOST_SAID = 6
_LONGEST = 240
_DEEPEST_SHORTENED = 8

Key = tuple[str, object]
"""A constant that a subject may equal, beside the name of its type."""


class Subject:
    """Something that guards ask about.

    Attributes:
        loop: the loop that binds it, so that it may differ in each round; 0 for none.
        number: its place in all diagrams.
        table: where it is known.
        is_compared: whether it was ever compared with a constant.
        is_summary: whether it stands for two guards that were too large together, so that what they say is lost.
    """

    __slots__ = ("_text", "is_compared", "is_summary", "loop", "number", "table")

    def __init__(self, text: str | tuple[Guard, Guard], loop: int, number: int, table: Conditions) -> None:
        self._text = text
        self.loop = loop
        self.number = number
        self.table = table
        self.is_compared = False
        self.is_summary = isinstance(text, tuple)

    @property
    def text(self) -> str:
        """How it reads; equal texts in one loop are the same subject, but for those that stand for two guards."""
        if isinstance(self._text, tuple):
            plain = [s._text for guard in self._text for s in guard.subjects if isinstance(s._text, str)]
            self._text = _shortened(f"a condition on {', '.join([*plain[:3], '...'])} #{self.number}")
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
        mask: a bit for each subject that it asks about.
    """

    __slots__ = ("_negated", "_text", "cases", "children", "depth", "false", "mask", "size", "subject", "true")

    def __init__(
        self, subject: Subject | None, cases: dict[Key, Guard], true: Guard | None, false: Guard | None
    ) -> None:
        self.subject = subject
        self.cases = cases
        self.true: Guard = true if true is not None else self
        self.false: Guard = false if false is not None else self
        self.children: tuple[Guard, ...] = ()
        self.depth = self.mask = self.size = 0
        if subject is not None:
            self.children = (*cases.values(), self.true, self.false)
            mask, depth, size = 1 << subject.number, 0, 1
            for child in self.children:
                if child.subject is not None:
                    mask |= child.mask
                    size += child.size
                    if child.depth > depth:
                        depth = child.depth
            self.mask, self.depth, self.size = mask, depth + 1, size
        self._negated: Guard | None = None
        self._text: str | None = None

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
        return None if found is _NEVER else found

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
        """Whether both can hold, and neither asks for more than it says: of two summaries that cannot be told."""
        if self is other or self.subject is None or other.subject is None:
            return True
        summaries = [{s for s in guard.subjects if s.is_summary} for guard in (self, other)]
        return summaries[0] == summaries[1] and self.fits(other)

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
    def loop(self) -> int:
        """A loop that binds what it asks about; 0 for none."""
        return next((subject.loop for subject in self.subjects if subject.loop), 0)

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
        common = _common(self, {}) or {}
        return [subject.text for subject, answers in common.items() if answers == (frozenset(), True, False)]

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
            self._text = _said(self)
        return self._text

    __repr__ = __str__


ALWAYS: Final = Guard(None, {}, None, None)
_NEVER: Final = Guard(None, {}, None, None)


class Conditions:
    """The subjects and guards of one run.

    Args:
        pay: takes the steps that combining large guards costs.
    """

    def __init__(self, pay: Callable[[int], None] = lambda _: None) -> None:
        self.subjects: dict[tuple[str, int], Subject] = {}
        self._count_of_subjects = 0
        self._pay = pay
        self._nodes: dict[tuple[object, ...], Guard] = {}
        self._both: dict[tuple[Guard, Guard], Guard] = {}
        self._fit: dict[tuple[Guard, Guard], bool] = {}
        self._beyond: dict[tuple[Guard, Guard], Guard] = {}
        self._constants: dict[tuple[Guard, Subject], Key | None] = {}
        self._rounds: dict[Guard, Guard] = {}
        self._work = 0
        self._owed = 0

    def forget(self) -> None:
        """Let go of all guards, of which there are more than of anything else, and which point in circles."""
        for known in (self.subjects, self._nodes, self._both, self._fit, self._beyond, self._constants, self._rounds):
            known.clear()

    # Literals

    def _subject(self, text: str, loop: int) -> Subject:
        known = self.subjects.get((text, loop))
        if known is None:
            known = self.subjects[text, loop] = self._new_subject(text, loop)
        return known

    def _new_subject(self, text: str | tuple[Guard, Guard], loop: int) -> Subject:
        self._count_of_subjects += 1
        return Subject(text, loop, self._count_of_subjects, self)

    def true(self, text: str, loop: int = 0) -> Guard:
        """Where something is true: `bias`, `dim > 3`."""
        return self._node(self._subject(text, loop), {}, ALWAYS, _NEVER)

    def equals(self, text: str, constants: Iterable[object], loop: int = 0, *, same: bool = False) -> Guard:
        """Where something equals one of some constants.

        Args:
            text: what is compared.
            constants: numbers, texts, None.
            loop: the loop that binds it.
            same: it must be that very object, as `is` asks: `True` is not `1` then.
        """
        subject = self._subject(text, loop)
        subject.is_compared = True
        cases: dict[Key, Guard] = {}
        for constant in constants:
            for key in [_key(constant)] if same else _equal(constant):
                cases[key] = ALWAYS
        return self._node(subject, cases, _NEVER, _NEVER)

    # Nodes

    def _node(self, subject: Subject, cases: dict[Key, Guard], true: Guard, false: Guard) -> Guard:
        if cases:
            cases = {key: child for key, child in cases.items() if child is not (true if key[1] else false)}
        if true is false and not cases:
            return true
        name = (subject, true, false, frozenset(cases.items()) if cases else None)
        known = self._nodes.get(name)
        if known is None:
            known = self._nodes[name] = Guard(subject, cases, true, false)
        return known

    def both(self, one: Guard, other: Guard) -> Guard:
        """The conjunction of two guards."""
        known = self._both.get((one, other))
        if known is None:
            self._work = 0
            try:
                known = self._conjunction(one, other)
                if len(known.cases) > _MOST_CASES or (known.size > _LARGEST and _size(known) > _LARGEST):
                    raise _TooLargeError
            except _TooLargeError:
                known = self._condition_of_its_own(one, other)
            self._both[one, other] = self._both[other, one] = known
            self._pay_for_work()
        return known

    def fit(self, one: Guard, other: Guard) -> bool:
        """Whether two guards can both hold; where that takes too much, they can."""
        known = self._fit.get((one, other))
        if known is None:
            self._work = 0
            try:
                known = self._have_way(one, other)
            except _TooLargeError:
                known = True
            self._fit[one, other] = known
            self._pay_for_work()
        return known

    def _have_way(self, one: Guard, other: Guard) -> bool:
        if one is _NEVER or other is _NEVER:
            return False
        if not one.mask & other.mask or one is other:
            return True
        known = self._fit.get((one, other))
        if known is not None:
            return known
        self._count()
        first, second = one.subject, other.subject
        assert first is not None and second is not None
        has = self._have_way
        if first is second:
            found = has(one.true, other.true) or has(one.false, other.false)
            keys = {**one.cases, **other.cases}
            found = found or any(has(one.after(key), other.after(key)) for key in keys)
        elif first.number < second.number:
            found = any(has(child, other) for child in one.children)
        else:
            found = any(has(one, child) for child in other.children)
        self._fit[one, other] = found
        return found

    def _pay_for_work(self) -> None:
        self._owed += self._work
        if self._owed >= _WORK_OF_A_STEP:
            self._pay(self._owed // _WORK_OF_A_STEP)
            self._owed %= _WORK_OF_A_STEP

    def _condition_of_its_own(self, one: Guard, other: Guard) -> Guard:
        """What stands for a conjunction that is too large: what both say is lost, nothing is added."""
        subject = self._new_subject((one, other), one.loop or other.loop)
        return self._node(subject, {}, ALWAYS, _NEVER)

    def _conjunction(self, one: Guard, other: Guard) -> Guard:
        first, second = one.subject, other.subject
        if one is other or second is None:
            return other if other is _NEVER else one
        if first is None:
            return one if one is _NEVER else other
        known = self._both.get((one, other))
        if known is not None:
            return known
        self._count()
        both = self._conjunction
        cases: dict[Key, Guard] = {}
        if first is second:
            if one.cases or other.cases:
                cases = {key: both(one.after(key), other.after(key)) for key in {**one.cases, **other.cases}}
            found = self._node(first, cases, both(one.true, other.true), both(one.false, other.false))
        else:
            if first.number > second.number:
                one, other, first = other, one, second
            if one.cases:
                cases = {key: both(child, other) for key, child in one.cases.items()}
            found = self._node(first, cases, both(one.true, other), both(one.false, other))
        self._both[one, other] = found
        return found

    def _count(self) -> None:
        self._work += 1
        if self._work > _MOST_WORK:
            raise _TooLargeError

    def negation(self, guard: Guard) -> Guard:
        """Where a guard does not hold."""
        if guard.subject is None:
            return _NEVER if guard is ALWAYS else ALWAYS
        if guard._negated is None:
            cases = {key: self.negation(child) for key, child in guard.cases.items()} if guard.cases else {}
            found = self._node(guard.subject, cases, self.negation(guard.true), self.negation(guard.false))
            guard._negated, found._negated = found, guard
        return guard._negated

    def beyond(self, guard: Guard, context: Guard) -> Guard:
        """What a guard says beyond a context."""
        known = self._beyond.get((guard, context))
        if known is None:
            self._work = 0
            try:
                known = self._simplified(guard, context)
            except _TooLargeError:
                known = guard
            self._beyond[guard, context] = known
            self._pay_for_work()
        return known

    def _simplified(self, guard: Guard, context: Guard) -> Guard:
        if not guard.mask & context.mask:
            return guard
        assert context.subject is not None and guard.subject is not None
        known = self._beyond.get((guard, context))
        if known is not None:
            return known
        self._count()
        if context.subject.number < guard.subject.number:
            rest = _NEVER
            for child in context.children:
                rest = self.negation(self._conjunction(self.negation(rest), self.negation(child)))
            found = self._simplified(guard, rest)
        elif guard.subject.number < context.subject.number:
            cases = {key: self._simplified(child, context) for key, child in guard.cases.items()}
            true, false = self._simplified(guard.true, context), self._simplified(guard.false, context)
            found = self._node(guard.subject, cases, true, false)
        else:
            found = self._simplified_cases(guard, context)
        self._beyond[guard, context] = found
        return found

    def _simplified_cases(self, guard: Guard, context: Guard) -> Guard:
        """The same where both ask about one subject: what the context excludes may be anything."""
        possible: list[Guard] = []

        def left(child: Guard, where: Guard) -> Guard:
            if where is _NEVER:
                return child
            possible.append(self._simplified(child, where))
            return possible[-1]

        keys = {**guard.cases, **context.cases}
        cases = {key: left(guard.after(key), context.after(key)) for key in keys}
        true, false = left(guard.true, context.true), left(guard.false, context.false)
        if all(one is possible[0] for one in possible):
            return possible[0]
        assert guard.subject is not None
        return self._node(guard.subject, cases, true, false)

    def constant(self, guard: Guard, subject: Subject) -> Key | None:
        """The constant that a subject equals wherever a guard holds."""
        if guard.subject is None or guard.subject.number > subject.number:
            return None
        if guard.subject is subject:
            left = [key for key, child in guard.cases.items() if child is not _NEVER]
            is_only = len({value for _, value in left}) == 1 and guard.true is _NEVER and guard.false is _NEVER
            return min(left, key=lambda key: key[0] == "bool") if is_only else None
        if (guard, subject) not in self._constants:
            found = {self.constant(child, subject) for child in guard.children if child is not _NEVER}
            self._constants[guard, subject] = found.pop() if len(found) == 1 else None
        return self._constants[guard, subject]

    def in_every_round(self, guard: Guard) -> Guard:
        """A guard without what loops bind."""
        if guard.subject is None:
            return guard
        known = self._rounds.get(guard)
        if known is None:
            if guard.subject.loop:
                known = _NEVER
                for child in guard.children:
                    known = self.negation(self.both(self.negation(known), self.negation(self.in_every_round(child))))
            else:
                cases = {key: self.in_every_round(child) for key, child in guard.cases.items()}
                true, false = self.in_every_round(guard.true), self.in_every_round(guard.false)
                known = self._node(guard.subject, cases, true, false)
            self._rounds[guard] = known
        return known


def _size(guard: Guard) -> int:
    """The nodes of a guard, as far as they are allowed."""
    stack, seen = [guard], {guard}
    while stack and len(seen) <= _LARGEST:
        new = [child for child in stack.pop().children if child not in seen and child.subject is not None]
        seen.update(new)
        stack += new
    return len(seen)


class _TooLargeError(Exception):
    """Combining two guards takes too much."""


def _key(constant: object) -> Key:
    if isinstance(constant, float) and constant.is_integer():
        constant = int(constant)
    return type(constant).__name__, constant


def _equal(constant: object) -> list[Key]:
    """The constants that equal one: `True == 1`."""
    if isinstance(constant, (bool, int, float)) and constant in (0, 1):
        return [_key(int(constant)), _key(bool(constant))]
    return [_key(constant)]


# Saying it

Answers = tuple[frozenset[Key], bool, bool]
"""Some answers of a subject: whether all other true values, all other false values belong to them, and the constants
that differ from these."""
Way = dict[Subject, Answers]
"""What is said of some subjects, all at once."""


def _said(guard: Guard) -> str:
    if guard.subject is None:
        return "" if guard is ALWAYS else "never"
    common = _common(guard, {}) or {}
    ways = _shortest_ways(guard) if guard.depth <= _DEEPEST_SHORTENED else _ways(guard)
    said = [_say(subject, answers) for subject, answers in common.items()]
    rests = [{s: a for s, a in way.items() if common.get(s) != a} for way in ways]
    if all(rests):
        shown = sorted(" and ".join(sorted(_say(s, a) for s, a in rest.items())) for rest in rests[:_MOST_SAID])
        said.append(f"({' or '.join([*shown, *(['...'] if len(ways) > _MOST_SAID else [])])})")
    text = " and ".join(sorted(said))
    return text if len(text) <= _LONGEST else _shortened(text)


def _answers(guard: Guard, leads: Callable[[Guard], bool]) -> Answers:
    """The answers to a guard's first question that lead to some of what is left."""
    true, false = leads(guard.true), leads(guard.false)
    return frozenset(k for k, c in guard.cases.items() if leads(c) is not (true if k[1] else false)), true, false


def _either(one: Answers, other: Answers) -> Answers | None:
    """The answers of both; None where these are all that there are."""
    true, false = one[1] or other[1], one[2] or other[2]

    def belongs(key: Key, answers: Answers) -> bool:
        return (answers[1] if key[1] else answers[2]) is not (key in answers[0])

    constants = frozenset(
        key
        for key in one[0] | other[0]
        if (belongs(key, one) or belongs(key, other)) is not (true if key[1] else false)
    )
    return None if true and false and not constants else (constants, true, false)


def _common(guard: Guard, known: dict[Guard, Way | None]) -> Way | None:
    """What holds of single subjects wherever a guard does; None where it never does."""
    if guard.subject is None:
        return {} if guard is ALWAYS else None
    if guard not in known:
        own = _answers(guard, lambda child: child is not _NEVER)
        found: Way | None = None
        for child in guard.children:
            way = _common(child, known)
            if way is None:
                continue
            if found is None:
                found = dict(way)
                continue
            joined = {s: _either(found[s], way[s]) for s in found if s in way}
            found = {s: answers for s, answers in joined.items() if answers is not None}
        if not all(own[1:]) or own[0]:
            found = {guard.subject: own, **(found or {})}
        known[guard] = found
    return known[guard]


def _ways(guard: Guard) -> list[Way]:
    """The ways through a guard; a few more than are shown."""
    found: list[Way] = []
    stack: list[tuple[Guard, Way]] = [(guard, {})]
    while stack and len(found) <= _MOST_SAID:
        one, way = stack.pop()
        if one.subject is None:
            found.append(way)
            continue
        ends = dict.fromkeys(child for child in one.children if child is not _NEVER)
        stack += [(end, {**way, one.subject: _answers(one, lambda c, end=end: c is end)}) for end in ends]  # type: ignore[misc]
    return found


def _shortest_ways(guard: Guard) -> list[Way]:
    """Alternatives of as few literals as will do that together are the guard; a few more than are shown."""
    found: list[Way] = []
    rest: Guard | None = guard
    while rest is not None and len(found) <= _MOST_SAID:
        way = _ways(rest)[0]
        for subject in list(way):
            shorter = {s: a for s, a in way.items() if s is not subject}
            if shorter and _joined(shorter).implies(guard):
                way = shorter
        found.append(way)
        gone = _joined(way).negated()
        rest = rest & gone if gone is not None else None
    return found


def _joined(way: Way) -> Guard:
    joined = ALWAYS
    for subject, (constants, true, false) in way.items():
        cases = {key: _NEVER if (true if key[1] else false) else ALWAYS for key in constants}
        node = subject.table._node(subject, cases, ALWAYS if true else _NEVER, ALWAYS if false else _NEVER)
        joined = joined & node or joined
    return joined


def _say(subject: Subject, answers: Answers) -> str:
    text = subject.text
    constants, true, false = answers
    plain = f"({text})" if " " in text and constants else text
    if not constants:
        return text if true else f"not {text}" if " " not in text else f"not ({text})"
    if true is false:
        return _compared(plain, constants, not true)
    truthy = [key for key in constants if bool(key[1]) is true and (key[1] or not true)]
    said = [text if true else f"not {text}"]
    inside = frozenset(key for key in constants if bool(key[1]) is not true)
    outside = frozenset(truthy) - inside
    if outside:
        said = [f"{said[0]} and {_compared(plain, outside, is_equal=False)}"]
    if inside:
        said.append(_compared(plain, inside, is_equal=True))
    return said[0] if len(said) == 1 else f"({' or '.join(said)})"


def _compared(text: str, constants: frozenset[Key], is_equal: bool) -> str:
    values = {key[1] for key in constants}  # 1 and True are one here
    if len(values) == 1:
        (_,) = values
        word = (
            ("is" if is_equal else "is not")
            if len(constants) == 1 and _is_single(constants)
            else "=="
            if is_equal
            else "!="
        )
        return f"{text} {word} {_shown(constants)[0]}"
    return f"{text} {'in' if is_equal else 'not in'} ({', '.join(_shown(constants))})"


def _is_single(constants: frozenset[Key]) -> bool:
    return all(kind in ("NoneType", "bool") for kind, _ in constants)


def _shown(constants: frozenset[Key]) -> list[str]:
    """The constants, `1` alone where it stands beside `True`."""
    return sorted(repr(v) for kind, v in constants if kind != "bool" or ("int", int(bool(v))) not in constants)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 12]}...{crc32(text.encode('utf-8', 'surrogatepass')):08x}"
