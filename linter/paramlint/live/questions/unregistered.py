"""Tensors and modules that a model can reach and does not register.

`parameters()` sees what stands directly in a module's own dictionaries. This walks on: through attributes,
lists, dicts, sets and other objects, closures, partials, bound methods, class attributes and default arguments.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from paramlint.finding import Proof
from paramlint.live.observe.named_tensors import Named, defining_class
from paramlint.live.observe.source_places import place_of

#: Objects that are looked at before the walk ends, and elements of one container.
MOST_OBJECTS = 200_000
MOST_ELEMENTS = 2_000

Through = Literal["attribute", "container", "object", "closure", "class attribute", "class list", "default argument"]
OPAQUE = (str, bytes, int, float, complex, type(None), torch.dtype, torch.device, types.ModuleType, type)
#: Where there is nothing in one, there is nothing to see: each module of torch has eleven for its hooks.
CONTAINERS = frozenset([dict, collections.OrderedDict, list, tuple, set])
REGISTRIES = ("_parameters", "_buffers", "_modules")
#: How something can be held without being registered, in words. A bare attribute takes intent: `self.__dict__[...] =`.
HIDING: dict[Through, str] = {"container": "a plain {}", "object": "an object", "closure": "a closure"}


@dataclass(frozen=True, eq=False)
class Found:
    """Something that is reachable and not registered, or that a class rather than an instance holds.

    Attributes:
        path: from the model, as one would write it: `encoder.blocks[0]`.
        value: a tensor or a module.
        owner: the registered module from which the path leaves what is registered.
        attribute: of the owner or of its class, on which the path goes on; the argument's name for a default.
        holder: the class in whose body that attribute is set.
        through: how it is held; `container` is a list, tuple, dict or set directly in an attribute.
        container: the type of the outermost container, such as `list`; empty where there is none.
        inside: how the path goes on behind the attribute: `[0].weight`.
    """

    path: str
    value: torch.Tensor | nn.Module
    owner: nn.Module
    attribute: str
    holder: type
    through: Through
    container: str = ""
    inside: str = ""

    @property
    def tensors(self) -> list[torch.Tensor]:
        """The tensor itself, or the module's parameters."""
        return [self.value] if isinstance(self.value, torch.Tensor) else list(self.value.parameters())

    @property
    def is_module(self) -> bool:
        """Whether it is a module rather than a tensor."""
        return isinstance(self.value, nn.Module)

    @property
    def is_parameter(self) -> bool:
        """Whether it is a `Parameter`."""
        return isinstance(self.value, nn.Parameter)

    @property
    def is_leaf(self) -> bool:
        """Whether it is a tensor that was not computed from others."""
        return isinstance(self.value, torch.Tensor) and self.value.is_leaf

    @property
    def hidden_in(self) -> str:
        """What keeps it from being registered, in words; empty where that is intent."""
        return HIDING.get(self.through, "").format(self.container)

    def proof(self, message: str, **evidence: Any) -> Proof:
        """A proof at the class that sets the attribute."""
        place = place_of(None, self.holder)
        return Proof(self.path, message, self.holder.__qualname__, self.attribute, *place, evidence)

    @property
    def is_trainable(self) -> bool:
        """Whether some of it requires a gradient."""
        return any(tensor.requires_grad for tensor in self.tensors)


def unregistered(model: nn.Module, groups: list[list[Named]]) -> list[Found]:
    """What the instances of a model reach and do not register: tensors, and modules that own some.

    Left out is what is registered elsewhere in the model, a computed tensor all of whose leaves are, and modules on the
    meta device beside a model with values: templates for `functional_call`.
    """
    modules = dict(model.named_modules())
    steps = (step for path, module in modules.items() for step in _attributes(path, module))
    return reached(steps, modules.values(), groups)


def reached(
    steps: Iterable[Found],
    modules: Iterable[nn.Module],
    groups: list[list[Named]],
    opaque: Callable[[object], bool] = lambda _: False,
) -> list[Found]:
    """What is met on the way from these attributes, and is neither one of these modules nor of these tensors.

    Args:
        opaque: what holds nothing that is the model's own.
    """
    registered = {id(names[0].tensor) for names in groups}
    has_values = any(not names[0].tensor.is_meta for names in groups)
    pending = collections.deque(steps)
    seen = {id(module) for module in modules} | registered
    found: list[Found] = []
    while pending and len(seen) < MOST_OBJECTS:
        step = pending.popleft()
        if isinstance(step.value, OPAQUE) or id(step.value) in seen or opaque(step.value):
            continue
        seen.add(id(step.value))
        if not isinstance(step.value, (torch.Tensor, nn.Module)):
            pending.extend(_inside(step))
        elif has_values and isinstance(step.value, nn.Module) and all(p.is_meta for p in step.value.parameters()):
            seen.update(id(inner) for inner in _contents(step.value))
        elif any(id(leaf) not in registered for leaf in _leaves(step.value)):
            found.append(step)
            seen.update(id(inner) for inner in _contents(step.value))
    return found


def hidden(found: Iterable[Found], what: Literal["modules", "parameters"]) -> Iterator[Proof]:
    """A proof for each attribute behind which these modules or parameters stand unregistered."""
    told: dict[tuple[str, str], Found] = {}
    for one in found:
        if one.hidden_in and (one.is_module if what == "modules" else one.is_parameter):
            told.setdefault((one.holder.__qualname__, one.attribute), one)
    for one in told.values():
        message = f"`{one.attribute}` is {one.hidden_in}, so the {what} in it are not trained, moved or saved"
        yield one.proof(message, reached_as=one.path)


