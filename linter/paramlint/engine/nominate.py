"""From triggers to the units worth parsing: byte literals first, then one pass over `ast`.

Nothing here decides. A unit that is nominated too often costs a parse; one that is missed costs a finding, so every
test is generous, and the reference run, which nominates everything, must give the same findings.
"""

from __future__ import annotations

import ast
import builtins
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

from paramlint.rule import (
    Asks,
    Calls,
    Classes,
    Defines,
    Drops,
    Edits,
    Keeps,
    Keywords,
    Mentions,
    Repeats,
    Reuses,
    Rule,
    Stores,
)
from paramlint.source.text import Source
from paramlint.syntax.containers_kept import Keeping, arguments
from paramlint.syntax.outline import Outline, Unit, statements

ValueT = TypeVar("ValueT")

_BUILTINS = frozenset(dir(builtins))
#: What stands in words stays, anything else becomes a blank.
_BLANKED = bytes(code if chr(code) == "_" or chr(code).isalnum() else 32 for code in range(256))
_CALL = re.compile(r"(\w+)[ \t]*\(")
_SKIPPED = {"ctx", "op", "ops", "kind", "type_comment", "lineno", "conversion", "type_ignores"}
_COMPOUND = frozenset(
    kind
    for name in ("If", "For", "AsyncFor", "While", "With", "AsyncWith", "Try", "TryStar", "Match")
    if (kind := getattr(ast, name, None)) is not None
)
_BODIES = {"body", "orelse", "finalbody", "handlers", "cases"}


