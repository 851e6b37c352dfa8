"""`paramlint show`: arguments in, text out, exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from paramlint.frontends.cli.options.color import color_option
from paramlint.frontends.cli.options.model_options import arguments_option, timeout_option
from paramlint.frontends.cli.verify.invocation import Recorded, command_line
from paramlint.frontends.report.place import short
from paramlint.frontends.report.plain import indented_json, plain
from paramlint.verify.process.targets import literal

if TYPE_CHECKING:
    from paramlint.symbolic.code.program import Program
    from paramlint.symbolic.showing.show_document import ShownClass
    from paramlint.symbolic.showing.show_targets import Subject
    from paramlint.verify.judge.live_differences import Difference

CLEAN, DIFFERENT, FAILED = 0, 1, 2


@click.command("show", cls=Recorded, short_help="Show the parameters and buffers that a model has by its source.")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@arguments_option("stay unknown")
@click.option("--index", is_flag=True, help="Only one row for each class.")
@click.option("--verify", is_flag=True, help="Build it too, in a child process, and say where the live model differs.")
@click.option(
    "--example", metavar="TARGET", help="With --verify: what a model is called with that its first call builds (Keras)."
)
@timeout_option("Time to build one.")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Write a page of HTML too.")
@color_option
@click.option(
    "--output-format", type=click.Choice(["full", "json", "markdown", "none"]), default="full", show_default=True
)
def show_command(
    targets: tuple[str, ...],
    arguments: dict[str, str],
    index: bool,
    verify: bool,
    example: str | None,
    timeout: float,
    report: Path | None,
    output_format: str,
) -> None:
    """Show the parameters and buffers that a model has by its source.

    A TARGET is path/to/file.py:Class or package.module:factory, or a file, folder, module or package, of which all
    module classes are shown. Nothing of it is imported or run, and torch is not needed; with --verify it is.

    Exit status: 0; 1 where --verify finds that a live model differs; 2 for a target or file that cannot be read, or a
    model that cannot be built.
    """
    from paramlint.syntax.garbage_collection import without_collector

    if report is not None:
        from paramlint.frontends.cli.verify.outputs import check_report

        check_report(report)
    asked = _Asked(arguments, index, timeout if verify else None, example, report, output_format)
    with without_collector():  # imports and trees would have it look at everything again and again
        click.get_current_context().exit(_show(targets, asked))


@dataclass(frozen=True)
class _Asked:
    """What is wanted.

    Attributes:
        timeout: seconds to build a model for real; None where that is not wanted.
        example: a factory of what it is called with.
    """

    arguments: dict[str, str]
    index: bool
    timeout: float | None
    example: str | None
    report: Path | None
    output_format: str


@dataclass(frozen=True)
class _Told:
    """A class, and where the live model differs, where one was wanted; `failed` says why there is none."""

    shown: ShownClass
    live: Sequence[Difference] | None = None
    failed: str = ""


def _show(targets: tuple[str, ...], asked: _Asked) -> int:
    from paramlint.symbolic.showing.show_targets import TargetError, open_program, split, why_unreadable

    program = open_program()
    everything: list[_Told] = []
    by_target: list[tuple[str, list[_Told]]] = []
    unreadable: list[str] = []
    try:
        for target in targets:
            if asked.arguments and not split(target)[1]:
                raise TargetError(f"--arg belongs to one class or factory: write `{target}:name`")
            told: list[_Told] = []
            for number, one in enumerate(_told(program, target, asked, unreadable)):
                told.append(one)
                if asked.output_format == "full" and not asked.index:
                    _print(one, is_first=not number)
            by_target.append((target, told))
            everything += told
    except TargetError as error:
        raise click.ClickException(str(error)) from None
    _write(by_target, everything, asked)
    for path in unreadable:
        click.echo(f"Error: `{plain(short(path))}` {plain(why_unreadable(path))}", err=True)
    for one in everything:
        if one.failed:
            click.echo(f"Error: `{plain(one.shown.name)}` could not be built: {plain(one.failed)}", err=True)
    if unreadable or any(one.failed for one in everything):
        return FAILED
    return DIFFERENT if any(one.live for one in everything) else CLEAN


def _told(program: Program, target: str, asked: _Asked, unreadable: list[str]) -> Iterator[_Told]:
    from paramlint.symbolic.showing.show import show
    from paramlint.symbolic.showing.show_targets import subjects
    from paramlint.syntax.garbage_collection import collect_after_steps

    given = {name: literal(value) for name, value in asked.arguments.items()}
    for subject in subjects(program, target, unreadable):
        shown = show(subject, given)
        collect_after_steps(shown.steps)
        if asked.timeout is None:
            yield _Told(shown)
        else:
            # The live model has the defaults of what it is not given, so it is held against these.
            yield _verified(subject, shown, show(subject, given, defaults=True), asked)


def _verified(subject: Subject, shown: ShownClass, expected: ShownClass, asked: _Asked) -> _Told:
    from paramlint.symbolic.showing.show import of_layers
    from paramlint.verify.attempt import attempt
    from paramlint.verify.job import Plan
    from paramlint.verify.judge.layer_differences import layer_differences
    from paramlint.verify.judge.live_differences import differences
    from paramlint.verify.process.outcome import Limits
    from paramlint.verify.process.targets import TargetError, parse_target

    target = parse_target(f"{subject.file.path}:{subject.name}")
    try:
        plan = Plan(arguments=asked.arguments, example=parse_target(asked.example) if asked.example else None)
    except TargetError as error:
        raise click.ClickException(str(error)) from None
    document = attempt(target, plan, Limits(seconds=asked.timeout or 0)).document
    if document.outcome.status != "ok":
        return _Told(shown, failed=document.outcome.message or document.outcome.status)
    unbuilt = next((note for note in document.degraded if "not built" in note), "")
    if unbuilt:
        return _Told(shown, failed=unbuilt)
    if of_layers(subject, {}) is not None:
        return _Told(shown, layer_differences(expected, document))
    return _Told(shown, differences(expected, document))


def _print(told: _Told, *, is_first: bool) -> None:
    from paramlint.frontends.report.models.from_source.shown import print_class

    if not is_first:
        click.echo()
    print_class(told.shown, sys.stdout)
    for one in told.live or ():
        said = f"  {one.what}: `{plain(one.name)}` is {plain(one.told)} by its source, and {plain(one.live)} live"
        click.echo(said)
    if told.live is not None and not told.live:
        click.echo("  the live model is what the source says")


def _write(by_target: list[tuple[str, list[_Told]]], everything: list[_Told], asked: _Asked) -> None:
    from paramlint.symbolic.showing.show_document import Shown

    if asked.output_format == "json":
        documents = [Shown(target=target, classes=tuple(one.shown for one in told)) for target, told in by_target]
        found = msgspec.to_builtins(documents)
        if asked.timeout is not None:
            for document, (_, told) in zip(found, by_target, strict=True):
                for cls, one in zip(document["classes"], told, strict=True):
                    cls["live"] = [vars(each) for each in one.live] if one.live is not None else None
        click.echo(indented_json(found[0] if len(found) == 1 else found))
    elif asked.output_format == "markdown" or (asked.index and asked.output_format == "full"):
        for line in _lines([one.shown for one in everything], asked):
            click.echo(line)
    if asked.report is not None:
        _write_page(asked.report, ", ".join(target for target, _ in by_target), everything)


def _lines(classes: list[ShownClass], asked: _Asked) -> Iterator[str]:
    from paramlint.frontends.report.models.from_source.shown import index_text
    from paramlint.frontends.report.models.from_source.shown_markdown import class_lines, index_lines

    if asked.output_format == "full":
        yield from index_text(classes)
        return
    if asked.index or len(classes) > 1:
        yield from index_lines(classes)
    for number, shown in enumerate(() if asked.index else classes):
        if number or len(classes) > 1:
            yield ""
        yield from class_lines(shown)


def _write_page(path: Path, title: str, told: list[_Told]) -> None:
    from paramlint.frontends.cli.verify.outputs import write_shown
    from paramlint.frontends.report.html.shown_page import Live

    live = [Live(one.live, one.failed) for one in told]
    write_shown(path, title, [one.shown for one in told], live, command_line())
