"""Targets of `paramlint show`: found by looking at files, in the order in which Python would import them.

path/to/file.py:Class       a class, function or module-level model of a file
package.module:factory      the same of a module on the path of imports; nothing of it is imported or run
path/to/file.py, folder     all module classes in it
package.module, package     the same
"""

from __future__ import annotations

import ast
import difflib
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paramlint.facts.files import Project
from paramlint.model.guard import ALWAYS
from paramlint.source.file_discovery import Discovery, Wanted
from paramlint.source.text import Source, UnreadableError
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.code.program import ClassValue, Program, SourceFile
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.attributes import get_attribute
from paramlint.symbolic.definitions.module_code import module_name
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_SHOWN_STEPS, OverBudgetError
from paramlint.symbolic.showing.layers.show_layers import is_of_layers_alone, shows_layers
from paramlint.symbolic.values import Choice, External, Function, Instance, Partial, Value, alternatives

_SUFFIX = ".py"
_INIT = "__init__.py"


class TargetError(ValueError):
    """A target that cannot be understood, or that names what does not exist."""


@dataclass(frozen=True)
class Subject:
    """Something that can be shown.

    Attributes:
        name: as the target or the file says it.
        file: where it was looked for.
        value: a module class, a function, a partial, a module, or alternatives of these.
        run: in which the value was found.
    """

    name: str
    file: SourceFile
    value: Value
    run: Interpreter


def open_program() -> Program:
    """Files that import each other and what is installed; Python's own library is left alone."""
    return Program(Project([os.getcwd(), *installed_folders()], is_draft=True))


