"""Places of source, and the events that interpreting leaves, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise, takewhile
from operator import is_not
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.memo import remember
from paramlint.facts.passed_on import maker_of
from paramlint.model.event import Author, Event, EventKind, Order
from paramlint.model.guard import Guard
from paramlint.nodes.assigned import assigned
from paramlint.nodes.branches import is_branch, leaves
from paramlint.symbolic.code.program import Place

if TYPE_CHECKING:
    from paramlint.facts import Scope
    from paramlint.finding import Fix


@dataclass(frozen=True, eq=False)
class SourceSite:
    """A node of a file, and the calls that led there, outermost first."""

    place: Place
    node: Any
    stack: tuple[SourceSite, ...] = ()

    @property
    def path(self) -> str:
        """The file."""
        return self.place.file.path

    @property
    def row(self) -> int:
        """The row on which the node begins."""
        return self._row

    @cached_property
    def _row(self) -> int:
        return self.place.row(self.node)

    @property
    def function(self) -> str:
        """The name of the function around it; empty at module level."""
        return self.place.unit.name

    @property
    def in_class(self) -> bool:
        """Whether it stands in a method or the code of a class."""
        return self.place.unit.cls is not None

    @property
    def class_name(self) -> str:
        """The class in whose code it stands, by its name in the file; empty outside of classes."""
        cls = self.place.unit.cls
        return cls.qualname if cls is not None else ""

    def default(self, name: str) -> str:
        """What an argument of the function around it is by default, as it is written; empty where it has none."""
        for binding in self._scope.bindings.get(name, ()):
            if isinstance(binding.node, nodes.Param) and binding.node.default is not None:
                return self._scope.text(binding.node.default)
        return ""

    def maker(self, node: Any) -> Any:
        """The expression that makes what one of the same function only passes on, such as a name; else the same."""
        return maker_of(self._scope, node, self._scope.bindings)

    def says(self, *words: str) -> bool:
        """Whether one of the words stands in the function's name, on its row or that of a condition or loop around it,
        or in a comment on or above one of these."""
        file = self.place.file.facts
        text = remember(file, "text in lower case", lambda: file.source.text.lower())
        if not any(word in text for word in words):
            return False
        start = [self.place.row(target) for target, _ in assigned(self.statement)]
        said = " ".join([self.function, *map(self._said_at, (self.row, *start, *self._rows_around))]).lower()
        return any(word in said for word in words)

    def _said_at(self, row: int) -> str:
        """A row, with the comment above it."""
        source = self.place.file.facts.source
        above = source.line(row - 1).strip() if row > 1 else ""
        return source.line(row) + (above if above.startswith("#") else "")

    @property
    def _rows_around(self) -> list[int]:
        """The rows of the `if`s and loops around it."""
        around = self._scope.ancestors(self.node)
        heads = [n.test if isinstance(n, nodes.If) else n.iter for n in around if isinstance(n, (nodes.If, nodes.For))]
        return [self.place.row(head) for head in heads]

    @cached_property
    def statement(self) -> Any:
        """The simple statement that the node is part of; None for what stands in no such."""
        around = (self.node, *self._scope.ancestors(self.node))
        return next((node for node in around if isinstance(node, nodes.BaseSmallStatement)), None)

    @property
    def is_alone(self) -> bool:
        """Whether no other statement stands in its row."""
        line = self._scope.statement(self.node)
        return isinstance(line, nodes.SimpleStatementLine) and len(line.body) == 1

    @cached_property
    def loop(self) -> Any:
        """The `for` of the same function that runs over what the node gives; None where there is none."""
        if self.definition is None:
            return None
        around = pairwise((self.node, *self._scope.ancestors(self.node)))
        return next((loop for inner, loop in around if isinstance(loop, nodes.For) and inner is loop.iter), None)

    @cached_property
    def in_branch(self) -> bool:
        """Whether it stands under a condition in its function, or after one under which the function returns."""
        around = (self.node, *self._scope.ancestors(self.node))
        if any(is_branch(node, below) for below, node in pairwise(around)):
            return True
        blocks = [(node, inner) for inner, node in pairwise(around) if isinstance(node, nodes.IndentedBlock)]
        return any(
            isinstance(earlier, nodes.If) and leaves(earlier.body, nodes.Return)
            for block, inner in blocks
            for earlier in takewhile(partial(is_not, inner), block.body)
        )

    @cached_property
    def is_tried(self) -> bool:
        """Whether a `try` around it, or around a call that led to it, catches what it raises."""
        around = (self.node, *self._scope.ancestors(self.node))
        bodies = [node.body for node in around if isinstance(node, nodes.Try) and is_branch(node, node.body)]
        return any(node is body for node in around for body in bodies) or any(one.is_tried for one in self.stack[-1:])

    @cached_property
    def gives_back(self) -> bool:
        """Whether its function returns something, on one path at least; what a call returns is up to that call."""
        given = [s.value for s in self._scope.find(nodes.Return) if not isinstance(s.value, nodes.Call)]
        return any(v is not None and not (isinstance(v, nodes.Name) and v.value == "None") for v in given)

    def text(self, node: nodes.Node) -> str:
        """The source code of a node of the same function."""
        return self._scope.text(node)

    def parentheses(self, node: nodes.Node) -> int:
        """How many pairs of parentheses stand around an expression of the same function."""
        return self._scope.parentheses(node)

    @property
    def code(self) -> Any:
        """The function, class or module around it."""
        return self._scope.node

    @property
    def definition(self) -> Any:
        """The definition of the function or class around it; None at module level."""
        return self._scope.node if isinstance(self._scope.node, (nodes.FunctionDef, nodes.ClassDef)) else None

    def spell(self, dotted: str) -> str:
        """How the file writes a dotted name."""
        return self._scope.spell(dotted)

    def under_no_grad(self, title: str) -> Fix | None:
        """A fix that puts the statement into a block where autograd is off; None where it cannot be put there."""
        from paramlint.facts.fix_texts import under_no_grad

        return under_no_grad(self._scope, self.statement, title, (), "safe") if self.statement is not None else None

    @property
    def _scope(self) -> Scope:
        return self.place.file.facts.scope(self.place.unit)

    def __repr__(self) -> str:
        return f"{self.path}:{self.row}"


class Trace:
    """Events in order.

    What is in a loop gets one more number for each loop around it, given after the loop's body, so that an order says
    what can follow what in the next round.

    Attributes:
        events: what happened.
        tests: the conditions that were asked, by the `id` of the node and the method of the entry that runs: each once,
            with whether it was `ever` possible, or `always` true, and `why` nothing of its kind is.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.tests: dict[tuple[int, str], Event] = {}
        self._clock = 0
        self._prefix: Order = ()
        self._about: dict[tuple[EventKind, int], list[Event]] = {}
        self._sorted = 0

    def tick(self) -> Order:
        """The time now, later than all before."""
        self._clock += 1
        return (*self._prefix, self._clock)

    def add(
        self, kind: EventKind, of: Any, site: SourceSite, guard: Guard, grad: bool, author: Author, data: dict[str, Any]
    ) -> Event:
        """Note that something happened now."""
        event = Event(kind, of, site, (self.tick(),), guard, grad, author, data)
        self.events.append(event)
        return event

    def about(self, kind: EventKind, of: Any) -> list[Event]:
        """The events of a kind about one value, also where the model's object for it has taken its place."""
        for event in self.events[self._sorted :]:
            self._about.setdefault((event.kind, id(getattr(event.of, "value", event.of))), []).append(event)
        self._sorted = len(self.events)
        return self._about.get((kind, id(of)), [])

    def tested(self, node: Any, inside: str, site: Callable[[Any], SourceSite]) -> Event:
        """Note that a condition was asked."""
        known = self.tests.get((id(node), inside))
        if known is None:
            data = {"ever": False, "always": True, "why": "", "inside": inside}
            known = self.tests[id(node), inside] = Event("tested", None, site(node), (self.tick(),), data=data)
        return known

    def repeat(self, start: int, since: Order) -> None:
        """Say that the events from an index on happen again, in the next round of a loop.

        Those before a time do not: they belong to an object that was made before the loop and is built in it.
        """
        for event in self.events[start:]:
            if event.order[0] > since:
                event.order = (*event.order, self.tick())

    def enter(self, order: Order) -> tuple[Order, int]:
        """Let what follows happen at an earlier time, that of an object built late; gives what `leave` needs."""
        before = self._prefix, self._clock
        self._prefix, self._clock = order, 0
        return before

    def leave(self, before: tuple[Order, int]) -> None:
        """Go on in the present."""
        self._prefix, self._clock = before
