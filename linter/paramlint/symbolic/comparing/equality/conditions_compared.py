"""Where conditions hold, and where one holds and another does not: by the truth of the tests that they are made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

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
    try:
        return any(one.holds(truths) and other.holds(truths) for truths in _worlds({**one.tests, **other.tests}))
    except TooManyTestsError:
        return True


def holds_without(one: Side, other: Side) -> tuple[bool, str | None] | None:
    """Whether the first may hold where the second does not, and what has to be true then.

    Returns:
        None where too much is tested.
    """
    tests = {**one.tests, **other.tests}
    try:
        worlds = [truths for truths in _worlds(tests) if one.holds(truths) and not other.holds(truths)]
    except TooManyTestsError:
        return None
    if not worlds:
        return False, None
    first, second = one.said, other.said
    if not any(one.holds(truths) and other.holds(truths) for truths in _worlds(tests)):
        return True, first
    without = _negation(second) if second is not None else None
    if first is None or without is None or all(one.holds(t) for t in _worlds(tests) if not other.holds(t)):
        return True, without or first
    return True, f"{bracketed(first, ' or ')} and {bracketed(without, ' or ')}"


def needs_new_choice(said: str | None, known: str, arguments: Collection[str]) -> bool:
    """Whether a condition holds only where an argument is a text that other code does not know.

    That is a choice which only one version has: with it, the other cannot be built, or does something else.

    Args:
        said: the condition.
        known: the text of the other code.
        arguments: the names of the arguments.
    """
    if said is None:
        return False
    condition = Condition(said)
    asked = {test: found for test in condition.tests if (found := _asked(test)) is not None}
    new = {
        test
        for test, found in asked.items()
        if found.kind == "in"
        and found.subject.partition(".")[0] in arguments
        and all(isinstance(one, str) and not _knows(known, one) for one in found.constants)
    }
    try:
        worlds = [truths for truths in _worlds(condition.tests) if condition.holds(truths)]
    except TooManyTestsError:
        return False
    return bool(new) and all(any(truths[test] for test in new) for truths in worlds)


def is_never_met(said: str | None, sizes: Collection[int | str], demanded: Sequence[str | None] = ()) -> bool:
    """Whether no caller meets a condition.

    With None for a size nothing is built, and of zero elements nothing is learnt; where a constructor raises, there is
    no model.

    Args:
        said: the condition.
        sizes: the sizes of the tensor that it is about.
        demanded: what the constructors demand, each by itself.
    """
    if said is None:
        return False
    condition = Condition(said)
    sized = {factor for size in sizes for factor in _factors(str(size))}
    for other in map(Condition, (None, *demanded)):
        try:
            worlds = _worlds({**condition.tests, **other.tests}, sized)
            if not any(condition.holds(truths) and other.holds(truths) for truths in worlds):
                return True
        except TooManyTestsError:
            continue
    return False


def _factors(size: str) -> set[str]:
    """Names of which a size is a multiple, or a part: that of `4 * dim // heads` is `dim`."""
    try:
        nodes = [ast.parse(size, mode="eval").body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found = set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            nodes += [node.left, node.right]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
            nodes.append(node.left)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            found.add(ast.unparse(node))
    return found


def _knows(text: str, constant: str) -> bool:
    return f"'{constant}'" in text or f'"{constant}"' in text


def _negation(said: str) -> str:
    found = Condition(said)
    if len(found.tests) == 1 and said.startswith("not "):
        return said.removeprefix("not ")
    return f"not {said}" if re.fullmatch(r"[\w.]+", said) else f"not ({said})"


def bracketed(said: str, what: str = " ") -> str:
    """A part of a longer condition."""
    return f"({said})" if what in said else said


@dataclass(frozen=True)
class _Asked:
    """A test of one value: `kind` is how, `constants` are what with."""

    subject: str
    kind: str
    constants: tuple[object, ...] = ()

    def answer(self, value: object) -> bool:
        """Whether it is true for a value."""
        if self.kind == "true":
            return bool(value)
        if self.kind == "none":
            return value is None
        if self.kind == "in":
            return any(value == one and type(value) is type(one) for one in self.constants)
        bound = self.constants[0]
        assert isinstance(bound, (int, float)) and isinstance(value, (int, float))
        return value <= bound if self.kind == "most" else bound <= value


#: What stands for a value that no test names.
_OTHER = "\0other"
#: Ways in which tests may be true together that are tried.
_MOST_WORLDS = 4_096


class TooManyTestsError(Exception):
    """More is tested than can be tried."""


def _asked(test: str) -> _Asked | None:
    """What a test asks, where that is one plain value."""
    try:
        node = ast.parse(test, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _Asked(test, "true") if _PLAIN.fullmatch(test) else None
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    left, operation, right = node.left, node.ops[0], node.comparators[0]
    if isinstance(operation, ast.LtE) and isinstance(left, (ast.Constant, ast.UnaryOp)):
        left, right, kind = right, left, "least"
    else:
        kind = {ast.Is: "none", ast.Eq: "in", ast.In: "in", ast.LtE: "most"}.get(type(operation), "")
    subject = ast.unparse(left)
    if not kind or not _PLAIN.fullmatch(subject):
        return None
    try:
        value = ast.literal_eval(right)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if kind == "none":
        return _Asked(subject, kind) if value is None else None
    constants = tuple(value) if isinstance(operation, ast.In) and isinstance(value, (tuple, list, set)) else (value,)
    if kind in ("most", "least") and not isinstance(constants[0], (int, float)):
        return None
    return _Asked(subject, kind, constants) if isinstance(operation, ast.In) is (constants != (value,)) else None


def _worlds(tests: Collection[str], sized: Collection[str] = ()) -> Iterator[dict[str, bool]]:
    """All truths of some tests that may be together: those of one value follow from what it may be.

    Args:
        tests: the tests.
        sized: values that are one or more.

    Raises:
        TooManyTestsError: there are too many.
    """
    asked = {test: _asked(test) for test in tests}
    subjects: dict[str, list[tuple[str, _Asked]]] = {}
    for test, found in asked.items():
        if found is not None:
            subjects.setdefault(found.subject, []).append((test, found))
    choices: list[list[dict[str, bool]]] = [[{test: True}, {test: False}] for test, one in asked.items() if one is None]
    for subject, several in subjects.items():
        values = _values([one for _, one in several])
        if subject in sized:
            values = [value for value in values if value is _OTHER or _is_size(value)]
        answers = [{test: one.answer(value) for test, one in several} for value in values]
        choices.append([answer for place, answer in enumerate(answers) if answer not in answers[:place]])
    if prod(map(len, choices)) > _MOST_WORLDS:
        raise TooManyTestsError
    for chosen in product(*choices):
        yield {test: truth for part in chosen for test, truth in part.items()}


def _is_size(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _values(asked: Sequence[_Asked]) -> list[object]:
    """Values that tests of one thing tell apart."""
    constants = [constant for one in asked for constant in one.constants]
    bounds = [c for one in asked if one.kind in ("most", "least") for c in one.constants if isinstance(c, (int, float))]
    if bounds:
        values: list[object] = [value for bound in bounds for value in (bound - 1, bound, bound + 1)]
        return values + [constant for constant in constants if isinstance(constant, (int, float))]
    kinds = {one.kind for one in asked}
    values = [*constants, _OTHER]
    if "true" in kinds:
        values.append(False)
    if "none" in kinds:
        values.append(None)
    return values


_PLAIN = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


def are_independent(tests: Collection[str], arguments: Collection[str]) -> bool:
    """Whether all that tests ask is plain arguments of both versions, which may be anything."""
    asked = [_asked(test) for test in tests]
    return all(one is not None and one.subject.partition(".")[0] in arguments for one in asked)
