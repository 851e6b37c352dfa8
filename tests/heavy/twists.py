"""The same code written otherwise: layout that means nothing, and wrappings that mean little.

Every twist works on the text, at the place of a node of its `ast`, and is kept only where the result is valid.
"""

from __future__ import annotations

import ast
import re
from random import Random

_OPEN = re.compile(r"(?<=[(\[{,])(?=[^\r\n])")
_ROW = re.compile(r"^([ \t]*)(?=\S)", re.M)


def twist(text: str, random: Random, count: int) -> str:
    """The text after so many twists; those that would break it are left out."""
    for _ in range(count):
        other = random.choice(_TWISTS)(text, random)
        if _is_valid(other):
            text = other
    return random.choice(_ENDINGS)(text)


def _is_valid(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _span(text: str, node: ast.AST) -> tuple[int, int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(row: int, column: int) -> int:
        line = text[starts[row - 1] : starts[row] - 1]
        return starts[row - 1] + len(line.encode()[:column].decode())

    return (
        offset(node.lineno, node.col_offset),  # type: ignore[attr-defined]
        offset(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
    )


def _around_expression(text: str, random: Random) -> str:
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.expr)]
    if not nodes:
        return text
    start, end = _span(text, random.choice(nodes))
    inner = text[start:end]
    before, behind = random.choice(_WRAPPINGS)
    return text[:start] + before + inner + behind + text[end:]


_WRAPPINGS = (
    ("(", ")"),
    ("((", "))"),
    ("(\n", "\n)"),
    ("(  # é\n  ", "  # [nn.Linear(1, 1)]\n)"),
    ("( ", " )"),
    ("(z := ", ")"),
    ("(", " if c else None)"),
    ("(", " or None)"),
    ("[", "][0]"),
    ("(await ", ")"),
    ("(lambda: ", ")()"),
    ("*", ""),
    ("(", ",)"),
    ("(yield ", ")"),
    ("f'{", "}'"),
    ("id(", ")"),
)


def _around_statement(text: str, random: Random) -> str:
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt) and node.col_offset]
    if not nodes:
        return text
    node = random.choice(nodes)
    rows = text.split("\n")
    first = node.decorator_list[0].lineno if getattr(node, "decorator_list", None) else node.lineno  # type: ignore[attr-defined]
    last = node.end_lineno or node.lineno
    indent = rows[first - 1][: len(rows[first - 1]) - len(rows[first - 1].lstrip())]
    header, footer = random.choice(_HEADERS)
    moved = [f"{indent}{line}" for line in header] + [f"    {row}" for row in rows[first - 1 : last]]
    return "\n".join([*rows[: first - 1], *moved, *(f"{indent}{line}" for line in footer), *rows[last:]])


_HEADERS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("if flag:",), ()),
    (("if flag:  # x",), ("else:", "    pass")),
    (("with torch.no_grad():",), ()),
    (("for _ in range(2):",), ()),
    (("try:",), ("except Exception:", "    raise")),
    (("while True:",), ()),
    (("def local(self, m):",), ()),
    (("match m:", "  case 1:"), ()),
    (("if 0: pass", "else:"), ()),
    (("class Inner(nn.Module):",), ()),
    (("async def go():",), ()),
    (("try:", "    pass", "finally:"), ()),
)


def _broken_row(text: str, random: Random) -> str:
    return _at_random(_OPEN, text, random, ("\n", "  # c\n", "\\\n", "\n\n\t", "\n# torch.empty(2)\n"))


def _own_row(text: str, random: Random) -> str:
    return _at_random(
        _ROW,
        text,
        random,
        ("# comment\n", "\n", "\x0c\n", "pass\n", "'''text\n'''\n", "pass; ", "@decorated\n", "x = 1;"),
    )


def _at_random(where: re.Pattern[str], text: str, random: Random, pieces: tuple[str, ...]) -> str:
    places = [m.end() for m in where.finditer(text)]
    if not places:
        return text
    at = random.choice(places)
    piece = random.choice(pieces)
    indent = text[text.rfind("\n", 0, at) + 1 : at] if where is _ROW else ""
    return text[:at] + (piece + indent if piece.endswith("\n") else piece) + text[at:]


def _comment(text: str, random: Random) -> str:
    rows = text.split("\n")
    index = random.randrange(len(rows))
    rows[index] += random.choice(("  # noqa: PRM401", "  # c", "   ", "  # noqa", ";", "  # paramlint: skip", "\t# é"))
    return "\n".join(rows)


def _spelled(text: str, random: Random) -> str:
    old, new = random.choice(
        (
            ("nn.Parameter", "torch.nn.Parameter"),
            ("self.", "self ."),
            ("self.", "self.\\\n"),
            ("nn.Linear", "nn . Linear"),
            ("(", "( "),
            (", ", ","),
            (" = ", "="),
            ("'", '"'),
            ("4", "0x4"),
            ("8", "8_0"),
            ("    ", "\t"),
            ("super().", "super() ."),
            ("[", "[ "),
            (")", "\t)"),
            ("self", "sélf"),
        )
    )
    places = [m.start() for m in re.finditer(re.escape(old), text)]
    if not places:
        return text
    at = random.choice(places)
    return text[:at] + new + text[at + len(old) :]


def _everywhere(text: str, random: Random) -> str:
    old, new = random.choice(
        (("    ", "\t"), ("    ", "  "), ("self", "this"), ("nn.", "torch.nn."), ("self.", "self . "))
    )
    return text.replace(old, new)


_TWISTS = (
    _around_expression,
    _around_expression,
    _around_expression,
    _around_statement,
    _around_statement,
    _broken_row,
    _own_row,
    _comment,
    _spelled,
    _everywhere,
)
_ENDINGS = (
    str,
    str,
    str,
    str,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.rstrip("\n"),
    lambda text: text.replace("\n", "\r"),
    lambda text: "\ufeff" + text,
)
