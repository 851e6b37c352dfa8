"""`paramlint match`: arguments in, text out, exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click
import msgspec

from paramlint.frontends.cli.options.color import color_option
from paramlint.frontends.cli.options.model_options import arguments_option, timeout_option
from paramlint.frontends.report.plain import plain, plain_json
from paramlint.verify.process.targets import TargetError as ArgumentError
from paramlint.verify.process.targets import literal

if TYPE_CHECKING:
    from paramlint.source.checkpoints.header import Checkpoint
    from paramlint.symbolic.showing.matching.match import Matched
    from paramlint.verify.loaded import Loaded

CLEAN, DOES_NOT_LOAD = 0, 1


@click.command("match", short_help="Say whether a checkpoint would load into a model, and why not.")
@click.argument("target", metavar="TARGET")
@click.argument("checkpoint", metavar="CHECKPOINT")
@arguments_option("have their defaults")
@click.option(
    "--verify", is_flag=True, help="Build the model too, in a child process, and load names and shapes into it."
)
@timeout_option("Time to build it.")
@color_option
@click.option("--output-format", type=click.Choice(["full", "json"]), default="full", show_default=True)
def match_command(
    target: str, checkpoint: str, arguments: dict[str, str], verify: bool, timeout: float, output_format: str
) -> None:
    """Say whether a checkpoint would load into a model, and why not.

    A TARGET is path/to/file.py:Class or package.module:factory. A CHECKPOINT is a file of safetensors or of torch.save,
    the index of several, or a folder with one of these. Neither is run: the model is built from its source, and of the
    checkpoint only names and shapes are read.

    Exit status: 0 where it loads, or where that cannot be told, 1 where it does not, 2 for a target or checkpoint that
    cannot be read.
    """
    from paramlint.syntax.garbage_collection import without_collector

    with without_collector():
        matched = _matched(target, checkpoint, arguments)
    live = _verified(target, checkpoint, arguments, matched, timeout) if verify else None
    if output_format == "json":
        from paramlint.frontends.cli.match.match_text import as_json

        click.echo(plain_json(msgspec.json.format(as_json(matched, live), indent=2).decode()))
    else:
        from paramlint.frontends.cli.match.match_text import print_match

        print_match(matched, live, sys.stdout)
    loads = matched.match.loads if live is None else live.loads
    click.get_current_context().exit(DOES_NOT_LOAD if loads is False else CLEAN)


def _matched(target: str, path: str, arguments: dict[str, str]) -> Matched:
    from paramlint.symbolic.showing.matching.match import match
    from paramlint.symbolic.showing.show_targets import TargetError, open_program

    checkpoint = _read(path)
    given = {name: literal(value) for name, value in arguments.items()}
    try:
        return match(open_program(), target, path, checkpoint, given)
    except TargetError as error:
        raise click.ClickException(str(error)) from None


def _read(path: str) -> Checkpoint:
    from paramlint.source.checkpoints.checkpoint_file import read_checkpoint
    from paramlint.source.checkpoints.header import CheckpointError

    try:
        return read_checkpoint(path)
    except CheckpointError as error:
        raise click.ClickException(f"`{path}` {error}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise click.ClickException(f"`{path}` cannot be read: {why}") from None


def _verified(target: str, path: str, arguments: dict[str, str], matched: Matched, timeout: float) -> Loaded:
    """What torch itself says."""
    from paramlint.verify.attempt import start_alone
    from paramlint.verify.loaded import Loaded, Loading
    from paramlint.verify.process.outcome import Limits
    from paramlint.verify.process.targets import parse_target

    read = {name: repr(value) for name, value in matched.arguments.items()}
    try:
        parsed = parse_target(target)
    except ArgumentError as error:
        raise click.ClickException(str(error)) from None
    job = Loading(
        target=parsed, arguments={**read, **arguments}, checkpoint=os.path.abspath(path), within=matched.state.within
    )
    answer = start_alone("paramlint.verify.loaded:load_checkpoint", job, Limits(seconds=timeout))
    loaded = msgspec.json.decode(answer.result, type=Loaded | None)
    if loaded is None:
        raise click.ClickException(f"`{target}` could not be built: {plain(answer.outcome.message)}")
    return loaded
