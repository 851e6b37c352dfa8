"""How a factory is called: with the arguments that were given, those that are guessed, and its own defaults."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from paramlint.verify.arguments.fitting import PLAIN
from paramlint.verify.arguments.guess import Arguments, UnknownArgumentsError, attempts, path_of
from paramlint.verify.arguments.signatures import with_default
from paramlint.verify.document.schema import Argument
from paramlint.verify.process.child import NeedsArgumentsError, bind, one_line, signature_of
from paramlint.verify.process.targets import literal

Built = TypeVar("Built")
#: Attributes of a guessed object that are reported, and elements of one that is a list.
MOST_ATTRIBUTES, MOST_ELEMENTS = 500, 100


class Call:
    """A factory with all of its arguments."""

    def __init__(self, factory: Callable[..., Any], given: dict[str, str], guessed: Arguments | None = None) -> None:
        self._factory = factory
        self._given = given
        self._guessed = guessed or {}

    def __call__(self) -> Any:
        """Call it; each argument is made anew."""
        given = {name: literal(source) for name, source in self._given.items()}
        return self._factory(**given, **{name: guess.make() for name, guess in self._guessed.items()})

    def arguments(self) -> dict[str, Argument]:
        """What it is called with, the given arguments first."""
        given = {name: Argument(source=source, origin="given") for name, source in self._given.items()}
        guessed = {
            name: Argument(source=guess.source, origin="guessed", holds=_held(guess.make()))
            for name, guess in self._guessed.items()
        }
        default = {
            wanted.name: Argument(source=_source(wanted.default), origin="default")
            for wanted in with_default(self._factory)
            if wanted.name not in given and wanted.name not in guessed
        }
        return given | guessed | default


def first_built(
    factory: Callable[..., Any], given: dict[str, str], build: Callable[[Call], Built]
) -> tuple[Call, Built]:
    """Guess the arguments that are missing, and build with the first set with which that is possible.

    Args:
        given: arguments as source of Python literals.

    Raises:
        NeedsArgumentsError: some can neither be guessed nor left out, or no guess is right.
        BaseException: what the factory raises where it needs no more arguments.
    """
    errors: list[Exception] = []
    is_needed = False
    try:
        for guesses in attempts(factory, given):
            if not errors:
                bind(factory, dict.fromkeys([*given, *guesses]))
                is_needed = bool(guesses)
            else:  # half of a large model would be held during the next build
                traceback.clear_frames(errors[-1].__traceback__)
            call = Call(factory, given, guesses)
            try:
                return call, build(call)
            except Exception as error:
                errors.append(error)
    except UnknownArgumentsError as unknown:
        names = ", ".join(f"`{name}`" for name in unknown.names)
        raise NeedsArgumentsError(f"no guess for {names}", signature_of(factory), unknown.names) from None
    if is_needed:
        raise NeedsArgumentsError(f"no guess builds it: {one_line(errors[0])}", signature_of(factory)) from errors[0]
    raise errors[0]


def _held(value: Any) -> dict[str, Any]:
    """The attributes of a guessed object that are numbers, texts, or short lists of them."""
    attributes = list(getattr(value, "__dict__", {}).items())[:MOST_ATTRIBUTES]
    return {name: held for name, held in attributes if not name.startswith("_") and _is_plain(held)}


def _is_plain(value: Any) -> bool:
    if type(value) in (list, tuple):
        return len(value) <= MOST_ELEMENTS and all(type(one) in PLAIN for one in value)
    return value is None or type(value) in PLAIN


def _source(default: Any) -> str:
    """A default as a literal, or as the name of the class or function that it is; else empty."""
    try:
        if inspect.isclass(default) or inspect.isfunction(default):
            return path_of(default)
        text = repr(default)
        literal(text)
    except Exception:  # it is no literal, or cannot be shown
        return ""
    return text
