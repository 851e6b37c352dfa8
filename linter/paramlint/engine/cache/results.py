"""The results of all files of a project under one choice of rules, as one small file."""

from __future__ import annotations

from _blake2 import blake2b  # what `hashlib` gives, which loads OpenSSL too
from collections.abc import Iterable, Mapping
from os.path import abspath

import msgspec

from paramlint.engine.cache.changes import Changes
from paramlint.engine.cache.folder import CacheFolder
from paramlint.engine.cache.stored import Reported, Stored, pack, unpack
from paramlint.engine.cache.version import engine
from paramlint.source.dependencies import Dependencies, Look, is_same


class Results:
    """What is known of the files of a project.

    Args:
        folder: where it is kept.
        choice: all that was said about which rules run; each choice has results of its own.
        root: the folder that paths are kept relative to, so that a project may move with its cache.
    """

    def __init__(self, folder: CacheFolder, choice: object, root: str) -> None:
        self._folder = folder
        self._name = blake2b(repr(choice).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        self._root = abspath(root)
        self._engine = engine()
        self._dependencies, self._results = Dependencies(), dict[Look, Reported]()
        #: Whether results with this choice were saved before.
        self.is_known = self._load()
        self._is_changed = False

    def _load(self) -> bool:
        data = self._folder.read(self._name)
        if data is None:
            return False
        try:
            stored = msgspec.msgpack.decode(data, type=Stored)
            if stored.engine != self._engine:
                return False
            self._dependencies, self._results = unpack(stored, self._root)
        except (msgspec.DecodeError, IndexError, ValueError):
            return False  # it is written anew
        return True

    def get(self, paths: Iterable[str]) -> dict[str, Reported]:
        """What was found in these files, as far as nothing has changed that it depended on."""
        looks = {path: look for path in paths if (look := Look("text", abspath(path))) in self._results}
        changes, seen = Changes(self._dependencies), self._dependencies.seen
        changed = changes.among(self._dependencies.reached(looks.values()))
        # A search has looked at files that were not asked for, too: what is known of them is as old.
        changed |= {look for look, text in changes.texts.items() if look in seen and not is_same(seen[look], text)}
        self._forget(changed)
        self._is_changed = any(seen.get(look) != text for look, text in changes.texts.items())
        seen.update(changes.texts)
        self._dependencies.folders.update(changes.folders)
        return {path: self._results[look] for path, look in looks.items() if look in self._results}

    def add(self, results: Mapping[str, Reported], dependencies: Dependencies) -> None:
        """Take in what a run has found, and what that depends on."""
        seen = self._dependencies.seen
        changed = {look for look, now in dependencies.seen.items() if look in seen and not is_same(seen[look], now)}
        self._forget(changed.union(*map(Changes(self._dependencies).searches, dependencies.folders)))
        self._dependencies.add(dependencies)
        self._results |= {Look("text", abspath(path)): reported for path, reported in results.items()}
        self._is_changed = True

    def save(self) -> None:
        """Keep everything, unless nothing is new."""
        if not self._is_changed:
            return
        stored = pack(self._engine, self._root, self._dependencies, self._results)
        try:
            self._folder.write(self._name, msgspec.msgpack.encode(stored))
        except UnicodeEncodeError:
            return  # the name of a file is no valid text

    def _forget(self, changed: set[Look]) -> None:
        """Drop all that depends on what has changed."""
        for look in self._dependencies.reaching(changed):
            self._results.pop(look, None)
            self._dependencies.edges.pop(look, None)
            self._dependencies.seen.pop(look, None)
