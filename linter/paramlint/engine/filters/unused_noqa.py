"""Suppressions that silence nothing.

A comment that outlives what it silenced hides the next mistake on its line. One that names no rule, that is written as
for another tool, or that stands where it does not count, only looks as if it silenced something.

Bad:
    x = 1  # noqa: PRM401

Good:
    x = 1

Fix: safe. The comment, or its part, goes, or is written so that it counts; code stays as it is.
Leave it: the rule reports the line under another version of paramlint; then silence this one too, with `PRM001`.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from itertools import islice

from paramlint.engine.filters.noqa import Suppressions, of_file
from paramlint.finding import Diagnostic, Edit, LocatedFix, Location
from paramlint.rule import Rule
from paramlint.source.text import Source

rule = Rule("PRM001", "unused-suppression", group="risk", fix="safe", doc=__doc__)
_CODE = r"[A-Z]+\d+\b"
#: Codes of one comment that are looked at: each has a fix that names all others.
_MOST_CODES = 100
_SPOKEN_TO = r"#\s*paramlint\s*[:=]"
#: What kept a file from being checked has codes too.
_OF_PROBLEMS = "PRM00"
#: Comments that mean to silence us and do not, unless they are `paramlint: noqa` on a row of their own.
_OTHERWISE = (
    r"#\s*paramlint\s*[:=]\s*(?P<word>noqa|ignore|disable|skip|off|allow)\b(?:-file)?"
    r"(?:\s*[\[(:=]?\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)(?:\s*[\])])?)?"
)


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
    text = source.text.lower()
    if "noqa" not in text and "paramlint" not in text:
        return []
    ran = {each.code for each in rules if each.triggers}
    families = "|".join(sorted({code.rstrip("0123456789") for code in ran}))
    if not _may_be_meant(source.text, re.compile(rf"(?:{families})\d", re.I)):
        return []
    of_family = re.compile(rf"(?:{families})\d{{3,}}")
    found: list[Diagnostic] = []
    for token in _comments(source):
        if otherwise := _otherwise(source, token):
            found.append(otherwise)
            continue
        first, last = suppressions.logical_line(token.start[0])
        for match in suppressions.parts(token.string):
            whole_file = match.re is of_file()
            used = {d.code for d in silenced if whole_file or first <= d.start.row <= last}
            found.extend(_unused(source, token, match, ran - used, of_family))
    return [d for d in map(suppressions.place, found) if not suppressions.silence(d)]


def _comments(source: Source) -> Iterator[tokenize.TokenInfo]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                yield token
    except (tokenize.TokenError, SyntaxError):
        return


def _otherwise(source: Source, token: tokenize.TokenInfo) -> Diagnostic | None:
    """A finding for a comment that only looks like a suppression of ours."""
    match = re.match(_OTHERWISE, token.string, re.I)
    own_row = not token.line[: token.start[1]].strip()
    if match is None or (own_row and of_file().match(token.string)):
        return None
    word, codes, rest = match["word"], match["codes"], token.string[match.end() :].strip()
    if rest and not codes and not rest.startswith("#"):
        return None  # a sentence
    right, reach = ("# paramlint: noqa", "in the whole file") if own_row else ("# noqa", "on its row")
    message = f"`# paramlint: {word}` silences nothing here; `{right}` does, {reach}"
    row, column = token.start[0], token.start[1] + 1
    start, end = Location(row, column), Location(row, column + match.end())
    fix = None
    if not own_row or word.lower() == "noqa":  # else it may be meant for the next row
        text = f"{right}: {codes}" if codes else right
        fix = LocatedFix(f"Write `{text}`", "safe", (Edit(start, end, text),))
    return Diagnostic(source.path, start, end, rule.code, rule.name, message, fix, group=rule.group)


def _may_be_meant(text: str, code: re.Pattern[str]) -> bool:
    """Whether a row says `noqa` and then a code, or a comment speaks to us."""
    if re.search(_SPOKEN_TO, text, re.I) is not None:
        return True
    places = ((line, line.lower().find("noqa")) for line in text.splitlines())
    return any(at >= 0 and code.search(line, at) is not None for line, at in places)


def _unused(
    source: Source, token: tokenize.TokenInfo, match: re.Match[str], unused: set[str], of_family: re.Pattern[str]
) -> Iterator[Diagnostic]:
    row, column = token.start[0], token.start[1] + 1
    for code in islice(re.compile(_CODE, re.I).finditer(token.string, *match.span("codes")), _MOST_CODES):
        name = code[0].upper()
        if name in unused:
            message = f"`{name}` is not reported here, so its suppression only hides what comes later"
        elif of_family.fullmatch(name) and not name.startswith(_OF_PROBLEMS) and name not in Rule.codes:
            message = f"`{name}` is no rule, so its suppression silences nothing"
        else:
            continue
        start = Location(row, column + code.start())
        end = Location(row, column + code.end())
        fix = _fix(source, token, match, code)
        yield Diagnostic(source.path, start, end, rule.code, rule.name, message, fix, group=rule.group)


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
