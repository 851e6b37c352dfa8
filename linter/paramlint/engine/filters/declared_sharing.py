"""Leaves out the findings about what the configuration declares as shared."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from paramlint.config.declared_ties import FAMILIES, Ties
from paramlint.engine.site import NAMED, site_of

if TYPE_CHECKING:
    from paramlint.engine.file_report import FileReport
    from paramlint.finding import Diagnostic
    from paramlint.source.text import Source


def without_declared(ties: Ties, report: FileReport, source_of: Callable[[str], Source | None]) -> FileReport:
    """The report without the findings about what is declared."""
    asked = [d for d in report.diagnostics if d.code.startswith(FAMILIES)] if ties.patterns else []
    source = source_of(report.path) if asked else None
    if source is None:
        return report
    tree = ast.parse(source.text)
    meant = {id(diagnostic) for diagnostic in asked if _is_about(ties, tree, diagnostic)}
    return replace(report, diagnostics=[d for d in report.diagnostics if id(d) not in meant])


def _is_about(ties: Ties, tree: ast.Module, diagnostic: Diagnostic) -> bool:
    site = site_of(tree, diagnostic)
    named = {tuple(text.split(".")) for text in NAMED.findall(diagnostic.message)}
    owner = tuple(site.qualname.split(".")[-1:])
    own = (path[path[0] == "self" :] for path in {*site.mentions, *named})
    return any(ties.cover(path, [owner + path]) for path in own)