def held_by_classes(model: nn.Module) -> list[Found]:
    """Parameters, and modules that own some, which all instances of a class share.

    A default argument counts only where the model uses it: where it is one of the model's modules or buffers. What a
    list of the class holds, such as all instances, of which the model registers some, goes through a `class list`.
    """
    return held_by_classes_of(dict(model.named_modules()), {id(buffer) for buffer in model.buffers()})


def held_by_classes_of(modules: Mapping[str, nn.Module], buffers: Collection[int]) -> list[Found]:
    """The same of modules by their names, and of buffers by identity."""
    members = {id(module) for module in modules.values()} | {*buffers}
    known = members | {id(one) for module in modules.values() for one in vars(module).get("_parameters", {}).values()}
    known.discard(id(None))
    found: dict[int, Found] = {}
    for path, module in modules.items():
        for cls in _own_classes(type(module)):
            for name, value in vars(cls).items():
                step = Found(_join(path, name), value, module, name, cls, "class attribute")
                # A method holds what was there when a function defined the class, and the class does not.
                within = [] if isinstance(value, types.FunctionType) else [*_inside(step)]
                if any(id(inner.value) in known for inner in within):
                    within = [replace(inner, through="class list") for inner in within]
                for inner in [step, *within]:
                    if _owns_parameters(inner.value):
                        found.setdefault(id(inner.value), inner)
                for argument, default in _defaults(value):
                    is_tensor = isinstance(default, torch.Tensor)
                    if (is_tensor or _owns_parameters(default)) and id(default) in members:
                        path_of = _join(path, argument)
                        used = Found(path_of, default, module, argument, cls, "default argument")
                        found.setdefault(id(default), used)
    return list(found.values())


def graph_leaves(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The tensors that need a gradient from which these were computed, each once."""
    leaves = {id(tensor): tensor for tensor in tensors if tensor.requires_grad and tensor.is_leaf}
    for function in graph_functions(tensors):
        if (variable := getattr(function, "variable", None)) is not None:
            leaves[id(variable)] = variable
    return list(leaves.values())


def graph_functions(tensors: list[torch.Tensor]) -> set[Any]:
    """The nodes of the autograd graphs behind these tensors."""
    pending: list[Any] = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    seen: set[Any] = set()
    while pending:
        function = pending.pop()
        if function not in seen:
            seen.add(function)
            pending.extend(following for following, _ in function.next_functions if following is not None)
    return seen


def _attributes(path: str, module: nn.Module) -> Iterator[Found]:
    for name, value in vars(module).items():
        is_empty = not value if type(value) in CONTAINERS else isinstance(value, OPAQUE)
        if not is_empty and name not in REGISTRIES:
            yield Found(_join(path, name), value, module, name, defining_class(module, name), "attribute")


def _inside(step: Found) -> Iterator[Found]:
    """What one object that is neither tensor nor module holds."""
    value: Any = step.value
    if isinstance(value, dict):
        for key, element in list(value.items())[:MOST_ELEMENTS]:
            yield _on(step, element, f"[{key!r}]", "container")
    elif isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        names: tuple[str, ...] = getattr(value, "_fields", ())  # of a named tuple
        for index, element in enumerate(list(value)[:MOST_ELEMENTS]):
            yield _on(step, element, f".{names[index]}" if index < len(names) else f"[{index}]", "container")
    elif dataclasses.is_dataclass(value):
        for entry in dataclasses.fields(value):
            if hasattr(value, entry.name):
                yield _on(step, getattr(value, entry.name), f".{entry.name}", "container")
    elif isinstance(value, types.FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
            with contextlib.suppress(ValueError):  # a cell that is still empty
                yield _on(step, cell.cell_contents, f".<{name}>", "closure")
    elif isinstance(value, types.MethodType):
        yield _on(step, value.__self__, ".__self__", "closure")
    elif isinstance(value, functools.partial):
        for name, element in [("func", value.func), ("args", value.args), ("keywords", value.keywords)]:
            yield _on(step, element, f".{name}", "closure")
    elif not type(value).__module__.startswith(("torch.", "builtins")):
        for name, element in list(getattr(value, "__dict__", {}).items()):
            yield _on(step, element, f".{name}", "object")


def _on(step: Found, value: Any, more: str, through: Through) -> Found:
    """One step on: the first thing between the attribute and the value says how it is held."""
    first = through if step.through in ("attribute", "container") else step.through
    if step.through == "container" and through != "container":
        first = through
    container = step.container or (type(step.value).__name__ if through == "container" else "")
    inside = step.inside + more
    return replace(step, value=value, path=step.path + more, through=first, container=container, inside=inside)


def _leaves(value: torch.Tensor | nn.Module) -> list[torch.Tensor]:
    if isinstance(value, nn.Module):
        return list(value.parameters())
    return [value] if value.is_leaf else graph_leaves([value])


def _contents(value: torch.Tensor | nn.Module) -> list[Any]:
    return [*value.modules(), *value.parameters()] if isinstance(value, nn.Module) else []


def _own_classes(cls: type) -> list[type]:
    """The bases that somebody other than torch wrote."""
    return [base for base in cls.__mro__ if not base.__module__.startswith("torch.") and base is not object]


def _defaults(function: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(function, types.FunctionType):
        return
    code = function.__code__
    positional = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(positional) : code.co_argcount]
    for name, default in (*zip(names, positional, strict=True), *(function.__kwdefaults__ or {}).items()):
        yield name, default
        if isinstance(default, (dict, list, tuple)):
            elements = default.values() if isinstance(default, dict) else default
            yield from ((name, element) for element in list(elements)[:MOST_ELEMENTS])


def _owns_parameters(value: Any) -> bool:
    if isinstance(value, nn.Module):
        return any(True for _ in value.parameters())
    return isinstance(value, nn.Parameter)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
