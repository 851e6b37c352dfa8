"""Reads code in order and notes what happens. Conditions that are not known go both ways, loops round once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.reading import lookup
from paramlint.facts.reading.events import Called, Event, Guard, Rebound, Repeated, Stored
from paramlint.facts.reading.trace import Trace
from paramlint.facts.reading.values import UNKNOWN, UNNAMED, Choice, Const, Function, Held, Part, Value, either, options
from paramlint.facts.scopes import Scope

if TYPE_CHECKING:
    from paramlint.facts.files import File

#: Expressions and statements of one class, function or module's code that are read.
MAX_STEPS = 20_000
#: The same where all of one model is followed.
MAX_FOLLOWED_STEPS = 400_000
#: Functions inside each other that are gone into.
DEEPEST = 6
DEEPEST_FOLLOWED = 24

Heap = dict[Value, dict[str, Value]]


class TooLongError(Exception):
    """There is more to read than is read."""


@dataclass
class Frame:
    """A function that is being read."""

    scope: Scope
    names: dict[str, Value]
    outer: dict[str, Value]
    owner: Value | None = None
    cls: Class | None = None
    returned: list[Value] = field(default_factory=list)
    is_over: bool = False
    """A `return`, `raise`, `break` or `continue` was met: what follows is not reached."""
    looped: set[str] = field(default_factory=set)
    """Names that loops give values."""


class Reader:
    """Reads one class, function or the code of a module.

    Attributes:
        follows: whether loops over what is known go round once for each item, and calls of layers of the project are
            gone into: what one model holds is asked, and not what is wrong anywhere.
    """

    def __init__(self, trace: Trace, *, follows: bool = False) -> None:
        self.trace = trace
        self.follows = follows
        self.limit = MAX_FOLLOWED_STEPS if follows else MAX_STEPS
        self.deepest = DEEPEST_FOLLOWED if follows else DEEPEST
        self.heap: Heap = trace.heap
        self.frame: Frame
        self.guards: tuple[Guard, ...] = ()
        self.loops: tuple[object, ...] = ()
        self.stack: list[str] = []
        self.running: set[nodes.Node] = set()
        self.root = 0
        self.steps = 0
        self.is_muted = False
        #: The branches of the class or function that was begun with, and the scope in which each stands.
        self.tests: dict[object, Scope] = {}
        #: What the defaults of arguments are.
        self.defaults: dict[object, Value] = {}
        #: Layers whose `build` was gone into.
        self.built: set[Value] = set()
        self.globals: dict[str, dict[str, Value]] = {}
        self._parts: dict[tuple[Value, str], Part] = {}

    def step(self) -> None:
        """Count one of the steps that may be taken."""
        self.steps += 1
        if self.steps > self.limit:
            raise TooLongError

    # Events

    def place(self, node: nodes.Node) -> dict[str, Any]:
        """The place of an event at a node."""
        return {
            "index": -1 if self.is_muted else len(self.trace.events),
            "scope": self.frame.scope,
            "node": node,
            "guards": self.guards,
            "loops": self.loops,
            "stack": tuple(self.stack),
            "root": self.root,
        }

    def note(self, event: Event) -> None:
        """Add an event to the trace."""
        if not self.is_muted:
            self.trace.events.append(event)

    def called(self, node: nodes.Node, func: Value, args: list[Value], keywords: dict[str, Value]) -> Called:
        """Note a call; what it gives is set afterwards."""
        arg_nodes = list(node.args) if isinstance(node, nodes.Call) else []
        call = Called(**self.place(node), func=func, args=args, keywords=keywords, arg_nodes=arg_nodes)
        self.note(call)
        return call

    # Attributes

    def part(self, owner: Value, name: str) -> Part:
        """An attribute or element of which nothing more is known: one object for one of an owner."""
        key = (owner, name)
        if key not in self._parts:
            self._parts[key] = Part(owner, name)
        return self._parts[key]

    def attribute(self, owner: Value, name: str) -> Value:
        """What an attribute of a value is."""
        return lookup.attribute(self, owner, name)

    def store(self, node: nodes.Node, owner: Value, name: str, value: Value, **more: Any) -> None:
        """Give an attribute a value."""
        before = either(self.heap[one][name] for one in options(owner) if name in self.heap.get(one, ()))
        known = before if before is not UNKNOWN else None
        self.note(Stored(**self.place(node), owner=owner, name=name, value=value, before=known, **more))
        if name in ("[]", "[:]"):
            for one in options(owner):
                if isinstance(one, Held):
                    one.items.append(value)
                    one.keys.append(more.get("key") or UNKNOWN)
            return
        is_sure = not isinstance(owner, Choice) and name != UNNAMED
        for one in options(owner):
            kept = self.heap.get(one, {})
            now = value if is_sure or name not in kept else either((kept[name], value))
            self.heap[one] = {**kept, name: now}  # snapshots hold what was there

    def rebind(self, node: nodes.Node, name: str, value: Value) -> None:
        """Give a plain name a value."""
        frame = self.frame
        if name in frame.looped and name in frame.names:
            self.note(Rebound(**self.place(node), name=name, before=frame.names[name], value=value))
            frame.looped.discard(name)
        frame.names[name] = value

    def repeated(self, node: nodes.Node, held: Value, display: nodes.Node) -> None:
        """Note a list times something."""
        self.note(Repeated(**self.place(node), held=held, display=display))

    # Branches

    def snapshot(self) -> tuple[dict[str, Value], Heap]:
        """What names and attributes are now."""
        return dict(self.frame.names), dict(self.heap)

    def restore(self, state: tuple[dict[str, Value], Heap]) -> None:
        """Make names and attributes what they were."""
        self.frame.names = dict(state[0])
        self.heap.clear()
        self.heap.update(state[1])

    def join(self, states: list[tuple[dict[str, Value], Heap]]) -> None:
        """Make names and attributes what they are after one of several branches."""
        if not states:
            return
        if len(states) == 1:
            self.restore(states[0])
            return
        names = dict.fromkeys(name for state in states for name in state[0])
        self.frame.names = {name: _joined([state[0].get(name) for state in states]) for name in names}
        first, *others = [state[1] for state in states]
        self.heap.clear()
        self.heap.update(first)
        for owner in {owner for state in states for owner in state[1]}:
            if any(heap.get(owner) is not first.get(owner) for heap in others):
                kept = [state[1].get(owner, {}) for state in states]
                attributes = dict.fromkeys(name for one in kept for name in one)
                self.heap[owner] = {name: _joined([one.get(name) for one in kept]) for name in attributes}

    # Names of the file

    def global_names(self, file: File) -> dict[str, Value]:
        """What the code of a module has given names so far."""
        return self.globals.setdefault(file.path, {})

    def evaluate(self, node: nodes.Node | None) -> Value:
        """What an expression gives."""
        from paramlint.facts.reading import expressions

        return UNKNOWN if node is None else expressions.evaluate(self, node)

    def run_block(self, body: nodes.Node) -> None:
        """Read the statements below a header."""
        from paramlint.facts.reading import statements

        statements.run_block(self, body)

    def run(
        self,
        function: Function,
        args: list[Value],
        keywords: dict[str, Value],
        name: str = "",
        rest: Value | None = None,
    ) -> Value:
        """Go into a function.

        Args:
            function: what is called.
            args: what it is given by place, without its instance.
            keywords: what it is given by name.
            name: what it is called.
            rest: what the arguments that are not given are; their defaults when it is `None`.
        """
        from paramlint.facts.reading import arguments

        if function.node in self.running or len(self.stack) >= self.deepest or self.is_foreign(function):
            return UNKNOWN
        outer, depth = getattr(self, "frame", None), (self.guards, self.loops)
        self.frame = Frame(function.scope, {}, function.names, function.owner, function.cls)
        self.frame.names.update(arguments.bound(self, function, args, keywords, rest))
        self.running.add(function.node)
        self.stack.append(name)
        try:
            if isinstance(function.node, nodes.Lambda):
                return self.evaluate(function.node.body)
            self.run_block(function.node.body)
            returned = self.frame.returned
            return either(returned) if returned else Const(None)
        finally:
            self.stack.pop()
            self.running.discard(function.node)
            self.guards, self.loops = depth
            if outer is not None:
                self.frame = outer

    def is_foreign(self, function: Function) -> bool:
        """Whether a function is a framework's own, in another file than the one that is checked."""
        file = function.scope.file
        return file is not self.trace.file and lookup.is_framework(file.module)


def _joined(values: list[Value | None]) -> Value:
    first = values[0]
    if first is not None and all(value is first for value in values):
        return first
    known = [value for value in values if value is not None]
    return either(known) if len(known) == len(values) else either([*known, UNKNOWN])
