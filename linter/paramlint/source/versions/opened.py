"""From what was typed to the two versions: revisions, a range of them, the working tree, or two folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from paramlint.source.versions.repository import Repository, VersionError
from paramlint.source.versions.snapshot import Commit, Folder, Snapshot

#: What the version is called that is not committed.
WORKING_TREE = "working tree"


@contextmanager
def revisions(old: str, new: str | None, folder: str = ".") -> Iterator[tuple[Snapshot, Snapshot]]:
    """Two versions of the repository that a folder is in.

    Args:
        old: a revision, or a range: `a..b`, and `a...b` from where `b` left `a`.
        new: a revision; None for the working tree.
        folder: a folder in the repository.

    Raises:
        VersionError: there is no repository or revision.
    """
    repository = Repository(os.path.abspath(folder))
    opened: list[Snapshot] = []
    try:
        name, start, end = _ends(repository, old, new)
        is_first = start == "HEAD" and repository.is_without_commits
        commit = Commit(name, repository, "" if is_first else repository.tree(start))
        opened.append(commit)
        after: Snapshot
        if end is None:
            after = Folder(WORKING_TREE, repository.root, commit.files)
        else:
            after = Commit(end, repository, repository.tree(end))
        opened.append(after)
        yield commit, after
    finally:
        for version in opened:
            version.close()


def _ends(repository: Repository, old: str, new: str | None) -> tuple[str, str, str | None]:
    """What the older revision is called, what it is, and the newer one."""
    if new is not None or ".." not in old:
        return old, old, new
    if "..." in old:
        start, _, end = old.partition("...")
        start, end = start or "HEAD", end or "HEAD"
        base = repository.merge_base(start, end)
        return base[:12], base, end
    start, _, end = old.partition("..")
    return start or "HEAD", start or "HEAD", end or "HEAD"


@contextmanager
def folders(old: str, new: str) -> Iterator[tuple[Snapshot, Snapshot]]:
    """Two folders with versions of the same code.

    Raises:
        VersionError: one is no folder.
    """
    for folder in (old, new):
        if not os.path.isdir(folder):
            what = "a file" if os.path.exists(folder) else "not there"
            raise VersionError(f"`{folder}` is {what}; --folders takes two folders with versions of the same code")
    yield Folder(old, old), Folder(new, new)
