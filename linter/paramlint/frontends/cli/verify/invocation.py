"""A command that remembers how it was called, so that a report can say how to get the same again."""

from __future__ import annotations

import shlex
from typing import Any

import click

from paramlint.frontends.cli.options.sections import SectionedCommand

GIVEN = "paramlint.verify.given"


class Recorded(SectionedCommand):
    """Keeps its arguments as they were given, before anything is made of them."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context, with the arguments in it."""
        given = ["paramlint", info_name or self.name or "", *args]
        context = super().make_context(info_name, args, parent, **extra)
        context.meta[GIVEN] = given
        return context


def command_line() -> str:
    """The command that is running, for a shell."""
    return shlex.join(click.get_current_context().meta[GIVEN])
