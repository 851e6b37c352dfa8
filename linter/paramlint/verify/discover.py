"""Every module class that a package defines, to be verified one by one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

import msgspec

from paramlint.verify.process.child import NeedsArgumentsError, bind, one_line
from paramlint.verify.process.outcome import Stage
from paramlint.verify.process.targets import Target, load


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A class of the package.

    Attributes:
        target: `module:Class`, or `file.py:Class` where a file was asked for.
        missing: arguments without which it cannot be constructed.
        signature: where some are missing.
    """

    target: str
    missing: tuple[str, ...] = ()
    signature: str = ""


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a package holds: its classes in alphabetical order, and why some of its modules could not be imported."""

    candidates: tuple[Candidate, ...]
    failed: dict[str, str]


def discover(payload: bytes, enter: Callable[[Stage], None]) -> Discovery:
    """Import a package or file with all of its submodules, as the work of a child process."""
    target = msgspec.json.decode(payload, type=Target)
    enter("import")
    root = load(target)
    assert isinstance(root, ModuleType)
    failed: dict[str, str] = {}
    found = {
        name: cls for module in [root, *_submodules(root, failed)] for name, cls in _classes(module, target).items()
    }
    return Discovery(candidates=tuple(_candidate(name, found[name]) for name in sorted(found)), failed=failed)


def _submodules(root: ModuleType, failed: dict[str, str]) -> Iterator[ModuleType]:
    """All importable submodules; `__main__` would run a program."""
    paths = getattr(root, "__path__", ())
    for info in pkgutil.walk_packages(paths, f"{root.__name__}.", onerror=lambda _: None):
        if info.name.endswith(".__main__"):
            continue
        try:
            yield importlib.import_module(info.name)
        except BaseException as error:  # a submodule may need what is not installed, or run as a script
            failed[info.name] = one_line(error)


def _classes(module: ModuleType, target: Target) -> dict[str, type]:
    """The public module classes defined in a module, by target."""
    from torch import nn

    place = target.module if target.is_file else module.__name__
    return {
        f"{place}:{name}": cls
        for name, cls in vars(module).items()
        if inspect.isclass(cls)
        and issubclass(cls, nn.Module)
        and cls.__module__ == module.__name__
        and not name.startswith("_")
        and not inspect.isabstract(cls)
    }


def _candidate(target: str, cls: type) -> Candidate:
    try:
        bind(cls, {})
    except NeedsArgumentsError as need:
        return Candidate(target=target, missing=need.missing, signature=need.signature)
    return Candidate(target=target)
