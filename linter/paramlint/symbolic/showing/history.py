"""What happened to something that a finding is about: the steps of the build that have to do with it, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from paramlint.facts.files import File
from paramlint.finding import Diagnostic
from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import Module, Optimizer, Tensor
from paramlint.symbolic.building.entries import model_for
from paramlint.symbolic.values import Dictionary, SequenceValue
from paramlint.syntax.outline import Unit

#: What a message names; a method that is called, `optimizer.step()`, is about the object.
_NAMED = re.compile(r"`([A-Za-z_][\w.]*)(\([^`()]*\))?`")


@dataclass(frozen=True)
class Step:
    """Something that happened.

    Attributes:
        path, row: where; row 0 for what is true at the end.
        text: what, as a clause.
        times: how often.
    """

    path: str
    row: int
    text: str
    times: int = 1


@dataclass(frozen=True)
class History:
    """What was built, and the steps.

    Attributes:
        entry: `class`, `function` or `module`.
        name: of it.
    """

    entry: str
    name: str
    steps: tuple[Step, ...]


def history_of(file: File, diagnostic: Diagnostic) -> History:
    """The steps that led to a finding in a file; none where the build knows nothing of what it is about."""
    model = model_for(file, _unit_at(file, diagnostic.start.row))
    named = _NAMED.findall(diagnostic.message)
    names = {name if not call else name.rpartition(".")[0] for name, call in named}
    if diagnostic.subject is not None:
        names |= {".".join(path) for path in (*diagnostic.subject.names, *diagnostic.subject.others)}
    told = _Told(model, names)
    rows = range(diagnostic.start.row, diagnostic.end.row + 1)
    if not told.objects:
        told = _Told(model, _names_on(model, file.path, rows))
    return History(model.entry, model.name, tuple(_counted([*told.steps(), *told.ends()])))


def _unit_at(file: File, row: int) -> Unit:
    """The class around a row, else the function, else the module."""
    around = [unit for unit in file.outline.units if unit.first <= row <= unit.last]
    built = [unit for unit in around if unit.kind == "class" or (unit.kind == "function" and unit.cls is None)]
    return min(built or around, key=lambda unit: unit.last - unit.first)


def _names_on(model: Model, path: str, rows: range) -> set[str]:
    """What the code on these rows has to do with."""
    here = (e for e in model.trace if any(site.path == path and site.row in rows for site in e.way))
    return {
        repr(event.of) for event in here if isinstance(event.of, Module | Tensor | Optimizer) and not _is_root(event)
    }


def _is_root(event: Event) -> bool:
    return isinstance(event.of, Module) and event.of.is_root


class _Told:
    """Tells what happened to the objects of some names, and to what is kept in containers of these names."""

    def __init__(self, model: Model, names: Iterable[str]) -> None:
        self._model = model
        wanted = set(names) - {"self"}
        bound = [e for e in model.events("bound") if f"{e.of}.{e.get('name')}" in wanted and _kind(e.get("value"))]
        self._containers = {id(event.get("value")): event for event in bound}
        self.objects: dict[int, object] = {id(e.get("value")): e.get("value") for e in bound}
        for event in model.trace:
            is_kept = event.kind == "kept" and id(event.get("container")) in self._containers
            if is_kept or (repr(event.of) in wanted and not _is_root(event)):
                self.objects[id(event.of)] = event.of
        self._inside = [thing for thing in (*model.modules, *model.all_tensors) if _is_inside(thing, wanted)]
        self.objects |= {id(thing): thing for thing in self._inside}

    def steps(self) -> Iterator[Step]:
        """What happened, in order."""
        for event in self._model.trace:
            text = self._text(event)
            if text:
                yield Step(event.site.path, event.site.row, text)

    def ends(self) -> Iterator[Step]:
        """What is true of them at the end."""
        for thing in self.objects.values():
            if isinstance(thing, Module | Tensor) and thing.made is not None:
                if not _is_held(thing) and thing in self._inside:
                    said = "is registered nowhere: `parameters()`, `to()` and `state_dict()` do not find it"
                    yield Step("", 0, f"{_name(thing)} {said}")
                if isinstance(thing, Tensor) and thing.filled.no and thing.role == "parameter":
                    yield Step("", 0, f"{_name(thing)} is written by nothing")

    def _text(self, event: Event) -> str:
        if event.kind == "bound" and id(event.get("value")) in self._containers:
            return f"`{event.of}.{event.get('name')}` becomes a {_kind(event.get('value'))}"
        if id(event.of) not in self.objects:
            return ""
        tell = _TELLING.get(event.kind)
        return tell(event) if tell is not None else ""


def _kind(value: object) -> str:
    """What kind of plain container a value is; empty for anything else."""
    if isinstance(value, Dictionary):
        return "dict"
    return value.kind if isinstance(value, SequenceValue) and not value.is_iterator else ""


def _is_inside(thing: Module | Tensor, wanted: set[str]) -> bool:
    """Whether it is kept in a plain container of one of these names."""
    return any(place.kind == "container" and f"{place.holder}.{place.key}" in wanted for place in thing.places)


def _is_held(thing: Module | Tensor) -> bool:
    return any(place.registered and place.holds for place in thing.places)


def _called(event: Event) -> str:
    function = event.site.function
    return f"{_subject(event)} is called" + (f" in `{function}`" if function else "")


def _subject(event: Event) -> str:
    return _name(event.of)


def _name(thing: object) -> str:
    name = repr(thing)
    return f"`{name}`" if not name.startswith("<") else f"a {name.strip('<>')}"


def _by_user(tell: Callable[[Event], str]) -> Callable[[Event], str]:
    return lambda event: tell(event) if event.author == "user" else ""


def _written(event: Event) -> str:
    author = "torch's own " if event.author == "torch" else ""
    part = event.get("part")
    return f"{_subject(event)} is written by {author}`{event.get('law')}`" + (f", in part: {part}" if part else "")


def _kept(event: Event) -> str:
    kind = _kind(event.get("container")) or "container"
    return f"{_subject(event)} is put into the {kind}, where `parameters()` does not look"


def _grouped(event: Event) -> str:
    given = event.get("given")
    if not isinstance(given, SequenceValue) or given.kind != "parameters" or not given.items.known:
        return ""
    return f"{_subject(event)} gets {len(given.items.rows)} parameters"


#: How each kind of event is told; the others say nothing to a reader.
_TELLING: dict[str, Callable[[Event], str]] = {
    "allocated": _by_user(lambda e: f"{_subject(e)} is made"),
    "written": _written,
    "registered": _by_user(lambda e: f"{_subject(e)} is registered in `{e.get('holder')}` as `{e.get('key')}`"),
    "kept": _kept,
    "flagged": lambda e: f"`requires_grad` of {_subject(e)} becomes {e.get('value')}",
    "mode": _by_user(lambda e: f"{_subject(e)} goes to `{'train' if e.get('value') else 'eval'}` mode"),
    "moved": lambda e: f"{_subject(e)} is moved",
    "copied": lambda e: f"{_subject(e)} is copied",
    "wrapped": lambda e: f"{_subject(e)} is wrapped",
    "called": _by_user(_called),
    "read": _by_user(lambda e: f"{_subject(e)} is read"),
    "backward": lambda e: f"backward is called on {_subject(e)}",
    "cleared": lambda e: f"gradients are cleared through {_subject(e)}",
    "optimizer": lambda e: f"{_subject(e)} is made",
    "grouped": _grouped,
    "stepped": lambda e: f"{_subject(e)} steps",
    "listed": lambda e: f"the {e.get('what')} of {_subject(e)} are listed",
    "taken": lambda e: f"the state dict of {_subject(e)} is taken",
    "loaded": lambda e: f"a state dict is loaded into {_subject(e)}",
    "saved": lambda e: f"{_subject(e)} is saved",
    "rebound": lambda e: f"{_subject(e)} gets another tensor as its `.data`",
    "escaped": lambda e: f"{_subject(e)} is handed to code that is not read",
}


def _counted(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, each place and text once, where it came first."""
    times: dict[Step, int] = {}
    for step in steps:
        times[step] = times.get(step, 0) + 1
    for step, count in times.items():
        yield Step(step.path, step.row, step.text, count)
