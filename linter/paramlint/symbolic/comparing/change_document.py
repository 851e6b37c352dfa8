"""What `paramlint diff` says, as JSON and as the source of every other form."""

from __future__ import annotations

import msgspec


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a parameter or buffer, or of several that are alike.

    Attributes:
        kind: `added`, `removed`, `renamed`, `shape`, `dtype`, `init`, `tie`, `frozen`, `buffer` or `persistent`.
        name: the old name, of what is added the new one; a pattern as those of `show`.
        old, new: what it was and is: shapes of what is added, removed or of another shape; names; types, null where the
            code says none; calls as in `show`; names of the same tensor; whether it is frozen, or saved; `parameter` or
            `buffer`.
        condition: where it changed; null for everywhere.
        filename, row: where the newer version makes it, the older one what is removed.
    """

    kind: str
    name: str
    old: object
    new: object
    condition: str | None
    filename: str
    row: int


class ChangedClass(msgspec.Struct, frozen=True, kw_only=True):
    """A class whose parameters changed.

    Attributes:
        name: of the class, in the newer version.
        filename, row: where that defines it.
        loads: whether a state dict of the older version loads strictly into the newer one, built with the same
            arguments and new ones at their defaults; null where that cannot be told.
    """

    name: str
    filename: str
    row: int
    loads: bool | None
    changes: tuple[Change, ...]


class UnknownRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that cannot be compared, and why."""

    name: str
    why: str


class UnknownClass(msgspec.Struct, frozen=True, kw_only=True):
    """A class of which not all could be compared.

    Attributes:
        name, filename, row: as of a class that changed.
        rows: what is unknown of it.
    """

    name: str
    filename: str
    row: int
    rows: tuple[UnknownRow, ...]


class GoneClass(msgspec.Struct, frozen=True, kw_only=True):
    """A class that the newer version does not have under any name that could be found."""

    name: str
    filename: str
    row: int


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The document.

    Attributes:
        old, new: the versions as they were asked for; `working tree` where it was none.
        classes: those whose parameters changed.
        gone: those that are no longer there.
        unknown: those of which not all could be compared, whether or not they changed.
        unreadable: files and submodules that one version cannot be read of, with the reason.
        compared: how many classes a change of the code reaches.
    """

    old: str
    new: str
    classes: tuple[ChangedClass, ...]
    gone: tuple[GoneClass, ...]
    unknown: tuple[UnknownClass, ...]
    unreadable: dict[str, str]
    compared: int
