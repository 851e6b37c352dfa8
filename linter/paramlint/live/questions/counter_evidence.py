"""What is as it should be in a live model, in words: the evidence against a static finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from torch import nn

from paramlint.live.observe.named_tensors import Named, sets_attribute
from paramlint.live.questions.sharing.shared_modules import CONTAINERS
from paramlint.live.questions.unregistered import REGISTRIES
from paramlint.live.tensor import Alias, LiveTensor

REGISTERING = (*CONTAINERS, nn.ParameterList, nn.ParameterDict)
Seen = tuple[str, str]


def held_ties(ties: Iterable[LiveTensor], apart_from: Container[str]) -> Iterator[Seen]:
    """The names of parameters that have several, but some, and that they do."""
    for tie in ties:
        said = " and ".join(f"`{one}`" for one in tie.names[:3])
        yield from ((name, f"{said} are one parameter") for name in tie.names if name not in apart_from)


def unaliased(parameters: Sequence[LiveTensor], aliases: Iterable[Alias]) -> Iterator[Seen]:
    """The names of the parameters that share no memory with another parameter, and that they do not.

    Copies of one draw are left out: `model.to(dtype)` gives each parameter on the shared memory a copy of it.
    """
    aliased = {name for alias in aliases for tensor in alias.tensors for name in tensor.names}
    draws = Counter(parameter.writes[-1].origin for parameter in parameters if parameter.writes)
    aliased.update(n for p in parameters if p.writes and draws[p.writes[-1].origin] > 1 for n in p.names)
    for name in (name for parameter in parameters for name in parameter.names if name not in aliased):
        yield name, f"`{name}` shares no memory with another parameter"


def registered(groups: list[list[Named]]) -> Iterator[Seen]:
    """Parameters and buffers."""
    for named in (named for names in groups for named in names):
        yield named.name, f"`{named.name}` is a registered {named.role}"


def registered_contents(model: nn.Module) -> Iterator[Seen]:
    """Attributes whose modules or parameters the model registers: in a container that does so, or one by one."""
    modules = {id(module): name for name, module in model.named_modules(remove_duplicate=False)}
    parameters = {id(parameter): name for name, parameter in model.named_parameters(remove_duplicate=False)}
    for prefix, module in model.named_modules():
        if isinstance(module, REGISTERING) and prefix and any(True for _ in module.parameters()):
            yield prefix, f"`{prefix}` is a `{type(module).__name__}`, which registers what it holds"
        for attribute, value in vars(module).items():
            held = _elements(value) if attribute not in REGISTRIES else []
            if not held or not all(isinstance(element, (nn.Module, nn.Parameter)) for element in held):
                continue
            known = [modules.get(id(element)) or parameters.get(id(element)) for element in held]
            if all(known):
                name = f"{prefix}.{attribute}" if prefix else attribute
                yield name, f"all that `{name}` holds is registered elsewhere too, its first element as `{known[0]}`"


def distinct_places(model: nn.Module) -> Iterator[Seen]:
    """Containers of several modules, none of which shares a parameter with another."""
    for name, module in model.named_modules():
        if not isinstance(module, CONTAINERS) or len(module._modules) < 2:
            continue
        owned = [id(parameter) for child in module._modules.values() if child for parameter in child.parameters()]
        if len(owned) == len(set(owned)):
            what = "share no parameters" if owned else "own no parameters"
            yield name, f"the {len(module._modules)} modules in `{name}` {what}"


def flags_that_hold(model: nn.Module) -> Iterator[Seen]:
    """Modules that somebody gave a plain `requires_grad` which their parameters have too."""
    for name, module in model.named_modules():
        flag, parameters = module.__dict__.get("requires_grad"), list(module.parameters())
        if isinstance(flag, bool) and parameters and all(p.requires_grad == flag for p in parameters):
            yield name, f"all parameters of `{name}` have `requires_grad={flag}`"


def gradient_flags(model: nn.Module) -> dict[str, bool]:
    """Modules that somebody gave a plain `requires_grad` which their parameters do not have, and the flag."""
    return {
        name: module.__dict__["requires_grad"]
        for name, module in model.named_modules()
        if isinstance(module.__dict__.get("requires_grad"), bool)
        and any(p.requires_grad != module.__dict__["requires_grad"] for p in module.parameters())
        and not sets_attribute(module, "requires_grad")
    }


def initialised_bases(model: nn.Module, apart_from: tuple[str, ...] = ()) -> Iterator[Seen]:
    """All modules but some: each has the registries that `nn.Module.__init__` makes."""
    for name, module in model.named_modules():
        if name not in apart_from:
            yield name, f"`{name or type(module).__name__}` was built, and `nn.Module.__init__` has run on it"


def _elements(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if type(value) in (list, tuple) else []
