"""From triggers to the units worth parsing: byte literals first, then one pass over `ast`.

Nothing here decides. A unit that is nominated too often costs a parse; one that is missed costs a finding, so every
test is generous, and the reference run, which nominates everything, must give the same findings.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from paramlint.engine.nominate.called_words import Reach
from paramlint.engine.nominate.plain_classes import PlainClasses
from paramlint.engine.nominate.quick_walk import DEFINITIONS, last_name, walk
from paramlint.engine.nominate.words import Words
from paramlint.knowledge.frameworks import Framework
from paramlint.rule import (
    Asks,
    Calls,
    Classes,
    Defines,
    Drops,
    Keywords,
    Mentions,
    Repeats,
    Rule,
    Stores,
)
from paramlint.source.text import Source
from paramlint.syntax.outline import Outline, Unit

ValueT = TypeVar("ValueT")
Beyond = Callable[[str, frozenset[str]], "tuple[Reach, Unit] | None"]

_COMPOUND = frozenset(
    kind
    for name in ("If", "For", "AsyncFor", "While", "With", "AsyncWith", "Try", "TryStar", "Match")
    if (kind := getattr(ast, name, None)) is not None
)
_BODIES = ("body", "cases", "handlers", "orelse", "finalbody")


class Nominator:
    """The triggers of some rules, compiled once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._of_frameworks: dict[frozenset[Framework], Nominator] = {}
        self._calls: dict[str, list[Rule]] = {}
        self._dropped: dict[str, list[Rule]] = {}
        self._attributes: dict[str, list[Rule]] = {}
        self._stored: dict[str, list[tuple[Rule, bool]]] = {}
        self._keywords: dict[str, list[Rule]] = {}
        self._repeats: list[Rule] = []
        self._defined: dict[str, list[tuple[Rule, str, frozenset[str]]]] = {}
        self._defaults: list[Rule] = []
        self._classes: list[tuple[Rule, frozenset[str]]] = []
        self._asks: list[tuple[Rule, Asks]] = []
        for rule in rules:
            for trigger in rule.triggers:
                self._add(rule, trigger)
        self._names = frozenset({*self._calls, *self._dropped, *self._attributes, *self._stored, *self._keywords})
        self._words = self._names.union(
            *(rule.only_with for rule in rules),
            *(words for _, words in self._classes),
            *(asks.words for _, asks in self._asks),
            *(words for defined in self._defined.values() for _, _, words in defined),
        )

    def _add(self, rule: Rule, trigger: object) -> None:
        if isinstance(trigger, Calls):
            _extend(self._calls, trigger.names, rule)
        elif isinstance(trigger, Drops):
            _extend(self._dropped, trigger.names, rule)
        elif isinstance(trigger, Mentions):
            _extend(self._attributes, trigger.names, rule)
        elif isinstance(trigger, Keywords):
            _extend(self._keywords, trigger.names, rule)
        elif isinstance(trigger, Stores):
            _extend(self._stored, trigger.names, (rule, trigger.of_names))
        elif isinstance(trigger, Repeats):
            self._repeats.append(rule)
        elif isinstance(trigger, Defines):
            _extend(self._defined, trigger.names, (rule, trigger.unless_first, trigger.text))
            if trigger.defaults:
                self._defaults.append(rule)
        elif isinstance(trigger, Classes):
            self._classes.append((rule, trigger.text))
        elif isinstance(trigger, Asks):
            self._asks.append((rule, trigger))

    def of_frameworks(self, used: frozenset[Framework]) -> Nominator:
        """The same for a file that uses some frameworks: rules about others are left out."""
        if used not in self._of_frameworks:
            rules = [rule for rule in self.rules if not rule.triggers or rule.frameworks & used]
            self._of_frameworks[used] = self if len(rules) == len(self.rules) else Nominator(rules)
        return self._of_frameworks[used]

    def nominate(self, source: Source, outline: Outline, beyond: Beyond = lambda *_: None) -> dict[Unit, set[Rule]]:
        """The rules that each unit of a file has to be shown to; units that no rule asks for are left out.

        Args:
            source: the file.
            outline: that of the file.
            beyond: what a name that the file imports stands for in another one, whose words are those given.
        """
        found: dict[Unit, set[Rule]] = {}
        text = source.text
        calls, dropped = _with_aliases(self._calls, outline), _with_aliases(self._dropped, outline)
        names = self._names | calls.keys() | dropped.keys()
        aliases = {alias for alias, dotted in outline.imports.items() if dotted.rpartition(".")[2] in self._words}
        words = Words(source, self._words | names | aliases)
        rows = words.rows(names)
        if self._repeats:
            rows.update(source.place(offset)[0] for offset in _times_signs(text))
        visit = _Visit(self, calls, dropped, sorted(rows), words, found)
        reach = Reach(source, outline, words, lambda name: beyond(name, self._words))
        for unit in outline.units:
            visit.unit(unit)
            if isinstance(unit.tree, ast.ClassDef) and (unit.tree.bases or unit.tree.decorator_list):
                for rule, wanted in self._classes:
                    if (wanted or unit.tree.bases) and words.stand_in(unit, wanted):
                        found.setdefault(unit, set()).add(rule)
            if unit.kind != "function" or unit.cls is None:  # methods are asked with their class
                for rule, asks in self._asks:
                    if unit.kind in asks.entries and reach.holds(unit, asks):
                        found.setdefault(unit, set()).add(rule)
        plain = PlainClasses(outline)
        kept = {
            unit: {r for r in rules if words.stand_in(unit, r.only_with) and not (r.beyond_plain and plain.has(unit))}
            for unit, rules in found.items()
        }
        return {unit: rules for unit, rules in kept.items() if rules}


