"""The option `--color`, which all commands that print findings or tables have."""

from __future__ import annotations

import os

import click

from paramlint.frontends.cli.options.sections import Decorator, section

_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE")
_SAYING: dict[str, dict[str, str]] = {"always": {"FORCE_COLOR": "1"}, "never": {"NO_COLOR": "1"}}


def _say(context: click.Context, _: click.Parameter, value: str) -> None:
    """Let everything that looks at the environment, other libraries included, see what the option says."""
    if value == "auto":
        return
    before = {name: os.environ.pop(name) for name in _VARIABLES if name in os.environ}
    os.environ.update(_SAYING[value])

    def restore() -> None:
        for name in _VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(before)

    context.call_on_close(restore)


color_option: Decorator = section("Output")(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    callback=_say,
    is_eager=True,
    expose_value=False,
    help="Colour: by default on a terminal; NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE count too.",
)
