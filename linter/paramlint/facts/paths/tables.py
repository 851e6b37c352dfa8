"""Tables of what a path knows: many paths of one origin share what they have in common, and keep their changes.

A walk forks and joins paths again and again; where each had a table of its own, work would grow with the square of what
a constructor allocates.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Sequence, ValuesView
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")
EntryT = TypeVar("EntryT")

#: Changes that a joined table keeps by itself, and those that one may have before its forks share them.
_MOST_JOINED = 16
_MOST_FORKED = 256


class Table(Generic[KeyT, EntryT]):
    """A dictionary that forks at the cost of its changes.

    Args:
        own: its entries.
        shared: entries of several tables, which nobody changes.
    """

    __slots__ = ("_key", "_own", "_shared")

    def __init__(self, own: dict[KeyT, EntryT] | None = None, shared: dict[KeyT, EntryT] | None = None) -> None:
        self._own: dict[KeyT, EntryT] = own if own is not None else {}
        self._shared: dict[KeyT, EntryT] = shared if shared is not None else {}
        #: Kept until a change: a path that comes out of many blocks unchanged is compared behind each of them.
        self._key: tuple[int, frozenset[tuple[KeyT, EntryT]]] | None = None

    def fork(self) -> Table[KeyT, EntryT]:
        """A table that changes by itself from here."""
        self._share(_MOST_FORKED)
        return Table(dict(self._own), self._shared)

    def _share(self, most: int) -> None:
        if len(self._own) > most:
            self._shared, self._own, self._key = {**self._shared, **self._own}, {}, None

    @property
    def key(self) -> tuple[int, frozenset[tuple[KeyT, EntryT]]]:
        """Tables of one origin are equal where their keys are."""
        if self._key is None:
            shared = self._shared
            changed = frozenset(e for e in self._own.items() if e[0] not in shared or shared[e[0]] != e[1])
            self._key = id(shared), changed
        return self._key

    def get(self, key: KeyT) -> EntryT | None:
        """The entry of a key; None where there is none."""
        own = self._own
        return own[key] if key in own else self._shared.get(key)

    def items(self) -> ItemsView[KeyT, EntryT]:
        """All entries with their keys."""
        return {**self._shared, **self._own}.items()

    def values(self) -> ValuesView[EntryT]:
        """All entries."""
        return {**self._shared, **self._own}.values()

    def __getitem__(self, key: KeyT) -> EntryT:
        return self._own[key] if key in self._own else self._shared[key]

    def __setitem__(self, key: KeyT, entry: EntryT) -> None:
        self._own[key], self._key = entry, None

    def __contains__(self, key: object) -> bool:
        return key in self._own or key in self._shared

    def __iter__(self) -> Iterator[KeyT]:
        return iter({**self._shared, **self._own})

    def __bool__(self) -> bool:
        return bool(self._own or self._shared)


def joined_table(
    tables: Sequence[Table[KeyT, EntryT]], joined: Callable[[list[EntryT]], tuple[EntryT, ...]]
) -> Table[KeyT, EntryT]:
    """One table for many: entries that are the same in all stay, and where they differ a function says what there is.

    Args:
        tables: at least one.
        joined: gives the entry from those that the tables have, fewer than tables where some have none; or no entry.
    """
    first = tables[0]._shared
    own: dict[KeyT, EntryT] = {}
    gone: list[KeyT] = []
    for key in _parted(tables):
        entry = joined([table[key] for table in tables if key in table])
        if entry:
            own[key] = entry[0]
        elif key in first:
            gone.append(key)
    if gone:
        own, first = {**first, **own}, {}
        for key in gone:
            own.pop(key, None)
    found = Table(own, first)
    found._share(_MOST_JOINED)
    return found


def _parted(tables: Sequence[Table[KeyT, EntryT]]) -> Iterable[KeyT]:
    """The keys of which the entries may differ, those of the first table first."""
    first = tables[0]._shared
    keys: dict[KeyT, None] = {}
    others = {id(table._shared): table._shared for table in tables if table._shared is not first}
    for other in others.values():
        keys.update(dict.fromkeys(k for k, entry in first.items() if k not in other or other[k] is not entry))
        keys.update(dict.fromkeys(k for k in other if k not in first))
    for table in tables:
        keys.update(dict.fromkeys(table._own))
    return keys
