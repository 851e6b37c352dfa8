"""Configuration: data from a TOML file, typed and checked; nothing in it can make `check` run code."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OutputFormat = Literal["full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit"]


class ConfigError(Exception):
    """The configuration is wrong; the message names the file, the line, and what was probably meant."""

    def __init__(self, path: str, row: int, message: str) -> None:
        super().__init__(f"{path}:{row}: {message}")


class Table(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What `[tool.paramlint]`, or the top of `paramlint.toml`, may hold."""

    extend: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: dict[str, tuple[str, ...]] = {}
    exclude: tuple[str, ...] = ()
    respect_gitignore: bool | None = None
    force_exclude: bool | None = None
    output_format: OutputFormat | None = None
    fix: bool | None = None
    unsafe_fixes: bool | None = None
    baseline: str | None = None
    #: What `paramlint verify` reads.
    verify: dict[str, Any] = {}


@dataclass(frozen=True)
class Settings:
    """A table, and all that it extends; paths in it are relative to the folder of the file that names them.

    `files` are the configuration files read, the nearest first; none when there are none.
    """

    table: Table = field(default_factory=Table)
    files: tuple[str, ...] = ()
    exclude: tuple[tuple[str, tuple[str, ...]], ...] = ()
    per_file_ignores: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    baseline: str | None = None


def find(paths: Iterable[str]) -> Settings:
    """The settings of the nearest configuration file: in the folder that holds all the paths, or one above it.

    `paramlint.toml` comes before `pyproject.toml`, which counts only with a table for paramlint. The search ends at
    the root of a repository.

    Raises:
        ConfigError: the file is wrong.
    """
    whole = [os.path.abspath(path) for path in paths] or [os.getcwd()]
    folder = os.path.commonpath(whole)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    while True:
        for name in ("paramlint.toml", "pyproject.toml"):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (name == "paramlint.toml" or _has_table(path)):
                return load(path)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return Settings()
        folder = above


def load(path: str, seen: tuple[str, ...] = ()) -> Settings:
    """The settings of one file, and of those that it extends.

    Raises:
        ConfigError: one of them cannot be read or is wrong, or they extend each other in a circle.
    """
    shown = os.path.relpath(path)
    text = _read(path, shown)
    table = _table(path, shown, text)
    folder = os.path.dirname(os.path.abspath(path))
    own = Settings(
        table,
        (path,),
        ((folder, table.exclude),),
        tuple((folder, pattern, codes) for pattern, codes in table.per_file_ignores.items()),
        os.path.join(folder, table.baseline) if table.baseline is not None else None,
    )
    _check_rules(own, shown, text)
    if table.extend is None:
        return own
    base = os.path.join(folder, os.path.expanduser(table.extend))
    if os.path.realpath(base) in (*seen, os.path.realpath(path)):
        raise ConfigError(shown, _row(text, "extend"), "`extend` leads back to this file")
    if not os.path.isfile(base):
        raise ConfigError(shown, _row(text, "extend"), f"`extend` names no file: {table.extend}")
    return _combine(load(base, (*seen, os.path.realpath(path))), own)


def _combine(base: Settings, own: Settings) -> Settings:
    """What a file says, over what it extends: single values replace, selections replace, the rest adds up."""
    given = {name: getattr(own.table, name) for name in Table.__struct_fields__}
    values = {name: value for name, value in given.items() if value is not None and value != () and value != {}}
    table = msgspec.structs.replace(base.table, **values)
    if own.table.select is None:
        added = (*base.table.extend_select, *own.table.extend_select)
        table = msgspec.structs.replace(table, extend_select=added, ignore=(*base.table.ignore, *own.table.ignore))
    else:
        table = msgspec.structs.replace(table, extend_select=own.table.extend_select, ignore=own.table.ignore)
    return replace(
        own,
        table=table,
        files=(*own.files, *base.files),
        exclude=(*base.exclude, *own.exclude),
        per_file_ignores=(*base.per_file_ignores, *own.per_file_ignores),
        baseline=own.baseline or base.baseline,
    )


def _read(path: str, shown: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except OSError as error:
        raise ConfigError(shown, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(shown, 1, f"is not valid UTF-8: {error.reason}") from None


def _has_table(path: str) -> bool:
    with open(path, "rb") as stream:
        data = stream.read()
    if b"paramlint" not in data:
        return False
    try:
        return "paramlint" in tomllib.loads(data.decode()).get("tool", {})
    except ValueError:
        return True  # reading it says what is wrong


def _table(path: str, shown: str, text: str) -> Table:
    try:
        data: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        row = re.search(r"line (\d+)", str(error))
        raise ConfigError(shown, int(row[1]) if row else 1, f"is not valid TOML: {error}") from None
    if os.path.basename(path) != "paramlint.toml":
        tool = data.get("tool", {})
        if os.path.basename(path) == "pyproject.toml" or "paramlint" in tool:
            data = tool.get("paramlint", {})
    known = [field.encode_name for field in msgspec.structs.fields(Table)]
    for key in data:
        if key not in known:
            close = difflib.get_close_matches(key.replace("_", "-"), known, 1)
            hint = f"; did you mean `{close[0]}`?" if close else f"; there are {', '.join(known)}"
            raise ConfigError(shown, _row(text, key), f"`{key}` is no setting{hint}")
    try:
        return msgspec.convert(data, Table)
    except msgspec.ValidationError as error:
        return _refuse(shown, text, str(error), data)


def _refuse(shown: str, text: str, said: str, data: dict[str, Any]) -> Table:
    """Say in our words what msgspec says about a value."""
    place = re.search(r" - at `(?:key in )?\$\.?([^.\[`]*)", said)
    key = place[1] if place else ""
    problem = said.split(" - at ")[0].replace(" | null`", "`")
    for theirs, ours in (("`array`", "a list"), ("`str`", "a text"), ("`bool`", "true or false")):
        problem = problem.replace(theirs, ours)
    hint = ""
    if key == "output-format" and isinstance(data.get(key), str):
        choices = OutputFormat.__args__  # type: ignore[attr-defined]
        close = difflib.get_close_matches(data[key], choices, 1)
        hint = f"; did you mean `{close[0]}`?" if close else f"; there are {', '.join(choices)}"
    raise ConfigError(shown, _row(text, key), f"`{key}`: {problem[:1].lower()}{problem[1:]}{hint}")


def _check_rules(settings: Settings, shown: str, text: str) -> None:
    from paramlint.suite import UnknownRuleError, by_name

    table = settings.table
    for selector in (
        *(table.select or ()),
        *table.extend_select,
        *table.ignore,
        *(code for codes in table.per_file_ignores.values() for code in codes),
    ):
        try:
            by_name(selector)
        except UnknownRuleError as error:
            raise ConfigError(shown, _row_of_value(text, selector), str(error)) from None


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """The rows that may be ours: in a pyproject.toml, those from our table on."""
    rows = list(enumerate(text.splitlines(), 1))
    first = next((index for index, (_, row) in enumerate(rows) if "tool.paramlint" in row), 0)
    yield from rows[first:]


def _row(text: str, key: str) -> int:
    pattern = re.compile(rf"""^\s*(?:["']?{re.escape(key)}["']?\s*(?:=|\.)|\[.*\b{re.escape(key)}["']?\s*\])""")
    return next((row for row, line in _rows(text) if key and pattern.search(line)), 1)


def _row_of_value(text: str, value: str) -> int:
    return next((row for row, line in _rows(text) if f'"{value}"' in line or f"'{value}'" in line), 1)
