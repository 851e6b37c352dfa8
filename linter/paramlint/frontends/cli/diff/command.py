"""`paramlint diff`: arguments in, text out, exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from paramlint.frontends.cli.options.color import color_option
from paramlint.frontends.report.plain import indented_json, plain

if TYPE_CHECKING:
    from paramlint.source.versions.snapshot import Snapshot
    from paramlint.symbolic.comparing.compare_versions import Outcome

CLEAN, BROKEN, FAILED = 0, 1, 2
_FORMATS = ("full", "json", "github", "markdown")


class _WithPaths(click.Command):
    """A command whose arguments behind `--` are paths, as git has them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the arguments at the first `--`."""
        place = args.index("--") if "--" in args else len(args)
        ctx.meta["paramlint.paths"] = args[place + 1 :]
        return super().parse_args(ctx, args[:place])


@click.command("diff", cls=_WithPaths, short_help="Show what a change does to parameters, and to checkpoints.")
@click.argument("old")
@click.argument("new", required=False)
@click.option("--folders", is_flag=True, help="OLD and NEW are folders with versions of the same code.")
@click.option("--output-format", type=click.Choice(_FORMATS), default="full", show_default=True)
@click.option("--exit-non-zero-on-break", is_flag=True, help="Exit with 1 where a checkpoint of OLD no longer loads.")
@color_option
@click.pass_context
def diff_command(
    ctx: click.Context, old: str, new: str | None, folders: bool, output_format: str, exit_non_zero_on_break: bool
) -> None:
    """Show what a change does to the parameters of classes, and to checkpoints.

    paramlint diff OLD [NEW] [-- PATH...]

    OLD and NEW are git revisions; NEW is the working tree by default. `OLD...NEW` compares NEW with where it left OLD.
    With paths, only the classes in these are told. Files are read from git: nothing is checked out, imported or run.

    Exit status: 0; 1 with --exit-non-zero-on-break where a class no longer loads; 2 for what cannot be read.
    """
    from paramlint.source.versions.opened import folders as both_folders
    from paramlint.source.versions.opened import revisions
    from paramlint.source.versions.repository import VersionError
    from paramlint.syntax.garbage_collection import without_collector

    paths: list[str] = ctx.meta["paramlint.paths"]
    if folders and new is None:
        raise click.UsageError("--folders takes two folders: OLD and NEW")
    try:
        opened: AbstractContextManager[tuple[Snapshot, Snapshot]]
        opened = both_folders(old, new or "") if folders else revisions(old, new)
        with without_collector(), opened as (before, after):
            outcome = _compare(before, after, paths, is_git=not folders)
    except VersionError as error:
        raise click.ClickException(str(error)) from None
    _write(outcome, output_format)
    document = outcome.document
    for path, why in document.unreadable.items():
        click.echo(f"Error: `{plain(path)}` {plain(why)}", err=True)
    if any(why.startswith(f"in {document.new}: ") and "submodule" not in why for why in document.unreadable.values()):
        ctx.exit(FAILED)
    is_broken = any(told.loads is False for told in document.classes)
    ctx.exit(BROKEN if exit_non_zero_on_break and is_broken else CLEAN)


def _compare(before: Snapshot, after: Snapshot, paths: list[str], *, is_git: bool) -> Outcome:
    from paramlint.symbolic.comparing.compare_versions import Versions
    from paramlint.symbolic.showing.show_targets import installed_folders
    from paramlint.syntax.garbage_collection import collect_after_steps

    here = os.path.relpath(os.getcwd(), after.root) if is_git else "."
    inside = [here] if not here.startswith("..") else []
    versions = Versions(before, after, installed_folders(), inside)
    asked = [_from_root(path, after.root if is_git else None) for path in paths]
    return versions.compare(asked, collect_after_steps)


def _from_root(path: str, root: str | None) -> str:
    """A path as the versions name it: of two folders, it is one from either."""
    whole = os.path.relpath(os.path.abspath(path), root) if root is not None else os.path.normpath(path)
    return whole.replace(os.sep, "/")


def _write(outcome: Outcome, output_format: str) -> None:
    if output_format == "full":
        from paramlint.frontends.report.changes.side_by_side import print_changes

        print_changes(outcome, sys.stdout)
    elif output_format == "json":
        click.echo(indented_json(outcome.document))
    else:
        for line in _lines(outcome, output_format):
            click.echo(line)


def _lines(outcome: Outcome, output_format: str) -> Iterator[str]:
    from paramlint.frontends.report.changes.change_annotations import github_marks
    from paramlint.frontends.report.changes.change_markdown import markdown

    return markdown(outcome) if output_format == "markdown" else github_marks(outcome)
