"""What the user declares about a model before it is built: the configuration, laws, the contract. For the command."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from paramlint.config.name_patterns import matches, suggestion
from paramlint.config.settings import ConfigError, VerifyTable, find, load
from paramlint.verify.document.schema import Document

if TYPE_CHECKING:
    from paramlint.live.declared.contract import Contract

#: Of the configuration these are no defaults of single options: `targets` and `laws` are combined by their callbacks.
COMBINED = ("targets", "laws")
_TIES = f"{__name__}.ties"


def read_table(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The callback of `--config`: what `[tool.paramlint.verify]` says becomes the defaults of all other options."""
    if context.params.get("isolated"):
        if value is not None:
            raise click.UsageError("--isolated reads no configuration, and --config names one")
        return value
    try:
        settings = load(value) if value is not None else find([os.getcwd()])
    except ConfigError as error:
        raise click.BadParameter(str(error), param=parameter) from None
    table = settings.table.verify or VerifyTable()
    defaults = {key: given for key, given in vars(table).items() if given is not None}
    context.meta[__name__] = table
    context.meta[_TIES] = settings.table.ties
    context.default_map = {key: given for key, given in defaults.items() if key not in COMBINED}
    return value


def table_of(context: click.Context) -> VerifyTable:
    """What `read_table` read."""
    table: VerifyTable = context.meta.get(__name__, VerifyTable())
    return table


def ties_of(context: click.Context) -> tuple[str, ...]:
    """What the configuration that `read_table` read declares as shared."""
    ties: tuple[str, ...] = context.meta.get(_TIES, ())
    return ties


def read_laws(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The callback of `--law`: the laws of the configuration, and those of the command line, by pattern."""
    configured = table_of(context).laws
    if not values and not configured:
        return {}
    with _needed():
        from paramlint.live.laws.notation import LawError, parse_declaration, parse_law
    try:
        for law in configured.values():
            parse_law(law)
        given = dict(map(parse_declaration, values))
    except LawError as error:
        raise click.BadParameter(str(error), param=parameter) from None
    # The order counts: of several patterns that cover a parameter the last one does.
    return {pattern: law for pattern, law in configured.items() if pattern not in given} | given


def read_agreed(context: click.Context, parameter: click.Parameter, value: str | None) -> Contract | None:
    """The callback of `--contract`; nothing is compared while a contract is written."""
    given = context.get_parameter_source("contract") is click.core.ParameterSource.COMMANDLINE
    if given and context.params.get("write_contract"):
        raise click.UsageError("--write-contract writes what --contract compares with: give one of them")
    if value is None or context.params.get("write_contract") or (context.params.get("discover") and not given):
        return None
    with _needed():
        from paramlint.live.declared.contract import read_contract
    try:
        return read_contract(value)
    except ConfigError as error:
        raise click.BadParameter(str(error), param=parameter) from None


def uncovered(patterns: Iterable[str], documents: Iterable[Document], consequence: str) -> str:
    """Which pattern covers nothing of any model, as a message that says what follows; else empty."""
    names = [name for d in documents for p in d.parameters for name in (p.name, *p.tied_with)]
    names += [shown.name for d in documents for shown in d.shown]  # which may be buffers
    for pattern in patterns:
        if not any(matches(pattern, name) for name in names):
            return f"no parameter is called `{pattern}`, so {consequence}{suggestion(pattern, names)}"
    return ""


@contextmanager
def _needed() -> Iterator[None]:
    """Says how to install what an import lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        hint = "pip install 'paramlint[verify]'"
        raise click.UsageError(f"`paramlint verify` needs {error.name}, which is not installed: {hint}") from None
