"""`paramlint check`: arguments in, findings out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from paramlint.cli.main import CLEAN, ERROR, FINDINGS
from paramlint.discover import Discovery, Found

if TYPE_CHECKING:
    from paramlint.config import Settings
    from paramlint.finding import Applicability
    from paramlint.runner import Result, Run

FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")
STDIN = "-"


@dataclass(frozen=True)
class Arguments:
    """What the command line says; `None` where it says nothing and the configuration may."""

    paths: tuple[str, ...]
    select: tuple[str, ...]
    extend_select: tuple[str, ...]
    ignore: tuple[str, ...]
    fix: bool | None
    unsafe_fixes: bool | None
    diff: bool
    output_format: str | None
    output_file: str | None
    stdin_filename: str
    exclude: tuple[str, ...]
    force_exclude: bool | None
    respect_gitignore: bool | None
    config: str | None
    isolated: bool
    reference: bool


@dataclass(frozen=True)
class Task:
    """What is to be done: the arguments, over the configuration."""

    arguments: Arguments
    settings: Settings

    @classmethod
    def of(cls, arguments: Arguments) -> Task:
        """Read the configuration.

        Raises:
            click.ClickException: it is wrong.
        """
        from paramlint.config import ConfigError, Settings, find, load

        if arguments.isolated and arguments.config is not None:
            raise click.UsageError("--isolated reads no configuration, and --config names one")
        paths = [p if p != STDIN else arguments.stdin_filename for p in arguments.paths]
        try:
            if arguments.isolated:
                return cls(arguments, Settings())
            return cls(arguments, load(arguments.config) if arguments.config is not None else find(paths))
        except ConfigError as error:
            raise click.ClickException(str(error)) from None

    def _value(self, name: str, default: Any) -> Any:
        for given in (getattr(self.arguments, name), getattr(self.settings.table, name)):
            if given is not None:
                return given
        return default

    @property
    def output_format(self) -> str:
        """How to write the findings."""
        return str(self._value("output_format", "full"))

    @property
    def fix(self) -> bool:
        """Whether to write fixed files."""
        return bool(self._value("fix", False)) and not self.arguments.diff

    @property
    def bold(self) -> Applicability | None:
        """The boldest fix to apply."""
        if not self.fix and not self.arguments.diff:
            return None
        return "unsafe" if self._value("unsafe_fixes", False) else "safe"

    def run(self) -> Run:
        """The rules to run, and on what to apply them.

        Raises:
            click.UsageError: a selector names no rule.
        """
        from paramlint.runner import PerFileIgnores, Run
        from paramlint.suite import UnknownRuleError, select

        arguments, table = self.arguments, self.settings.table
        try:
            configured = select(table.select or (), table.extend_select, table.ignore)
            rules = select(arguments.select, arguments.extend_select, arguments.ignore, configured)
        except UnknownRuleError as error:
            raise click.UsageError(str(error)) from None
        return Run(rules, self.bold, arguments.reference, PerFileIgnores(self.settings.per_file_ignores))

    def find(self) -> Found:
        """The files to check."""
        return self.discovery.find(self.arguments.paths or (".",))

    @property
    def discovery(self) -> Discovery:
        """How they are looked for."""
        return Discovery(
            exclude=((".", self.arguments.exclude), *self.settings.exclude),
            gitignore=self._value("respect_gitignore", True),
            force_exclude=self._value("force_exclude", False),
        )


def _split(_: click.Context, __: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(","))


def _selectors(flag: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(flag, multiple=True, callback=_split, metavar="RULES", help=text)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_selectors("--select", "Run these rules only: codes, prefixes of codes or names, with commas; or ALL.")
@_selectors("--extend-select", "Run these rules too.")
@_selectors("--ignore", "Leave these rules out.")
@click.option(
    "--fix/--no-fix", default=None, help="Apply the fixes that keep parameters and outputs bit for bit as they are."
)
@click.option(
    "--unsafe-fixes/--no-unsafe-fixes", default=None, help="With --fix or --diff: apply those too that may change them."
)
@click.option("--diff", is_flag=True, help="Print what --fix would change, as a patch, and change nothing.")
@click.option("--output-format", type=click.Choice(FORMATS), help="By default `full`.")
@click.option("--output-file", metavar="FILE", help="Write the report there instead of to standard output.")
@click.option("--stdin-filename", default="<stdin>", metavar="PATH", help="The name of what `-` reads.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Pass over more files; patterns as in .gitignore.")
@click.option("--force-exclude/--no-force-exclude", default=None, help="Pass over excluded files given by name too.")
@click.option("--respect-gitignore/--no-respect-gitignore", default=None, help="Pass over what .gitignore names.")
@click.option("--config", metavar="FILE", help="Read this configuration instead of the nearest one.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--reference", is_flag=True, help="Parse every file whole: slow, to compare with.")
def check(**given: Any) -> int:
    """Check the source of files and folders, by default of the current one. Nothing of it is imported or run.

    `-` reads standard input. The exit code is 0 when nothing was found, 1 when something was, 2 after wrong usage or
    when a file could not be checked (the others are all the same), and 130 after an interrupt.
    """
    task = Task.of(Arguments(**given))
    return _check_stdin(task) if STDIN in task.arguments.paths else _check_files(task)


def _check_files(task: Task) -> int:
    from paramlint.rewrite import write
    from paramlint.runner import run_paths

    run = task.run()
    found = task.find()
    result = run_paths(found.files, run)
    result.skipped = found.skipped
    if task.arguments.diff:
        return _print_diff(result)
    for rewrite in list(result.rewrites):
        try:
            write(rewrite)
        except OSError as error:
            result.refuse(rewrite, error.strerror or str(error))
    _print_report(task, result, sys.stdout)
    _print_summary(result)
    return _exit_code(result)


def _check_stdin(task: Task) -> int:
    """What is fixed goes to standard output, and the report to standard error then."""
    from paramlint.runner import run_source
    from paramlint.source import Source

    run = task.run()
    if len(task.arguments.paths) > 1:
        raise click.UsageError("`-` reads standard input and takes no other path beside it")
    source = Source(task.arguments.stdin_filename, sys.stdin.buffer.read())
    result = run_source(source, run)
    if task.arguments.diff:
        return _print_diff(result)
    if task.fix:
        sys.stdout.buffer.write(result.sources[source.path].data)
        _print_report(task, result, sys.stderr)
    else:
        _print_report(task, result, sys.stdout)
    _print_summary(result)
    return _exit_code(result)


def _exit_code(result: Result) -> int:
    return ERROR if result.failed else FINDINGS if result.diagnostics else CLEAN


def _print_report(task: Task, result: Result, stream: Any) -> None:
    from paramlint.report import formats
    from paramlint.report.style import Style

    show = formats.FORMATS[task.output_format]
    if task.arguments.output_file is None:
        _print(show(result, Style.of(stream)), stream)
        return
    try:
        with open(task.arguments.output_file, "w", encoding="utf-8", errors="backslashreplace") as file:
            _print(show(result, Style()), file)
    except OSError as error:
        raise click.FileError(task.arguments.output_file, error.strerror) from None


def _print_diff(result: Result) -> int:
    """The patch; problems go to standard error."""
    from paramlint.report.concise import heading
    from paramlint.report.diff import diff
    from paramlint.report.style import Style

    style = Style.of(sys.stdout)
    exact = not sys.stdout.isatty()
    for rewrite in result.rewrites:
        _print(diff(rewrite, style, exact=exact), sys.stdout)
    problems = [d for report in result.reports if report.failed for d in report.problems]
    _print((heading(problem, Style.of(sys.stderr)) for problem in problems), sys.stderr)
    return ERROR if problems else FINDINGS if result.rewrites else CLEAN


def _print_summary(result: Result) -> None:
    from paramlint.report.summary import summary

    _print(summary(result), sys.stderr)


def _print(lines: Iterator[str], stream: Any) -> None:
    stream.write("".join(line + "\n" for line in lines))
    stream.flush()
