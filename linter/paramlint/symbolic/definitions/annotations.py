"""What annotations, or the library that calls, say of arguments: one is a module, a class of modules, or has some."""

from __future__ import annotations

from typing import Any

from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.attributes import get_attribute, look_up, stand_in
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    Arguments,
    Environment,
    FileValue,
    Function,
    Instance,
    Loop,
    Unknown,
    Value,
)

#: Names of types that have items, by the place of the items' own type between the brackets.
_ITEMS = {
    "list": 0, "List": 0, "Sequence": 0, "Iterable": 0, "Collection": 0, "tuple": 0, "Tuple": 0, "set": 0, "Set": 0,
    "dict": 1, "Dict": 1, "Mapping": 1, "MutableMapping": 1, "OrderedDict": 1,
}  # fmt: skip
_CLASSES = frozenset({"type", "Type"})


def said_of(run: Interpreter, parameter: Any, function: Function, value: Unknown) -> None:
    """Note what the annotation of a parameter says of what it is given, where that is about modules of the project."""
    node = parameter.annotation.annotation if parameter.annotation is not None else None
    if node is None or node.__class__.__name__ != "Subscript":
        return
    name = getattr(getattr(node.value, "attr", node.value), "value", "")
    name = function.place.file.facts.outline.imports.get(name, name).rpartition(".")[2]
    place = 0 if name in _CLASSES else _ITEMS.get(name)
    parts = [getattr(element.slice, "value", None) for element in node.slice]
    if place is None or place >= len(parts):
        return
    cls = _class_of(run, parts[place], function)
    if cls is not None and name in _CLASSES:
        run.memo["class said", value] = cls
    elif cls is not None:
        run.memo["class of items said", value] = cls


def _class_of(run: Interpreter, node: Any, function: Function) -> ClassValue | None:
    """The class of modules, of the project or one of torch's layers, that an expression names."""
    found: Value | None = None
    if node.__class__.__name__ == "Name":
        found = look_up(run, node.value, function.env or Environment(function.place))
    elif node.__class__.__name__ == "Attribute" and node.value.__class__.__name__ == "Name":
        owner = look_up(run, node.value.value, function.env or Environment(function.place))
        found = get_attribute(run, owner, node.attr.value, node) if isinstance(owner, FileValue) else None
    return found if isinstance(found, ClassValue) and classes.is_module(run, found) else None


def given_by_library(run: Interpreter, function: Function, parameter: Any) -> str:
    """What a library gives a method that it calls by its name: transformers gives `_init_weights` each module."""
    owner = function.bound
    if function.name != "_init_weights" or parameter.default is not None or not isinstance(owner, Instance):
        return ""
    bases = classes.mro(run, owner.cls)[1:] if owner.cls is not None else []
    return "nn.Module" if any(getattr(base, "name", "").endswith("PreTrainedModel") for base in bases) else ""


def class_said(run: Interpreter, value: Value | None) -> ClassValue | None:
    """The class of modules that an argument is, by its annotation."""
    found = run.memo.get(("class said", value))
    return found if isinstance(found, ClassValue) else None


def item_said(run: Interpreter, value: Unknown, item: Unknown, loop: Loop) -> Unknown:
    """An item of something unknown; a module where that is said of the items."""
    cls = run.memo.get(("class of items said", value))
    if cls is not None:
        of_class(run, item, cls).loops = (loop,)
    return item


def of_class(run: Interpreter, value: Unknown, cls: ClassValue) -> Instance:
    """The module of a class, or of one that inherits from it, that something unknown is."""
    made = stand_in(run, value)
    made.cls = cls
    return made


def made_by_argument(run: Interpreter, function: Unknown, arguments: Arguments, node: Any) -> Value | None:
    """What an argument gives that is a class of modules, called or by one of its methods that makes an instance."""
    cls, owner = class_said(run, function), class_said(run, function.owner)
    if cls is None and owner is not None:
        maker = classes.member(run, owner, function.name)
        result = run.call(maker, arguments, node) if isinstance(maker, Function) else None
        cls = owner if isinstance(result, Instance) and result.cls is owner else None
    if cls is None:
        return None
    made = run.unknown_call(f"{function.text}()")
    of_class(run, made, cls).loops = run.loops
    return made
