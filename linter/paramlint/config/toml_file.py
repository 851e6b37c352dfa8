"""TOML files that people write: read, typed, and refused with the file, the row and what was probably meant."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from paramlint.config.nearest import nearest
from paramlint.source.regular_file import BY_HAND, read_regular

if TYPE_CHECKING:
    import msgspec

StructT = TypeVar("StructT", bound="msgspec.Struct")
#: What msgspec calls a type, and what we do.
WORDS = {
    "array": "a list",
    "str": "a text",
    "bool": "true or false",
    "object": "a table",
    "float": "a number",
    "int": "a whole number",
}

_FOREIGN = "is no configuration of paramlint; more is not shown of a file outside of the project"


class ConfigError(Exception):
    """A file is wrong; the message names the file, the line, and what was probably meant."""

    def __init__(self, path: str, row: int, message: str) -> None:
        super().__init__(f"{path}:{row}: {message}")


@dataclass(frozen=True)
class TomlFile:
    """One file.

    Attributes:
        shown: its path from the working directory, as messages name it.
        text: what it holds.
        data: the same, parsed.
        section: rows before the first one that holds this text are other people's.
        is_foreign: it lies where the project has no business, so no message shows what it holds.
    """

    shown: str
    text: str
    data: dict[str, Any]
    section: str = ""
    is_foreign: bool = False

    @staticmethod
    def read(path: str, section: str = "", limit: int = BY_HAND, *, is_foreign: bool = False) -> TomlFile:
        """Read a file of at most so many bytes.

        Raises:
            ConfigError: it cannot be read, is not UTF-8 or not TOML.
        """
        if sys.version_info >= (3, 11):  # most folders have no such file
            import tomllib
        else:
            import tomli as tomllib
        shown = os.path.relpath(path)
        text = _read(path, shown, limit)
        try:
            return TomlFile(shown, text, tomllib.loads(text), section, is_foreign)
        except RecursionError:
            raise ConfigError(shown, 1, "is not valid TOML: it is nested too deeply") from None
        except ValueError as error:  # also of a number that Python takes for too long
            if is_foreign:
                raise ConfigError(shown, 1, _FOREIGN) from None
            row = re.search(r"line (\d+)", str(error))
            raise ConfigError(shown, int(row[1]) if row else 1, f"is not valid TOML: {error}") from None

    def error(self, row: int, message: str) -> ConfigError:
        """What to raise about a row."""
        return ConfigError(self.shown, 1, _FOREIGN) if self.is_foreign else ConfigError(self.shown, row, message)

    def row_of_key(self, key: str, after: int = 0) -> int:
        """The first row after another one on which a key stands; that other one, or 1, where there is none."""
        pattern = re.compile(rf"""^\s*(?:["']?{re.escape(key)}["']?\s*(?:=|\.)|\[.*\b{re.escape(key)}["']?\s*\])""")
        return next((row for row, line in self._rows() if row > after and key and pattern.search(line)), after or 1)

    def rows_of_keys(self, keys: Iterable[str]) -> dict[str, int]:
        """The same for many keys, gone through once: the row of the header that a key ends, else where it stands."""
        headers: dict[str, int] = {}
        others: dict[str, int] = {}
        pattern = re.compile(_KEY)
        for row, line in self._rows():
            found = pattern.match(line)
            if found:
                kind = headers if found["header"] else others
                kind.setdefault((found["header"] or found["other"]).strip("\"'"), row)
        return {key: headers.get(key) or others.get(key) or 1 for key in keys}

    def row_of_text(self, value: str) -> int:
        """The row on which a text in quotes stands, or 1."""
        return next((row for row, line in self._rows() if f'"{value}"' in line or f"'{value}'" in line), 1)

    def convert(self, data: Any, kind: type[StructT], after: int = 0) -> StructT:
        """A table of the file as a typed value.

        Args:
            data: the table.
            kind: what it must be.
            after: the row of its header.

        Raises:
            ConfigError: it holds an unknown key or a value of the wrong type.
        """
        import msgspec  # most folders have no such file

        self._check_keys(data, kind, after)
        try:
            return msgspec.convert(data, kind)
        except msgspec.ValidationError as error:
            raise self._refused(str(error), data, kind, after) from None

    def _check_keys(self, data: Any, kind: type[msgspec.Struct], after: int) -> None:
        from msgspec.structs import fields

        known = [field.encode_name for field in fields(kind)]
        for key in data if isinstance(data, dict) else ():
            if key not in known:
                hint = _hint(key.replace("_", "-" if any("-" in name for name in known) else "_"), known)
                raise self.error(self.row_of_key(key, after), f"`{key}` is no setting{hint}")

    def _refused(self, said: str, data: Any, kind: type[msgspec.Struct], after: int) -> ConfigError:
        """Say in our words what msgspec says about a value."""
        place = re.search(r" - at `(?:key in )?\$\.?([^.\[`]*)", said)
        key = place[1] if place else ""
        problem = said.split(" - at ")[0].replace(" | null`", "`")
        for theirs, ours in WORDS.items():
            problem = problem.replace(f"`{theirs}`", ours)
        value = data.get(key) if isinstance(data, dict) else None
        choices = _choices(kind, key)
        hint = _hint(value, choices) if isinstance(value, str) and choices else ""
        problem = f"{problem[:1].lower()}{problem[1:]}{hint}"
        if not key:
            return self.error(after or 1, problem)
        return self.error(self.row_of_key(key, after), f"`{key}`: {problem}")

    def _rows(self) -> Iterator[tuple[int, str]]:
        rows = list(enumerate(self.text.splitlines(), 1))
        first = next((index for index, (_, row) in enumerate(rows) if self.section in row), 0)
        yield from rows[first:]


_PART = r"""(?:"[^"\\]*"|'[^']*'|[\w-]+)"""
#: The last key of a header, or the first one of a line; one with an escape in it is not read.
_KEY = rf"\s*(?:\[\s*(?:{_PART}\s*\.\s*)*(?P<header>{_PART})\s*\]|(?P<other>{_PART})\s*[.=])"


def _hint(given: str, known: Iterable[str]) -> str:
    names = list(known)
    meant = nearest(given, names)
    return f"; did you mean `{meant}`?" if meant else f"; there are {', '.join(names)}"


def _choices(kind: type[msgspec.Struct], key: str) -> tuple[str, ...]:
    """The texts that a field of the type `Literal[...] | None` may have; none for a field of another type."""
    from msgspec.structs import fields

    hints = get_type_hints(kind)
    found = next((hints[field.name] for field in fields(kind) if field.encode_name == key), None)
    literal = next((part for part in get_args(found) if get_origin(part) is not None and get_args(part)), None)
    return tuple(text for text in get_args(literal) if isinstance(text, str))


def _read(path: str, shown: str, limit: int) -> str:
    try:
        return read_regular(path, limit).decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ConfigError(shown, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(shown, 1, f"is not valid UTF-8: {error.reason}") from None
