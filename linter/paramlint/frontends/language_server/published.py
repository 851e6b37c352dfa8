"""A finding as an editor shows it."""

from __future__ import annotations

import sys
from functools import cache
from itertools import chain
from pathlib import Path

from lsprotocol import types as lsp

from paramlint.engine.catalogue import catalogue
from paramlint.finding import Diagnostic
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.severity import severity

_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}


def published(diagnostic: Diagnostic, span: lsp.Range) -> lsp.Diagnostic:
    """A finding at its place, with a link to its rule."""
    link = _link(diagnostic.code)
    return lsp.Diagnostic(
        range=span,
        severity=_SEVERITIES[severity(diagnostic)],
        code=diagnostic.code,
        code_description=lsp.CodeDescription(link) if link else None,
        source="paramlint",
        message=plain(diagnostic.message),
    )


@cache
def _link(code: str) -> str:
    """The file of a rule, whose first lines are its documentation; it is there wherever paramlint is."""
    for rule in catalogue():
        if rule.code == code:
            of_nodes = chain.from_iterable(rule.node_checks.values())
            for check in (*of_nodes, *rule.scope_checks, *rule.class_checks, *rule.questions, *rule.verifiers):
                path = getattr(sys.modules.get(check.__module__), "__file__", None)
                if path:
                    return Path(path).as_uri()
    return ""
