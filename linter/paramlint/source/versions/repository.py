"""A git repository, read by git itself: which revisions there are, what is in them, what a file held."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NamedTuple

from paramlint.source.regular_file import BY_PROGRAM

_LINK, _SUBMODULE = "120000", "160000"
#: Of what git says when it fails, characters that are handed on.
_LONGEST = 300


class VersionError(Exception):
    """A version that cannot be read; the message says which, and what to do."""


class Entry(NamedTuple):
    """Something in a revision: its kind as git writes it, and the object that holds it."""

    mode: str
    number: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == _LINK

    @property
    def is_submodule(self) -> bool:
        """Whether it is another repository, of which only the commit is known."""
        return self.mode == _SUBMODULE


class Repository:
    """A repository on this machine; objects are read, and neither the index nor the working tree is touched.

    Args:
        folder: a folder in it.

    Raises:
        VersionError: there is no git, or no repository.
    """

    def __init__(self, folder: str) -> None:
        self._git = shutil.which("git") or ""
        self._folder = folder
        self._reader: subprocess.Popen[bytes] | None = None
        if not self._git:
            raise VersionError("git is not installed, and revisions are read with it; compare two folders: --folders")
        done = self._run("rev-parse", "--show-toplevel")
        if done.returncode:
            said = _said(done)
            if "not a git repository" in said:
                raise VersionError(
                    f"`{folder}` is in no git repository; to compare two folders as they are: --folders OLD NEW"
                )
            raise VersionError(f"git cannot read the repository of `{folder}`: {said}")
        self.root = os.path.abspath(os.fsdecode(done.stdout).rstrip("\r\n"))

    def tree(self, revision: str) -> str:
        """The object that names all files of a revision.

        Raises:
            VersionError: there is no such revision.
        """
        done = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}")
        if not revision or revision.startswith("-") or done.returncode:
            raise VersionError(f"`{revision}` is no revision of this repository{self._hint(revision)}")
        return os.fsdecode(done.stdout).strip()

    def merge_base(self, one: str, other: str) -> str:
        """The newest commit that two revisions both come from.

        Raises:
            VersionError: there is no such revision, or they have nothing in common.
        """
        for revision in (one, other):
            self.tree(revision)
        done = self._run("merge-base", one, other)
        if done.returncode:
            hint = self._hint(one) or "; name two revisions of one history"
            raise VersionError(f"`{one}` and `{other}` have no commit in common{hint}")
        return os.fsdecode(done.stdout).strip()

    def _hint(self, revision: str) -> str:
        if self._text("rev-parse", "--is-shallow-repository") == "true":
            return ", as far as this shallow clone reaches: `git fetch --unshallow`, or `fetch-depth: 0` in a workflow"
        if self._run("rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{revision}").returncode == 0:
            return f"; did you mean `origin/{revision}`?"
        return ""

    @property
    def is_without_commits(self) -> bool:
        """Whether nothing was committed yet."""
        return self._run("rev-parse", "--verify", "--quiet", "HEAD").returncode != 0 and not self._text(
            "rev-list", "-n", "1", "--all"
        )

    def entries(self, tree: str) -> dict[str, Entry]:
        """All that is in a revision, by its path from the root."""
        if not tree:
            return {}
        done = self._run("ls-tree", "-r", "-z", "--full-tree", tree)
        if done.returncode:
            raise VersionError(f"git cannot list `{tree}`: {_said(done)}")
        found: dict[str, Entry] = {}
        for row in done.stdout.split(b"\0"):
            about, tab, path = row.partition(b"\t")
            if tab:
                mode, _, number = about.decode().split(" ")
                found[os.fsdecode(path)] = Entry(mode, number)
        return found

    def renamed(self, old: str, new: str) -> dict[str, str]:
        """The old names of the files that have another name in a newer revision; empty where it is none."""
        done = self._run("diff-tree", "-r", "-M", "-z", "--name-status", "--diff-filter=R", old, new)
        said = [os.fsdecode(part) for part in done.stdout.split(b"\0") if part] if not done.returncode else []
        return {after: before for _, before, after in zip(said[::3], said[1::3], said[2::3], strict=True)}

    def read(self, number: str) -> bytes:
        """What an object holds.

        Raises:
            VersionError: this clone does not have it, or it is too large.
        """
        if self._reader is None:
            self._reader = subprocess.Popen(
                [*self._command, "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._folder,
                env=_environment(),
            )
        assert self._reader.stdin is not None and self._reader.stdout is not None
        self._reader.stdin.write(f"{number}\n".encode())
        self._reader.stdin.flush()
        head = self._reader.stdout.readline().decode().split()
        if len(head) != 3 or not head[2].isdigit():
            raise VersionError(
                f"this clone has not all of its files: object {number} is missing; fetch it, or clone anew"
            )
        size = int(head[2])
        if size > BY_PROGRAM:
            self.close()  # the rest of what it says is not read
            raise VersionError(f"object {number} is too large: {size:,} bytes, and {BY_PROGRAM:,} are the most")
        data = self._reader.stdout.read(size + 1)
        return data[:size]

    def close(self) -> None:
        """End the process that reads objects."""
        if self._reader is not None:
            self._reader.terminate()
            self._reader.communicate()
            self._reader = None

    @property
    def _command(self) -> list[str]:
        # What a repository may ask git to start has no place here: it may be a stranger's.
        return [self._git, "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "--no-pager"]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [*self._command, *arguments], cwd=self._folder, env=_environment(), capture_output=True, check=False
            )
        except (OSError, ValueError) as error:  # a name that no argument may have
            return subprocess.CompletedProcess([], 1, b"", str(error).encode())

    def _text(self, *arguments: str) -> str:
        return os.fsdecode(self._run(*arguments).stdout).strip()


def _environment() -> dict[str, str]:
    """Messages in English, no locks, and nothing fetched by the way."""
    return {
        **os.environ,
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = os.fsdecode(done.stderr).strip().split("\n")[0].removeprefix("fatal: ")
    return text[:_LONGEST] or f"it ended with {done.returncode}"
