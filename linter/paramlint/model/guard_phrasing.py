"""How a guard reads: what holds in all of it, and the shortest alternatives of the rest."""

from __future__ import annotations

from collections.abc import Callable

from paramlint.model.guard import ALWAYS, LONGEST, NEVER, Guard, Key, Subject, shortened

#: Alternatives that are written out, and characters of all; of deeper guards they are not the shortest ones.
_MOST_SAID = 6
_DEEPEST_SHORTENED = 8

Answers = tuple[frozenset[Key], bool, bool]
"""Some answers of a subject: whether all other true values, all other false values belong to them, and the constants
that differ from these."""
Way = dict[Subject, Answers]
"""What is said of some subjects, all at once."""


def phrase(guard: Guard) -> str:
    """A guard as text, of one that asks something."""
    common = common_answers(guard, {}) or {}
    ways = _shortest_ways(guard) if guard.depth <= _DEEPEST_SHORTENED else _ways(guard)
    said = [_say(subject, answers) for subject, answers in common.items()]
    rests = [{s: a for s, a in way.items() if common.get(s) != a} for way in ways]
    if all(rests):
        shown = sorted(" and ".join(sorted(_say(s, a) for s, a in rest.items())) for rest in rests[:_MOST_SAID])
        said.append(f"({' or '.join([*shown, *(['...'] if len(ways) > _MOST_SAID else [])])})")
    text = " and ".join(sorted(said))
    return text if len(text) <= LONGEST else shortened(text)


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


def common_answers(guard: Guard, known: dict[Guard, Way | None]) -> Way | None:
    """What holds of single subjects wherever a guard does; None where it never does."""
    if guard.subject is None:
        return {} if guard is ALWAYS else None
    if guard not in known:
        own = _answers(guard, lambda child: child is not NEVER)
        found: Way | None = None
        for child in guard.children:
            way = common_answers(child, known)
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
        ends = dict.fromkeys(child for child in one.children if child is not NEVER)
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
        node = subject.table.answered(subject, constants, true=true, false=false)
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
