"""What the parameters of a model are agreed to be, in a TOML file that is written by hand or by `--write-contract`.

    complete = true

    [parameters."embed.weight"]
    shape = [50257, 768]
    dtype = "float32"
    init = "normal(std=0.02)"
    tied = ["head.weight"]

    [parameters."blocks.{0-11}.*.weight"]
    frozen = true

    [buffers."rope.table"]
    shape = [64]
    persistent = false

A name is a pattern, see `paramlint.config.name_patterns`; a parameter has to agree with every entry that covers it.
What an entry does not say is not compared, except that in a complete contract what is not said is not so: there are no
other parameters, ties or frozen parameters. Of buffers that holds where the contract has a table of them, be it empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from paramlint.config.name_patterns import size
from paramlint.config.toml_file import TomlFile
from paramlint.source.regular_file import BY_PROGRAM

Role = Literal["parameter", "buffer"]

#: Names that one pattern may list; a slip such as `{0-99999999}` would use up the memory.
MOST_NAMES = 1_000_000


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is agreed for the parameters of one pattern; None where nothing is.

    Attributes:
        dtype: such as `float32`.
        init: the law of the values, as `paramlint.live.laws.notation` reads it.
        frozen: whether it requires no gradient; of parameters.
        persistent: whether `state_dict` holds it; of buffers.
        tied: patterns of the other names of the same parameter, each of which has to be there, and no others. A `*`
            stands for what the `*` or the number at its place stands for in the parameter's own name.
    """

    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    init: str | None = None
    frozen: bool | None = None
    persistent: bool | None = None
    tied: tuple[str, ...] | None = None


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file.

    Attributes:
        path: of the file, as reports name it.
        complete: whether what is not said is not so.
        kind: what the entries are about.
        entries: by pattern.
        rows: on which the entries stand.
        buffers: what is agreed for buffers; None where nothing is.
    """

    path: str
    complete: bool = False
    kind: Role = "parameter"
    entries: dict[str, Entry] = {}
    rows: dict[str, int] = {}
    buffers: Contract | None = None


class _Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    complete: bool = False
    parameters: dict[str, Any] = {}
    buffers: dict[str, Any] | None = None


#: What is never said of tensors of a kind.
OF_OTHERS: dict[Role, str] = {"parameter": "persistent", "buffer": "frozen"}


def read_contract(path: str) -> Contract:
    """Read a file.

    Raises:
        ConfigError: it cannot be read, or says what is no contract.
    """
    file = TomlFile.read(path, limit=BY_PROGRAM)
    tables = file.convert(file.data, _Tables)
    own = _part(file, tables.complete, "parameter", tables.parameters)
    if tables.buffers is None:
        return own
    return msgspec.structs.replace(own, buffers=_part(file, tables.complete, "buffer", tables.buffers))


def _part(file: TomlFile, complete: bool, kind: Role, tables: dict[str, Any]) -> Contract:
    """What a file says of the tensors of one kind."""
    from paramlint.live.laws.notation import LawError, parse_law

    rows = file.rows_of_keys(tables)
    entries = {pattern: file.convert(table, Entry, rows[pattern]) for pattern, table in tables.items()}
    for pattern, entry in entries.items():
        if getattr(entry, OF_OTHERS[kind]) is not None:
            raise file.error(rows[pattern], f"`{OF_OTHERS[kind]}` is said of no {kind}")
        for listed in (pattern, *(entry.tied or ())):
            if size(listed) > MOST_NAMES:
                raise file.error(rows[pattern], f"`{listed}` covers {size(listed):,} names")
        try:
            if entry.init is not None:
                parse_law(entry.init)
        except LawError as error:
            raise file.error(file.row_of_key("init", rows[pattern]), str(error)) from None
    return Contract(path=file.shown, complete=complete, kind=kind, entries=entries, rows=rows)


def lines(entry: Entry) -> list[str]:
    """An entry as the lines below its header."""
    values = {
        "shape": entry.shape,
        "dtype": entry.dtype,
        "init": entry.init,
        "frozen": entry.frozen,
        "persistent": entry.persistent,
        "tied": entry.tied,
    }
    return [f"{key} = {toml(value)}" for key, value in values.items() if value is not None]


def toml(value: bool | int | str | Iterable[Any]) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, (bool, int, str)):
        # A text in JSON is one in TOML, but for the one control character that JSON lets stand.
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    return f"[{', '.join(toml(item) for item in value)}]"
