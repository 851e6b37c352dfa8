"""The words of a unit and of what it calls, in its file and in others."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from paramlint.engine.nominate.quick_walk import DEFINITIONS, last_name, walk
from paramlint.engine.nominate.words import Words
from paramlint.knowledge.initializers import initialises
from paramlint.rule import Asks
from paramlint.source.text import Source
from paramlint.syntax.outline import ClassOutline, Outline, Unit

#: A call, or what `functools.partial` is given to call.
_CALL = re.compile(r"\b(\w+)[ \t]*\(|(?<=\bpartial\()\s*(\w+)")
#: A call of something by its dotted name.
_DOTTED_CALL = re.compile(r"(?<![\w.])(\w+(?:\.\w+)*)[ \t]*\(|(?<=\bpartial\()\s*(\w+(?:\.\w+)*)")
_OF_SELF = re.compile(r"\bself\.(\w+)(?=[(,)])")
#: Units of other files that are followed from one.
_MAX_BEYOND = 100
#: What a function that does nothing but pass on plain values does not hold.
_DOING = (
    *DEFINITIONS,
    ast.Lambda,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Await,
    ast.comprehension,
)
#: Methods that most classes have their own of.
_OWN_OF_EACH = frozenset({"__init__", "forward"})
#: Calls that give plain values of plain values.
PLAIN = frozenset(
    {"bool", "dict", "float", "format", "get", "int", "items", "keys", "list", "max", "min", "partial", "pop", "round",
     "set", "setdefault", "str", "tuple", "update", "values"}
)  # fmt: skip


def is_built_elsewhere(outline: Outline, unit: Unit, entries: frozenset[str]) -> bool:
    """Whether a function only hands plain values to one other, which is built by itself with unknown arguments.

    Args:
        outline: that of the file.
        unit: the function; others do more.
        entries: the kinds of units that are built.
    """
    passed = _passed_on_to(outline, unit)
    if passed is None or not all(one.kind in entries for one in passed):
        return False
    seen = {unit}
    while passed:
        if passed[0] in seen:
            return False  # they hand them to each other
        seen.add(passed[0])
        passed = _passed_on_to(outline, passed[0]) or ()
    return True


def _passed_on_to(outline: Outline, unit: Unit) -> Sequence[Unit] | None:
    """What a function hands plain values to, where it does nothing else: nothing where that is of another file."""
    if unit.kind != "function":
        return None
    calls, found = 0, []
    for node in (node for statement in unit.tree.body for node in walk(statement)):  # type: ignore[attr-defined]
        if isinstance(node, _DOING) or (isinstance(node, (ast.Attribute, ast.Subscript)) and _is_changed(node)):
            return None
        if not isinstance(node, ast.Call) or last_name(node.func) in PLAIN:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        called = [*outline.functions.get(name, ()), *(cls.unit for cls in outline.classes.get(name, ()))]
        calls += 1
        if any(_makes_defaults(one) for one in outline.classes.get(name, ())):
            return None  # only a call says that an argument is the object that it is by default
        if calls > 1 or len(called) > 1 or not (called or outline.imports.get(name, "").startswith(".")):
            return None
        found += called
    return found if calls else None


def _makes_defaults(cls: ClassOutline) -> bool:
    """Whether an argument of a constructor is something made by a call, where it is not given."""
    trees = [unit.tree for unit in cls.methods.get("__init__", ()) if isinstance(unit.tree, ast.FunctionDef)]
    return any(isinstance(one, ast.Call) for tree in trees for one in (*tree.args.defaults, *tree.args.kw_defaults))


def _is_changed(node: ast.Attribute | ast.Subscript) -> bool:
    """Whether an attribute of something is given a value, or an item of it is that is not told by a text."""
    is_plain = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
    return not is_plain and not isinstance(node.ctx, ast.Load)


class Reach:
    """The words of a unit and of what it calls, one through the other: all of it is built to be asked.

    Args:
        source: the file.
        outline: that of the file.
        words: its words.
        beyond: what a dotted name that the file imports stands for in another one, as far as it is code.
    """

    def __init__(
        self,
        source: Source,
        outline: Outline,
        words: Words,
        beyond: Callable[[str], tuple[Reach, Unit] | None] = lambda _: None,
    ) -> None:
        self._source = source
        self._outline = outline
        self._words = words
        self._reaching: dict[tuple[frozenset[str], bool], set[Unit]] = {}
        self._callers: dict[bool, dict[Unit, list[Unit]]] = {}
        self._find = beyond
        self._elsewhere: dict[tuple[Unit, frozenset[str]], bool] = {}
        self._beyond: dict[tuple[Unit, bool], frozenset[str]] = {}
        self._said: dict[Unit, frozenset[str]] = {}
        self._next: dict[Unit, list[tuple[Reach, Unit]]] = {}
        self._found: dict[str, tuple[Reach, Unit] | None] = {}

    def holds(self, unit: Unit, asks: Asks) -> bool:
        """Whether one of the words that somebody asks for is among them, and not only in what is built by itself."""
        key = unit, asks.entries
        if key not in self._elsewhere:
            self._elsewhere[key] = is_built_elsewhere(self._outline, unit, asks.entries)
        if self._elsewhere[key]:
            return False
        if self.says(unit, asks.words, asks.made):
            return True
        return not asks.words.isdisjoint(self._words_beyond(unit, asks.made))

    def says(self, unit: Unit, words: frozenset[str], made: bool) -> bool:
        """Whether one of some words is among them; those of the classes that it makes count if `made`."""
        return unit in self._units_reaching(self.with_aliases(words), made)

    def with_aliases(self, words: frozenset[str]) -> frozenset[str]:
        """Some words, and the other names under which the file imports what is called so."""
        return words.union(*(self._aliases[word] for word in words & self._aliases.keys()))

    @cached_property
    def _aliases(self) -> dict[str, set[str]]:
        """The other names under which the file imports something, by its own name."""
        found: dict[str, set[str]] = {}
        for alias, dotted in self._outline.imports.items():
            own = dotted.rpartition(".")[2]
            if alias != own:
                found.setdefault(own, set()).add(alias)
        return found

    def _units_reaching(self, words: frozenset[str], made: bool) -> set[Unit]:
        """The units that say one of some words, or call what does: found from there, so that none is asked twice."""
        known = self._reaching.get((words, made))
        if known is None:
            known = set()
            if self._words.are_there(words):
                callers = self._callers_of(made)
                waiting = [unit for unit in self._outline.units if self._words.are_said_in(unit, words)]
                known.update(waiting)
                for unit in waiting:
                    new = [caller for caller in callers.get(unit, ()) if caller not in known]
                    known.update(new)
                    waiting += new
            self._reaching[words, made] = known
        return known

    def _callers_of(self, made: bool) -> dict[Unit, list[Unit]]:
        """What calls a unit, by unit; classes are called where what they make counts too."""
        if made not in self._callers:
            found: dict[Unit, list[Unit]] = {}
            for unit in self._outline.units:
                for called in dict.fromkeys(self._called(unit, made)):
                    found.setdefault(called, []).append(unit)
            self._callers[made] = found
        return self._callers[made]

    def _called(self, unit: Unit, made: bool) -> Iterator[Unit]:
        """What a unit calls of its file, and the bases of a class that are asked with it: plain ones, those some of
        whose methods it replaces or calls, and those whose constructor or methods initialise heirs."""
        if unit.kind == "class" and unit.cls is not None:
            bases = [cls for name in unit.cls.bases for cls in self._outline.classes.get(name or "", ())]
            concerned = (unit.cls.methods.keys() | self._said_of_self(unit)) - _OWN_OF_EACH
            yield from (
                base.unit
                for base in bases
                if set(base.bases) <= {"object"}
                or concerned & base.methods.keys()
                or "__init__" in base.methods.keys() - unit.cls.methods.keys()
                or any(map(initialises, base.methods))
            )
        for name in _within(unit, self._calls):
            yield from self._outline.functions.get(name, ())
            if made:
                yield from (cls.unit for cls in self._outline.classes.get(name, ()))

    def _said_of_self(self, unit: Unit) -> set[str]:
        """The methods of its own object that a class calls or hands on."""
        return set(_OF_SELF.findall(self._source.lines(unit.first, unit.last)))

    @cached_property
    def _calls(self) -> list[tuple[int, str]]:
        """The rows on which functions and classes of the file may be called, each with the name."""
        named = self._outline.functions.keys() | self._outline.classes.keys()
        found = ((match.start(), match[1] or match[2]) for match in _CALL.finditer(self._source.text))
        return [(self._source.place(start)[0], name) for start, name in found if name in named]

    def _words_beyond(self, unit: Unit, made: bool) -> frozenset[str]:
        """The words of what a unit reaches in other files; those of the classes that it makes count if `made`."""
        known = self._beyond.get((unit, made))
        if known is None:
            reached: list[tuple[Reach, Unit]] = [(self, unit)]
            seen = {unit}
            for reach, part in reached:
                for other in reach._reached_from(part):
                    if not made and other[1].kind == "class":
                        continue
                    if other[1] not in seen and len(seen) < _MAX_BEYOND:
                        seen.add(other[1])
                        reached.append(other)
            said = (reach._words_of(part) for reach, part in reached if reach is not self)
            known = self._beyond[unit, made] = frozenset().union(*said)
        return known

    def _reached_from(self, unit: Unit) -> list[tuple[Reach, Unit]]:
        """What a unit calls, here and in other files."""
        known = self._next.get(unit)
        if known is None:
            known = self._next[unit] = [(self, called) for called in self._called(unit, made=True)]
            for name in _within(unit, self._calls_of_imports):
                if name not in self._found:
                    self._found[name] = self._find(name)
                found = self._found[name]
                if found is not None:
                    known.append(found)
        return known

    @cached_property
    def _calls_of_imports(self) -> list[tuple[int, str]]:
        """The rows on which something may be called that the file imports, each with the dotted name."""
        outline, found = self._outline, []
        named = outline.functions.keys() | outline.classes.keys()
        for match in _DOTTED_CALL.finditer(self._source.text):
            name = match[1] or match[2]
            head = name.partition(".")[0]
            if head in outline.imports or (outline.star_imports and head == name and head not in named):
                found.append((self._source.place(match.start())[0], name))
        return found

    def _words_of(self, unit: Unit) -> frozenset[str]:
        """The words that a unit says, those included that it has under another name."""
        known = self._said.get(unit)
        if known is None:
            said = self._words.said_in(unit)
            own = (word for word, names in self._aliases.items() if not names.isdisjoint(said))
            known = self._said[unit] = said.union(own)
        return known


def _within(unit: Unit, calls: list[tuple[int, str]]) -> Iterator[str]:
    """The names among calls, by their rows, that stand in a unit."""
    is_module = unit.kind == "module"
    for row, name in calls[bisect_left(calls, (unit.first, "")) : bisect_left(calls, (unit.last + 1, ""))]:
        if not (is_module and unit.leaves_out(row)):
            yield name
