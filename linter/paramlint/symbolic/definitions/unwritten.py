"""Who else may write what a class allocates: code of its file and package that no run of the class enters."""

from __future__ import annotations

from paramlint.facts import Scope
from paramlint.facts.paths.allocations import allocation_of
from paramlint.facts.unwritten_memory import is_uncalled, may_be_written_later
from paramlint.model.answer import NO, UNKNOWN, YES, Answer
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.code.source_trace import SourceSite
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import Instance, TensorValue


def written_elsewhere(run: Interpreter, tensor: TensorValue) -> Answer:
    """Whether code that the run has not entered may write a parameter; unknown where its allocation says little."""
    allocated = tensor.storage.allocated
    held = next(iter(run.trace.about("registered", tensor)), None)
    if allocated is None or held is None or not isinstance(allocated.site, SourceSite):
        return UNKNOWN
    place = allocated.site.place
    found = allocation_of(place.file.facts.scope(place.unit), allocated.site.node)
    holder = getattr(held.data["holder"], "value", held.data["holder"])
    cls = holder.cls if isinstance(holder, Instance) else None
    facts = cls.file.facts.class_of(cls.outline.unit) if isinstance(cls, ClassValue) else None
    if found is None or facts is None:
        return UNKNOWN
    return YES if may_be_written_later(facts, held.data["key"], found.rank, _entered(run)) else NO


def _entered(run: Interpreter) -> frozenset[Scope]:
    """The functions that the run has entered until now."""
    key = "entered", len(run.entered)
    if key not in run.memo:
        run.memo[key] = frozenset(p.file.facts.scope(p.unit) for p in run.entered if not p.file.is_stub)
    known: frozenset[Scope] = run.memo[key]
    return known


def uncalled_methods(instance: Instance) -> frozenset[str]:
    """The methods of the class itself that initialise, and that are mentioned nowhere but where they are defined."""
    cls = instance.cls
    if not isinstance(cls, ClassValue) or cls.file.is_stub:
        return frozenset()
    scopes = {name: cls.file.facts.scope(units[-1]) for name, units in cls.outline.methods.items()}
    return frozenset(name for name, scope in scopes.items() if is_uncalled(scope))
