"""Whether a function does anything after what it says some words of.

A rule about what happens to a model later has nothing to ask of `return create(variant, pretrained=pretrained)`: what
`create` does is in `create`, which is built by itself or stands in another file. Most factories end so.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from paramlint.engine.nominate.called_words import PLAIN, Reach
from paramlint.engine.nominate.quick_walk import last_name, walk
from paramlint.engine.nominate.words import Words
from paramlint.rule import Asks, Calls, Keywords, Rule
from paramlint.source.text import Source
from paramlint.syntax.outline import Outline, Unit

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_WORD = re.compile(r"\w+")
#: Calls that neither load nor make or initialise anything.
_IDLE = PLAIN | {
    "append", "endswith", "enumerate", "extend", "hasattr", "isinstance", "len", "print", "range", "split",
    "startswith", "type", "warn", "zip",
}  # fmt: skip

Spot = tuple[int, int]


class Followed:
    """Asks the functions of a file what they do behind some words.

    Args:
        words: those that nominate code for the rule.
    """

    def __init__(self, source: Source, outline: Outline, words: frozenset[str]) -> None:
        self._outline = outline
        names = {alias for alias, dotted in outline.imports.items() if dotted.rpartition(".")[2] in words}
        self._reach = Reach(source, outline, Words(source, words | names))
        self._words = words
        self._wanted = self._reach.with_aliases(words)

    def has(self, unit: Unit) -> bool:
        """Whether a function calls two things, plain values left aside, from where it first says one of the words.

        The first may be what loads or makes, the other what happens to that; in a loop the rounds follow each other.
        Where it says none, as far as can be seen, it may.
        """
        if unit.kind != "function":
            return True
        code = [statement for statement in unit.tree.body if not _is_text(statement)]  # type: ignore[attr-defined]
        below = [node for statement in code for node in walk(statement)]
        said = [(node.lineno, node.col_offset) for node in below if self._says(node)]  # type: ignore[attr-defined]
        if not said:
            return True
        start = min(said)
        for node in below:
            if isinstance(node, _LOOPS) and (node.lineno, node.col_offset) < start <= _end(node):
                start = node.lineno, node.col_offset
        calls = [node for node in below if isinstance(node, ast.Call) and last_name(node.func) not in _IDLE]
        return sum(_end(call) > start for call in calls) > 1

    def _says(self, node: ast.AST) -> bool:
        return any(name in self._wanted or self._leads_to_them(name) for name in _names(node))

    def _leads_to_them(self, name: str) -> bool:
        """Whether a function or class of the file says one of them, or calls what does."""
        functions, classes = self._outline.functions.get(name, ()), self._outline.classes.get(name, ())
        units = [*functions, *(cls.unit for cls in classes)]
        return any(self._reach.says(unit, self._words, made=True) for unit in units)


def words_followed(rule: Rule) -> frozenset[str]:
    """The words behind which something has to be called in a function that a rule asks; none if it asks others too."""
    asks = [trigger for trigger in rule.triggers if isinstance(trigger, Asks)]
    if not asks or not all(one.followed for one in asks):
        return frozenset()
    others = [trigger.names for trigger in rule.triggers if isinstance(trigger, (Calls, Keywords))]
    return frozenset().union(*(one.words for one in asks), *others)


def _names(node: ast.AST) -> Iterator[str]:
    """The words that a node says by itself."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.keyword):
        yield node.arg or ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _WORD.findall(node.value)


def _is_text(statement: ast.stmt) -> bool:
    """Whether it is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _end(node: ast.expr | ast.stmt) -> Spot:
    return node.end_lineno or node.lineno, node.end_col_offset or 0
