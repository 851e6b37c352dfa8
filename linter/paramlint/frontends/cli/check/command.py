"""`paramlint check`: arguments in, findings out."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterable
from typing import Any

import click

from paramlint.frontends.cli.check.task import Arguments, Task
from paramlint.frontends.cli.options.color import color_option
from paramlint.frontends.cli.options.pack_option import pack_option
from paramlint.frontends.cli.options.rule_names import RULES
from paramlint.frontends.cli.options.sections import SectionedCommand, section

FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")
EXAMPLES = (
    ("paramlint check src --select bug", "Only what makes a model learn wrong."),
    ("paramlint check --fix --diff-base main", "Fix what this branch has brought."),
)
rule_option = section("Rules")
fix_option = section("Fixes")
file_option = section("Files")
known_option = section("What is known")
output_option = section("Output")
model_option = section("The live model")


def _documents(_: click.Context, parameter: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    from paramlint.source.kinds import document

    try:
        return tuple(document(part) for value in values for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from None


def _ignores(_: click.Context, parameter: click.Parameter, values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    given = [part.strip().rpartition(":") for value in values for part in value.split(",")]
    for pattern, _colon, selector in given:
        if not pattern or not selector:
            raise click.BadParameter("write PATTERN:RULE, as in `tests/*:PRM4`", param=parameter)
    return tuple((pattern.strip(), selector.strip()) for pattern, _colon, selector in given)


@click.command(cls=SectionedCommand, short_help="Check the source of files and folders.", examples=EXAMPLES)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@rule_option(
    "--select",
    **RULES,
    help="Run these rules only: codes, prefixes, names or groups (bug, risk, pedantic), with commas; or ALL.",
)
@rule_option("--extend-select", **RULES, help="Run these rules too.")
@rule_option("--ignore", **RULES, help="Leave these rules out.")
@rule_option(
    "--per-file-ignores",
    multiple=True,
    callback=_ignores,
    metavar="PATTERN:RULE",
    help="Leave a rule out in some files, with commas; patterns as in .gitignore.",
)
@rule_option("--preview/--no-preview", default=None, help="Run the rules too that are still on trial.")
@pack_option
@fix_option(
    "--fix/--no-fix", default=None, help="Apply the fixes that keep parameters and outputs bit for bit as they are."
)
@fix_option(
    "--unsafe-fixes/--no-unsafe-fixes", default=None, help="With --fix or --diff: apply those too that may change them."
)
@fix_option("--fixable", **RULES, help="Fix these rules only.")
@fix_option("--unfixable", **RULES, help="Fix none of these rules.")
@fix_option("--show-fixes", is_flag=True, help="Say what was fixed, by file and rule.")
@fix_option("--fix-only", is_flag=True, help="Fix, and do not report what is left.")
@fix_option("--diff", is_flag=True, help="Print what --fix would change, as a patch, and change nothing.")
@fix_option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 when something was fixed.")
@file_option("--stdin-filename", metavar="PATH", help="Read standard input, and call it that.")
@file_option(
    "--extension",
    multiple=True,
    callback=_documents,
    metavar="NAME",
    help="Check documents of this kind too: md, markdown, mdx, qmd, rmd, myst or rst; their blocks of Python.",
)
@file_option(
    "--exclude",
    "--extend-exclude",
    multiple=True,
    metavar="PATTERN",
    help="Pass over more files; patterns as in .gitignore.",
)
@file_option("--force-exclude/--no-force-exclude", default=None, help="Pass over excluded files given by name too.")
@file_option("--respect-gitignore/--no-respect-gitignore", default=None, help="Pass over what .gitignore names.")
@file_option("--show-files", is_flag=True, help="Print which files would be checked.")
@file_option("-w", "--watch", is_flag=True, help="Check again whenever a file changes.")
@known_option(
    "--diff-base",
    metavar="REVISION",
    help="Report only what stands on rows that have changed since this git revision: main, HEAD~1, origin/main...",
)
@known_option("--baseline", metavar="FILE", help="Leave out what this file knows already.")
@known_option("--write-baseline", is_flag=True, help="Write all findings to the baseline.")
@known_option("--add-noqa", is_flag=True, help="Silence every finding with a comment in its file.")
@known_option("--ignore-noqa", is_flag=True, help="Report what comments silence, too.")
@output_option("--output-format", type=click.Choice(FORMATS), help="By default `full`.")
@output_option(
    "--sort",
    type=click.Choice(["severity", "path"]),
    default="severity",
    help="The order of `full`: bugs first, like risks of a function as one; or each finding by its path.",
)
@output_option("--all-frames", is_flag=True, help="With `full`: the code of every finding, however many there are.")
@output_option("--output-file", metavar="FILE", help="Write the report there instead of to standard output.")
@output_option("--statistics", is_flag=True, help="Print how often each rule reports, not the findings.")
@output_option("--count", is_flag=True, help="Print the number of findings after all else.")
@color_option
@output_option("--exit-zero", is_flag=True, help="Exit with 0 when something was found, too.")
@output_option("-q", "--quiet", is_flag=True, help="Print findings only, no summary.")
@output_option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Say which configuration is read, which files are passed over, and what was cut short.",
)
@model_option(
    "--verify-with",
    multiple=True,
    metavar="TARGET",
    help="Build this model too, as `paramlint verify` does, and say of each finding whether it shows there.",
)
@model_option("--arg", multiple=True, metavar="NAME=VALUE", help="An argument of that factory, a Python literal.")
@model_option("--example", metavar="TARGET", help="A factory of its forward's arguments.")
@click.option("--config", metavar="FILE", help="Read this configuration instead of the nearest one.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--show-settings", is_flag=True, help="Print the settings in force, as JSON.")
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

    gc.disable()  # the process ends soon, and `paramlint.engine.check_file` collects where it is worth it
    atexit.register(gc.freeze)  # nor is it worth it when the interpreter ends
    task = Task.of(Arguments(**given))
    models = None
    if task.arguments.names_models:
        from paramlint.frontends.cli.check.verify_with import models_of

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
