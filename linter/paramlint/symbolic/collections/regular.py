"""Regular expressions on texts that are known: `re.split`, `re.sub`, `re.findall`, as far as they cannot take long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.interpreter import Handler, Interpreter
from paramlint.symbolic.values import (
    Arguments,
    Constant,
    Item,
    Items,
    SequenceValue,
    Unknown,
    Value,
    small_constants,
    text_of,
)

#: Characters of a text that is searched.
_LONGEST = 200
#: What repeats or may be missing in an expression: each may multiply the time by the length of the text, as a group of
#: alternatives does.
_REPEATS = re.compile(r"(?<!\()[*+?][+?]?|\{\d*,\d*\}")
_MOST_REPEATS = 2
#: Groups that repeat, of which the time may double with each character, and references to them.
_REPEATED_GROUP = re.compile(r"\)[*+?{]|\\[1-9]")


def _plain(name: str, parameters: tuple[str, ...], compute: Callable[..., Any]) -> Handler:
    def handler(run: Interpreter, arguments: Arguments, node: Any) -> Value:
        values = [arguments.get(place, parameter) for place, parameter in enumerate(parameters)]
        texts = [v.value for v in values if isinstance(v, Constant) and isinstance(v.value, str)]
        given = len(arguments.positional) + len(arguments.keywords)
        if len(texts) == len(parameters) == given and _is_quick(texts[0], texts[-1]):
            run.step(1 + len(texts[-1]))
            try:
                found = _value(run, compute(*texts), node)
            except re.error:
                found = None
            if found is not None:
                return found
        return Unknown(f"re.{name}({', '.join(map(text_of, arguments.values()))})")

    return handler


def _is_quick(expression: str, text: str) -> bool:
    repeats = len(_REPEATS.findall(expression)) + (expression.count("(") if "|" in expression else 0)
    return len(text) <= _LONGEST and repeats <= _MOST_REPEATS and not _REPEATED_GROUP.search(expression)


def _value(run: Interpreter, result: object, node: Any) -> Value | None:
    if not isinstance(result, list):
        return Constant(result) if small_constants.is_small(result) else None
    if not all(one is None or isinstance(one, (str, tuple)) for one in result):
        return None
    return SequenceValue("list", Items([Item(ALWAYS, (), Constant(one)) for one in result]), **run.made(node))


HANDLERS: Mapping[str, Handler] = {
    "re.split": _plain("split", ("pattern", "string"), re.split),
    "re.sub": _plain("sub", ("pattern", "repl", "string"), re.sub),
    "re.findall": _plain("findall", ("pattern", "string"), re.findall),
}
