"""The form in which results and their dependencies are kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from paramlint.finding import Diagnostic
from paramlint.source.dependencies import Dependencies, Look, Text


class Reported(NamedTuple):
    """What checking a file gave: its diagnostics, those that a comment silences, and what was not built to its end.

    `elsewhere` are those that stand in other files.
    """

    diagnostics: Sequence[Diagnostic] = ()
    suppressed: Sequence[Diagnostic] = ()
    cut_short: Sequence[str] = ()
    elsewhere: Sequence[Diagnostic] = ()


NOTHING = Reported()


class Stored(msgspec.Struct, array_like=True):
    """Results and dependencies: looks are named by their place in `looks`, and their paths are relative to one root.

    Attributes:
        engine: what made the results.
        looks: all looks.
        seen: what each has seen.
        edges: the looks that each has led to.
        folders: folders that were searched, with the looks at the texts that were in them.
        clean: files in which nothing was found.
        found: what was found in others.
    """

    engine: str
    looks: list[Look]
    seen: list[Text | str | None]
    edges: list[list[int]]
    folders: dict[str, list[int]]
    clean: list[int]
    found: dict[int, Reported]


def pack(engine: str, root: str, dependencies: Dependencies, results: dict[Look, Reported]) -> Stored:
    """The results with what is needed to judge them later; other looks are left out."""
    reached = dependencies.reached(results)
    wanted = set(reached)
    searched = {look.path for look in wanted if look.what == "search"}
    members = {folder: [Look("text", path) for path in dependencies.folders[folder]] for folder in searched}
    wanted.update(look for looks in members.values() for look in looks)
    looks = sorted(wanted)
    numbers = {look: number for number, look in enumerate(looks)}
    return Stored(
        engine,
        [look._replace(path=_below(look.path, root)) for look in looks],
        [dependencies.seen.get(look) for look in looks],
        # Others only lie in a folder that was searched, as files do whose results are not kept.
        [sorted(numbers[other] for other in dependencies.edges.get(look, ()) if look in reached) for look in looks],
        {_below(folder, root): [numbers[look] for look in members[folder]] for folder in sorted(searched)},
        sorted(numbers[look] for look, result in results.items() if not any(result)),
        {
            numbers[look]: _with_paths(result, lambda path: _below(path, root))
            for look, result in results.items()
            if any(result)
        },
    )


def unpack(stored: Stored, root: str) -> tuple[Dependencies, dict[Look, Reported]]:
    """What was packed."""
    prefix = os.path.join(root, "")
    looks = [
        look if os.path.isabs(look.path) else Look(look.what, prefix + look.path, look.words) for look in stored.looks
    ]
    dependencies = Dependencies()
    dependencies.seen = dict(zip(looks, stored.seen, strict=True))  # type: ignore[arg-type]
    dependencies.edges = {
        look: {looks[number] for number in numbers}
        for look, numbers in zip(looks, stored.edges, strict=True)
        if numbers
    }
    for folder, numbers in stored.folders.items():
        dependencies.folders[os.path.join(root, folder)] = [looks[number].path for number in numbers]
    results = {looks[number]: NOTHING for number in stored.clean}
    for number, reported in stored.found.items():
        results[looks[number]] = _with_paths(reported, lambda path: os.path.join(root, path))
    return dependencies, results


def _with_paths(reported: Reported, path_of: Callable[[str], str]) -> Reported:
    """The same with other paths of other files."""
    if not reported.elsewhere:
        return reported
    return reported._replace(elsewhere=[replace(found, path=path_of(found.path)) for found in reported.elsewhere])


def _below(path: str, root: str) -> str:
    """A path relative to a folder, if it is in it."""
    prefix = os.path.join(root, "")
    return path[len(prefix) :] if path.startswith(prefix) else path
