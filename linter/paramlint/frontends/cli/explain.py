"""`paramlint explain`: a finding, the code that led to it step by step, and the rule."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from paramlint.frontends.cli.options.color import color_option
from paramlint.frontends.cli.options.pack_option import pack_option
from paramlint.frontends.report.plain import plain

if TYPE_CHECKING:
    from paramlint.engine.run import Result
    from paramlint.finding import Diagnostic
    from paramlint.frontends.report.style import Style
    from paramlint.rule import Rule

_PLACE = re.compile(r"(?P<path>.+?):(?:cell (?P<cell>\d+):)?(?P<row>\d+)(?::\d+)?:?")
#: Steps that are shown; of more, the first and the last ones.
MOST_STEPS = 16


@click.command(short_help="Explain a finding: the code that led to it, and the rule.")
@click.argument("place", metavar="FILE:ROW")
@click.argument("selector", metavar="[CODE]", required=False)
@pack_option
@color_option
def explain(place: str, selector: str | None) -> None:
    """Explain what is found at a row of a file, or what one rule finds there.

    The place may be copied from a report: net.py:12, net.py:12:9, or "net.ipynb:cell 3:12". Of each finding there is
    the code, what the build of the class or function by its source knows of what is accused (made, kept, called,
    written, at which rows), and the page of the rule. Comments that silence, the configuration and the cache play no
    part.
    """
    from paramlint.frontends.report.style import Style

    match = _PLACE.fullmatch(place)
    if match is None:
        raise click.UsageError(f"`{place}` is no place: write FILE:ROW, such as net.py:12")
    cell = int(match["cell"]) if match["cell"] else None
    result, found = _found(match["path"], cell, int(match["row"]), selector)
    style = Style.of(sys.stdout)
    for number, diagnostic in enumerate(found):
        if number:
            click.echo()
        click.echo("\n".join(_page(result, diagnostic, style)), color=style.color)


def _found(path: str, cell: int | None, row: int, selector: str | None) -> tuple[Result, Sequence[Diagnostic]]:
    """What is found at the row, of a notebook in the cell or in any one.

    Raises:
        click.ClickException: the file cannot be read, or nothing is found there.
    """
    from paramlint.engine.catalogue import UnknownRuleError, catalogue, select
    from paramlint.engine.filters.report_filters import with_silenced
    from paramlint.engine.run import Run, run_source
    from paramlint.source.kinds import read
    from paramlint.source.text import UnreadableError

    try:
        rules = select([selector]) if selector else list(catalogue())
    except UnknownRuleError as error:
        raise click.UsageError(str(error)) from None
    try:
        source = read(path)
    except UnreadableError as error:
        raise click.ClickException(f"{plain(path)}: {plain(str(error))}") from None
    result = run_source(source, Run(rules, filters=(with_silenced,)))
    shown = result.localized().diagnostics
    found = [(d, s) for d, s in zip(result.diagnostics, shown, strict=True) if cell in (None, s.cell)]
    found = [(d, s) for d, s in found if s.start.row <= row <= s.end.row]
    exact = [d for d, s in found if s.start.row == row] or [d for d, _ in found]
    if not exact:
        raise click.ClickException(_nothing(path, row, selector, result))
    return result, exact


def _nothing(path: str, row: int, selector: str | None, result: Result) -> str:
    rows = sorted({d.start.row for d in result.localized().diagnostics})
    near = sorted(sorted(rows, key=lambda other: abs(other - row))[:5])
    what = f"{selector} finds nothing" if selector else "nothing is found"
    there = f"; there are findings at row {', '.join(map(str, near))}" if near else ""
    return f"{what} at row {row} of {plain(path)}{there}"


def _page(result: Result, diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    from paramlint.engine.catalogue import catalogue
    from paramlint.frontends.report.findings.concise import heading
    from paramlint.frontends.report.findings.frame import frame

    source = result.source(diagnostic.path)
    shown = source.localize(diagnostic) if source is not None else diagnostic
    yield heading(shown, style)
    if source is not None:
        yield from frame(source.part(shown), shown, style)
    yield from _history(result, diagnostic, style)
    if diagnostic.fix is not None:
        yield ""
        yield f"{style.bold('Fix')} ({diagnostic.fix.applicability}): {plain(diagnostic.fix.title)}"
    rule = next((rule for rule in catalogue() if rule.code == diagnostic.code), None)
    if rule is not None:
        yield ""
        yield from _rule(rule, style)


def _history(result: Result, diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    """What the build knows, a step a line; nothing where it knows nothing or the finding is about no code."""
    from paramlint.facts import Project
    from paramlint.facts.files import File
    from paramlint.symbolic.showing.history import history_of
    from paramlint.syntax.large_stack import with_large_stack

    source = result.source(diagnostic.path)
    if source is None or diagnostic.group == "error":
        return
    history = with_large_stack(lambda: history_of(File(source, Project()), diagnostic))
    if not history.steps:
        return
    yield ""
    built = f", building {history.entry} `{plain(history.name)}`" if history.name else ""
    yield style.bold(f"How it comes about{built}")
    steps = history.steps
    shown = steps if len(steps) <= MOST_STEPS else (*steps[: MOST_STEPS // 2], None, *steps[-MOST_STEPS // 2 :])
    for step in shown:
        if step is None:
            yield f"{'':>8}  ... {len(steps) - MOST_STEPS} more"
            continue
        elsewhere = f" ({plain(step.path)})" if step.row and step.path != diagnostic.path else ""
        times = f", {step.times} times" if step.times > 1 else ""
        yield f"{step.row or '':>8}  {plain(step.text)}{times}{elsewhere}"


def _rule(rule: Rule, style: Style) -> Iterator[str]:
    yield style.bold(f"{rule.code} {rule.name}")
    yield rule.documentation
