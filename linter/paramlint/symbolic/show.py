"""What `paramlint show` does: build a class, or call a function, and say what the model holds."""

from __future__ import annotations

from collections.abc import Mapping

from paramlint.model.guard import ALWAYS
from paramlint.symbolic import entry
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.program import ClassValue, Program
from paramlint.symbolic.shown import ShownClass
from paramlint.symbolic.table import Origin, table


def show_class(
    program: Program, cls: ClassValue, arguments: Mapping[str, object] | None = None, *, defaults: bool = False
) -> ShownClass:
    """The table of a class.

    Args:
        program: where its names are looked up.
        cls: the class.
        arguments: plain values of some arguments by name; the others stay unknown.
        defaults: give those others their defaults instead, where they have one.
    """
    run = Interpreter(program)
    instance = entry.build_class(run, cls, arguments, defaults)
    entry.finish(run)
    place = cls.place
    return table(run, [(ALWAYS, instance)], Origin(cls.outline.qualname, cls.file.path, place.row(place.node)))
