"""From what rules found on syntax nodes to places in the file."""

from __future__ import annotations

from collections.abc import Sequence

from paramlint.engine.fixes import locate_fix
from paramlint.engine.subject import Subjects
from paramlint.facts import File, Scope
from paramlint.finding import Diagnostic, Finding, Fix, Location
from paramlint.rule import Rule


def located(path: str, file: File, found: Sequence[tuple[Rule, Scope, Finding]]) -> list[Diagnostic]:
    """Turn findings into diagnostics of `path`, as it was given; one that is found twice is said once."""
    if not found:
        return []
    nodes = {f.node for _, _, f in found}
    for _, _, finding in found:
        for change in finding.fix.changes if finding.fix is not None else ():
            nodes.update((change.first, change.last))
    spans = file.spans(nodes, [scope for _, scope, _ in found])
    diagnostics: dict[tuple[str, Location, str], Diagnostic] = {}
    subjects = Subjects(file.outline)
    said: set[tuple[str, int]] = set()
    claimed: set[tuple[str, int]] = set()
    right = {(rule.code, row) for rule, _, finding in found if finding.is_right for row in finding.rows}
    for rule, scope, finding in sorted(found, key=lambda one: len(one[2].rows)):
        if finding.is_right or any((rule.code, row) in said for row in finding.rows):
            continue
        span = spans.get(finding.node)
        source = file.source
        start = Location(*source.place(span[0])) if span else Location(scope.unit.first, 1)
        end = Location(*source.place(span[1])) if span else start
        is_possible = finding.fix is not None and not _is_shadowed(scope, finding.fix)
        fix = locate_fix(file, finding.fix, spans) if finding.fix is not None and is_possible else None
        if (not finding.rows or finding.is_alone) and (rule.code, start.row) in right:
            continue
        # What is wrong in a class is wrong wherever that is used; the rows of two uses may meet there all the same.
        if finding.rows and any((rule.code, row) in claimed for row in (start.row, *finding.rows)):
            continue
        if finding.rows and (rule.code, start.row) in said:
            continue
        (claimed if finding.rows else said).add((rule.code, start.row))
        key = (rule.code, start, finding.message)
        if key not in diagnostics:
            subject = subjects.of(finding, start)
            diagnostics[key] = Diagnostic(
                path,
                start,
                end,
                rule.code,
                rule.name,
                finding.message,
                fix,
                noqa_row=start.row,
                subject=subject,
                group=rule.group,
                rows=tuple(sorted(finding.rows)),
            )
    return list(diagnostics.values())


def _is_shadowed(scope: Scope, fix: Fix) -> bool:
    """Whether a name that a fix writes means something else in the code around it: `copy` of `def run(copy=True)`."""
    heads = {scope.spell(name).partition(".")[0] for name in fix.imports}
    return any(binding.kind != "import" for head in heads for binding in scope.bindings.get(head, ()))
