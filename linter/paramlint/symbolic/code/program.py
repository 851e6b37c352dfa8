"""The source that is interpreted: files, their classes and functions, and what a module-level name stands for.

Stubs of torch are files like any other; what neither the project nor a stub has is an `External` name.
"""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from paramlint.facts.files import File, Project, Search
from paramlint.knowledge import canonical, is_told, stubs
from paramlint.knowledge.foreign import NOT_FOLLOWED
from paramlint.source.text import Source
from paramlint.symbolic.code.bindings import (
    DEFINITIONS,
    binds_names,
    changed_names,
    definitions,
    names_in,
    own_statements,
    simple_statements,
    stored_names,
)
from paramlint.symbolic.values import Environment, External, FileValue, Function, Value
from paramlint.syntax.outline import ClassOutline, Unit

_BUILTINS = frozenset(dir(builtins))
#: Files that one name is followed through at most.
_DEEPEST = 30
#: Bytes of the files that are kept from one check to the next. What is read of a file takes some 60 times as much.
_KEPT_SIZE = 1_000_000
#: The containers of modules, which the interpreter fills itself.
CONTAINERS = "torch.nn.containers"
_CONTAINER_TEXT = """
class Sequential(Module): pass
class ModuleList(Module): pass
class ModuleDict(Module): pass
class ParameterList(Module): pass
class ParameterDict(Module): pass
"""
_PLAIN = (ast.Import, ast.ImportFrom, ast.Pass, ast.Global)
_CONTAINER_NAMES = frozenset({"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
#: What stubs may name without an import.
_STUB_NAMES = {
    "torch": "torch",
    "nn": "torch.nn",
    "init": "torch.nn.init",
    "Parameter": "torch.nn.Parameter",
    "Module": "torch.nn.Module",
    "math": "math",
    "copy": "copy",
}


@dataclass(frozen=True)
class Effect:
    """A statement at module level that does something, or a decorated definition by its name, and what it names."""

    what: Any
    names: frozenset[str]


@dataclass(frozen=True)
class Place:
    """A unit of a file: the code in which nodes stand."""

    file: SourceFile
    unit: Unit

    @cached_property
    def segment(self) -> Any:
        """Its parsed text or draft."""
        return self.file.facts.scope(self.unit).segment

    @property
    def node(self) -> Any:
        """Its `FunctionDef`, `ClassDef` or `Module`."""
        return self.segment.node

    @cached_property
    def decorators(self) -> tuple[str, ...]:
        """The dotted names of its decorators, as far as they are names."""
        found = []
        for decorator in getattr(self.node, "decorators", ()):
            node = decorator.decorator
            while node.__class__.__name__ == "Call":
                node = node.func
            parts = []
            while node.__class__.__name__ == "Attribute":
                parts.append(node.attr.value)
                node = node.value
            if node.__class__.__name__ == "Name":
                found.append(".".join([node.value, *reversed(parts)]))
        return tuple(found)

    def row(self, node: Any) -> int:
        """The row on which a node begins; that of the unit where it cannot be told."""
        return self.segment.row(node) or self.unit.first


@dataclass(eq=False)
class ClassValue(Value):
    """A class of the project or of a stub.

    Attributes:
        env: the names around it, for a class that is made in a function.
        name: its dotted name within the file, or torch's public name of it.
        members: what its own code gives names, by the interpreter; filled on demand.
    """

    file: SourceFile
    outline: ClassOutline
    env: Environment | None = None
    mro: list[Value] | None = None
    members: dict[str, Value] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Its own code, without its methods."""
        return self.file.place(self.outline.unit)

    @property
    def name(self) -> str:
        """Its name as the file says it."""
        return self.outline.name

    @property
    def qualified(self) -> str:
        """Its dotted name, the module included; torch's public name for a class of a stub."""
        return f"{self.file.module}.{self.outline.qualname}" if self.file.module else self.outline.qualname

    def method(self, name: str) -> Function | None:
        """Its own method of this name, unbound."""
        found = self.outline.methods.get(name)
        if not found:
            return None
        place = self.file.place(found[-1])
        return Function(place.node, place, self.env, None, self)

    def __repr__(self) -> str:
        return f"<class {self.outline.qualname}>"


@dataclass(frozen=True)
class Branch:
    """A definition, and the tests around it with the answers that lead to it; None is a test that is not looked at."""

    tests: tuple[tuple[Any, bool], ...]
    value: ClassValue | Function


class SourceFile:
    """A file and what its module-level names stand for."""

    def __init__(self, program: Program, facts: File, stub: str = "") -> None:
        self.program = program
        self.facts = facts
        self.stub = stub
        self._places: dict[Unit, Place] = {}
        self._classes: dict[Unit, ClassValue] = {}

    def forget(self) -> None:
        """Let go of its places and classes, which point back to it."""
        for kept in ("assigned", "branches", "changed", "effects"):
            vars(self).pop(kept, None)
        self._places.clear()
        self._classes.clear()

    @property
    def is_stub(self) -> bool:
        """Whether it says what torch does, and is not the user's."""
        return bool(self.stub)

    @property
    def module(self) -> str:
        """Its dotted module name."""
        if self.stub == CONTAINERS:
            return "torch.nn"
        return self.stub or self.facts.module

    @property
    def path(self) -> str:
        """Its path, as it was given."""
        return self.facts.source.path

    def place(self, unit: Unit) -> Place:
        """The place of a unit."""
        known = self._places.get(unit)
        if known is None:
            known = self._places[unit] = Place(self, unit)
        return known

    @property
    def module_place(self) -> Place:
        """The place of the code at module level."""
        return self.place(self.facts.outline.module)

    def binds(self, name: str) -> bool:
        """Whether its own code gives a name a value, and not only `import *`."""
        outline = self.facts.outline
        return name in outline.imports or name in outline.classes or name in outline.functions or name in self.assigned

    def class_value(self, outline: ClassOutline, env: Environment | None = None) -> ClassValue:
        """The class of an outline; one that is made in a function is a new one for each environment."""
        if env is not None:
            return ClassValue(self, outline, env)
        known = self._classes.get(outline.unit)
        if known is None:
            known = self._classes[outline.unit] = ClassValue(self, outline)
        return known

    def definition(self, name: str) -> Value | None:
        """The class or function that a module-level name, or a local one as `f.<locals>.C`, is defined as."""
        outline = self.facts.outline
        if name in outline.classes:
            return self.class_value(outline.classes[name][-1])
        if name in outline.functions:
            place = self.place(outline.functions[name][-1])
            return Function(place.node, place)
        return None

    @cached_property
    def branches(self) -> dict[str, list[Branch]]:
        """The classes and functions at module level that are defined more than once, under the tests around each."""
        found: dict[str, list[Branch]] = {}
        for node, statement in self._own_nodes():
            for name, tests in definitions(node, statement, ()):
                outline = self.facts.outline
                classes, functions = outline.classes.get(name, ()), outline.functions.get(name, ())
                place = len(found.get(name, ()))
                if bool(classes) is bool(functions) or place >= len(classes or functions):
                    continue
                held = self.place(functions[place]) if functions else None
                value = Function(held.node, held) if held is not None else self.class_value(classes[place])
                found.setdefault(name, []).append(Branch(tests, value))
        return {name: several for name, several in found.items() if len(several) > 1}

    def _own_nodes(self) -> Iterator[tuple[ast.stmt, Any]]:
        """The statements at module level; definitions with None, others with the node that is interpreted."""
        statements = list(own_statements(self.module_place.node.body))
        nodes = self.facts.tree.body
        is_paired = len(statements) == len(nodes)  # in place of a definition stands a `pass`
        for node, statement in zip(nodes, statements if is_paired else [None] * len(nodes), strict=True):
            yield node, None if isinstance(node, DEFINITIONS) else statement

    @cached_property
    def assigned(self) -> dict[str, list[Any]]:
        """The statements at module level that give each name a value."""
        found: dict[str, list[Any]] = {}
        for statement in simple_statements(self.module_place.node.body):
            for name in stored_names(statement):
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def changed(self) -> frozenset[str]:
        """The names at module level whose value is changed in place there: `A.append(x)`, `A[k] = x`, `A += x`."""
        return frozenset(
            name for statement in simple_statements(self.module_place.node.body) for name in changed_names(statement)
        )

    @cached_property
    def effects(self) -> list[Effect]:
        """What the code of the module does besides giving names values, in order."""
        found: list[Effect] = []
        for node, statement in self._own_nodes():
            if isinstance(node, DEFINITIONS):
                if node.decorator_list:
                    found.append(Effect(node.name, names_in(node.decorator_list)))
            elif statement is not None and not isinstance(node, _PLAIN) and not binds_names(node):
                found.append(Effect(statement, names_in([node])))
        return found


@cache
def _facts_of_stub(module: str) -> File | None:
    """A stub, read once for all programs of this process: an editor's file is another program after each edit."""
    text = _CONTAINER_TEXT if module == CONTAINERS else stubs.text(module)
    return File(Source(f"<{module}>", text.encode()), None, draft=True) if text is not None else None


class Program:
    """The files that names are followed into.

    Args:
        project: where other files are found; None to judge each file by itself.
    """

    def __init__(self, project: Project | None = None) -> None:
        self.project = project
        self._files: dict[str, SourceFile] = {}
        self._stubs: dict[str, SourceFile | None] = {}
        self._externals: dict[str, Value] = {}
        #: What is found out about nodes once for all runs, by their `id`, with the nodes that it belongs to.
        self.memo: dict[int, tuple[Any, Any]] = {}
        self._nowhere: set[tuple[str, str]] = set()
        self._size = 0

    def make_room(self) -> None:
        """Let go of all files where they have become many; nothing that was built from them may be in use."""
        if self._size < _KEPT_SIZE:
            return
        for file in (*self._files.values(), *self._stubs.values()):
            if file is not None:
                file.forget()
        for kept in (self._files, self._stubs, self._externals, self.memo, self._nowhere):
            kept.clear()
        self._size = 0

    def file(self, facts: File) -> SourceFile:
        """The file around what is known of it."""
        key = facts.path
        known = self._files.get(key)
        if known is None or known.facts is not facts:
            known = self._files[key] = SourceFile(self, facts)
            self._size += len(facts.source.data)
        return known

    def stub(self, module: str) -> SourceFile | None:
        """The stub of one of torch's modules."""
        if module not in self._stubs:
            facts = _facts_of_stub(module)
            self._stubs[module] = SourceFile(self, facts, module) if facts is not None else None
        return self._stubs[module]

    def external(self, dotted: str) -> Value:
        """What a name outside the project stands for: a class or function of a stub, or only its name."""
        known = self._externals.get(dotted)
        if known is None:
            known = self._externals[dotted] = self._external(canonical(dotted))
        return known

    def _external(self, name: str) -> Value:
        module, _, short = name.rpartition(".")
        home = (CONTAINERS, short) if module == "torch.nn" and short in _CONTAINER_NAMES else stubs.home(name)
        if home is not None:
            file = self.stub(home[0])
            found = self._of_stub(file, home[1]) if file is not None else None
            if found is not None:
                return found
        return External(name)

    def _of_stub(self, file: SourceFile, name: str) -> Value | None:
        """A class or function of a stub, by another name of it too: `resnet18 = UnknownModule`."""
        for statement in file.assigned.get(name, ()):
            value = statement.value
            if value.__class__.__name__ == "Name":
                return file.definition(value.value)
        return file.definition(name)

    def imported(self, dotted: str, importer: SourceFile) -> Value | tuple[SourceFile, str]:
        """What an imported dotted name stands for: a module, something outside, or a file and the name in it."""
        if self.project is None or importer.is_stub:
            return self.external(dotted)
        if not dotted.startswith("."):
            name = canonical(dotted)
            package = name.partition(".")[0]
            if package in NOT_FOLLOWED and package != importer.module.partition(".")[0]:
                return self.external(name)
        found = self.project.find(dotted, importer.facts)
        if found is None:
            return self.external(dotted)
        facts, rest = found
        file = self.file(facts)
        return (file, rest) if rest else self._exported(file, importer) or FileValue(file)

    def _exported(self, file: SourceFile, importer: SourceFile) -> Value | tuple[SourceFile, str] | None:
        """What a package gives the name of one of its modules, where it is not the module: `from .norm import norm`."""
        assert self.project is not None
        folder, name = os.path.split(file.facts.path)
        name = name.removesuffix(".py")
        facts = self.project.file(os.path.join(folder, "__init__.py")) if name != "__init__" else None
        if facts is None or facts.path == importer.facts.path:
            return None
        package = self.file(facts)
        outline = package.facts.outline
        if name not in outline.imports and name not in outline.classes and name not in outline.functions:
            return None
        found = self.lookup(package, name)
        return None if isinstance(found, FileValue) else found

    def lookup(
        self, file: SourceFile, name: str, search: Search | None = None
    ) -> Value | tuple[SourceFile, str] | None:
        """What a module-level name of a file stands for; a search asks each file for a name once.

        Returns:
            A class, function, module or name outside; a file and a name that its module-level code gives a value, which
            only an interpreter can tell; None where nothing is known.
        """
        if search is None:
            return self._looked_up(file, name)
        if search.depth > _DEEPEST or (file.path, name) in search.found:
            return None
        search.found[file.path, name] = None
        search.depth += 1
        found = self._lookup(file, name, search)
        search.depth -= 1
        return found

    def _looked_up(self, file: SourceFile, name: str) -> Value | tuple[SourceFile, str] | None:
        """The same, asked anew; that a name is nowhere is remembered, since thousands of files can lie behind `*`."""
        if (file.path, name) in self._nowhere:
            return None
        found = self.lookup(file, name, Search())
        if found is None:
            self._nowhere.add((file.path, name))
        return found

    def _lookup(self, file: SourceFile, name: str, search: Search) -> Value | tuple[SourceFile, str] | None:
        found = file.definition(name)
        if found is not None:
            return found
        outline = file.facts.outline
        target = outline.imports.get(name)
        if target is not None:
            return self._follow(self.imported(target, file), search)
        if file.is_stub and name in _STUB_NAMES:
            return self.external(_STUB_NAMES[name])
        if name in file.assigned:
            return file, name
        guess: Value | None = None
        for module in outline.star_imports:
            dotted = module + name if module.endswith(".") else f"{module}.{name}"
            if self.project is not None and not self.project.may_hold(dotted, name, file.facts, search):
                continue
            origin = self.imported(dotted, file)
            if isinstance(origin, tuple):
                followed = self._follow(origin, search)
                if followed is not None:
                    return followed
            elif not isinstance(origin, External) or is_told(dotted):
                return origin
            elif guess is None and origin.name.startswith("torch."):
                guess = origin  # no table tells whether torch has it
        meant = file.facts.conventional(name)
        if meant:
            return self.external(meant)
        return External(name) if name in _BUILTINS else guess

    def _follow(
        self, found: Value | tuple[SourceFile, str] | None, search: Search
    ) -> Value | tuple[SourceFile, str] | None:
        """A name in another file, followed to what defines it."""
        if not isinstance(found, tuple):
            return found
        file, dotted = found
        head, _, rest = dotted.partition(".")
        value = self.lookup(file, head, search)
        if not rest:
            return value
        for part in rest.split("."):
            if isinstance(value, FileValue):
                value = self.member(value.file, part, search)
            elif isinstance(value, External):
                value = self.external(f"{value.name}.{part}")
            elif isinstance(value, ClassValue):
                value = value.file.definition(f"{value.outline.qualname}.{part}") or value.method(part)
            else:
                return None
        return value

    def member(
        self, file: SourceFile, name: str, search: Search | None = None
    ) -> Value | tuple[SourceFile, str] | None:
        """An attribute of a module: a name in it, or a module beside it in its package."""
        is_package = self.project is not None and file.path.endswith("__init__.py")
        below = self.imported(f".{name}", file) if is_package else None
        if isinstance(below, FileValue) and not file.binds(name):
            return below  # before what lies behind `import *`, which can be the whole package
        found = self.lookup(file, name, search)
        if isinstance(below, FileValue) and (found is None or (isinstance(found, External) and found.name == name)):
            return below
        return found
