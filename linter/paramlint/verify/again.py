"""The command line that gives the same again, from what was given."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from paramlint.verify.targets import Target

#: Options about what is written and where, which change nothing about a model.
APART = frozenset({"report", "graph", "output_format", "discover", "write_contract"})


def command_of(
    targets: Sequence[str], options: dict[str, Any], parameters: Iterable[click.Parameter], *, discover: bool = False
) -> str:
    """`paramlint verify` with all options that differ from their default, for a shell.

    Args:
        targets: as they are written.
        options: by name, as click gives them.
        parameters: of the command; what is no option is passed over.
        discover: whether the targets are packages.
    """
    words = ["paramlint", "verify", *targets, *(["--discover"] if discover else [])]
    for parameter in parameters:
        if isinstance(parameter, click.Option) and parameter.name not in APART:
            value = options.get(parameter.name or "", parameter.default)
            if value and value != parameter.default:
                words += _words(parameter.opts[-1], value)
    return shlex.join(words)


def _words(option: str, value: Any) -> Iterator[str]:
    if value is True:
        yield option
        return
    for one in _each(value):
        yield option
        yield one


def _each(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{name}={source}" for name, source in value.items())
    elif isinstance(value, tuple):
        yield from map(str, value)
    else:
        yield value.text if isinstance(value, Target) else f"{value:g}" if isinstance(value, float) else str(value)
