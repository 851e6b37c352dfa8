"""Files and the project around them: looking names up, following imports only when somebody asks."""

from __future__ import annotations

import ast
import builtins
import os
import re
from collections import OrderedDict
from collections.abc import MutableMapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from weakref import WeakValueDictionary, ref

from paramlint import knowledge
from paramlint.facts.module_paths import ModulePaths
from paramlint.knowledge.foreign import NAMES_BY_CONVENTION
from paramlint.source.dependencies import Dependencies, Look
from paramlint.source.text import Source, UnreadableError
from paramlint.syntax.garbage_collection import collect_after
from paramlint.syntax.outline import NotInAstError, Outline, Unit, outline

if TYPE_CHECKING:
    from paramlint import nodes
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Scope
    from paramlint.syntax.draft import Draft
    from paramlint.syntax.parse import Segment, WholeFile

    #: What a dotted name stands for: a class or function of the project, or the canonical name of something outside it.
    Symbol: TypeAlias = Class | Scope | str

_BUILTINS = frozenset(dir(builtins))
_TORCH = re.compile(r"\btorch\b")
_ALL_NAMES = re.compile(rb"import[\s\\]*\*")

#: Files kept parsed, and bytes of their text. The syntax tree of a file takes some 40 times its size.
_PARSED = 48
_PARSED_SIZE = 1_000_000
#: Files whose outline is kept, bytes of their text, and how many times as much one check may keep.
_KEPT = 400
_KEPT_SIZE = 5_000_000
_MORE = 4
#: Nodes that questions about one file may look at: about what a worker looks at before its time is up.
MAX_STEPS = 100_000_000

#: Files on the way to a name at most.
_DEEPEST = 40


class Search:
    """The search for one name: each file is asked for it once, so that imports in a circle end.

    Attributes:
        found: by path and name, what was found; None also where the search is under way.
        depth: how many files the search is in.
    """

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Symbol | None] = {}
        self.depth = 0


