"""Whether a value is one that an annotation allows, and a tuple or list made of it where that is asked for."""

from __future__ import annotations

import inspect
import types
import typing
from collections import abc
from typing import Any

#: The length of a sequence of which the annotation does not say it.
SEVERAL = 4
SEQUENCES = (tuple, list, abc.Sequence, abc.Iterable, abc.Collection)
PLAIN = (bool, int, float, str)


def members(annotation: Any) -> list[Any]:
    """The types that an annotation allows, None aside; none where it says nothing."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return members(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [member for one in typing.get_args(annotation) for member in members(one)]
    says_nothing = annotation in (None, type(None), Any, object, inspect.Parameter.empty)
    return [] if says_nothing or isinstance(annotation, (typing.TypeVar, typing.ForwardRef)) else [annotation]


def fit(value: Any, annotation: Any) -> Any:
    """The value as the first type wants it that can have it, which may be in a sequence; None where none can."""
    wanted = members(annotation)
    found = (_fit(value, member) for member in wanted)
    return next((one for one in found if one is not None), None) if wanted else value


def is_sequence(member: Any) -> bool:
    """Whether a type is that of tuples, lists or anything like them."""
    return (typing.get_origin(member) or member) in SEQUENCES


def _fit(value: Any, member: Any) -> Any:
    origin = typing.get_origin(member) or member
    if is_sequence(member):
        return None if isinstance(value, str) else _sequence(value, origin, typing.get_args(member))
    if isinstance(value, tuple):
        return _fit(value[0], member) if value else None
    if member is float and type(value) is int:
        return float(value)
    if member in PLAIN or type(value) in PLAIN:
        return value if type(value) is member else None
    if origin is abc.Callable:
        return value if callable(value) else None
    return value if inspect.isclass(origin) and isinstance(value, origin) else None


def _sequence(value: Any, origin: Any, inner: tuple[Any, ...]) -> tuple[Any, ...] | list[Any] | None:
    is_fixed = origin is tuple and bool(inner) and ... not in inner
    values = list(value) if isinstance(value, tuple) else [value] * SEVERAL
    if is_fixed:
        values = [values[min(position, len(values) - 1)] for position in range(len(inner))]
    kinds = inner if is_fixed else (*inner[:1], Any)[:1] * len(values)
    fitted = [fit(one, kind) for one, kind in zip(values, kinds, strict=True)]
    if not all(isinstance(one, (*PLAIN, tuple, list)) for one in fitted):
        return None
    return fitted if origin is list else tuple(fitted)
