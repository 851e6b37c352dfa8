"""From two versions of some code to what became of the parameters of its classes."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec

from paramlint.facts.files import Project
from paramlint.source.text import Source, UnreadableError
from paramlint.source.versions.snapshot import Snapshot
from paramlint.source.versions.version_looks import VersionLooks
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.comparing import change_document as document
from paramlint.symbolic.comparing.change import Change
from paramlint.symbolic.comparing.class_comparison import ComparedClass, compare_class
from paramlint.symbolic.comparing.classes_paired import pairs
from paramlint.symbolic.comparing.reached import Reach, changed_keys, files_reached
from paramlint.symbolic.showing.repeated_blocks import fold


@dataclass(frozen=True)
class Told:
    """A class that changed, with what is no part of the document.

    Attributes:
        told: the class.
        notes: for each change, what else is to be said.
        breaks: for each change, whether it keeps a state dict of the older version from loading.
    """

    told: document.ChangedClass
    notes: tuple[str, ...]
    breaks: tuple[bool | None, ...]


@dataclass(frozen=True)
class Outcome:
    """The document, and its classes with more to say."""

    document: document.Compared
    classes: tuple[Told, ...]


class Versions:
    """Two versions of some code.

    Args:
        old, new: the versions.
        installed: folders in which other packages are looked up.
        inside: folders of the code, from its root, from which imports are looked up too.
    """

    def __init__(self, old: Snapshot, new: Snapshot, installed: Sequence[str], inside: Sequence[str] = ()) -> None:
        self.old, self.new = old, new
        self._reaches = []
        self._programs = []
        for snapshot in (old, new):
            roots = [os.path.normpath(os.path.join(snapshot.root, one)) for one in (*inside, "")]
            project = Project([*dict.fromkeys(roots), *installed], is_draft=True, dependencies=VersionLooks(snapshot))
            self._reaches.append(Reach(snapshot, project))
            self._programs.append(Program(project))

    def compare(self, paths: Collection[str] = (), done: Callable[[int], None] = lambda steps: None) -> Outcome:
        """Compare all classes that a change reaches.

        Args:
            paths: files and folders from the root, of which only the classes are told; none for all.
            done: is told the steps that each class took.
        """
        old, new = self._reaches
        changed = {
            path for path in {*self.old.files, *self.new.files} if self.old.files.get(path) != self.new.files.get(path)
        }
        files = files_reached(changed, (self.old, self.new))
        self._follow(files)
        dirty = changed_keys(old, new)
        classes: list[Told] = []
        gone: list[document.GoneClass] = []
        unknown: list[document.UnknownClass] = []
        count = 0
        for pair in pairs(old, new, (self._programs[0], self._programs[1]), files):
            name = pair.old.outline.qualname
            key = pair.path, name
            if not _is_asked(paths, pair.path, pair.new and new.path(pair.new.file.facts)):
                continue
            if pair.new is None:
                row = pair.old.place.row(pair.old.place.node)
                if not self._is_unreadable(pair.path):
                    gone.append(document.GoneClass(name=name, filename=pair.path, row=row))
                continue
            if key not in dirty and (new.path(pair.new.file.facts), pair.new.outline.qualname) == key:
                continue
            compared = compare_class(self._programs[0], pair.old, self._programs[1], pair.new)
            count += 1
            done(compared.steps)
            told = self._told(compared)
            if told is not None:
                classes.append(told)
            if compared.unknown:
                unknown.append(self._unknown(compared))
        return Outcome(
            document.Compared(
                old=self.old.name,
                new=self.new.name,
                classes=tuple(one.told for one in classes),
                gone=tuple(gone),
                unknown=tuple(unknown),
                unreadable=self._unreadable(changed),
                compared=count,
            ),
            tuple(classes),
        )

    def _follow(self, files: Collection[str]) -> None:
        for reach in self._reaches:
            for path in sorted(files):
                facts = reach.file(path)
                for name in facts.outline.classes if facts is not None else ():
                    if "." not in name:
                        reach.follow((path, name))

    def _is_unreadable(self, path: str) -> bool:
        return path in self.new.files and self._reaches[1].file(path) is None

    def _unreadable(self, changed: Collection[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for reach in self._reaches:
            for path in sorted(changed):
                if path in reach.snapshot.files and reach.file(path) is None:
                    found[path] = f"in {reach.snapshot.name}: {_why(reach.snapshot, path)}"
            for path, why in reach.snapshot.unknown.items():
                found.setdefault(path, f"in {reach.snapshot.name}: is a submodule, and {why}")
        return found

    # Documents

    def _told(self, compared: ComparedClass) -> Told | None:
        if not compared.changes:
            return None
        folded = folded_changes(compared.changes)
        changes = tuple(self._change(name, new, change) for name, new, change in folded)
        told = document.ChangedClass(
            name=compared.new.outline.qualname,
            filename=self._place(compared.new),
            row=compared.row,
            loads=compared.loads,
            changes=changes,
        )
        return Told(told, tuple(change.note for *_, change in folded), tuple(change.breaks for *_, change in folded))

    def _change(self, name: str, new: object, change: Change) -> document.Change:
        place = change.row.said
        if change.kind == "init" and isinstance(change.new, dict):
            filename, row = change.new["filename"], change.new["row"]
        else:
            filename, row = place.filename, place.row
        return document.Change(
            kind=change.kind,
            name=name,
            old=name if change.kind == "renamed" else self._relative(change.old),
            new=self._relative(new),
            condition=change.condition,
            filename=self._from_root(filename),
            row=row,
        )

    def _relative(self, value: object) -> object:
        """A call with the path of its file from the root."""
        if isinstance(value, dict) and "filename" in value:
            return {**value, "filename": self._from_root(value["filename"])}
        return value

    def _from_root(self, filename: str) -> str:
        whole = os.path.abspath(filename)
        for snapshot in (self.new, self.old):
            if whole.startswith(os.path.join(snapshot.root, "")):
                return os.path.relpath(whole, snapshot.root).replace(os.sep, "/")
        return filename

    def _place(self, cls: ClassValue) -> str:
        return self._from_root(cls.file.facts.path)

    def _unknown(self, compared: ComparedClass) -> document.UnknownClass:
        rows = [(name, why) for name, why in compared.unknown.items()]
        groups = fold([name for name, _ in rows], [re.sub(r"\d+", "#", why) for _, why in rows])
        return document.UnknownClass(
            name=compared.new.outline.qualname,
            filename=self._place(compared.new),
            row=compared.row,
            rows=tuple(document.UnknownRow(name=name, why=rows[members[0]][1]) for name, members in groups),
        )


_NUMBER = re.compile(r"(?<!\d)(?:0|[1-9]\d*)(?!\d)")


def folded_changes(changes: Sequence[Change]) -> list[tuple[str, object, Change]]:
    """Changes that differ only in numbers in their names as one, each with its name, what it is now, and the first."""
    alike = []
    for change in changes:
        said = msgspec.json.encode([change.old, change.new], enc_hook=str).decode()
        if change.kind == "renamed":
            said = (
                _NUMBER.sub("#", str(change.new)) if _numbers(change.new) == _numbers(change.name) else str(change.new)
            )
        elif change.kind == "tie":
            said = _NUMBER.sub("#", said)
        alike.append(
            (change.kind, said, change.condition, change.breaks, change.row.said.filename, change.row.said.row)
        )
    found: list[tuple[str, object, Change]] = []
    for name, members in fold([change.name for change in changes], alike):
        first = changes[members[0]]
        new = first.new
        if first.kind == "renamed" and len(members) > 1:
            places = iter(_varying(first.name, name))
            new = _NUMBER.sub(lambda found, places=places: next(places, found[0]), str(first.new))  # type: ignore[misc]
        found.append((name, new, first))
    return found


def _numbers(name: object) -> list[str]:
    return _NUMBER.findall(str(name))


def _varying(name: str, pattern: str) -> list[str]:
    """What stands in a pattern for each number of a name."""
    parts = _NUMBER.split(name)
    expression = "(.+?)".join(map(re.escape, parts))
    found = re.fullmatch(expression, pattern)
    return list(found.groups()) if found else []


def _is_asked(paths: Collection[str], *candidates: str | None) -> bool:
    if not paths:
        return True
    return any(
        path is not None and (asked in (".", "") or path == asked or path.startswith(f"{asked.rstrip('/')}/"))
        for asked in paths
        for path in candidates
    )


def _why(snapshot: Snapshot, path: str) -> str:
    try:
        ast.parse(Source(path, snapshot.read(os.path.join(snapshot.root, path))).text)
    except UnreadableError as error:
        return str(error)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except SyntaxError as error:
        return f"is not valid Python: {error.msg}" + (f" in line {error.lineno}" if error.lineno else "")
    except (ValueError, RecursionError, MemoryError) as error:
        return f"is not valid Python: {error}"
    return "cannot be read"
