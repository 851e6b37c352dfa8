"""Arguments for a constructor that has been given none, guessed from names, annotations and defaults.

A guess is the text of an expression, so that it can be reported and repeated. Where an instance of some class is
wanted, of a configuration or a part, one is made with guessed arguments in turn. An attempt is a whole set of
arguments; the caller goes on to the next one while none builds the class.
"""

from __future__ import annotations

import ast
import enum
import inspect
import typing
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from itertools import islice, takewhile
from typing import Any

import torch
from torch import nn

from paramlint.verify.arguments.fitting import fit, is_sequence, members
from paramlint.verify.arguments.signatures import Factory, Wanted, required, required_by_bases, with_default
from paramlint.verify.arguments.usual import ASKED_FOR, BY_NAME, BY_TYPE, CONFIGURATIONS, SMALL

#: How many sets of arguments are tried for a class, and how deep instances hold others.
MOST_ATTEMPTS, DEEPEST = 6, 3
#: Packages whose classes are no configurations or parts.
FOUNDATIONS = ("builtins", "collections", "numpy", "os", "pathlib", "torch", "typing")


class UnknownArgumentsError(Exception):
    """Nothing is known of some arguments."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True)
class Guess:
    """A value: how one would write it, and what makes it, anew for each build."""

    source: str
    make: Callable[[], Any]


Arguments = dict[str, Guess]


def attempts(factory: Factory, given: Container[str] = (), *, depth: int = 0) -> Iterator[Arguments]:
    """Sets of arguments beside those given, the likeliest first; the first is empty where none is missing.

    Raises:
        UnknownArgumentsError: nothing is known of some that have no default.
    """
    seen: list[dict[str, str]] = []
    for guesses in islice(_sets(factory, given, depth), MOST_ATTEMPTS):
        sources = {name: guess.source for name, guess in guesses.items()}
        if sources not in seen:
            seen.append(sources)
            yield guesses


def _sets(factory: Factory, given: Container[str], depth: int) -> Iterator[Arguments]:
    own, by_bases, sizes = (
        {wanted.name: found for wanted in some if wanted.name not in given and (found := _values(wanted, depth))}
        for some in (required(factory), required_by_bases(factory), _absent_sizes(factory))
    )
    unknown = tuple(w.name for w in required(factory) if w.name not in own and w.name not in given)
    if unknown:
        raise UnknownArgumentsError(unknown)
    for choice in range(2):
        for together in (own, by_bases | own, sizes | by_bases | own):
            yield {name: found[min(choice, len(found) - 1)] for name, found in together.items()}


def _absent_sizes(factory: Factory) -> list[Wanted]:
    """Sizes whose default is None, which a constructor may ask for all the same."""
    return [w for w in with_default(factory) if w.default is None and _is_named(w.name, ASKED_FOR)]


def _values(wanted: Wanted, depth: int) -> list[Guess]:
    """What an argument may be, the likeliest first."""
    allowed = members(wanted.annotation)
    for member in allowed:
        if typing.get_origin(member) is typing.Literal:
            return [_literal(value) for value in typing.get_args(member)]
        if inspect.isclass(member) and issubclass(member, enum.Enum):
            return [_named(f"{path_of(member)}.{value.name}", value) for value in member]
    if _is_named(wanted.name, CONFIGURATIONS):
        allowed = [*allowed, *_configurations(wanted.owner)]
    made = [guess for cls in allowed if _is_part(cls) for guess in _instances(cls, depth)]
    if made:
        return made
    fitting = [guess for known in _by_name(wanted.name) if (guess := _fitted(known, wanted.annotation))]
    return fitting or [guess for member in members(wanted.annotation) for guess in _by_type(member)]


def _by_name(name: str) -> list[Guess]:
    for sources, patterns in BY_NAME:
        if _is_named(name, patterns):
            return [*map(_written, sources)]
    return []


def _by_type(member: Any) -> Iterator[Guess]:
    inner = member
    while is_sequence(inner):
        inner = next(iter(members(next(iter(typing.get_args(inner)), int))), int)
    name = getattr(typing.get_origin(inner) or inner, "__name__", "")
    for source in BY_TYPE.get(name, ()):
        if guess := _fitted(_written(source), member):
            yield guess


def _fitted(guess: Guess, annotation: Any) -> Guess | None:
    value = guess.make()
    fitting = fit(value, annotation)
    if fitting is None or fitting is value:
        return guess if fitting is value else None
    return _literal(fitting)


def _written(source: str) -> Guess:
    return Guess(source, lambda: eval(source, {"torch": torch}))


def _literal(value: Any) -> Guess:
    return Guess(repr(value), lambda: ast.literal_eval(repr(value)))


def _named(source: str, value: Any) -> Guess:
    return Guess(source, lambda: value)


def path_of(defined: Factory) -> str:
    """The dotted name of a class or function."""
    return f"{defined.__module__}.{defined.__qualname__}"


def _is_part(member: Any) -> bool:
    """Whether a type is a class of which an instance is made here."""
    return inspect.isclass(member) and member.__module__.partition(".")[0] not in FOUNDATIONS


def _configurations(owner: Factory) -> list[type]:
    """The class of a class's configuration: as it says itself, else that of its module with the most alike name."""
    own = getattr(owner, "config_class", None)
    if inspect.isclass(own):
        return [own]
    module = inspect.getmodule(owner)
    known = [*vars(module).values()] if module else []
    classes = [cls for cls in known if inspect.isclass(cls) and cls.__name__.endswith("Config")]
    alike = {cls: _common_start(cls.__name__, getattr(owner, "__name__", "")) for cls in classes}
    return sorted((cls for cls in classes if alike[cls] > 1), key=lambda cls: -alike[cls])[:1]


def _common_start(first: str, second: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


@cache
def _instances(cls: type, depth: int) -> tuple[Guess, ...]:
    """An instance with guessed arguments, made once to see that it can be; nothing where none can be made."""
    if depth == DEEPEST:
        return ()
    for candidate in (cls, *cls.__subclasses__()[:1]):
        with suppress(UnknownArgumentsError):
            for arguments in attempts(candidate, depth=depth + 1):
                for guess in (_instance(candidate, _small(candidate) | arguments), _instance(candidate, arguments)):
                    with suppress(Exception):
                        guess.make()
                        return (guess,)
    return ()


def _instance(cls: type, arguments: Arguments) -> Guess:
    shown = ", ".join(f"{name}={guess.source}" for name, guess in arguments.items())
    return Guess(f"{path_of(cls)}({shown})", partial(_make, cls, arguments))


def _make(cls: type, arguments: Arguments) -> Any:
    return cls(**{name: guess.make() for name, guess in arguments.items()})


def _small(cls: type) -> Arguments:
    """Smaller sizes than a configuration has by default."""
    if issubclass(cls, nn.Module):
        return {}
    return {
        wanted.name: _literal(size)
        for wanted in with_default(cls)
        if type(wanted.default) is int and (size := _small_size(wanted.name)) and size < wanted.default
    }


def _small_size(name: str) -> int:
    return next((size for size, patterns in SMALL if _is_named(name, patterns)), 0)


def _is_named(name: str, patterns: str) -> bool:
    return any(fnmatchcase(name.lower(), pattern) for pattern in patterns.split())
