"""Attributes of a module whose names are put together, `f"scale_{i}"`: one stands for all that a loop registers."""

from __future__ import annotations

from paramlint.symbolic.values import Instance, Item, TensorValue, Unknown, Value, alternatives, text_of

#: Attributes that one name may stand for.
_MOST = 12


def family_of(module: Instance, name: str | Unknown) -> Item | None:
    """What a loop registered under names of a form, where a name is of that form and of no other; else None.

    Args:
        module: not a container.
        name: a name, or what is known of one: two loops that put their names together alike mean the same names.
    """
    rows = [row for row in module.items.rows if _is_named(row, name)] if module.items is not None else []
    return rows[0] if len(rows) == 1 else None


def buffers_named(module: Instance, name: Unknown) -> list[str]:
    """The buffers that a name may stand for, of which only the form is known: `f"running_{which}"`."""
    if not _is_telling(name.pieces):
        return []
    found = [one for one, kind in module.registered.items() if kind.startswith("buffer") and name.may_read(one)]
    return found if len(found) <= _MOST else []


def is_buffer(module: Instance, row: Item) -> bool:
    """Whether what a loop registers are buffers."""
    return row.key is not None and module.registered.get(text_of(row.key), "").startswith("buffer")


def holds_tensors(value: Value) -> bool:
    """Whether all that a value may be are plain tensors, which an attribute that is a buffer takes as its own."""
    return all(isinstance(one, TensorValue) and one.role != "parameter" for _, one in alternatives(value))


def _is_named(row: Item, name: str | Unknown) -> bool:
    key = row.key
    if not isinstance(key, Unknown) or not row.loops:
        return False
    if isinstance(name, str):
        return _is_telling(key.pieces) and key.may_read(name)
    return key == name or (_is_telling(key.pieces) and key.pieces == name.pieces)


def _is_telling(pieces: tuple[str, ...]) -> bool:
    return any(letter.isalpha() for piece in pieces for letter in piece)
