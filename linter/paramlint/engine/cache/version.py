"""What results depend on beside the checked code: paramlint itself, its rules, LibCST and Python."""

from __future__ import annotations

import os
import sys
from _blake2 import blake2b  # what `hashlib` gives, which loads OpenSSL too
from functools import cache
from importlib.util import find_spec

from paramlint import __version__

#: Code, and the data that rules decide by.
SUFFIXES = (".py", ".pyi", ".json", ".stub")


@cache
def engine() -> str:
    """A digest that changes with all of them. The files are not read, their times and sizes are enough.

    It is that of the first call: a process goes on with what it has loaded, and flake8 asks for each file.
    """
    said = [__version__, sys.version, *map(_state, _sources())]
    return blake2b("\0".join(said).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _sources() -> list[str]:
    """The files of this package and of the rules, and the one file of LibCST that changes with each version."""
    found: list[str] = []
    for package in ("paramlint", "paramlint_rules"):
        spec = find_spec(package)
        archive = getattr(spec and spec.loader, "archive", None)  # of a package that is imported from a zip
        if archive is not None:
            found.append(archive)
        for place in (spec.submodule_search_locations if spec is not None else None) or ():
            for folder, folders, names in os.walk(place):
                folders.sort()
                found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(SUFFIXES)]
    libcst = find_spec("libcst")
    if libcst is not None and libcst.origin is not None:
        found.append(os.path.join(os.path.dirname(libcst.origin), "_version.py"))
    return found


def _state(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return path
    return f"{path}:{found.st_mtime_ns}:{found.st_size}"
