"""Which classes a change of files can have changed: those from which a changed definition is reached by its name."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from paramlint.facts.files import File, Project
from paramlint.source.text import Source
from paramlint.source.versions.snapshot import Snapshot
from paramlint.symbolic.comparing.built_code import builds_the_same, only_called
from paramlint.syntax.outline import DEFINITIONS, first_row, last_row, statements

#: A definition: the path of its file from the root, and its name; an empty name is all of the file.
Key = tuple[str, str]
#: The statements that import something, with all names in them.
_IMPORTS = re.compile(rb"^[ \t]*(?:from|import)\b[^\n(;\\]*(?:\([^)]*\)|(?:\\\r?\n[^\n\\]*)*)", re.M)
_WORD = re.compile(rb"[^\W\d]\w*")
_DOTS = re.compile(rb"from[ \t]+(\.+)")
#: Names of attributes behind a name that are followed.
_LONGEST = 4
_INIT = "__init__.py"


def files_reached(changed: Collection[str], versions: Iterable[Snapshot]) -> set[str]:
    """The files that changed, and all that import them, in one version or the other, over however many others.

    An import is told from the words in it, which is quick and generous.
    """
    reached = set(changed)
    words = {}
    for version in versions:
        for path in version.files:
            try:
                data = version.read(os.path.join(version.root, path))
            except OSError:
                continue
            words.setdefault(path, set()).update(_imported_words(path, data))
    stems = {_stem(path) for path in changed}
    waiting = {path for path in words if path not in reached}
    while True:
        found = {path for path in waiting if not stems.isdisjoint(words[path])}
        if not found:
            return reached
        reached |= found
        waiting -= found
        stems |= {_stem(path) for path in found}


def _stem(path: str) -> str:
    """The word by which a file is imported."""
    folder, _, name = path.rpartition("/")
    return name.removesuffix(".py") if name != _INIT else folder.rpartition("/")[2]


def _imported_words(path: str, data: bytes) -> Iterator[str]:
    folders = path.split("/")[:-1]
    for found in _IMPORTS.finditer(data):
        for word in _WORD.findall(found[0]):
            yield word.decode(errors="replace")
        dots = _DOTS.search(found[0])
        if dots and 0 < len(dots[1]) <= len(folders):
            yield folders[-len(dots[1])]


@dataclass
class _Definition:
    """The rows of the statements that give a name its value, and the dotted names in them."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    chains: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, span: tuple[int, int], chains: Collection[tuple[str, ...]]) -> None:
        self.spans.append(span)
        self.chains.update(chains)


def _definitions_of(facts: File) -> dict[str, _Definition]:
    found: dict[str, _Definition] = {}
    loose: list[tuple[tuple[int, int], set[tuple[str, ...]]]] = []
    for statement in facts.tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        span = first_row(statement, facts.source), last_row(statement)
        chains = _chains(_built_text(statement, span, facts.source))
        names = set(_bound(statement))
        for name in names:
            found.setdefault(name, _Definition()).add(span, chains)
        if not names:
            loose.append((span, chains))
    for span, chains in loose:  # `TABLE["x"] = f()`, `register(Net)`
        for name in {chain[0] for chain in chains}:
            if name in found:
                found[name].add(span, chains)
    return found


def _built_text(statement: ast.stmt, span: tuple[int, int], source: Source) -> str:
    """The text of a statement, without methods that only who calls its instances comes to."""
    text = source.lines(*span)
    if not isinstance(statement, ast.ClassDef):
        return text
    rows = text.splitlines(keepends=True)
    for method in only_called(statement, text):
        for row in range(method.lineno - span[0], last_row(method) - span[0] + 1):
            rows[row] = ""
    return "".join(rows)


_CHAIN = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def _chains(text: str) -> set[tuple[str, ...]]:
    """The dotted names in a text, and words that are none: `layers.Mlp`."""
    return {tuple(found.split(".")[:_LONGEST]) for found in set(_CHAIN.findall(text))}


def _bound(statement: ast.stmt) -> Iterator[str]:
    for one in statements([statement], lambda _: True) if not isinstance(statement, DEFINITIONS) else [statement]:
        if isinstance(one, DEFINITIONS):
            yield one.name
        elif isinstance(one, (ast.Import, ast.ImportFrom)):
            continue
        elif isinstance(one, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.With)):
            for node in ast.walk(one):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id


