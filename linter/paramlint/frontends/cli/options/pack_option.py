"""The option `--pack`, which all commands that run or show rules have."""

from __future__ import annotations

import click

from paramlint.engine import packs
from paramlint.frontends.cli.options.sections import Decorator, section


def _use(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> None:
    """Load the packs at once, so that a wrong one is refused before anything else is done."""
    packs.use(values)
    if not values:
        return
    from paramlint.engine.catalogue import catalogue

    try:
        catalogue()
    except packs.PackError as error:
        raise click.BadParameter(str(error), param=parameter) from None


pack_option: Decorator = section("Rules")(
    "--pack",
    multiple=True,
    callback=_use,
    is_eager=True,  # other options name its rules
    expose_value=False,
    metavar="NAME",
    help="Use the rules of this installed pack too.",
)
