"""A tie made while the model is built on the meta device is gone after `to_empty`.

`to_empty` gives every parameter memory of its own, so two names that held one parameter hold two afterwards. A tie that
is only made in the constructor, or in the function that builds the model, has to be made again.

Bad:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(100, 8)
            self.head = nn.Linear(8, 100)
            self.head.weight = self.table.weight

    def build():
        with torch.device("meta"):
            model = Net()
        return model.to_empty(device="cpu")

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(100, 8)
            self.head = nn.Linear(8, 100)

        def tie_weights(self):
            self.head.weight = self.table.weight

    def build():
        with torch.device("meta"):
            model = Net()
        model = model.to_empty(device="cpu")
        model.tie_weights()
        return model

Leave it: the tie is made again after `to_empty`, in code that cannot be seen from here.
Source: https://github.com/huggingface/accelerate/issues/3668
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.heirs import heirs_of
from paramlint.facts.materialization import is_built_on_meta, materializers
from paramlint.facts.ties import Tie, ties_in
from paramlint.rule import Finding, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM504",
    "tie-lost-on-materialization",
    group="bug",
    doc=__doc__,
    triggers=(Stores("weight", "bias", of_names=True),),
)


#: Functions that are looked at for what makes a tie again.
_MOST_CALLED = 24


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for tie in ties_in(scope):
        for node, builder, again in _constructions(scope, tie):
            if not is_built_on_meta(scope.file, builder):
                continue
            after = materializers(scope.file)
            if after and not any(_calls(place, again) or list(ties_in(place)) for place in _with_called(after)):
                target, source = scope.text(tie.target), scope.text(tie.source)
                message = f"`{target}` and `{source}` are tied only before `to_empty`, which gives each its own memory"
                yield Finding(node, message, attribute=target, others=(source,))


def _with_called(places: list[Scope]) -> list[Scope]:
    """Functions that call `to_empty`, and those of the project that they call afterwards."""
    found = dict.fromkeys(places)
    waiting = list(places)
    while waiting and len(found) < _MOST_CALLED:
        scope = waiting.pop(0)
        calls = list(scope.find(nodes.Call))
        emptied = [i for i, c in enumerate(calls) if getattr(getattr(c.func, "attr", None), "value", "") == "to_empty"]
        called = (scope.resolve(call.func) for call in calls[min(emptied, default=-1) + 1 :])
        new = [one for one in called if isinstance(one, Scope) and one not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return list(found)


def _constructions(scope: Scope, tie: Tie) -> Iterator[tuple[nodes.Node, Class | Scope, set[str]]]:
    """Where construction makes the tie: the place, what is built there, and what would make the tie again."""
    if scope.cls is not None:
        if scope.name == "__init__":
            yield tie.target, scope.cls, _remaking(scope.cls, scope.text(tie.target))
            return
        for cls in (scope.cls, *heirs_of(scope.cls)):
            constructor = cls.own_method("__init__")
            for call in _calls(constructor, {scope.name}) if constructor is not None else ():
                yield call, cls, _callers(cls, scope.name)
        return
    given = scope.node.params.params if isinstance(scope.node, nodes.FunctionDef) else ()
    if scope.kind != "function":
        return
    head = (scope.dotted(tie.target) or "").partition(".")[0]
    if head not in {param.name.value for param in given}:
        yield tie.target, scope, set()
        return
    for unit in scope.file.outline.units:
        if unit.kind == "function" and unit is not scope.unit and scope.name in _text(scope, unit.first, unit.last):
            caller = scope.file.scope(unit)
            builder = caller.cls if caller.cls is not None and caller.name == "__init__" else caller
            for call in _calls(caller, {scope.name}):
                yield call, builder, {scope.name}


def _remaking(cls: Class, target: str) -> set[str]:
    """The methods beside the constructor that make a tie again, or call one that does."""
    found: set[str] = set()
    for name in {name: None for base in cls.mro for name in base.outline.methods}:
        method = cls.method(name) if name != "__init__" else None
        if method is not None and any(method.text(tie.target) == target for tie in ties_in(method)):
            found |= _callers(cls, name)
    return found


def _callers(cls: Class, method: str) -> set[str]:
    """A method and those of the class that call it, directly or not; the constructor is not among them."""
    found = {method}
    texts = [
        (name, "".join(base.file.source.lines(unit.first, unit.last) for unit in units))
        for base in cls.mro
        for name, units in base.outline.methods.items()
        if name != "__init__"
    ]
    for _ in texts:
        found |= {name for name, text in texts if any(f".{known}(" in text for known in found)}
    return found


def _calls(scope: Scope, names: set[str]) -> list[nodes.Call]:
    """The calls in a scope of functions or methods of these names."""
    found = []
    for call in scope.find(nodes.Call):
        last = call.func.attr if isinstance(call.func, nodes.Attribute) else call.func
        if isinstance(last, nodes.Name) and (last.value in names or last.value.startswith("tie_")):
            found.append(call)
    return found


def _text(scope: Scope, first: int, last: int) -> str:
    return scope.file.source.lines(first, last)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    lost = [tie.names for tie in model.plain.ties if _is_parted(model, tie.names)] if model.plain else []
    for names in [*lost, *(model.ties_lost_by_to_empty if not lost else ())]:
        first, second = names[:2]
        message = f"the tie of `{second}` to `{first}` is lost on materialization, so both are trained apart"
        yield model.by_name[second].proof(message, names=names, preset=model.preset)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    for name, seen in model.held_ties:
        if model.was_materialized(model.by_name[name]):
            yield name, f"{seen}, after `to_empty`"


def _is_parted(model: LiveModel, names: tuple[str, ...]) -> bool:
    return len({id(model.by_name[name].tensor) for name in names if name in model.by_name}) > 1
