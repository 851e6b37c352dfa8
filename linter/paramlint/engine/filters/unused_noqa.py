"""Suppressions that silence nothing.

A comment that outlives what it silenced hides the next mistake on its line.

Bad:
    x = 1  # noqa: PRM401

Good:
    x = 1

Fix: safe. The comment, or its part, goes; code stays as it is.
Leave it: the rule reports the line under another version of paramlint; then silence this one too, with `PRM001`.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

from paramlint.engine.filters.noqa import Suppressions
from paramlint.finding import Diagnostic, Edit, LocatedFix, Location
from paramlint.rule import Rule
from paramlint.source.text import Source

rule = Rule("PRM001", "unused-suppression", group="risk", fix="safe", doc=__doc__)
_CODE = re.compile(r"[A-Z]+\d+\b", re.I)


def unused_suppressions(
    source: Source, suppressions: Suppressions, silenced: Sequence[Diagnostic], rules: Sequence[Rule]
) -> list[Diagnostic]:
    """A finding for each whole code in a comment that silences nothing, though its rule looked at the file.

    Args:
        source: the file.
        suppressions: its comments.
        silenced: what they silenced.
        rules: the rules that ran; a comment about another one may well be needed.
    """
    if not suppressions.are_there:
        return []
    ran = {each.code for each in rules if each.triggers}
    families = "|".join(sorted({code.rstrip("0123456789") for code in ran}))
    if not re.search(rf"noqa.*(?:{families})\d", source.text, re.I):
        return []
    found: list[Diagnostic] = []
    for token in _comments(source):
        first, last = suppressions.logical_line(token.start[0])
        for match in suppressions.parts(token.string):
            whole_file = match.re is suppressions.FILE
            used = {d.code for d in silenced if whole_file or first <= d.start.row <= last}
            found.extend(_unused(source, token, match, ran - used))
    return [d for d in map(suppressions.place, found) if not suppressions.silence(d)]


def _comments(source: Source) -> Iterator[tokenize.TokenInfo]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                yield token
    except (tokenize.TokenError, SyntaxError):
        return


def _unused(source: Source, token: tokenize.TokenInfo, match: re.Match[str], unused: set[str]) -> Iterator[Diagnostic]:
    row, column = token.start[0], token.start[1] + 1
    for code in _CODE.finditer(token.string, *match.span("codes")):
        name = code[0].upper()
        if name not in unused:
            continue
        start = Location(row, column + code.start())
        end = Location(row, column + code.end())
        message = f"`{name}` is not reported here, so its suppression only hides what comes later"
        yield Diagnostic(source.path, start, end, rule.code, rule.name, message, _fix(source, token, match, code))


def _fix(source: Source, token: tokenize.TokenInfo, match: re.Match[str], code: re.Match[str]) -> LocatedFix:
    row, column = token.start[0], token.start[1] + 1
    given = re.split(r"[,\s]+", match["codes"])
    rest = [each for each in given if each and each.upper() != code[0].upper()]
    if rest:
        start, end = match.span("codes")
        edit = Edit(Location(row, column + start), Location(row, column + end), ", ".join(rest))
        return LocatedFix(f"Remove `{code[0]}`", "safe", (edit,))
    following = token.string.find("#", match.end())
    before = source.line(row)[: token.start[1] + match.start()]
    if following >= 0:  # another comment on the row stays
        edit = Edit(Location(row, column + match.start()), Location(row, column + following), "")
    elif before.strip():
        edit = Edit(Location(row, len(before.rstrip()) + 1), Location(row, len(source.line(row)) + 1), "")
    else:
        edit = Edit(Location(row, 1), Location(row + 1, 1), "")
    return LocatedFix("Remove the comment", "safe", (edit,))