class Nominator:
    """The triggers of some rules, compiled once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._calls: dict[str, list[Rule]] = {}
        self._dropped: dict[str, list[Rule]] = {}
        self._attributes: dict[str, list[Rule]] = {}
        self._stored: dict[str, list[tuple[Rule, bool]]] = {}
        self._keeps: list[Rule] = []
        self._edits: list[Rule] = []
        self._reuses: list[tuple[Rule, frozenset[str]]] = []
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
            *(words for _, words in (*self._classes, *self._reuses)),
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
        elif isinstance(trigger, Keeps):
            self._keeps.append(rule)
        elif isinstance(trigger, Edits):
            self._edits.append(rule)
        elif isinstance(trigger, Reuses):
            self._reuses.append((rule, trigger.text))
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

    def nominate(self, source: Source, outline: Outline, keeping: Keeping) -> dict[Unit, set[Rule]]:
        """The rules that each unit of a file has to be shown to; units that no rule asks for are left out."""
        found: dict[Unit, set[Rule]] = {}
        text = source.text
        calls, dropped = _with_aliases(self._calls, outline), _with_aliases(self._dropped, outline)
        names = self._names | calls.keys() | dropped.keys()
        words = _Words(source, self._words | names)
        rows = words.rows(names)
        if self._repeats:
            rows.update(source.place(offset)[0] for offset in _times_signs(text))
        visit = _Visit(self, calls, dropped, sorted(rows), words, found)
        reach = _Reach(source, outline, words)
        for unit in outline.units:
            visit.unit(unit)
            if self._keeps and keeping.attributes(unit):
                found.setdefault(unit, set()).update(self._keeps)
            if unit.kind == "class" and unit.tree.bases:  # type: ignore[attr-defined]
                for rule, wanted in self._classes:
                    if words.stand_in(unit, wanted):
                        found.setdefault(unit, set()).add(rule)
            if unit.kind != "function" or unit.cls is None:  # methods are asked with their class
                for rule, asks in self._asks:
                    if unit.kind in asks.entries and reach.holds(unit, asks):
                        found.setdefault(unit, set()).add(rule)
            wanting = [rule for rule, wanted in self._reuses if words.stand_in(unit, wanted)]
            if wanting and _reuses(unit):
                found.setdefault(unit, set()).update(wanting)
        kept = {unit: {r for r in rules if words.stand_in(unit, r.only_with)} for unit, rules in found.items()}
        return {unit: rules for unit, rules in kept.items() if rules}


class _Words:
    """On which rows of a file the words stand that some rule asks for."""

    def __init__(self, source: Source, wanted: frozenset[str]) -> None:
        self._source = source
        self._present = wanted.intersection(_words(source.text)) | {word for word in wanted if not word.isascii()}
        self._rows: dict[str, list[int]] = {}
        self._said: dict[str, list[int]] = {}

    def rows(self, words: frozenset[str]) -> set[int]:
        """The rows on which one of these words stands."""
        return {row for word in words & self._present for row in self._rows_of(word)}

    def stand_in(self, unit: Unit, words: frozenset[str]) -> bool:
        """Whether a unit, with all that is defined in it, has one of these words; any unit has one of none."""
        if not words:
            return True
        for word in words & self._present:
            rows = self._rows_of(word)
            index = bisect_left(rows, unit.first)
            if index < len(rows) and rows[index] <= unit.last:
                return True
        return False

    def are_said_in(self, unit: Unit, words: frozenset[str]) -> bool:
        """Whether a unit says one of these words outside a comment: a class with its methods, others by themselves."""
        holes = unit.holes if unit.kind != "class" else []
        return any(
            not any(first <= row <= last for first, last in holes)
            for word in words & self._present
            if (rows := self._said_rows(word))
            for row in rows[bisect_left(rows, unit.first) : bisect_right(rows, unit.last)]
        )

    def _said_rows(self, word: str) -> list[int]:
        """The rows on which a word stands with no `#` before it."""
        if word not in self._said:
            text = self._source.text
            self._said[word] = [
                self._source.place(offset)[0]
                for offset in _find(text, word)
                if "#" not in text[text.rfind("\n", 0, offset) + 1 : offset]
            ]
        return self._said[word]

    def _rows_of(self, word: str) -> list[int]:
        if word not in self._rows:
            place = self._source.place
            self._rows[word] = [place(offset)[0] for offset in _find(self._source.text, word)]
        return self._rows[word]


class _Reach:
    """The words of a unit and of what it calls in its file, one through the other: all of it is built to be asked."""

    def __init__(self, source: Source, outline: Outline, words: _Words) -> None:
        self._source = source
        self._outline = outline
        self._words = words
        self._reached: dict[tuple[Unit, bool], list[Unit]] = {}

    def holds(self, unit: Unit, asks: Asks) -> bool:
        """Whether one of the words that somebody asks for is among them."""
        return any(self._words.are_said_in(part, asks.words) for part in self._parts(unit, asks.made))

    def _parts(self, unit: Unit, made: bool) -> list[Unit]:
        known = self._reached.get((unit, made))
        if known is None:
            known, seen = [unit], {unit}
            for part in known:
                for called in self._called(part, made):
                    if called not in seen:
                        seen.add(called)
                        known.append(called)
            self._reached[unit, made] = known
        return known

    def _called(self, unit: Unit, made: bool) -> Iterator[Unit]:
        holes = unit.holes if unit.kind == "module" else []
        calls = self._calls
        for row, name in calls[bisect_left(calls, (unit.first, "")) : bisect_left(calls, (unit.last + 1, ""))]:
            if not any(first <= row <= last for first, last in holes):
                yield from self._outline.functions.get(name, ())
                if made:
                    yield from (cls.unit for cls in self._outline.classes.get(name, ()))

    @cached_property
    def _calls(self) -> list[tuple[int, str]]:
        """The rows on which functions and classes of the file may be called, each with the name."""
        named = self._outline.functions.keys() | self._outline.classes.keys()
        found = _CALL.finditer(self._source.text)
        return [(self._source.place(match.start())[0], match[1]) for match in found if match[1] in named]


class _Visit:
    """One pass over the units of a file."""

    def __init__(
        self,
        nominator: Nominator,
        calls: dict[str, list[Rule]],
        dropped: dict[str, list[Rule]],
        rows: list[int],
        words: _Words,
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
        if self._n._defaults and any(isinstance(n, ast.Call) for d in defaults for n in _walk(d)):
            self._give(unit, self._n._defaults)
        header = tree.body[0].lineno if tree.body else tree.lineno
        if self._hit(unit.first, header):
            for part in (*tree.decorator_list, tree.args):
                self._expression(unit, part)

    def _block(self, unit: Unit, body: Iterable[ast.stmt]) -> None:
        for node in body:
            if node.__class__ not in _DEFINITIONS:
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
            self._store(unit, node.target, node.value, is_edit=kind is ast.AugAssign)  # type: ignore[attr-defined]
        elif kind is ast.Expr and node.value.__class__ is ast.Call:  # type: ignore[attr-defined]
            self._give(unit, self._dropped.get(_last_name(node.value.func), ()))  # type: ignore[attr-defined]
        if kind not in _COMPOUND:
            if self._hit(node.lineno, node.end_lineno or node.lineno):
                self._expression(unit, node)
            return
        blocks = [(name, block) for name in _BODIES if (block := getattr(node, name, None))]
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

    def _store(self, unit: Unit, target: ast.expr, value: ast.expr | None, is_edit: bool = False) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._store(unit, element, None)
            return
        is_edit = is_edit or isinstance(target, ast.Subscript)
        while isinstance(target, (ast.Subscript, ast.Starred)):
            target = target.value
        if not isinstance(target, ast.Attribute):
            return
        if is_edit:
            self._give(unit, self._n._edits)
        for rule, of_names in self._n._stored.get(target.attr, ()):
            if not of_names or value is None or isinstance(value, (ast.Name, ast.Attribute)):
                self._give(unit, (rule,))

    def _expression(self, unit: Unit, root: ast.AST) -> None:
        n = self._n
        for node in _walk(root):
            kind = node.__class__
            if kind is ast.Call:
                name = _last_name(node.func)  # type: ignore[attr-defined]
                if name == "partial" and node.args:  # type: ignore[attr-defined]
                    name = _last_name(node.args[0])  # type: ignore[attr-defined]
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


def _walk(root: ast.AST) -> Iterator[ast.AST]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        for name in node._fields:
            if name in _SKIPPED:
                continue
            value: Any = getattr(node, name, None)
            if value.__class__ is list:
                stack.extend([item for item in value if isinstance(item, ast.AST)])
            elif isinstance(value, ast.AST):
                stack.append(value)


def _words(text: str) -> list[str]:
    """The words of ASCII in a text, four times cheaper than with a regular expression."""
    return text.encode("ascii", "replace").translate(_BLANKED).decode("ascii").split()


def _find(text: str, word: str) -> Iterator[int]:
    """Where a word stands in a text."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (_is_of_word(text[at - 1 : at]) or _is_of_word(text[end : end + 1])):
            yield at
        at = text.find(word, end)


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


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _begins_with(tree: ast.FunctionDef | ast.AsyncFunctionDef, word: str) -> bool:
    """Whether a function calls something of this name before it gives any attribute a value.

    A statement that does both counts as one that begins with the call; what a class in it calls does not count.
    """
    instance = next((arg.arg for arg in (*tree.args.posonlyargs, *tree.args.args)), "self")
    for statement in tree.body:
        nodes = list(_walk(statement))
        if any(isinstance(node, ast.ClassDef) for node in nodes):
            return False
        if any(isinstance(node, ast.Call) and _last_name(node.func) == word for node in nodes):
            return True
        if any(_may_assign(node, instance) for node in nodes):
            return False
    return False


