"""The steps of `paramlint check`, in order: find, check, fix, write, print."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TextIO

import click

from paramlint.engine.parallel import ClusterError
from paramlint.engine.run import Result, merged, run_paths, run_source
from paramlint.frontends.cli.check.progress import Progress
from paramlint.frontends.cli.check.task import STDIN, Task
from paramlint.frontends.cli.main import CLEAN, ERROR, FINDINGS
from paramlint.frontends.report import formats
from paramlint.frontends.report.findings.summary import fixed, summary, summary_of_diff
from paramlint.frontends.report.plain import plain, plain_json
from paramlint.frontends.report.style import Style
from paramlint.frontends.report.units import count
from paramlint.source.kinds import kind
from paramlint.source.links import is_below, leads_out

if TYPE_CHECKING:
    from paramlint.frontends.cli.check.verify_with import Models

#: Seconds between two looks at the files.
POLL = 0.5


def check_files(task: Task, models: Models | None = None) -> int:
    """Check files and folders; with models, say what they show of each finding."""
    return _finish(task, *_run_and_judge(task, models))


def _run_and_judge(task: Task, models: Models | None = None) -> tuple[Result, bool]:
    """What was found, and whether the models failed to judge it."""
    found = task.find()
    parts = [(part.run(), files) for part, files in task.parts(found.files)]
    _print([f"warning: {plain(warning)}" for warning in found.warnings], sys.stderr)
    if not found.files and not task.arguments.quiet:
        where = " ".join(plain(path) for path in task.arguments.paths or (".",))
        _print([f"warning: there is nothing to check in {where}"], sys.stderr)
    started = time.monotonic()
    try:
        with Progress(len(found.files), sys.stderr) as progress:
            result = merged(run_paths(files, run, progress.step) for run, files in parts)
    except ClusterError as error:
        raise click.ClickException(str(error)) from None
    result.skipped = found.skipped
    failed = False
    if models is not None:
        from paramlint.frontends.cli.check.verify_with import judge

        result, failed = judge(task, result, models)
    if task.arguments.verbose:
        _print(_details(task, result, time.monotonic() - started), sys.stderr)
    return result, failed


def _finish(task: Task, result: Result, failed: bool) -> int:
    """Write and print what the arguments ask for; the code to exit with."""
    if task.arguments.diff:
        return _print_diff(task, result)
    if task.arguments.write_baseline:
        return _write_baseline(task, result)
    if task.arguments.add_noqa:
        return _add_noqa(task, result)
    _write_all(task, result)
    if not task.arguments.fix_only:
        _print_report(task, result, sys.stdout)
    _print_summary(task, result, _for_people(task))
    _print_count(task, result)
    return ERROR if failed else _exit_code(task, result)


def check_stdin(task: Task) -> int:
    """Check standard input; what is fixed goes to standard output, and the report to standard error then."""
    run = task.run()
    if set(task.arguments.paths) - {STDIN}:
        raise click.UsageError("`-` and --stdin-filename read standard input and take no other path beside it")
    name = task.arguments.stdin_name
    source = kind(name)(name, sys.stdin.buffer.read())
    result = run_source(source, run)
    if task.arguments.diff:
        return _print_diff(task, result)
    if task.fix:
        sys.stdout.buffer.write(result.rewrites[0].after.data if result.rewrites else source.data)
    if not task.arguments.fix_only:
        _print_report(task, result, sys.stderr if task.fix else sys.stdout)
    _print_summary(task, result, sys.stderr if task.fix else _for_people(task))
    _print_count(task, result)
    return _exit_code(task, result)


def show_files(task: Task) -> int:
    """Print the files that would be checked."""
    found = task.find()
    _print([f"warning: {plain(warning)}" for warning in found.warnings], sys.stderr)
    _print(map(plain, found.files), sys.stdout)
    return CLEAN


def show_settings(task: Task) -> int:
    """Print the settings in force."""
    import json

    _print([plain_json(json.dumps(task.shown(), indent=2))], sys.stdout)
    return CLEAN


def watch(task: Task) -> int:
    """Check now, and whenever a file appears, changes or goes, until an interrupt."""
    seen: dict[str, tuple[int, int]] | None = None
    while True:
        # From before the check: what is saved while it goes on is checked again.
        state = _state(task.find().files)
        if state != seen:
            if sys.stdout.isatty():
                click.clear()
            elif seen is not None:
                _print([""], _for_people(task))
            started = time.monotonic()
            seen = state | _state(_check_and_fix(task))
            if not task.arguments.quiet:
                took = f"[{time.strftime('%H:%M:%S')}] checked in {time.monotonic() - started:.2f} s, watching"
                _print([took], _for_people(task))
            gc.collect()  # what the check knew points in circles, and nothing collects it by itself
        time.sleep(POLL)


def _check_and_fix(task: Task) -> list[str]:
    """The files that the check itself has changed."""
    result, failed = _run_and_judge(task)
    _finish(task, result, failed)
    return [rewrite.after.path for rewrite in result.rewrites]


def _state(files: Iterable[str]) -> dict[str, tuple[int, int]]:
    state: dict[str, tuple[int, int]] = {}
    for path in files:
        try:
            status = os.stat(path)
            state[path] = (status.st_mtime_ns, status.st_size)
        except OSError:
            state[path] = (0, 0)
    return state


def _exit_code(task: Task, result: Result) -> int:
    if result.failed:
        return ERROR
    if task.arguments.exit_non_zero_on_fix and result.rewrites:
        return FINDINGS
    if task.arguments.exit_zero or task.arguments.fix_only:
        return CLEAN
    return FINDINGS if any(d.verdict != "refuted" for d in result.diagnostics) else CLEAN


def _write_all(task: Task, result: Result) -> None:
    """Write what was fixed, except behind links that lead out of what was asked for: that is somebody else's."""
    elsewhere = [r for r in result.rewrites if leads_out(r.before.path, task.arguments.paths or (".",))]
    for rewrite in elsewhere:
        result.take_back(rewrite)
    if elsewhere:
        paths = ", ".join(plain(rewrite.before.path) for rewrite in elsewhere)
        _print([f"warning: not written, since it leads out of what is checked: {paths}"], sys.stderr)
    if not result.rewrites:
        return
    from paramlint.source.rewrite import write

    for rewrite in list(result.rewrites):
        try:
            write(rewrite)
        except OSError as error:
            result.refuse(rewrite, error.strerror or str(error))


