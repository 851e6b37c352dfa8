"""What a rule may ask about the code: scopes, classes, names and types, read off its nodes on demand.

`Scope` is a function, the code of a class, or the code of a module. `Class` is a class with its bases and attributes.
Whatever cannot be known is `None`, and a rule stays silent on it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paramlint.facts.assignments import Assignment
    from paramlint.facts.classes import Class
    from paramlint.facts.files import File, Project
    from paramlint.facts.scopes import Binding, Scope
    from paramlint.facts.types import Type, join, owns_parameters

__all__ = ["Assignment", "Binding", "Class", "File", "Project", "Scope", "Type", "join", "owns_parameters"]
_HOMES = {
    "Assignment": "assignments",
    "Binding": "scopes",
    "Class": "classes",
    "File": "files",
    "Project": "files",
    "Scope": "scopes",
    "Type": "types",
    "join": "types",
    "owns_parameters": "types",
}


def __getattr__(name: str) -> Any:
    """What is asked for, loaded then: where nothing is nominated, files alone are kept."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
