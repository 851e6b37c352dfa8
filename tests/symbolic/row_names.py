"""Names of rows, as `show` says them, as expressions that match the names of tensors."""

from __future__ import annotations

import re


def expression_of(name: str) -> re.Pattern[str]:
    """`{8}` stands for 0 to 7, `{2-5,9}` for these numbers, `{expr}` for one part of a name, `**` for any rest."""
    parts = re.split(r"(\{[^{}]*\}|\*\*)", name)
    return re.compile("".join(".+" if p == "**" else _part(p) for p in parts))


def _part(text: str) -> str:
    if not text.startswith("{"):
        return re.escape(text)
    if not re.fullmatch(r"\{\d+([-,]\d+)*\}", text):
        return r"[^.]+"
    if text[1:-1].isdigit():
        return f"({'|'.join(map(str, range(int(text[1:-1]))))})"
    ranges = [part.partition("-") for part in text[1:-1].split(",")]
    return f"({'|'.join(str(n) for low, _, high in ranges for n in range(int(low), int(high or low) + 1))})"
