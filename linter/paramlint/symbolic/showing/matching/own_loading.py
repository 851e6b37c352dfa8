"""Whether a model has code of its own that decides what loading a state dict does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paramlint.symbolic.building import entry
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_SHOWN_STEPS
from paramlint.symbolic.showing.show import show
from paramlint.symbolic.showing.show_targets import Subject

_METHODS = ("load_state_dict", "_load_from_state_dict", "set_extra_state")
_HOOKS = ("load_state_dict_pre_hook(", "load_state_dict_post_hook(")


def own_loading(subject: Subject, arguments: Mapping[str, object]) -> list[str]:
    """Classes in a model that change what loading does, by their names."""
    if isinstance(subject.value, ClassValue):
        run = Interpreter(subject.file.program, MAX_SHOWN_STEPS)
        entry.build_class(run, subject.value, arguments, defaults=True)
        entry.finish(run)
    else:
        show(subject, arguments, defaults=True)
        run = subject.run
    found = (one for instance in run.instances if instance.cls is not None for one in _changing(run, instance.cls))
    return list(dict.fromkeys(found))


def _changing(run: Interpreter, cls: ClassValue) -> Iterator[str]:
    for base in classes.mro(run, cls):
        if isinstance(base, ClassValue) and not base.file.is_stub:
            unit = base.outline.unit
            text = base.file.facts.source.lines(unit.first, unit.last)
            if any(name in base.outline.methods for name in _METHODS) or any(hook in text for hook in _HOOKS):
                yield base.name
