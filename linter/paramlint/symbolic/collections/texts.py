"""Texts that are put together: f-strings, `%`, `format`, `join`. What is not known in them stands in braces."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from paramlint.symbolic.collections.containers import items_of
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_CONSTANT, MAX_PIECES
from paramlint.symbolic.values import Arguments, Constant, Dictionary, SequenceValue, Unknown, Value, text_of

#: `%s`, `%d`, `%05.2f`: widths of at most three digits, so that nothing grows.
_PLACE = re.compile(r"%(?:\((?P<key>\w+)\))?(?P<form>[-+ #0]*\d{0,3}(?:\.\d{0,3})?)(?P<kind>[diouxXeEfFgGcrsa%])")


def joined(run: Interpreter, parts: Sequence[Value | str]) -> Value:
    """Some texts and values one after the other, for each alternative of the values."""

    def join(chosen: list[Value | str], rest: Sequence[Value | str]) -> Value:
        for place, part in enumerate(rest):
            if not isinstance(part, str):
                before, behind = [*chosen, *rest[:place]], rest[place + 1 :]
                return run.each(part, partial(go_on, before, behind))
        return _whole([*chosen, *rest])

    def go_on(before: list[Value | str], behind: Sequence[Value | str], value: Value) -> Value:
        return join([*before, _settled(value)], behind)

    return join([], parts)


def _settled(value: Value) -> Value | str:
    return str(value.value) if isinstance(value, Constant) else value


def _whole(parts: list[Value | str]) -> Value:
    values = [part for part in parts if isinstance(part, Value)]
    text = "".join(part if isinstance(part, str) else f"{{{text_of(part)}}}" for part in parts)
    if not values:
        return Constant(text) if len(text) <= MAX_CONSTANT else Unknown(text)
    loop = next((v.loop for v in values if isinstance(v, Unknown) and v.loop), 0)
    return Unknown(text, loop, pieces=tuple(islice(_pieces(parts), MAX_PIECES)))


def _pieces(parts: Sequence[Value | str]) -> Iterator[str]:
    """What stands together in a text for sure, with that of the texts in it."""
    run = ""
    for part in parts:
        if isinstance(part, str):
            run += part
            continue
        inner = part.pieces if isinstance(part, Unknown) else ()
        yield from (run, *inner)
        run = ""
    yield run


def written(text: str, origin: Value | None = None) -> Value:
    """A text that is there already, in which braces stand around what is not known."""
    if "{" not in text:
        return Constant(text, origin)
    depth, pieces = 0, [""]
    for letter in text:
        depth -= letter == "}"
        if letter == "{" and not depth:
            pieces.append("")
        elif letter not in "{}" and not depth:
            pieces[-1] += letter
        depth += letter == "{"
    return Unknown(text, pieces=tuple(pieces), origin=origin)


def percent(run: Interpreter, text: str, given: Value) -> Value:
    """`text % given`."""
    places = list(_PLACE.finditer(text))
    if text.count("%") != sum(1 + (m["kind"] == "%") for m in places):
        return run.unknown_call("text")
    values = _given(given)
    parts: list[Value | str] = []
    end = 0
    for place in places:
        parts.append(text[end : place.start()])
        end = place.end()
        if place["kind"] == "%":
            parts.append("%")
            continue
        value = _keyed(run, given, place["key"]) if place["key"] else values.pop(0) if values else None
        if value is None:
            return run.unknown_call("text")
        parts.append(_with_form(run, f"%{place['form']}{place['kind']}", value))
    return joined(run, [*parts, text[end:]])


def _given(given: Value) -> list[Value]:
    if isinstance(given, SequenceValue) and given.kind == "tuple":
        return list(given.items.plain or ())
    if isinstance(given, Constant) and isinstance(given.value, tuple):
        return [Constant(one) for one in given.value]
    return [given]


def _keyed(run: Interpreter, given: Value, key: str) -> Value | None:
    cell = given.cells.get(key) if isinstance(given, Dictionary) else None
    return run.read(cell) if cell else None


def _with_form(run: Interpreter, form: str, value: Value) -> Value | str:
    """A value as `%05d` writes it; one that is not known reads as itself where the form adds nothing."""
    if isinstance(value, Constant):
        try:
            return form % (value.value,)
        except (TypeError, ValueError):
            return run.unknown_call("text")
    if form in ("%s", "%d", "%i"):
        return value
    return Unknown(f"{text_of(value)}#{run.serial()}", value.loop if isinstance(value, Unknown) else 0)


def formatted(run: Interpreter, text: str, arguments: Arguments) -> Value:
    """`text.format(...)`."""
    parts: list[Value | str] = []
    number = 0
    try:
        for plain, name, form, conversion in string.Formatter().parse(text):
            parts.append(plain)
            if name is None:
                continue
            value = (
                arguments.get(int(name or number), "") if name.isdigit() or not name else arguments.keywords.get(name)
            )
            number += not name
            if value is None or conversion:
                return run.unknown_call("text")
            parts.append(formed(run, form or "", value))
    except ValueError:
        return run.unknown_call("text")
    return joined(run, parts)


def formed(run: Interpreter, form: str, value: Value) -> Value | str:
    """A value in a form; where that cannot be told, equal only to itself."""
    if not form:
        return value
    if isinstance(value, Constant) and not re.search(r"\d{4}", form):
        try:
            return format(value.value, form)
        except (TypeError, ValueError):
            pass
    return Unknown(f"{text_of(value)}#{run.serial()}", value.loop if isinstance(value, Unknown) else 0)


def together(run: Interpreter, between: str, given: Value) -> Value:
    """`between.join(given)`."""
    plain = items_of(run, given, None).plain
    if plain is None:
        return run.unknown_call("join()")
    parts: list[Value | str] = []
    for value in plain:
        parts += [between, value] if parts else [value]
    return joined(run, parts)


def ends_known(run: Interpreter, method: Unknown, arguments: Arguments) -> Constant | None:
    """What `startswith` or `endswith` says of a text of which the beginning or the end is known."""
    asked = arguments.get(0)
    text = method.owner
    pieces = text.pieces if text is not None else ()
    if (
        text is None
        or not pieces
        or not isinstance(asked, Constant)
        or not isinstance(asked.value, str)
        or len(arguments.values()) > 1
    ):
        return None
    if method.name == "startswith":
        known, wanted = pieces[0], asked.value
    elif len(pieces) < MAX_PIECES:
        known, wanted = pieces[-1][::-1], asked.value[::-1]
    else:
        return None
    if known.startswith(wanted) or wanted.startswith(known):
        return Constant(True) if known.startswith(wanted) else None
    run.why_false = begins(text)
    return Constant(False)


def begins(text: Unknown) -> str:
    """How all names below a wrapper begin, as a reason why none is another text; empty for other texts."""
    return f"the names of a wrapped module begin with `{text.pieces[0]}`" if text.text == NAME_BELOW else ""


#: How a name reads that a module gives for what is not known of it.
NAME_BELOW = "name"
