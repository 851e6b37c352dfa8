"""How values and conditions are told to people: without the marks by which a run tells its own objects apart."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from paramlint.model.guard import Guard
from paramlint.symbolic.values import Choice, Constant, Unknown, Value, text_of

_MARKS = (
    (re.compile(r"[#@]\d+(?!\d)"), ""),  # of results that are equal to no others
    (re.compile(r"\.\.\.[0-9a-f]{8}"), "..."),  # of what was cut off
    (re.compile(r"<class ([\w.]+)>"), r"\1"),
    (re.compile(r"<(\w+) \d+>"), r"\1(...)"),
    (re.compile(r"\b(dict|list|tuple|set|iterator|range)\(\d+(?:, \.\.\.)?\)"), r"\1(...)"),
)

#: A name that is made of a number in one function and put into another name elsewhere: `weight_{l{layer}}`.
_NESTED = re.compile(r"\{(\w*)\{([^{}]*)\}(\w*)\}")
#: `not (depth <= 3)`
_NEGATED = re.compile(r"\bnot \(((?:(?! and | or )[^()]|\([^()]*\))*) <= ((?:(?! and | or )[^()]|\([^()]*\))*)\)")


def told(text: str) -> str:
    """A text as people read it."""
    for mark, shown in _MARKS:
        text = mark.sub(shown, text)
    return _NEGATED.sub(r"\1 > \2", text)


def told_name(name: str) -> str:
    """A name or pattern, in which braces are never inside others, and those that were cut off are closed."""
    name = _NESTED.sub(r"\1{\2}\3", told(name))
    depth = 0
    letters: list[str] = []
    for letter in name:
        depth += (letter == "{") - (letter == "}")
        if letter not in "{}" or depth == (letter == "{"):
            letters.append(letter)
    return "".join(letters) + "}" * (depth > 0)


def options(value: Value, context: Guard) -> list[Value]:
    """What a value can be under a guard."""
    if not isinstance(value, Choice):
        return [value]
    return [one for guard, one in value.options if guard.fits(context)]


def of_each_round(value: Value, carried: Collection[str]) -> Value:
    """A value in which names that a loop hands from round to round are told from others: `each width`."""
    if isinstance(value, Choice):
        return Choice([(guard, of_each_round(one, carried)) for guard, one in value.options])
    if not isinstance(value, Unknown) or not value.loop or not carried:
        return value
    names = "|".join(re.escape(name) for name in sorted(carried, key=len, reverse=True))
    text = re.sub(rf"(?<![\w.])(?:{names})(?!\w)", lambda found: f"each {found[0]}", value.text)
    return Unknown(text, value.loop, value.annotation) if text != value.text else value


def scalar(value: Value, context: Guard) -> bool | int | float | str | None:
    """A number, or the text of an expression; a text in the code itself keeps its quotes; None for Python's None."""
    found = [_scalar(one) for one in options(value, context)]
    if len(set(map(repr, found))) == 1:
        return found[0]
    return " or ".join(dict.fromkeys(map(str, found)))


def _scalar(value: Value) -> bool | int | float | str | None:
    if isinstance(value, Constant) and (value.value is None or isinstance(value.value, (bool, int, float))):
        return value.value
    return told(text_of(value))


def size(value: Value, context: Guard) -> int | str | None:
    """One size of a shape; None for what is none."""
    found: list[int | str] = []
    for one in options(value, context):
        if isinstance(one, Constant) and isinstance(one.value, int) and not isinstance(one.value, bool):
            found.append(one.value)
        elif isinstance(one, Unknown):
            found.append(told(one.text))
        else:
            return None
    different = list(dict.fromkeys(found))
    if len(different) == 1:
        return different[0]
    return " or ".join(map(str, different)) or None


def condition(guards: Iterable[Guard]) -> str | None:
    """Some alternative conditions in words; None where one of them is none."""
    said = sorted({told(str(guard)) for guard in guards})
    if "" in said:
        return None
    return said[0] if len(said) == 1 else " or ".join(f"({one})" for one in said)
