"""`paramlint show`: arguments in, text out, exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from paramlint.frontends.cli.options.color import color_option
from paramlint.frontends.report.place import short
from paramlint.frontends.report.plain import plain, plain_json
from paramlint.verify.process.targets import TargetError as ArgumentError
from paramlint.verify.process.targets import literal, parse_argument

if TYPE_CHECKING:
    from paramlint.symbolic.code.program import Program
    from paramlint.symbolic.showing.show_document import ShownClass

CLEAN, FAILED = 0, 2
#: A step of the build leaves about as much behind as so many bytes of code that are read.
_BYTES_A_STEP = 100


def _arguments(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, object]:
    try:
        return {name: literal(value) for name, value in map(parse_argument, values)}
    except ArgumentError as error:
        raise click.ClickException(str(error)) from None


@click.command("show", short_help="Show the parameters and buffers that a model has by its source.")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    callback=_arguments,
    metavar="NAME=VALUE",
    help="An argument of the class or factory, a Python literal; the others stay unknown.",
)
@color_option
@click.option("--output-format", type=click.Choice(["full", "json"]), default="full", show_default=True)
def show_command(targets: tuple[str, ...], arguments: dict[str, object], output_format: str) -> None:
    """Show the parameters and buffers that a model has by its source.

    A TARGET is path/to/file.py:Class or package.module:factory, or a file, folder, module or package, of which all
    module classes are shown. Nothing of it is imported or run, and torch is not needed.

    Exit status: 0, or 2 for a target or file that cannot be read.
    """
    from paramlint.syntax.garbage_collection import without_collector

    with without_collector():  # imports and trees would have it look at everything again and again
        click.get_current_context().exit(_show(targets, arguments, output_format))


def _show(targets: tuple[str, ...], arguments: dict[str, object], output_format: str) -> int:
    from paramlint.symbolic.showing.show_document import Shown
    from paramlint.symbolic.showing.show_targets import TargetError, open_program, split, why_unreadable

    program = open_program()
    documents: list[Shown] = []
    unreadable: list[str] = []
    try:
        for target in targets:
            if arguments and not split(target)[1]:
                raise TargetError(f"--arg belongs to one class or factory: write `{target}:name`")
            classes = _classes(program, target, arguments, unreadable)
            if output_format == "json":
                documents.append(Shown(target=target, classes=tuple(classes)))
            else:
                _print(classes)
    except TargetError as error:
        raise click.ClickException(str(error)) from None
    if output_format == "json":
        text = msgspec.json.encode(documents[0] if len(documents) == 1 else documents)
        click.echo(plain_json(msgspec.json.format(text, indent=2).decode()))
    for path in unreadable:
        click.echo(f"Error: `{plain(short(path))}` {plain(why_unreadable(path))}", err=True)
    return FAILED if unreadable else CLEAN


def _classes(
    program: Program, target: str, arguments: dict[str, object], unreadable: list[str]
) -> Iterator[ShownClass]:
    from paramlint.symbolic.showing.show import show
    from paramlint.symbolic.showing.show_targets import subjects
    from paramlint.syntax.garbage_collection import collect_after

    for subject in subjects(program, target, unreadable):
        shown = show(subject, arguments)
        collect_after(_BYTES_A_STEP * shown.steps)
        yield shown


def _print(classes: Iterator[ShownClass]) -> None:
    from paramlint.frontends.report.models.shown import print_class

    for number, cls in enumerate(classes):
        if number:
            click.echo()
        print_class(cls, sys.stdout)
