"""What the parameters of a model are agreed to be, in a TOML file that is written by hand or by `--write-contract`.

    complete = true

    [parameters."embed.weight"]
    shape = [50257, 768]
    dtype = "float32"
    init = "normal(std=0.02)"
    tied = ["head.weight"]

    [parameters."blocks.{0-11}.*.weight"]
    frozen = true

A name is a pattern, see `paramlint.config.name_patterns`; a parameter has to agree with every entry that covers it.
What an entry does not say is not compared, except that in a complete contract what is not said is not so: there are no
other parameters, ties or frozen parameters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from paramlint.config.name_patterns import size
from paramlint.config.toml_file import TomlFile
from paramlint.source.regular_file import BY_PROGRAM

#: Names that one pattern may list; a slip such as `{0-99999999}` would use up the memory.
MOST_NAMES = 1_000_000


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is agreed for the parameters of one pattern; None where nothing is.

    Attributes:
        dtype: such as `float32`.
        init: the law of the values, as `paramlint.live.laws.notation` reads it.
        frozen: whether it requires no gradient.
        tied: patterns of the other names of the same parameter, each of which has to be there, and no others. A `*`
            stands for what the `*` or the number at its place stands for in the parameter's own name.
    """

    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    init: str | None = None
    frozen: bool | None = None
    tied: tuple[str, ...] | None = None


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file.

    Attributes:
        path: of the file, as reports name it.
        complete: whether what is not said is not so.
        entries: by pattern.
        rows: on which the entries stand.
    """

    path: str
    complete: bool = False
    entries: dict[str, Entry] = {}
    rows: dict[str, int] = {}


class _Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    complete: bool = False
    parameters: dict[str, Any] = {}


def read_contract(path: str) -> Contract:
    """Read a file.

    Raises:
        ConfigError: it cannot be read, or says what is no contract.
    """
    from paramlint.live.laws.notation import LawError, parse_law

    file = TomlFile.read(path, limit=BY_PROGRAM)
    tables = file.convert(file.data, _Tables)
    rows = file.rows_of_keys(tables.parameters)
    entries = {pattern: file.convert(table, Entry, rows[pattern]) for pattern, table in tables.parameters.items()}
    for pattern, entry in entries.items():
        for listed in (pattern, *(entry.tied or ())):
            if size(listed) > MOST_NAMES:
                raise file.error(rows[pattern], f"`{listed}` covers {size(listed):,} names")
        try:
            if entry.init is not None:
                parse_law(entry.init)
        except LawError as error:
            raise file.error(file.row_of_key("init", rows[pattern]), str(error)) from None
    return Contract(path=file.shown, complete=tables.complete, entries=entries, rows=rows)


def lines(entry: Entry) -> list[str]:
    """An entry as the lines below its header."""
    values = {
        "shape": entry.shape,
        "dtype": entry.dtype,
        "init": entry.init,
        "frozen": entry.frozen,
        "tied": entry.tied,
    }
    return [f"{key} = {toml(value)}" for key, value in values.items() if value is not None]


def toml(value: bool | int | str | Iterable[Any]) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, (bool, int, str)):
        # A text in JSON is one in TOML, but for the one control character that JSON lets stand.
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    return f"[{', '.join(toml(item) for item in value)}]"
