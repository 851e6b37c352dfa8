"""What an editor offers to do: fix a finding, all of its rule or of the file, or silence it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types as lsp

from paramlint.engine.filters.add_noqa import silence, silenced_rows
from paramlint.engine.fixes import combine
from paramlint.finding import Diagnostic, Edit, Location
from paramlint.frontends.language_server.documents import Found
from paramlint.frontends.language_server.published import published
from paramlint.frontends.report.plain import plain

#: For editors that fix on saving: all kinds of fixes, or ours.
FIX_ALL = f"{lsp.CodeActionKind.SourceFixAll.value}.paramlint"
KINDS: tuple[lsp.CodeActionKind | str, ...] = (
    lsp.CodeActionKind.QuickFix,
    lsp.CodeActionKind.SourceFixAll,
    FIX_ALL,
)


def code_actions(
    found: Found, uri: str, wanted: lsp.Range, only: Sequence[lsp.CodeActionKind | str] | None
) -> Iterator[lsp.CodeAction]:
    """The actions for a range of a document.

    Args:
        found: in the document.
        uri: of the document.
        wanted: the range.
        only: kinds that are asked for; all by default.
    """
    if _is_wanted(lsp.CodeActionKind.QuickFix, only):
        codes: dict[str, None] = {}
        for diagnostic, span in found.at(uri, wanted):
            codes[diagnostic.code] = None
            yield from _quick_fixes(diagnostic, span, found)
        for code in codes:
            yield from _fix_all_of(code, found)
    if _is_wanted(FIX_ALL, only):
        yield from _fix_all_safe(found)


def _is_wanted(kind: lsp.CodeActionKind | str, only: Sequence[lsp.CodeActionKind | str] | None) -> bool:
    """Whether a kind, or one that it belongs to, is asked for."""
    return not only or any(f"{_text(kind)}.".startswith(f"{_text(one)}.") for one in only)


def _text(kind: lsp.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, lsp.CodeActionKind) else kind


def _quick_fixes(diagnostic: Diagnostic, span: lsp.Range, found: Found) -> Iterator[lsp.CodeAction]:
    fix = diagnostic.fix
    edit = found.edit(fix.edits) if fix is not None else None
    if fix is not None and edit is not None:
        yield lsp.CodeAction(
            title=plain(fix.title) if fix.applicability == "safe" else f"{plain(fix.title)} (unsafe)",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[published(diagnostic, span)],
            is_preferred=fix.applicability == "safe",
            edit=edit,
        )
    edit = found.edit(list(_silencing(diagnostic, found)))
    if edit is not None and edit.changes:
        yield lsp.CodeAction(
            title=f"Silence {diagnostic.code} on this line",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[published(diagnostic, span)],
            edit=edit,
        )


def _silencing(diagnostic: Diagnostic, found: Found) -> Iterator[Edit]:
    """The edit of the row on which a comment silences a finding; none where no comment can stand there."""
    if silence(found.source, [diagnostic]) is not None:
        for row, line in silenced_rows(found.source, [diagnostic]).items():
            yield Edit(
                Location(row, 1), Location(row, len(found.source.line(row).rstrip("\r\n")) + 1), line.rstrip("\r\n")
            )


def _fix_all_of(code: str, found: Found) -> Iterator[lsp.CodeAction]:
    """All fixes of a rule that do not overlap, where there are several."""
    diagnostics = [one for one in found.diagnostics if one.code == code and one.fix is not None]
    edits, applied = combine(found.source, diagnostics)
    edit = found.edit(edits)
    if len(applied) > 1 and edit is not None:
        is_safe = all(one.fix is not None and one.fix.applicability == "safe" for one in diagnostics)
        yield lsp.CodeAction(
            title=f"Fix all {len(applied)} of {code} in this file{'' if is_safe else ' (unsafe)'}",
            kind=lsp.CodeActionKind.QuickFix,
            edit=edit,
        )


def _fix_all_safe(found: Found) -> Iterator[lsp.CodeAction]:
    """All safe fixes of the file, also on saving."""
    safe = [one for one in found.diagnostics if one.fix is not None and one.fix.applicability == "safe"]
    edits, applied = combine(found.source, safe)
    edit = found.edit(edits)
    if applied and edit is not None:
        yield lsp.CodeAction(title="Apply all safe fixes of paramlint", kind=FIX_ALL, edit=edit)
