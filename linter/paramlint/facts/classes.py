"""A class: its bases, its methods, what its attributes are, and whether it owns parameters."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from paramlint.facts.assignments import Assignment
from paramlint.facts.device_moves import join_with_moves, moved
from paramlint.facts.memo import remember
from paramlint.facts.types import BUFFER, Type, owns_parameters
from paramlint.knowledge import MODULE_METHODS, canonical, module_class
from paramlint.knowledge.foreign import PLAIN_BASES, foreign_module
from paramlint.syntax.outline import ClassOutline

if TYPE_CHECKING:
    from paramlint.facts.files import File
    from paramlint.facts.scopes import Scope

#: Classes that one class inherits from, itself included: what is asked of each is asked of all below it again.
MAX_BASES = 50
_REGISTERING = re.compile(r"\.\w+\s*(?::[^=\n]+)?=(?!=)|register_|add_module|setattr")
_FIELD_DECORATORS = {"dataclass", "define", "mutable", "frozen", "attrs", "s"}
_BUILTINS = {"object", "dict", "list", "tuple", "Exception", "str", "int"}


class Class:
    """A class of the project."""

    def __init__(self, file: File, outline: ClassOutline) -> None:
        self.file = file
        self.outline = outline
        self.name = outline.name
        self.qualname = outline.qualname
        self._assignments: dict[str, list[Assignment]] = {}
        self._attributes: dict[str, Type | None] = {}
        self._busy: set[str] = set()
        self.memo: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Class({self.file.source.path}:{self.outline.unit.first} {self.qualname})"

    def let_go(self) -> None:
        """Forget the answers that name scopes and classes, which name this one; they are worked out again."""
        for name in ("mro", "own_attributes"):
            vars(self).pop(name, None)
        self._assignments.clear()
        self.memo.clear()

    @cached_property
    def canonical(self) -> str:
        """The class's dotted name, module included; torch's own classes by their public name."""
        return canonical(f"{self.file.module}.{self.qualname}" if self.file.module else self.qualname)

    @cached_property
    def bases(self) -> list[Class | str | None]:
        """The bases: a class of the project, a canonical name outside it, `None` where it cannot be told."""
        return [self._base(written) if written is not None else None for written in self.outline.bases]

    def _base(self, written: str) -> Class | str | None:
        enclosing = self.outline.enclosing
        if enclosing is not None and enclosing.kind == "function":
            prefix = self.qualname.rpartition(".")[0]
            local = self.file.outline.classes.get(f"{prefix}.{written}")
            if local:
                return self.file.class_of(local[-1].unit)
        symbol = self.file.lookup(written)
        if symbol is None and written in _BUILTINS:
            return written
        return symbol if isinstance(symbol, (Class, str)) else None

    @property
    def text(self) -> str:
        """Its source code, methods included."""
        return self.file.source.lines(self.outline.unit.first, self.outline.unit.last)

    @cached_property
    def mro(self) -> list[Class]:
        """This class and the project's classes it inherits from, the nearest first."""
        found: list[Class] = []
        waiting: list[Class] = [self]
        while waiting and len(found) < MAX_BASES:
            cls = waiting.pop(0)
            if cls in found:
                continue
            found.append(cls)
            waiting.extend(base for base in cls.bases if isinstance(base, Class))
        return found

    @cached_property
    def outside(self) -> list[str | None]:
        """Bases that are not classes of the project; too many classes end unknown."""
        found = [base for cls in self.mro for base in cls.bases if not isinstance(base, Class)]
        return found if len(self.mro) < MAX_BASES else [*found, None]

    @cached_property
    def is_complete(self) -> bool:
        """Whether every base is known: defined in the project, in torch, or plain."""
        return all(b is not None and (b in PLAIN_BASES or module_class(b) is not None) for b in self.outside)

    @cached_property
    def is_module(self) -> bool | None:
        """Whether it is an `nn.Module`; `None` where a base is unknown."""
        if any(cls.canonical == "torch.nn.Module" for cls in self.mro):
            return True
        if any(b is not None and (module_class(b) is not None or foreign_module(b)) for b in self.outside):
            return True
        return False if all(b in PLAIN_BASES for b in self.outside) else None

    @cached_property
    def known_bases(self) -> list[str]:
        """The canonical names of torch's modules that it inherits from."""
        return [b for b in self.outside if b is not None and module_class(b) is not None]

    def inherits(self, name: str) -> bool:
        """Whether a base has this canonical name, or a project class of this canonical name is a base."""
        return name in self.outside or any(cls.canonical == name for cls in self.mro)

    # Methods

    def own_method(self, name: str) -> Scope | None:
        """The method of this name that this class defines itself."""
        found = self.outline.methods.get(name)
        return self.file.scope(found[-1]) if found else None

    def method(self, name: str) -> Scope | None:
        """The method of this name, inherited ones included."""
        for cls in self.mro:
            found = cls.own_method(name)
            if found is not None:
                return found
        return None

    def lacks(self, name: str) -> bool:
        """Whether neither it nor a base has a method or attribute of this name, so that only a subclass may."""
        return not (
            name in MODULE_METHODS or self.method(name) is not None or self.assignments(name) or not self.is_complete
        )

    @property
    def body(self) -> Scope:
        """The code of the class outside its methods."""
        return self.file.scope(self.outline.unit)

    @property
    def scopes(self) -> Iterator[Scope]:
        """The class's own code, then its methods; none is parsed yet."""
        for unit in self.outline.units:
            yield self.file.scope(unit)

    @property
    def calls_at_class_level(self) -> bool:
        """Whether a value in its own body, outside its methods, comes from a call; nothing is parsed to tell."""
        values = [s.value for s in self.outline.tree.body if isinstance(s, (ast.Assign, ast.AnnAssign)) and s.value]
        return any(isinstance(node, ast.Call) for value in values for node in ast.walk(value))

    @cached_property
    def fields_are_arguments(self) -> bool:
        """Whether its annotated attributes are the arguments of its constructor: a dataclass, a named tuple, attrs."""
        makers = (d.func if isinstance(d, ast.Call) else d for d in self.outline.tree.decorator_list)
        said = {ast.unparse(maker).rpartition(".")[2] for maker in makers}
        return bool(said & _FIELD_DECORATORS) or "typing.NamedTuple" in self.bases

    def scopes_with(self, *words: str) -> Iterator[Scope]:
        """The scopes of this class whose text has one of these words; only these are worth parsing."""
        by_word = remember(self, "units by word", lambda: self._places(lambda scope: scope.words))
        yield from self._at({place for word in words for place in by_word.get(word, ())})

    def _scopes_storing(self, name: str) -> Iterator[Scope]:
        """The scopes whose text may give an attribute a value; a method that only reads it is not parsed."""
        by_name = remember(self, "units by stored name", lambda: self._places(lambda scope: scope.stored))
        yield from self._at(by_name.get(name, ()))

    def _places(self, texts: Callable[[Scope], Iterable[str]]) -> dict[str, list[int]]:
        """The places of the units by the texts in them."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, scope in enumerate(self.scopes):
            for text in texts(scope):
                found[text].append(place)
        return found

    def _at(self, places: Iterable[int]) -> Iterator[Scope]:
        units = remember(self, "units", lambda: list(self.outline.units)) if places else []
        return (self.file.scope(units[place]) for place in sorted(places))

    # Attributes

    def own_assignments(self, name: str) -> list[Assignment]:
        """Where this class itself gives the attribute a value, in the order of the text."""
        if name not in self._assignments:
            found = [a for scope in self._scopes_storing(name) for a in scope.assignments_of(name)]
            self._assignments[name] = found
        return self._assignments[name]

    def assignments(self, name: str) -> list[Assignment]:
        """Where this class or one that it inherits from gives the attribute a value; the nearest class first."""
        return [a for cls in self.mro for a in cls.own_assignments(name)]

    def attribute(self, name: str) -> Type | None:
        """What an instance's attribute is, when all assignments agree."""
        if name not in self._attributes:
            if name in self._busy:
                return None
            self._busy.add(name)
            try:
                self._attributes[name] = self._infer(name)
            finally:
                self._busy.discard(name)
        return self._attributes[name]

    def _infer(self, name: str) -> Type | None:
        found = self.assignments(name)
        if not found:
            known = [module_class(base) for base in self.known_bases]
            if any(k is not None and name in k.parameters for k in known):
                return Type("parameter", "torch.nn.Parameter")
            if any(k is not None and name in k.buffers for k in known):
                return BUFFER
            return None
        given = [a for a in found if a.how != "augmented"]
        others = [a for a in given if not _is_moved(a, name)]
        return join_with_moves([_type_of_assignment(a) for a in others], len(others) < len(given))

    @cached_property
    def own_attributes(self) -> dict[str, list[Assignment]]:
        """Every attribute that this class gives a value; parses each method that could."""
        found: dict[str, list[Assignment]] = {}
        for scope in self.scopes:
            if scope.stored if scope.kind == "class" else _REGISTERING.search(scope.source):
                for name, assignment in scope.assignments:
                    found.setdefault(name, []).append(assignment)
        return found

    @cached_property
    def owns(self) -> bool | None:
        """Whether an instance owns parameters; `None` when that cannot be told."""
        if "owns" in self._busy:
            return None
        self._busy.add("owns")
        try:
            return self._owns()
        finally:
            self._busy.discard("owns")

    def _owns(self) -> bool | None:
        certain = self.is_complete
        for base in self.known_bases:
            known = module_class(base)
            if known is not None and known.owns == "always":
                return True
            certain = certain and known is not None and (known.owns == "never" or base == "torch.nn.Module")
        for cls in self.mro:
            for name in cls.own_attributes:
                owns = owns_parameters(self.attribute(name))
                if owns and self._is_registered(name):
                    return True
                certain = certain and owns is False
        return False if certain else None

    def _is_registered(self, name: str) -> bool:
        value = self.attribute(name)
        return value is not None and value.kind in ("parameter", "module")


def _is_moved(assignment: Assignment, name: str) -> bool:
    """Whether an assignment is `self.name = self.name.to(device)`."""
    if assignment.value is None or assignment.how != "assign":
        return False
    inner = moved(assignment.value)
    return inner is not assignment.value and assignment.scope.self_attribute(inner) == name


def _type_of_assignment(assignment: Assignment) -> Type | None:
    if assignment.how == "buffer":
        return BUFFER
    found = assignment.scope.type(assignment.value) if assignment.value is not None else None
    if found is None and assignment.annotation is not None:
        return assignment.scope.type_of_annotation(assignment.annotation)
    return found


def classes_in_reach(file: File) -> Iterator[Class]:
    """The classes that a file defines, and those of the project that it imports by name."""
    for name in (*file.outline.classes, *file.outline.imports):
        found = file.lookup(name)
        if isinstance(found, Class):
            yield found
