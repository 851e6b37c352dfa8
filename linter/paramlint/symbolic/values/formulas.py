"""Formulas as texts: each part in parentheses where Python would otherwise read it another way."""

from __future__ import annotations

import re
from functools import lru_cache

#: How tightly operators bind, loosest first, as they stand between two parts.
_LEVELS = (
    (r"if|else|for|in|is|or|and|not|==|!=|<|<=|>|>=|:=", 0),
    (r"\|", 1),
    (r"\^", 2),
    (r"&", 3),
    (r"<<|>>", 4),
    (r"[+-]", 5),
    (r"\*|/|//|%|@", 6),
    (r"\*\*", 8),
)
_PRODUCT = 6
"""How tightly `*`, `/`, `//` and `%` bind."""
_SIGN = 7
"""How tightly the sign of `-x` binds."""
ATOM = 9
"""How tightly a name, number, call, attribute or item binds."""
_OPERATORS = [(re.compile(rf"(?: |^)(?:{signs})(?: |$)"), level) for signs, level in _LEVELS]
_BRACKETS = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[()\[\]{}]""")
#: Operators whose parts may be put together in any order: parentheses on the right say nothing.
_ANY_ORDER = frozenset({"+", "*", "&", "|", "^"})


@lru_cache(maxsize=4_096)
def binding(text: str) -> int:
    """How tightly the loosest operator of a formula binds that stands outside brackets."""
    if text.isidentifier() or text.isdigit():
        return ATOM
    plain = _outside(text)
    for operator, level in _OPERATORS:
        if level > _SIGN and plain.startswith("-"):
            return _SIGN
        if operator.search(plain):
            return level
    return _SIGN if plain.startswith(("-", "+", "~")) else ATOM


def _outside(text: str) -> str:
    """A formula without what stands in brackets and quotes."""
    found: list[str] = []
    depth = start = 0
    for match in _BRACKETS.finditer(text):
        if depth == 0:
            found.append(text[start : match.start()])
        depth += (match[0] in "([{") - (match[0] in ")]}")
        depth = max(depth, 0)
        start = match.end()
        if depth == 0:
            found.append("_")
    found.append(text[start:] if depth == 0 else "")
    return "".join(found)


def part(text: str, level: int) -> str:
    """A formula as part of another, in parentheses where it binds less tightly than a level."""
    return f"({text})" if binding(text) < level else text


def operation(sign: str, left: str, right: str) -> str:
    """`left sign right`."""
    level = binding(f"_ {sign} _")
    if sign == "**":
        return f"{part(left, level + 1)} ** {part(right, _SIGN)}"
    is_of_one_kind = sign in _ANY_ORDER and _has_only(right, sign, level)
    return f"{part(left, level)} {sign} {part(right, level if is_of_one_kind else level + 1)}"


def _has_only(text: str, sign: str, level: int) -> bool:
    """Whether all operators of a formula that bind as a sign does are that sign, or may stand behind it."""
    if binding(text) != level:
        return False
    others = set(_OPERATORS_ALONE[level].findall(_outside(text))) - {sign}
    return not others or (sign == "+" and others == {"-"})


_OPERATORS_ALONE = {level: re.compile(rf"(?<= )(?:{signs})(?= )") for signs, level in _LEVELS}


def negative(text: str) -> str:
    """`-text`; a product or quotient has the sign of its first part."""
    if binding(text) == _PRODUCT and not set(_OPERATORS_ALONE[_PRODUCT].findall(_outside(text))) - {"*", "/"}:
        return f"-{text}"
    return f"-{part(text, _SIGN + 1)}"


def owner(text: str) -> str:
    """A formula in front of a dot, a bracket or a call."""
    return part(text, ATOM)
