"""Optimizers that unknown code makes: of a registry, by `getattr`, by what a configuration names."""

from __future__ import annotations

from typing import Any

from paramlint.knowledge.foreign import makes_optimizer_of
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.training_calls import make_optimizer
from paramlint.symbolic.values import Arguments, Dictionary, Item, SequenceValue, Value, alternatives, text_of


def optimizer_of(run: Interpreter, function: str, arguments: Arguments, node: Any) -> Value | None:
    """What unknown code makes of parameters, where what is said of it is that it makes an optimizer; else None."""
    if arguments.unknown_positional:
        return None
    given = next((v for v in arguments.values() if _are_parameters(v)), None)
    if given is None:
        return None
    others = [text_of(v) for v in arguments.values() if v is not given]
    by_name = arguments.keywords.get("params") is given
    if not makes_optimizer_of(function, [*others, "optimizer"] if by_name else others):
        return None
    options = {k: v for k, v in arguments.keywords.items() if v is not given}
    return make_optimizer(run, function, Arguments([given], options), node)


def _are_parameters(value: Value | Item) -> bool:
    """Whether something is the parameters of a module, or groups of those."""
    if isinstance(value, Item):
        return False
    for _, one in alternatives(value):
        if isinstance(one, Dictionary):
            return any(_are_parameters(v) for _, v in one.cells.get("params", ()))
        if not isinstance(one, SequenceValue):
            return False
        if one.source is not None and one.source[0] in ("parameters", "named_parameters"):
            return True
        return any(isinstance(row.value, Dictionary) and _are_parameters(row.value) for row in one.items.rows)
    return False