class _Visit:
    """One pass over the units of a file."""

    def __init__(
        self,
        nominator: Nominator,
        calls: dict[str, list[Rule]],
        dropped: dict[str, list[Rule]],
        rows: list[int],
        words: Words,
        found: dict[Unit, set[Rule]],
    ) -> None:
        self._n = nominator
        self._calls = calls
        self._dropped = dropped
        self._rows = rows
        self._words = words
        self._found = found

    def unit(self, unit: Unit) -> None:
        tree = unit.tree
        if isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._function(unit, tree)
        self._block(unit, getattr(tree, "body", []))

    def _function(self, unit: Unit, tree: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for rule, first, words in self._n._defined.get(tree.name, ()):
            if not self._words.stand_in(unit, words):
                continue
            if not first or not _begins_with(tree, first):
                self._give(unit, (rule,))
        defaults = [*tree.args.defaults, *(d for d in tree.args.kw_defaults if d is not None)]
        if self._n._defaults and any(isinstance(n, ast.Call) for d in defaults for n in walk(d)):
            self._give(unit, self._n._defaults)
        header = tree.body[0].lineno if tree.body else tree.lineno
        if self._hit(unit.first, header):
            for part in (*tree.decorator_list, tree.args):
                self._expression(unit, part)

    def _block(self, unit: Unit, body: Iterable[ast.stmt]) -> None:
        for node in body:
            if node.__class__ not in DEFINITIONS:
                self._statement(unit, node)
            elif unit.kind == "function" and not isinstance(node, ast.ClassDef):
                self._function(unit, node)  # type: ignore[arg-type]
                self._block(unit, node.body)  # type: ignore[attr-defined]

    def _statement(self, unit: Unit, node: ast.stmt) -> None:
        kind = node.__class__
        if kind is ast.Assign:
            for target in node.targets:  # type: ignore[attr-defined]
                if target.__class__ is not ast.Name:
                    self._store(unit, target, node.value)  # type: ignore[attr-defined]
                elif node.value.__class__ is ast.Attribute:  # type: ignore[attr-defined]
                    self._alias(unit, node.value.attr)  # type: ignore[attr-defined]
        elif kind is ast.AnnAssign or kind is ast.AugAssign:
            self._store(unit, node.target, node.value)  # type: ignore[attr-defined]
        elif kind is ast.Expr and node.value.__class__ is ast.Call:  # type: ignore[attr-defined]
            self._give(unit, self._dropped.get(last_name(node.value.func), ()))  # type: ignore[attr-defined]
        if kind not in _COMPOUND:
            if self._hit(node.lineno, node.end_lineno or node.lineno):
                self._expression(unit, node)
            return
        while kind is ast.If and _has_elif(node):  # each is inside the one before, and there may be hundreds
            self._compound(unit, node, ("body",))
            node = node.orelse[0]  # type: ignore[attr-defined]
        self._compound(unit, node, _BODIES)

    def _compound(self, unit: Unit, node: ast.stmt, bodies: tuple[str, ...]) -> None:
        """The header of a compound statement, and its blocks of these names."""
        blocks = [(name, block) for name in bodies if (block := getattr(node, name, None))]
        if self._hit(node.lineno, _first_row_below(blocks[0][1])):
            for name, value in ast.iter_fields(node):
                if name not in _BODIES:
                    for item in value if isinstance(value, list) else [value]:
                        if isinstance(item, ast.AST):
                            self._expression(unit, item)
        for name, block in blocks:
            if name in ("handlers", "cases"):
                for item in block:
                    self._block(unit, item.body)
            else:
                self._block(unit, block)

    def _alias(self, unit: Unit, name: str) -> None:
        """A function under a name of its own, `init = nn.init.normal_`, may be called by that."""
        self._give(unit, self._calls.get(name, ()))
        self._give(unit, self._dropped.get(name, ()))

    def _store(self, unit: Unit, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._store(unit, element, None)
            return
        while isinstance(target, (ast.Subscript, ast.Starred)):
            target = target.value
        if not isinstance(target, ast.Attribute):
            return
        for rule, of_names in self._n._stored.get(target.attr, ()):
            if not of_names or value is None or isinstance(value, (ast.Name, ast.Attribute)):
                self._give(unit, (rule,))

    def _expression(self, unit: Unit, root: ast.AST) -> None:
        n = self._n
        for node in walk(root):
            kind = node.__class__
            if kind is ast.Call:
                name = last_name(node.func)  # type: ignore[attr-defined]
                if name == "partial" and node.args:  # type: ignore[attr-defined]
                    name = last_name(node.args[0])  # type: ignore[attr-defined]
                self._give(unit, self._calls.get(name, ()))
                for keyword in node.keywords:  # type: ignore[attr-defined]
                    if keyword.arg in n._keywords:
                        self._give(unit, n._keywords[keyword.arg])
            elif kind is ast.Attribute:
                rules = n._attributes.get(node.attr)  # type: ignore[attr-defined]
                if rules:
                    self._give(unit, rules)
            elif kind is ast.BinOp and n._repeats:
                if node.op.__class__ is ast.Mult and _is_repeat(node):  # type: ignore[attr-defined]
                    self._give(unit, n._repeats)

    def _hit(self, first: int, last: int) -> bool:
        index = bisect_left(self._rows, first)
        return index < len(self._rows) and self._rows[index] <= last

    def _give(self, unit: Unit, rules: Iterable[Rule]) -> None:
        if rules:
            self._found.setdefault(unit, set()).update(rules)


def _has_elif(node: ast.stmt) -> bool:
    orelse = node.orelse  # type: ignore[attr-defined]
    return len(orelse) == 1 and orelse[0].__class__ is ast.If


def _times_signs(text: str) -> Iterator[int]:
    """Where a times sign stands beside what may be the end or the beginning of a list or tuple."""
    at = text.find("*")
    while at >= 0:
        end = at + 1
        while text[end : end + 1] == "*":
            end += 1
        if end == at + 1:
            before, behind = text[max(0, at - 80) : at].rstrip(), text[end : end + 80].lstrip()
            if before.endswith(("]", ")")) or behind.startswith(("[", "(")) or not (before and behind):
                yield at
        at = text.find("*", end)


def _begins_with(tree: ast.FunctionDef | ast.AsyncFunctionDef, word: str) -> bool:
    """Whether a function calls something of this name before it gives any attribute a value.

    A statement that does both counts as one that begins with the call; what a class in it calls does not count.
    """
    instance = next((arg.arg for arg in (*tree.args.posonlyargs, *tree.args.args)), "self")
    for statement in tree.body:
        nodes = list(walk(statement))
        if any(isinstance(node, ast.ClassDef) for node in nodes):
            return False
        if any(isinstance(node, ast.Call) and last_name(node.func) == word for node in nodes):
            return True
        if any(_may_assign(node, instance) for node in nodes):
            return False
    return False


def _may_assign(node: ast.AST, instance: str) -> bool:
    """Whether a node gives an attribute a value, or hands the instance to something that may."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Store) or (isinstance(node.value, ast.Name) and node.value.id == instance)
    return isinstance(node, ast.Name) and node.id in (instance, "setattr")


def _first_row_below(block: list[ast.AST]) -> int:
    """The row on which the first statement of a block begins; the header of the statement around it ends there."""
    first: ast.AST = block[0]
    if isinstance(first, ast.ExceptHandler):
        return first.lineno
    if isinstance(first, ast.match_case):
        first = first.body[0]
    return getattr(first, "lineno", 0)


def _is_repeat(node: ast.AST) -> bool:
    sides = (node.left, node.right)  # type: ignore[attr-defined]
    return any(
        isinstance(side, (ast.List, ast.Tuple))
        and not all(isinstance(e, (ast.Constant, ast.UnaryOp)) for e in side.elts)
        for side in sides
    )


def _with_aliases(table: dict[str, list[Rule]], outline: Outline) -> dict[str, list[Rule]]:
    """The triggers by the last name of what is called, with the names under which a file imports what they name."""
    aliased = {
        alias: table[last]
        for alias, dotted in outline.imports.items()
        if (last := dotted.rpartition(".")[2]) in table and alias not in table
    }
    return {**table, **aliased} if aliased else table


def _extend(table: dict[str, list[ValueT]], names: Iterable[str], value: ValueT) -> None:
    for name in names:
        table.setdefault(name, []).append(value)
