"""What results depend on beside the checked code: paramlint itself, its rules, LibCST and Python."""

from __future__ import annotations

import os
import sys
from _blake2 import blake2b  # what `hashlib` gives, which loads OpenSSL too
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from operator import attrgetter

from paramlint import __version__

#: Code, and the data that rules decide by.
SUFFIXES = (".py", ".pyi", ".json", ".stub")


@cache
def engine() -> str:
    """A digest that changes with all of them. The files are not read, their times and sizes are enough.

    It is that of the first call: a process goes on with what it has loaded, and flake8 asks for each file.
    """
    said = [__version__, sys.version, *_sources()]
    return blake2b("\0".join(said).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _sources() -> Iterator[str]:
    """The state of this package and of the rules, and of the one file of LibCST that changes with each version."""
    for package in ("paramlint", "paramlint_rules"):
        spec = find_spec(package)
        archive = getattr(spec and spec.loader, "archive", None)  # of a package that is imported from a zip
        if archive is not None:
            yield _state(archive)
        for place in (spec.submodule_search_locations if spec is not None else None) or ():
            yield from _below(place)
    libcst = find_spec("libcst")
    if libcst is not None and libcst.origin is not None:
        yield _state(os.path.join(os.path.dirname(libcst.origin), "_version.py"))


def _below(folder: str) -> Iterator[str]:
    """The state of each file of a folder, in order; none where it is inside a zip."""
    try:
        entries = sorted(os.scandir(folder), key=attrgetter("name"))
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith(SUFFIXES):
            yield _state(entry)
        elif entry.is_dir():
            yield from _below(entry.path)


def _state(file: str | os.DirEntry[str]) -> str:
    path = os.fspath(file)
    try:
        found = os.stat(path)
    except OSError:
        return path
    return f"{path}:{found.st_mtime_ns}:{found.st_size}"
