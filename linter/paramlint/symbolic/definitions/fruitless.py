"""Functions that take many steps and make nothing, as one that compares texts: they are left before the run is used up.

Only the steps that a function takes by itself count, those of all its calls together, so that the one is left that
takes them and not those that call it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from paramlint import nodes
from paramlint.symbolic.limits import MAX_FRUITLESS_STEPS, FruitlessError
from paramlint.symbolic.values import Function, Instance
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.symbolic.interpreter import Interpreter

_ENDLESS = sys.maxsize
#: What happens to a module or tensor and leaves it as it is.
_BARREN = frozenset({"bound", "read", "listed", "kept", "escaped"})
#: The code around what an entry point calls, and that itself.
_FRAMES_OF_AN_ENTRY = 2
_CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__"})
#: Names by which code that makes a module, a parameter or an optimizer speaks of it, and those of what makes anything.
_OF_MODELS = re.compile(
    r"nn|optim|module|model|net|layer|block|conv|linear|norm|param|weight|adam|sgd|loss|train|build|make|create|regist"
    r"|setup|getattr|eval|exec|cls$",
    re.IGNORECASE,
)

_OF_OPTIMIZERS = re.compile(r"optim|adam|sgd", re.IGNORECASE)

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class _Account:
    """A call of a function whose steps are counted: the function, and what there was when it began."""

    node: Any
    objects: tuple[int, int]
    events: int

    @property
    def function(self) -> int:
        """The `id` of its node."""
        return id(self.node)


class Ledger:
    """The steps that functions have taken by themselves.

    Attributes:
        fruitless: nodes of functions that were left, by their `id`.
        hides: whether one of them may make a module or an optimizer in what was not followed.
        leash: the number of steps at which the function that runs is asked what it has made.
    """

    def __init__(self) -> None:
        self.fruitless: set[int] = set()
        self.hides = False
        self.leash = _ENDLESS
        self._steps: dict[int, int] = {}
        self._fruitful: set[int] = set()
        self._open: _Account | None = None
        self._since = 0

    def charge(self, run: Interpreter, function: Function, act: Callable[[], ResultT]) -> ResultT:
        """Do what a function does, with its steps counted.

        Raises:
            FruitlessError: it has taken too many, and made nothing.
        """
        node, before = id(function.node), self._open
        is_counted = node not in self._fruitful and _is_helper(run, function)
        account = _Account(function.node, _objects(run), len(run.trace.events)) if is_counted else None
        self._turn(run, account)
        try:
            return act()
        finally:
            if account is not None and _has_made(run, account):  # what it does for one layer it need not for the next
                self._fruitful.add(node)
            self._turn(run, before)

    def _turn(self, run: Interpreter, account: _Account | None) -> None:
        """From here on another function takes the steps."""
        if self._open is not None:
            function = self._open.function
            self._steps[function] = self._steps.get(function, 0) + run.steps - self._since
        self._open, self._since, self.leash = account, run.steps, _ENDLESS
        if account is not None and account.function not in self._fruitful:
            self.leash = run.steps + MAX_FRUITLESS_STEPS - self._steps.get(account.function, 0)

    def pull(self, run: Interpreter) -> None:
        """Let the function that runs go on if it has made something.

        Raises:
            FruitlessError: it has not.
        """
        account = self._open
        assert account is not None
        if _has_made(run, account):
            self._fruitful.add(account.function)
            self.leash = _ENDLESS
            return
        self.leave(account.node)
        raise FruitlessError

    def leave(self, node: Any, *, is_constructor: bool = False) -> None:
        """Note that a function was left before its end; one that only makes a module hides no other."""
        self.fruitless.add(id(node))
        self.hides = self.hides or _speaks_of(node, _OF_OPTIMIZERS if is_constructor else _OF_MODELS)


def _has_made(run: Interpreter, account: _Account) -> bool:
    """Whether there is something that was not there when a call began, or something has happened since."""
    if account.objects != _objects(run):
        return True
    return any(event.kind not in _BARREN for event in run.trace.events[account.events :])


def _speaks_of(node: Any, words: re.Pattern[str]) -> bool:
    """Whether a name in the code of a function has one of some words."""
    return any(isinstance(one, nodes.Name) and words.search(one.value) is not None for one in walk(node))


def _objects(run: Interpreter) -> tuple[int, int]:
    return len(run.instances), len(run.tensors)


def _is_helper(run: Interpreter, function: Function) -> bool:
    """Whether a function is neither what the run is about, nor a constructor or a method of a module."""
    if function.place.file.is_stub or function.name in _CONSTRUCTORS or len(run.frames) <= _FRAMES_OF_AN_ENTRY:
        return False
    return not (isinstance(function.bound, Instance) and function.bound.is_module)
