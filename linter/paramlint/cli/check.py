"""`paramlint check`: arguments in, findings out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from paramlint.cli.main import CLEAN, ERROR, FINDINGS
from paramlint.discover import EXCLUDED, Discovery, Found

if TYPE_CHECKING:
    from paramlint.finding import Applicability
    from paramlint.rule import Rule
    from paramlint.runner import Result

FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")
STDIN = "-"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    paths: tuple[str, ...]
    select: tuple[str, ...]
    extend_select: tuple[str, ...]
    ignore: tuple[str, ...]
    fix: bool
    unsafe_fixes: bool
    diff: bool
    output_format: str
    output_file: str | None
    stdin_filename: str
    exclude: tuple[str, ...]
    force_exclude: bool
    respect_gitignore: bool
    isolated: bool
    reference: bool

    @property
    def bold(self) -> Applicability | None:
        """The boldest fix to apply."""
        if not self.fix and not self.diff:
            return None
        return "unsafe" if self.unsafe_fixes else "safe"

    def rules(self) -> list[Rule]:
        """The rules to run.

        Raises:
            click.UsageError: a selector names none.
        """
        from paramlint.suite import UnknownRuleError, select

        try:
            return select(self.select, self.extend_select, self.ignore)
        except UnknownRuleError as error:
            raise click.UsageError(str(error)) from None

    def find(self) -> Found:
        """The files to check."""
        discovery = Discovery(
            exclude=(*EXCLUDED, *self.exclude), gitignore=self.respect_gitignore, force_exclude=self.force_exclude
        )
        return discovery.find(self.paths or (".",))


def _split(_: click.Context, __: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(","))


def _selectors(flag: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(flag, multiple=True, callback=_split, metavar="RULES", help=text)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_selectors("--select", "Run these rules only: codes, prefixes of codes or names, with commas; or ALL.")
@_selectors("--extend-select", "Run these rules too.")
@_selectors("--ignore", "Leave these rules out.")
@click.option("--fix", is_flag=True, help="Apply the fixes that keep parameters and outputs bit for bit as they are.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: apply those too that may change them.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, as a patch, and change nothing.")
@click.option("--output-format", type=click.Choice(FORMATS), default="full", show_default=True)
@click.option("--output-file", metavar="FILE", help="Write the report there instead of to standard output.")
@click.option("--stdin-filename", default="<stdin>", metavar="PATH", help="The name of what `-` reads.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Pass over more files; patterns as in .gitignore.")
@click.option("--force-exclude", is_flag=True, help="Pass over excluded files even where they are given by name.")
@click.option("--respect-gitignore/--no-respect-gitignore", default=True, help="Pass over what .gitignore names.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--reference", is_flag=True, help="Parse every file whole: slow, to compare with.")
def check(**given: Any) -> int:
    """Check the source of files and folders, by default of the current one. Nothing of it is imported or run.

    `-` reads standard input. The exit code is 0 when nothing was found, 1 when something was, 2 after wrong usage or
    when a file could not be checked (the others are all the same), and 130 after an interrupt.
    """
    arguments = Arguments(**given)
    rules = arguments.rules()
    if STDIN in arguments.paths:
        return _check_stdin(arguments, rules)
    return _check_files(arguments, rules)


def _check_files(arguments: Arguments, rules: list[Rule]) -> int:
    from paramlint.rewrite import write
    from paramlint.runner import Run, run_paths

    found = arguments.find()
    result = run_paths(found.files, Run(rules, arguments.bold, arguments.reference))
    result.skipped = found.skipped
    if arguments.diff:
        return _print_diff(result)
    for rewrite in list(result.rewrites):
        try:
            write(rewrite)
        except OSError as error:
            result.refuse(rewrite, error.strerror or str(error))
    _print_report(arguments, result, sys.stdout)
    _print_summary(result)
    return _exit_code(result)


def _check_stdin(arguments: Arguments, rules: list[Rule]) -> int:
    """What is fixed goes to standard output, and the report to standard error then."""
    from paramlint.runner import Run, run_source
    from paramlint.source import Source

    if len(arguments.paths) > 1:
        raise click.UsageError("`-` reads standard input and takes no other path beside it")
    source = Source(arguments.stdin_filename, sys.stdin.buffer.read())
    result = run_source(source, Run(rules, arguments.bold, arguments.reference))
    if arguments.diff:
        return _print_diff(result)
    if arguments.fix:
        sys.stdout.buffer.write(result.sources[source.path].data)
        _print_report(arguments, result, sys.stderr)
    else:
        _print_report(arguments, result, sys.stdout)
    _print_summary(result)
    return _exit_code(result)


def _exit_code(result: Result) -> int:
    return ERROR if result.failed else FINDINGS if result.diagnostics else CLEAN


def _print_report(arguments: Arguments, result: Result, stream: Any) -> None:
    from paramlint.report import formats
    from paramlint.report.style import Style

    show = formats.FORMATS[arguments.output_format]
    if arguments.output_file is None:
        _print(show(result, Style.of(stream)), stream)
        return
    try:
        with open(arguments.output_file, "w", encoding="utf-8", errors="backslashreplace") as file:
            _print(show(result, Style()), file)
    except OSError as error:
        raise click.FileError(arguments.output_file, error.strerror) from None


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