def installed_folders() -> list[str]:
    """The folders in which installed packages are looked up."""
    library = {os.path.normpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    installed = [folder for folder in _search_path()[2:] if os.path.normpath(folder) not in library]
    return [folder for folder in installed if not folder.endswith((".zip", "lib-dynload"))]


def subjects(program: Program, target: str, unreadable: list[str] | None = None) -> Iterator[Subject]:
    """What a target stands for: one thing, or all module classes of a file or folder in the order of files.

    Args:
        program: where names are looked up.
        target: as it was written.
        unreadable: gets the files of a folder that cannot be read.

    Raises:
        TargetError: there is no such thing.
    """
    place, name = split(target)
    if name and place.partition(".")[0] == "torch":
        yield _of_torch(program, place, name)
        return
    path = _path(place)
    if name:
        yield _named(program, _readable(program, path, place), place, name)
        return
    found = False
    for one in files(path):
        file = _file(program, one)
        if file is None:
            if one == path:
                raise TargetError(f"`{place}` {why_unreadable(one)}")
            if unreadable is not None:
                unreadable.append(one)
            continue
        for subject in classes_of(file):
            found = True
            yield subject
    if not found:
        raise TargetError(f"`{place}` defines no module class")


def files(path: str) -> list[str]:
    """The Python files of a folder, or the file itself."""
    return Discovery(lambda _: Wanted((_SUFFIX,))).find([path]).files


def split(target: str) -> tuple[str, str]:
    """The file, folder or module of a target, and the name in it, empty for all; a drive letter's colon is of the path.

    Raises:
        TargetError: what follows the colon is no name.
    """
    place, colon, name = target.rpartition(":")
    if not colon or name.startswith(("\\", "/")):
        return target, ""
    if not _is_dotted(name):
        raise TargetError(f"`{target}` names nothing after the colon: write `module:Class` or `file.py:function`")
    return place, name


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


# Files


def _path(place: str) -> str:
    """The whole path of a file, folder or module."""
    if place.endswith(_SUFFIX) or os.sep in place or os.path.isdir(place):
        path = os.path.abspath(place)
        if not os.path.exists(path):
            folder, name = os.path.split(place)
            close = close_to(name, _beside(path))
            hint = f"; did you mean `{os.path.join(folder, close)}`?" if close else ""
            raise TargetError(f"there is no file or folder `{place}`{hint}")
        return path
    if os.path.isfile(place):
        raise TargetError(f"`{place}` is no `{_SUFFIX}` file, and no other is read here")
    if not _is_dotted(place):
        raise TargetError(f"`{place}` is no target: write `package.module:factory` or `path/to/file.py:Class`")
    return _module_path(place)


def _beside(path: str) -> list[str]:
    folder = os.path.dirname(path)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [name for name in names if name.endswith(_SUFFIX) or os.path.isdir(os.path.join(folder, name))]


def _search_path() -> list[str]:
    """Where imports are looked up: the working directory and its `src` first."""
    here = os.getcwd()
    return list(dict.fromkeys([here, os.path.join(here, "src"), *(os.path.abspath(p) for p in sys.path if p)]))


def _module_path(dotted: str) -> str:
    """The file of a module, or the folder of a package."""
    deepest: list[str] = []
    names: set[str] = set()
    for folder in _search_path():
        path, known = _below(folder, dotted.split("."))
        if path:
            return path
        if len(known) > len(deepest):
            deepest, names = known, set()
        if len(known) == len(deepest):
            names.update(_modules(os.path.join(folder, *known)))
    missing = ".".join(dotted.split(".")[: len(deepest) + 1])
    close = close_to(missing.rpartition(".")[2], names)
    hint = f"; did you mean `{'.'.join([*deepest, close])}`?" if close else ""
    raise TargetError(f"there is no module `{missing}`{hint}")


def _below(folder: str, parts: list[str]) -> tuple[str, list[str]]:
    """The path of a module under a folder, empty where there is none; and the packages that lead there."""
    known: list[str] = []
    for part in parts[:-1]:
        if not os.path.isdir(os.path.join(folder, part)):
            return "", known
        folder = os.path.join(folder, part)
        known.append(part)
    package = os.path.join(folder, parts[-1])
    if os.path.isfile(os.path.join(package, _INIT)):
        return package, known
    if os.path.isfile(package + _SUFFIX):
        return package + _SUFFIX, known
    return (package if os.path.isdir(package) and _modules(package) else ""), known


def _modules(folder: str) -> list[str]:
    """The modules directly in a folder."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    files = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
    return files + [name for name in names if name.isidentifier() and os.path.isdir(os.path.join(folder, name))]


def _file(program: Program, path: str) -> SourceFile | None:
    assert program.project is not None
    facts = program.project.file(path)
    return program.file(facts) if facts is not None else None


def _readable(program: Program, path: str, place: str) -> SourceFile:
    """The file of a path, that of a package its `__init__.py`."""
    if os.path.isdir(path):
        path = os.path.join(path, _INIT)
    file = _file(program, path)
    if file is None:
        raise TargetError(f"`{place}` {why_unreadable(path)}")
    return file


def why_unreadable(path: str) -> str:
    """Why a file could not be read, or is no Python; empty where it could."""
    try:
        ast.parse(Source.read(path).text)
    except UnreadableError as error:
        return str(error)
    except SyntaxError as error:
        return f"is not valid Python: {error.msg}" + (f" in line {error.lineno}" if error.lineno else "")
    except (ValueError, RecursionError, MemoryError) as error:
        return f"is not valid Python: {error}"
    return ""


# Names


def _named(program: Program, file: SourceFile, place: str, name: str) -> Subject:
    run = _run(file, program)
    if is_of_layers_alone(file.facts) and (file.definition(name) is not None or name in file.assigned):
        return Subject(name, file, file.definition(name) or External(name), run)
    try:
        value = _value_named(run, file, place, name)
    except OverBudgetError:
        raise TargetError(f"`{name}` in `{place}` takes too many steps to look up") from None
    if isinstance(value, External):
        raise TargetError(f"`{name}` in `{place}` is `{value.name}`, whose source was not found")
    if not all(_can_be_shown(run, one) for _, one in alternatives(value)):
        raise TargetError(f"`{name}` in `{place}` is no module class, function or module")
    return Subject(name, file, value, run)


def _value_named(run: Interpreter, file: SourceFile, place: str, name: str) -> Value:
    head, *rest = name.split(".")
    value = module_name(run, file, head)
    if value is None or (value == External(head) and head not in file.facts.outline.imports):
        close = close_to(head, _names(file))
        raise TargetError(f"`{place}` has no `{head}`" + (f"; did you mean `{close}`?" if close else ""))
    for part in rest:
        value = get_attribute(run, value, part, file.module_place.node)
    return value


def _of_torch(program: Program, place: str, name: str) -> Subject:
    """A class of torch, as the stubs tell of it."""
    value = program.external(f"{place}.{name}")
    if not isinstance(value, ClassValue):
        raise TargetError(f"`{place}` has no module class `{name}` that is known")
    return Subject(name, value.file, value, _run(value.file, program))


def _can_be_shown(run: Interpreter, value: Value) -> bool:
    if isinstance(value, ClassValue):
        return classes.is_module(run, value) or bool(classes.unknown_base(run, value))
    return isinstance(value, (Function, Partial, Choice)) or (isinstance(value, Instance) and value.is_module)


def classes_of(file: SourceFile) -> Iterator[Subject]:
    """The module classes of a file, in its order."""
    run = _run(file, file.program)
    for qualname, outlines in file.facts.outline.classes.items():
        cls = file.class_value(outlines[-1])
        if "." not in qualname and (shows_layers(file.facts, cls.outline.unit) or classes.is_module(run, cls)):
            yield Subject(qualname, file, cls, run)


def _run(file: SourceFile, program: Program) -> Interpreter:
    run = Interpreter(program, MAX_SHOWN_STEPS)
    run.frames.append(Frame(None, file.module_place, None, ALWAYS))
    return run


def _names(file: SourceFile) -> set[str]:
    outline = file.facts.outline
    return {
        name for name in (*outline.classes, *outline.functions, *file.assigned, *outline.imports) if "." not in name
    }


def close_to(name: str, names: Iterable[str]) -> str:
    """The nearest of some names; empty where none is near."""
    close = difflib.get_close_matches(name, list(names), 1)
    return close[0] if close else ""