class File:
    """One file's names, classes and scopes; nothing is parsed before it is asked for.

    Args:
        source: the file's text.
        tree: its `ast`, where the caller has it already.
        project: where other files are found; without one, names from other files stay unknown.
        whole: parse the file once as a whole instead of unit by unit (the reference).
        draft: answer from drafts; nothing is parsed.

    Raises:
        SyntaxError: when the outline is asked for and the file is not valid Python.
    """

    def __init__(
        self,
        source: Source,
        project: Project | None = None,
        tree: ast.Module | None = None,
        whole: bool = False,
        draft: bool = False,
    ) -> None:
        self.source = source
        self.project = project
        self.is_whole = whole
        self.is_draft = draft
        self._tree = tree
        self._decided: File | None = None
        self._decided_before: ref[File] | None = None
        self._scopes: MutableMapping[Unit, Scope] = {}
        self._classes: MutableMapping[Unit, Class] = {}
        self.memo: dict[str, Any] = {}
        #: Characters that LibCST has parsed, for the benchmarks.
        self.parsed = 0
        #: Nodes that have been looked at.
        self.steps = 0

    def decided(self, project: Project | None) -> File:
        """The same file, answering from LibCST's trees; it stays as long as this one is parsed or others use it."""
        if self._decided is None and self._decided_before is not None:
            self._decided = self._decided_before()
        if self._decided is None:
            self._decided = File(self.source, project)
            vars(self._decided)["outline"] = self.outline
        return self._decided

    def step(self, steps: int, row: int) -> None:
        """Take steps of those that questions about one file may take: a process alone has no other limit.

        Raises:
            TooComplexError: there are none left.
        """
        self.steps += steps
        if self.steps > MAX_STEPS:
            from paramlint.syntax.parse import TooComplexError  # LibCST is loaded only where it is needed

            raise TooComplexError(row)

    @property
    def tree(self) -> ast.Module:
        """The file's `ast`."""
        return cast("ast.Module", self.outline.module.tree)

    @cached_property
    def outline(self) -> Outline:
        """Where the file's definitions are."""
        tree, self._tree = self._tree, None
        return outline(ast.parse(self.source.text) if tree is None else tree, self.source)

    def let_go(self) -> None:
        """Keep only the outline and what others use; circles would otherwise stay until the garbage is collected.

        Trees that were parsed with LibCST stay while they are used: findings are placed by their nodes.
        """
        if "outline" in vars(self):
            self.outline.syntax.let_go()
        if self._decided is not None:
            self._decided_before, self._decided = ref(self._decided), None
        if self.is_draft:
            for scope in self._scopes.values():
                scope.let_go()
            for cls in self._classes.values():
                cls.let_go()
            self._scopes, self._classes = WeakValueDictionary(self._scopes), WeakValueDictionary(self._classes)
            self.memo.clear()

    def take_up(self) -> None:
        """Keep again what is found out, after the file was let go of."""
        self._scopes, self._classes = dict(self._scopes), dict(self._classes)

    def forget(self) -> None:
        """Let go of scopes and classes, which otherwise only the garbage collector could: they point in circles."""
        if self._decided is not None:
            self._decided.forget()
        if "outline" in vars(self):
            self.outline.syntax.let_go()
        for part in (*self._scopes.values(), *self._classes.values()):
            vars(part).clear()
        self._scopes.clear()
        self._classes.clear()
        self.memo.clear()

    @cached_property
    def module(self) -> str:
        """The file's dotted module name, from the folders around it that hold an `__init__.py`."""
        folder, name = os.path.split(self.path)
        stem = os.path.splitext(name)[0]
        parts = [] if stem == "__init__" else [stem]
        while self.exists(os.path.join(folder, "__init__.py")) and folder != os.path.dirname(folder):
            folder, name = os.path.split(folder)
            parts.append(name)
        return ".".join(reversed(parts))

    @cached_property
    def depth(self) -> int:
        """How many folders lie between its own and the one that holds its top-level package."""
        dots = self.module.count(".")
        return dots + 1 if os.path.basename(self.source.path) == "__init__.py" and self.module else dots

    @cached_property
    def path(self) -> str:
        """The file's whole path."""
        return os.path.abspath(self.source.path)

    @property
    def look(self) -> Look:
        """The look at this file, from which others start."""
        return Look("text", self.path)

    def exists(self, path: str) -> bool:
        """Whether there is something at a path; the file depends on that."""
        if self.project is None:
            return os.path.exists(path)
        self.project.dependencies.note(self.look, [self.project.dependencies.look("kind", path)])
        return bool(self.project.dependencies.kind(path))

    @cached_property
    def is_cut_off(self) -> bool:
        """Whether the file is judged by itself although it is part of a package, whose other files may know more."""
        return self.project is None and os.path.exists(os.path.join(os.path.dirname(self.source.path), "__init__.py"))

    @cached_property
    def _whole(self) -> WholeFile:
        from paramlint.syntax.parse import WholeFile

        return WholeFile(self.source, self.outline.units)

    def segment(self, unit: Unit) -> Segment | Draft:
        """Parse a unit, or draft it.

        Raises:
            TooComplexError: LibCST might not survive it.
        """
        if self.is_draft:
            from paramlint.syntax.draft import Draft

            return Draft(self.source, unit)
        from paramlint.syntax.parse import Segment  # it loads LibCST, which takes longer than most files

        segment = Segment(self.source, unit, self._whole if self.is_whole else None)
        self.parsed += segment.size
        return segment

    def spans(self, wanted: set[nodes.Node], scopes: list[Scope]) -> dict[nodes.Node, tuple[int, int]]:
        """Where nodes of this file stand in its text, by the given scopes first; drafts that cannot tell raise."""
        found: dict[nodes.Node, tuple[int, int]] = {}
        segments = {scope.segment: None for scope in [*scopes, *self._scopes.values()] if "segment" in vars(scope)}
        for segment in segments:
            missing = wanted - found.keys()
            if not missing:
                break
            found.update(segment.spans(missing))
        if self.is_draft and wanted - found.keys():
            raise NotInAstError
        return found

    def scope(self, unit: Unit) -> Scope:
        """The scope of a unit; it is parsed when first asked."""
        known = self._scopes.get(unit)
        if known is None:
            from paramlint.facts.scopes import Scope  # loaded where something is nominated

            known = self._scopes[unit] = Scope(self, unit)
        return known

    def class_of(self, unit: Unit) -> Class | None:
        """The class that a unit is, or is a method of."""
        if unit.cls is None:
            return None
        known = self._classes.get(unit.cls.unit)
        if known is None:
            from paramlint.facts.classes import Class

            known = self._classes[unit.cls.unit] = Class(self, unit.cls)
        return known

    def lookup(self, name: str, search: Search | None = None) -> Symbol | None:
        """What a dotted name means at the module level of this file, imports followed."""
        search = search or Search()
        key = (self.source.path, name)
        if key in search.found or search.depth > _DEEPEST:
            return search.found.get(key)
        search.found[key] = None
        search.depth += 1
        search.found[key] = symbol = self._lookup(name, search)
        search.depth -= 1
        return symbol

    def _lookup(self, name: str, search: Search) -> Symbol | None:
        found = self.outline.classes.get(name)
        if found:
            return self.class_of(found[-1].unit)
        functions = self.outline.functions.get(name)
        if functions:
            return self.scope(functions[-1])
        head, _, rest = name.partition(".")
        target = self.outline.imports.get(head)
        if target is not None:
            return self.imported(f"{target}.{rest}" if rest else target, search)
        if head in _BUILTINS:
            return None
        alias = self.outline.aliases.get(head)
        if alias is not None:
            return self.lookup(f"{alias}.{rest}" if rest else alias, search)
        for module in self.outline.star_imports:
            dotted = f"{module}.{name}" if not module.endswith(".") else module + name
            if self.project is not None and not self.project.may_hold(dotted, name, self, search):
                continue
            symbol = self.imported(dotted, search)
            if symbol is not None and (not isinstance(symbol, str) or self._is_of_project(dotted)):
                return symbol
        meant = self.conventional(head)
        return knowledge.canonical(f"{meant}.{rest}" if rest else meant) if meant else None

    def conventional(self, name: str) -> str:
        """What a name means that nothing but an `import *` can give, which was not followed to it; else empty."""
        if not self.outline.star_imports or name in self.outline.assigned or _TORCH.search(self.source.text) is None:
            return ""

        return NAMES_BY_CONVENTION.get(name, "")

    def _is_of_project(self, dotted: str) -> bool:
        """Whether a file of the project says what a name is: what other packages do not have would be theirs too."""
        found = self.project.find(dotted, self) if self.project is not None else None
        return found is not None and bool(found[1])

    def imported(self, dotted: str, search: Search | None = None) -> Symbol | None:
        """What an imported dotted name means: a definition in the project, or a canonical name outside it."""
        if not dotted.startswith("."):
            name = knowledge.canonical(dotted)
            if name.startswith("torch."):
                return name
        if self.project is None:
            return None if dotted.startswith(".") else knowledge.canonical(dotted)
        return self.project.resolve(dotted, self, search or Search())