def _write_baseline(task: Task, result: Result) -> int:
    from paramlint.engine.filters import baseline

    if task.baseline is None:
        raise click.UsageError("--write-baseline needs a file: --baseline FILE, or `baseline` in the configuration")
    if task.arguments.baseline is None and not is_below(task.baseline, task.root):
        raise click.UsageError(f"the configuration has its baseline outside of {task.root}: name it with --baseline")
    try:
        known = baseline.write(task.baseline, result.reports, result.source)
    except OSError as error:
        raise click.FileError(task.baseline, error.strerror) from None
    _print([f"{count(known, 'finding')} written to {plain(task.baseline)}"], sys.stderr)
    return _print_problems(result)


def _add_noqa(task: Task, result: Result) -> int:
    from paramlint.engine.filters.add_noqa import silence

    for report in list(result.reports):
        found = report.findings
        source = result.source(report.path) if found else None
        rewrite = silence(source, found) if source is not None else None
        if rewrite is not None:
            result.rewrites.append(rewrite)
            result.unfixed[report.path] = report
    _write_all(task, result)
    silenced = sum(rewrite.fixes for rewrite in result.rewrites)
    _print([f"{count(silenced, 'finding')} silenced in {count(len(result.rewrites), 'file')}"], sys.stderr)
    return _print_problems(result)


def _print_problems(result: Result) -> int:
    """What kept files from being checked or written; the code to exit with."""
    from paramlint.frontends.report.findings.concise import heading

    problems = [problem for report in result.localized().reports for problem in report.problems]
    style = Style.of(sys.stderr)
    _print((heading(problem, style) for problem in problems), sys.stderr)
    return ERROR if problems else CLEAN