class Reach:
    """What the definitions of one version name.

    Args:
        snapshot: the version.
        project: its files.
    """

    def __init__(self, snapshot: Snapshot, project: Project) -> None:
        self.snapshot = snapshot
        self.project = project
        self._definitions: dict[str, dict[str, _Definition]] = {}
        self._resolved: dict[tuple[str, tuple[str, ...]], tuple[Key, ...]] = {}
        #: For each definition that was looked at, those that it names.
        self.edges: dict[Key, frozenset[Key]] = {}

    def path(self, facts: File) -> str:
        """The path of a file from the root."""
        return os.path.relpath(facts.path, self.snapshot.root).replace(os.sep, "/")

    def file(self, path: str) -> File | None:
        """The file of a path from the root; None where it is no Python."""
        return self.project.file(os.path.join(self.snapshot.root, path)) if path in self.snapshot.files else None

    def definitions(self, path: str) -> dict[str, _Definition]:
        """What gives each name of a file its value."""
        if path not in self._definitions:
            facts = self.file(path)
            self._definitions[path] = _definitions_of(facts) if facts is not None else {}
        return self._definitions[path]

    def text(self, key: Key) -> list[str]:
        """The statements of a definition."""
        facts = self.file(key[0])
        spans = (
            self.definitions(key[0])[key[1]].spans if facts is not None and key[1] in self.definitions(key[0]) else []
        )
        return [facts.source.lines(first, last) for first, last in spans] if facts is not None else []

    def follow(self, start: Key) -> None:
        """Look at a definition and all that is reached from it."""
        waiting = [start]
        while waiting:
            key = waiting.pop()
            if key not in self.edges:
                self.edges[key] = frozenset(self._named(key))
                waiting += self.edges[key]

    def _named(self, key: Key) -> Iterator[Key]:
        path, name = key
        facts = self.file(path)
        if facts is None:
            return
        if not name:  # a module that is handed on as a whole
            yield from ((path, one) for one in self.definitions(path))
            for target in facts.outline.imports:
                yield from self._resolve(facts, path, (target,))
            return
        definition = self.definitions(path).get(name)
        for chain in definition.chains if definition is not None else ():
            yield from (found for found in self._resolve(facts, path, chain) if found != key)

    def _resolve(self, facts: File, path: str, chain: tuple[str, ...], depth: int = 0) -> tuple[Key, ...]:
        known = self._resolved.get((path, chain))
        if known is None:
            self._resolved[path, chain] = ()  # what is under way, in a circle of imports
            known = self._resolved[path, chain] = tuple(self._found(facts, path, chain, depth))
        return known

    def _found(self, facts: File, path: str, chain: tuple[str, ...], depth: int) -> Iterator[Key]:
        name = chain[0]
        outline = facts.outline
        if name not in outline.imports and not outline.star_imports and name not in self.definitions(path):
            return
        if name in self.definitions(path):
            yield path, name
        target = facts.outline.imports.get(name)
        if target is not None:
            yield from self._imported(facts, target if len(chain) == 1 else f"{target}.{'.'.join(chain[1:])}", depth)
        elif name not in self.definitions(path):
            for module in facts.outline.star_imports:
                dotted = module + name if module.endswith(".") else f"{module}.{name}"
                found = list(self._imported(facts, dotted, depth))
                if found:
                    yield from found
                    return

    def _imported(self, facts: File, dotted: str, depth: int) -> Iterator[Key]:
        if depth > _DEEPEST or not self._is_inside(facts, dotted):
            return
        found = self.project.find(dotted, facts)
        if found is None or not found[0].path.startswith(os.path.join(self.snapshot.root, "")):
            return
        file, rest = found
        path = self.path(file)
        if not rest:
            yield path, ""
            return
        yield from self._resolve(file, path, tuple(rest.split(".")[:_LONGEST]), depth + 1)

    def _is_inside(self, facts: File, dotted: str) -> bool:
        """Whether an import may lead to a file of this version, and not to another package."""
        if dotted.startswith("."):
            return True
        head = dotted.partition(".")[0]
        folder = os.path.dirname(facts.path)
        for _ in range(facts.depth):
            folder = os.path.dirname(folder)
        root = self.snapshot.root
        roots = [folder, root, os.path.join(root, "src"), *self.project.roots]
        return any(
            self.project.dependencies.kind(os.path.join(one, name))
            for one in roots
            if one.startswith(root)
            for name in (head, f"{head}.py")
        )


_DEEPEST = 30


def changed_keys(old: Reach, new: Reach) -> set[Key]:
    """The definitions from which something is reached that is another one in the other version."""
    dirty = {key for key in {*old.edges, *new.edges} if _differs(old, new, key)}
    causes: dict[Key, set[Key]] = {}
    for reach in (old, new):
        for key, named in reach.edges.items():
            for one in named:
                causes.setdefault(one, set()).add(key)
    waiting = list(dirty)
    while waiting:
        for cause in causes.get(waiting.pop(), ()):
            if cause not in dirty:
                dirty.add(cause)
                waiting.append(cause)
    return dirty


def _differs(old: Reach, new: Reach, key: Key) -> bool:
    if key not in old.edges or key not in new.edges or old.edges[key] != new.edges[key]:
        return True
    path, name = key
    if not name or old.snapshot.files.get(path) == new.snapshot.files.get(path):
        return False
    before, after = old.text(key), new.text(key)
    if before == after:
        return False
    return len(before) != len(after) or not all(map(builds_the_same, before, after))
