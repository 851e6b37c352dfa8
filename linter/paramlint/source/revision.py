"""A revision of a git repository: which files it has, and their bytes. Nothing is checked out, and no filter is run."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import cached_property

from paramlint.source.regular_file import BY_PROGRAM, read_regular

#: Nothing of a repository's configuration may start a program, and nothing asks for a password.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")


class RevisionError(Exception):
    """There is no such revision here; the message says why."""


class Revision:
    """What a revision holds.

    Args:
        name: as git understands it; `main...` is where `main` and what is checked out have parted.
        folder: one in the repository.

    Raises:
        RevisionError: git is not there, this is no repository, or it has no such revision.
    """

    def __init__(self, name: str, folder: str) -> None:
        self._folder = folder
        self.root = os.path.realpath(self._line("rev-parse", "--show-toplevel"))
        if name.startswith("-"):
            raise RevisionError(f"`{name}` is no revision")
        try:
            if name.endswith("..."):
                self.commit = self._line("merge-base", name[: -len("...")], "HEAD")
            else:
                self.commit = self._line("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        except RevisionError:
            raise RevisionError(f"git knows no revision `{name}` in {self.root}{self._why()}") from None

    def before(self, path: str, data: bytes) -> bytes | None:
        """What a file was at the revision: `data` itself where it is that, and None where there was no such file."""
        name = self._name(path)
        if name not in self._ids:
            name = self._renamed.get(name, name)
        known = self._ids.get(name)
        if known is None:
            return None
        return data if known == _id(data, len(known)) else self._run("cat-file", "blob", known)

    def has_changed(self, path: str) -> bool:
        """Whether a file is another than at the revision; one that cannot be read is."""
        known = self._ids.get(self._name(path))
        try:
            return known != _id(read_regular(path, BY_PROGRAM), len(known or ""))
        except OSError:
            return True

    def _name(self, path: str) -> str:
        folder, name = os.path.split(os.path.abspath(path))
        return os.path.relpath(os.path.join(os.path.realpath(folder), name), self.root).replace(os.sep, "/")

    @cached_property
    def _ids(self) -> dict[str, str]:
        """The id of each file's content, by its path from the root."""
        rows = self._run("ls-tree", "-r", "-z", "--full-tree", self.commit).split(b"\0")
        parted = (row.partition(b"\t") for row in rows if row)
        return {os.fsdecode(name): what.split()[2].decode() for what, _, name in parted if b" blob " in what}

    @cached_property
    def _renamed(self) -> dict[str, str]:
        """The old names of files that were renamed in commits since."""
        try:
            said = self._run("diff-tree", "-r", "-M", "-z", "--name-status", "--diff-filter=R", self.commit, "HEAD")
        except RevisionError:  # nothing is committed yet
            return {}
        names = [os.fsdecode(part) for part in said.split(b"\0") if part]
        return {new: old for _, old, new in zip(names[::3], names[1::3], names[2::3], strict=True)}

    def _why(self) -> str:
        try:
            is_shallow = self._line("rev-parse", "--is-shallow-repository") == "true"
        except RevisionError:
            return ""
        return ", which is a shallow clone: fetch more of its history" if is_shallow else ""

    def _line(self, *arguments: str) -> str:
        return os.fsdecode(self._run(*arguments)).strip("\n")

    def _run(self, *arguments: str) -> bytes:
        environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        command = ["git", *_QUIET, *arguments]
        try:
            done = subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, check=False)
        except FileNotFoundError:
            raise RevisionError("git is not installed") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise RevisionError(said.removeprefix("fatal: ") or f"git {arguments[0]} failed")
        return done.stdout


def _id(data: bytes, length: int) -> str:
    """What git calls this content, where its names are of this length."""
    make = hashlib.sha256 if length == 64 else hashlib.sha1
    return make(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
