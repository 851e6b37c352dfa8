"""Which class of the older version became which of the newer one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.code.program import ClassValue, Program, SourceFile
from paramlint.symbolic.comparing.reached import Reach
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.interpreter import Interpreter


@dataclass(frozen=True)
class ClassPair:
    """A class of the older version, with its path, and what it became; None where it is gone."""

    path: str
    old: ClassValue
    new: ClassValue | None


def pairs(old: Reach, new: Reach, programs: tuple[Program, Program], paths: Collection[str]) -> Iterator[ClassPair]:
    """The module classes in some files of the older version, each with that of the newer one.

    One that is no longer at its place is looked for under the name that its file gives it, as who imports it would
    find it, and then under its name in all files, where only one has it.
    """
    newer: dict[str, list[ClassValue]] | None = None
    for path in sorted(path for path in paths if path in old.snapshot.files):
        for cls in module_classes(old, programs[0], path):
            found = _at_its_place(new, programs[1], path, cls.outline.qualname)
            if found is None:
                if newer is None:
                    newer = _by_name(new, programs[1], [one for one in paths_of(new) if one in paths])
                    before = _by_name(old, programs[0], [one for one in paths_of(old) if one in paths])
                    newer = {name: several for name, several in newer.items() if len(before.get(name, ())) == 1}
                candidates = newer.get(cls.outline.qualname, [])
                found = candidates[0] if len(candidates) == 1 else None
            yield ClassPair(path, cls, found)


def paths_of(reach: Reach) -> list[str]:
    """All paths of a version."""
    return list(reach.snapshot.files)


def module_classes(reach: Reach, program: Program, path: str) -> Iterator[ClassValue]:
    """The module classes at the top of a file."""
    file = _file(reach, program, path)
    if file is None:
        return
    run = Interpreter(program)
    run.frames.append(Frame(None, file.module_place, None, ALWAYS))
    for qualname, outlines in file.facts.outline.classes.items():
        if "." not in qualname:
            cls = file.class_value(outlines[-1])
            if classes.is_module(run, cls):
                yield cls


def _by_name(reach: Reach, program: Program, paths: list[str]) -> dict[str, list[ClassValue]]:
    found: dict[str, list[ClassValue]] = {}
    for path in paths:
        for cls in module_classes(reach, program, path):
            found.setdefault(cls.outline.qualname, []).append(cls)
    return found


def _at_its_place(reach: Reach, program: Program, path: str, name: str) -> ClassValue | None:
    file = _file(reach, program, path)
    if file is None:
        return None
    found = program.lookup(file, name)
    if not isinstance(found, ClassValue) or found.file.is_stub:
        return None
    run = Interpreter(program)
    run.frames.append(Frame(None, found.file.module_place, None, ALWAYS))
    return found if classes.is_module(run, found) else None


def _file(reach: Reach, program: Program, path: str) -> SourceFile | None:
    facts = reach.file(path)
    return program.file(facts) if facts is not None else None
