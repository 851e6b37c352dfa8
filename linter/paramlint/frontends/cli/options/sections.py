"""How a command shows its options: under headings, with examples below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OTHERS = "Other options"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class SectionedOption(click.Option):
    """An option that stands under a heading of the help."""

    def __init__(self, *declarations: Any, section: str, **attributes: Any) -> None:
        super().__init__(*declarations, **attributes)
        self.section = section


class SectionedCommand(click.Command):
    """A command that lists its options by section, as they come; what has none stands last.

    Args:
        examples: command lines with what each does.
    """

    def __init__(self, *arguments: Any, examples: tuple[tuple[str, str], ...] = (), **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(parameter, "section", _OTHERS), []).append(record)
        others = sections.pop(_OTHERS, [])
        if others:
            sections[_OTHERS] = others
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl(self.examples)


def section(title: str) -> Callable[..., Decorator]:
    """What declares the options of one section: `rules = section("Rules")`, then `@rules("--select", ...)`."""

    def option(*declarations: str, **attributes: Any) -> Decorator:
        return click.option(*declarations, cls=SectionedOption, section=title, **attributes)

    return option
