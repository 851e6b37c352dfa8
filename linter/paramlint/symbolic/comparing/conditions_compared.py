"""Where conditions hold, and where one holds and another does not: by the truth of the tests that they are made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

#: Tests whose truths are all tried.
_MOST_TESTS = 9
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.LtE,
    ast.NotEq: ast.Eq,
    ast.IsNot: ast.Is,
    ast.NotIn: ast.In,
}
_NEGATED = (ast.Gt, ast.NotEq, ast.IsNot, ast.NotIn)


class Condition:
    """A condition as `show` says it; None holds always.

    Attributes:
        tests: what it is made of, without negation: `bias`, `dim <= 3`.
    """

    def __init__(self, said: str | None) -> None:
        self.said = said
        self.tests: dict[str, None] = {}
        self._node = self._read(said) if said is not None else None

    def _read(self, said: str) -> Any:
        try:
            return self._understood(ast.parse(said, mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return self._test(said)

    def _test(self, text: str) -> Any:
        self.tests.setdefault(text)
        return "test", text

    def _understood(self, node: ast.expr) -> Any:
        if isinstance(node, ast.BoolOp):
            return "and" if isinstance(node.op, ast.And) else "or", [self._understood(one) for one in node.values]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return "not", self._understood(node.operand)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            return "and" if node.value else "or", []
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right, kind = node.left, node.comparators[0], type(node.ops[0])
            if kind in (ast.GtE, ast.Lt):  # `a >= b` is `b <= a`
                left, right = right, left
                test = self._test(f"{ast.unparse(left)} <= {ast.unparse(right)}")
                return test if kind is ast.GtE else ("not", test)
            operation = _TURNED.get(kind, kind)
            test = self._test(ast.unparse(ast.Compare(left, [operation()], [right])))
            return ("not", test) if kind in _NEGATED else test
        return self._test(ast.unparse(node))

    def holds(self, truths: Mapping[str, bool]) -> bool:
        """Whether it holds where its tests are so."""
        return self._node is None or _holds(self._node, truths)


def _holds(node: Any, truths: Mapping[str, bool]) -> bool:
    kind, inner = node
    if kind == "test":
        return truths[inner]
    if kind == "not":
        return not _holds(inner, truths)
    return all(_holds(one, truths) for one in inner) if kind == "and" else any(_holds(one, truths) for one in inner)


class AnyOf:
    """Several conditions, of which one is enough; none holds never."""

    def __init__(self, said: Sequence[str | None]) -> None:
        self.parts = [Condition(one) for one in said]
        self.tests = {test: None for part in self.parts for test in part.tests}

    def holds(self, truths: Mapping[str, bool]) -> bool:
        """Whether one of them holds."""
        return any(part.holds(truths) for part in self.parts)

    @property
    def said(self) -> str | None:
        """In words; None where one of them is none."""
        said = [part.said for part in self.parts]
        if None in said:
            return None
        different = list(dict.fromkeys(str(one) for one in said))
        return different[0] if len(different) == 1 else " or ".join(map(bracketed, different))


Side = Condition | AnyOf


def may_both_hold(one: Side, other: Side) -> bool:
    """Whether two conditions may hold at once, as far as their tests say."""
    tests = {**one.tests, **other.tests}
    if len(tests) > _MOST_TESTS:
        return True
    return any(one.holds(truths) and other.holds(truths) for truths in _worlds(tests))


def holds_without(one: Side, other: Side) -> tuple[bool, str | None] | None:
    """Whether the first may hold where the second does not, and what has to be true then.

    Returns:
        None where too much is tested.
    """
    tests = {**one.tests, **other.tests}
    if len(tests) > _MOST_TESTS:
        return None
    worlds = [truths for truths in _worlds(tests) if one.holds(truths) and not other.holds(truths)]
    if not worlds:
        return False, None
    first, second = one.said, other.said
    if not any(other.holds(truths) for truths in _worlds(tests)):
        return True, first
    without = _negation(second) if second is not None else None
    if first is None or without is None or all(one.holds(t) for t in _worlds(tests) if not other.holds(t)):
        return True, without or first
    return True, f"{bracketed(first, ' or ')} and {bracketed(without, ' or ')}"


def _negation(said: str) -> str:
    found = Condition(said)
    if len(found.tests) == 1 and said.startswith("not "):
        return said.removeprefix("not ")
    return f"not {said}" if re.fullmatch(r"[\w.]+", said) else f"not ({said})"


def bracketed(said: str, what: str = " ") -> str:
    """A part of a longer condition."""
    return f"({said})" if what in said else said


_NONE = re.compile(r"(.+) is None")
_EQUAL = re.compile(r"(.+) == (.+)")


def _worlds(tests: Collection[str]) -> Iterator[dict[str, bool]]:
    """All truths of some tests that may be together: nothing is true and none, or equal to two constants."""
    names = list(tests)
    for values in product((True, False), repeat=len(names)):
        truths = dict(zip(names, values, strict=True))
        true = [name for name, value in truths.items() if value]
        none = {found[1] for name in true if (found := _NONE.fullmatch(name))}
        equal = [found[1] for name in true if (found := _EQUAL.fullmatch(name)) and found[2][:1] in "'\"0123456789"]
        if none.isdisjoint(true) and none.isdisjoint(equal) and len(set(equal)) == len(equal):
            yield truths


_PLAIN = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_ORDERED = re.compile(r"(?:-?\d+ <= )?([A-Za-z_][\w.]*)(?: <= -?\d+)?")


def are_independent(tests: Collection[str], arguments: Collection[str]) -> bool:
    """Whether tests can be true and false as they like: each asks a plain argument of both, its size only once."""
    ordered: list[str] = []
    for test in tests:
        subject = test.removesuffix(" is None")
        equal = _EQUAL.fullmatch(test)
        subject = equal[1] if equal and equal[2][:1] in "'\"0123456789" else subject
        found = _ORDERED.fullmatch(test)
        if found is not None and " <= " in test:
            subject = found[1]
            ordered.append(subject)
        if not _PLAIN.fullmatch(subject) or subject.partition(".")[0] not in arguments:
            return False
    return len(set(ordered)) == len(ordered) and (not ordered or len(tests) == 1)