class Project:
    """Finds and keeps the files that names are followed into.

    Args:
        roots: folders from which absolute imports are looked up, beside the folder of the importing file's package.
        is_draft: answer from drafts; nothing is parsed.
        dependencies: where what is looked at is noted, for both.
    """

    def __init__(
        self, roots: list[str] | None = None, *, is_draft: bool = False, dependencies: Dependencies | None = None
    ) -> None:
        self.roots = [os.path.abspath(root) for root in roots or []]
        self.is_draft = is_draft
        self._files: OrderedDict[str, File | None] = OrderedDict()
        self._parsed: OrderedDict[str, File] = OrderedDict()
        self._size = self._parsed_size = 0
        #: What was asked for since the file came that is checked; it stays: read anew, a file would be another one.
        self._touched: set[str] = set()
        self.memo: dict[str, Any] = {}
        self._outside: dict[tuple[str, str], str | None] = {}
        #: What was looked at, and which file caused it.
        self.dependencies = dependencies if dependencies is not None else Dependencies()
        self._paths = ModulePaths(self.roots, self.dependencies)

    @cached_property
    def drafts(self) -> Project:
        """The same project, answering from drafts; it reads the files for both."""
        return Project(self.roots, is_draft=True, dependencies=self.dependencies)

    def forget(self) -> None:
        """Let go of all files; what they depended on stays known."""
        if not self.is_draft:
            self.drafts.forget()
        for file in self._files.values():
            if file is not None:
                file.forget()
        for kept in (self._files, self._parsed, self._touched):
            kept.clear()
        self.memo.clear()
        self._size = self._parsed_size = 0

    def file(self, path: str) -> File | None:
        """A file by path, for who says so in `dependencies`; `None` where it cannot be read or is not valid Python."""
        if not self.is_draft:
            return self._decided(self.drafts.file(path))
        self._touched |= {path} if self._touched else set()
        if path in self._files:
            self._files.move_to_end(path)
            if path in self._parsed:
                self._parsed.move_to_end(path)
        else:
            self._keep(path, self._read(path))
        return self._files[path]

    def adopt(self, source: Source, tree: ast.Module) -> File:
        """The file of a source that is being checked; other files that follow a name here share it."""
        if not self.is_draft:
            return self.drafts.adopt(source, tree).decided(self)
        known = self.known(source)
        path = os.path.abspath(source.path)
        self._touched = {path}
        if known is None:
            self.make_room(len(source.data))
            known = File(source, self, tree, draft=True)
            self._keep(path, known)
        self._files.move_to_end(path)
        return known

    def known(self, source: Source) -> File | None:
        """The file of a source, if a name was followed into it before and it has not changed since."""
        if not self.is_draft:
            return self._decided(self.drafts.known(source))
        file = self._files.get(os.path.abspath(source.path))
        return file if file is not None and file.source.data == source.data else None

    def _decided(self, draft: File | None) -> File | None:
        return draft.decided(self) if draft is not None else None

    def make_room(self, size: int) -> None:
        """Let go of the trees that nobody has asked for longest, before a file of so many bytes is parsed."""
        if not self.is_draft:
            return self.drafts.make_room(size)
        while self._parsed and (len(self._parsed) >= _PARSED or self._parsed_size + size > _PARSED_SIZE):
            self._let_go(next(iter(self._parsed)))
        return None

    def _let_go(self, path: str) -> None:
        file = self._parsed.pop(path)
        self._parsed_size -= len(file.source.data)
        file.let_go()

    def _keep(self, path: str, file: File | None) -> None:
        if path in self._files:
            self._drop(path)
        if file is not None:
            file.outline.syntax.before_parsing = partial(self._parse_again, path, ref(file))
        size = len(file.source.data) if file is not None else 0
        while self._files and self._is_full(size, _MORE if next(iter(self._files)) in self._touched else 1):
            self._drop(next(iter(self._files)))
        self._files[path] = file
        self._size += size
        if file is not None:
            self._count_parsed(path, file)

    def _is_full(self, size: int, times: int) -> bool:
        return len(self._files) >= times * _KEPT or self._size + size > times * _KEPT_SIZE

    def _count_parsed(self, path: str, file: File) -> None:
        self._parsed[path] = file
        self._parsed_size += len(file.source.data)

    def _drop(self, path: str) -> None:
        file = self._files.pop(path)
        if file is not None:
            self._size -= len(file.source.data)
        if path in self._parsed:
            self._let_go(path)

    def _parse_again(self, path: str, parsed: ref[File]) -> None:
        file = self._files.get(path)
        if file is not None and file is parsed():
            self.make_room(len(file.source.data))
            self._count_parsed(path, file)
            file.take_up()

    def _read(self, path: str) -> File | None:
        try:
            source = self.dependencies.read(path)
            self.make_room(len(source.data))
            file = File(source, self, draft=True)
            _ = file.outline
            collect_after(len(file.source.data))  # a search through a package can read hundreds for one that is checked
        except (UnreadableError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        return file

    def resolve(self, dotted: str, importer: File, search: Search) -> Symbol | None:
        """What a dotted name that a file imports stands for; where that is outside of the project, it is remembered."""
        key = (dotted, os.path.dirname(importer.path))
        place = self._paths.place(*key, importer.look, importer.depth)
        if key in self._outside:
            return self._outside[key]
        file = self.file(place[0]) if place is not None else None
        symbol: Symbol | None = None
        if place is not None and file is not None and place[1]:
            symbol = file.lookup(place[1], search)
        elif file is None and not dotted.startswith("."):
            symbol = knowledge.canonical(dotted)
        if isinstance(symbol, str) or (symbol is None and search.depth <= 1):
            self._outside[key] = symbol
        return symbol

    def may_hold(self, dotted: str, name: str, importer: File, search: Search) -> bool:
        """Whether a file behind `import *` was not asked yet, and has the name in its text or imports others' names.

        Thousands of files can lie behind one `import *`; to read them is ten times cheaper than to parse them.
        """
        place = self._paths.place(dotted, os.path.dirname(importer.path), importer.look, importer.depth)
        if place is None or not place[1] or not place[1].isascii():
            return True
        if place in search.found or len(place[1]) > len(name):  # in the latter case its module is not there
            return False
        try:
            data = self.dependencies.read(place[0]).data
        except UnreadableError:
            return False
        holds = place[1].partition(".")[0].encode() in data or _ALL_NAMES.search(data) is not None
        if not holds:
            search.found[place] = None
        return holds

    def find(self, dotted: str, importer: File) -> tuple[File, str] | None:
        """The file that holds a dotted name, and the rest of the name inside it."""
        place = self._paths.place(dotted, os.path.dirname(importer.path), importer.look, importer.depth)
        file = self.file(place[0]) if place is not None else None
        return (file, place[1]) if place is not None and file is not None else None
