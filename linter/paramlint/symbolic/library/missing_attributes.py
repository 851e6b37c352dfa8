"""Writes that raise, as what is written is no tensor: a module, or an attribute that a module or parameter lacks."""

from __future__ import annotations

from typing import Any

from paramlint.knowledge import module_class
from paramlint.symbolic.definitions.attributes import stand_in
from paramlint.symbolic.external.instance_tests import classes_asked
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import Constant, Native, TensorValue, Unknown, Value


def note_missing(run: Interpreter, value: Value, law: str, node: Any, **more: Any) -> bool:
    """Note that a write raises where its target is an attribute that there is not; gives whether it surely raises.

    Where conditions say of something unknown which classes of torch it may be of, it raises for those without.
    """
    while isinstance(value, (Unknown, Native)) and value.name == "data" and value.owner is not None:
        value = value.owner
    if isinstance(value, Constant) and isinstance(value.value, bool):  # an LSTM keeps there whether it has biases
        run.emit("raised", value, node, cause="no tensor", law=law, **more)
        return True
    if isinstance(value, Native):
        owner = value.owner
        is_missing = isinstance(owner, TensorValue) and owner.role == "parameter" and value.name in ("weight", "bias")
        if is_missing:
            run.emit("raised", owner, node, cause="no such attribute", law=law, name=value.name, **more)
        return is_missing
    if not isinstance(value, Unknown):
        return False
    lacking = run.lacking.get(id(value))
    if lacking is not None and lacking.is_module and lacking.known and value.name not in lacking.attributes:
        if not run.guard.is_vague:  # else it may be nowhere
            run.emit("raised", lacking, node, cause="no such attribute", law=law, name=value.name, **more)
        return True
    asked = classes_asked(run, value.owner)
    without = tuple(cls for cls in asked if lacks(cls, value.name))
    if without and value.owner is not None:
        of = stand_in(run, value.owner)
        run.emit("raised", of, node, cause="no such attribute", law=law, name=value.name, **more, without=without)
    return bool(without) and len(without) == len(asked)


#: Containers that have only what they are given, under numbers.
_LISTS = ("torch.nn.Sequential", "torch.nn.ModuleList")


def lacks(cls: str, name: str) -> bool:
    """Whether no instance of a class of torch has a parameter, buffer or part of this name."""
    known = module_class(cls)
    if known is None or (known.owns == "children" and known.name not in _LISTS):
        return False
    return name not in (*known.parameters, *known.buffers, *known.submodules)
