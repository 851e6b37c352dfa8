"""A live class as its source says it: what the static rules ask about, for what a live model alone cannot tell."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

from paramlint.facts import Class, Project
from paramlint.live.observe.source_places import source_of
from paramlint.syntax.large_stack import with_large_stack
from paramlint.syntax.parse import TooComplexError

#: A call of one of torch's functions whose name does not say that it fills what it is given.
_READER = re.compile(r"\b(?:torch|F|functional)\.(?:\w+\.)*\w*[^\W_]\((?:(?!\bout\s*=)[^()]|\([^()]*\))*\)")


def says(cls: type, project: Project, question: Callable[[Class], bool]) -> bool:
    """What a question about a class gives; False where its file cannot be read or holds no class of that name."""
    try:
        return with_large_stack(lambda: (found := _class(cls, project)) is not None and question(found))
    except (OSError, TypeError, TooComplexError):
        return False


def may_write(cls: type, attribute: str) -> bool:
    """Whether the source of a class, or of a base, stores an attribute, edits it, renames it or hands it on."""
    name = rf"\.{re.escape(attribute)}\b"
    edited = rf"{name}(\[[^\n]*\])?\s*([-+*/]?=[^=]|\.\w+_\()"
    handed = rf"[(,=]\s*\w+{name}\s*([,)\n#]|$)"
    written = re.compile(f"{edited}|{handed}")
    return any(written.search(_without_readers(source_of(base))) for base in cls.__mro__ if base is not object)


def _without_readers(text: str) -> str:
    """Source without the innermost calls of torch's own functions, which fill nothing unless told so with `out`."""
    return _READER.sub("", text)


def _class(cls: type, project: Project) -> Class | None:
    path = inspect.getsourcefile(cls)
    file = project.file(path) if path else None
    found = file.outline.classes.get(cls.__qualname__) if file else None
    return file.class_of(found[-1].unit) if file and found else None
