"""Stand-ins for what a library imports and is not installed, so that a part of it can be shown alone.

    cd the/library && python benchmarks/stand_ins.py [--bare] < snippet.py

The snippet runs as `python -` would run it in the working folder. A module that the library imports and that is
nowhere to be found has every name; each of them can be called, inherited from and used as a decorator, and does
nothing. With `--bare` the `__init__` files of the library are not run either, which may want much more than the part
that is shown. Torch is never stood in for: the parameters are those that the library makes.
"""

from __future__ import annotations

import importlib.abc
import sys
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

BARE = "--bare"


class Anything(type):
    """The class of names that stand in: each attribute of one is another."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)

    def __getitem__(cls, index: object) -> Any:
        return cls

    def __or__(cls, other: object) -> Any:
        return cls

    __ror__ = __or__


class StandIn(metaclass=Anything):
    """A name of a module that is not there; as a decorator it leaves what it decorates as it is."""

    def __new__(cls, *given: Any, **named: Any) -> Any:
        return given[0] if _decorates(given, named) and cls.__init__ is object.__init__ else object.__new__(cls)

    def __call__(self, *given: Any, **named: Any) -> Any:
        return given[0] if _decorates(given, named) else StandIn()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn()


class Nowhere(types.ModuleType):
    """A module that is not installed, or a package whose `__init__` is not run."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)


def stand_in(name: str) -> type[StandIn]:
    return Anything(name, (StandIn,), {})


def _decorates(given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    return len(given) == 1 and not named and isinstance(given[0], (type, types.FunctionType))


class Maker(importlib.abc.Loader):
    """Makes modules without running anything."""

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return Nowhere(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class Missing(importlib.abc.MetaPathFinder):
    """Finds what nobody else has found; it is asked last."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        parent = sys.modules.get(fullname.rpartition(".")[0])
        inside = isinstance(parent, Nowhere) and parent.__spec__ is not None and parent.__spec__.origin is None
        return ModuleSpec(fullname, Maker(), is_package=True) if inside or _asked_by_the_library() else None


class Bare(importlib.abc.MetaPathFinder):
    """Finds the packages of the library; it is asked first."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        del target
        found = PathFinder.find_spec(fullname, path)
        if found is None or found.submodule_search_locations is None or not _is_below(found.origin):
            return None
        found.loader = Maker()
        return found


def _is_below(path: str | None) -> bool:
    return path is not None and Path(path).resolve().is_relative_to(Path.cwd())


def _asked_by_the_library() -> bool:
    """Whether a file of the library imports, not another one that does without what it asks for."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None and _is_below(frame.f_code.co_filename)


def main() -> None:
    if BARE in sys.argv:
        sys.meta_path.insert(0, Bare())
    sys.meta_path.append(Missing())
    sys.path[0] = ""
    exec(compile(sys.stdin.read(), "<stdin>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
