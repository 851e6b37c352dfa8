"""What the attributes and methods of a value give."""

from __future__ import annotations

from dataclasses import replace

from paramlint.facts.annotations import instance_of
from paramlint.facts.types import BUFFER, MODULE, OTHER, PARAMETER, STATE_DICT, TENSOR, Type
from paramlint.knowledge import MODULE_SELF_METHODS, TENSOR_INPLACE, ModuleClass, module_class


def attribute_of(owner: Type, name: str) -> Type | None:
    """What an attribute of a value is."""
    if owner.kind == "module":
        if owner.cls is not None:
            return owner.cls.attribute(name)
        known = module_class(owner.name)
        return _known_attribute(known, name) if known is not None else None
    if owner.kind in ("parameter", "tensor", "buffer"):
        return TENSOR if name in ("data", "T", "mT", "real", "imag") else OTHER
    if owner.cls is not None and owner.kind == "other":
        return owner.cls.attribute(name)
    return None


def _known_attribute(known: ModuleClass, name: str) -> Type | None:
    if name in known.parameters:
        return PARAMETER
    if name in known.buffers:
        return BUFFER
    inner = known.submodules.get(name)
    return instance_of(inner) if inner is not None else None


def class_method(receiver: Type, name: str) -> Type | None:
    """What a method gives that is called on a class object: `Net.load(path)`, `Base.__subclasses__()`."""
    if name == "__subclasses__":
        return Type("container", "list", item=receiver)
    method = receiver.cls.method(name) if receiver.cls is not None else None
    return method.returned if method is not None else None


def method_of(receiver: Type, name: str) -> Type | None:
    """What a method of a value gives."""
    if receiver.kind == "module":
        return module_method(receiver, name)
    if receiver.kind in ("parameter", "tensor", "buffer"):
        return _tensor_method(receiver, name)
    if receiver.kind == "container":
        if name == "values":
            return Type("container", "values", item=receiver.item, owns=receiver.owns)
        if name == "items":
            return Type("container", "items", item=receiver.item, owns=receiver.owns, pairs=True)
        if name in ("copy",):
            return receiver
        return receiver.item if name in ("pop", "get") else None
    if receiver.cls is not None:
        method = receiver.cls.method(name)
        return method.returned if method is not None else None
    return None


#: Whatever has one of these methods is a module.
MODULE_ITERATORS = {
    "children",
    "named_children",
    "buffers",
    "modules",
    "named_buffers",
    "named_modules",
    "named_parameters",
    "parameters",
    "state_dict",
}


def module_method(receiver: Type, name: str) -> Type | None:
    """What a method of a module gives."""
    if receiver.cls is not None:
        method = receiver.cls.method(name)
        if method is not None:
            return method.returned if method.cls is None or method.cls.canonical != "torch.nn.Module" else None
    if name in MODULE_SELF_METHODS:
        return receiver
    if name in ("parameters", "named_parameters"):
        return Type("container", name, item=PARAMETER, owns=True, pairs=name != "parameters", lazy=True)
    if name in ("modules", "children", "named_modules", "named_children"):
        return Type("container", name, item=receiver.item or MODULE, pairs=name.startswith("named"), lazy=True)
    if name in ("buffers", "named_buffers"):
        return Type("container", name, item=BUFFER, owns=False, pairs=name.startswith("named"), lazy=True)
    if name == "state_dict":
        return STATE_DICT
    if name == "get_submodule":
        return MODULE
    if name == "get_parameter":
        return PARAMETER
    if name in ("values", "items"):
        return Type("container", name, item=receiver.item, owns=receiver.owns, pairs=name == "items")
    return None


def _tensor_method(receiver: Type, name: str) -> Type | None:
    if name in TENSOR_INPLACE or (name.endswith("_") and not name.endswith("__")):
        return receiver  # `requires_grad_`, `share_memory_`: the tensor itself
    if name in ("item", "tolist", "size", "dim", "numel", "numpy"):
        return OTHER
    leaf = receiver.leaf and receiver.kind != "parameter"
    return replace(TENSOR, leaf=leaf or name in ("detach",))
