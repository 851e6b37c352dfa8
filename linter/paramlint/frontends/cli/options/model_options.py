"""Options of commands that build a model: what it is given, and how long that may take."""

from __future__ import annotations

from collections.abc import Callable

import click

from paramlint.frontends.cli.options.sections import Decorator
from paramlint.verify.process.targets import TargetError, parse_argument


def _arguments(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    try:
        return dict(map(parse_argument, values))
    except TargetError as error:
        raise click.ClickException(str(error)) from None


def arguments_option(others: str) -> Decorator:
    """`--arg`, as source of literals by name; `others` says what becomes of the arguments that are not given."""
    return click.option(
        "--arg",
        "arguments",
        multiple=True,
        callback=_arguments,
        metavar="NAME=VALUE",
        help=f"An argument of the class or factory, a Python literal; the others {others}.",
    )


def timeout_option(text: str, option: Callable[..., Decorator] = click.option) -> Decorator:
    """`--timeout`; `option` declares it, in a section where that is one's."""
    return option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=120.0,
        show_default=True,
        metavar="SECONDS",
        help=text,
    )
