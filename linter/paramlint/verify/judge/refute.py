"""Which classes a model was built from, and what its rules found right: the child's half of a verdict."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from paramlint.live.live_model import LiveModel
from paramlint.live.observe.writes import is_kerass, is_torchs
from paramlint.rule import Rule
from paramlint.verify.document.observed import Built, Observed, Refutation
from paramlint.verify.process.child import one_line
from paramlint.verify.process.postmortem import is_users


def observe(model: LiveModel, rules: Iterable[Rule], factory: Callable[..., Any]) -> Observed:
    """What static findings are compared with.

    Args:
        factory: what built the model; its file is one of the sources.
    """
    modules = model.instances
    classes = _classes(modules)
    built = [
        Built(
            qualname=cls.__qualname__,
            filename=file_of(cls),
            instances=names,
            plain=not any(_replaces(type(modules[name]), cls) for name in names),
        )
        for cls, names in classes.items()
    ]
    notes: list[str] = []
    # Where the build may differ from a real one, that something looks right there proves nothing.
    refutations = () if model.build.degraded else tuple(_refutations(model, rules, notes))
    return Observed(
        built=tuple(one for one in built if one.filename),
        refutations=refutations,
        sources=tuple(_sources([*classes], factory)),
        functions=tuple(sorted(model.build.functions.places())),
        written=tuple(sorted(_written(model))),
        notes=tuple(notes),
    )


def file_of(defined: Any) -> str:
    """The file that defines a class or function, empty where there is none."""
    try:
        return inspect.getsourcefile(defined) or ""
    except (OSError, TypeError):
        return ""


def _classes(modules: Mapping[str, Any]) -> dict[type, tuple[str, ...]]:
    """The classes that somebody other than torch and Keras wrote, with the names of their instances."""
    found: dict[type, list[str]] = {}
    seen: set[int] = set()
    for name, module in modules.items():
        if id(module) in seen:
            continue
        seen.add(id(module))
        for cls in type(module).__mro__:
            if cls is not object and not is_torchs(file_of(cls)) and not is_kerass(file_of(cls)):
                found.setdefault(cls, []).append(name)
    return {cls: tuple(names) for cls, names in found.items()}


def _replaces(subclass: type, cls: type) -> bool:
    """Whether a class, or one between it and a base, has its own version of a method of the base."""
    between = subclass.__mro__[: subclass.__mro__.index(cls)]
    return any(name in vars(cls) and inspect.isfunction(own) for kind in between for name, own in vars(kind).items())


def _sources(classes: list[type], factory: Callable[..., Any]) -> list[str]:
    """The files of the user, and of the package that was asked about, wherever it is installed."""
    package = getattr(factory, "__module__", "").partition(".")[0]
    defined = [factory, *classes]
    own = {file_of(one) for one in defined if one.__module__.partition(".")[0] == package or is_users(file_of(one))}
    return sorted(own - {""})


def _written(model: LiveModel) -> set[tuple[str, int]]:
    """The rows of the user's code that wrote to a tensor."""
    marks = (mark for _, shadow in model.build.shadow.items() for mark in shadow.marks)
    return {(line.filename, line.row) for mark in marks for line in mark.write.lines[:1]}


def _refutations(model: LiveModel, rules: Iterable[Rule], notes: list[str]) -> Iterator[Refutation]:
    for rule in rules:
        if not rule.is_asked_of(model.frameworks):
            continue
        try:
            seen = [one for refute in rule.refuters for one in refute(model)]
        except Exception as error:
            notes.append(f"{rule.code} could not say what is right: {one_line(error)}")
            continue
        for name, sentence in seen:
            yield Refutation(code=rule.code, name=name, seen=sentence)