def _may_assign(node: ast.AST, instance: str) -> bool:
    """Whether a node gives an attribute a value, or hands the instance to something that may."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Store) or (isinstance(node.value, ast.Name) and node.value.id == instance)
    return isinstance(node, ast.Name) and node.id in (instance, "setattr")


def _last_name(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


_LOOPS = frozenset({ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp})
_LEAVES = frozenset({ast.Name, ast.Constant, ast.Load, ast.Store, ast.Pass, str, int, bool, type(None)})


_NOT_MODULES = {
    "Any", "Callable", "Dict", "Iterable", "List", "Literal", "Optional", "Sequence", "Tensor", "Tuple", "Type",
    "Union",
}  # fmt: skip
_DEFINITIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})


def _may_be_modules(unit: Unit) -> set[str]:
    """Names, and attributes such as `self.act`, that get the result of a call; parameters annotated with some class."""
    found: set[str] = set()
    for argument in arguments(unit.tree):
        words = (
            [_last_name(n) for n in _walk(argument.annotation) if isinstance(n, ast.expr)]
            if argument.annotation
            else []
        )
        if any(w[:1].isupper() and w not in _NOT_MODULES and not w.endswith("Config") for w in words):
            found.add(argument.arg)
    for node in statements(getattr(unit.tree, "body", []), lambda node: not _is_elsewhere(unit, node)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if _last_name(node.value.func) not in _BUILTINS:
                found.update(name for target in node.targets if (name := _handle(target)) is not None)
    return found


def _is_elsewhere(unit: Unit, node: ast.AST) -> bool:
    """Whether a definition inside a unit is one by itself."""
    return node.__class__ in _DEFINITIONS and any(
        first <= node.lineno <= last  # type: ignore[attr-defined]
        for first, last in unit.holes
    )


def _handle(node: ast.expr) -> str | None:
    """A name, or an attribute of one, as it is written."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def _reuses(unit: Unit) -> bool:
    """Whether a name that may be a module is an argument or an element twice, or once in a loop or comprehension."""
    names = _may_be_modules(unit)
    seen: set[str] = set()
    stack: list[tuple[Any, bool]] = [(unit.tree, False)] if names else []
    while stack:
        node, in_loop = stack.pop()
        kind = node.__class__
        if kind in _DEFINITIONS and _is_elsewhere(unit, node):
            continue
        handed: list[ast.expr] = []
        if kind is ast.Call:
            handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif kind is ast.List or kind is ast.Tuple:
            handed = node.elts
        elif kind is ast.Dict:
            handed = node.values
        elif kind is ast.ListComp or kind is ast.GeneratorExp:
            handed = [node.elt]
        for value in handed:
            name = _handle(value)
            if name is not None and name in names:
                if in_loop or name in seen or kind is ast.ListComp or kind is ast.GeneratorExp:
                    return True
                seen.add(name)
        inside = in_loop or kind in _LOOPS
        for field in node._fields:
            below: Any = getattr(node, field, None)
            if below.__class__ is list:
                stack.extend([(item, inside) for item in below if item.__class__ not in _LEAVES])
            elif below.__class__ not in _LEAVES:
                stack.append((below, inside))
    return False


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
