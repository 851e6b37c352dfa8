"""The subjects and guards of one run, each kept once, and how two of them are combined within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from paramlint.model.guard import ALWAYS, NEVER, Guard, Key, Subject
from paramlint.model.guard_phrasing import common_answers, phrase

#: Nodes of a guard; a larger one becomes a condition of its own.
_LARGEST = 24
#: Constants that one subject is told apart from.
_MOST_CASES = 48
#: Nodes that are gone through to combine two guards; where there are more, what comes out is a condition of its own.
_MOST_WORK = 256
#: Nodes that one step pays for.
_WORK_OF_A_STEP = 8
#: Of most guards: one for all, since there are more of these than of anything else.
_NO_CASES: Final[dict[Key, Guard]] = {}


class Conditions:
    """The subjects and guards of one run.

    Args:
        pay: takes the steps that combining large guards costs.
    """

    def __init__(self, pay: Callable[[int], None] = lambda _: None) -> None:
        self.subjects: dict[tuple[str, int], Subject] = {}
        #: A bit for each subject that is a summary.
        self.summaries = 0
        self._count_of_subjects = 0
        self._pay = pay
        #: The guards that ask a subject only whether it is true: more than all others.
        self._branches: dict[tuple[Subject, Guard, Guard], Guard] = {}
        self._nodes: dict[tuple[Subject, Guard, Guard, frozenset[tuple[Key, Guard]]], Guard] = {}
        self._both: dict[tuple[Guard, Guard], Guard] = {}
        self._fit: dict[tuple[Guard, Guard], bool] = {}
        self._beyond: dict[tuple[Guard, Guard], Guard] = {}
        self._constants: dict[tuple[Guard, Subject], Key | None] = {}
        self._rounds: dict[Guard, Guard] = {}
        self._work = 0
        self._owed = 0

    def forget(self) -> None:
        """Let go of all guards, of which there are more than of anything else, and which point in circles."""
        for guards in (self._branches, self._nodes):
            for guard in guards.values():
                guard._negated = None
        for known in (
            self.subjects,
            self._branches,
            self._nodes,
            self._both,
            self._fit,
            self._beyond,
            self._constants,
            self._rounds,
        ):
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
        return self._node(self._subject(text, loop), _NO_CASES, ALWAYS, NEVER)

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
        return self._node(subject, cases, NEVER, NEVER)

    def answered(self, subject: Subject, constants: Iterable[Key], *, true: bool, false: bool) -> Guard:
        """Where a subject has one of some answers.

        Args:
            subject: what is asked.
            constants: those that are told apart from the others of their kind.
            true, false: whether all other true values, all other false ones belong to them.
        """
        cases = {key: NEVER if (true if key[1] else false) else ALWAYS for key in constants}
        return self._node(subject, cases, ALWAYS if true else NEVER, ALWAYS if false else NEVER)

    # Nodes

    def _node(self, subject: Subject, cases: dict[Key, Guard], true: Guard, false: Guard) -> Guard:
        if cases:
            cases = {key: child for key, child in cases.items() if child is not (true if key[1] else false)}
        if not cases:
            if true is false:
                return true
            branch = (subject, true, false)
            known = self._branches.get(branch)
            if known is None:
                known = self._branches[branch] = Guard(subject, _NO_CASES, true, false)
            return known
        name = (subject, true, false, frozenset(cases.items()))
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
                if known.size > _LARGEST and _size(known) > _LARGEST:
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
        if one is NEVER or other is NEVER:
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
        elif first.number > second.number:
            found = ALWAYS in one.children or any(has(child, other) for child in one.children if child is not NEVER)
        else:
            found = ALWAYS in other.children or any(has(one, child) for child in other.children if child is not NEVER)
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
        self.summaries |= subject.bit
        return self._node(subject, _NO_CASES, ALWAYS, NEVER)

    def _conjunction(self, one: Guard, other: Guard) -> Guard:
        first, second = one.subject, other.subject
        if one is other or second is None:
            return other if other is NEVER else one
        if first is None:
            return one if one is NEVER else other
        if first.number < second.number:
            one, other, first, second = other, one, second, first
        known = self._both.get((one, other))
        if known is not None:
            return known
        self._work += 1
        if self._work > _MOST_WORK:
            raise _TooLargeError
        both = self._conjunction
        cases = _NO_CASES
        if first is second:
            if one.cases or other.cases:
                keys = {**one.cases, **other.cases}
                if len(keys) > _MOST_CASES:
                    raise _TooLargeError
                cases = {key: both(one.after(key), other.after(key)) for key in keys}
            true, false = both(one.true, other.true), both(one.false, other.false)
        else:
            true, false = one.true, one.false
            # Most ways end below: asking here spares most of the calls.
            if true is not NEVER:
                true = other if true is ALWAYS else both(true, other)
            if false is not NEVER:
                false = other if false is ALWAYS else both(false, other)
            if one.cases:
                cases = {
                    key: child if child is NEVER else other if child is ALWAYS else both(child, other)
                    for key, child in one.cases.items()
                }
        if cases:
            found = self._node(first, cases, true, false)
        elif true is false:
            found = true
        else:
            # As `_node` does it: a call less for most guards that there are.
            branch = (first, true, false)
            made = self._branches.get(branch)
            if made is None:
                made = self._branches[branch] = Guard(first, _NO_CASES, true, false)
            found = made
        self._both[one, other] = found
        return found

    def _count(self) -> None:
        self._work += 1
        if self._work > _MOST_WORK:
            raise _TooLargeError

    def negation(self, guard: Guard) -> Guard:
        """Where a guard does not hold."""
        if guard.subject is None:
            return NEVER if guard is ALWAYS else ALWAYS
        if guard._negated is None:
            cases = {key: self.negation(child) for key, child in guard.cases.items()} if guard.cases else _NO_CASES
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
        if context.subject.number > guard.subject.number:
            rest = NEVER
            for child in context.children:
                rest = self.negation(self._conjunction(self.negation(rest), self.negation(child)))
            found = self._simplified(guard, rest)
        elif guard.subject.number > context.subject.number:
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
            if where is NEVER:
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
        if guard.subject is None or guard.subject.number < subject.number:
            return None
        if guard.subject is subject:
            left = [key for key, child in guard.cases.items() if child is not NEVER]
            is_only = len({value for _, value in left}) == 1 and guard.true is NEVER and guard.false is NEVER
            return min(left, key=lambda key: key[0] == "bool") if is_only else None
        if (guard, subject) not in self._constants:
            found = {self.constant(child, subject) for child in guard.children if child is not NEVER}
            self._constants[guard, subject] = found.pop() if len(found) == 1 else None
        return self._constants[guard, subject]

    def in_every_round(self, guard: Guard) -> Guard:
        """A guard without what loops bind."""
        if guard.subject is None:
            return guard
        known = self._rounds.get(guard)
        if known is None:
            if guard.subject.loop:
                known = NEVER
                for child in guard.children:
                    known = self.negation(self.both(self.negation(known), self.negation(self.in_every_round(child))))
            else:
                cases = {key: self.in_every_round(child) for key, child in guard.cases.items()}
                true, false = self.in_every_round(guard.true), self.in_every_round(guard.false)
                known = self._node(guard.subject, cases, true, false)
            self._rounds[guard] = known
        return known

    def true_texts(self, guard: Guard) -> list[str]:
        """The conditions that are true wherever a guard holds, as they read."""
        common = common_answers(guard, {}) or {}
        return [subject.text for subject, answers in common.items() if answers == (frozenset(), True, False)]

    def phrase(self, guard: Guard) -> str:
        """How a guard reads."""
        return phrase(guard)


def _size(guard: Guard) -> int:
    """The nodes of a guard, as far as they are allowed."""
    if not guard.count:
        waiting, seen = [guard], {guard, ALWAYS, NEVER}
        for one in waiting:
            for child in one.children:
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
            if len(waiting) > _LARGEST:
                break
        guard.count = len(waiting)
    return guard.count


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
