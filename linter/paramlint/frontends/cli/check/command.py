"""`paramlint check`: arguments in, findings out."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

from paramlint.frontends.cli.check.task import Arguments, Task
from paramlint.frontends.cli.pack_option import pack_option

FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")


def _split(_: click.Context, __: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(","))


def _documents(_: click.Context, parameter: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    from paramlint.source.kinds import document

    try:
        return tuple(document(part) for value in values for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from None


def _selectors(flag: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(flag, multiple=True, callback=_split, metavar="RULES", help=text)


@click.command(short_help="Check the source of files and folders.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_selectors(
    "--select", "Run these rules only: codes, prefixes, names or groups (bug, risk, pedantic), with commas; or ALL."
)
@_selectors("--extend-select", "Run these rules too.")
@_selectors("--ignore", "Leave these rules out.")
@click.option("--preview/--no-preview", default=None, help="Run the rules too that are still on trial.")
@pack_option
@click.option(
    "--fix/--no-fix", default=None, help="Apply the fixes that keep parameters and outputs bit for bit as they are."
)
@click.option(
    "--unsafe-fixes/--no-unsafe-fixes", default=None, help="With --fix or --diff: apply those too that may change them."
)
@click.option("--diff", is_flag=True, help="Print what --fix would change, as a patch, and change nothing.")
@click.option("--output-format", type=click.Choice(FORMATS), help="By default `full`.")
@click.option(
    "--sort",
    type=click.Choice(["severity", "path"]),
    default="severity",
    help="The order of `full`: bugs first, like risks of a function as one; or each finding by its path.",
)
@click.option("--all-frames", is_flag=True, help="With `full`: the code of every finding, however many there are.")
@click.option("--output-file", metavar="FILE", help="Write the report there instead of to standard output.")
@click.option("--stdin-filename", metavar="PATH", help="Read standard input, and call it that.")
@click.option(
    "--extension",
    multiple=True,
    callback=_documents,
    metavar="NAME",
    help="Check documents of this kind too: md, markdown, mdx, qmd, rmd, myst or rst; their blocks of Python.",
)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Pass over more files; patterns as in .gitignore.")
@click.option("--force-exclude/--no-force-exclude", default=None, help="Pass over excluded files given by name too.")
@click.option("--respect-gitignore/--no-respect-gitignore", default=None, help="Pass over what .gitignore names.")
@click.option("--baseline", metavar="FILE", help="Leave out what this file knows already.")
@click.option("--write-baseline", is_flag=True, help="Write all findings to the baseline.")
@click.option("--add-noqa", is_flag=True, help="Silence every finding with a comment in its file.")
@click.option("--statistics", is_flag=True, help="Print how often each rule reports, not the findings.")
@click.option("--show-files", is_flag=True, help="Print which files would be checked.")
@click.option("--show-settings", is_flag=True, help="Print the settings in force, as JSON.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 when something was found, too.")
@click.option("--fix-only", is_flag=True, help="Fix, and do not report what is left.")
@click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 when something was fixed.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only, no summary.")
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Say which configuration is read, which files are passed over, and what was cut short.",
)
@click.option("-w", "--watch", is_flag=True, help="Check again whenever a file changes.")
@click.option("--config", metavar="FILE", help="Read this configuration instead of the nearest one.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option(
    "--verify-with",
    multiple=True,
    metavar="TARGET",
    help="Build this model too, as `paramlint verify` does, and say of each finding whether it shows there.",
)
@click.option("--arg", multiple=True, metavar="NAME=VALUE", help="An argument of that factory, a Python literal.")
@click.option("--example", metavar="TARGET", help="A factory of its forward's arguments.")
@click.option("--cache/--no-cache", default=True, help="Use what earlier runs found; the output is the same without.")
@click.option("--cache-dir", metavar="DIR", help="Where to keep it, instead of in `.paramlint_cache`.")
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Use N processes, by default one a processor.")
@click.option("--cluster", metavar="ADDRESS", help="Check on the dask cluster of this scheduler: tcp://scheduler:8786.")
@click.option("--reference", is_flag=True, help="Parse every file whole: slow, to compare with.")
def check(**given: Any) -> int:
    """Check the source of files and folders, by default of the current one. Nothing of it is imported or run, unless
    --verify-with asks for it.

    `-` reads standard input, and so does --stdin-filename. The exit code is 0 when nothing was found, 1 when something
    was, 2 after wrong usage or when a file could not be checked (the others are all the same), and 130 after an
    interrupt.
    """
    from paramlint.frontends.cli.check.piped import holds_input
    from paramlint.frontends.cli.check.steps import check_files, check_stdin, show_files, show_settings, watch
    from paramlint.frontends.cli.check.verify_with import models_of

    gc.disable()  # the process ends soon, and `paramlint.engine.check_file` collects where it is worth it
    atexit.register(gc.freeze)  # nor is it worth it when the interpreter ends
    task = Task.of(Arguments(**given))
    models = models_of(task)
    if task.arguments.show_settings:
        return show_settings(task)
    if task.arguments.reads_stdin:
        return check_stdin(task)
    if not task.arguments.paths and holds_input(sys.stdin):
        raise click.UsageError("standard input holds something: `-` checks that, and `.` this folder")
    if task.arguments.show_files:
        return show_files(task)
    return watch(task) if task.arguments.watch else check_files(task, models)
