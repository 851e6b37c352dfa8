"""Which arguments of a constructor have no value, of its own and of the bases that it passes arguments on to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

Factory = Callable[..., Any]


@dataclass(frozen=True)
class Wanted:
    """A parameter that may need a value.

    Attributes:
        annotation: as a type; `inspect.Parameter.empty` where there is none, or none that can be evaluated.
        owner: the class or function whose signature has it.
    """

    name: str
    annotation: Any
    default: Any
    owner: Factory


def required(factory: Factory) -> list[Wanted]:
    """The parameters that have no default."""
    return [wanted for wanted in _named(factory) if wanted.default is inspect.Parameter.empty]


def required_by_bases(factory: Factory) -> list[Wanted]:
    """Those of the bases to whose constructors a class passes on what it does not know itself."""
    return [wanted for owner in _owners(factory)[1:] for wanted in required(owner)]


def with_default(factory: Factory) -> list[Wanted]:
    """The parameters that have one, those of such bases included."""
    known = (wanted for owner in _owners(factory) for wanted in _named(owner))
    return [wanted for wanted in known if wanted.default is not inspect.Parameter.empty]


def _owners(factory: Factory) -> list[Factory]:
    """A factory, and as long as each takes any argument, the next base with a constructor of its own."""
    owners: list[Factory] = []
    for owner in factory.__mro__ if isinstance(factory, type) else (factory,):
        if owner in (nn.Module, object):
            break
        if isinstance(owner, type) and "__init__" not in vars(owner):
            continue
        owners.append(owner)
        if not any(p.kind is p.VAR_KEYWORD for p in _parameters(owner)):
            break
    return owners or [factory]


def _named(factory: Factory) -> Iterator[Wanted]:
    annotations = _annotations(factory)
    for parameter in _parameters(factory):
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            annotation = annotations.get(parameter.name, parameter.empty)
            yield Wanted(parameter.name, annotation, parameter.default, factory)


def _parameters(factory: Factory) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(factory).parameters.values())
    except (TypeError, ValueError):  # written in C, or what it says of its signature is none
        return []


def _annotations(factory: Factory) -> dict[str, Any]:
    function = vars(factory).get("__init__", factory) if isinstance(factory, type) else factory
    namespace = getattr(function, "__globals__", {})
    found: dict[str, Any] = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        try:
            while isinstance(annotation, str):
                annotation = eval(annotation, namespace)
        except Exception:  # of a name that only a type checker knows
            continue
        found[name] = annotation
    return found
