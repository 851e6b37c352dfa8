"""Every module class that a package defines, to be verified one by one."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

import msgspec

from paramlint.verify.process.child import one_line
from paramlint.verify.process.listing import frameworks
from paramlint.verify.process.outcome import Stage
from paramlint.verify.process.targets import Target, load


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a package holds.

    Attributes:
        targets: its classes in alphabetical order, as `module:Class`, or `file.py:Class` where a file was asked for.
        failed: why some of its modules could not be imported.
    """

    targets: tuple[str, ...]
    failed: dict[str, str]


def discover(payload: bytes, enter: Callable[[Stage], None]) -> Discovery:
    """Import a package or file with all of its submodules, as the first work of a server that then forks."""
    target = msgspec.json.decode(payload, type=Target)
    enter("import")
    root = load(target)
    assert isinstance(root, ModuleType)
    failed: dict[str, str] = {}
    modules = [root, *_submodules(root, failed)]
    found = {name for module in modules for name in _classes(module, target)}
    _load_all()
    return Discovery(targets=tuple(sorted(found)), failed=failed)


def prepare(payload: bytes, enter: Callable[[Stage], None]) -> None:
    """Import what all of several targets need, and the libraries of models that their files name.

    The targets themselves are not imported: what they do on that happens in a fork for each.
    """
    enter("import")
    for target in msgspec.json.decode(payload, type=tuple[Target, ...]):
        for module, names in frameworks(target):
            with contextlib.suppress(Exception):  # in its fork the target says what is wrong
                loaded = importlib.import_module(module)
                for name in names:  # some load only what is asked for
                    getattr(loaded, name, None)
    _load_all()


def _load_all() -> None:
    """Import what every verification needs; after the user's modules, which may set what torch reads on import."""
    import torch

    from paramlint.engine import catalogue  # noqa: F401
    from paramlint.live import construct  # noqa: F401
    from paramlint.live.questions.sharing.shared_modules import freeze_objects
    from paramlint.verify.arguments import call  # noqa: F401
    from paramlint.verify.judge import join, refute, summarize  # noqa: F401

    # The threads of torch's pool are not in a fork: work given to them would never be done.
    torch.set_num_threads(1)
    freeze_objects()


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


def _classes(module: ModuleType, target: Target) -> Iterator[str]:
    """The public module classes defined in a module, as targets."""
    from torch import nn

    place = target.module if target.is_file else module.__name__
    for name, cls in vars(module).items():
        if (
            inspect.isclass(cls)
            and issubclass(cls, nn.Module)
            and cls.__module__ == module.__name__
            and not name.startswith("_")
            and not inspect.isabstract(cls)
        ):
            yield f"{place}:{name}"
