"""Under which conditions something holds.

A guard is a conjunction of literals (a condition and its truth) and of clauses (disjunctions of literals, left behind by
`if a and b: return`). It is what takes the place of paths: branches run one after the other under their guards, and two
facts fit together when their guards do not contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()
"""The constant of a condition that compares with none."""


@dataclass(frozen=True)
class Condition:
    """Something that is true or false.

    Attributes:
        text: how it reads; equal texts are the same condition.
        subject: the value that is tested, where that is all it says: `x` of `x`, of `x is None` and of `x == 3`.
        constant: what the subject is compared with; NOTHING where its truth is tested.
        loop: the loop that binds the value, so that it may differ in each round; 0 for none.
    """

    text: str
    subject: str = ""
    constant: object = NOTHING
    loop: int = 0

    def __hash__(self) -> int:
        return hash((self.text, self.loop))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.text == other.text and self.loop == other.loop

    @property
    def compares(self) -> bool:
        """Whether it says that the subject equals a constant."""
        return self.constant is not NOTHING


Literal = tuple[Condition, bool]
Clause = frozenset[Literal]
_NO_LITERALS: frozenset[Literal] = frozenset()
_NO_CLAUSES: frozenset[Clause] = frozenset()


class Guard:
    """A conjunction of literals and clauses; the empty one, `ALWAYS`, holds everywhere."""

    __slots__ = ("_facts", "_hash", "clauses", "literals")

    def __init__(self, literals: frozenset[Literal] = _NO_LITERALS, clauses: frozenset[Clause] = _NO_CLAUSES) -> None:
        self.literals = literals
        self.clauses = clauses
        self._hash = hash((literals, clauses))
        self._facts: dict[str, object] | None = None

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Guard) and self.literals == other.literals and self.clauses == other.clauses
        )

    def __bool__(self) -> bool:
        return bool(self.literals or self.clauses)

    def __str__(self) -> str:
        said = [_say(literal) for literal in self.literals]
        said += ["(" + " or ".join(sorted(map(_say, clause))) + ")" for clause in self.clauses]
        return " and ".join(sorted(said))

    __repr__ = __str__

    @property
    def facts(self) -> dict[str, object]:
        """What each subject equals, where a literal says so."""
        if self._facts is None:
            self._facts = {c.subject: c.constant for c, truth in self.literals if truth and c.compares}
        return self._facts

    def with_literal(self, condition: Condition, truth: bool) -> Guard | None:
        """This guard and one literal more; None where they contradict each other."""
        return self & Guard(frozenset([(condition, truth)]))

    def __and__(self, other: Guard) -> Guard | None:
        """Both; None where they contradict each other."""
        if self.literals >= other.literals and self.clauses >= other.clauses:
            return self
        if not self:
            return other
        literals = self.literals | other.literals
        if len(literals) > len(self.literals) and _contradict(self, other):
            return None
        clauses = self.clauses | other.clauses
        return _resolved(literals, clauses) if clauses else Guard(literals)

    def fits(self, other: Guard) -> bool:
        """Whether both can hold."""
        return (self & other) is not None

    def implies(self, other: Guard) -> bool:
        """Whether the other holds wherever this one does, as far as can be seen."""
        if not self.literals >= other.literals and not all(self.decides(c) is t for c, t in other.literals):
            return False
        return all(clause in self.clauses or any(self.decides(c) is t for c, t in clause) for clause in other.clauses)

    def decides(self, condition: Condition) -> bool | None:
        """The truth of a condition under this guard, or None."""
        if (condition, True) in self.literals:
            return True
        if (condition, False) in self.literals:
            return False
        return _follows(self, condition)

    def minus(self, other: Guard) -> Guard:
        """What this one says beyond the other."""
        if not other:
            return self
        return Guard(self.literals - other.literals, self.clauses - other.clauses)

    def negated(self) -> Guard | None:
        """Where this one does not hold; None where no guard says that, as for clauses (or nowhere)."""
        if self.clauses or not self.literals:
            return None
        if len(self.literals) == 1:
            ((condition, truth),) = self.literals
            return Guard(frozenset([(condition, not truth)]))
        return Guard(_NO_LITERALS, frozenset([frozenset((c, not t) for c, t in self.literals)]))

    def without_loops(self) -> Guard:
        """What it says of every round: literals on what a loop binds belong to one round."""
        if not any(c.loop for c, _ in self.literals) and not self.clauses:
            return self
        return Guard(
            frozenset(literal for literal in self.literals if not literal[0].loop),
            frozenset(clause for clause in self.clauses if not any(c.loop for c, _ in clause)),
        )


ALWAYS: Final = Guard()


def _say(literal: Literal) -> str:
    condition, truth = literal
    if truth:
        return condition.text
    if condition.compares:
        operator = " is " if condition.constant is None else " == "
        left, found, right = condition.text.partition(operator)
        if found:
            return f"{left}{' is not ' if condition.constant is None else ' != '}{right}"
    return f"not {condition.text}" if " " not in condition.text else f"not ({condition.text})"


def _contradict(one: Guard, other: Guard) -> bool:
    if len(one.literals) < len(other.literals):
        one, other = other, one
    return any(one.decides(condition) is (not truth) for condition, truth in other.literals)


def _follows(guard: Guard, condition: Condition) -> bool | None:
    """The truth of a condition from what the guard says its subject equals, or from its being true."""
    if not condition.subject:
        return None
    facts = guard.facts
    if condition.subject in facts:
        known = facts[condition.subject]
        if condition.compares:
            return type(known) is type(condition.constant) and known == condition.constant
        return bool(known)
    if condition.compares and not condition.constant:  # a value that is true is neither None nor zero
        if (Condition(condition.subject, condition.subject, NOTHING, condition.loop), True) in guard.literals:
            return False
    return None


def _resolved(literals: frozenset[Literal], clauses: frozenset[Clause]) -> Guard | None:
    """Clauses with what the literals decide taken out; None where one of them cannot hold."""
    guard = Guard(literals)
    left: set[Clause] = set()
    for clause in clauses:
        open_literals = set()
        for condition, truth in clause:
            known = guard.decides(condition)
            if known is truth:
                break
            if known is None:
                open_literals.add((condition, truth))
        else:
            if not open_literals:
                return None
            if len(open_literals) == 1:
                rest = clauses - {clause}
                return _resolved(literals | open_literals, rest)
            left.add(frozenset(open_literals))
    return Guard(literals, frozenset(left)) if left else guard
