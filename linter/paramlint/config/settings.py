"""Configuration: data from a TOML file, typed and checked; nothing in it can make `check` run code."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, replace
from dataclasses import fields as dataclass_fields
from itertools import islice
from typing import Any, Literal, TypeVar, get_type_hints

from paramlint import __version__
from paramlint.config.nearest import nearest
from paramlint.config.toml_file import ConfigError, TomlFile
from paramlint.source.kinds import document
from paramlint.source.links import is_below, repository
from paramlint.source.path_patterns import fault
from paramlint.source.regular_file import BY_HAND, read_regular

__all__ = ["ConfigError", "OutputFormat", "Settings", "Table", "VerifyTable", "find", "load"]

#: The header of a table, of a tool or not.
_HEADER = re.compile(rb"""^[ \t]*\[[ \t]*(?P<tool>tool[ \t]*\.[ \t]*)?["']?(?P<name>[\w-]+)""", re.M)
#: Headers that are looked at for a slip of the pen.
_HEADERS = 1_000
#: Files that extend each other.
_MOST_EXTENDED = 20
OutputFormat = Literal["full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit"]


@dataclass(frozen=True, kw_only=True)
class VerifyTable:
    """What `[tool.paramlint.verify]` may hold: the options of `paramlint verify` by their names.

    Attributes:
        targets: verified where the command line names none.
        laws: by pattern of parameter names; the command line adds to them.
        contract: relative to the folder of the file that names it.
        timeout: seconds.
        memory, build_limit: GiB.
    """

    targets: tuple[str, ...] = ()
    laws: dict[str, str] = field(default_factory=dict)
    contract: str | None = None
    example: str | None = None
    optimizer: str | None = None
    preset: Literal["constructor", "meta", "transformers"] | None = None
    method: str | None = None
    timeout: float | None = None
    memory: float | None = None
    build_limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """What `[tool.paramlint]`, or the top of `paramlint.toml`, may hold."""

    extend: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    preview: bool | None = None
    per_file_ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    extension: tuple[str, ...] = ()
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool | None = None
    force_exclude: bool | None = None
    output_format: OutputFormat | None = None
    fix: bool | None = None
    unsafe_fixes: bool | None = None
    fixable: tuple[str, ...] | None = None
    unfixable: tuple[str, ...] = ()
    jobs: int | None = None
    required_version: str | None = None
    baseline: str | None = None
    ties: tuple[str, ...] = ()
    verify: VerifyTable | None = None


@dataclass(frozen=True)
class Settings:
    """A table, and all that it extends; paths in it are relative to the folder of the file that names them.

    `files` are the configuration files read, the nearest first; none when there are none. `selectors` are all names of
    rules in them, with where they stand; the catalogue of rules says whether there are such rules.
    """

    table: Table = field(default_factory=Table)
    files: tuple[str, ...] = ()
    exclude: tuple[tuple[str, tuple[str, ...]], ...] = ()
    per_file_ignores: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    baseline: str | None = None
    selectors: tuple[tuple[TomlFile, str], ...] = ()


TableT = TypeVar("TableT", Table, VerifyTable)
#: The files that settings are read from, the one that counts first.
NAMES = ("paramlint.toml", "pyproject.toml")


def common_folder(paths: Iterable[str]) -> str:
    """The folder that holds all paths; the current one without any."""
    whole = [os.path.abspath(path) for path in paths] or [os.getcwd()]
    folder = os.path.commonpath(whole)
    return folder if os.path.isdir(folder) else os.path.dirname(folder)


def file_in(folder: str) -> str | None:
    """The configuration file of a folder.

    Raises:
        ConfigError: there is one with a table that was probably meant to be ours.
    """
    for name in NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (name == "paramlint.toml" or _has_table(path)):
            return path
    return None


def find(paths: Iterable[str]) -> Settings:
    """The settings of the nearest configuration file: in the folder that holds all the paths, or one above it.

    `paramlint.toml` comes before `pyproject.toml`, which counts only with a table for paramlint. The search ends at
    the root of a repository.

    Raises:
        ConfigError: the file is wrong.
    """
    folder = common_folder(paths)
    while True:
        path = file_in(folder)
        if path is not None:
            return load(path)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return Settings()
        folder = above


def load(path: str, seen: tuple[str, ...] = (), root: str = "") -> Settings:
    """The settings of one file, and of those that it extends.

    Args:
        path: the file.
        seen: those that extend it.
        root: the folder whose files may be quoted in messages; that of the repository of the first file, or its own.

    Raises:
        ConfigError: one of them cannot be read or is wrong, or they extend each other in a circle.
    """
    folder = os.path.dirname(os.path.abspath(path))
    is_foreign = not is_below(path, root or repository(folder) or folder)
    file = TomlFile.read(path, section="tool.paramlint", is_foreign=is_foreign)
    table = _table(file, folder)
    _require_version(file, table.required_version)
    if table.jobs is not None and table.jobs < 1:
        raise file.error(file.row_of_key("jobs"), "`jobs` is a number of processes, at least 1")
    excluded = (*table.exclude, *table.extend_exclude)
    for pattern in (*excluded, *table.per_file_ignores):
        if (why := fault(pattern)) is not None:
            raise file.error(file.row_of_text(pattern), f"`{pattern}` is no pattern: {why}")
    own = Settings(
        table,
        (path,),
        ((folder, excluded),),
        tuple((folder, pattern, codes) for pattern, codes in table.per_file_ignores.items()),
        os.path.join(folder, table.baseline) if table.baseline is not None else None,
        tuple((file, selector) for selector in _selectors(table)),
    )
    if table.extend is None:
        return own
    base = os.path.join(folder, os.path.expanduser(table.extend))
    if os.path.realpath(base) in (*seen, os.path.realpath(path)):
        raise file.error(file.row_of_key("extend"), "`extend` leads back to this file")
    if len(seen) == _MOST_EXTENDED:
        raise file.error(file.row_of_key("extend"), f"`extend` leads on and on, through {_MOST_EXTENDED} files")
    if not os.path.isfile(base):
        raise file.error(file.row_of_key("extend"), f"`extend` names no file: {table.extend}")
    return _combine(load(base, (*seen, os.path.realpath(path)), root or repository(folder) or folder), own)


def _combine(base: Settings, own: Settings) -> Settings:
    """What a file says, over what it extends: single values replace, selections replace, the rest adds up."""
    given = {name: getattr(own.table, name) for name in vars(own.table)}
    values = {name: value for name, value in given.items() if value is not None and value != () and value != {}}
    table = replace(base.table, **values)
    if own.table.select is None:
        added = (*base.table.extend_select, *own.table.extend_select)
        table = replace(table, extend_select=added, ignore=(*base.table.ignore, *own.table.ignore))
    else:
        table = replace(table, extend_select=own.table.extend_select, ignore=own.table.ignore)
    table = replace(
        table,
        ties=(*base.table.ties, *own.table.ties),
        extension=(*base.table.extension, *own.table.extension),
    )
    return replace(
        own,
        table=table,
        files=(*own.files, *base.files),
        exclude=(*base.exclude, *own.exclude),
        per_file_ignores=(*base.per_file_ignores, *own.per_file_ignores),
        baseline=own.baseline or base.baseline,
        selectors=(*own.selectors, *base.selectors),
    )


def _has_table(path: str) -> bool:
    """Whether a pyproject.toml is about us.

    Raises:
        ConfigError: it has a table that was probably meant to be.
    """
    try:
        data = read_regular(path, BY_HAND)
    except OSError as error:
        raise ConfigError(os.path.relpath(path), 1, f"cannot be read: {error.strerror}") from None
    for match in islice(_HEADER.finditer(data), _HEADERS):
        tool, name = match["tool"], match["name"].decode("utf-8", "replace")
        meant = nearest(name, ("paramlint",))
        if meant and (name != meant or not tool):
            shown = f"[{'tool.' if tool else ''}{name}]"
            row = data.count(b"\n", 0, match.start()) + 1
            raise ConfigError(
                os.path.relpath(path), row, f"`{shown}` is read by nobody; did you mean `[tool.paramlint]`?"
            )
    if b"paramlint" not in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    try:
        return "paramlint" in TomlFile.read(path).data.get("tool", {})
    except ConfigError:
        return True  # reading it says what is wrong


def _table(file: TomlFile, folder: str) -> Table:
    data: Any = file.data
    name = os.path.basename(file.shown)
    if name != "pyproject.toml" and ("paramlint" in data or (name == "paramlint.toml" and "tool" in data)):
        raise file.error(
            file.row_of_key("paramlint"),
            "the settings stand without a table here; `[tool.paramlint]` is for pyproject.toml",
        )
    if name != "paramlint.toml":
        tool = data.get("tool", {})
        if name == "pyproject.toml" or "paramlint" in tool:
            data = tool.get("paramlint", {})
    table = _typed(file, {key: value for key, value in data.items() if key != "verify"}, Table)
    table = replace(table, extension=tuple(_document(file, given) for given in table.extension))
    if "verify" not in data:
        return table
    verify = _typed(file, data["verify"], VerifyTable, after=file.row_of_key("verify"))
    if verify.contract is not None:
        verify = replace(verify, contract=os.path.join(folder, verify.contract))
    return replace(table, verify=verify)


def _typed(file: TomlFile, data: Any, kind: type[TableT], after: int = 0) -> TableT:
    """A table of a file as its class has it; with dashes for underscores, and nothing beside.

    The classes are plain ones: without a configuration file nothing is converted, and msgspec not loaded.
    """
    from msgspec import defstruct

    hints = get_type_hints(kind)
    default = {one.name: {} if one.default is MISSING else one.default for one in dataclass_fields(kind)}
    fields = [(name, hints[name], value) for name, value in default.items()]
    struct = defstruct(kind.__name__, fields, kw_only=True, forbid_unknown_fields=True, rename="kebab")
    found = file.convert(data, struct, after)
    return kind(**{name: getattr(found, name) for name, _, _ in fields})


def _require_version(file: TomlFile, wanted: str | None) -> None:
    """Refuse a configuration that was written for another version."""
    if wanted is None:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    # A bare number is the version itself, as ruff reads it.
    text = f"=={wanted}" if wanted[:1].isdigit() else wanted
    try:
        is_met = SpecifierSet(text).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        raise file.error(
            file.row_of_key("required-version"), f"`{wanted}` is no version: write `>=0.1,<0.2` or `0.1.0`"
        ) from None
    if not is_met:
        raise file.error(
            file.row_of_key("required-version"), f"this is paramlint {__version__}, and `{wanted}` is required"
        )


def _document(file: TomlFile, given: str) -> str:
    try:
        return document(given)
    except ValueError as error:
        raise file.error(file.row_of_text(given), str(error)) from None


def _selectors(table: Table) -> tuple[str, ...]:
    in_files = (selector for selectors in table.per_file_ignores.values() for selector in selectors)
    for_fixes = (*(table.fixable or ()), *table.unfixable)
    return (*(table.select or ()), *table.extend_select, *table.ignore, *for_fixes, *in_files)
