"""Targets: what to verify, as written on the command line, and how it is imported.

    package.module:factory      a class or function of an importable module
    path/to/file.py:Class       the same, of a file
    package.module              the module as a whole, to discover what it defines

Parsing needs nothing; loading runs the user's code and happens only in a child process.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import msgspec

from paramlint.config.nearest import nearest
from paramlint.source.regular_file import BY_PROGRAM, require_regular


class TargetError(ValueError):
    """A target or argument that cannot be understood, or that names what does not exist."""


class Target(msgspec.Struct, frozen=True):
    """A parsed target.

    Attributes:
        text: as it was written.
        module: the dotted module, or the path of a file.
        factory: the dotted name inside the module; empty for the module as a whole.
    """

    text: str
    module: str
    factory: str = ""

    @property
    def is_file(self) -> bool:
        """Whether the module is given by the path of its file."""
        return self.module.endswith(".py")


def parse_target(text: str) -> Target:
    """Read a target.

    Raises:
        TargetError: it is neither a dotted name nor the path of a Python file, with or without a factory.
    """
    module, colon, factory = _split(text)
    if colon and not _is_dotted(factory):
        raise TargetError(f"`{text}` names no factory after the colon: write `module:Class` or `file.py:function`")
    if module.endswith(".py"):
        return Target(text, module, factory)
    if not _is_dotted(module):
        raise TargetError(f"`{text}` is no target: write `package.module:factory` or `path/to/file.py:Class`")
    return Target(text, module, factory)


def parse_argument(text: str) -> tuple[str, str]:
    """Read `name=value`, the value a Python literal; it is returned as source, to be evaluated where it is
    used.

    Raises:
        TargetError: there is no name, or the value is no literal.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise TargetError(f"`{text}` is no argument: write `name=value`")
    try:
        literal(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        hint = f"; a string needs quotes: {name}={value!r}" if value.isidentifier() else ""
        raise TargetError(f"the value of `{text}` is not a Python literal{hint}") from None
    return name, value


def literal(source: str) -> object:
    """The value of a Python literal."""
    return ast.literal_eval(source.strip())


def load(target: Target) -> object:
    """Import what the target names. The working directory is searched first, then its `src`.

    Raises:
        TargetError: the file or the name does not exist.
        BaseException: whatever importing the user's code raises.
    """
    directory = Path.cwd()
    if target.is_file:
        module = _load_file(directory / target.module, target.text)
    else:
        sys.path[:0] = [str(directory), str(directory / "src")]
        module = importlib.import_module(target.module)
    return _attribute(module, target)


def _attribute(module: ModuleType, target: Target) -> object:
    found: object = module
    for name in filter(None, target.factory.split(".")):
        if not hasattr(found, name):
            meant = nearest(name, [n for n in dir(found) if not n.startswith("__")])
            hint = f"; did you mean `{meant}`?" if meant else ""
            raise TargetError(f"`{target.module}` has no `{target.factory}`{hint}")
        found = getattr(found, name)
    return found


def _load_file(path: Path, text: str) -> ModuleType:
    """Import a file under the name that it has inside its package, so that relative imports work."""
    try:
        require_regular(str(path), BY_PROGRAM)  # the import would wait for a pipe, or read a device without end
    except FileNotFoundError:
        raise TargetError(f"`{text}`: there is no file {path}") from None
    except OSError as error:
        raise TargetError(f"`{text}`: {path} cannot be imported: {error.strerror}") from None
    path = path.resolve()
    root = path.parent
    while (root / "__init__.py").is_file() and root != root.parent:
        root = root.parent
    sys.path.insert(0, str(root))
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    if len(parts) > 1 and _is_dotted(name):
        return importlib.import_module(name)
    return _load_alone(path, name)


def _load_alone(path: Path, name: str) -> ModuleType:
    """Import a file that is in no package, whatever it is called: `my-model.py` and `random.py` included."""
    if not name.isidentifier() or _is_taken(name, path):
        name = "target_" + re.sub(r"\W", "_", name)
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Before it runs: dataclasses and pickle look a class's module up there.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_taken(name: str, path: Path) -> bool:
    """Whether an import of this name means another file."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None) != str(path)
    spec = importlib.util.find_spec(name)
    return spec is None or spec.origin is None or Path(spec.origin).resolve() != path


def _split(text: str) -> tuple[str, str, str]:
    """Module, colon and factory; a drive letter's colon is part of the path."""
    module, colon, factory = text.rpartition(":")
    if not colon or factory.startswith(("\\", "/")):
        return text, "", ""
    return module, colon, factory


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