def _print_report(task: Task, result: Result, stream: TextIO) -> None:
    result = result.localized()
    show = _shown_by(task, result)
    if task.arguments.output_file is None:
        _print(show(result, Style.of(stream)), stream)
        return
    text = "".join(line + "\n" for line in show(result, Style()))
    _write_output(task.arguments.output_file, text.encode("utf-8", "backslashreplace"))


def _shown_by(task: Task, result: Result) -> formats.Format:
    """How the findings are shown."""
    if task.arguments.statistics:
        from paramlint.frontends.report.findings.statistics import statistics

        return statistics
    if task.output_format != "full":
        return formats.load(task.output_format)
    if not result.diagnostics:
        return lambda _, __: iter(())
    from paramlint.frontends.report.findings.full import full

    return partial(full, sort=task.arguments.sort, all_frames=task.arguments.all_frames)


def _write_output(path: str, data: bytes) -> None:
    """Write a report, whole or not at all where it is to be a file; a pipe or a terminal is written to as it is."""
    from paramlint.source.rewrite import put

    try:
        is_device = os.path.abspath(path).startswith(("/dev/", "/proc/"))  # one of them may lead to a file
        if not is_device and (not os.path.exists(path) or os.path.isfile(path)):
            put(path, data)
            return
        with open(path, "wb", buffering=0) as stream:
            stream.write(data)
    except OSError as error:
        raise click.FileError(path, error.strerror) from None


def _print_diff(task: Task, result: Result) -> int:
    """The patch; what it holds and problems go to standard error."""
    from paramlint.frontends.report.findings.diff import diff

    style = Style.of(sys.stdout)
    exact = not sys.stdout.isatty()
    for rewrite in result.rewrites:
        lines = list(diff(rewrite, style, exact=exact))
        _print(lines, sys.stdout)
        if exact and lines != list(diff(rewrite, style, exact=exact, escape=False)):
            said = "holds characters that a terminal would act on; they are escaped, so the patch does not apply to it"
            _print([f"warning: {plain(rewrite.before.path)} {said}"], sys.stderr)
    if not task.arguments.quiet:
        _print(summary_of_diff(result), sys.stderr)
    return _print_problems(result) or (FINDINGS if result.rewrites else CLEAN)


def _print_summary(task: Task, result: Result, stream: TextIO) -> None:
    if task.arguments.show_fixes and result.rewrites:
        _print(fixed(result), stream)
    if not task.arguments.quiet:
        _print(summary(result), stream)


def _print_count(task: Task, result: Result) -> None:
    """The bare number, last of all, as flake8 prints it; beside a report for a program it is for people."""
    if task.arguments.count:
        found = sum(d.verdict != "refuted" for d in result.diagnostics)
        _print([str(found)], sys.stderr if task.fix and task.arguments.reads_stdin else _for_people(task))


def _for_people(task: Task) -> TextIO:
    """Where the summary goes: to the findings, unless those are for a program."""
    return sys.stdout if task.arguments.statistics or task.output_format in formats.FOR_PEOPLE else sys.stderr


def _details(task: Task, result: Result, seconds: float) -> Iterator[str]:
    for part, files in task.parts(report.path for report in result.reports):
        for path in part.settings.files or ("none",):
            yield f"configuration: {plain(path)}, for {count(len(files), 'file')}"
        yield f"rules: {' '.join(rule.code for rule in part.run().rules)}"
    for path, reason in sorted(result.skipped.items()):
        yield f"skipped: {plain(path)}: {reason}"
    for report in result.reports:
        for name in report.cut_short:
            yield f"cut short: {plain(report.path)}: {plain(name)} takes too many steps, so part of it is unknown"
    yield f"{count(len(result.reports), 'file')} in {seconds:.2f} s"


def _print(lines: Iterable[str], stream: TextIO) -> None:
    stream.write("".join(line + "\n" for line in lines))
    stream.flush()
