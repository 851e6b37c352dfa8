"""The `paramlint` command: which subcommands there are, and how each ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper

import click

from paramlint import __version__
from paramlint.config.nearest import nearest

#: Subcommand to the module and object that implement it; imported when it is asked for, since most need LibCST.
COMMANDS = {
    "check": "paramlint.frontends.cli.check.command:check",
    "clean": "paramlint.frontends.cli.project.clean:clean",
    "diff": "paramlint.frontends.cli.diff.command:diff_command",
    "explain": "paramlint.frontends.cli.explain:explain",
    "init": "paramlint.frontends.cli.project.init:init",
    "match": "paramlint.frontends.cli.match.command:match_command",
    "report": "paramlint.frontends.cli.verify.command:report_command",
    "rule": "paramlint.frontends.cli.rules:rule",
    "rules": "paramlint.frontends.cli.rules:rules",
    "server": "paramlint.frontends.cli.server:server",
    "show": "paramlint.frontends.cli.show.command:show_command",
    "verify": "paramlint.frontends.cli.verify.command:verify_command",
}
CLEAN, FINDINGS, ERROR, INTERRUPTED = 0, 1, 2, 130


class Subcommands(click.Group):
    """Subcommands that are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The subcommand of a name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand of the arguments; for an unknown one, say what was probably meant."""
        given = args[0]
        if given in COMMANDS or given.startswith("-"):
            return super().resolve_command(ctx, args)
        meant = nearest(given, COMMANDS) or (f"check {given}" if os.path.exists(given) else "")
        hint = f"; did you mean `paramlint {meant}`?" if meant else f"; there are {', '.join(COMMANDS)}"
        raise click.UsageError(f"no command is called {given!r}{hint}", ctx)


@click.group(
    cls=Subcommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    subcommand_metavar="COMMAND [ARGS]...",
    invoke_without_command=True,  # or click raises the whole help as one message
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def paramlint(ctx: click.Context) -> None:
    """Find mistakes in how PyTorch models access, initialise, share and freeze their parameters."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(ERROR)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        0 when nothing was found, 1 when something was, 2 when the arguments, a file or paramlint itself failed (all
        other files were checked then), 130 after an interrupt, 143 after a request to end.
    """
    warnings.simplefilter("ignore", SyntaxWarning)  # of the code that is checked
    warnings.simplefilter("ignore", DeprecationWarning)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with _ending_in_order():
            code = paramlint.main(argv, prog_name="paramlint", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else CLEAN
    except click.NoSuchOption as error:
        meant = nearest(error.option_name, error.possibilities or ())
        return _refused(click.NoSuchOption(error.option_name, possibilities=[meant] if meant else None, ctx=error.ctx))
    except click.ClickException as error:
        return _refused(error)
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        _let_go()
        return FINDINGS
    except OSError as error:
        _let_go()
        what = error.filename if isinstance(error.filename, str) else "the output could not be written"
        return _failed(f"{what}: {error.strerror or error}")
    except SystemExit as error:  # a request to end, or click's own ending on a closed pipe
        _let_go()
        return error.code if isinstance(error.code, int) else ERROR
    except Exception as error:
        return _failed(f"paramlint itself failed ({type(error).__name__}: {error}); please report it")


def _open_closed_streams() -> None:
    """Let streams that were closed before the start lead nowhere, so that no file that is opened takes their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let a request to end undo what is half done: files that are being written, processes that were started."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _refused(error: click.ClickException) -> int:
    """Say what is wrong with the arguments or the configuration; names and texts of others may be in it."""
    from paramlint.frontends.report.plain import plain

    said = plain(error.format_message())
    (click.UsageError(said, error.ctx) if isinstance(error, click.UsageError) else click.ClickException(said)).show()
    return ERROR


def _failed(message: str) -> int:
    from paramlint.frontends.report.plain import plain

    click.echo(f"error: {plain(message)}", err=True)
    return ERROR


def _let_go() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not fail on it while it ends."""
    try:
        stdout = sys.stdout.fileno()
    except (OSError, ValueError):  # a stream in memory, or one that is closed
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stdout)
    os.close(nowhere)
